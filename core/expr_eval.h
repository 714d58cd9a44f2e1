#ifndef GOLMOK_CORE_EXPR_EVAL_H
#define GOLMOK_CORE_EXPR_EVAL_H

#include "core/expr_tree.h"

/*
 * Evaluates trees; core/expr.h is the way in.
 */

/* As expr_eval, in `frame`. */
enum err expr_eval_in(const struct expr *expr, const struct expr_frame *frame,
    struct expr_value *value) MUST_USE;

#endif

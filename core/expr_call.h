#ifndef GOLMOK_CORE_EXPR_CALL_H
#define GOLMOK_CORE_EXPR_CALL_H

#include "core/expr_tree.h"

/*
 * The functions of expressions, for core/expr_eval.c.
 */

/* Gives in `*value` the function `expr` of its arguments `args`, expr->n of
 * them, none a sub-query: nothing when an argument that it needs is.  Text is
 * taken from `arena`. */
void expr_call_run(const struct expr *expr, const struct expr_value *args,
    struct arena *arena, struct expr_value *value);

#endif

#ifndef GOLMOK_CORE_EXPR_QUERY_H
#define GOLMOK_CORE_EXPR_QUERY_H

#include "core/expr_tree.h"

/*
 * Other records, for core/expr_eval.c.
 */

/* Gives in `*value` what the sub-query `expr` says in `frame`.  ERR_CORRUPT for
 * damaged rows. */
enum err expr_query_run(const struct expr *expr, const struct expr_frame *frame,
    struct expr_value *value) MUST_USE;
/* The same for a reference and what is asked of the record that it names;
 * nothing when that is not held, deleted, or of another collection. */
enum err expr_query_follow(const struct expr *expr,
    const struct expr_frame *frame, struct expr_value *value) MUST_USE;

#endif

#ifndef GOLMOK_CORE_EXPR_TYPE_H
#define GOLMOK_CORE_EXPR_TYPE_H

#include "core/expr_parse.h"

/*
 * What in an expression can stand beside what, for the files that read them.
 */

/* Makes `*expr` of the type of `like`, when it is a text that can be read as
 * one; checks that it is one of the values of like->field.  ERR_INVALID with
 * `column` when they cannot be compared. */
enum err expr_type_alike(struct expr_parser *parser, size_t column,
    const struct expr *like, const struct expr **expr) MUST_USE;
/* ERR_INVALID with `column` when `expr` is no condition, or when its values
 * have no order. */
enum err expr_type_condition(size_t column, const struct expr *expr) MUST_USE;
enum err expr_type_ordered(size_t column, const struct expr *expr) MUST_USE;
/* What `a` code `b` is, for + - * and /; EXPR_NOTHING when that means nothing.
 */
enum expr_type expr_type_of_sum(
    enum expr_code code, enum expr_type a, enum expr_type b);
/* "a date", "a set", ... for messages; static. */
const char *expr_type_name(enum expr_type type, bool is_set);

#endif

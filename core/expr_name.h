#ifndef GOLMOK_CORE_EXPR_NAME_H
#define GOLMOK_CORE_EXPR_NAME_H

#include "core/expr_parse.h"

/*
 * Names in expressions, for core/expr_parse.c.
 */

/* Reads into `*expr` what begins with the name that is the next token of
 * `parser`.  ERR_INVALID with the column; ERR_LIMIT. */
enum err expr_name_parse(
    struct expr_parser *parser, const struct expr **expr) MUST_USE;

#endif

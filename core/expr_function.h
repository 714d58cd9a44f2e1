#ifndef GOLMOK_CORE_EXPR_FUNCTION_H
#define GOLMOK_CORE_EXPR_FUNCTION_H

#include "core/expr_parse.h"

/*
 * Functions and sub-queries in expressions, for core/expr_name.c.
 */

/* Reads into `*expr` a function or sub-query behind its `name`, the next token
 * being its bracket.  ERR_INVALID with the column; ERR_LIMIT. */
enum err expr_function_parse(struct expr_parser *parser,
    const struct expr_lex_token *name, const struct expr **expr) MUST_USE;

#endif

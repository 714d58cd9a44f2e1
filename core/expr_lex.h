#ifndef GOLMOK_CORE_EXPR_LEX_H
#define GOLMOK_CORE_EXPR_LEX_H

#include "proto/arena.h"
#include "proto/err.h"

/*
 * The words of an expression, one after the other, for core/expr_parse.c.
 */
enum expr_lex_type {
	TOKEN_END,
	TOKEN_NAME,   /* letters, digits and _, or any character beyond ASCII */
	TOKEN_TEXT,   /* between ' ', a quote inside doubled */
	TOKEN_NUMBER, /* digits */
	TOKEN_SPAN,   /* digits with h or d behind; `number` in seconds */
	TOKEN_SIGN,   /* one of ( ) [ ] , . = != < <= > >= + - * / */
};

struct expr_lex_token {
	enum expr_lex_type type;
	size_t column;	   /* from 1, in characters */
	struct bytes text; /* NAME, SIGN: view; TEXT: unquoted, in the arena */
	int64_t number;
};

struct expr_lexer {
	struct bytes rest; /* borrowed; UTF-8 */
	size_t column;	   /* of its first character */
	struct arena *arena;
};

/* Reads the next token.  ERR_INVALID, "column N: ...", for characters that
 * begin nothing, a quote that is not closed, a number beyond 64 bits. */
enum err expr_lex_next(
    struct expr_lexer *lexer, struct expr_lex_token *token) MUST_USE;
/* Is `token` the sign or name `text`? */
bool expr_lex_is(const struct expr_lex_token *token, const char *text);

#endif

/*
 * Cuts the text of an expression into tokens.  Called by expr_parse.c alone;
 * knows no names.
 */
#include "core/expr_lex.h"

enum { HOUR_SECONDS = 3600, DAY_SECONDS = 24 * HOUR_SECONDS };

static bool
is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

static bool
is_letter(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
	       c >= 0x80;
}

/* Moves on by `n` bytes, counting characters. */
static void
skip(struct expr_lexer *lexer, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if ((lexer->rest.p[i] & 0xc0) != 0x80)
			lexer->column++;
	lexer->rest = bytes_after(lexer->rest, n);
}

static enum err
lex_number(struct expr_lexer *lexer, struct expr_lex_token *token)
{
	struct bytes rest = lexer->rest;
	int64_t unit = 1;
	size_t n = 0;

	token->type = TOKEN_NUMBER;
	token->number = 0;
	while (n < rest.n && is_digit(rest.p[n])) {
		if (MULTIPLY_OVERFLOWS(token->number, 10, &token->number) ||
		    ADD_OVERFLOWS(
			token->number, rest.p[n] - '0', &token->number))
			return err_set(ERR_INVALID,
			    "column %zu: the number is too large",
			    token->column);
		n++;
	}
	if (n < rest.n && (rest.p[n] == 'h' || rest.p[n] == 'd') &&
	    (n + 1 == rest.n ||
		(!is_letter(rest.p[n + 1]) && !is_digit(rest.p[n + 1])))) {
		unit = rest.p[n] == 'h' ? HOUR_SECONDS : DAY_SECONDS;
		token->type = TOKEN_SPAN;
		n++;
	}
	if (MULTIPLY_OVERFLOWS(token->number, unit, &token->number))
		return err_set(ERR_INVALID, "column %zu: the time is too long",
		    token->column);
	skip(lexer, n);
	return ERR_OK;
}

static enum err
lex_text(struct expr_lexer *lexer, struct expr_lex_token *token)
{
	struct bytes rest = lexer->rest;
	uint8_t *to = arena_room(lexer->arena, rest.n, 1);
	size_t at = 1;
	size_t n = 0;

	for (;;) {
		if (at >= rest.n)
			return err_set(ERR_INVALID,
			    "column %zu: the ' is not closed by another",
			    token->column);
		if (rest.p[at] == '\'' &&
		    (at + 1 == rest.n || rest.p[at + 1] != '\''))
			break;
		if (rest.p[at] == '\'')
			at++;
		to[n++] = rest.p[at++];
	}
	token->type = TOKEN_TEXT;
	token->text = bytes_of(to, n);
	skip(lexer, at + 1);
	return ERR_OK;
}

static enum err
lex_sign(struct expr_lexer *lexer, struct expr_lex_token *token)
{
	static const char *const signs[] = {"!=", "<=", ">=", "(", ")", "[",
	    "]", ",", ".", "=", "<", ">", "+", "-", "*", "/"};
	struct bytes rest = lexer->rest;

	token->type = TOKEN_SIGN;
	for (size_t i = 0; i < sizeof(signs) / sizeof(*signs); i++) {
		struct bytes sign = bytes_text(signs[i]);

		if (!bytes_begins(rest, sign))
			continue;
		token->text = bytes_first(rest, sign.n);
		skip(lexer, sign.n);
		return ERR_OK;
	}
	return err_set(ERR_INVALID, "column %zu: '%c' begins nothing",
	    token->column, rest.p[0] < ' ' ? '?' : rest.p[0]);
}

enum err
expr_lex_next(struct expr_lexer *lexer, struct expr_lex_token *token)
{
	struct bytes rest;
	size_t n = 0;

	while (lexer->rest.n > 0 &&
	       (lexer->rest.p[0] == ' ' || lexer->rest.p[0] == '\n' ||
		   lexer->rest.p[0] == '\t'))
		skip(lexer, 1);
	rest = lexer->rest;
	*token = (struct expr_lex_token){.type = TOKEN_END,
	    .column = lexer->column,
	    .text = bytes_first(rest, 0)};
	if (rest.n == 0)
		return ERR_OK;
	if (is_digit(rest.p[0]))
		return lex_number(lexer, token);
	if (rest.p[0] == '\'')
		return lex_text(lexer, token);
	if (!is_letter(rest.p[0]))
		return lex_sign(lexer, token);
	while (n < rest.n && (is_letter(rest.p[n]) || is_digit(rest.p[n])))
		n++;
	token->type = TOKEN_NAME;
	token->text = bytes_first(rest, n);
	skip(lexer, n);
	return ERR_OK;
}

bool
expr_lex_is(const struct expr_lex_token *token, const char *text)
{
	return (token->type == TOKEN_NAME || token->type == TOKEN_SIGN) &&
	       bytes_is(token->text, text);
}

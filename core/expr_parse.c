/*
 * Reads expressions: operators by their order, every node with its type, so
 * that what was read can be evaluated without a check.  Called when a pack is
 * read and for what people type.
 */
#include "core/expr_parse.h"

#include "core/expr_name.h"
#include "core/expr_type.h"
#include "proto/text.h"

static enum err parse_or(struct expr_parser *p, const struct expr **expr);
static enum err parse_and(struct expr_parser *p, const struct expr **expr);
static enum err parse_not(struct expr_parser *p, const struct expr **expr);
static enum err parse_compare(struct expr_parser *p, const struct expr **expr);
static enum err parse_sum(struct expr_parser *p, const struct expr **expr);
static enum err parse_product(struct expr_parser *p, const struct expr **expr);
static enum err parse_unit(struct expr_parser *p, const struct expr **expr);

enum err
expr_parse_next(struct expr_parser *p)
{
	return expr_lex_next(&p->lexer, &p->token);
}

enum err
expr_parse_expect(struct expr_parser *p, const char *text)
{
	if (!expr_lex_is(&p->token, text))
		return err_set(ERR_INVALID, "column %zu: '%s' is missing here",
		    p->token.column, text);
	return expr_parse_next(p);
}

struct expr *
expr_parse_node(struct expr_parser *p, enum expr_code code, enum expr_type type,
    size_t n, const struct expr ***args)
{
	struct expr *node = arena_new(p->arena, sizeof(*node));
	const struct expr **list = NULL;

	if (n > 0)
		list = arena_array(p->arena, n, sizeof(*list));
	node->code = code;
	node->type = type;
	node->args = list;
	node->n = n;
	node->pack = p->scope->pack;
	p->nodes++;
	if (args != NULL)
		*args = list;
	return node;
}

/* A node over two others. */
static const struct expr *
pair(struct expr_parser *p, enum expr_code code, enum expr_type type,
    const struct expr *a, const struct expr *b)
{
	const struct expr **args;
	const struct expr *node = expr_parse_node(p, code, type, 2, &args);

	args[0] = a;
	args[1] = b;
	return node;
}

/* ---- operators ---------------------------------------------------------- */

enum err
expr_parse_any(struct expr_parser *p, const struct expr **expr)
{
	enum err e;

	if (p->depth == LIMIT_EXPRESSION_DEPTH)
		return err_set(ERR_LIMIT,
		    "column %zu: more than %d brackets in each other",
		    p->token.column, LIMIT_EXPRESSION_DEPTH);
	p->depth++;
	e = parse_or(p, expr);
	p->depth--;
	return e;
}

/* Conditions of `part` put together by `word`. */
static enum err
parse_chain(struct expr_parser *p, const char *word, enum expr_code code,
    enum err (*part)(struct expr_parser *, const struct expr **),
    const struct expr **expr)
{
	size_t column = p->token.column;
	enum err e = part(p, expr);

	while (e == ERR_OK && expr_lex_is(&p->token, word)) {
		const struct expr *right = NULL;

		e = expr_type_condition(column, *expr);
		if (e == ERR_OK)
			e = expr_parse_next(p);
		column = p->token.column;
		if (e == ERR_OK)
			e = part(p, &right);
		if (e == ERR_OK)
			e = expr_type_condition(column, right);
		if (e == ERR_OK)
			*expr = pair(p, code, EXPR_BOOL, *expr, right);
	}
	return e;
}

static enum err
parse_or(struct expr_parser *p, const struct expr **expr)
{
	return parse_chain(p, "or", CODE_OR, parse_and, expr);
}

static enum err
parse_and(struct expr_parser *p, const struct expr **expr)
{
	return parse_chain(p, "and", CODE_AND, parse_not, expr);
}

static enum err
parse_not(struct expr_parser *p, const struct expr **expr)
{
	const struct expr **args;
	size_t column;
	bool odd = false;
	enum err e = ERR_OK;

	while (e == ERR_OK && expr_lex_is(&p->token, "not")) {
		odd = !odd;
		e = expr_parse_next(p);
	}
	column = p->token.column;
	if (e == ERR_OK)
		e = parse_compare(p, expr);
	if (e != ERR_OK || !odd)
		return e;
	e = expr_type_condition(column, *expr);
	if (e == ERR_OK) {
		struct expr *node = expr_parse_node(
		    p, CODE_NOT, EXPR_BOOL, 1, &args);

		args[0] = *expr;
		*expr = node;
	}
	return e;
}

/* The values of `in` and `has`: one, or several in brackets. */
static enum err
parse_list(struct expr_parser *p, enum expr_code code, const struct expr *left,
    const struct expr **expr)
{
	const struct expr *list[LIMIT_EXPRESSION_NODES];
	const struct expr **args;
	struct expr one = *left;
	bool bracket = expr_lex_is(&p->token, "(");
	size_t n = 0;
	enum err e = bracket ? expr_parse_next(p) : ERR_OK;

	one.is_set = false;
	for (bool more = true; e == ERR_OK && more;) {
		size_t column = p->token.column;

		assert(n < LIMIT_EXPRESSION_NODES);
		p->hint = left->field;
		e = parse_sum(p, &list[n]);
		p->hint = NULL;
		if (e == ERR_OK)
			e = expr_type_alike(p, column, &one, &list[n]);
		n++;
		more = bracket && expr_lex_is(&p->token, ",");
		if (e == ERR_OK && more)
			e = expr_parse_next(p);
	}
	if (e == ERR_OK && bracket)
		e = expr_parse_expect(p, ")");
	if (e != ERR_OK)
		return e;
	*expr = expr_parse_node(p, code, EXPR_BOOL, n + 1, &args);
	args[0] = left;
	for (size_t i = 0; i < n; i++)
		args[i + 1] = list[i];
	return ERR_OK;
}

/* `is nothing`, `is something`. */
static enum err
parse_is(
    struct expr_parser *p, const struct expr *left, const struct expr **expr)
{
	const struct expr **args;
	bool something = expr_lex_is(&p->token, "something");
	const struct expr *node;

	if (!something && !expr_lex_is(&p->token, "nothing"))
		return err_set(ERR_INVALID,
		    "column %zu: behind 'is' must be 'nothing' or 'something'",
		    p->token.column);
	node = expr_parse_node(p, CODE_IS_NOTHING, EXPR_BOOL, 1, &args);
	args[0] = left;
	if (something) {
		*expr = expr_parse_node(p, CODE_NOT, EXPR_BOOL, 1, &args);
		args[0] = node;
	} else {
		*expr = node;
	}
	return expr_parse_next(p);
}

/* The two sides of `code`. */
static enum err
parse_sides(struct expr_parser *p, enum expr_code code, size_t column,
    const struct expr **expr)
{
	const struct expr *left = *expr;
	const struct expr *right = NULL;
	size_t behind = p->token.column;
	enum err e;

	if (left->is_set)
		return err_set(ERR_INVALID,
		    "column %zu: a set is compared with 'has'", column);
	p->hint = left->field;
	e = parse_sum(p, &right);
	p->hint = NULL;
	if (e != ERR_OK)
		return e;
	if (left->code == CODE_LITERAL && right->code != CODE_LITERAL &&
	    !right->is_set)
		e = expr_type_alike(p, column, right, &left);
	else
		e = expr_type_alike(p, behind, left, &right);
	if (e == ERR_OK && code >= CODE_LESS)
		e = expr_type_ordered(column, left);
	if (e == ERR_OK && left->type == EXPR_MAP)
		e = err_set(ERR_INVALID,
		    "column %zu: say which value of the map", column);
	if (e == ERR_OK)
		*expr = pair(p, code, EXPR_BOOL, left, right);
	return e;
}

static enum err
parse_begins(struct expr_parser *p, size_t column, const struct expr **expr)
{
	const struct expr *left = *expr;
	const struct expr *right = NULL;
	enum err e = parse_sum(p, &right);

	if (e != ERR_OK)
		return e;
	if (left->is_set || left->type != EXPR_TEXT || right->is_set ||
	    right->type != EXPR_TEXT)
		return err_set(ERR_INVALID,
		    "column %zu: 'begins' stands between texts", column);
	*expr = pair(p, CODE_BEGINS, EXPR_BOOL, left, right);
	return ERR_OK;
}

static enum err
parse_compare(struct expr_parser *p, const struct expr **expr)
{
	static const struct {
		const char *sign;
		enum expr_code code;
	} signs[] = {{"=", CODE_EQUAL}, {"!=", CODE_UNEQUAL}, {"<", CODE_LESS},
	    {"<=", CODE_LESS_EQUAL}, {">", CODE_MORE}, {">=", CODE_MORE_EQUAL}};
	size_t column = p->token.column;
	struct expr_lex_token token;
	enum err e = parse_sum(p, expr);

	token = p->token;
	if (e != ERR_OK ||
	    (token.type != TOKEN_SIGN && token.type != TOKEN_NAME))
		return e;
	for (size_t i = 0; i < sizeof(signs) / sizeof(*signs); i++) {
		if (!expr_lex_is(&token, signs[i].sign))
			continue;
		e = expr_parse_next(p);
		return e == ERR_OK ? parse_sides(p, signs[i].code, column, expr)
				   : e;
	}
	if (!expr_lex_is(&token, "is") && !expr_lex_is(&token, "in") &&
	    !expr_lex_is(&token, "has") && !expr_lex_is(&token, "begins"))
		return ERR_OK;
	e = expr_parse_next(p);
	if (e != ERR_OK)
		return e;
	if (expr_lex_is(&token, "is"))
		return parse_is(p, *expr, expr);
	if (expr_lex_is(&token, "begins"))
		return parse_begins(p, column, expr);
	if ((*expr)->is_set != expr_lex_is(&token, "has"))
		return err_set(ERR_INVALID,
		    "column %zu: 'has' asks for something in a set, 'in' for "
		    "one value among others",
		    column);
	return parse_list(p, (*expr)->is_set ? CODE_HAS : CODE_IN, *expr, expr);
}

/* Numbers and times put together by `signs`, two of them. */
static enum err
parse_terms(struct expr_parser *p, const char *const *signs,
    enum expr_code first,
    enum err (*part)(struct expr_parser *, const struct expr **),
    const struct expr **expr)
{
	enum err e = part(p, expr);

	while (e == ERR_OK && (expr_lex_is(&p->token, signs[0]) ||
				  expr_lex_is(&p->token, signs[1]))) {
		enum expr_code code = first + (expr_lex_is(&p->token, signs[1])
						      ? 1
						      : 0);
		size_t column = p->token.column;
		const struct expr *right = NULL;
		enum expr_type type;

		e = expr_parse_next(p);
		if (e == ERR_OK)
			e = part(p, &right);
		if (e != ERR_OK)
			break;
		assert(right != NULL);
		type = expr_type_of_sum(code, (*expr)->type, right->type);
		if (type == EXPR_NOTHING || (*expr)->is_set || right->is_set)
			return err_set(ERR_INVALID,
			    "column %zu: this cannot be reckoned of %s and %s",
			    column,
			    expr_type_name((*expr)->type, (*expr)->is_set),
			    expr_type_name(right->type, right->is_set));
		*expr = pair(p, code, type, *expr, right);
	}
	return e;
}

static enum err
parse_sum(struct expr_parser *p, const struct expr **expr)
{
	static const char *const signs[] = {"+", "-"};

	return parse_terms(p, signs, CODE_ADD, parse_product, expr);
}

static enum err
parse_product(struct expr_parser *p, const struct expr **expr)
{
	static const char *const signs[] = {"*", "/"};

	return parse_terms(p, signs, CODE_MULTIPLY, parse_unit, expr);
}

static enum err
parse_literal(struct expr_parser *p, bool negative, const struct expr **expr)
{
	enum expr_type type = p->token.type == TOKEN_TEXT   ? EXPR_TEXT
			      : p->token.type == TOKEN_SPAN ? EXPR_SPAN
							    : EXPR_INT;
	struct expr *node = expr_parse_node(p, CODE_LITERAL, type, 0, NULL);

	node->number = negative ? -p->token.number : p->token.number;
	if (type != EXPR_TEXT) {
		*expr = node;
		return expr_parse_next(p);
	}
	{
		struct buf normal = {0};
		enum err e = text_nfc(p->token.text, &normal);

		/* The whole is UTF-8, and not long. */
		assert(e == ERR_OK);
		node->text = arena_bytes(p->arena, buf_bytes(&normal));
		buf_fini(&normal);
		*expr = node;
		return expr_parse_next(p);
	}
}

static enum err
parse_unit(struct expr_parser *p, const struct expr **expr)
{
	bool negative = false;
	enum err e = ERR_OK;

	if (p->nodes >= LIMIT_EXPRESSION_NODES)
		return err_set(ERR_LIMIT, "column %zu: more than %d parts",
		    p->token.column, LIMIT_EXPRESSION_NODES);
	if (expr_lex_is(&p->token, "-")) {
		negative = true;
		e = expr_parse_next(p);
	}
	if (e != ERR_OK)
		return e;
	if (p->token.type == TOKEN_NUMBER || p->token.type == TOKEN_SPAN ||
	    (p->token.type == TOKEN_TEXT && !negative))
		return parse_literal(p, negative, expr);
	if (p->token.type == TOKEN_NAME && !negative)
		return expr_name_parse(p, expr);
	if (!expr_lex_is(&p->token, "(") || negative)
		return err_set(ERR_INVALID,
		    "column %zu: a field, a number, a 'text' or ( must stand "
		    "here",
		    p->token.column);
	e = expr_parse_next(p);
	if (e == ERR_OK)
		e = expr_parse_any(p, expr);
	return e == ERR_OK ? expr_parse_expect(p, ")") : e;
}

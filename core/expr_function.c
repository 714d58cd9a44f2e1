/*
 * Reads functions and sub-queries in an expression, behind their name.  Called
 * by expr_name.c alone.
 */
#include "core/expr_function.h"

#include "core/expr_type.h"

#include <string.h>

/* A function of plain arguments: what it gives, and what each may be. */
struct function {
	const char *name;
	enum expr_code code;
	enum expr_type type;
	unsigned args[3]; /* sets of types, 0: no such argument */
};

enum {
	INTS = 1 << EXPR_INT,
	DATES = 1 << EXPR_DATE,
	TEXTS = 1 << EXPR_TEXT,
};

static const struct function functions[] = {
    {"year", CODE_YEAR, EXPR_INT, {EXPR_WHEN}},
    {"quarter", CODE_QUARTER, EXPR_TEXT, {EXPR_WHEN}},
    {"month", CODE_MONTH, EXPR_TEXT, {EXPR_WHEN}},
    {"date_of", CODE_DATE_OF, EXPR_DATE, {EXPR_WHEN}},
    {"age", CODE_AGE, EXPR_INT, {DATES, DATES}},
    {"birthday", CODE_BIRTHDAY, EXPR_DATE, {DATES, INTS}},
    {"months", CODE_MONTHS, EXPR_DATE, {DATES, INTS}},
    {"end_of_month", CODE_END_OF_MONTH, EXPR_DATE, {DATES}},
    {"end_of_quarter", CODE_END_OF_QUARTER, EXPR_DATE, {DATES}},
    {"workdays", CODE_WORKDAYS, EXPR_DATE, {DATES, INTS}},
};

static enum err parse_query(
    struct expr_parser *p, enum expr_code code, const struct expr **expr);

/* Reads arguments up to the bracket behind them. */
static enum err
parse_args(struct expr_parser *p, size_t max, const struct expr **args,
    size_t *columns, size_t *n)
{
	enum err e = ERR_OK;

	*n = 0;
	for (bool more = true; e == ERR_OK && more;) {
		if (*n == max)
			return err_set(ERR_INVALID,
			    "column %zu: more than %zu arguments",
			    p->token.column, max);
		columns[*n] = p->token.column;
		e = expr_parse_any(p, &args[*n]);
		(*n)++;
		more = expr_lex_is(&p->token, ",");
		if (e == ERR_OK && more)
			e = expr_parse_next(p);
	}
	return e == ERR_OK ? expr_parse_expect(p, ")") : e;
}

static struct expr *
call_node(struct expr_parser *p, enum expr_code code, enum expr_type type,
    const struct expr **from, size_t n)
{
	const struct expr **args;
	struct expr *node = expr_parse_node(p, code, type, n, &args);

	for (size_t i = 0; i < n; i++)
		args[i] = from[i];
	return node;
}

enum { ARGS_MAX = 8 };

static enum err
parse_function(struct expr_parser *p, const struct function *function,
    const struct expr **expr)
{
	const struct expr *args[ARGS_MAX];
	size_t columns[ARGS_MAX];
	size_t wanted = 0;
	size_t n;
	enum err e;

	while (function->args[wanted] != 0)
		wanted++;
	assert(wanted < COUNT_OF(function->args));
	e = parse_args(p, ARGS_MAX, args, columns, &n);
	if (e != ERR_OK)
		return e;
	if (n != wanted)
		return err_set(ERR_INVALID,
		    "column %zu: %s takes %zu arguments, not %zu", columns[0],
		    function->name, wanted, n);
	for (size_t i = 0; i < n; i++)
		if (args[i]->is_set ||
		    (function->args[i] & 1U << args[i]->type) == 0)
			return err_set(ERR_INVALID,
			    "column %zu: %s does not take %s here", columns[i],
			    function->name,
			    expr_type_name(args[i]->type, args[i]->is_set));
	*expr = call_node(p, function->code, function->type, args, n);
	return ERR_OK;
}

/* if, first, min, max: their values are alike. */
static enum err
parse_choice(
    struct expr_parser *p, enum expr_code code, const struct expr **expr)
{
	const struct expr *args[ARGS_MAX];
	size_t columns[ARGS_MAX];
	size_t from = code == CODE_IF ? 1 : 0;
	struct expr *node;
	size_t n;
	enum err e = parse_args(p, ARGS_MAX, args, columns, &n);

	if (e != ERR_OK)
		return e;
	if (n < from + 2 || (code == CODE_IF && n != 3))
		return err_set(ERR_INVALID,
		    "column %zu: here must be %s arguments", columns[0],
		    code == CODE_IF ? "three" : "two or more");
	if (code == CODE_IF && (args[0]->is_set || args[0]->type != EXPR_BOOL))
		return err_set(ERR_INVALID,
		    "column %zu: here must be a condition", columns[0]);
	for (size_t i = from; i < n; i++) {
		if (args[i]->is_set || args[i]->type == EXPR_MAP)
			return err_set(ERR_INVALID,
			    "column %zu: here must be one value", columns[i]);
		e = expr_type_alike(p, columns[i], args[from], &args[i]);
		if (e != ERR_OK)
			return e;
	}
	if ((code == CODE_MIN || code == CODE_MAX) &&
	    args[0]->type == EXPR_BOOL)
		return err_set(ERR_INVALID,
		    "column %zu: conditions have no order", columns[0]);
	node = call_node(p, code, args[from]->type, args, n);
	node->field = args[from]->field;
	*expr = node;
	return ERR_OK;
}

/* rank(enum), conflict(field), count(set), date('...'). */
static enum err
parse_single(struct expr_parser *p, const char *name, const struct expr **expr)
{
	const struct expr *args[1];
	size_t columns[1];
	const struct expr *is;
	struct expr *node;
	size_t n;
	enum err e = parse_args(p, 1, args, columns, &n);

	if (e != ERR_OK)
		return e;
	is = args[0];
	if (strcmp(name, "count") == 0 && is->is_set) {
		*expr = call_node(p, CODE_SIZE, EXPR_INT, args, 1);
	} else if (strcmp(name, "rank") == 0 && !is->is_set &&
		   is->field != NULL && is->field->type == PACK_ENUM) {
		node = call_node(p, CODE_RANK, EXPR_INT, args, 1);
		node->field = is->field;
		*expr = node;
	} else if (strcmp(name, "conflict") == 0 && is->code == CODE_FIELD) {
		node = call_node(p, CODE_CONFLICT, EXPR_BOOL, NULL, 0);
		node->field = is->field;
		node->up = is->up;
		*expr = node;
	} else if (strcmp(name, "date") == 0 && is->code == CODE_LITERAL) {
		struct expr like = {.type = EXPR_DATE};

		e = expr_type_alike(p, columns[0], &like, &is);
		*expr = is;
	} else {
		e = err_set(ERR_INVALID, "column %zu: %s does not take %s",
		    columns[0], name, expr_type_name(is->type, is->is_set));
	}
	return e;
}

/* Is the next but one token a comma, so that a name is the first of several
 * arguments? */
static bool
comma_follows(const struct expr_parser *p)
{
	struct expr_lexer ahead = p->lexer;
	struct expr_lex_token token;

	return expr_lex_next(&ahead, &token) == ERR_OK &&
	       expr_lex_is(&token, ",");
}

/* `name`, behind which '(' is the next token. */
enum err
expr_function_parse(struct expr_parser *p, const struct expr_lex_token *name,
    const struct expr **expr)
{
	static const struct {
		const char *name;
		enum expr_code code;
	} queries[] = {{"exists", CODE_EXISTS}, {"count", CODE_COUNT},
	    {"latest", CODE_LATEST}, {"earliest", CODE_EARLIEST},
	    {"total", CODE_TOTAL}},
	  choices[] = {{"if", CODE_IF}, {"first", CODE_FIRST},
	      {"min", CODE_MIN}, {"max", CODE_MAX}};
	static const char *const singles[] = {
	    "count", "rank", "conflict", "date"};
	enum err e = expr_parse_next(p);

	if (e != ERR_OK)
		return e;
	for (size_t i = 0; i < sizeof(queries) / sizeof(*queries); i++)
		if (expr_lex_is(name, queries[i].name) &&
		    (queries[i].code != CODE_COUNT || comma_follows(p)))
			return parse_query(p, queries[i].code, expr);
	for (size_t i = 0; i < sizeof(choices) / sizeof(*choices); i++)
		if (expr_lex_is(name, choices[i].name))
			return parse_choice(p, choices[i].code, expr);
	for (size_t i = 0; i < sizeof(singles) / sizeof(*singles); i++)
		if (expr_lex_is(name, singles[i]))
			return parse_single(p, singles[i], expr);
	for (size_t i = 0; i < sizeof(functions) / sizeof(*functions); i++)
		if (expr_lex_is(name, functions[i].name))
			return parse_function(p, &functions[i], expr);
	return err_set(ERR_INVALID, "column %zu: there is no function '%.*s'",
	    name->column, (int)name->text.n, (const char *)name->text.p);
}

/* ---- sub-queries -------------------------------------------------------- */

/* The bind of `field` of one of the relations `set` (1 << EXPR_EQUAL, ..) by
 * one value. */
static const struct expr_bind *
bind_of(const struct expr_bind *binds, size_t n, const struct pack_field *field,
    unsigned set)
{
	for (size_t i = 0; i < n; i++)
		if (binds[i].field == field && binds[i].values_n == 1 &&
		    (set & 1U << binds[i].relation) != 0)
			return &binds[i];
	return NULL;
}

/* The index over several fields of which more are bound than the one that
 * choose_bind found. */
static void
choose_compound(struct expr_parser *p, struct expr *node,
    const struct expr_bind *binds, size_t n)
{
	static const unsigned ranges[] = {1 << EXPR_LESS | 1 << EXPR_LESS_EQUAL,
	    1 << EXPR_MORE | 1 << EXPR_MORE_EQUAL};
	const struct pack_collection *collection = node->collection;

	for (size_t i = 0; i < collection->indexes_n; i++) {
		const struct pack_compound *compound = &collection->indexes[i];
		struct expr_bind *leading = arena_array(
		    p->arena, compound->fields_n + 2, sizeof(*leading));
		const struct expr_bind *bind;
		bool leads_there = false;
		size_t equal_n = 0;
		size_t all_n;

		while (equal_n < compound->fields_n &&
		       (bind = bind_of(binds, n, compound->fields[equal_n],
			    1U << EXPR_EQUAL)) != NULL) {
			leads_there = leads_there || bind->field == node->field;
			leading[equal_n++] = *bind;
		}
		all_n = equal_n;
		for (size_t k = 0; k < 2 && equal_n < compound->fields_n; k++) {
			bind = bind_of(
			    binds, n, compound->fields[equal_n], ranges[k]);
			if (bind != NULL)
				leading[all_n++] = *bind;
		}
		if (!leads_there || all_n < 2 || all_n <= node->leading_n)
			continue;
		node->compound = compound;
		node->leading = leading;
		node->leading_n = all_n;
		node->equal_n = equal_n;
	}
}

/* What leads to the records: an indexed field that `where` binds to one value,
 * to something of the record outside if it can be. */
static enum err
choose_bind(struct expr_parser *p, size_t column, const struct expr *where,
    struct expr *node, const struct expr **value)
{
	const struct expr_bind *binds;
	const struct expr_bind *best = NULL;
	size_t n = expr_binds(where, p->arena, &binds);

	for (size_t i = 0; i < n; i++) {
		const struct expr_bind *bind = &binds[i];

		if (bind->field->index == PACK_INDEX_NONE ||
		    bind->relation != EXPR_EQUAL || bind->values_n != 1)
			continue;
		if (best == NULL || (!expr_looks(best->values[0], 1) &&
					expr_looks(bind->values[0], 1)))
			best = bind;
	}
	if (best == NULL)
		return err_set(ERR_INVALID,
		    "column %zu: no index of '%s' leads to these records: "
		    "compare an indexed field of it by = with a value of "
		    "'this'",
		    column, node->collection->name);
	node->field = best->field;
	*value = best->values[0];
	choose_compound(p, node, binds, n);
	return ERR_OK;
}

/* The parts of a sub-query behind its collection. */
static enum err
parse_parts(struct expr_parser *p, struct expr *node, const struct expr **args)
{
	bool valued = node->n == 3;
	size_t column;
	enum err e = expr_parse_expect(p, ",");

	if (e == ERR_OK && valued) {
		column = p->token.column;
		e = expr_parse_any(p, &args[2]);
		if (e == ERR_OK)
			node->type = args[2]->type;
		if (e == ERR_OK &&
		    (args[2]->is_set ||
			(node->code == CODE_TOTAL
				? args[2]->type != EXPR_INT
				: (1U << args[2]->type &
				      (EXPR_WHEN | INTS | TEXTS)) == 0)))
			e = err_set(ERR_INVALID,
			    "column %zu: this does not take %s", column,
			    expr_type_name(args[2]->type, args[2]->is_set));
		if (e == ERR_OK)
			e = expr_parse_expect(p, ",");
	}
	column = p->token.column;
	if (e == ERR_OK)
		e = expr_parse_any(p, &args[0]);
	if (e == ERR_OK && (args[0]->is_set || args[0]->type != EXPR_BOOL))
		e = err_set(ERR_INVALID, "column %zu: here must be a condition",
		    column);
	if (e == ERR_OK)
		e = choose_bind(p, column, args[0], node, &args[1]);
	return e == ERR_OK ? expr_parse_expect(p, ")") : e;
}

static enum err
parse_query(
    struct expr_parser *p, enum expr_code code, const struct expr **expr)
{
	bool valued = code == CODE_LATEST || code == CODE_EARLIEST ||
		      code == CODE_TOTAL;
	struct expr_level level = {.outer = p->level};
	const struct expr **args;
	struct expr *node = expr_parse_node(p, code,
	    code == CODE_EXISTS ? EXPR_BOOL : EXPR_INT, valued ? 3 : 2, &args);
	enum err e;

	if ((p->scope->may & EXPR_MAY_QUERY) == 0)
		return err_set(ERR_INVALID,
		    "column %zu: other records cannot be asked for here",
		    p->token.column);
	if (p->queries == LIMIT_EXPRESSION_QUERIES)
		return err_set(ERR_LIMIT,
		    "column %zu: more than %d sub-queries in each other",
		    p->token.column, LIMIT_EXPRESSION_QUERIES);
	if (p->token.type != TOKEN_NAME)
		return err_set(ERR_INVALID,
		    "column %zu: a collection must stand here",
		    p->token.column);
	e = pack_get_collection(
	    p->scope->pack, p->token.text, &node->collection);
	if (e != ERR_OK)
		return err_wrap(e, "column %zu", p->token.column);
	level.collection = node->collection;
	e = expr_parse_next(p);
	p->level = &level;
	p->queries++;
	if (e == ERR_OK)
		e = parse_parts(p, node, args);
	p->queries--;
	p->level = level.outer;
	*expr = node;
	return e;
}

/*
 * Reads what begins with a name in an expression: fields and what they lead to,
 * words that stand for themselves.  Called by expr_parse.c alone.
 */
#include "core/expr_name.h"

#include "core/expr_function.h"
#include "core/expr_type.h"
#include "core/pack_near.h"
#include "core/staff.h"

static enum err parse_field(struct expr_parser *p,
    const struct pack_field *field, unsigned up, const struct expr **expr);

static enum expr_type
type_of_field(const struct pack_field *field)
{
	static const enum expr_type types[PACK_TYPE_COUNT] = {
	    [PACK_TEXT] = EXPR_TEXT,
	    [PACK_INT] = EXPR_INT,
	    [PACK_BOOL] = EXPR_BOOL,
	    [PACK_ENUM] = EXPR_TEXT,
	    [PACK_DATE] = EXPR_DATE,
	    [PACK_DATETIME] = EXPR_DATETIME,
	    [PACK_MONEY] = EXPR_INT,
	    [PACK_GEO] = EXPR_NOTHING,
	    [PACK_REF] = EXPR_REF,
	    [PACK_HASH] = EXPR_BYTES,
	    [PACK_BYTES] = EXPR_BYTES,
	    [PACK_MAP] = EXPR_MAP,
	};

	return types[field->type];
}

/* ---- fields ------------------------------------------------------------- */

/* A field of the record that `from` refers to, behind its '.'. */
static enum err
parse_follow(struct expr_parser *p, const struct pack_field *field,
    const struct pack_collection *to, const struct expr **expr)
{
	struct expr_level level = {.collection = to};
	struct expr_level *here = p->level;
	const struct expr *from = *expr;
	const struct expr *target = NULL;
	const struct expr **args;
	struct expr *node;
	enum err e;

	if ((p->scope->may & EXPR_MAY_FOLLOW) == 0)
		return err_set(ERR_INVALID,
		    "column %zu: references cannot be followed here",
		    p->token.column);
	if (to == NULL)
		return err_set(ERR_INVALID,
		    "column %zu: %s.%s can lead to several collections or to "
		    "one that the pack does not have; say which: "
		    "%s[name].field",
		    p->token.column, field->collection, field->name,
		    field->name);
	e = expr_parse_next(p);
	if (e == ERR_OK && p->token.type != TOKEN_NAME)
		e = err_set(ERR_INVALID, "column %zu: a field must stand here",
		    p->token.column);
	if (e == ERR_OK && p->depth == LIMIT_EXPRESSION_DEPTH)
		e = err_set(ERR_LIMIT, "column %zu: more than %d references",
		    p->token.column, LIMIT_EXPRESSION_DEPTH);
	if (e != ERR_OK)
		return e;
	p->level = &level;
	p->depth++;
	e = expr_name_parse(p, &target);
	p->depth--;
	p->level = here;
	if (e != ERR_OK)
		return e;
	assert(target != NULL);
	node = expr_parse_node(p, CODE_FOLLOW, target->type, 2, &args);
	node->is_set = target->is_set;
	node->field = target->field;
	node->collection = to;
	args[0] = from;
	args[1] = target;
	*expr = node;
	return ERR_OK;
}

/* The collection in brackets behind a reference. */
static enum err
parse_target(struct expr_parser *p, const struct pack_field *field,
    const struct pack_collection **to)
{
	enum err e = expr_parse_next(p);
	size_t i = 0;

	if (e != ERR_OK)
		return e;
	while (
	    i < field->targets_n && !expr_lex_is(&p->token, field->targets[i]))
		i++;
	if (p->token.type != TOKEN_NAME || i == field->targets_n)
		return err_set(ERR_INVALID,
		    "column %zu: %s.%s does not lead there", p->token.column,
		    field->collection, field->name);
	*to = pack_collection(p->scope->pack, p->token.text);
	e = expr_parse_next(p);
	return e == ERR_OK ? expr_parse_expect(p, "]") : e;
}

static enum err
parse_key(struct expr_parser *p, const struct pack_field *field,
    const struct expr **expr)
{
	const struct expr **args;
	struct expr *node;
	size_t i = 0;
	enum err e = expr_parse_next(p);

	if (e != ERR_OK)
		return e;
	while (
	    i < field->values_n && !bytes_is(p->token.text, field->values[i]))
		i++;
	if ((p->token.type != TOKEN_NAME && p->token.type != TOKEN_TEXT) ||
	    (field->values_n > 0 && i == field->values_n))
		return err_set(ERR_INVALID, "column %zu: %s.%s has no such key",
		    p->token.column, field->collection, field->name);
	node = expr_parse_node(p, CODE_KEY, EXPR_INT, 1, &args);
	node->text = arena_bytes(p->arena, p->token.text);
	args[0] = *expr;
	*expr = node;
	return expr_parse_next(p);
}

/* The field `field` of the record `up` levels out, behind its name. */
static enum err
parse_field(struct expr_parser *p, const struct pack_field *field, unsigned up,
    const struct expr **expr)
{
	const struct pack_collection *to = NULL;
	enum expr_type type = type_of_field(field);
	struct expr *node;
	enum err e = ERR_OK;

	if (type == EXPR_NOTHING)
		return err_set(ERR_INVALID,
		    "column %zu: places cannot be reckoned with",
		    p->token.column);
	node = expr_parse_node(p, CODE_FIELD, type, 0, NULL);
	node->is_set = field->kind == KIND_SET || field->kind == KIND_NOTES;
	node->field = field;
	node->up = (uint8_t)up;
	*expr = node;
	if (type == EXPR_MAP && !node->is_set && expr_lex_is(&p->token, "."))
		return parse_key(p, field, expr);
	if (type != EXPR_REF || node->is_set)
		return ERR_OK;
	if (field->targets_n == 1)
		to = pack_collection(
		    p->scope->pack, bytes_text(field->targets[0]));
	if (expr_lex_is(&p->token, "[")) {
		e = parse_target(p, field, &to);
		if (e == ERR_OK && !expr_lex_is(&p->token, "."))
			e = expr_parse_expect(p, ".");
	}
	if (e == ERR_OK && expr_lex_is(&p->token, "."))
		e = parse_follow(p, field, to, expr);
	return e;
}

/* ---- words -------------------------------------------------------------- */

/* The word `name` when it stands for something of its own. */
static enum err
parse_word(struct expr_parser *p, const struct expr_lex_token *name,
    unsigned up, const struct expr **expr)
{
	static const struct {
		const char *name;
		enum expr_code code;
		enum expr_type type;
		bool clock;
	} words[] = {{"today", CODE_TODAY, EXPR_DATE, true},
	    {"now", CODE_NOW, EXPR_DATETIME, true},
	    {"true", CODE_LITERAL, EXPR_BOOL, false},
	    {"false", CODE_LITERAL, EXPR_BOOL, false},
	    {"id", CODE_SELF, EXPR_REF, false},
	    {"created", CODE_CREATED, EXPR_DATE, false},
	    {"changed", CODE_CHANGED, EXPR_DATE, false},
	    {"space", CODE_SPACE, EXPR_TEXT, false}};

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		struct expr *node;

		if (!expr_lex_is(name, words[i].name))
			continue;
		if (words[i].clock && (p->scope->may & EXPR_MAY_CLOCK) == 0)
			return err_set(ERR_INVALID,
			    "column %zu: what stands here may not depend on "
			    "the day",
			    name->column);
		node = expr_parse_node(
		    p, words[i].code, words[i].type, 0, NULL);
		node->number = i == 2 ? 1 : 0;
		node->up = (uint8_t)up;
		*expr = node;
	}
	return ERR_OK;
}

/* The hint's value that `name` is. */
static bool
parse_value(struct expr_parser *p, const struct expr_lex_token *name,
    const struct expr **expr)
{
	const struct pack_field *hint = p->hint;

	for (size_t i = 0; hint != NULL && i < hint->values_n; i++) {
		struct expr *node;

		if (hint->type != PACK_ENUM ||
		    !expr_lex_is(name, hint->values[i]))
			continue;
		node = expr_parse_node(p, CODE_LITERAL, EXPR_TEXT, 0, NULL);
		node->text = bytes_text(hint->values[i]);
		*expr = node;
		return true;
	}
	return false;
}

/* The word `text` beside a field is none of its values, and no field. */
static enum err
no_value(const struct expr_parser *p, struct bytes text)
{
	const struct pack_field *hint = p->hint;
	struct buf near = {0};
	struct buf what = {0};
	enum err e;

	if (hint->type != PACK_ENUM) {
		e = pack_get_field(p->level->collection, text, &hint);
		return p->hint->type != PACK_TEXT
			   ? e
			   : err_wrap(e, "without quotes this is a name");
	}
	for (size_t i = 0; i < hint->values_n; i++)
		pack_near_add(text, hint->values[i],
		    hint->codes != NULL ? &hint->codes->values[i].label : NULL,
		    &near);
	buf_add_format(&what, "value of %s.%s (and no field) called",
	    hint->collection, hint->name);
	e = pack_near_unknown(buf_text(&what), text, &near);
	buf_fini(&what);
	return e;
}

/* The derived field `name` of the record that has names here. */
static const struct pack_field *
derived_find(const struct pack_collection *collection, struct bytes name)
{
	for (size_t i = 0; i < collection->derived_n; i++)
		if (bytes_is(name, collection->derived[i].name))
			return collection->derived[i].is.text.n > 0
				   ? &collection->derived[i]
				   : NULL;
	return NULL;
}

/* What it is stands in its place.  `this` in it is no record around. */
static enum err
parse_derived(struct expr_parser *p, const struct pack_field *field,
    const struct expr_lex_token *name, const struct expr **expr)
{
	struct expr_parser outside = *p;
	struct expr_level level = {.collection = p->level->collection};
	enum err e;

	if (p->derived != NULL)
		return err_set(ERR_INVALID,
		    "column %zu: %s is derived, and cannot stand in %s, which "
		    "is derived too",
		    name->column, field->name, p->derived->name);
	p->derived = field;
	p->hint = NULL;
	p->level = &level;
	p->lexer = (struct expr_lexer){
	    .rest = field->is.text, .column = 1, .arena = p->arena};
	e = expr_parse_next(p);
	if (e == ERR_OK)
		e = expr_parse_any(p, expr);
	if (e == ERR_OK && p->token.type != TOKEN_END)
		e = err_set(ERR_INVALID, "column %zu: nothing may follow here",
		    p->token.column);
	if (e != ERR_OK)
		e = err_wrap(e, "%s.%s", field->collection, field->name);
	p->derived = NULL;
	p->hint = outside.hint;
	p->level = outside.level;
	p->lexer = outside.lexer;
	p->token = outside.token;
	return e;
}

/* The name `name` of the record of `level`, `up` levels out. */
static enum err
parse_in(struct expr_parser *p, const struct expr_level *level, unsigned up,
    const struct expr_lex_token *name, const struct expr **expr)
{
	const struct pack_field *field = pack_field(
	    level->collection, name->text);
	enum err e;

	*expr = NULL;
	if (field != NULL &&
	    !staff_sees(p->scope->role, field, field->data_class))
		return err_set(ERR_DENIED,
		    "column %zu: %s.%s: the role %s (%s) does not see it",
		    name->column, field->collection, field->name,
		    p->scope->role->label.ko, p->scope->role->label.en);
	if (field != NULL)
		return parse_field(p, field, up, expr);
	field = up == 0 ? derived_find(level->collection, name->text) : NULL;
	if (field != NULL)
		return parse_derived(p, field, name, expr);
	e = parse_word(p, name, up, expr);
	if (e != ERR_OK || *expr != NULL)
		return e;
	e = p->hint != NULL && up == 0
		? no_value(p, name->text)
		: pack_get_field(level->collection, name->text, &field);
	return err_wrap(e, "column %zu", name->column);
}

/* `this`, and `this.name`. */
static enum err
parse_this(struct expr_parser *p, const struct expr_lex_token *this,
    const struct expr **expr)
{
	struct expr_lex_token name;
	struct expr *node;
	enum err e;

	if (p->level->outer == NULL)
		return err_set(ERR_INVALID,
		    "column %zu: 'this' is the record around a sub-query, and "
		    "here is none",
		    this->column);
	if (!expr_lex_is(&p->token, ".")) {
		node = expr_parse_node(p, CODE_SELF, EXPR_REF, 0, NULL);
		node->up = 1;
		*expr = node;
		return ERR_OK;
	}
	e = expr_parse_next(p);
	name = p->token;
	if (e == ERR_OK && name.type != TOKEN_NAME)
		e = err_set(ERR_INVALID, "column %zu: a field must stand here",
		    name.column);
	if (e == ERR_OK)
		e = expr_parse_next(p);
	return e == ERR_OK ? parse_in(p, p->level->outer, 1, &name, expr) : e;
}

enum err
expr_name_parse(struct expr_parser *p, const struct expr **expr)
{
	struct expr_lex_token name = p->token;
	enum err e = expr_parse_next(p);

	if (e != ERR_OK)
		return e;
	if (parse_value(p, &name, expr))
		return ERR_OK;
	if (expr_lex_is(&p->token, "("))
		return expr_function_parse(p, &name, expr);
	if (expr_lex_is(&name, "this"))
		return parse_this(p, &name, expr);
	return parse_in(p, p->level, 0, &name, expr);
}

#ifndef GOLMOK_CORE_EXPR_PARSE_H
#define GOLMOK_CORE_EXPR_PARSE_H

#include "core/expr_lex.h"
#include "core/expr_tree.h"

/*
 * What the files that read expressions share: core/expr_parse.c reads
 * operators, core/expr_name.c names and functions.
 */

/* The record whose fields have names, and those around it. */
struct expr_level {
	const struct pack_collection *collection;
	struct expr_level *outer;
};

struct expr_parser {
	struct expr_lexer lexer;
	struct expr_lex_token token; /* the next one */
	struct arena *arena;
	const struct expr_scope *scope;
	struct expr_level *level;
	unsigned nodes;
	unsigned depth;
	unsigned queries; /* that we are in */
	/* A word may be one of its values: what stands left of a comparison. */
	const struct pack_field *hint;
	/* The derived field in whose text we are; NULL: in none. */
	const struct pack_field *derived;
};

/* Reads one expression into `*expr`, as far as it goes.  ERR_INVALID with the
 * column; ERR_LIMIT. */
enum err expr_parse_any(
    struct expr_parser *parser, const struct expr **expr) MUST_USE;
/* Moves to the next token. */
enum err expr_parse_next(struct expr_parser *parser) MUST_USE;
/* Moves on behind the sign or name `text`; ERR_INVALID when another is next. */
enum err expr_parse_expect(
    struct expr_parser *parser, const char *text) MUST_USE;
/* A node in the arena with room for `n` arguments, which the caller sets at
 * `*args` (NULL when n is 0). */
struct expr *expr_parse_node(struct expr_parser *parser, enum expr_code code,
    enum expr_type type, size_t n, const struct expr ***args);

#endif

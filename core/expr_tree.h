#ifndef GOLMOK_CORE_EXPR_TREE_H
#define GOLMOK_CORE_EXPR_TREE_H

#include "core/expr.h"

/*
 * An expression as a tree, for the files core/expr*.c alone.
 */
enum expr_code {
	CODE_LITERAL, /* number or text */
	CODE_FIELD,   /* of the record `up` levels out */
	CODE_SELF,    /* the id of that record */
	CODE_CREATED, /* the days on which it was made and last changed */
	CODE_CHANGED,
	CODE_SPACE,    /* the space of that record, without its last part */
	CODE_CONFLICT, /* do values of its `field` contradict each other? */
	CODE_KEY,      /* what the map args[0] has under `text` */
	CODE_FOLLOW,   /* args[1] for the record that args[0] names */
	CODE_OR,
	CODE_AND,
	CODE_NOT,
	CODE_EQUAL,
	CODE_UNEQUAL,
	CODE_LESS,
	CODE_LESS_EQUAL,
	CODE_MORE,
	CODE_MORE_EQUAL,
	CODE_IN,     /* args[0] is one of the others */
	CODE_HAS,    /* the set args[0] has one of the others */
	CODE_BEGINS, /* the text args[0] with the text args[1] */
	CODE_IS_NOTHING,
	CODE_ADD,
	CODE_SUBTRACT,
	CODE_MULTIPLY,
	CODE_DIVIDE,
	CODE_TODAY,
	CODE_NOW,
	CODE_YEAR, /* from here to CODE_RANK: functions of their arguments */
	CODE_QUARTER,
	CODE_MONTH,
	CODE_DATE_OF,
	CODE_AGE,
	CODE_BIRTHDAY,
	CODE_MONTHS,
	CODE_END_OF_MONTH,
	CODE_END_OF_QUARTER,
	CODE_WORKDAYS,
	CODE_RANK,
	CODE_SIZE, /* of the set args[0] */
	CODE_IF,
	CODE_FIRST,
	CODE_MIN,
	CODE_MAX,
	/* Over the records of `collection` for which args[0] holds; `field`
	 * leads to them, as its value is args[1]; args[2] is of each. */
	CODE_EXISTS,
	CODE_COUNT,
	CODE_LATEST,
	CODE_EARLIEST,
	CODE_TOTAL,
};

struct expr {
	enum expr_code code;
	enum expr_type type;
	bool is_set;
	uint8_t up; /* FIELD, SELF, ...: how many sub-queries further out */
	/* FIELD, CONFLICT; of a sub-query the field that leads to the others;
	 * else the field whose values a text is one of, or NULL. */
	const struct pack_field *field;
	const struct pack_collection *collection; /* of sub-queries, FOLLOW */
	int64_t number;				  /* LITERAL */
	struct bytes text;			  /* LITERAL, KEY */
	const struct expr *const *args;
	size_t n;
	const struct pack *pack; /* FOLLOW, sub-queries, dates */
	/* Of a sub-query, when it leads to fewer records than `field`: the
	 * first `equal_n` of its fields are bound to one value each, and the
	 * next one by what else is in `leading`. */
	const struct pack_compound *compound;
	const struct expr_bind *leading; /* leading_n of them */
	size_t leading_n;
	size_t equal_n;
};

/* One record in whose light names are looked up; `outer` is that of the query
 * around it. */
struct expr_frame {
	const struct expr_source *source;
	const struct expr_frame *outer;
};

#endif

#ifndef GOLMOK_CORE_PACK_READ_H
#define GOLMOK_CORE_PACK_READ_H

#include "core/pack.h"

/*
 * How the file of a pack is read, strictly: what all its parts have in common.
 * A part is an object of the decoded file; each function reads one member of
 * it, by its key, and says in its error which one.  Where in the file the part
 * lies is kept here and put in front once.
 *
 * The file as a whole is canonical: json_decode or codec_check said so before
 * any part of it came here.  Nothing is checked so again.
 *
 * The functions of all core/pack_*.h that are given a struct pack_reading take
 * what they keep from its arena, and end with ERR_INVALID for anything that
 * docs/packs.md does not allow, with the part not left.
 */
enum { PACK_READ_DEPTH = 6 }; /* below LIMIT_DEPTH of the JSON */

/* What an expression may look at. */
enum pack_read_may {
	PACK_READ_LOCAL,  /* one record */
	PACK_READ_GLOBAL, /* the clock, references, other records */
};

/* What an expression gives. */
enum pack_read_want {
	PACK_READ_BOOL,
	PACK_READ_INT,
	PACK_READ_WHEN,	  /* date or datetime */
	PACK_READ_SINGLE, /* one value of any type */
	PACK_READ_VALUES, /* the same, or a set */
	PACK_READ_OPEN,	  /* the same, of fields of class N alone */
};

/* An expression that waits for the whole pack to be known. */
struct pack_read_expr {
	struct pack_read_expr *next;
	struct pack_expr *expr;
	const char *place; /* "due[3]: where" */
	const struct pack_collection *collection;
	enum pack_read_want want;
	enum pack_read_may may;
};

struct pack_reading {
	struct pack *pack;
	struct arena *arena; /* of the pack */
	/* The part that is being read. */
	struct {
		const char *key;
		size_t at; /* SIZE_MAX: it is no list */
	} path[PACK_READ_DEPTH];
	size_t depth;
	struct pack_collection *collection; /* that the part belongs to */
	struct pack_field *field;
	struct pack_view *view;
	const struct pack_collection *of; /* whose fields expressions name */
	struct pack_field **fields;	  /* of each collection */
	struct pack_read_expr *first;
	struct pack_read_expr **last;
	/* Where each error goes as a line, so that those in other elements of a
	 * list are found as well; NULL: the first one ends it. */
	struct buf *errors;
	bool told; /* the error at hand stands there */
};

/* Reads one element `doc` of a list into the zeroed `item`. */
typedef enum err pack_read_item(
    struct pack_reading *r, struct bytes doc, void *item);

/* Some texts in the arena. */
struct pack_read_words {
	const char *const *p;
	size_t n;
};

/* A list of parts. */
struct pack_read_list {
	const char *key;
	size_t max;
	size_t size; /* of one struct */
	bool named;  /* a struct begins with its name: no two alike */
	bool needed;
	pack_read_item *read;
};

/* A member that names a field. */
struct pack_read_part {
	const char *key;
	const struct pack_field **field; /* where it goes; borrowed */
	unsigned types;			 /* as pack_read_field has them */
	enum field_kind kind;		 /* KIND_COUNT: any */
	bool optional;			 /* NULL without the member */
};

/* Things with names, to be referred to: structs that begin with theirs. */
struct pack_read_names {
	const char *what;
	const void *items;
	size_t n;
	size_t size;
};

/* The member `key` of the object `doc`, empty when it has none. */
struct bytes pack_read_member(struct bytes doc, const char *key);
/* Is `doc` an object whose keys all stand in `keys`, which ends with NULL? */
enum err pack_read_keys(struct bytes doc, const char *const *keys) MUST_USE;
/* What follows is read of element `at` of the list `key`; SIZE_MAX: of the
 * object `key`.  On an error the part is not left. */
void pack_read_enter(struct pack_reading *r, const char *key, size_t at);
void pack_read_leave(struct pack_reading *r);
/* Puts the place of the part in front of the kept error. */
enum err pack_read_wrap(const struct pack_reading *r, enum err e) MUST_USE;

/* Appends the kept error `e`, met in what lies behind the first `depth` parts
 * of the path, to r->errors, unless it stands there, and goes back to them. */
void pack_read_tell(struct pack_reading *r, enum err e, size_t depth);

/* A text that people read, and a name, as docs/packs.md has them; the member
 * must be there. */
enum err pack_read_text(struct pack_reading *r, struct bytes doc,
    const char *key, const char **text) MUST_USE;
enum err pack_read_name(struct pack_reading *r, struct bytes doc,
    const char *key, const char **name) MUST_USE;
/* The label `key`; when it is not there and `other` is not NULL, that in both
 * languages. */
enum err pack_read_label(struct pack_reading *r, struct bytes doc,
    const char *key, const char *other, struct pack_label *label) MUST_USE;
/* Each leaves its result untouched when there is no such member. */
enum err pack_read_one_of(struct bytes doc, const char *key,
    const char *const *names, size_t n, size_t *which) MUST_USE;
enum err pack_read_bool(struct bytes doc, const char *key, bool *v) MUST_USE;
enum err pack_read_int(struct bytes doc, const char *key, int64_t min,
    int64_t max, int64_t *v) MUST_USE;
/* The texts of a list of 1 to `max`, each once, into `words`; none when it is
 * not there. */
enum err pack_read_words(struct pack_reading *r, struct bytes doc,
    const char *key, size_t max, struct pack_read_words *words) MUST_USE;
/* Whether the member has to be there and is, or must not and is not; `who` is
 * named in the error. */
enum err pack_read_there(
    struct bytes doc, const char *key, bool wanted, const char *who) MUST_USE;

/* All elements of a list into an array `*items` of `*n`, from the arena; NULL
 * and 0 when it is not there and not needed. */
enum err pack_read_list(struct pack_reading *r, struct bytes doc,
    const struct pack_read_list *list, void **items, size_t *n) MUST_USE;
/* Reads a list once more, into the `items` that it has: what refers to things
 * that come behind. */
enum err pack_read_again(struct pack_reading *r, struct bytes doc,
    const struct pack_read_list *list, void *items) MUST_USE;

/* What the member `key` names; NULL when it is not there and not `needed`. */
enum err pack_read_ref(struct bytes doc, const char *key,
    const struct pack_read_names *names, bool needed,
    const void **found) MUST_USE;
enum err pack_read_collection(const struct pack_reading *r, struct bytes doc,
    const char *key, bool needed,
    const struct pack_collection **collection) MUST_USE;
/* A stored field of `of`, whose type is among `types` (bits 1 << PACK_TEXT and
 * so on; 0: any). */
enum err pack_read_field(struct bytes doc, const char *key,
    const struct pack_collection *of, unsigned types,
    const struct pack_field **field) MUST_USE;
/* The stored fields of `of` that the `n` members `parts` of `doc` name.
 * ERR_INVALID: one is missing, or is of another kind or type. */
enum err pack_read_parts(struct bytes doc, const struct pack_collection *of,
    const struct pack_read_part *parts, size_t n) MUST_USE;
/* `name` as one of `names`, or ERR_INVALID. */
enum err pack_read_find(struct bytes name, const struct pack_read_names *names,
    const void **found) MUST_USE;

/* The expression `key`, of records of `of`, to be understood when all is
 * read. */
enum err pack_read_expr(struct pack_reading *r, struct bytes doc,
    const char *key, const struct pack_read_expr *how,
    struct pack_expr *expr) MUST_USE;
/* The same of `value`, an element of a list, itself. */
enum err pack_read_expr_of(struct pack_reading *r, struct bytes value,
    const struct pack_read_expr *how, struct pack_expr *expr) MUST_USE;

#endif

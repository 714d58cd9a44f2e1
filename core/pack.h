#ifndef GOLMOK_CORE_PACK_H
#define GOLMOK_CORE_PACK_H

#include "proto/arena.h"
#include "proto/delta.h"
#include "proto/err.h"

/*
 * A domain as data: which collections of records there are, which fields they
 * have and what may stand in them.  docs/packs.md has the file format and the
 * meaning of each word.  Packs govern what is written and shown here; merging
 * never depends on them, so a record that breaks its pack is still merged.
 *
 * A struct pack and all that it points at never change after pack_parse; all
 * pointers in it live until its pack_free.  Names and texts are UTF-8 in normal
 * form C without control characters.  pack_check.h judges values, pack_text.h
 * reads them, pack_show.h shows them.
 */
/* What one value is, and how it stands in canonical msgpack. */
enum pack_type {
	PACK_TEXT,     /* text */
	PACK_INT,      /* int */
	PACK_BOOL,     /* bool */
	PACK_ENUM,     /* text: one of `values` */
	PACK_DATE,     /* text: YYYY-MM-DD, a day of the Gregorian calendar */
	PACK_DATETIME, /* text: RFC 3339 §5.6 with T, and Z or an offset */
	PACK_MONEY,    /* int: the smallest unit of the currency */
	PACK_GEO,      /* array: latitude * 10^6, longitude * 10^6, metres */
	PACK_REF,      /* bytes: a record id, PACK_REF_SIZE of them */
	PACK_HASH,     /* bytes: 16 to 64 */
	PACK_BYTES,    /* bytes */
	PACK_MAP,      /* map from text to int; keys are `values` if any */
};
enum { PACK_TYPE_COUNT = PACK_MAP + 1 };

enum { PACK_REF_SIZE = 16 };

enum pack_index {
	PACK_INDEX_NONE,
	PACK_INDEX_PLAIN,
	PACK_INDEX_UNIQUE, /* across nodes duplicates are shown, not refused */
};

/* What people read in place of a name; neither text is empty. */
struct pack_label {
	const char *ko;
	const char *en;
};

struct pack_field {
	const char *collection; /* the name of the collection it belongs to */
	const char *name;
	struct pack_label label;
	enum field_kind kind;
	/* Of one value: of one element of a set, one note (PACK_TEXT), one
	 * amount of a counter (PACK_INT), one state (PACK_ENUM). */
	enum pack_type type;
	enum pack_index index;
	enum delta_class data_class;
	bool required; /* a new record must have it */
	bool derived;  /* computed from other fields, never written */
	/* Of an enum or a state: all that may stand there, in the order in
	 * which people see them.  Of a map: its keys, none for any. */
	const char *const *values;
	size_t values_n; /* at most LIMIT_VALUES */
	/* Of a state with declared moves, for each of `values` the states that
	 * may follow: bit i stands for values[i].  NULL: any may follow any. */
	const uint64_t *moves;
	/* Of a ref: names of the collections it may point into, at least one;
	 * a pack may name collections that it does not declare. */
	const char *const *targets;
	size_t targets_n;
	const char *unit; /* of a counter or int, "minutes"; NULL for none */
};

struct pack_collection {
	const char *name;
	/* The last component of the spaces its records live in. */
	const char *space;
	struct pack_label label;
	const struct pack_field *fields;  /* stored, in declared order */
	size_t fields_n;		  /* at least 1 */
	const struct pack_field *derived; /* never stored, in declared order */
	size_t derived_n;
};

/* What a pack says of the spaces of one class, the last component of their
 * names. */
struct pack_space {
	const char *name;
	bool urgent; /* what is new there goes to peers before all else */
};

struct pack {
	const char *name;
	uint64_t version; /* 1, 2, ...: a higher one replaces a lower one */
	struct pack_label label;
	const struct pack_collection *collections; /* in declared order */
	size_t collections_n;			   /* at least 1 */
	const struct pack_space *spaces;	   /* those with a word more */
	size_t spaces_n;
	struct arena arena; /* owned: all that is pointed at */
};

/* The bytes of the pack that is compiled in (proto/packs/chatdong.json);
 * static. */
struct bytes pack_embedded(void);

/* Makes a pack of the JSON text `json` (docs/packs.md) into `*pack`, owned by
 * the caller and ended by pack_free.  ERR_INVALID with the path in the JSON for
 * anything that docs/packs.md does not allow, unknown keys included;
 * ERR_VERSION for another "format"; what json_decode says when it is no JSON or
 * too large.  `*pack` is NULL after an error. */
enum err pack_parse(struct bytes json, struct pack **pack) MUST_USE;
/* NULL does nothing. */
void pack_free(struct pack *pack);

/* The collection or the stored field of that name; NULL when there is none, or
 * no pack. */
const struct pack_collection *pack_collection(
    const struct pack *pack, struct bytes name);
const struct pack_field *pack_field(
    const struct pack_collection *collection, struct bytes name);
/* Does the pack (NULL: none) say that what happens in `space` is urgent? */
bool pack_is_urgent(const struct pack *pack, const struct space *space);
/* The same for names that a person gave: ERR_INVALID names those that are
 * spelt nearly so or have that label, and says so of a derived field. */
enum err pack_get_collection(const struct pack *pack, struct bytes name,
    const struct pack_collection **collection) MUST_USE;
enum err pack_get_field(const struct pack_collection *collection,
    struct bytes name, const struct pack_field **field) MUST_USE;

/* The words of docs/packs.md for each. */
extern const char *const pack_kind_names[KIND_COUNT];
extern const char *const pack_type_names[PACK_TYPE_COUNT];

#endif

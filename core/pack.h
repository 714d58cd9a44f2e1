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
 * reads them, pack_show.h shows them, pack_compare.h holds two packs side by
 * side.
 *
 * Where a pack names something else of itself, the pointer leads there; NULL
 * stands for what the pack leaves out.
 */
struct expr;
struct pack_collection;
struct pack_field;
struct pack_role;

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

/* An expression of docs/packs.md ("Expressions").  `text` is empty and `code`
 * NULL when the pack leaves it out. */
struct pack_expr {
	struct bytes text;
	const struct expr *code;
};

/* One value of a list of codes. */
struct pack_code {
	const char *value;
	struct pack_label label; /* `value` where the pack says nothing */
	/* It may be written from the first to the last of these days, counted
	 * from 1970-01-01; INT64_MIN and INT64_MAX for no bound. */
	int64_t from_days;
	int64_t to_days;
	const char *from; /* the same as YYYY-MM-DD; NULL for no bound */
	const char *to;
	int64_t rank; /* for comparing: 0 where the pack says nothing */
};

/* A list of codes. */
struct pack_codes {
	const char *name;
	const struct pack_code *values; /* in declared order */
	const char *const *words;	/* the value of each of `values` */
	size_t values_n;		/* 1 to LIMIT_CODES */
	bool dated;			/* some value has days */
};

/* What a field that the node fills is made of. */
enum pack_normal {
	PACK_NORMAL_TEXT,
	PACK_NORMAL_NAME,
	PACK_NORMAL_ADDRESS,
	PACK_NORMAL_PHONE,
	PACK_NORMAL_DATE,
};
enum { PACK_NORMAL_COUNT = PACK_NORMAL_DATE + 1 };

struct pack_match {
	const struct pack_field *of; /* of the same collection */
	enum pack_normal as;
};

/* A register says when its record first came into some state. */
struct pack_when {
	const struct pack_field *of; /* a state of the same collection */
	uint64_t is;		     /* bit i stands for of->values[i] */
};

/* What has to hold when a state is written. */
struct pack_guard {
	uint64_t to; /* the states it watches: bit i stands for values[i] */
	struct pack_expr need;		    /* bool */
	struct pack_expr unless;	    /* bool: then nothing is asked */
	struct pack_label say;		    /* what is told who is refused */
	const struct pack_role *const *who; /* who may write it; none: all */
	size_t who_n;
};

struct pack_field {
	const char *name;
	const char *collection; /* the name of the collection it belongs to */
	struct pack_label label;
	enum field_kind kind;
	/* Of one value: of one element of a set, one note (PACK_TEXT), one
	 * amount of a counter (PACK_INT), one state (PACK_ENUM). */
	enum pack_type type;
	enum pack_index index;
	enum delta_class data_class;
	bool required;	     /* a new record must have it */
	bool derived;	     /* computed from other fields, never written */
	struct pack_expr is; /* of a derived one: what; may be nothing */
	/* Of an enum or a state: all that may stand there, in the order in
	 * which people see them.  Of a map: its keys, none for any. */
	const char *const *values;
	size_t values_n; /* LIMIT_VALUES at most, of `codes` LIMIT_CODES; of a
			  * state always LIMIT_VALUES at most */
	/* The list that `values` comes from; NULL when they stand in the field
	 * itself. */
	const struct pack_codes *codes;
	/* Of a state with declared moves, for each of `values` the states that
	 * may follow: bit i stands for values[i].  NULL: any may follow any. */
	const uint64_t *moves;
	uint64_t starts; /* the same bits: where a record may begin */
	uint64_t ends;	 /* and what nothing follows */
	/* Of a state: of contested values the one that stands first here is in
	 * effect; the others are shown beside it. */
	const char *const *contested;
	size_t contested_n;
	const struct pack_guard *guards; /* of a state */
	size_t guards_n;
	/* Of a ref: names of the collections it may point into, at least one;
	 * a pack may name collections that it does not declare. */
	const char *const *targets;
	size_t targets_n;
	const char *unit; /* of a counter or int, "minutes"; NULL for none */
	bool search;	  /* found by pieces of its text */
	bool grows;	  /* of a counter: no amount is below zero */
	bool past;	  /* of a date or datetime: not after the write */
	int64_t min; /* of an int, money or counter (each amount); INT64_MIN */
	int64_t max; /* and INT64_MAX where the pack says nothing */
	const struct pack_match *match; /* filled by the node */
	const struct pack_when *when;	/* likewise */
};

/* An index over several fields, in this order. */
struct pack_compound {
	const char *name;
	const struct pack_field *const *fields; /* class N; registers, states;
						 * the first may be a set */
	size_t fields_n;			/* 2 to LIMIT_INDEX_FIELDS */
	bool unique; /* records with the same values are shown as duplicates */
};

/* How long records are kept. */
struct pack_retention {
	const char *name;
	struct pack_label label; /* `name` where the pack says nothing */
	bool keep;		 /* for ever: the rest is zero */
	unsigned years;
	unsigned months;
	unsigned days;
	const char *from; /* what the time counts from, for people; or NULL */
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
	const struct pack_compound *indexes;
	size_t indexes_n;
	const struct pack_field *title; /* shown for a reference to it */
	/* A reference to the record that speaks of the same; or NULL. */
	const struct pack_field *alias;
	const struct pack_retention *retention;
	/* date or datetime: when the time of `retention` begins; left out: the
	 * newest change */
	struct pack_expr retention_from;
};

/* What a pack says of the spaces of one class, the last component of their
 * names. */
struct pack_space {
	const char *name;
	bool urgent; /* what is new there goes to peers before all else */
};

/* Which records say what the spaces are. */
struct pack_units {
	const struct pack_collection *collection;
	const struct pack_field *name;
	const struct pack_field *prefix;  /* text: of the names of its spaces */
	const struct pack_field *level;	  /* enum */
	const struct pack_field *parent;  /* ref to the same collection */
	const struct pack_field *aliases; /* the rest may be NULL */
	const struct pack_field *code;
	const struct pack_field *from; /* date, as `to` */
	const struct pack_field *to;
	/* set of refs to the same collection: what came in its place */
	const struct pack_field *successors;
};

/* A size of which a list or a report can be: gives an option of that name. */
struct pack_scope {
	const char *name;
	struct pack_label label; /* `name` where the pack says nothing */
	const char *level;	 /* one of units.level->values */
};

/* How text is compared in search. */
struct pack_fold {
	const char *const *drop; /* left out wherever they stand */
	size_t drop_n;
	const char *const *drop_before_digit;
	size_t drop_before_digit_n;
};

struct pack_role {
	const char *name; /* a text, "nurse" */
	struct pack_label label;
	const struct pack_scope *scope;
	unsigned read; /* bit 1 << class of each data class */
	const struct pack_collection *const *write;
	size_t write_n;
	const struct pack_field *const *hide;
	size_t hide_n;
};

/* An expression with a name. */
struct pack_part {
	const char *name;
	struct pack_expr is;
};

/* What is counted while records change. */
struct pack_view {
	const char *name;
	const struct pack_collection *collection;
	struct pack_expr where;
	const struct pack_part *group;
	size_t group_n; /* 0 to LIMIT_VIEW_PARTS, as the others */
	bool count;
	const struct pack_part *sum;
	size_t sum_n;
	const struct pack_part *distinct;
	size_t distinct_n;
};

/* An expression that is shown in a column of its own. */
struct pack_shown {
	struct pack_label label; /* of the field, or the expression's text,
				  * where the pack says nothing */
	struct pack_expr is;
};

/* A list of what has to be done. */
struct pack_due {
	const char *name; /* a text, "DL-01" */
	struct pack_label label;
	bool open; /* of records with conflicts or contested states */
	const struct pack_collection *collection; /* NULL only when `open`:
						   * all of them */
	struct pack_expr where;			  /* bool */
	struct pack_expr due;	  /* date or datetime; always there, but for
				   * `open` */
	struct pack_expr from;	  /* as `due`: shown from then on */
	struct pack_expr overdue; /* as `due`: late from then on; else `due` */
	struct pack_expr urgency; /* int, 0 to 9; else 0 */
	struct pack_expr risk;	  /* int; else 0 */
	const struct pack_shown *show;
	size_t show_n;
	const struct pack_shown *by;
	size_t by_n;
};

enum pack_source {
	PACK_OF_VIEW,
	PACK_OF_RATIO,
	PACK_OF_QUERY,
	PACK_OF_LOGS,
};

enum pack_take {
	PACK_TAKE_COUNT,
	PACK_TAKE_SUM,
	PACK_TAKE_DISTINCT,
};

/* Only records whose group `group` is one of `values` count. */
struct pack_filter {
	size_t group; /* of view->group */
	const char *const *values;
	size_t values_n;
};

/* What of logs a figure counts. */
enum pack_of_logs {
	PACK_LOGS_LOGS,	    /* how many are held */
	PACK_LOGS_DELTAS,   /* of them */
	PACK_LOGS_VERIFIED, /* logs whose newest head is of all that is held,
			     * and signed by the author */
	PACK_LOGS_UNSIGNED, /* deltas behind the newest head */
	PACK_LOGS_FORKED,   /* logs that contradict themselves */
	PACK_LOGS_GAPS,	   /* deltas that a head knows, and that are not here */
	PACK_LOGS_SEALED,  /* deltas of which some body is not here */
	PACK_LOGS_REFUSED, /* deltas that do not count */
	PACK_LOGS_UNCHAINED, /* accesses whose chain is broken there */
};

/* One number of reports. */
struct pack_figure {
	const char *name;
	struct pack_label label;
	struct pack_label unit; /* NULL twice when there is none */
	enum pack_source source;
	enum pack_take take; /* of a view or a query */
	/* PACK_OF_VIEW */
	const struct pack_view *view;
	size_t part; /* of view->sum or view->distinct, which `take` tells */
	const struct pack_filter *filters;
	size_t filters_n;
	size_t period; /* of view->group, the one that is time; SIZE_MAX: of
			* no time */
	/* PACK_OF_RATIO: the first over the second; neither is a ratio. */
	const struct pack_figure *ratio[2];
	unsigned digits; /* behind the point, 0 to 6 */
	bool percent;	 /* times 100 */
	/* PACK_OF_LOGS */
	enum pack_of_logs logs;
	/* PACK_OF_QUERY */
	const struct pack_collection *collection;
	struct pack_expr where;
	struct pack_expr of; /* int of PACK_TAKE_SUM, any of _DISTINCT */
	struct pack_expr on; /* date or datetime: when it counts */
	/* The key of as-reported values; NULL for none. */
	const char *metric;
};

enum pack_rows {
	PACK_ROWS_UNIT,
	PACK_ROWS_PERIOD,
	PACK_ROWS_GROUP, /* a group that the views of all columns have */
};

enum pack_chart {
	PACK_CHART_NONE,
	PACK_CHART_BAR,
	PACK_CHART_LINE,
};

struct pack_table {
	struct pack_label label;
	enum pack_rows rows;
	const char *group; /* of PACK_ROWS_GROUP */
	const struct pack_figure *const *columns;
	size_t columns_n;
	enum pack_chart chart;
	bool total;	 /* a row with the sum of all */
	bool cumulative; /* each row holds those before it as well */
};

struct pack_report {
	const char *name; /* a text, "RP-01" */
	struct pack_label label;
	const struct pack_table *tables;
	size_t tables_n;
};

/* Where the keys lie with which fields are made comparable. */
struct pack_keys {
	const struct pack_collection *collection;
	const struct pack_field *secret; /* bytes or hash */
	const struct pack_field *from;	 /* date */
};

struct pack_pair {
	const struct pack_field *from;
	const struct pack_field *to;
};

/* What each local write of one collection copies into a record of another. */
struct pack_mirror {
	const struct pack_collection *from;
	const struct pack_collection *to;
	const struct pack_field *source; /* of `to`: ref to the record it is
					  * a copy of */
	const struct pack_pair *fields;
	size_t fields_n;
};

struct pack_weight {
	const struct pack_field *field;
	int64_t weight;
};

/* A collection that keeps pairs of records that may speak of the same, with
 * what people say of them.  Its fields have these names. */
struct pack_candidate {
	const struct pack_collection *collection;
	const struct pack_field *a; /* refs to the two */
	const struct pack_field *b;
	const struct pack_field *unit_a; /* texts: prefixes of their spaces */
	const struct pack_field *unit_b;
	const struct pack_field *score;	  /* int */
	const struct pack_field *keys;	  /* set of enum or text */
	const struct pack_field *members; /* set of bytes */
	const struct pack_field *said;	  /* set of text */
	const struct pack_field *state;
};

/* When two records speak of the same. */
struct pack_duplicates {
	const struct pack_collection *collection;
	/* A reference to the record of which this one is a part: the wholes are
	 * compared.  NULL: each is one by itself. */
	const struct pack_field *group;
	/* Which record one of `collection` is a copy of (pack_mirror.source);
	 * NULL: of none. */
	const struct pack_field *source;
	const struct pack_weight *weights;
	size_t weights_n;
	int64_t likely; /* from so much on */
	int64_t review;
	struct pack_candidate candidate; /* where pairs are kept */
};

/* In which records it is kept who took personal data out of a store. */
struct pack_access {
	const struct pack_collection *collection;
	const struct pack_field *who;	 /* ref: the actor */
	const struct pack_field *at;	 /* datetime */
	const struct pack_field *action; /* enum */
	const char *export;		 /* its value for an export */
	const char *look; /* and for a look at what others may not see; NULL:
			     the same */
	const struct pack_field *reason;  /* text; the rest may be NULL */
	const struct pack_field *subject; /* ref: of whom it was */
	const struct pack_field *place;	  /* text: the node */
	const struct pack_field *before;  /* hash: of the access before it */
};

/* Which records hold the values that others published. */
struct pack_reported {
	const struct pack_collection *collection;
	const struct pack_field *key;	 /* text: metric of a figure */
	const struct pack_field *value;	 /* int or money */
	const struct pack_field *source; /* text; the rest may be NULL */
	const struct pack_field *period; /* text or date */
	const struct pack_field *unit;	 /* ref to units->collection */
	const struct pack_field *scale;	 /* int: digits behind the point that
					  * `value` has */
};

struct pack {
	const char *name;
	unsigned format;  /* 1 or 2, of the file */
	uint64_t version; /* 1, 2, ...: a higher one replaces a lower one */
	struct pack_label label;
	const struct pack_collection *collections; /* in declared order */
	size_t collections_n;			   /* at least 1 */
	const struct pack_space *spaces;	   /* those with a word more */
	size_t spaces_n;
	/* What only format 2 has; NULL and 0 when it is left out. */
	int64_t clock_seconds; /* by which clocks there are ahead of UTC */
	const struct pack_codes *codes;
	size_t codes_n;
	const struct pack_units *units;
	const struct pack_scope *scopes;
	size_t scopes_n;
	const struct pack_fold *fold;
	const struct pack_role *roles;
	size_t roles_n;
	const struct pack_retention *retention;
	size_t retention_n;
	const struct pack_view *views; /* view i is number i in keys */
	size_t views_n;
	const struct pack_due *due;
	size_t due_n;
	const struct pack_figure *figures;
	size_t figures_n;
	const struct pack_report *reports;
	size_t reports_n;
	const struct pack_keys *match;
	const struct pack_mirror *mirrors;
	size_t mirrors_n;
	const struct pack_duplicates *duplicates;
	const struct pack_reported *reported;
	const struct pack_access *access;
	struct arena arena; /* owned: all that is pointed at */
};

/* The bytes of the pack that is compiled in;
 * static. */
struct bytes pack_embedded(void);

/* Makes a pack of the JSON text `json` (docs/packs.md) into `*pack`, owned by
 * the caller and ended by pack_free.  ERR_INVALID with the path in the JSON for
 * anything that docs/packs.md does not allow, unknown keys included;
 * ERR_VERSION for a newer "format"; what json_decode says when it is no JSON or
 * too large.  `*pack` is NULL after an error. */
enum err pack_parse(struct bytes json, struct pack **pack) MUST_USE;
/* The same of what json_decode makes of the text: without that half the time.
 * `doc` may come from anywhere; ERR_MALFORMED when it is not canonical. */
enum err pack_parse_doc(struct bytes doc, struct pack **pack) MUST_USE;
/* The same for who writes a pack: goes on behind what is wrong, and appends
 * each error to `errors` as a line; the one that is returned is one of them. */
struct buf;
enum err pack_parse_all(
    struct bytes json, struct pack **pack, struct buf *errors) MUST_USE;
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

/* The codes of `field` for `value`; NULL when the field has no list, or the
 * list no such value. */
const struct pack_code *pack_code(
    const struct pack_field *field, struct bytes value);
/* What people read for `value` of `field` in the language of `english`: its
 * label, or itself.  Lives as long as the pack and `value`. */
struct bytes pack_word(
    const struct pack_field *field, struct bytes value, bool english);

/* The words of docs/packs.md for each. */
extern const char *const pack_kind_names[KIND_COUNT];
extern const char *const pack_type_names[PACK_TYPE_COUNT];
extern const char *const pack_normal_names[PACK_NORMAL_COUNT];
extern const char *const pack_class_names[CLASS_COUNT];

#endif

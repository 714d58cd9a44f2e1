#ifndef GOLMOK_TESTS_LIB_TOWN_H
#define GOLMOK_TESTS_LIB_TOWN_H

#include "core/founder.h"
#include "core/store.h"
#include "tests/lib/prng.h"
#include "tests/lib/tempdir.h"

/*
 * A whole city in one process: real stores in a directory of the test's own,
 * under one clock and one seed.  What one store holds can be carried to another
 * without a network.  Whatever fails here fails the test.
 */
enum { TOWN_NODES_MAX = 24 };

struct town_node {
	char dir[2 * TEMPDIR_PATH_SIZE];
	struct store *store; /* owned; NULL while it is closed */
};

struct town {
	struct tempdir dir;
	struct prng prng;
	struct host host;
	uint64_t now_ms; /* what the wall shows; set by the test */
	struct city_id city;
	struct town_node nodes[TOWN_NODES_MAX]; /* 0 is the founder */
	size_t n;
};

/* Founds the city with one node; ended with town_fini. */
void town_init(struct town *town, uint64_t seed);
void town_fini(struct town *town);
/* One more node, which nobody has admitted yet; gives its index. */
size_t town_join(struct town *town);
/* As town_join, admitted by the founder with `rights` ("read:NPS,write") under
 * `prefix`; both stores hold the authority logs then. */
size_t town_member(struct town *town, const char *prefix, const char *rights);
/* A new store with the keys of node `i`, which holds nothing yet; gives its
 * index. */
size_t town_again(struct town *town, size_t i);
/* The same with `keys`. */
size_t town_with(struct town *town, const struct identity *keys);
/* Closes node `i`, or opens it (again). */
void town_close(struct town *town, size_t i);
struct store *town_open(struct town *town, size_t i);
/* The open store of node `i`, and its key. */
struct store *town_store(struct town *town, size_t i);
struct sign_key town_key(struct town *town, size_t i);

/* Node `by` names node `whom` a member; gives it `gives` under `prefix` and
 * lets it pass on `passes` ("" for nothing).  What fails is for the caller. */
enum err town_admit(struct town *town, size_t by, size_t whom) MUST_USE;
enum err town_grant(struct town *town, size_t by, size_t whom,
    const char *prefix, const char *gives, const char *passes) MUST_USE;

/* Which deltas town_carry takes along. */
struct town_cargo {
	const char *space;	  /* NULL: all */
	const struct log_id *log; /* NULL: all */
	uint64_t deltas_max;	  /* of each log; 0: no limit */
	bool bare;		  /* without bodies */
	bool bodies;		  /* only bodies that are owed */
	bool strangers;		  /* logs of authors that are not known too */
};
/* Carries what node `from` holds and node `to` lacks, in one transaction. */
void town_carry(
    struct town *town, size_t from, size_t to, const struct town_cargo *cargo);
/* The same for everything: `authority` first, then the rest. */
void town_copy(struct town *town, size_t from, size_t to);
/* Copies between all pairs until nothing is missing anywhere. */
void town_meet(struct town *town);
/* All nodes from `first` on hold the same logs and show the same state. */
void town_assert_equal(struct town *town, size_t first);
/* Appends what a node holds to `out`: for each space its log digest and state
 * digests. */
void town_digests(struct town *town, size_t i, struct buf *out);

/* Shorthand.  A space from its text; an edit of class N; one value as its
 * encoding, in one of 64 static buffers used in turn. */
struct space town_space(const char *text);
struct bytes town_text(const char *text);
struct bytes town_int(int64_t number);
struct store_edit town_edit(
    enum op_code code, const char *field, struct bytes value);
/* Writes `write` in a transaction of its own. */
enum err town_write(struct town *town, size_t i,
    const struct store_write *write, struct record_id *id,
    bool *changed) MUST_USE;
/* A new record of the collection `card` in `space` with the register `name`. */
struct record_id town_create(
    struct town *town, size_t i, const char *space, const char *name);
/* One edit of a record; was anything written? */
bool town_patch(struct town *town, size_t i, const char *space,
    const struct record_id *id, struct store_edit edit);
/* A delete or keep. */
void town_act(struct town *town, size_t i, const char *space,
    const struct record_id *id, enum delta_act act);
/* The record as it stands; false when the node shows none. */
bool town_get(struct town *town, size_t i, const char *space,
    const struct record_id *id, struct arena *arena, struct record *record);
/* How many values `field` shows, and do they contain the text `value`? */
size_t town_values(
    const struct record *record, const char *field, enum field_kind kind);
bool town_has(const struct record *record, const char *field,
    enum field_kind kind, struct bytes value);
/* How many deltas node `i` holds, over all logs. */
uint64_t town_deltas(struct town *town, size_t i);

#endif

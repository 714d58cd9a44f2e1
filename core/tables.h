#ifndef GOLMOK_CORE_TABLES_H
#define GOLMOK_CORE_TABLES_H

#include "core/kv.h"
#include "proto/id.h"

/*
 * Every table of a store: its kind, its key and who writes it.  docs/format.md
 * §12 draws the rows.  Most keys begin with the number that this store gave to
 * the space (4 bytes), so that work in one space touches neighbouring pages;
 * all integers are big-endian.
 *
 * global:  signed bytes, the same on every replica that holds them
 * derived: fsck can throw it away and rebuild it from the global tables
 * private: of this store alone, never sent
 */
enum table {
	TABLE_META,    /* private: name -> value (core/meta.c) */
	TABLE_SPACES,  /* derived: space text -> space row (core/space.c) */
	TABLE_LOGS,    /* global: space, log id -> log row (core/oplog.c) */
	TABLE_LOG_NOS, /* private: log number -> space, log id */
	TABLE_DELTAS,  /* global: space, log no, seq -> header and bodies */
	/* global: space, log no, first seq -> many deltas (core/block.h) */
	TABLE_BLOCKS,
	TABLE_HEADS,   /* global: space, log no, size -> signed head */
	TABLE_FORKS,   /* global: space, trunk id -> proof that it is forked */
	TABLE_TIPS,    /* derived: space, trunk id, log no -> - */
	TABLE_TREE,    /* derived: space, log no, level, index -> node */
	TABLE_HISTORY, /* derived: space, record, log no, seq, change -> - */
	/* derived: space, target log, log no, seq of a decision -> - */
	TABLE_DECISIONS,
	TABLE_RECORDS, /* derived: space, record -> row (core/record.c) */
	TABLE_SEATS,   /* derived: record, space -> - (core/seat.c) */
	TABLE_WORDS,   /* derived: number -> word (core/words.c) */
	TABLE_CELLS,   /* derived: space, record, field, kind, dot -> value */
	TABLE_LOOKUP,  /* derived: space, index, value, record -> number */
	TABLE_VIEWS,   /* derived: space, view, part, groups -> counts, sums */
	TABLE_FEED,    /* private: number -> what happened (core/feed.c) */
	TABLE_OWN,     /* private: space -> the log we write there now */
	TABLE_PEERS,   /* private: peer key, ... -> what it acknowledged */
	TABLE_ACTORS,  /* private: actor id -> the name it was made from */
	TABLE_TOKENS,  /* private: token id -> invitation (core/tokens.c) */
	TABLE_EVENTS,  /* private: number -> what to know (core/events.c) */
	TABLE_COUNT,
};

/* Their LMDB names, TABLE_COUNT of them. */
extern const char *const tables_names[TABLE_COUNT];
/* Those that stores of this format may lack, as kv_config wants them. */
enum { TABLES_LATE = 1 << TABLE_VIEWS | 1 << TABLE_SEATS };

/* A key under construction or finished; `tables_key` is its view. */
struct key {
	uint8_t b[LIMIT_KEY_SIZE];
	size_t n;
};
struct bytes tables_key(const struct key *key);

/* The number of a space or log in this store; never 0. */
struct space_no {
	uint32_t v;
};
struct log_no {
	uint32_t v;
};

/* Keys, each of which replaces what `key` held.  A prefix of a key is made by
 * the function with fewer parts. */
void tables_space_key(struct space_no space, struct key *key);
void tables_log_key(
    struct space_no space, const struct log_id *log, struct key *key);
/* The branch with the number `log` of the log `trunk`. */
void tables_tip_key(struct space_no space, const struct log_id *trunk,
    struct log_no log, struct key *key);
void tables_log_no_key(struct log_no log, struct key *key);
/* space, log: the prefix of deltas, heads and tree. */
void tables_log_prefix(
    struct space_no space, struct log_no log, struct key *key);
/* Deltas by seq, blocks by their first one, heads by size. */
void tables_delta_key(
    struct space_no space, struct log_no log, uint64_t seq, struct key *key);
void tables_tree_key(struct space_no space, struct log_no log, unsigned level,
    uint64_t index, struct key *key);
void tables_record_key(
    struct space_no space, const struct record_id *record, struct key *key);
void tables_seat_key(
    const struct record_id *record, struct space_no space, struct key *key);
/* Where a change stands, for the history of its record. */
struct history_at {
	struct log_no log;
	uint64_t seq;
	uint16_t change;
};
void tables_history_key(struct space_no space, const struct record_id *record,
    struct history_at at, struct key *key);
/* Reads back what tables_history_key wrote; ERR_CORRUPT for another length. */
enum err tables_history_get(struct bytes bytes, struct record_id *record,
    struct history_at *at) MUST_USE;
/* A decision about deltas of the log `target` (unforked), and where it stands.
 */
struct decision_at {
	struct log_id target;
	struct log_no log;
	uint64_t seq;
};
void tables_decision_key(
    struct space_no space, const struct decision_at *at, struct key *key);
/* Reads back what tables_decision_key wrote; ERR_CORRUPT for another length. */
enum err tables_decision_get(
    struct bytes bytes, struct decision_at *at) MUST_USE;
/* A word by its number. */
void tables_word_key(uint32_t number, struct key *key);
/* A key of 8 bytes, for the feed. */
void tables_number_key(uint64_t number, struct key *key);
/* Appends raw bytes to a key; it must stay within LIMIT_KEY_SIZE. */
void tables_key_add(struct key *key, struct bytes part);

/* A stored row is 8 bytes of checksum (XXH3 of its key xor XXH3 of its content)
 * and its content.  tables_row puts the checksum in front of `content` into
 * `row` (emptied first).  tables_row_begin and tables_row_end do the same for
 * content that is appended to `row` between them, without a copy. */
enum { TABLES_CHECKSUM_SIZE = 8 };
void tables_row(struct bytes key, struct bytes content, struct buf *row);
void tables_row_begin(struct buf *row);
void tables_row_end(struct bytes key, struct buf *row);
/* Has `row` the checksum of `key` and its content, a view into `row`? */
bool tables_fit(
    struct bytes key, struct bytes row, struct bytes *content) MUST_USE;
/* Checks the checksum of `row` and gives its content, a view into `row`:
 * ERR_CORRUPT as tables_corrupt makes it. */
enum err tables_open(enum table table, struct bytes key, struct bytes row,
    struct bytes *content) MUST_USE;
/* The ERR_CORRUPT for a row that `why` (static words) says is wrong: names the
 * table, the key in hex, and says to run `golmok fsck`. */
enum err tables_corrupt(
    enum table table, struct bytes key, const char *why) MUST_USE;

#endif

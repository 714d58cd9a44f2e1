/*
 * Every table's name and key, drawn once, and the checksum in front of its
 * rows.  All of core builds its keys here, so that the order of LMDB is the
 * order that docs/format.md §12 means.  Reads and writes no table itself.
 */
#include "core/tables.h"

#include "proto/ascii.h"

const char *const tables_names[TABLE_COUNT] = {
    [TABLE_META] = "meta",
    [TABLE_SPACES] = "spaces",
    [TABLE_LOGS] = "logs",
    [TABLE_LOG_NOS] = "log_nos",
    [TABLE_DELTAS] = "deltas",
    [TABLE_BLOCKS] = "blocks",
    [TABLE_HEADS] = "heads",
    [TABLE_FORKS] = "forks",
    [TABLE_TIPS] = "tips",
    [TABLE_TREE] = "tree",
    [TABLE_HISTORY] = "history",
    [TABLE_DECISIONS] = "decisions",
    [TABLE_RECORDS] = "records",
    [TABLE_SEATS] = "seats",
    [TABLE_WORDS] = "words",
    [TABLE_CELLS] = "cells",
    [TABLE_LOOKUP] = "lookup",
    [TABLE_VIEWS] = "views",
    [TABLE_FEED] = "feed",
    [TABLE_OWN] = "own",
    [TABLE_PEERS] = "peers",
    [TABLE_ACTORS] = "actors",
    [TABLE_TOKENS] = "tokens",
    [TABLE_EVENTS] = "events",
};
static_assert((int)TABLE_COUNT <= (int)KV_TABLES_MAX, "LMDB gets them all");

/* space, record, log, seq, change */
enum { HISTORY_KEY_SIZE = 4 + 16 + 4 + 8 + 2 };
/* space, target log, log, seq */
enum { DECISION_KEY_SIZE = 4 + 16 + 4 + 8 };

static void add_be32(struct key *key, uint32_t v);
static void add_be64(struct key *key, uint64_t v);
static uint64_t checksum(struct bytes key, struct bytes content);

struct bytes
tables_key(const struct key *key)
{
	assert(key->n <= sizeof(key->b));
	return bytes_of(key->b, key->n);
}

void
tables_key_add(struct key *key, struct bytes part)
{
	assert(key->n <= sizeof(key->b) && part.n <= sizeof(key->b) - key->n);
	bytes_copy(key->b + key->n, part);
	key->n += part.n;
}

static void
add_be32(struct key *key, uint32_t v)
{
	uint8_t b[4];

	bytes_put_be32(b, v);
	tables_key_add(key, bytes_of(b, sizeof(b)));
}

static void
add_be64(struct key *key, uint64_t v)
{
	uint8_t b[8];

	bytes_put_be64(b, v);
	tables_key_add(key, bytes_of(b, sizeof(b)));
}

void
tables_space_key(struct space_no space, struct key *key)
{
	assert(space.v > 0);
	key->n = 0;
	add_be32(key, space.v);
}

void
tables_log_key(struct space_no space, const struct log_id *log, struct key *key)
{
	tables_space_key(space, key);
	tables_key_add(key, bytes_of(log->b, sizeof(log->b)));
}

void
tables_tip_key(struct space_no space, const struct log_id *trunk,
    struct log_no log, struct key *key)
{
	assert(log.v > 0);
	tables_log_key(space, trunk, key);
	add_be32(key, log.v);
}

void
tables_log_no_key(struct log_no log, struct key *key)
{
	assert(log.v > 0);
	key->n = 0;
	add_be32(key, log.v);
}

void
tables_log_prefix(struct space_no space, struct log_no log, struct key *key)
{
	assert(log.v > 0);
	tables_space_key(space, key);
	add_be32(key, log.v);
}

void
tables_delta_key(
    struct space_no space, struct log_no log, uint64_t seq, struct key *key)
{
	tables_log_prefix(space, log, key);
	add_be64(key, seq);
}

void
tables_tree_key(struct space_no space, struct log_no log, unsigned level,
    uint64_t index, struct key *key)
{
	uint8_t b = (uint8_t)level;

	assert(level < 64);
	tables_log_prefix(space, log, key);
	tables_key_add(key, bytes_of(&b, 1));
	add_be64(key, index);
}

void
tables_record_key(
    struct space_no space, const struct record_id *record, struct key *key)
{
	tables_space_key(space, key);
	tables_key_add(key, bytes_of(record->b, sizeof(record->b)));
}

void
tables_seat_key(
    const struct record_id *record, struct space_no space, struct key *key)
{
	assert(space.v > 0);
	key->n = 0;
	tables_key_add(key, bytes_of(record->b, sizeof(record->b)));
	add_be32(key, space.v);
}

void
tables_history_key(struct space_no space, const struct record_id *record,
    struct history_at at, struct key *key)
{
	uint8_t change[2];

	assert(at.log.v > 0);
	bytes_put_be16(change, at.change);
	tables_record_key(space, record, key);
	add_be32(key, at.log.v);
	add_be64(key, at.seq);
	tables_key_add(key, bytes_of(change, sizeof(change)));
	assert(key->n == HISTORY_KEY_SIZE);
}

enum err
tables_history_get(
    struct bytes bytes, struct record_id *record, struct history_at *at)
{
	if (bytes.n != HISTORY_KEY_SIZE)
		return err_set(ERR_CORRUPT,
		    "table %s: a key of %zu bytes instead of %d; run "
		    "`golmok fsck`",
		    tables_names[TABLE_HISTORY], bytes.n, HISTORY_KEY_SIZE);
	bytes_copy(record->b, bytes_slice(bytes, 4, sizeof(record->b)));
	at->log.v = bytes_be32(bytes_after(bytes, 20).p);
	at->seq = bytes_be64(bytes_after(bytes, 24).p);
	at->change = bytes_be16(bytes_after(bytes, 32).p);
	return ERR_OK;
}

void
tables_decision_key(
    struct space_no space, const struct decision_at *at, struct key *key)
{
	assert(at->log.v > 0);
	tables_log_key(space, &at->target, key);
	add_be32(key, at->log.v);
	add_be64(key, at->seq);
	assert(key->n == DECISION_KEY_SIZE);
}

enum err
tables_decision_get(struct bytes bytes, struct decision_at *at)
{
	if (bytes.n != DECISION_KEY_SIZE)
		return tables_corrupt(
		    TABLE_DECISIONS, bytes, "its key has a wrong length");
	bytes_copy(at->target.b, bytes_slice(bytes, 4, sizeof(at->target)));
	at->log.v = bytes_be32(bytes_after(bytes, 20).p);
	at->seq = bytes_be64(bytes_after(bytes, 24).p);
	return ERR_OK;
}

void
tables_word_key(uint32_t number, struct key *key)
{
	assert(number > 0);
	key->n = 0;
	add_be32(key, number);
}

void
tables_number_key(uint64_t number, struct key *key)
{
	key->n = 0;
	add_be64(key, number);
}

/* Both halves are mixed by XXH3, so a row under a wrong key does not match
 * either, and nothing has to be copied side by side. */
static uint64_t
checksum(struct bytes key, struct bytes content)
{
	return bytes_checksum(key) ^ bytes_checksum(content);
}

void
tables_row(struct bytes key, struct bytes content, struct buf *row)
{
	tables_row_begin(row);
	buf_add(row, content);
	tables_row_end(key, row);
}

void
tables_row_begin(struct buf *row)
{
	buf_cut(row, 0);
	buf_add_be64(row, 0);
}

void
tables_row_end(struct bytes key, struct buf *row)
{
	assert(row->n >= TABLES_CHECKSUM_SIZE);
	bytes_put_be64(row->p,
	    checksum(key, bytes_after(buf_bytes(row), TABLES_CHECKSUM_SIZE)));
}

bool
tables_fit(struct bytes key, struct bytes row, struct bytes *content)
{
	if (row.n < TABLES_CHECKSUM_SIZE)
		return false;
	*content = bytes_after(row, TABLES_CHECKSUM_SIZE);
	return bytes_be64(row.p) == checksum(key, *content);
}

enum err
tables_open(
    enum table table, struct bytes key, struct bytes row, struct bytes *content)
{
	if (row.n < TABLES_CHECKSUM_SIZE)
		return tables_corrupt(table, key, "it is too short");
	if (!tables_fit(key, row, content))
		return tables_corrupt(table, key, "its checksum is wrong");
	return ERR_OK;
}

enum err
tables_corrupt(enum table table, struct bytes key, const char *why)
{
	struct buf hex = {0};
	enum err e;

	assert(table < TABLE_COUNT);
	ascii_hex(key, &hex);
	e = err_set(ERR_CORRUPT,
	    "the row %s of table %s is damaged (%s): run `golmok fsck`",
	    buf_text(&hex), tables_names[table], why);
	buf_fini(&hex);
	return e;
}

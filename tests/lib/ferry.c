/*
 * Chunks as a peer would send them, made from a store.
 */
#include "tests/lib/ferry.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/intake.h"
#include "core/tree.h"

enum {
	BODIES_MAX = 8, /* of one delta of a test */
	PARTS_MAX = 256,
	TRIES_MAX = 100000,
};

/* Takes deltas `at` to `at + n` of `log` into `chunk`. */
static void
chunk_make(const struct ferry *ferry, struct txn *txn, const struct log *log,
    struct arena *arena, struct intake_chunk *chunk)
{
	size_t n = chunk->headers_n;
	struct bytes *headers = arena_array(arena, n, sizeof(*headers));
	struct msg_body *bodies = arena_array(
	    arena, n * BODIES_MAX, sizeof(*bodies));

	for (size_t i = 0; i < n; i++) {
		struct stored_delta stored;
		struct stored_body body;

		assert_int_equal(
		    oplog_get(txn, log, chunk->from + i, &stored), ERR_OK);
		headers[i] = arena_bytes(arena, stored.header);
		while (!ferry->bare && oplog_body_next(&stored.bodies, &body)) {
			struct msg_body *out = &bodies[chunk->bodies_n++];

			assert_true(chunk->bodies_n <= n * BODIES_MAX);
			*out = (struct msg_body){.seq = chunk->from + i,
			    .change = body.change,
			    .class = body.class,
			    .is_open = body.form == BODY_OPEN,
			    .sealed = arena_bytes(arena, body.sealed)};
			memcpy(out->key, body.key, sizeof(out->key));
		}
	}
	chunk->headers = headers;
	chunk->bodies = bodies;
}

static enum err
chunks_bring(const struct ferry *ferry, const struct log *log,
    const struct msg_run *run, uint64_t end)
{
	struct txn *source = store_txn(town_store(ferry->town, ferry->from));
	struct store *sink = town_store(ferry->town, ferry->to);
	struct arena arena = {0};
	uint64_t at = run->from;
	enum err e = ERR_OK;

	while (at < end && e == ERR_OK) {
		struct merkle_proof proof = {0};
		struct intake_taken taken = {0};
		struct intake_chunk chunk = {.run = run,
		    .log = log->trunk,
		    .from = at,
		    .headers_n = 1 + prng_below(ferry->prng, end - at),
		    .proof = &proof,
		    .accept = {.hold = true, .classes = CLASSES_ALL}};

		chunk_make(ferry, source, log, &arena, &chunk);
		at += chunk.headers_n;
		if (at < run->head_size)
			assert_int_equal(
			    tree_ahead(source, log, at, &proof), ERR_OK);
		e = store_authority(sink, &chunk.authority);
		if (e == ERR_OK)
			e = intake_chunk(store_txn(sink), &chunk, &taken);
		if (e == ERR_OK && taken.gap)
			e = ERR_NOT_FOUND;
	}
	arena_fini(&arena);
	return e;
}

/* `log` is held by the source, whose transaction is open. */
static bool
log_bring(const struct ferry *ferry, const struct log *log, uint64_t begin,
    uint64_t end)
{
	struct store *sink = town_store(ferry->town, ferry->to);
	const struct authority *authority;
	struct msg_run run = {.name = log->name,
	    .from = begin,
	    .head_size = log->head_size,
	    .head_root = log->head_root,
	    .head_signature = log->head_signature};
	struct log_id id;
	enum err e;

	if (!log->has_head || end > log->head_size)
		return false;
	assert_int_equal(store_begin(sink, true), ERR_OK);
	assert_int_equal(store_authority(sink, &authority), ERR_OK);
	e = intake_run(store_txn(sink), authority, &run, &id);
	/* It is another branch: that is no reason to refuse it. */
	if (e == ERR_OK || e == ERR_FORKED)
		e = chunks_bring(ferry, log, &run, end);
	if (e == ERR_OK) {
		assert_int_equal(store_commit(sink), ERR_OK);
		return true;
	}
	if (e != ERR_DENIED && e != ERR_NOT_FOUND)
		print_error("not taken: %s\n", err_text());
	assert_true(e == ERR_DENIED || e == ERR_NOT_FOUND);
	store_abort(sink);
	return false;
}

bool
ferry_log(
    const struct ferry *ferry, struct log_no no, uint64_t begin, uint64_t end)
{
	struct store *source = town_store(ferry->town, ferry->from);
	struct log *log;
	bool taken;

	assert_int_equal(store_begin(source, false), ERR_OK);
	assert_int_equal(oplog_by_no(store_txn(source), no, &log), ERR_OK);
	taken = log_bring(ferry, log, begin, end);
	store_abort(source);
	return taken;
}

void
ferry_all(const struct ferry *ferry)
{
	struct store *source = town_store(ferry->town, ferry->from);
	struct space_state **spaces;
	size_t spaces_n;

	assert_int_equal(store_begin(source, false), ERR_OK);
	assert_int_equal(
	    space_all(store_txn(source), &spaces, &spaces_n), ERR_OK);
	for (size_t i = 0; i < spaces_n; i++) {
		struct log **logs;
		size_t n;

		if (ferry->space != NULL &&
		    strcmp(ferry->space, spaces[i]->name.text) != 0)
			continue;
		assert_int_equal(
		    oplog_all(store_txn(source), spaces[i], &logs, &n), ERR_OK);
		for (size_t k = 0; k < n; k++) {
			uint64_t end = logs[k]->frontier.size;

			if (ferry->odds > 0 &&
			    prng_below(ferry->prng, ferry->odds) == 0)
				continue;
			if (ferry->deltas_max > 0 && ferry->deltas_max < end)
				end = ferry->deltas_max;
			(void)log_bring(ferry, logs[k], 0, end);
		}
	}
	store_abort(source);
}

void
ferry_mixed(const struct ferry *ferry, const struct ferry_part *parts, size_t n)
{
	struct ferry by = *ferry;
	uint64_t at[PARTS_MAX] = {0};
	bool whole[PARTS_MAX] = {false};
	size_t tries = 0;
	size_t left = 0;

	assert_true(n <= PARTS_MAX);
	for (size_t k = 0; k < n; k++)
		left += parts[k].end > 0;
	while (left > 0) {
		size_t k = prng_below(by.prng, n);
		bool late = at[k] == parts[k].end;
		uint64_t begin = 0;
		uint64_t end = parts[k].end;

		assert_true(tries++ < TRIES_MAX);
		if (whole[k] || end == 0)
			continue;
		if (!late) {
			begin = prng_below(by.prng, at[k] + 1);
			end = at[k] + 1 + prng_below(by.prng, end - at[k]);
		}
		by.bare = !late && prng_below(by.prng, 2) == 0;
		if (!ferry_log(&by, parts[k].no, begin, end))
			continue;
		at[k] = end;
		whole[k] = late;
		left -= late;
	}
}

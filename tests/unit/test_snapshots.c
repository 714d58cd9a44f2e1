/*
 * Stores that go back in time, and stores that are copied, at any moment and in
 * any way: with what is beside them, so that they cannot notice, or without.
 * Whatever any store still holds when all meet in the end is in the state of
 * all; no place of a log is used twice by who could have noticed; and where it
 * was, everybody holds the proof.
 *
 * SEED=n runs the one case of that seed, CASES=n so many.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/file.h"
#include "proto/mem.h"
#include "tests/lib/places.h"
#include "tests/lib/wire.h"

enum {
	CASES = 60,
	STORES = 4, /* made at first; 0 is the founder */
	CLONES = 2, /* made on the way */
	STEPS = 40,
	SNAPSHOTS = 6,
	WRITES_MAX = 3 * STEPS,
	FILE_MAX = 1 << 28,
	ROUNDS = 6,
	MARK_TXN_AT = 40,
};

/* The log that a store wrote last in each space; zeros: none. */
struct writing {
	struct log_id logs[PLACES_SPACES];
};

/* What a store was at some moment. */
struct snapshot {
	size_t node;
	struct writing writing;
	struct buf data;
	struct buf mark;
};

struct note {
	struct record_id record;
	const char *space;
};

struct story {
	struct town town;
	struct prng prng;
	size_t self[STORES + CLONES]; /* whose keys it has */
	bool blind[STORES + CLONES];  /* it cannot know that it went back */
	struct writing writing[STORES + CLONES];
	struct places heard[STORES + CLONES];
	struct places ever; /* all that was ever written */
	struct snapshot snapshots[SNAPSHOTS];
	size_t snapshots_n;
	struct note notes[WRITES_MAX]; /* its number is its value */
	size_t notes_n;
	size_t forks;  /* places that were used twice */
	size_t redone; /* admissions that others held all the time */
};

/* ---- what happens ------------------------------------------------------- */

static char *
path_of(struct story *s, size_t i, const char *name)
{
	return file_path(s->town.nodes[i].dir, name);
}

static void
file_get(struct story *s, size_t i, const char *name, struct buf *content)
{
	char *path = path_of(s, i, name);
	enum err e;

	buf_cut(content, 0);
	e = file_read(path, FILE_MAX, content);
	/* A mark may have been taken away, and nothing written since. */
	assert_true(e == ERR_OK || e == ERR_NOT_FOUND);
	mem_free(path);
}

/* Writes `content` over the file, which stays the same file, or makes it. */
static void
file_set(struct story *s, size_t i, const char *name, const struct buf *content)
{
	char *path = path_of(s, i, name);
	FILE *f = fopen(path, "wb");

	assert_non_null(f);
	assert_int_equal(fwrite(content->p, 1, content->n, f), content->n);
	assert_int_equal(fclose(f), 0);
	mem_free(path);
}

static void
file_drop(struct story *s, size_t i, const char *name)
{
	char *path = path_of(s, i, name);
	enum err e = file_remove(path);

	assert_true(e == ERR_OK || e == ERR_NOT_FOUND);
	mem_free(path);
}

/* What node `i` has written just now: is it where nothing was? */
static void
written(struct story *s, size_t i)
{
	struct places held = {0};

	places_held(&s->town, i, &held);
	for (size_t k = 0; k < held.n; k++) {
		const struct place *place = &held.all[k];

		if (places_have(&s->ever, place))
			continue;
		if (places_differ(&s->ever, place)) {
			s->forks++;
			assert_true(s->blind[i]);
			assert_false(places_differ(&s->heard[i], place));
		}
		places_add(&s->ever, place);
		s->writing[i].logs[place->space] = place->log;
	}
	places_fini(&held);
}

/* A new record, or a note more on one. */
static void
write_note(struct story *s, size_t i)
{
	struct store_edit edit = town_edit(
	    OP_APPEND, "diary", town_int((int64_t)s->notes_n));
	struct store_write write = {.edits = &edit, .edits_n = 1};
	struct note *note = &s->notes[s->notes_n];
	struct arena arena = {0};
	struct record record;
	bool changed;
	enum err e;

	note->space =
	    places_spaces[1 + prng_below(&s->prng, PLACES_SPACES - 1)];
	write.create = true;
	write.collection = bytes_text("card");
	if (s->notes_n > 0 && prng_below(&s->prng, 2) == 0) {
		*note = s->notes[prng_below(&s->prng, s->notes_n)];
		write.create = !town_get(
		    &s->town, i, note->space, &note->record, &arena, &record);
		write.record = note->record;
	}
	write.space = town_space(note->space);
	e = town_write(&s->town, i, &write, &note->record, &changed);
	arena_fini(&arena);
	/* It need not know yet that it may. */
	assert_true(e == ERR_OK || e == ERR_DENIED);
	s->notes_n += e == ERR_OK;
	written(s, i);
}

static void
snapshot_take(struct story *s, size_t i)
{
	struct snapshot *snapshot;

	snapshot = s->snapshots_n < SNAPSHOTS
		       ? &s->snapshots[s->snapshots_n++]
		       : &s->snapshots[prng_below(&s->prng, SNAPSHOTS)];
	town_close(&s->town, i);
	snapshot->node = i;
	snapshot->writing = s->writing[i];
	file_get(s, i, "data.mdb", &snapshot->data);
	file_get(s, i, "mark", &snapshot->mark);
	(void)town_open(&s->town, i);
}

/* A store is what it was.  It may notice by its mark, unless that went back
 * with it, or is of a time that lies before. */
static void
go_back(struct story *s)
{
	const struct snapshot *snapshot;
	struct buf mark = {0};
	size_t i;

	if (s->snapshots_n == 0)
		return;
	snapshot = &s->snapshots[prng_below(&s->prng, s->snapshots_n)];
	i = snapshot->node;
	town_close(&s->town, i);
	file_get(s, i, "mark", &mark);
	s->blind[i] = false;
	switch (prng_below(&s->prng, 4)) {
	case 0: /* the data alone */
		file_set(s, i, "data.mdb", &snapshot->data);
		s->blind[i] = mark.n > 0 && snapshot->mark.n > 0 &&
			      bytes_be64(snapshot->mark.p + MARK_TXN_AT) >=
				  bytes_be64(mark.p + MARK_TXN_AT);
		break;
	case 1: /* as the guide says */
		file_set(s, i, "data.mdb", &snapshot->data);
		file_drop(s, i, "mark");
		break;
	default: /* a whole machine */
		file_set(s, i, "data.mdb", &snapshot->data);
		file_set(s, i, "mark", &snapshot->mark);
		s->blind[i] = snapshot->mark.n > 0;
		break;
	}
	s->writing[i] = snapshot->writing;
	places_fini(&s->heard[i]);
	buf_fini(&mark);
	(void)town_open(&s->town, i);
	/* Before anybody can tell it. */
	if (prng_below(&s->prng, 2) == 0)
		write_note(s, i);
}

/* The mark says that it belongs to the data file as it lies there now. */
static void
mark_forge(struct story *s, size_t i)
{
	struct buf mark = {0};
	struct file_stat stat;
	char *data = path_of(s, i, "data.mdb");

	file_get(s, i, "mark", &mark);
	assert_int_equal(file_stat(data, &stat), ERR_OK);
	assert_int_equal(mark.n, MARK_TXN_AT + 16);
	bytes_put_be64(mark.p + 24, stat.device);
	bytes_put_be64(mark.p + 32, stat.inode);
	bytes_put_be64(
	    mark.p + 48, bytes_checksum(bytes_first(buf_bytes(&mark), 48)));
	file_set(s, i, "mark", &mark);
	mem_free(data);
	buf_fini(&mark);
}

/* A copy of a store goes to work beside it; it may notice, or not. */
static void
clone(struct story *s)
{
	static const char *const files[] = {
	    "data.mdb", "mark", "identity", "lock"};
	size_t from = prng_below(&s->prng, STORES);
	size_t to = s->town.n;
	struct buf content = {0};
	char name[16];
	bool marked = false;

	if (to == STORES + CLONES)
		return;
	s->town.n++;
	(void)snprintf(name, sizeof(name), "clone%zu", to);
	(void)snprintf(s->town.nodes[to].dir, sizeof(s->town.nodes[to].dir),
	    "%s", tempdir_at(&s->town.dir, name));
	assert_int_equal(file_make_dir(s->town.nodes[to].dir), ERR_OK);
	town_close(&s->town, from);
	for (size_t i = 0; i < COUNT_OF(files); i++) {
		file_get(s, from, files[i], &content);
		file_set(s, to, files[i], &content);
		marked = marked || (content.n > 0 && i == 1);
	}
	s->self[to] = from;
	s->writing[to] = s->writing[from];
	if (marked && prng_below(&s->prng, 2) == 0) {
		mark_forge(s, to);
		s->blind[to] = true;
		s->blind[from] = true;
	}
	buf_fini(&content);
	(void)town_open(&s->town, from);
	(void)town_open(&s->town, to);
	if (prng_below(&s->prng, 2) == 0) {
		write_note(s, from);
		write_note(s, to);
	}
}

static void
admit(struct story *s, size_t i)
{
	assert_int_equal(town_admit(&s->town, 0, i), ERR_OK);
	assert_int_equal(
	    town_grant(&s->town, 0, i, "", "read:NPSF,write", ""), ERR_OK);
	written(s, 0);
}

/* Node `i` held `before`.  When it was given something of a log that it writes,
 * it knows that it went back. */
static void
notice(struct story *s, size_t i, struct places *before)
{
	struct places held = {0};

	places_held(&s->town, i, &held);
	for (size_t k = 0; k < held.n; k++) {
		const struct place *place = &held.all[k];

		if (memcmp(&s->writing[i].logs[place->space], &place->log,
			sizeof(place->log)) == 0 &&
		    !places_have(before, place))
			s->blind[i] = false;
	}
	places_fini(&held);
	places_fini(before);
}

/* One session, if both let each other in.  A store does not talk to itself. */
static void
meet(struct story *s, size_t a, size_t b)
{
	struct places before[2] = {0};
	struct wire wire;
	bool well = true;

	if (s->self[a] == s->self[b])
		return;
	places_held(&s->town, a, &before[0]);
	places_held(&s->town, b, &before[1]);
	wire_open(&wire, &s->town, a, b, true);
	wire_run(&wire, 1);
	for (size_t i = 0; i < 2; i++) {
		enum err e = wire.ends[i].fault.code;

		if (e != ERR_OK && e != ERR_DENIED && e != ERR_PEER)
			print_error("%s\n", wire.ends[i].fault.text);
		assert_true(e == ERR_OK || e == ERR_DENIED || e == ERR_PEER);
		well = well && e == ERR_OK &&
		       session_is_done(wire.ends[i].session);
	}
	wire_close(&wire);
	notice(s, a, &before[0]);
	notice(s, b, &before[1]);
	if (!well)
		return;
	places_held(&s->town, b, &s->heard[a]);
	places_held(&s->town, a, &s->heard[b]);
}

static void
step(struct story *s)
{
	size_t i = prng_below(&s->prng, s->town.n);

	s->town.now_ms += 1 + prng_below(&s->prng, 1000);
	switch (prng_below(&s->prng, 16)) {
	case 0:
		admit(s, 1 + prng_below(&s->prng, STORES - 1));
		break;
	case 1:
	case 2:
		snapshot_take(s, i);
		break;
	case 3:
	case 4:
		go_back(s);
		break;
	case 5:
		clone(s);
		break;
	case 6:
	case 7:
	case 8:
	case 9:
	case 10:
		meet(s, i, prng_below(&s->prng, s->town.n));
		break;
	default:
		write_note(s, i);
		break;
	}
}

/* ---- what must be so in the end ----------------------------------------- */

/* Which notes node `i` shows. */
static void
notes_shown(struct story *s, size_t i, bool shown[WRITES_MAX])
{
	for (size_t k = 0; k < s->notes_n; k++) {
		struct arena arena = {0};
		struct record record;

		if (town_get(&s->town, i, s->notes[k].space,
			&s->notes[k].record, &arena, &record) &&
		    town_has(
			&record, "diary", KIND_NOTES, town_int((int64_t)k)))
			shown[k] = true;
		arena_fini(&arena);
	}
}

static bool
all_alike(struct story *s)
{
	struct buf first = {0};
	struct buf other = {0};
	bool alike = true;

	town_digests(&s->town, 0, &first);
	for (size_t i = 1; i < s->town.n; i++) {
		buf_cut(&other, 0);
		town_digests(&s->town, i, &other);
		alike = alike &&
			bytes_equal(buf_bytes(&first), buf_bytes(&other));
	}
	buf_fini(&first);
	buf_fini(&other);
	return alike;
}

/* Where a place was used twice, everybody has the proof. */
static void
proofs_held(struct story *s, size_t i, const struct places *all)
{
	struct store *store = town_store(&s->town, i);
	struct space_state **states;
	size_t n;

	assert_int_equal(store_begin(store, false), ERR_OK);
	assert_int_equal(space_all(store_txn(store), &states, &n), ERR_OK);
	for (size_t k = 0; k < n; k++) {
		struct log **logs;
		size_t logs_n;

		assert_int_equal(
		    oplog_all(store_txn(store), states[k], &logs, &logs_n),
		    ERR_OK);
		for (size_t l = 0; l < logs_n; l++)
			assert_int_equal(logs[l]->forked,
			    places_twice(all, &logs[l]->trunk));
	}
	store_abort(store);
}

/* Everybody meets everybody, so often that all is said. */
static void
rounds(struct story *s)
{
	for (int round = 0; round < ROUNDS && !all_alike(s); round++) {
		for (size_t a = 0; a < s->town.n; a++) {
			for (size_t b = 0; b < a; b++)
				meet(s, a, b);
		}
	}
}

/* Does node `by` take node `whom` for a member? */
static bool
knows(struct story *s, size_t by, size_t whom)
{
	struct store *store = town_store(&s->town, by);
	struct sign_key key = town_key(&s->town, whom);
	const struct authority *authority;
	const struct member *member;
	bool known;

	assert_int_equal(store_begin(store, false), ERR_OK);
	assert_int_equal(store_authority(store, &authority), ERR_OK);
	member = authority_member(authority, &key);
	known = member != NULL && member->counts;
	store_abort(store);
	return known;
}

/* Who is no member for the founder, because nobody who knows better has met it,
 * or because it was admitted where root's log forks, is admitted. */
static void
admit_rest(struct story *s, struct places *left)
{
	for (size_t i = 1; i < STORES; i++) {
		if (knows(s, 0, i))
			continue;
		s->redone += knows(s, i, i);
		admit(s, i);
	}
	places_held(&s->town, 0, left);
}

/* What node `i` holds and shows, now that all have met. */
static void
end_check(struct story *s, size_t i, const struct places *left,
    const bool shown[WRITES_MAX])
{
	struct places held = {0};
	bool now[WRITES_MAX] = {0};
	bool central = false;

	places_held(&s->town, i, &held);
	notes_shown(s, i, now);
	for (size_t k = 0; k < left->n; k++) {
		assert_true(places_have(&held, &left->all[k]));
	}
	/* Rights that stand where root's log is forked give nothing. */
	for (size_t k = 0; k < left->n; k++)
		central = central || (left->all[k].space == 0 &&
					 places_twice(left, &left->all[k].log));
	for (size_t k = 0; k < s->notes_n && !central; k++)
		assert_true(now[k] || !shown[k]);
	proofs_held(s, i, left);
	wire_assert_sound(&s->town, i);
	places_fini(&held);
}

static void
all_meet(struct story *s)
{
	struct places left = {0};
	bool shown[WRITES_MAX] = {0};

	for (size_t i = 0; i < s->town.n; i++) {
		places_held(&s->town, i, &left);
		notes_shown(s, i, shown);
	}
	rounds(s);
	admit_rest(s, &left);
	rounds(s);
	assert_true(all_alike(s));
	for (size_t i = 0; i < s->town.n; i++)
		end_check(s, i, &left, shown);
	places_fini(&left);
}

static void
story_run(uint64_t seed, size_t *forks, size_t *redone)
{
	struct story s = {.prng = {seed}};

	town_init(&s.town, seed);
	while (s.town.n < STORES) {
		size_t i = town_join(&s.town);

		s.self[i] = i;
	}
	for (size_t i = 1; i < STORES - 1; i++) {
		admit(&s, i);
		town_copy(&s.town, 0, i);
	}
	for (size_t i = 0; i < STEPS; i++)
		step(&s);
	all_meet(&s);
	for (size_t i = 0; i < SNAPSHOTS; i++) {
		buf_fini(&s.snapshots[i].data);
		buf_fini(&s.snapshots[i].mark);
	}
	for (size_t i = 0; i < STORES + CLONES; i++)
		places_fini(&s.heard[i]);
	places_fini(&s.ever);
	town_fini(&s.town);
	*forks += s.forks;
	*redone += s.redone;
}

static uint64_t
wanted(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);

	return text != NULL ? strtoull(text, NULL, 10) : otherwise;
}

static void
nothing_that_is_left_is_lost(void **state)
{
	uint64_t first = wanted("SEED", 1);
	uint64_t n = wanted("CASES", getenv("SEED") != NULL ? 1 : CASES);
	size_t forks = 0;
	size_t redone = 0;

	(void)state;
	for (uint64_t seed = first; seed < first + n; seed++) {
		print_message("SEED=%llu\n", (unsigned long long)seed);
		story_run(seed, &forks, &redone);
	}
	print_message("%llu cases, %zu places used twice, %zu admissions "
		      "redone\n",
	    (unsigned long long)n, forks, redone);
	assert_true(n == 1 || forks > 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(nothing_that_is_left_is_lost),
	};

	return cmocka_run_group_tests_name("snapshots", tests, NULL, NULL);
}

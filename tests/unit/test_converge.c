/*
 * Whatever is written at the doors of several stores, and in whatever order it
 * travels: who holds the same logs shows the same, and what the logs say is all
 * that is shown.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/rebuild.h"
#include "tests/lib/town.h"

enum { NODES = 4, RECORDS = 6, STEPS = 90, SEEDS = 12, TOKENS = 8 };

static const char *const spaces[] = {"d03/c017/case", "d03/c017/volunteer"};

/* A city at work. */
struct work {
	struct town town;
	struct prng prng;
	struct record_id ids[RECORDS];
	const char *in[RECORDS];
	size_t records_n;
	/* Forms that lie open on desks. */
	struct buf tokens[TOKENS];
	size_t token_of[TOKENS];
};

static const enum op_code codes[] = {OP_SET, OP_SET, OP_SET, OP_CLEAR, OP_ADD,
    OP_ADD, OP_REMOVE, OP_COUNT, OP_APPEND, OP_MOVE};
static const char *const fields[] = {"name", "phone", "tags"};
static const char *const words[] = {"가", "나", "다", "라"};

static size_t
below(struct work *work, size_t n)
{
	return (size_t)prng_below(&work->prng, n);
}

static struct store_edit
edit_any(struct work *work)
{
	enum op_code code = codes[below(work, COUNT_OF(codes))];
	struct store_edit edit = town_edit(code,
	    fields[below(work, COUNT_OF(fields))],
	    code == OP_COUNT ? town_int((int64_t)below(work, 9) - 4)
			     : town_text(words[below(work, COUNT_OF(words))]));

	edit.class = (enum delta_class)below(work, CLASS_COUNT);
	return edit;
}

/* Node `i` writes something to a record that it sees, if it sees one. */
static void
write_any(struct work *work, size_t i)
{
	size_t r = below(work, work->records_n);
	size_t t = below(work, TOKENS);
	size_t what = below(work, 20);
	struct store_edit edits[3];
	struct store_write write = {.space = town_space(work->in[r]),
	    .record = work->ids[r],
	    .edits = edits,
	    .edits_n = 1 + below(work, COUNT_OF(edits))};
	struct arena arena = {0};
	struct record record;
	struct record_id same;
	bool changed;
	enum err e;

	for (size_t k = 0; k < COUNT_OF(edits); k++)
		edits[k] = edit_any(work);
	if (what < 2) {
		write.act = what == 0 ? ACT_DELETE : ACT_KEEP;
		write.edits_n = 0;
	}
	write.resolve = what == 2;
	if (what >= 10 && work->token_of[t] == r)
		write.token = buf_bytes(&work->tokens[t]);
	e = town_write(&work->town, i, &write, &same, &changed);
	/* Not here yet, deleted, a field twice, a token of elsewhere. */
	if (e != ERR_NOT_FOUND && e != ERR_INVALID)
		assert_int_equal(e, ERR_OK);
	if (town_get(
		&work->town, i, work->in[r], &work->ids[r], &arena, &record)) {
		buf_cut(&work->tokens[t], 0);
		store_token(&record, &work->tokens[t]);
		work->token_of[t] = r;
	}
	arena_fini(&arena);
}

/* Something of what one node holds comes to another. */
static void
carry_any(struct work *work)
{
	struct town_cargo cargo = {
	    .deltas_max = below(work, 3) == 0 ? 0 : 1 + below(work, 40),
	    .bare = below(work, 6) == 0,
	    .strangers = true};
	size_t from = below(work, NODES);
	size_t to = below(work, NODES);

	if (below(work, 2) == 0)
		cargo.space = spaces[below(work, COUNT_OF(spaces))];
	if (from != to)
		town_carry(&work->town, from, to, &cargo);
}

static void
step(struct work *work)
{
	size_t i = below(work, NODES);

	work->town.now_ms += below(work, 3) == 0 ? 0 : below(work, 100000);
	if (below(work, 40) == 0)
		work->town.now_ms -= 3600000; /* somebody sets the clock */
	if (work->records_n < RECORDS &&
	    (work->records_n == 0 || below(work, 6) == 0)) {
		const char *in = spaces[below(work, COUNT_OF(spaces))];

		work->ids[work->records_n] = town_create(
		    &work->town, i, in, words[below(work, COUNT_OF(words))]);
		work->in[work->records_n++] = in;
	} else if (below(work, 3) > 0) {
		write_any(work, i);
	} else {
		carry_any(work);
	}
}

static void
found_print(void *arg, enum err code, const char *text)
{
	(void)arg;
	print_error("%s: %s\n", err_name(code), text);
}

/* Nothing is wrong, and the logs alone give what is shown. */
static void
assert_sound(struct town *town, size_t i)
{
	struct fsck_watch watch = {.found = found_print};
	struct fsck_report report = {0};
	struct store *store = town_store(town, i);
	struct buf before = {0};
	struct buf after = {0};

	assert_int_equal(store_begin(store, false), ERR_OK);
	assert_int_equal(fsck_run(store, &watch, &report), ERR_OK);
	store_abort(store);
	assert_int_equal(report.found, 0);
	assert_true(report.deltas > 0 && report.records > 0);
	town_digests(town, i, &before);
	town_close(town, i);
	assert_int_equal(
	    store_open_alone(town->nodes[i].dir, &town->host, &store), ERR_OK);
	town->nodes[i].store = store;
	assert_int_equal(rebuild_run(store, NULL), ERR_OK);
	town_digests(town, i, &after);
	assert_int_equal(before.n, after.n);
	assert_memory_equal(before.p, after.p, after.n);
	buf_fini(&before);
	buf_fini(&after);
}

static void
run(uint64_t seed)
{
	static struct work work;

	memset(&work, 0, sizeof(work));
	work.prng.seed = seed;
	town_init(&work.town, seed);
	for (size_t i = 1; i < NODES; i++)
		(void)town_member(&work.town, "d03", "read:NPSF,hold,write");
	for (size_t i = 1; i < NODES; i++)
		town_carry(&work.town, 0, i,
		    &(struct town_cargo){.space = "authority"});
	for (size_t i = 0; i < STEPS; i++)
		step(&work);
	for (size_t round = 0; round < 2; round++) {
		town_meet(&work.town);
		for (size_t a = 0; a < NODES; a++) {
			for (size_t b = 0; b < NODES; b++) {
				if (a != b)
					town_carry(&work.town, a, b,
					    &(struct town_cargo){
						.bodies = true});
			}
		}
	}
	town_assert_equal(&work.town, 0);
	for (size_t i = 0; i < NODES; i++)
		assert_sound(&work.town, i);
	town_assert_equal(&work.town, 0);
	for (size_t t = 0; t < TOKENS; t++)
		buf_fini(&work.tokens[t]);
	town_fini(&work.town);
}

static void
stores_that_hold_the_same_logs_show_the_same(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= SEEDS; seed++) {
		print_message("# seed %llu\n", (unsigned long long)seed);
		run(seed);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(stores_that_hold_the_same_logs_show_the_same),
	};

	return cmocka_run_group_tests_name("converge", tests, NULL, NULL);
}

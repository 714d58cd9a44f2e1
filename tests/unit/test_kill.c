/*
 * P1 against kill -9: what a process that was killed had acknowledged is there,
 * and the store is whole.  GOLMOK_KILLS says how often (40).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <signal.h>
#include <unistd.h>

#include "core/file.h"
#include "core/founder.h"
#include "core/rebuild.h"
#include "tests/lib/child.h"
#include "tests/lib/desk.h"

enum {
	KILLS = 40,
	KILLS_MAX = 100000,
	ACKS_ROOM = 256 * 1024,
	WRITES_MAX = 24,
	SPINS_MAX = 4 * 1000 * 1000
};

static const char space_name[] = "d03/c017/case";

/* What the child says after each commit. */
struct ack {
	struct record_id id;
	uint64_t version; /* of the field `visit` of the first record */
};

struct acks {
	struct desk desk;
	struct record_id first;
	uint64_t version; /* the last that was acknowledged */
	unsigned unheard; /* kills between a commit and its ack */
	struct record_id ids[ACKS_ROOM];
	size_t n;
};

static unsigned
rounds(void)
{
	const char *text = getenv("GOLMOK_KILLS");
	unsigned long n = text != NULL ? strtoul(text, NULL, 10) : KILLS;

	return n > 0 && n <= KILLS_MAX ? (unsigned)n : KILLS;
}

/* Lets some time go by, not always the same. */
static void
spin(struct prng *prng, uint64_t max)
{
	volatile uint64_t left = prng_below(prng, max);

	while (left > 0)
		left--;
}

static uint64_t
write_one(struct desk *desk, const struct record_id *first, uint64_t version,
    struct record_id *id)
{
	char text[32];
	struct store_edit edit;

	(void)snprintf(
	    text, sizeof(text), "%llu", (unsigned long long)version + 1);
	edit = desk_text(OP_SET, CLASS_N, "visit", text);
	desk_begin(desk, true);
	*id = desk_create(desk, space_name, "김 할머니");
	desk_edit(desk, space_name, first, &edit, NULL);
	desk_commit(desk);
	return version + 1;
}

/* Writes until it is killed. */
static bool
write_on(struct child *test, void *arg)
{
	struct acks *acks = arg;
	struct ack ack = {.version = acks->version};

	desk_open(&acks->desk, false);
	for (;;) {
		ack.version = write_one(
		    &acks->desk, &acks->first, ack.version, &ack.id);
		if (write(test->out, &ack, sizeof(ack)) != sizeof(ack))
			return false;
	}
}

static void
acks_read(struct acks *acks, struct child *child, uint64_t n)
{
	struct ack ack;

	while (n > 0 && read(child->in, &ack, sizeof(ack)) == sizeof(ack)) {
		assert_true(acks->n < COUNT_OF(acks->ids));
		acks->ids[acks->n++] = ack.id;
		acks->version = ack.version;
		n--;
	}
}

static uint64_t
version_of(struct acks *acks)
{
	struct arena arena = {0};
	struct record record;
	struct space space;
	const struct record_field *field;
	uint64_t version = 0;

	assert_int_equal(id_space(bytes_text(space_name), &space), ERR_OK);
	assert_int_equal(
	    store_get(acks->desk.store, &space, &acks->first, &arena, &record),
	    ERR_OK);
	field = merge_find(&record, bytes_text("visit"), KIND_REGISTER);
	if (field != NULL) {
		assert_int_equal(field->n, 1);
		for (size_t i = 1; i < field->values[0].value.n; i++)
			version = version * 10 + field->values[0].value.p[i] -
				  '0';
	}
	arena_fini(&arena);
	return version;
}

/* All that was acknowledged is there, and at most one write more. */
static void
acks_check(struct acks *acks)
{
	struct store *store = acks->desk.store;
	struct space space;
	uint64_t version;

	desk_begin(&acks->desk, false);
	for (size_t i = 0; i < acks->n; i++)
		assert_int_equal(
		    store_locate(store, &acks->ids[i], &space), ERR_OK);
	version = version_of(acks);
	assert_true(version >= acks->version);
	acks->unheard += version > acks->version;
	acks->version = version;
	assert_int_equal(
	    fsck_heads(store, &store_identity(store)->key), ERR_OK);
	store_abort(store);
	assert_int_equal(desk_check(&acks->desk, true), 0);
}

static void
what_a_killed_writer_acknowledged_is_there(void **state)
{
	static struct acks acks;
	struct prng prng = {21};
	unsigned all = rounds();

	(void)state;
	desk_found(&acks.desk, 3);
	desk_begin(&acks.desk, true);
	acks.first = desk_create(&acks.desk, space_name, "이 할아버지");
	desk_commit(&acks.desk);
	for (unsigned round = 0; round < all; round++) {
		struct child child;

		desk_close(&acks.desk);
		/* The child must not draw what another drew. */
		acks.desk.prng.seed = prng_u64(&prng);
		acks.desk.now_ms += 60 * 1000;
		child_start(&child, write_on, &acks);
		acks_read(&acks, &child, prng_below(&prng, WRITES_MAX));
		spin(&prng, SPINS_MAX);
		assert_int_equal(kill(child.pid, SIGKILL), 0);
		acks_read(&acks, &child, UINT64_MAX);
		assert_false(child_end(&child));
		desk_open(&acks.desk, false);
		acks_check(&acks);
		acks.desk.prng.seed = prng_u64(&prng);
		desk_begin(&acks.desk, true);
		/* That was no restore. */
		assert_int_equal(store_news(acks.desk.store), OPEN_NEW);
		store_abort(acks.desk.store);
	}
	print_message("# %zu acknowledged, %u committed and not said\n", acks.n,
	    acks.unheard);
	desk_fini(&acks.desk);
}

static bool
create(struct child *test, void *arg)
{
	struct desk *desk = arg;
	struct store_plan plan = {.dir = desk->path,
	    .host = &desk->host,
	    .found = bytes_text("서울"),
	    .label = bytes_text("시청")};

	if (test != NULL)
		child_signal(test);
	return founder_create(&plan) == ERR_OK;
}

static void
a_killed_founder_leaves_a_whole_store_or_none(void **state)
{
	struct prng prng = {22};
	unsigned all = rounds() / 2 + 1;
	unsigned none = 0;

	(void)state;
	for (unsigned round = 0; round < all; round++) {
		struct desk desk;
		struct child child;
		struct file_stat stat;
		enum err e;

		desk_host(&desk, round);
		tempdir_init(&desk.dir);
		(void)snprintf(
		    desk.path, sizeof(desk.path), "%s/store", desk.dir.path);
		child_start(&child, create, &desk);
		assert_true(child_await(&child));
		spin(&prng, 10 * SPINS_MAX);
		assert_int_equal(kill(child.pid, SIGKILL), 0);
		(void)!child_end(&child);
		e = file_stat(desk.path, &stat);
		if (e == ERR_NOT_FOUND) {
			none++;
			assert_int_equal(
			    store_open(desk.path, &desk.host, &desk.store),
			    ERR_NOT_FOUND);
			assert_true(create(NULL, &desk));
		}
		desk_open(&desk, false);
		desk_begin(&desk, true);
		(void)desk_create(&desk, space_name, "박");
		desk_commit(&desk);
		assert_int_equal(desk_check(&desk, true), 0);
		desk_fini(&desk);
	}
	print_message("# %u of %u were killed before the end\n", none, all);
}

/* A rebuild that is killed at a given step. */
struct cut {
	struct desk desk;
	uint64_t step;
};

static void
on_progress(void *arg, uint64_t done, uint64_t all)
{
	const struct cut *cut = arg;

	(void)all;
	if (done == cut->step)
		assert(raise(SIGKILL) == 0);
}

static bool
rebuild(struct child *test, void *arg)
{
	struct cut *cut = arg;
	struct fsck_watch watch = {.progress = on_progress, .arg = cut};

	(void)test;
	desk_open(&cut->desk, true);
	return rebuild_run(cut->desk.store, &watch) == ERR_OK;
}

static void
a_killed_rebuild_is_noticed_and_done_again(void **state)
{
	static struct cut cut;
	struct buf before = {0};
	struct buf after = {0};
	unsigned refused = 0;

	(void)state;
	desk_found(&cut.desk, 4);
	for (unsigned i = 0; i < 30; i++) {
		desk_begin(&cut.desk, true);
		for (unsigned k = 0; k < 50; k++)
			(void)desk_create(&cut.desk, space_name, "최씨 댁");
		desk_commit(&cut.desk);
	}
	desk_text_all(&cut.desk, &before);
	for (cut.step = 1; cut.step < 130; cut.step += 9) {
		struct child child;
		enum err e;

		desk_close(&cut.desk);
		child_start(&child, rebuild, &cut);
		(void)!child_end(&child);
		desk_open(&cut.desk, true);
		e = store_begin(cut.desk.store, false);
		store_abort(cut.desk.store);
		assert_true(e == ERR_OK || e == ERR_CORRUPT);
		refused += e == ERR_CORRUPT;
		if (e == ERR_CORRUPT)
			assert_int_equal(
			    rebuild_run(cut.desk.store, NULL), ERR_OK);
		buf_cut(&after, 0);
		desk_text_all(&cut.desk, &after);
		assert_int_equal(before.n, after.n);
		assert_memory_equal(before.p, after.p, before.n);
		assert_int_equal(desk_check(&cut.desk, true), 0);
	}
	assert_true(refused > 0);
	buf_fini(&before);
	buf_fini(&after);
	desk_fini(&cut.desk);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_a_killed_writer_acknowledged_is_there),
	    cmocka_unit_test(a_killed_founder_leaves_a_whole_store_or_none),
	    cmocka_unit_test(a_killed_rebuild_is_noticed_and_done_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * P10 against single wrong bits: in the data of a store and in its key files,
 * before it is opened and while it is open.  Every read then gives what it gave
 * before or an error; a peer takes nothing wrong; fsck tells what lives there;
 * and `golmok repair` with one peer brings all back.
 *
 *	bitrot FLIPS SEED [AT]
 *
 * Each flip is played in processes of its own, so that one that dies is counted
 * and not feared.  FLIPS are drawn from SEED; AT plays one of them again.
 */
#define _XOPEN_SOURCE 700
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/file.h"
#include "core/packing.h"
#include "core/repair.h"
#include "core/tree.h"
#include "proto/mem.h"
#include "tests/crash/answer.h"
#include "tests/lib/stick.h"
#include "tests/lib/wire.h"

#define CASES "d03/c017/case"
#define OTHERS "d03/c017/volunteer"

enum {
	RECORDS = 48,
	ANSWERS = 2 * RECORDS + 3,
	FILE_MAX = 1 << 28,
	/* Of so many flips one is tried on a session and on a bundle. */
	TALK_EVERY = 4,
	/* Of so many one hits a file beside the data. */
	KEYS_EVERY = 8,
};

/* What a process says of itself by its exit status. */
enum outcome {
	RIGHT = 0,    /* all is as it was */
	TOLD = 10,    /* an error said so */
	WRONG = 20,   /* something was wrong, and nobody said so */
	HELPED = 30,  /* right, after a peer helped */
	STRANGE = 255 /* a helper of the tests gave up */
};

/* Who is who in the town. */
enum { FOUNDER, WRITER, PEER, FRESH };

struct rot {
	struct town town;
	struct buf answers[ANSWERS]; /* of the sound store */
	struct record_id ids[RECORDS];
	const char *spaces[RECORDS];
	struct buf data; /* of the writer, and its other files */
	struct buf identity;
	struct buf mark;
	char origin[TEMPDIR_PATH_SIZE * 2]; /* of the writer's store */
	char work[TEMPDIR_PATH_SIZE * 2];
	/* The flip at hand. */
	const char *file;
	uint64_t bit;
	bool live; /* it happens while the store is open */
	/* Counts. */
	unsigned quiet, told, unread, crashes, wrong;
	unsigned alone, helped, lost, keys;
	unsigned talks, bundles;
};

static struct rot rot;
static const struct answer_of asked = {.ids = rot.ids,
    .spaces = rot.spaces,
    .n = RECORDS,
    .scanned = {CASES, OTHERS}};

/* ---- the city ----------------------------------------------------------- */

static void
record_write(size_t i, struct prng *prng)
{
	static char text[3000];
	const struct record_id *id = &rot.ids[i];
	uint64_t n = prng_below(prng, 4);

	rot.spaces[i] = i % 3 == 0 ? OTHERS : CASES;
	(void)snprintf(text, sizeof(text), "이름 %zu", i);
	rot.ids[i] = town_create(&rot.town, WRITER, rot.spaces[i], text);
	while (n-- > 0) {
		size_t size = 3 + 3 * prng_below(prng, n == 0 ? 900 : 60);

		for (size_t k = 0; k + 3 <= size; k += 3)
			memcpy(text + k, "\xea\xb0\x80", 3);
		text[size / 3 * 3] = '\0';
		(void)town_patch(&rot.town, WRITER, rot.spaces[i], id,
		    town_edit(OP_APPEND, "diary", town_text(text)));
		(void)town_patch(&rot.town, WRITER, rot.spaces[i], id,
		    town_edit(OP_SET, "visit", town_int((int64_t)n)));
	}
}

static void
pack(void)
{
	struct packing packing = {.rest = true};
	struct store *store = town_store(&rot.town, WRITER);

	assert_int_equal(store_begin(store, true), ERR_OK);
	while (!packing.ended)
		assert_int_equal(
		    packing_some(store_txn(store), &packing, 100), ERR_OK);
	assert_int_equal(store_commit(store), ERR_OK);
	assert_true(packing.deltas > 0);
}

static void
load(const char *dir, const char *name, struct buf *content)
{
	char *path = file_path(dir, name);

	buf_cut(content, 0);
	assert_int_equal(file_read(path, FILE_MAX, content), ERR_OK);
	mem_free(path);
}

/* Over what is there, so that it stays the same file. */
static void
save(const char *dir, const char *name, const struct buf *content)
{
	char *path = file_path(dir, name);
	FILE *file = fopen(path, "wb");

	assert_non_null(file);
	assert_int_equal(fwrite(content->p, 1, content->n, file), content->n);
	assert_int_equal(fclose(file), 0);
	mem_free(path);
}

static void
city_make(void)
{
	struct prng prng = {7};
	struct town *town = &rot.town;

	town_init(town, 11);
	for (size_t i = WRITER; i <= PEER; i++)
		assert_int_equal(town_member(town, "", "read:NPSF,write"), i);
	assert_int_equal(town_member(town, "", "read:NPSF,hold"), FRESH);
	town_meet(town);
	for (size_t i = 0; i < RECORDS; i++)
		record_write(i, &prng);
	wire_sync(town, WRITER, PEER);
	/* Some of it written elsewhere, some in conflict, some deleted. */
	(void)town_patch(town, PEER, CASES, &rot.ids[1],
	    town_edit(OP_SET, "visit", town_int(77)));
	(void)town_patch(town, WRITER, CASES, &rot.ids[1],
	    town_edit(OP_SET, "visit", town_int(78)));
	town_act(town, PEER, CASES, &rot.ids[2], ACT_DELETE);
	wire_sync(town, WRITER, PEER);
	pack();
	for (size_t i = 8; i < 16; i++)
		(void)town_patch(town, WRITER, rot.spaces[i], &rot.ids[i],
		    town_edit(OP_SET, "name", town_text("새 이름")));
	wire_sync(town, WRITER, PEER);
	for (size_t i = 0; i <= FRESH; i++)
		town_close(town, i);
	load(town->nodes[WRITER].dir, "data.mdb", &rot.data);
	load(town->nodes[WRITER].dir, "identity", &rot.identity);
	load(town->nodes[WRITER].dir, "mark", &rot.mark);
	(void)snprintf(
	    rot.work, sizeof(rot.work), "%s", tempdir_at(&town->dir, "work"));
	(void)snprintf(
	    rot.origin, sizeof(rot.origin), "%s", town->nodes[WRITER].dir);
}

/* A copy of the store in `from` in the directory `dir`. */
static void
copy_store(const char *from, const char *dir)
{
	static const char *const names[] = {
	    "data.mdb", "identity", "lock", "mark"};
	struct buf content = {0};

	assert_int_equal(file_remove_tree(dir), ERR_OK);
	assert_int_equal(file_make_dir(dir), ERR_OK);
	for (size_t k = 0; k < COUNT_OF(names); k++) {
		load(from, names[k], &content);
		save(dir, names[k], &content);
	}
	buf_fini(&content);
}

/* Compares all answers. */
static enum outcome
answers_compare(struct store *store)
{
	enum outcome outcome = RIGHT;
	struct buf text = {0};

	for (size_t i = 0; i < ANSWERS; i++) {
		enum err e;

		buf_cut(&text, 0);
		e = answer_get(store, &asked, i, &text);
		if (e != ERR_OK && outcome == RIGHT)
			outcome = TOLD;
		if (e == ERR_OK && !bytes_equal(buf_bytes(&text),
				       buf_bytes(&rot.answers[i]))) {
			print_error("# answer %zu is another one\n", i);
			outcome = WRONG;
		}
	}
	buf_fini(&text);
	return outcome;
}

/* ---- what is done to it ------------------------------------------------- */

static void
flip(void)
{
	char *path = file_path(rot.work, rot.file);
	int fd = open(path, O_RDWR);
	uint8_t byte;

	assert_true(fd >= 0);
	assert_int_equal(pread(fd, &byte, 1, (off_t)(rot.bit / 8)), 1);
	byte ^= (uint8_t)(1u << rot.bit % 8);
	assert_int_equal(pwrite(fd, &byte, 1, (off_t)(rot.bit / 8)), 1);
	assert_int_equal(close(fd), 0);
	mem_free(path);
}

static void
work_make(void)
{
	copy_store(rot.origin, rot.work);
}

static enum outcome
read_run(void)
{
	struct store *store;
	struct buf text = {0};
	enum outcome outcome;

	if (!rot.live)
		flip();
	if (store_open(rot.work, &rot.town.host, &store) != ERR_OK)
		return TOLD;
	if (rot.live) {
		(void)!answer_get(store, &asked, 0, &text);
		flip();
	}
	outcome = answers_compare(store);
	store_close(store);
	buf_fini(&text);
	return outcome;
}

/* Does node `FRESH` hold of every log only what the peer holds? */
static enum outcome
fresh_compare(void)
{
	struct store *fresh = town_store(&rot.town, FRESH);
	struct store *peer = town_open(&rot.town, PEER);
	struct space_state **spaces;
	enum outcome outcome = RIGHT;
	size_t n;

	assert_int_equal(store_begin(fresh, false), ERR_OK);
	assert_int_equal(store_begin(peer, false), ERR_OK);
	assert_int_equal(space_all(store_txn(fresh), &spaces, &n), ERR_OK);
	for (size_t i = 0; i < n; i++) {
		struct space_state *theirs = space_find(
		    store_txn(peer), &spaces[i]->name);
		struct log **logs;
		size_t logs_n;

		assert_int_equal(
		    oplog_all(store_txn(fresh), spaces[i], &logs, &logs_n),
		    ERR_OK);
		for (size_t k = 0; k < logs_n; k++) {
			struct log *log = NULL;
			struct hash ours;
			struct hash root;

			if (theirs != NULL)
				log = oplog_find(
				    store_txn(peer), theirs, &logs[k]->id);
			if (log == NULL ||
			    log->frontier.size < logs[k]->frontier.size)
				return WRONG;
			merkle_root(&logs[k]->frontier, &ours);
			assert_int_equal(tree_root(store_txn(peer), log,
					     logs[k]->frontier.size, &root),
			    ERR_OK);
			if (memcmp(&ours, &root, sizeof(root)) != 0)
				outcome = WRONG;
		}
	}
	store_abort(fresh);
	store_abort(peer);
	wire_assert_sound(&rot.town, FRESH);
	return outcome;
}

static void
fresh_open(void)
{
	char *dir = file_path(rot.town.dir.path, "fresh");

	copy_store(rot.town.nodes[FRESH].dir, dir);
	(void)snprintf(rot.town.nodes[FRESH].dir,
	    sizeof(rot.town.nodes[FRESH].dir), "%s", dir);
	mem_free(dir);
	(void)town_open(&rot.town, FRESH);
}

/* The damaged store talks to somebody who knows nothing yet. */
static enum outcome
talk_run(void)
{
	struct wire wire;
	bool told;

	flip();
	if (store_open(rot.work, &rot.town.host,
		&rot.town.nodes[WRITER].store) != ERR_OK)
		return TOLD;
	fresh_open();
	wire_open(&wire, &rot.town, WRITER, FRESH, true);
	wire_run(&wire, 1);
	told = wire.ends[0].fault.code != ERR_OK ||
	       wire.ends[1].fault.code != ERR_OK;
	wire_close(&wire);
	return fresh_compare() == WRONG ? WRONG : told ? TOLD : RIGHT;
}

/* The damaged store writes a bundle for it. */
static enum outcome
bundle_run(void)
{
	flip();
	if (store_open(rot.work, &rot.town.host,
		&rot.town.nodes[WRITER].store) != ERR_OK)
		return TOLD;
	fresh_open();
	(void)stick_send(&rot.town, WRITER, FRESH, "stick");
	(void)stick_take(&rot.town, FRESH, "stick");
	return fresh_compare();
}

static enum outcome
fsck_find(void)
{
	struct store *store;
	struct fsck_report report = {0};
	enum err e;

	flip();
	e = store_open_alone(rot.work, &rot.town.host, &store);
	if (e == ERR_OK)
		e = store_begin(store, false);
	if (e == ERR_OK)
		e = fsck_run(store, NULL, &report);
	store_close(store);
	return e != ERR_OK || report.found > 0 ? TOLD : RIGHT;
}

/* Nothing is owed, all answers are right, fsck finds nothing. */
static bool
is_whole(void)
{
	struct store *store = town_open(&rot.town, WRITER);
	bool whole = answers_compare(store) == RIGHT;

	if (whole)
		wire_assert_sound(&rot.town, WRITER);
	town_close(&rot.town, WRITER);
	return whole;
}

/* Repair, and when that is not all, a peer, and repair again; then a write. */
static enum outcome
repair_play(void)
{
	struct repair_report report;
	enum outcome outcome = RIGHT;
	enum err e;

	flip();
	if (strcmp(rot.file, "identity") == 0)
		save(rot.work, "identity", &rot.identity);
	e = repair_run(rot.work, &rot.town.host, NULL, &report);
	if (e != ERR_OK) {
		print_error("# repair: %s\n", err_text());
		return WRONG;
	}
	if (report.kept[0] != '\0' || !is_whole()) {
		char *peer = file_path(rot.town.dir.path, "peer");

		outcome = HELPED;
		copy_store(rot.town.nodes[PEER].dir, peer);
		(void)snprintf(rot.town.nodes[PEER].dir,
		    sizeof(rot.town.nodes[PEER].dir), "%s", peer);
		(void)town_open(&rot.town, WRITER);
		(void)town_open(&rot.town, PEER);
		wire_sync(&rot.town, WRITER, PEER);
		town_close(&rot.town, WRITER);
		town_close(&rot.town, PEER);
		mem_free(peer);
		e = repair_run(rot.work, &rot.town.host, NULL, &report);
		if (e != ERR_OK || report.kept[0] != '\0' || !is_whole()) {
			print_error("# repaired again: %s, kept '%s'\n",
			    e != ERR_OK ? err_text() : "well", report.kept);
			return WRONG;
		}
	}
	(void)town_open(&rot.town, WRITER);
	(void)town_create(&rot.town, WRITER, CASES, "다음");
	wire_assert_sound(&rot.town, WRITER);
	return outcome;
}

/* ---- the play ----------------------------------------------------------- */

/* `run` in a process of its own, on a fresh copy with the flip in it; what
 * signal ended it, if one did, goes to `*signal`. */
static enum outcome
play(enum outcome (*run)(void), int *signal)
{
	int status = 0;
	pid_t pid;

	work_make();
	(void)fflush(stdout);
	pid = fork();
	assert(pid >= 0);
	if (pid == 0) {
		const struct rlimit none = {0, 0};

		(void)setrlimit(RLIMIT_CORE, &none);
		rot.town.prng.seed ^= rot.bit;
		(void)snprintf(rot.town.nodes[WRITER].dir,
		    sizeof(rot.town.nodes[WRITER].dir), "%s", rot.work);
		_exit((int)run());
	}
	assert(waitpid(pid, &status, 0) == pid);
	*signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
	return *signal != 0 ? STRANGE : (enum outcome)WEXITSTATUS(status);
}

static void
say(const char *what, uint64_t seed, uint64_t at)
{
	print_error("%s: bit %llu of %s%s; again: bitrot 1 %llu %llu\n", what,
	    (unsigned long long)rot.bit, rot.file,
	    rot.live ? ", while it is open" : "", (unsigned long long)seed,
	    (unsigned long long)at);
}

/* The flip number `at` of the seed. */
static void
draw(uint64_t seed, uint64_t at)
{
	struct prng prng = {seed * UINT64_C(1000003) + at};
	size_t size = rot.data.n;

	(void)prng_u64(&prng);
	rot.file = "data.mdb";
	rot.live = false;
	if (prng_below(&prng, KEYS_EVERY) == 0) {
		bool key = prng_below(&prng, 2) == 0;

		rot.file = key ? "identity" : "mark";
		size = key ? rot.identity.n : rot.mark.n;
		rot.keys++;
	} else {
		rot.live = prng_below(&prng, 3) == 0;
	}
	rot.bit = prng_below(&prng, 8 * (uint64_t)size);
}

/* Something else than the store died or was wrong. */
static void
judge(const char *what, enum outcome outcome, int signal, uint64_t seed,
    uint64_t at)
{
	if (outcome != WRONG && signal == 0)
		return;
	rot.wrong++;
	say(signal != 0 ? "a process died" : what, seed, at);
}

static void
flip_play(uint64_t seed, uint64_t at)
{
	enum outcome reading;
	enum outcome checking;
	enum outcome repairing;
	int signal;

	draw(seed, at);
	reading = play(read_run, &signal);
	if (signal != 0 && rot.live) {
		/* LMDB believes a page that it has looked at before. */
		rot.crashes++;
		reading = TOLD;
	} else {
		judge("a read was wrong", reading, signal, seed, at);
	}
	checking = play(fsck_find, &signal);
	judge("fsck", checking, signal, seed, at);
	if (at % TALK_EVERY == 0) {
		rot.talks++;
		judge("a peer took something wrong", play(talk_run, &signal),
		    signal, seed, at);
		rot.bundles++;
		judge("a bundle was wrong", play(bundle_run, &signal), signal,
		    seed, at);
	}
	if (reading == RIGHT && checking == RIGHT)
		rot.quiet++;
	else if (reading == RIGHT)
		rot.unread++;
	else
		rot.told++;
	/* What a read tells, fsck tells too. */
	if (reading == TOLD && checking == RIGHT &&
	    strcmp(rot.file, "identity") != 0) {
		rot.wrong++;
		say("fsck does not find it", seed, at);
	}
	if (reading == RIGHT && checking == RIGHT)
		return;
	repairing = play(repair_play, &signal);
	judge("repair", repairing, signal, seed, at);
	rot.alone += repairing == RIGHT;
	rot.helped += repairing == HELPED;
	if (repairing != RIGHT && repairing != HELPED) {
		rot.lost++;
		say("it was not repaired", seed, at);
	}
}

int
main(int argc, char **argv)
{
	uint64_t flips = argc > 1 ? strtoull(argv[1], NULL, 10) : 100;
	uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
	uint64_t first = argc > 3 ? strtoull(argv[3], NULL, 10) : 0;
	struct store *store;

	tempdir_in_memory();
	city_make();
	store = town_open(&rot.town, WRITER);
	for (size_t i = 0; i < ANSWERS; i++)
		assert_int_equal(
		    answer_get(store, &asked, i, &rot.answers[i]), ERR_OK);
	town_close(&rot.town, WRITER);
	for (uint64_t at = first; at < first + flips; at++)
		flip_play(seed, at);
	(void)printf("# %llu flips from seed %llu in %zu KiB (%u in other "
		     "files): %u touched nothing, %u were told by a read, %u "
		     "by fsck alone; %u of them repaired alone, %u with a "
		     "peer, %u not; %u ended LMDB in a store that was open; "
		     "%u sessions, %u bundles\n",
	    (unsigned long long)flips, (unsigned long long)seed,
	    rot.data.n / 1024, rot.keys, rot.quiet, rot.told, rot.unread,
	    rot.alone, rot.helped, rot.lost, rot.crashes, rot.talks,
	    rot.bundles);
	tempdir_fini(&rot.town.dir);
	return rot.wrong > 0 || rot.lost > 0;
}

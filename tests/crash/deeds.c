/*
 * What is done while tests/crash/record.c writes it down, and what must be
 * there after a crash at any moment of it.
 *
 *	deeds play DIR			a city below DIR; says what it has done
 *	deeds check DIR <what was said	the image of a crash below DIR
 *
 * What is said, a line each: `store NODE`, `record NODE SPACE ID TEXT`, `file
 * NAME HASH`, `begin` and `end` of a rebuild, `damage` and `repaired`.
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
#include <unistd.h>

#include "core/compact.h"
#include "core/file.h"
#include "core/packing.h"
#include "core/rebuild.h"
#include "core/repair.h"
#include "core/safe.h"
#include "proto/ascii.h"
#include "proto/mem.h"
#include "tests/lib/stick.h"
#include "tests/lib/wire.h"

#define CASES "d03/c017/case"

enum { ACK_FD = 200, LINE_MAX_SIZE = 512, FILE_MAX = 1 << 28, DONE_MAX = 400 };

/* What was acknowledged of one record, said again when it came elsewhere. */
struct deed {
	struct record_id id;
	char text[32];
};

struct play {
	struct town town;
	struct deed deeds[DONE_MAX];
	size_t n;
};

static struct play play;

static void
ack(const char *kind, const char *a, const char *b, const char *c)
{
	char line[LINE_MAX_SIZE];
	int n = snprintf(line, sizeof(line), "%s %s %s %s\n", kind, a, b, c);

	assert_true(n > 0 && (size_t)n < sizeof(line));
	assert_int_equal(write(ACK_FD, line, (size_t)n), n);
}

static void
record_ack(size_t node, const struct deed *deed)
{
	struct buf id = {0};
	char name[64];

	ascii_hex(bytes_of(deed->id.b, sizeof(deed->id.b)), &id);
	(void)snprintf(name, sizeof(name), "node%zu " CASES, node);
	ack("record", name, buf_text(&id), deed->text);
	buf_fini(&id);
}

static void
store_ack(size_t node)
{
	char name[32];

	(void)snprintf(name, sizeof(name), "node%zu", node);
	ack("store", name, "", "");
}

static void
file_ack(const char *name)
{
	struct buf content = {0};
	struct buf hex = {0};
	struct hash hash;

	assert_int_equal(
	    file_read(tempdir_at(&play.town.dir, name), FILE_MAX, &content),
	    ERR_OK);
	crypto_sha256(buf_bytes(&content), &hash);
	ascii_hex(bytes_of(hash.b, sizeof(hash.b)), &hex);
	ack("file", name, buf_text(&hex), "");
	buf_fini(&content);
	buf_fini(&hex);
}

static void
write_some(size_t node, unsigned n)
{
	while (n-- > 0) {
		struct deed *deed = &play.deeds[play.n];

		assert_true(play.n < DONE_MAX);
		(void)snprintf(deed->text, sizeof(deed->text), "deed-%zu-%zu",
		    node, play.n);
		deed->id = town_create(&play.town, node, CASES, deed->text);
		record_ack(node, deed);
		play.n++;
	}
}

/* After a session both hold all. */
static void
meet(size_t a, size_t b)
{
	wire_sync(&play.town, a, b);
	for (size_t i = 0; i < play.n; i++) {
		record_ack(a, &play.deeds[i]);
		record_ack(b, &play.deeds[i]);
	}
}

static void
pack(size_t node)
{
	struct packing packing = {.rest = true};
	struct store *store = town_store(&play.town, node);

	while (!packing.ended) {
		assert_int_equal(store_begin(store, true), ERR_OK);
		assert_int_equal(
		    packing_some(store_txn(store), &packing, 40), ERR_OK);
		assert_int_equal(store_commit(store), ERR_OK);
	}
}

static void
keep_house(size_t node)
{
	const char *dir = play.town.nodes[node].dir;
	struct compact_report report;
	struct store *store;

	town_close(&play.town, node);
	assert_int_equal(compact_run(dir, &play.town.host, &report), ERR_OK);
	assert_int_equal(
	    store_open_alone(dir, &play.town.host, &store), ERR_OK);
	ack("begin", "", "", "");
	assert_int_equal(rebuild_run(store, NULL), ERR_OK);
	ack("end", "", "", "");
	store_close(store);
	(void)town_open(&play.town, node);
}

static void
keys_save(size_t node)
{
	const struct crypto_cost cost = {
	    .passes = 1, .memory_bytes = 8 * 1024 * 1024};
	struct safe safe;

	assert_int_equal(safe_seal(&play.town.host,
			     store_identity(town_store(&play.town, node)),
			     bytes_text("골목길 열쇠"), cost, &safe),
	    ERR_OK);
	assert_int_equal(
	    safe_save(tempdir_at(&play.town.dir, "saved"), &safe), ERR_OK);
	file_ack("saved");
}

static void
rotate(size_t node)
{
	struct store *store = town_store(&play.town, node);

	assert_int_equal(store_begin(store, true), ERR_OK);
	assert_int_equal(store_rotate(store), ERR_OK);
	assert_int_equal(store_commit(store), ERR_OK);
}

/* A byte of the data goes wrong, and the store gets new data. */
static void
repair(size_t node)
{
	const char *dir = play.town.nodes[node].dir;
	char *path = file_path(dir, "data.mdb");
	struct repair_report report;
	int fd;

	town_close(&play.town, node);
	ack("damage", "", "", "");
	fd = open(path, O_RDWR);
	assert_true(fd >= 0);
	/* The kind of a page in use: the root of some table. */
	assert_int_equal(pwrite(fd, "\xff", 1, 4096 * 6 + 10), 1);
	assert_int_equal(fsync(fd), 0);
	assert_int_equal(close(fd), 0);
	assert_int_equal(
	    repair_run(dir, &play.town.host, NULL, &report), ERR_OK);
	assert_string_equal(report.kept, "");
	ack("repaired", "", "", "");
	(void)town_open(&play.town, node);
	mem_free(path);
}

static int
play_run(void)
{
	town_init(&play.town, 5);
	store_ack(0);
	assert_int_equal(
	    town_member(&play.town, "", "read:NPSF,hold,write"), 1);
	store_ack(1);
	assert_int_equal(
	    town_member(&play.town, "", "read:NPSF,hold,write"), 2);
	store_ack(2);
	town_meet(&play.town);
	write_some(1, 12);
	write_some(2, 6);
	meet(1, 2);
	write_some(1, 60);
	pack(1);
	keep_house(1);
	write_some(1, 6);
	(void)stick_send(&play.town, 1, 2, "stick");
	file_ack("stick");
	keys_save(1);
	rotate(0);
	meet(0, 1);
	write_some(2, 4);
	meet(1, 2);
	repair(2);
	write_some(2, 3);
	for (size_t i = 0; i < play.town.n; i++)
		town_close(&play.town, i);
	return 0;
}

/* ---- the image ---------------------------------------------------------- */

struct image {
	const char *dir;
	struct prng prng;
	struct host host;
	bool rebuilding; /* it may be cut off */
	bool damaged;	 /* one store may be, or be under repair */
	char node[32];	 /* whose store is open */
	bool acked;	 /* and has to be there */
	struct store *store;
	unsigned wrong;
};

static uint64_t
now_ms(void *arg)
{
	(void)arg;
	return UINT64_C(1700000100000);
}

static void
draw(void *arg, uint8_t *p, size_t n)
{
	prng_fill(arg, p, n);
}

static void
wrong(struct image *image, const char *what, const char *text)
{
	(void)printf("%s: %s: %s\n", image->node, what, text);
	image->wrong++;
}

static void
on_found(void *arg, enum err code, const char *text)
{
	(void)code;
	wrong(arg, "fsck", text);
}

/* All digests of the open store, in a transaction. */
static void
digests(struct image *image, struct buf *out)
{
	struct space_state **spaces;
	size_t n;
	enum err e = store_begin(image->store, false);

	if (e == ERR_OK)
		e = space_all(store_txn(image->store), &spaces, &n);
	for (size_t i = 0; e == ERR_OK && i < n; i++) {
		buf_add_text(out, spaces[i]->name.text);
		buf_add(out,
		    bytes_of(spaces[i]->digests, sizeof(spaces[i]->digests)));
	}
	if (e != ERR_OK)
		wrong(image, "digests", err_text());
	store_abort(image->store);
}

static void
check_all(struct image *image)
{
	const struct fsck_watch watch = {.found = on_found, .arg = image};
	struct fsck_report report;
	enum err e = store_begin(image->store, false);

	if (e == ERR_CORRUPT && image->rebuilding)
		e = rebuild_run(image->store, NULL);
	else
		store_abort(image->store);
	if (e == ERR_OK)
		e = store_begin(image->store, false);
	if (e == ERR_OK)
		e = fsck_run(image->store, &watch, &report);
	if (e != ERR_OK)
		wrong(image, "check", err_text());
	store_abort(image->store);
}

/* One more write, then all of it again; and a rebuild changes nothing. */
static void
go_on(struct image *image)
{
	struct store_edit edit = town_edit(OP_SET, "name", town_text("danach"));
	struct store_write write = {.space = town_space(CASES),
	    .create = true,
	    .collection = bytes_text("card"),
	    .edits = &edit,
	    .edits_n = 1};
	struct buf before = {0};
	struct buf after = {0};
	struct record_id id;
	bool changed;
	enum err e = store_begin(image->store, true);

	if (e == ERR_OK)
		e = store_write(image->store, &write, &id, &changed);
	/* It need not have heard yet that it may. */
	if (e == ERR_DENIED && !image->acked)
		e = ERR_OK;
	if (e == ERR_OK)
		e = store_commit(image->store);
	if (e != ERR_OK)
		wrong(image, "one more write", err_text());
	store_abort(image->store);
	check_all(image);
	digests(image, &before);
	if (rebuild_run(image->store, NULL) != ERR_OK)
		wrong(image, "rebuild", err_text());
	digests(image, &after);
	if (!bytes_equal(buf_bytes(&before), buf_bytes(&after)))
		wrong(image, "rebuild", "another state");
	buf_fini(&before);
	buf_fini(&after);
}

static void
store_end(struct image *image)
{
	if (image->store != NULL)
		go_on(image);
	store_close(image->store);
	image->store = NULL;
}

static void
store_take(struct image *image, const char *node, bool acked)
{
	char *dir = file_path(image->dir, node);
	struct file_stat stat;
	enum err e;

	if (strcmp(image->node, node) == 0) {
		image->acked = image->acked || acked;
		mem_free(dir);
		return;
	}
	store_end(image);
	(void)snprintf(image->node, sizeof(image->node), "%s", node);
	image->acked = acked;
	e = file_stat(dir, &stat);
	if (e == ERR_OK)
		e = store_open_alone(dir, &image->host, &image->store);
	if (e == ERR_CORRUPT && image->damaged) {
		struct repair_report report;

		e = repair_run(dir, &image->host, NULL, &report);
		if (e == ERR_OK)
			e = store_open_alone(dir, &image->host, &image->store);
	}
	if (e != ERR_OK && (acked || e != ERR_NOT_FOUND))
		wrong(image, "open", err_text());
	if (e == ERR_OK)
		check_all(image);
	mem_free(dir);
}

static void
record_check(struct image *image, const char *hex, const char *text)
{
	struct space space = town_space(CASES);
	struct arena arena = {0};
	struct record record;
	struct record_id id;
	enum err e = id_from_hex(bytes_text(hex), "record", id.b, sizeof(id.b));

	if (image->store == NULL)
		return;
	if (e == ERR_OK)
		e = store_begin(image->store, false);
	if (e == ERR_OK)
		e = store_get(image->store, &space, &id, &arena, &record);
	if (e != ERR_OK)
		wrong(image, text, err_text());
	else if (!town_has(&record, "name", KIND_REGISTER, town_text(text)))
		wrong(image, text, "it says something else");
	store_abort(image->store);
	arena_fini(&arena);
}

static void
file_check(struct image *image, const char *name, const char *hash)
{
	char *path = file_path(image->dir, name);
	struct buf content = {0};
	struct buf hex = {0};
	struct hash found;
	enum err e = file_read(path, FILE_MAX, &content);

	crypto_sha256(buf_bytes(&content), &found);
	ascii_hex(bytes_of(found.b, sizeof(found.b)), &hex);
	if (e != ERR_OK || strcmp(buf_text(&hex), hash) != 0)
		wrong(image, name, "the file is not what it was");
	mem_free(path);
	buf_fini(&content);
	buf_fini(&hex);
}

/* Lines come sorted by node. */
static int
check_run(const char *dir)
{
	static struct image image;
	char line[LINE_MAX_SIZE];

	image.dir = dir;
	image.prng.seed = 99;
	image.host = (struct host){
	    .now_ms = now_ms, .random = draw, .arg = &image.prng};
	assert_int_equal(crypto_start(), ERR_OK);
	while (fgets(line, sizeof(line), stdin) != NULL) {
		char kind[16] = "";
		char words[4][160] = {{0}};

		(void)sscanf(line, "%15s %159s %159s %159s %159s", kind,
		    words[0], words[1], words[2], words[3]);
		if (strcmp(kind, "rebuilding") == 0)
			image.rebuilding = true;
		else if (strcmp(kind, "damaged") == 0)
			image.damaged = true;
		else if (strcmp(kind, "maybe") == 0)
			store_take(&image, words[0], false);
		else if (strcmp(kind, "store") == 0)
			store_take(&image, words[0], true);
		else if (strcmp(kind, "record") == 0)
			record_check(&image, words[2], words[3]);
		else if (strcmp(kind, "file") == 0)
			file_check(&image, words[0], words[1]);
	}
	store_end(&image);
	return image.wrong > 0;
}

int
main(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "play") == 0) {
		int null = open("/dev/null", O_WRONLY);

		assert(null >= 0 && dup2(null, ACK_FD) == ACK_FD);
		assert(setenv("TMPDIR", argv[2], 1) == 0);
		return play_run();
	}
	if (argc == 3 && strcmp(argv[1], "check") == 0)
		return check_run(argv[2]);
	(void)fprintf(stderr, "deeds play|check DIR\n");
	return 2;
}

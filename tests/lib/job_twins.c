/*
 * Jobs of who may be the same: what is found, and what units say of it, is told
 * as it was told before, or an error.
 */
#include "tests/lib/job_twins.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/query.h"
#include "core/twins.h"
#include "core/twins_said.h"
#include "proto/codec.h"
#include "tests/lib/look.h"
#include "tests/lib/office.h"
#include "tests/lib/slip.h"

/* JSON with ` for every quote. */
/* clang-format off */
#define HASH(name) "{`name`:`" name "`,`label`:{`ko`:`가`,`en`:`a`}," \
	"`kind`:`register`,`type`:`hash`,`class`:`N`,`index`:`plain`}"
#define REGISTER(name, type) "{`name`:`" name "`,`label`:{`ko`:`가`,`en`:`a`}," \
	"`kind`:`register`,`type`:`" type "`,`class`:`N`}"
#define REF(name) "{`name`:`" name "`,`label`:{`ko`:`가`,`en`:`a`}," \
	"`kind`:`register`,`type`:`ref`,`targets`:[`home`],`class`:`N`}"
#define SET(name, type) "{`name`:`" name "`,`label`:{`ko`:`가`,`en`:`a`}," \
	"`kind`:`set`,`type`:`" type "`,`class`:`N`}"
static const char twins_pack[] =
    "{`format`:2,`name`:`homes`,`version`:1,`label`:{`ko`:`집`,`en`:`Homes`},"
    "`collections`:["
    "{`name`:`home`,`space`:`case`,`label`:{`ko`:`집`,`en`:`Home`},"
    "`alias`:`into`,`fields`:[" REF("into") "]},"
    "{`name`:`entry`,`space`:`match`,`label`:{`ko`:`것`,`en`:`Entry`},"
    "`fields`:[" REF("of") "," HASH("addr") "," HASH("phone") "]},"
    "{`name`:`pair`,`space`:`match`,`label`:{`ko`:`짝`,`en`:`Pair`},"
    "`fields`:[" REF("a") "," REF("b") "," REGISTER("unit_a", "text") ","
    REGISTER("unit_b", "text") "," REGISTER("score", "int") ","
    SET("keys", "text") "," SET("members", "bytes") "," SET("said", "text") ","
    "{`name`:`state`,`label`:{`ko`:`짝`,`en`:`State`},`kind`:`state`,"
    "`values`:[`open`,`same`,`different`,`merged`,`unmerged`],"
    "`class`:`N`}]}],"
    "`duplicates`:{`collection`:`entry`,`group`:`of`,`weights`:{`addr`:350,"
    "`phone`:250},`likely`:700,`review`:450,`candidate`:`pair`}}";
/* clang-format on */

/* What two units say of each pair that is kept. */
static enum err
words(struct store *store, struct arena *arena, struct buf *text)
{
	static const char *const units[] = {"d03/c017", "d03/c018"};
	struct txn *txn = store_txn(store);
	struct query query = {
	    .collection = pack_collection(txn->pack, bytes_text("pair"))};
	struct twins_said said = {.txn = txn};
	struct query_run run = {0};
	bool found = true;
	enum err e = store_authority(store, &said.authority);

	(void)arena;
	if (e == ERR_OK)
		e = query_begin(txn, &query, &run);
	while (e == ERR_OK && found) {
		e = query_next(&run, &found);
		said.space = run.space;
		said.record = &run.record;
		for (size_t i = 0; e == ERR_OK && found && i < COUNT_OF(units);
		     i++) {
			struct twins_word word;

			e = twins_said_read(&said, bytes_text(units[i]), &word);
			buf_add_format(text, " %d", (int)word.verdict);
		}
	}
	query_end(&run);
	return e;
}

static enum err
twins(struct store *store, struct arena *arena, struct buf *text)
{
	struct txn *txn = store_txn(store);
	struct space under = {0};
	struct twins twins = {0};
	enum err e = twins_find(txn, &under, &twins);

	for (size_t i = 0; i < twins.n && e == ERR_OK; i++) {
		look_id(&twins.p[i].a, text);
		look_id(&twins.p[i].b, text);
		buf_add_format(text, "%lld %zu ", (long long)twins.p[i].score,
		    twins.p[i].members_n);
	}
	buf_add_format(text, "%llu %llu", (unsigned long long)twins.entries,
	    (unsigned long long)twins.groups);
	twins_fini(&twins);
	return e == ERR_OK ? words(store, arena, text) : e;
}

/* An entry of `of` (NULL: a whole), with the same address and telephone
 * whenever `same` is. */
static struct record_id
entry_put(struct plant *plant, const char *space, const struct record_id *of,
    unsigned char same)
{
	static const char *const names[] = {"addr", "phone"};
	struct store_edit edits[3];
	struct buf values[3] = {{0}};
	struct store_write write = {.create = true,
	    .space = town_space(space),
	    .collection = bytes_text("entry"),
	    .edits = edits};
	struct record_id id;
	bool changed;

	for (size_t i = 0; i < 2; i++) {
		uint8_t hash[16] = {same, (uint8_t)i};

		codec_put_bytes(&values[i], bytes_of(hash, sizeof(hash)));
		edits[write.edits_n++] = town_edit(
		    OP_SET, names[i], buf_bytes(&values[i]));
	}
	if (of != NULL) {
		codec_put_bytes(&values[2], bytes_of(of->b, sizeof(of->b)));
		edits[write.edits_n++] = town_edit(
		    OP_SET, "of", buf_bytes(&values[2]));
	}
	slip_is(
	    town_write(&plant->town, 0, &write, &id, &changed), ERR_OK, NULL);
	for (size_t i = 0; i < COUNT_OF(values); i++)
		buf_fini(&values[i]);
	return id;
}

static void
twins_prepare(struct plant *plant)
{
	static const char *const spaces[] = {
	    "d03/c017/match", "d03/c018/match", "d03/c017/match"};
	struct buf json = {0};

	buf_add_text(&json, twins_pack);
	for (size_t i = 0; i < json.n; i++)
		json.p[i] = json.p[i] == '`' ? '"' : json.p[i];
	look_follow(plant, 0, buf_bytes(&json));
	buf_fini(&json);
	for (size_t i = 0; i < COUNT_OF(spaces); i++) {
		struct record_id whole = entry_put(plant, spaces[i], NULL, 7);

		(void)entry_put(plant, spaces[i], &whole, 8);
	}
	(void)office_put(&plant->town, 0, "d03/all/match", "pair",
	    WORDS("unit_a=d03/c017", "unit_b=d03/c018", "said+=same d03/c017",
		"said+=different d03/c018"));
	look_first(plant, twins, 40);
}

static enum err
twins_step(struct plant *plant, size_t i)
{
	(void)i;
	return look_again(plant, twins);
}

const struct job job_twins[] = {
    {.name = "twins", .steps = 1, .prepare = twins_prepare, .step = twins_step},
};
const size_t job_twins_n = COUNT_OF(job_twins);

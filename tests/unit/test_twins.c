/*
 * Promises of core/twins.h, core/alias.h and core/figure_same.h: equal hashes
 * make pairs with the score that the pack says, whatever a store learned first;
 * and what stands for a record in the end does not depend on it either.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/alias.h"
#include "core/figure_same.h"
#include "core/lookup_keep.h"
#include "core/twins.h"
#include "proto/codec.h"
#include "tests/lib/desk.h"
#include "tests/lib/vectors.h"

/* JSON with ` for every quote. */
/* clang-format off */
static const char pack_json[] =
    "{`format`:2,`name`:`homes`,`version`:1,`label`:{`ko`:`집`,`en`:`Homes`},"
    "`collections`:["
    "{`name`:`home`,`space`:`case`,`label`:{`ko`:`집`,`en`:`Home`},"
    "`alias`:`into`,`fields`:["
    "{`name`:`into`,`label`:{`ko`:`대신`,`en`:`Into`},`kind`:`register`,"
    "`type`:`ref`,`targets`:[`home`],`class`:`N`,`index`:`plain`}]},"
    "{`name`:`entry`,`space`:`match`,`label`:{`ko`:`것`,`en`:`Entry`},"
    "`fields`:["
    "{`name`:`of`,`label`:{`ko`:`집`,`en`:`Of`},`kind`:`register`,"
    "`type`:`ref`,`targets`:[`home`],`class`:`N`},"
    "{`name`:`addr`,`label`:{`ko`:`곳`,`en`:`Addr`},`kind`:`register`,"
    "`type`:`hash`,`class`:`N`,`index`:`plain`},"
    "{`name`:`birth`,`label`:{`ko`:`날`,`en`:`Birth`},`kind`:`register`,"
    "`type`:`hash`,`class`:`N`,`index`:`plain`},"
    "{`name`:`name`,`label`:{`ko`:`이름`,`en`:`Name`},`kind`:`register`,"
    "`type`:`hash`,`class`:`N`,`index`:`plain`},"
    "{`name`:`phone`,`label`:{`ko`:`전화`,`en`:`Phone`},`kind`:`register`,"
    "`type`:`hash`,`class`:`N`,`index`:`plain`}]},"
    "{`name`:`pair`,`space`:`match`,`label`:{`ko`:`짝`,`en`:`Pair`},"
    "`fields`:["
    "{`name`:`a`,`label`:{`ko`:`갑`,`en`:`A`},`kind`:`register`,"
    "`type`:`ref`,`targets`:[`home`],`class`:`N`},"
    "{`name`:`b`,`label`:{`ko`:`을`,`en`:`B`},`kind`:`register`,"
    "`type`:`ref`,`targets`:[`home`],`class`:`N`},"
    "{`name`:`unit_a`,`label`:{`ko`:`곳`,`en`:`A`},`kind`:`register`,"
    "`type`:`text`,`class`:`N`},"
    "{`name`:`unit_b`,`label`:{`ko`:`곳`,`en`:`B`},`kind`:`register`,"
    "`type`:`text`,`class`:`N`},"
    "{`name`:`score`,`label`:{`ko`:`점`,`en`:`Score`},`kind`:`register`,"
    "`type`:`int`,`class`:`N`},"
    "{`name`:`keys`,`label`:{`ko`:`것`,`en`:`Keys`},`kind`:`set`,"
    "`type`:`text`,`class`:`N`},"
    "{`name`:`members`,`label`:{`ko`:`이`,`en`:`Members`},`kind`:`set`,"
    "`type`:`bytes`,`class`:`N`},"
    "{`name`:`said`,`label`:{`ko`:`말`,`en`:`Said`},`kind`:`set`,"
    "`type`:`text`,`class`:`N`},"
    "{`name`:`state`,`label`:{`ko`:`짝`,`en`:`State`},`kind`:`state`,"
    "`values`:[`open`,`same`,`different`,`merged`,`unmerged`],"
    "`class`:`N`}]}],"
    "`duplicates`:{`collection`:`entry`,`group`:`of`,`weights`:{`addr`:350,"
    "`phone`:250,`name`:200,`birth`:150},`likely`:700,`review`:450,"
    "`candidate`:`pair`}}";
/* clang-format on */

/* Of twin.keys: the pack is read with shorter names first. */
enum { ADDR = 1, NAME = 2, BIRTH = 4, PHONE = 8 };

struct stage {
	struct desk hall;
	struct desk dong;
	struct pack *pack;
	struct lookup *lookup;
};

static void
well(enum err e)
{
	if (e != ERR_OK)
		fail_msg("%s: %s", err_name(e), err_text());
}

static int
stage_make(void **state)
{
	static struct stage stage;
	struct buf json = {0};
	uint8_t key[32] = {7};

	memset(&stage, 0, sizeof(stage));
	buf_add_text(&json, pack_json);
	for (size_t i = 0; i < json.n; i++)
		if (json.p[i] == '`')
			json.p[i] = '"';
	well(pack_parse(buf_bytes(&json), &stage.pack));
	buf_fini(&json);
	stage.lookup = lookup_new(stage.pack, key);
	desk_found(&stage.hall, 41);
	desk_join(&stage.dong, &stage.hall, 42);
	desk_admit(&stage.hall, &stage.dong, "");
	desk_pull(&stage.dong, &stage.hall);
	*state = &stage;
	return 0;
}

static int
stage_end(void **state)
{
	struct stage *stage = *state;

	desk_fini(&stage->hall);
	desk_fini(&stage->dong);
	lookup_free(stage->lookup);
	pack_free(stage->pack);
	return 0;
}

static struct txn *
own_pack(struct stage *stage, struct desk *desk)
{
	struct txn *txn = store_txn(desk->store);

	txn->pack = stage->pack;
	txn->lookup = stage->lookup;
	return txn;
}

/* The id that ends in `n`. */
static struct record_id
id_of(unsigned n)
{
	struct record_id id = {{1}};

	id.b[14] = (uint8_t)(n >> 8);
	id.b[15] = (uint8_t)n;
	return id;
}

/* Writes the record `n` of `collection` with fields of 16 bytes each, which are
 * `values[i]`, 0 for none. */
static void
put(struct desk *desk, const char *space, const char *collection, unsigned n,
    const char *const *names, const unsigned *values, size_t values_n)
{
	struct store_edit edits[8];
	struct buf bytes[8] = {{0}};
	struct store_write write = {.create = true,
	    .has_record = true,
	    .record = id_of(n),
	    .collection = bytes_text(collection),
	    .edits = edits};
	struct record_id id;
	bool changed;

	well(id_space(bytes_text(space), &write.space));
	for (size_t i = 0; i < values_n; i++) {
		struct record_id value = id_of(values[i]);

		if (values[i] == 0)
			continue;
		codec_put_bytes(&bytes[i], bytes_of(value.b, sizeof(value.b)));
		edits[write.edits_n++] = (struct store_edit){
		    .field = bytes_text(names[i]),
		    .code = OP_SET,
		    .class = CLASS_N,
		    .value = buf_bytes(&bytes[i])};
	}
	well(store_write(desk->store, &write, &id, &changed));
	for (size_t i = 0; i < values_n; i++)
		buf_fini(&bytes[i]);
}

/* The entry `n` of the home `of` (0: it is the home's own). */
static void
entry(struct desk *desk, const char *space, unsigned n, unsigned of,
    unsigned addr, unsigned phone, unsigned name, unsigned birth)
{
	static const char *const names[] = {
	    "of", "addr", "phone", "name", "birth"};

	put(desk, space, "entry", n, names,
	    (const unsigned[]){of, addr, phone, name, birth}, COUNT_OF(names));
}

static void
find_twins(struct stage *stage, struct desk *desk, const char *prefix,
    struct twins *twins)
{
	struct space under = {0};

	*twins = (struct twins){0};
	desk_begin(desk, false);
	well(id_prefix(bytes_text(prefix), &under));
	well(twins_find(own_pack(stage, desk), &under, twins));
	store_abort(desk->store);
}

static void
is_twin(const struct twin *twin, unsigned a, unsigned b, int64_t score,
    unsigned keys)
{
	struct record_id first = id_of(a);
	struct record_id second = id_of(b);

	assert_memory_equal(&twin->a, &first, sizeof(first));
	assert_memory_equal(&twin->b, &second, sizeof(second));
	assert_int_equal(twin->score, score);
	assert_int_equal(twin->keys, keys);
}

static void
pairs_have_the_weights_of_what_is_equal(void **state)
{
	struct stage *stage = *state;
	struct desk *hall = &stage->hall;
	struct twins twins;

	desk_begin(hall, true);
	/* Two homes alike in all, with a member who is the same. */
	entry(hall, "d03/c017/match", 10, 0, 500, 600, 0, 0);
	entry(hall, "d03/c017/match", 11, 10, 0, 0, 700, 800);
	entry(hall, "d03/c018/match", 20, 0, 500, 600, 0, 0);
	entry(hall, "d03/c018/match", 21, 20, 0, 0, 700, 800);
	/* Name and birth of two members of one home are not one person's. */
	entry(hall, "d03/c018/match", 30, 0, 500, 0, 0, 0);
	entry(hall, "d03/c018/match", 31, 30, 0, 0, 700, 0);
	entry(hall, "d03/c018/match", 32, 30, 0, 0, 0, 800);
	/* Too little: one address; name and birth alone. */
	entry(hall, "d04/c001/match", 40, 0, 501, 0, 0, 0);
	entry(hall, "d04/c001/match", 41, 40, 0, 0, 700, 800);
	/* Members of one home are no pair. */
	entry(hall, "d04/c001/match", 50, 0, 502, 0, 0, 0);
	entry(hall, "d04/c001/match", 51, 50, 900, 900, 900, 900);
	entry(hall, "d04/c001/match", 52, 50, 900, 900, 900, 900);
	desk_commit(hall);
	find_twins(stage, hall, "", &twins);
	assert_int_equal(twins.entries, 12);
	assert_int_equal(twins.groups, 5);
	assert_int_equal(twins.n, 3);
	is_twin(&twins.p[0], 10, 20, 950, ADDR | PHONE | NAME | BIRTH);
	is_twin(&twins.p[1], 10, 30, 550, ADDR | NAME);
	is_twin(&twins.p[2], 20, 30, 550, ADDR | NAME);
	assert_true(bytes_is(twins.p[0].unit_a, "d03/c017"));
	assert_true(bytes_is(twins.p[0].unit_b, "d03/c018"));
	assert_int_equal(twins.p[0].members_n, 1);
	assert_int_equal(twins.p[0].members[0].a.b[15], 11);
	assert_int_equal(twins.p[0].members[0].b.b[15], 21);
	assert_int_equal(twins.p[1].members_n, 0);
	twins_fini(&twins);
	find_twins(stage, hall, "d03/c018", &twins);
	assert_int_equal(twins.n, 1);
	twins_fini(&twins);
}

static void
who_holds_the_same_finds_the_same(void **state)
{
	struct stage *stage = *state;
	struct twins here;
	struct twins there;

	desk_begin(&stage->dong, true);
	entry(&stage->dong, "d03/c019/match", 60, 0, 500, 600, 0, 0);
	desk_commit(&stage->dong);
	desk_pull(&stage->dong, &stage->hall);
	desk_pull(&stage->hall, &stage->dong);
	find_twins(stage, &stage->hall, "d03", &here);
	find_twins(stage, &stage->dong, "d03", &there);
	assert_int_equal(here.n, 5);
	assert_int_equal(there.n, here.n);
	for (size_t i = 0; i < here.n; i++) {
		struct record_id id;
		struct record_id turned;

		assert_memory_equal(&here.p[i].a, &there.p[i].a, sizeof(id));
		assert_memory_equal(&here.p[i].b, &there.p[i].b, sizeof(id));
		assert_int_equal(here.p[i].score, there.p[i].score);
		twins_id(stage->pack->duplicates->candidate.collection,
		    &here.p[i].a, &here.p[i].b, &id);
		twins_id(stage->pack->duplicates->candidate.collection,
		    &here.p[i].b, &here.p[i].a, &turned);
		assert_memory_equal(&id, &turned, sizeof(id));
	}
	twins_fini(&here);
	twins_fini(&there);
}

static void
what_very_many_share_makes_no_pairs_and_is_told(void **state)
{
	struct stage *stage = *state;
	struct twins twins;

	desk_begin(&stage->hall, true);
	/* One address and telephone for all; two of them have one name. */
	for (unsigned i = 0; i < LIMIT_TWINS_ALIKE + 20; i++)
		entry(&stage->hall, "d05/c001/match", 1000 + i, 0, 550, 650,
		    i < 2 ? 750 : 2000 + i, 0);
	desk_commit(&stage->hall);
	find_twins(stage, &stage->hall, "d05", &twins);
	assert_int_equal(twins.n, 1);
	is_twin(&twins.p[0], 1000, 1001, 800, ADDR | PHONE | NAME);
	assert_int_equal(twins.common, 1);
	assert_int_equal(twins.common_groups, LIMIT_TWINS_ALIKE + 20);
	twins_fini(&twins);
}

static void
a_pair_lies_where_its_units_meet(void **state)
{
	const struct stage *stage = *state;
	static const char *const places[][3] = {
	    {"d03/c017", "d03/c017", "d03/c017/match"},
	    {"d03/c017", "d03/c018", "d03/all/match"},
	    {"d03/c017", "d04/c001", "city/all/match"},
	    {"d03", "d04", "city/all/match"},
	    {"d03/c017", "d03", "city/all/match"},
	};

	for (size_t i = 0; i < COUNT_OF(places); i++) {
		struct space space;

		well(twins_space(stage->pack->duplicates->candidate.collection,
		    bytes_text(places[i][0]), bytes_text(places[i][1]),
		    &space));
		assert_string_equal(space.text, places[i][2]);
	}
}

static void
stands_for(const struct aliases *aliases, unsigned n, unsigned want)
{
	struct record_id id = id_of(n);
	struct record_id end = id;
	struct record_id wanted = id_of(want);

	for (size_t i = 0; i < aliases->n; i++)
		if (memcmp(&aliases->p[i].from, &id, sizeof(id)) == 0)
			end = aliases->p[i].to;

	assert_memory_equal(&end, &wanted, sizeof(end));
}

static void
aliases_are_followed_to_their_ends(void **state)
{
	static const unsigned homes[][2] = {
	    {3001, 3002}, {3002, 3003},		      /* a chain */
	    {3010, 3011}, {3011, 3012}, {3012, 3010}, /* a circle */
	    {3020, 3012},			      /* a way into it */
	    {3005, 3012},			      /* and a first one */
	    {3030, 3030},			      /* itself */
	};
	static const char *const into[] = {"into"};
	struct stage *stage = *state;
	struct figure_same same = {0};
	struct aliases aliases = {0};
	struct record_id gone = id_of(3040);

	desk_begin(&stage->hall, true);
	for (size_t i = 0; i < COUNT_OF(homes); i++)
		put(&stage->hall, i % 2 ? "d03/c017/case" : "d04/c001/case",
		    "home", homes[i][0], into, &homes[i][1], 1);
	put(&stage->hall, "d03/c017/case", "home", 3040, into,
	    (const unsigned[]){3041}, 1);
	desk_settle(&stage->hall, "d03/c017/case", &gone, ACT_DELETE, NULL);
	desk_commit(&stage->hall);
	desk_begin(&stage->hall, false);
	well(alias_load(own_pack(stage, &stage->hall), &aliases));
	stands_for(&aliases, 3001, 3003);
	stands_for(&aliases, 3002, 3003);
	stands_for(&aliases, 3003, 3003);
	stands_for(&aliases, 3010, 3010);
	stands_for(&aliases, 3011, 3010);
	stands_for(&aliases, 3012, 3010);
	stands_for(&aliases, 3020, 3010);
	stands_for(&aliases, 3005, 3010);
	stands_for(&aliases, 3030, 3030);
	stands_for(&aliases, 3040, 3040);
	well(figure_same_load(store_txn(stage->hall.store), NULL, 1, &same));
	assert_true(
	    bytes_is(figure_same_of(
			 &same, bytes_text("01000000000000000000000000000bb9")),
		"01000000000000000000000000000bbb"));
	assert_true(
	    bytes_is(figure_same_of(&same, bytes_text("none")), "none"));
	figure_same_fini(&same);
	alias_fini(&aliases);
	store_abort(stage->hall.store);
}

/* One id in two spaces, from two nodes that did not know of each other. */
static void
of_two_ways_the_lesser_end_is_taken(void **state)
{
	static const char *const into[] = {"into"};
	static const unsigned homes[][3] = {
	    {3110, 3111, 3112}, {3120, 3122, 3121}};
	struct stage *stage = *state;
	struct desk *desks[] = {&stage->hall, &stage->dong};

	for (size_t i = 0; i < COUNT_OF(desks); i++) {
		desk_begin(desks[i], true);
		for (size_t k = 0; k < COUNT_OF(homes); k++)
			put(desks[i], i > 0 ? "d03/c017/case" : "d04/c001/case",
			    "home", homes[k][0], into, &homes[k][1 + i], 1);
		desk_commit(desks[i]);
	}
	desk_pull(&stage->dong, &stage->hall);
	desk_pull(&stage->hall, &stage->dong);
	for (size_t i = 0; i < COUNT_OF(desks); i++) {
		struct aliases aliases = {0};

		desk_begin(desks[i], false);
		well(alias_load(own_pack(stage, desks[i]), &aliases));
		store_abort(desks[i]->store);
		stands_for(&aliases, 3110, 3111);
		stands_for(&aliases, 3120, 3121);
		alias_fini(&aliases);
	}
}

static void
what_names_no_record_leads_nowhere(void **state)
{
	struct stage *stage = *state;
	struct desk *hall = &stage->hall;
	struct aliases aliases = {0};
	struct buf value = {0};
	struct store_edit edit = {
	    .field = bytes_text("into"), .code = OP_SET, .class = CLASS_N};
	struct store_write write = {.create = true,
	    .has_record = true,
	    .record = id_of(3130),
	    .collection = bytes_text("home"),
	    .edits = &edit,
	    .edits_n = 1};
	struct record_id id;
	bool changed;

	codec_put_text(&value, bytes_text("3131"));
	edit.value = buf_bytes(&value);
	desk_begin(hall, true);
	well(id_space(bytes_text("d03/c017/case"), &write.space));
	well(store_write(hall->store, &write, &id, &changed));
	desk_commit(hall);
	desk_begin(hall, false);
	well(alias_load(own_pack(stage, hall), &aliases));
	store_abort(hall->store);
	assert_true(aliases.n > 0);
	stands_for(&aliases, 3130, 3130);
	alias_fini(&aliases);
	buf_fini(&value);
}

static void
without_aliases_each_stands_for_itself(void **state)
{
	struct stage *stage = *state;
	const struct aliases *held = NULL;
	const struct aliases *again = NULL;
	struct aliases aliases = {0};
	struct record_id id = id_of(3001);
	struct record_id end = alias_of(&aliases, &id);
	struct txn *txn;

	assert_memory_equal(&end, &id, sizeof(id));
	desk_begin(&stage->hall, false);
	/* A store that follows no pack knows none. */
	well(alias_load(store_txn(stage->hall.store), &aliases));
	assert_int_equal(aliases.n, 0);
	/* They are gathered once in a transaction... */
	txn = own_pack(stage, &stage->hall);
	well(alias_held(txn, &held));
	assert_non_null(held);
	well(alias_held(txn, &again));
	assert_ptr_equal(again, held);
	end = alias_of(held, &id);
	id = id_of(3003);
	assert_memory_equal(&end, &id, sizeof(id));
	store_abort(stage->hall.store);
	/* ... and by writers not at all. */
	desk_begin(&stage->hall, true);
	well(alias_held(own_pack(stage, &stage->hall), &held));
	assert_null(held);
	store_abort(stage->hall.store);
	alias_fini(&aliases);
}

/* Word `i` of a vector is an id of id_of; of which number? */
static unsigned
number_of(const struct vectors *v, size_t i)
{
	struct record_id id;
	struct record_id made;
	unsigned n;

	vectors_hex(v, i, id.b, sizeof(id.b));
	n = (unsigned)id.b[14] << 8 | id.b[15];
	made = id_of(n);
	assert_memory_equal(&made, &id, sizeof(id));
	return n;
}

static void
aliases_are_those_of_the_vectors(void **state)
{
	static const char *const into[] = {"into"};
	struct stage *stage = *state;
	struct aliases aliases = {0};
	size_t stands = 0;
	struct vectors v;

	desk_begin(&stage->hall, true);
	vectors_open(&v, "derive.txt");
	while (vectors_next(&v)) {
		unsigned to;

		if (!vectors_is(&v, "alias"))
			continue;
		to = number_of(&v, 2);
		put(&stage->hall, "d03/c017/case", "home", number_of(&v, 1),
		    into, &to, 1);
	}
	vectors_close(&v);
	desk_commit(&stage->hall);
	desk_begin(&stage->hall, false);
	well(alias_load(own_pack(stage, &stage->hall), &aliases));
	vectors_open(&v, "derive.txt");
	while (vectors_next(&v)) {
		if (!vectors_is(&v, "stands"))
			continue;
		stands_for(&aliases, number_of(&v, 1), number_of(&v, 2));
		stands++;
	}
	vectors_close(&v);
	assert_true(stands > 0);
	alias_fini(&aliases);
	store_abort(stage->hall.store);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(pairs_have_the_weights_of_what_is_equal),
	    cmocka_unit_test(who_holds_the_same_finds_the_same),
	    cmocka_unit_test(what_very_many_share_makes_no_pairs_and_is_told),
	    cmocka_unit_test(a_pair_lies_where_its_units_meet),
	    cmocka_unit_test(aliases_are_followed_to_their_ends),
	    cmocka_unit_test(of_two_ways_the_lesser_end_is_taken),
	    cmocka_unit_test(what_names_no_record_leads_nowhere),
	    cmocka_unit_test(without_aliases_each_stands_for_itself),
	    cmocka_unit_test(aliases_are_those_of_the_vectors),
	};

	return cmocka_run_group_tests(tests, stage_make, stage_end);
}

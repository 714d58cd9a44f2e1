/*
 * Promises of core/units.h: a unit is found by each of its names, never by one
 * that another has as well, and what is no more leads to what came after.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/units_find.h"
#include "proto/codec.h"
#include "tests/lib/desk.h"

/* Of record number i + 1; references are such numbers, 0 for none. */
static const struct {
	const char *name;
	const char *alias;
	const char *code;
	const char *level;
	const char *prefix;
	const char *to;
	uint8_t parent;
	uint8_t next[2];
} rows[] = {
    {"서울특별시", "서울", "11", "city", NULL, NULL, 0, {0}},
    {"강남구", NULL, "11680", "district", "d23", NULL, 1, {0}},
    {"관악구", NULL, "11620", "district", "d21", NULL, 1, {0}},
    {"신사동", NULL, "1168051000", "dong", "d23/c01", NULL, 2, {0}},
    {"신사동", "강남구 관악출장소", "1162068500", "dong", "d21/c02", NULL, 3,
	{0}},
    {"신당제1동", NULL, "1114061000", "dong", "d02/c01", "2013-07-19", 1, {7}},
    {"신당동", "성곽마을", "1114061500", "dong", "d02/c01", NULL, 1, {0}},
    {"오류2동", NULL, "1153074000", "dong", "d17/c01", "2020-06-30", 1,
	{9, 10}},
    {"항동", NULL, "1153075000", "dong", "d17/c02", NULL, 1, {0}},
    {"오류2동", NULL, "1153074001", "dong", "no prefix!", NULL, 1, {0}},
    {"고리1동", NULL, "1", "dong", NULL, "2001-01-01", 12, {12}},
    {"고리2동", NULL, "2", "dong", NULL, "2001-01-01", 11, {11}},
    {"명륜3가동", NULL, "1111066000", "dong", NULL, "2012-07-31", 1, {0}},
    {"성곽마을", NULL, "3", "agency", NULL, NULL, 1, {0}},
    {"항동", NULL, "1153075009", "dong", NULL, "1975-09-30", 1, {0}},
    /* What was above it, and what came after it, is not held. */
    {"외딴동", NULL, "5", "dong", NULL, "2011-01-01", 99, {98}},
};

struct office {
	struct desk desk;
	struct pack *pack;
	struct arena arena;
	struct units units;
};

static void
well(enum err e)
{
	if (e != ERR_OK)
		fail_msg("%s: %s", err_name(e), err_text());
}

static struct record_id
id_of(uint8_t number)
{
	return (struct record_id){.b = {[15] = number}};
}

static void
add(struct store_write *write, struct store_edit *edits, const char *field,
    struct buf *value)
{
	struct store_edit *edit = &edits[write->edits_n++];

	*edit = (struct store_edit){.field = bytes_text(field),
	    .code = OP_SET,
	    .class = CLASS_N,
	    .value = buf_bytes(value)};
	if (strcmp(field, "aliases") == 0 || strcmp(field, "successors") == 0)
		edit->code = OP_ADD;
}

static void
make(struct office *office, size_t i)
{
	const struct {
		const char *field;
		const char *text;
	} texts[] = {{"name_ko", rows[i].name}, {"aliases", rows[i].alias},
	    {"code", rows[i].code}, {"level", rows[i].level},
	    {"prefix", rows[i].prefix}, {"valid_to", rows[i].to}};
	const uint8_t refs[] = {
	    rows[i].parent, rows[i].next[0], rows[i].next[1]};
	struct buf values[9] = {0};
	struct store_edit edits[9];
	struct store_write write = {.create = true,
	    .has_record = true,
	    .record = id_of((uint8_t)(i + 1)),
	    .collection = bytes_text("org_unit"),
	    .edits = edits};
	struct record_id id;
	bool changed;

	well(id_space(bytes_text("seoul/public"), &write.space));
	for (size_t k = 0; k < COUNT_OF(texts); k++) {
		if (texts[k].text == NULL)
			continue;
		codec_put_text(&values[k], bytes_text(texts[k].text));
		add(&write, edits, texts[k].field, &values[k]);
	}
	for (size_t k = 0; k < COUNT_OF(refs); k++) {
		struct record_id to = id_of(refs[k]);

		if (refs[k] == 0)
			continue;
		codec_put_bytes(&values[6 + k], bytes_of(to.b, sizeof(to.b)));
		add(&write, edits, k == 0 ? "parent" : "successors",
		    &values[6 + k]);
	}
	well(store_write(office->desk.store, &write, &id, &changed));
	for (size_t k = 0; k < COUNT_OF(values); k++)
		buf_fini(&values[k]);
}

/* A unit whose references are texts, and whose other name is a number. */
static void
make_odd(struct office *office)
{
	static const char *const fields[] = {
	    "code", "parent", "successors", "aliases"};
	struct buf values[COUNT_OF(fields)] = {{0}};
	struct store_edit edits[COUNT_OF(fields)];
	struct store_write write = {.create = true,
	    .has_record = true,
	    .record = id_of(COUNT_OF(rows) + 1),
	    .collection = bytes_text("org_unit"),
	    .edits = edits};
	struct record_id id;
	bool changed;

	well(id_space(bytes_text("seoul/public"), &write.space));
	for (size_t i = 0; i < COUNT_OF(fields); i++) {
		if (i < 3)
			codec_put_text(&values[i], bytes_text("odd"));
		else
			codec_put_int(&values[i], 7);
		add(&write, edits, fields[i], &values[i]);
	}
	well(store_write(office->desk.store, &write, &id, &changed));
	for (size_t i = 0; i < COUNT_OF(values); i++)
		buf_fini(&values[i]);
}

static int
office_make(void **state)
{
	static struct office office;
	struct txn *txn;

	memset(&office, 0, sizeof(office));
	desk_found(&office.desk, 41);
	desk_begin(&office.desk, true);
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		make(&office, i);
	make_odd(&office);
	desk_commit(&office.desk);
	well(pack_parse(pack_embedded(), &office.pack));
	desk_begin(&office.desk, false);
	txn = store_txn(office.desk.store);
	txn->pack = office.pack;
	/* 2023-11-14 */
	well(units_load(txn, 1700000000, &office.arena, &office.units));
	store_abort(office.desk.store);
	*state = &office;
	return 0;
}

static int
office_remove(void **state)
{
	struct office *office = *state;

	pack_free(office->pack);
	arena_fini(&office->arena);
	desk_fini(&office->desk);
	return 0;
}

static const struct pack_scope *
scope_of(const struct office *office, const char *name)
{
	for (size_t i = 0; i < office->pack->scopes_n; i++)
		if (strcmp(office->pack->scopes[i].name, name) == 0)
			return &office->pack->scopes[i];
	return NULL;
}

/* The number of the unit that is found; 0: an error. */
static unsigned
find(struct office *office, const char *words, const char *scope,
    struct buf *note)
{
	const struct unit *unit;
	struct buf unheard = {0};
	enum err e = units_find_named(&office->units, bytes_text(words),
	    scope_of(office, scope), &unit, note != NULL ? note : &unheard);

	buf_fini(&unheard);
	return e == ERR_OK ? unit->id.b[15] : 0;
}

static void
each_name_leads_to_its_unit(void **state)
{
	static const struct {
		const char *words;
		const char *scope;
		unsigned is;
	} list[] = {{"서울", "", 1}, {"강남구", "", 2}, {"강남", "gu", 2},
	    {"강남 신사동", "dong", 4}, {"서울 관악 신사동", "dong", 5},
	    {"강남구신사동", "dong", 4}, {"1162068500", "dong", 5},
	    {"d21/c02", "", 5}, {"강남구 관악출장소", "", 5}, {"신당동", "", 7},
	    {" 신 당 동 ", "", 7}, {"신당", "", 7}, {"성곽 마을", "dong", 7},
	    {"성곽마을", "", 14},
	    {"\xe1\x84\x92\xe1\x85\xa1\xe1\x86\xbc\xe1\x84\x83\xe1\x85\xa9\xe1"
	     "\x86\xbc",
		"", 9},
	    {"오류2동", "", 10}, {"오류 제2동", "dong", 10}};
	struct office *office = *state;

	assert_int_equal(office->units.n, COUNT_OF(rows) + 1);
	for (size_t i = 0; i < COUNT_OF(list); i++)
		if (find(office, list[i].words, list[i].scope, NULL) !=
		    list[i].is)
			fail_msg("%s: %s", list[i].words, err_text());
}

static void
what_names_no_unit_that_is_held_leads_nowhere(void **state)
{
	static const char *const codes[] = {"5", "odd"};
	struct office *office = *state;
	struct units none;
	struct txn *txn;

	for (size_t i = 0; i < COUNT_OF(codes); i++) {
		const struct unit *unit = NULL;

		for (size_t k = 0; k < office->units.n; k++)
			if (bytes_is(office->units.p[k].code, codes[i]))
				unit = &office->units.p[k];
		assert_non_null(unit);
		assert_null(unit->parent);
		assert_int_equal(unit->successors_n, 0);
		assert_int_equal(unit->aliases_n, 0);
	}
	/* Nor does a store without a pack have any. */
	desk_begin(&office->desk, false);
	txn = store_txn(office->desk.store);
	assert_null(txn->pack);
	well(units_load(txn, 1700000000, &office->arena, &none));
	store_abort(office->desk.store);
	assert_int_equal(none.n, 0);
}

static void
what_fits_several_units_or_none_is_refused(void **state)
{
	static const struct {
		const char *words;
		const char *scope;
		const char *why;
	} list[] = {
	    {"신사동", "",
		"'신사동' fits 2 units: 관악구 신사동 (1162068500, d21/c02), "
		"강남구 신사동 (1168051000, d23/c01); name the one above it as "
		"well, or give its code"},
	    {"서울 신사동", "dong", "'서울 신사동' fits 2 units: "},
	    {"신", "dong", "'신' fits 3 units: "},
	    {"신사동", "gu", "no gu is called '신사동'"},
	    {"강남 항동", "", "no unit is called '강남 항동'"},
	    {"", "", "'' names no unit"}, {" . ", "", "' . ' names no unit"},
	    {"1153074000", "",
		"'1153074000' existed until 2020-06-30; in its place came "
		"서울특별시 오류2동 (1153074001), 서울특별시 항동 (1153075000, "
		"d17/c02): name one of them"}};
	struct office *office = *state;

	for (size_t i = 0; i < COUNT_OF(list); i++) {
		if (find(office, list[i].words, list[i].scope, NULL) != 0)
			fail_msg("%s was found", list[i].words);
		if (strncmp(err_text(), list[i].why, strlen(list[i].why)) != 0)
			fail_msg("%s: %s", list[i].words, err_text());
	}
}

static void
old_and_other_names_are_told(void **state)
{
	static const struct {
		const char *words;
		unsigned is;
		const char *note;
	} list[] = {{"신당1동", 7,
			"서울특별시 신당제1동 (1114061000, d02/c01) existed "
			"until 2013-07-19, in its place came 서울특별시 신당동 "
			"(1114061500, d02/c01)"},
	    {"명륜3가동", 13,
		"서울특별시 명륜3가동 (1111066000) existed until 2012-07-31"},
	    {"서울", 1, "서울 is another name of 서울특별시 (11)"},
	    {"신당동", 7, ""}};
	struct office *office = *state;

	for (size_t i = 0; i < COUNT_OF(list); i++) {
		struct buf note = {0};

		assert_int_equal(
		    find(office, list[i].words, "", &note), list[i].is);
		assert_string_equal(buf_text(&note), list[i].note);
		buf_fini(&note);
	}
}

static void
units_that_lead_in_a_circle_end_somewhere(void **state)
{
	struct office *office = *state;
	unsigned is = find(office, "고리1동", "", NULL);

	assert_true(is == 11 || is == 12);
	assert_int_equal(find(office, "없는 고리1동", "", NULL), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_name_leads_to_its_unit),
	    cmocka_unit_test(what_names_no_unit_that_is_held_leads_nowhere),
	    cmocka_unit_test(what_fits_several_units_or_none_is_refused),
	    cmocka_unit_test(old_and_other_names_are_told),
	    cmocka_unit_test(units_that_lead_in_a_circle_end_somewhere),
	};

	return cmocka_run_group_tests(tests, office_make, office_remove);
}

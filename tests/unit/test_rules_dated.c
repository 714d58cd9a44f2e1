/*
 * What core/rules.h promises of codes: they are written newly on their days
 * alone, by the clock of the writer, and may stay for ever.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/rules.h"
#include "proto/codec.h"
#include "tests/lib/clinic.h"

enum { EDITS = 2 };

/* 2019-06-30T15:00:00Z: the first minute of July where clocks are nine hours
 * ahead. */
static const uint64_t JULY_MS = UINT64_C(1561906800000);

static uint64_t
clock_read(void *arg)
{
	return *(const uint64_t *)arg;
}

/* A clinic, and a write of a task of the kind 'a'. */
struct site {
	struct pack *pack; /* owned */
	uint64_t now_ms;
	struct host host;
	struct buf values[EDITS]; /* owned */
	struct store_edit edits[EDITS];
	struct store_write write;
	/* The record shows this of the kind. */
	struct record_value shown;
	struct record_field field;
	struct record record;
	const struct authority *authority;
};

static void
site_init(struct site *site, const char *from, const char *to)
{
	*site = (struct site){.pack = clinic_pack(from, to)};
	site->host = (struct host){.now_ms = clock_read, .arg = &site->now_ms};
	codec_put_text(&site->values[0], bytes_text("open"));
	codec_put_text(&site->values[1], bytes_text("a"));
	site->edits[0] = (struct store_edit){.field = bytes_text("state"),
	    .code = OP_MOVE,
	    .value = buf_bytes(&site->values[0])};
	site->edits[1] = (struct store_edit){.field = bytes_text("kind"),
	    .code = OP_SET,
	    .value = buf_bytes(&site->values[1])};
	site->write = (struct store_write){.create = true,
	    .collection = bytes_text("task"),
	    .edits = site->edits,
	    .edits_n = EDITS};
	assert_int_equal(
	    id_space(bytes_text("d03/task"), &site->write.space), ERR_OK);
	site->shown = (struct record_value){
	    .value = buf_bytes(&site->values[1])};
	site->field = (struct record_field){.name = bytes_text("kind"),
	    .kind = KIND_REGISTER,
	    .n = 1,
	    .values = &site->shown};
	site->record = (struct record){.exists = true,
	    .collection = bytes_text("task"),
	    .fields_n = 1,
	    .fields = &site->field};
}

static void
site_fini(struct site *site)
{
	for (size_t i = 0; i < EDITS; i++)
		buf_fini(&site->values[i]);
	pack_free(site->pack);
}

static enum err
site_check(struct site *site, uint64_t now_ms)
{
	site->now_ms = now_ms;
	return rules_check(
	    site->pack, &site->write, &site->record, &site->host, NULL);
}

static void
a_code_ends_with_its_last_day_where_clocks_are(void **state)
{
	struct site site;

	(void)state;
	site_init(&site, NULL, NULL);
	assert_int_equal(site_check(&site, JULY_MS - 1), ERR_OK);
	assert_int_equal(site_check(&site, JULY_MS), ERR_INVALID);
	assert_string_equal(err_text(),
	    "task.kind: 'a' may be written no more: it ended on 2019-06-30");
	site_fini(&site);
	site_init(&site, "`+09:00`", "`+00:00`");
	assert_int_equal(site_check(&site, JULY_MS), ERR_OK);
	site_fini(&site);
}

static void
what_a_record_shows_may_be_said_again(void **state)
{
	struct buf other = {0};
	struct site site;

	(void)state;
	codec_put_text(&other, bytes_text("b"));
	site_init(&site, NULL, NULL);
	site.write.create = false;
	assert_int_equal(site_check(&site, JULY_MS), ERR_OK);
	site.shown.value = buf_bytes(&other);
	assert_int_equal(site_check(&site, JULY_MS), ERR_INVALID);
	/* A new record shows nothing, whatever stands where one would be. */
	site.shown.value = buf_bytes(&site.values[1]);
	site.write.create = true;
	assert_int_equal(site_check(&site, JULY_MS), ERR_INVALID);
	site_fini(&site);
	buf_fini(&other);
}

static void
names_of_a_map_have_days_too(void **state)
{
	struct site site;

	(void)state;
	site_init(&site, "{`name`:`due_on`",
	    "{`name`:`marks`,`label`:{`ko`:`a`,`en`:`a`},"
	    "`kind`:`register`,`type`:`map`,`codes`:`kind`,`class`:`N`},"
	    "{`name`:`due_on`");
	buf_cut(&site.values[1], 0);
	codec_put_map(&site.values[1], 2);
	codec_put_text(&site.values[1], bytes_text("a"));
	codec_put_int(&site.values[1], 1);
	codec_put_text(&site.values[1], bytes_text("b"));
	codec_put_int(&site.values[1], 2);
	site.edits[1].field = bytes_text("marks");
	site.edits[1].value = buf_bytes(&site.values[1]);
	assert_int_equal(site_check(&site, JULY_MS - 1), ERR_OK);
	assert_int_equal(site_check(&site, JULY_MS), ERR_INVALID);
	assert_string_equal(err_text(),
	    "task.marks: 'a' may be written no more: it ended on 2019-06-30");
	site_fini(&site);
}

static void
what_has_ended_may_be_taken_out(void **state)
{
	struct site site;

	(void)state;
	site_init(&site, NULL, NULL);
	site.write.create = false;
	site.edits[1].code = OP_CLEAR;
	assert_int_equal(site_check(&site, JULY_MS), ERR_OK);
	site_fini(&site);
}

/* Is a birth on `day` written at the time `now_ms` of a node? */
static enum err
birth_write(struct site *site, const char *day, uint64_t now_ms)
{
	struct buf value = {0};
	struct store_edit edits[] = {site->edits[0],
	    {.field = bytes_text("born"), .code = OP_SET, .class = CLASS_P}};
	struct store_write write = site->write;
	enum err e;

	codec_put_text(&value, bytes_text(day));
	edits[1].value = buf_bytes(&value);
	write.edits = edits;
	write.edits_n = COUNT_OF(edits);
	site->now_ms = now_ms;
	e = rules_check(
	    site->pack, &write, &site->record, &site->host, site->authority);
	if (e == ERR_OK) {
		write.restored = true;
		assert_int_equal(rules_check(site->pack, &write, &site->record,
				     &site->host, NULL),
		    ERR_OK);
	}
	buf_fini(&value);
	return e;
}

static void
what_has_not_come_is_not_written(void **state)
{
	struct site site;

	(void)state;
	site_init(&site, NULL, NULL);
	assert_int_equal(birth_write(&site, "2019-07-01", JULY_MS), ERR_OK);
	assert_int_equal(
	    birth_write(&site, "2019-07-01", JULY_MS - 1000), ERR_INVALID);
	assert_non_null(strstr(err_text(),
	    "task.born: 2019-07-01 has not come yet: the clock of this node "
	    "shows 2019-06-30T23:59:59+09:00"));
	site_fini(&site);
}

/* A tablet whose battery was empty shows 1970 and was admitted long after. */
static void
a_clock_that_is_behind_refuses_nothing(void **state)
{
	struct grant grants[] = {{.since = {.v = (JULY_MS + 5000) << 16}}};
	struct authority authority = {.grants = grants, .grants_n = 1};
	struct site site;

	(void)state;
	site_init(&site, NULL, NULL);
	site.authority = &authority;
	assert_int_equal(birth_write(&site, "2019-07-02", 0), ERR_INVALID);
	grants[0].counts = true;
	assert_int_equal(birth_write(&site, "2019-07-02", 0), ERR_OK);
	assert_int_equal(
	    birth_write(&site, "2019-07-02", JULY_MS + 4999), ERR_OK);
	assert_int_equal(
	    birth_write(&site, "2019-07-02", JULY_MS + 5000), ERR_INVALID);
	site_fini(&site);
}

/* A code that begins tomorrow by its clock began today. */
static void
a_clock_that_is_behind_refuses_no_code(void **state)
{
	static const uint64_t BEFORE_MS = UINT64_C(1435676400000) - 1;
	struct grant grants[] = {
	    {.since = {.v = (BEFORE_MS + 60000) << 16}, .counts = true}};
	struct authority authority = {.grants = grants, .grants_n = 1};
	struct site site;

	(void)state;
	site_init(&site, NULL, NULL);
	assert_int_equal(site_check(&site, BEFORE_MS + 1), ERR_OK);
	assert_int_equal(site_check(&site, BEFORE_MS), ERR_INVALID);
	site.now_ms = BEFORE_MS;
	assert_int_equal(rules_check(site.pack, &site.write, &site.record,
			     &site.host, &authority),
	    ERR_OK);
	grants[0].counts = false;
	assert_int_equal(rules_check(site.pack, &site.write, &site.record,
			     &site.host, &authority),
	    ERR_INVALID);
	site_fini(&site);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_clock_that_is_behind_refuses_nothing),
	    cmocka_unit_test(a_clock_that_is_behind_refuses_no_code),
	    cmocka_unit_test(what_has_not_come_is_not_written),
	    cmocka_unit_test(a_code_ends_with_its_last_day_where_clocks_are),
	    cmocka_unit_test(what_a_record_shows_may_be_said_again),
	    cmocka_unit_test(names_of_a_map_have_days_too),
	    cmocka_unit_test(what_has_ended_may_be_taken_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

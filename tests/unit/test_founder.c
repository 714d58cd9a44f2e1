/*
 * Promises of core/founder.h and core/force.h: which stores are made, and which
 * are opened.  What a new store holds is in test_store.c.
 *
 * LINK: -Wl,--wrap=file_is_remote
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/file.h"
#include "core/meta.h"
#include "tests/lib/town.h"

static struct town town;
static bool is_far; /* the disk is one of another machine */

enum err __real_file_is_remote(const char *path, bool *remote);
enum err __wrap_file_is_remote(const char *path, bool *remote);

enum err
__wrap_file_is_remote(const char *path, bool *remote)
{
	enum err e = __real_file_is_remote(path, remote);

	*remote = *remote || is_far;
	return e;
}

static int
town_make(void **state)
{
	(void)state;
	is_far = false;
	town_init(&town, 91);
	return 0;
}

static int
town_remove(void **state)
{
	(void)state;
	is_far = false;
	town_fini(&town);
	return 0;
}

/* A plan that is fine. */
static struct store_plan
plan_of(const char *dir)
{
	return (struct store_plan){.dir = dir,
	    .host = &town.host,
	    .found = bytes_text("도시"),
	    .label = bytes_text("시청"),
	    .pack = "chatdong"};
}

/* What is refused leaves nothing. */
static void
assert_refused(const struct store_plan *plan, enum err code, const char *words)
{
	struct file_stat stat;

	assert_int_equal(founder_create(plan), code);
	assert_non_null(strstr(err_text(), words));
	assert_int_equal(file_stat(plan->dir, &stat), ERR_NOT_FOUND);
	assert_int_equal(
	    file_stat(tempdir_at(&town.dir, "fresh.golmok-new"), &stat),
	    ERR_NOT_FOUND);
}

static void
a_city_and_its_first_node_have_names_that_are_some(void **state)
{
	static uint8_t letters[LIMIT_LABEL_SIZE + 1];
	const char *dir = tempdir_at(&town.dir, "fresh");
	const struct bytes wrong[] = {bytes_of(letters, sizeof(letters)),
	    bytes_text(""), bytes_text("줄\n줄"), bytes_text("\xff"),
	    bytes_text("\x7f")};

	(void)state;
	memset(letters, 'a', sizeof(letters));
	for (size_t i = 0; i < COUNT_OF(wrong); i++) {
		struct store_plan plan = plan_of(dir);

		plan.found = wrong[i];
		assert_refused(&plan, ERR_INVALID, "need names");
		plan = plan_of(dir);
		plan.label = wrong[i];
		assert_refused(&plan, ERR_INVALID, "need names");
	}
	for (int i = 0; i < 2; i++) {
		struct store_plan plan = plan_of(dir);

		*(i == 0 ? &plan.found : &plan.label) = bytes_of(
		    letters, LIMIT_LABEL_SIZE);
		assert_int_equal(founder_create(&plan), ERR_OK);
		assert_int_equal(file_remove_tree(dir), ERR_OK);
	}
}

static void
no_store_is_made_with_a_pack_that_is_not_there(void **state)
{
	const char *dir = tempdir_at(&town.dir, "fresh");
	struct store_plan plan = plan_of(dir);
	struct store *store;

	(void)state;
	plan.pack = "otherdong";
	assert_refused(
	    &plan, ERR_INVALID, "no pack otherdong: this program has chatdong");
	/* Who joins a city, too. */
	plan.found = (struct bytes){0};
	plan.join = &town.city;
	assert_refused(&plan, ERR_INVALID, "no pack otherdong");
	plan = plan_of(dir);
	assert_int_equal(founder_create(&plan), ERR_OK);
	assert_int_equal(store_open(dir, &town.host, &store), ERR_OK);
	assert_non_null(store_pack(store));
	store_close(store);
}

static void
no_store_is_made_on_a_disk_of_another_machine(void **state)
{
	const char *dir = tempdir_at(&town.dir, "fresh");
	struct store_plan plan = plan_of(dir);

	(void)state;
	is_far = true;
	assert_refused(&plan, ERR_DENIED, "another machine");
	is_far = false;
	plan.dir = "/no/such/place/store";
	assert_refused(&plan, ERR_NOT_FOUND, "/no/such/place");
	plan.dir = dir;
	assert_int_equal(founder_create(&plan), ERR_OK);
}

/* What a store says of itself is `value` (NULL: nothing) from now on; what does
 * opening it give? */
static enum err
opened_with(const char *name, const struct bytes *value)
{
	struct store *store = town_store(&town, 0);
	enum err e;

	assert_int_equal(store_begin(store, true), ERR_OK);
	if (value != NULL)
		meta_put(store_txn(store), name, *value);
	else
		meta_del(store_txn(store), name);
	assert_int_equal(store_commit(store), ERR_OK);
	town_close(&town, 0);
	e = store_open(town.nodes[0].dir, &town.host, &store);
	store_close(store);
	return e;
}

static void
a_store_of_no_city_or_another_is_not_opened(void **state)
{
	static const uint8_t other[33] = {1};
	static const struct {
		size_t n;
		const char *words;
	} wrong[] = {{0, "which city it belongs to"}, {31, "its size is wrong"},
	    {33, "its size is wrong"}, {32, "those of another city"}};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(wrong); i++) {
		const struct bytes value = bytes_of(other, wrong[i].n);

		assert_int_equal(opened_with(meta_city, i == 0 ? NULL : &value),
		    ERR_CORRUPT);
		assert_non_null(strstr(err_text(), wrong[i].words));
		town_fini(&town);
		town_init(&town, 91);
	}
}

static void
a_store_of_a_pack_that_is_not_there_is_not_opened(void **state)
{
	static const char *const wrong[] = {"chatdon", "chatdong2", "", "x"};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(wrong); i++) {
		const struct bytes name = bytes_text(wrong[i]);

		assert_int_equal(opened_with(meta_pack, &name), ERR_VERSION);
		assert_non_null(strstr(err_text(), "use a newer golmok"));
		town_fini(&town);
		town_init(&town, 91);
	}
	assert_int_equal(opened_with(meta_pack,
			     &(struct bytes){(const uint8_t *)"chatdong", 8}),
	    ERR_OK);
}

#define TOWN(f) cmocka_unit_test_setup_teardown(f, town_make, town_remove)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TOWN(a_city_and_its_first_node_have_names_that_are_some),
	    TOWN(no_store_is_made_with_a_pack_that_is_not_there),
	    TOWN(no_store_is_made_on_a_disk_of_another_machine),
	    TOWN(a_store_of_no_city_or_another_is_not_opened),
	    TOWN(a_store_of_a_pack_that_is_not_there_is_not_opened),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

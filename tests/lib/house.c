/*
 * One store for all inputs of a target.
 */
#include "tests/lib/house.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "proto/ascii.h"
#include "tests/lib/slip.h"

static struct desk desk;

static void
leave(void)
{
	store_abort(desk.store);
	desk_fini(&desk);
}

static struct record_id
put(const char *space, const char *collection, const char *const *words)
{
	const struct slip slip = {.desk = &desk, .space = space};
	struct record_id id;

	slip_is(slip_put(&slip, collection, words, &id), ERR_OK, NULL);
	return id;
}

/* "field=" and the digits of `id`, in one of some static buffers. */
static const char *
ref(const char *field, const struct record_id *id)
{
	static struct buf texts[8];
	static size_t next;
	struct buf *text = &texts[next++ % COUNT_OF(texts)];

	buf_cut(text, 0);
	buf_add_format(text, "%s=", field);
	ascii_hex(bytes_of(id->b, sizeof(id->b)), text);
	return buf_text(text);
}

#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})

static void
fill(void)
{
	struct record_id gu = put("city/all/public", "org_unit",
	    WORDS("code=11680", "level=district", "name_ko=강남구",
		"prefix=d23", "valid_from=1975-10-01"));
	struct record_id dong = put("city/all/public", "org_unit",
	    WORDS("code=1168051000", "level=dong", "name_ko=신사동",
		"prefix=d23/c01", ref("parent", &gu), "valid_from=1975-10-01"));
	struct record_id home;

	(void)put("city/all/public", "org_unit",
	    WORDS("code=1162068500", "level=dong", "name_ko=신사동",
		"prefix=d21/c02", "valid_from=1975-10-01",
		"valid_to=2015-12-31"));
	home = put("d23/c01/case", "household",
	    WORDS("hh_no=가-1", ref("owner_dong", &dong), "address=압구정로 1",
		"state=active"));
	(void)put("d23/c01/case", "person",
	    WORDS(ref("household", &home), "name=홍길동", "birth=1948-02-29",
		"status=resident"));
	(void)put("d23/c01/case", "visit",
	    WORDS(ref("household", &home), "kind=빈곤위기",
		"planned_on=2016-07-25", "due_on=2016-07-31", ref("staff", &gu),
		"channel=방문", "state=planned", "offline=false"));
	(void)put("d21/c02/case", "visit",
	    WORDS(ref("household", &home), "kind=보편_65세",
		"planned_on=2015-12-31", ref("staff", &gu), "channel=전화",
		"state=assigned", "offline=true", "attempts+=2", "needs=건강"));
}

struct store *
house_store(void)
{
	if (desk.store != NULL)
		return desk.store;
	tempdir_in_memory();
	desk_found(&desk, 3);
	assert_int_equal(atexit(leave), 0);
	slip_pack(&desk);
	desk_begin(&desk, true);
	fill();
	desk_commit(&desk);
	desk_begin(&desk, false);
	return desk.store;
}

int64_t
house_now_seconds(void)
{
	return 1469404800; /* 2016-07-25 */
}

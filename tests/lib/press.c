/*
 * Packs for tests of how packs travel.
 */
#include "tests/lib/press.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/meta.h"
#include "core/publish.h"
#include "tests/lib/slip.h"

#define LABEL "\"label\":{\"ko\":\"가\",\"en\":\"a\"}"
#define HEAD "{\"format\":%u,\"name\":\"%s\",\"version\":%u," LABEL
#define FIELD                                               \
	"{\"name\":\"%s\"," LABEL ",\"kind\":\"register\"," \
	"\"type\":\"text\",\"class\":\"%s\",\"index\":\"plain\"}"
#define EXTRA                                                            \
	",{\"name\":\"extra\",\"space\":\"case\"," LABEL ",\"fields\":[" \
	"{\"name\":\"word\"," LABEL ",\"kind\":\"register\",\"type\":"   \
	"\"text\",\"class\":\"N\"}]}"
#define VIEWS                                                                \
	",\"views\":[{\"name\":\"by_first\",\"collection\":\"card\","        \
	"\"group\":[{\"name\":\"first\",\"is\":\"%c\"}],\"count\":true,"     \
	"\"distinct\":[{\"name\":\"names\",\"is\":\"name\"}]},"              \
	"{\"name\":\"by_last\",\"collection\":\"card\",\"where\":"           \
	"\"name is something\",\"group\":[{\"name\":\"last\",\"is\":\"%c\"}" \
	"],\"count\":true}]"

void
press_text(const struct press_plan *plan, struct buf *json)
{
	size_t n = strlen(plan->fields);

	buf_add_format(json, HEAD, plan->format,
	    plan->name != NULL ? plan->name : "sim", plan->version);
	buf_add_format(json,
	    ",\"collections\":[{\"name\":\"card\",\"space\":\"case\","
	    "\"label\":{\"ko\":\"카드%u\",\"en\":\"a\"},\"fields\":[",
	    plan->number);
	buf_add_format(json, FIELD, "name", "P");
	for (size_t i = 0; i < n; i++) {
		const char name[] = {plan->fields[i], '\0'};

		buf_add_u8(json, ',');
		buf_add_format(json, FIELD, name, "N");
	}
	buf_add_text(json, "]}");
	if (strchr(plan->fields, 'x') != NULL)
		buf_add_text(json, EXTRA);
	buf_add_text(json, "]");
	if (plan->format == 2 && n > 0)
		buf_add_format(
		    json, VIEWS, plan->fields[0], plan->fields[n - 1]);
	buf_add_text(json, "}");
}

enum err
press_publish(struct town *town, size_t by, struct bytes json)
{
	struct store *store = town_store(town, by);
	uint64_t version = 0;
	enum err e;

	town->now_ms += 1000;
	slip_is(store_begin(store, true), ERR_OK, NULL);
	e = publish_pack(store, json, &version);
	if (e == ERR_OK)
		return store_commit(store);
	store_abort(store);
	return e;
}

void
press_follow(struct town *town, size_t i)
{
	struct store *store = town_store(town, i);

	slip_is(store_begin(store, true), ERR_OK, NULL);
	meta_put(store_txn(store), meta_pack, bytes_text("sim"));
	slip_is(store_commit(store), ERR_OK, NULL);
}

uint64_t
press_version(struct town *town, size_t i)
{
	struct store *store = town_store(town, i);
	uint64_t version;

	slip_is(store_begin(store, false), ERR_OK, NULL);
	version = store_pack(store)->version;
	assert_ptr_equal(store_txn(store)->pack, store_pack(store));
	store_abort(store);
	return version;
}

/*
 * Random writes to records of a pack that has an index of each kind.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/lib/things.h"

#include "core/meta.h"
#include "proto/codec.h"

const char things_space[] = "d03/c017/thing";

#define LABEL "\"label\":{\"ko\":\"ㄱ\",\"en\":\"x\"}"
#define FIELD(name, kind, type, more)                                   \
	"{\"name\":\"" name "\",\"kind\":\"" kind "\",\"type\":\"" type \
	"\",\"class\":\"N\"," more LABEL "}"

const char things_pack[] =
    "{\"format\":2,\"name\":\"things\",\"version\":1," LABEL ","
    "\"fold\":{\"drop\":[\" \",\".\",\"·\",\"․\",\"A\"],"
    "\"drop_before_digit\":[\"제\"]},"
    "\"collections\":[{\"name\":\"thing\",\"space\":\"thing\"," LABEL ","
    "\"indexes\":["
    "{\"name\":\"tags_all\",\"fields\":[\"tags\",\"a\",\"b\",\"at\"]},"
    "{\"name\":\"a_at\",\"fields\":[\"a\",\"at\"]}],"
    "\"fields\":[" FIELD("tags", "set", "text", "\"search\":true,") "," FIELD(
	"a", "register", "text",
	"\"index\":\"plain\",\"search\":true,") "," FIELD("b", "register",
	"int", "\"index\":\"plain\",") "," FIELD("at", "register", "datetime",
	"\"index\":\"plain\",") "]},"
				"{\"name\":\"other\",\"space\":\"thing\"," LABEL
				",\"fields\":[" FIELD(
				    "a", "register", "text", "") "]}]}";

static void
well(enum err e)
{
	if (e != ERR_OK)
		fail_msg("%s: %s", err_name(e), err_text());
}

int
things_make(void **state)
{
	static struct things things;

	memset(&things, 0, sizeof(things));
	desk_found(&things.hall, 21);
	desk_join(&things.dong, &things.hall, 22);
	desk_admit(&things.hall, &things.dong, "d03");
	desk_pull(&things.dong, &things.hall);
	*state = &things;
	return 0;
}

int
things_remove(void **state)
{
	struct things *things = *state;

	desk_fini(&things->dong);
	desk_fini(&things->hall);
	return 0;
}

void
things_follow(struct desk *desk, bool pack)
{
	desk_begin(desk, true);
	if (pack)
		meta_put(
		    store_txn(desk->store), meta_pack, bytes_text("things"));
	else
		meta_del(store_txn(desk->store), meta_pack);
	desk_commit(desk);
	desk_close(desk);
	desk_open(desk, false);
	desk_begin(desk, true);
	desk_commit(desk);
}

/* ---- what is written ---------------------------------------------------- */

/* Some of one length of the room that a value has in a key, and longer. */
static const char *const texts[] = {"가", "가나", "종로1․2가동", "제2동",
    "가나다라마바사아", "가나다라마바사아자차", "가나다라마바사아자차카타파하",
    "Abc 가나", ""};
static const char *const times[] = {"2019-06-30T23:59:59Z",
    "2019-07-01T08:59:59+09:00", "2019-07-01T00:00:00Z",
    "2019-07-01T09:00:00+09:00", "2020-01-01T00:00:00Z", "never"};

static void
text_put(struct prng *prng, const char *const *from, size_t n, struct buf *to)
{
	codec_put_text(to, bytes_text(from[prng_below(prng, n)]));
}

void
things_value(struct prng *prng, size_t f, struct buf *value)
{
	switch (prng_below(prng, 12)) {
	case 0:
		codec_put_array(value, 1);
		codec_put_int(value, 1);
		break;
	case 1:
		codec_put_bytes(value, bytes_of("a\0b", 3));
		break;
	default:
		if (f == 2)
			codec_put_int(value, (int64_t)prng_below(prng, 5) - 2);
		else if (f == 3)
			text_put(prng, times, COUNT_OF(times), value);
		else
			text_put(prng, texts, COUNT_OF(texts), value);
		break;
	}
}

const char *const things_fields[] = {"tags", "a", "b", "at"};

static void
edit_draw(
    struct prng *prng, size_t f, struct store_edit *edit, struct buf *value)
{
	*edit = (struct store_edit){.field = bytes_text(things_fields[f]),
	    .code = prng_below(prng, 8) > 0 ? OP_SET : OP_CLEAR,
	    .class = prng_below(prng, 16) > 0 ? CLASS_N : CLASS_P};
	if (f == 0)
		edit->code = prng_below(prng, 4) > 0 ? OP_ADD : OP_REMOVE;
	things_value(prng, f, value);
	edit->value = buf_bytes(value);
}

static void
write_draw(struct things *things, struct desk *desk)
{
	struct prng *prng = &desk->prng;
	struct store_edit edits[4];
	struct buf values[4] = {0};
	struct store_write write = {.has_record = true, .edits = edits};
	struct record_id id;
	bool changed;
	enum err e;

	well(id_space(bytes_text(things_space), &write.space));
	for (size_t f = 0; f < 4; f++)
		if (prng_below(prng, 2) > 0) {
			edit_draw(prng, f, &edits[write.edits_n], &values[f]);
			write.edits_n++;
		}
	if (write.edits_n == 0)
		edit_draw(prng, write.edits_n++, edits, values);
	if (things->n < THINGS && prng_below(prng, 3) == 0) {
		write.create = true;
		write.has_record = false;
		write.collection = bytes_text(
		    prng_below(prng, 8) > 0 ? "thing" : "other");
	} else if (things->n > 0) {
		write.record = things->ids[prng_below(prng, things->n)];
	}
	if (!write.create && prng_below(prng, 20) == 0) {
		write.edits_n = 0;
		write.act = prng_below(prng, 2) ? ACT_DELETE : ACT_KEEP;
	}
	e = store_write(desk->store, &write, &id, &changed);
	if (e != ERR_NOT_FOUND)
		well(e);
	if (e == ERR_OK && write.create)
		things->ids[things->n++] = id;
	for (size_t f = 0; f < 4; f++)
		buf_fini(&values[f]);
}

void
things_write(struct things *things, struct desk *desk, int n)
{
	desk_begin(desk, true);
	while (n-- > 0) {
		write_draw(things, desk);
		if (n % 7 == 0)
			well(store_settle(desk->store));
	}
	desk_commit(desk);
}

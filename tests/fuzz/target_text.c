/*
 * Any bytes as the small texts that people and files give: identifiers, names
 * of spaces and logs, addresses, numbers, picture codes.
 */
#include "cli/limit.h"
#include "cli/qr.h"
#include "core/identity.h"
#include "net/address.h"
#include "net/peer/certificate.h"
#include "net/place.h"
#include "proto/ascii.h"
#include "proto/fact.h"
#include "proto/text.h"
#include "tests/fuzz/cost.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/targets.h"

enum { TEXT_MAX = 4096, PLACE_MAX = 300 };

typedef enum err decode_fn(struct bytes text, struct buf *out);
typedef void encode_fn(struct bytes b, struct buf *text);

static void
there_and_back(struct bytes in, decode_fn *decode, encode_fn *encode)
{
	struct buf out = {0};
	struct buf text = {0};

	if (decode(in, &out) == ERR_OK) {
		encode(buf_bytes(&out), &text);
		assert(bytes_equal(buf_bytes(&text), in));
	} else {
		assert(out.n == 0);
	}
	buf_cut(&out, 0);
	buf_cut(&text, 0);
	encode(in, &text);
	assert(decode(buf_bytes(&text), &out) == ERR_OK);
	assert(bytes_equal(buf_bytes(&out), in));
	buf_fini(&out);
	buf_fini(&text);
}

static void
names(struct bytes in)
{
	struct log_name name;
	struct space space;
	struct hash origin;
	struct log_id log;
	struct buf line = {0};
	uint64_t number;

	if (id_from_origin(in, &name) == ERR_OK) {
		id_origin(&name, &line);
		assert(bytes_equal(buf_bytes(&line), in));
		id_log(&name, &origin, &log);
	}
	if (id_space(in, &space) == ERR_OK) {
		assert(bytes_is(in, space.text));
		assert(id_is_authority(&space) ||
		       id_covers(&(struct space){{0}}, &space));
		assert(id_covers_prefix(&space, &space));
	}
	if (ascii_from_decimal(in, &number) == ERR_OK)
		assert(number <= INT64_MAX && in.n <= 19);
	buf_fini(&line);
}

static void
shown(struct bytes in)
{
	struct buf out = {0};
	struct buf again = {0};
	struct bytes cut = text_cut_columns(in, 7);

	assert(text_utf8_size(in) <= in.n);
	assert(!text_is_name(in) || text_is_plain(in));
	assert(!text_is_plain(in) || text_is_utf8(in));
	assert(cut.n <= in.n && text_width(cut) <= 7);
	text_shown(in, &out);
	assert(text_is_plain(buf_bytes(&out)));
	text_shown(buf_bytes(&out), &again);
	assert(bytes_equal(buf_bytes(&out), buf_bytes(&again)));
	buf_cut(&out, 0);
	buf_cut(&again, 0);
	if (text_nfc(in, &out) == ERR_OK) {
		assert(text_nfc(buf_bytes(&out), &again) == ERR_OK);
		assert(bytes_equal(buf_bytes(&out), buf_bytes(&again)));
	} else {
		assert(out.n == 0);
	}
	buf_fini(&out);
	buf_fini(&again);
}

/* What reads C strings. */
static void
places(struct bytes in)
{
	char text[PLACE_MAX + 1] = {0};
	char numbers[ADDRESS_TEXT_SIZE];
	struct address address;
	struct place place;
	struct place other;
	struct buf written = {0};
	uint64_t number;

	bytes_copy(text, bytes_first(in, in.n < PLACE_MAX ? in.n : PLACE_MAX));
	if (place_read(text, &place) == ERR_OK) {
		place_text(&place, &written);
		buf_add_u8(&written, 0);
		assert(place_read((const char *)written.p, &other) == ERR_OK);
		assert(strcmp(other.host, place.host) == 0 &&
		       other.port == place.port);
		(void)place_is_number(&place);
	}
	if (address_parse(text, 7700, &address) == ERR_OK) {
		address_text(&address, numbers);
		assert(strlen(numbers) < sizeof(numbers));
		assert(place_read(numbers, &place) == ERR_OK &&
		       place.port == 7700 && place_is_number(&place));
	}
	(void)!limit_rate(text, &number);
	(void)!limit_bytes(text, &number);
	buf_fini(&written);
}

static void
certificates(struct bytes in)
{
	struct identity identity = {0};
	struct sign_key peer;
	enum err e = certificate_check(
	    &identity, in, &(struct dh_key){{9}}, &peer);

	assert(e == ERR_MALFORMED);
}

void
target_text(struct bytes in)
{
	static const struct cost_limit limit = {
	    {.allocations = 200,
		.allocated_bytes = 256 * 1024,
		.largest_bytes = COST_ARENA,
		.hashes = 8,
		.hashed_bytes = 2048,
		.curves = 1},
	    {.allocations = 4, .allocated_bytes = 512, .largest_bytes = 64}};
	struct qr qr;

	fuzz_start();
	if (in.n > TEXT_MAX)
		return;
	cost_begin();
	there_and_back(in, ascii_from_hex, ascii_hex);
	there_and_back(in, ascii_from_base64, ascii_base64);
	there_and_back(in, ascii_from_base32, ascii_base32);
	names(in);
	shown(in);
	places(in);
	certificates(in);
	assert(!fact_address_is_sound(in) || text_is_plain(in));
	cost_assert(&limit, in.n);
	if (in.n % 16 == 0 && qr_make(in, &qr) == ERR_OK)
		qr_fini(&qr);
}

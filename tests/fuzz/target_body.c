/*
 * Any bytes as a body of each class; under the seal, as the padding, the
 * compression and the dictionary's frame that a member can put there.
 */
#include "proto/body.h"
#include "tests/fuzz/cost.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/targets.h"

enum { PADDED_MIN = 32, FORMS = 4 };

static const struct secret secret = {{1, 2, 3}};
static struct squeeze squeeze;

static void
decode(struct bytes in, enum delta_class class)
{
	struct arena arena = {0};
	struct body body;
	struct buf out = {0};

	if (body_decode(in, class, &arena, &body) == ERR_OK) {
		assert(class == CLASS_N || body.collection.n == 0);
		for (size_t i = 0; i < body.ops_n; i++) {
			const struct body_op *op = &body.ops[i];

			assert((op->number & 3) == class);
			assert(body_value_fits(op->code, op->value));
			assert(body_kind(op->code) < KIND_COUNT);
		}
		assert(body_encode(&body, &out) == ERR_OK);
		if (!fuzz_has_spare(in))
			assert(bytes_equal(buf_bytes(&out), in));
	}
	arena_fini(&arena);
	buf_fini(&out);
}

/* Seals `in` as any member can, whatever it says, and opens it. */
static void
open_forged(struct bytes in)
{
	struct buf sealed = {0};
	struct buf plain = {0};
	struct secret key;
	struct hash hash;
	enum err e;

	crypto_sha256_two(bytes_text("golmok/seal"),
	    bytes_of(secret.b, sizeof(secret.b)), &hash);
	memcpy(key.b, hash.b, sizeof(key.b));
	crypto_seal(&key, 0, (struct bytes){0}, in,
	    buf_extend(&sealed, in.n + CRYPTO_TAG_SIZE));
	buf_add_text(&plain, "#");
	e = body_open(&squeeze, buf_bytes(&sealed), &secret, &plain);
	fuzz_assert_theirs(e);
	assert(plain.p[0] == '#' && (e == ERR_OK || plain.n == 1));
	assert(plain.n <= 1 + LIMIT_BODY_SIZE && squeeze.opened.n == 0);
	for (int class = 0; class < CLASS_COUNT && e == ERR_OK; class ++)
		decode(bytes_after(buf_bytes(&plain), 1),
		    (enum delta_class) class);
	buf_fini(&sealed);
	buf_fini(&plain);
}

/* As docs/format.md §7 has it, counted another way. */
static size_t
padded_size(size_t n)
{
	size_t step = 1;
	size_t bits = 0;
	size_t kept = 0;

	if (n <= PADDED_MIN)
		return PADDED_MIN;
	for (size_t left = n; left > 1; left /= 2)
		bits++;
	for (size_t left = bits; left > 0; left /= 2)
		kept++;
	for (size_t i = kept; i < bits; i++)
		step *= 2;
	return (n + step - 1) / step * step;
}

/* `content` behind a length that says `form`, padded as it must be. */
static void
open_padded(struct bytes content, unsigned form)
{
	struct buf padded = {0};
	struct buf sealed = {0};
	struct buf plain = {0};
	struct hash commitment;
	size_t n;

	buf_add_u8(&padded, (uint8_t)(form << 6 | content.n >> 16));
	buf_add_be16(&padded, (uint16_t)content.n);
	buf_add(&padded, content);
	n = padded_size(padded.n);
	memset(buf_extend(&padded, n - padded.n), 0, n - padded.n);
	open_forged(buf_bytes(&padded));
	/* And what we seal ourselves comes back. */
	if (content.n <= LIMIT_BODY_SIZE) {
		assert(body_seal(&squeeze, content, &secret, &sealed,
			   &commitment) == ERR_OK);
		assert(body_open(&squeeze, buf_bytes(&sealed), &secret,
			   &plain) == ERR_OK);
		assert(bytes_equal(buf_bytes(&plain), content));
	}
	buf_fini(&padded);
	buf_fini(&sealed);
	buf_fini(&plain);
}

void
target_body(struct bytes in)
{
	static const struct cost_limit limit = {
	    {.allocations = 400,
		.allocated_bytes = 6 * 1024 * 1024,
		.largest_bytes = 2 * 1024 * 1024,
		.hashes = 64,
		.hashed_bytes = 4096 + 4 * LIMIT_BODY_SIZE},
	    {.allocations = 2,
		.allocated_bytes = 600,
		.largest_bytes = 200,
		.hashed_bytes = 8}};
	struct fuzz_input input = {.left = in};

	fuzz_start();
	if (in.n > LIMIT_BODY_SIZE)
		return;
	cost_begin();
	for (int class = 0; class < CLASS_COUNT; class ++)
		decode(in, (enum delta_class) class);
	open_forged(in);
	(void)fuzz_u8(&input);
	if (in.n > 0)
		open_padded(input.left, in.p[0] % FORMS);
	cost_assert(&limit, in.n);
}

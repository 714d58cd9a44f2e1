/*
 * Two Noise machines and the wire between them, for the tests of both.
 */
#include "tests/lib/pair.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

const struct dh_secret pair_owns[2] = {{{1, 2, 3}}, {{4, 5, 6}}};
const struct dh_secret pair_ephemerals[2] = {{{7, 8, 9}}, {{10, 11, 12}}};
static const struct secret psk = {"동네 열쇠"};

void
pair_end(
    struct noise *n, int role, enum noise_pattern pattern, const char *prologue)
{
	noise_init(n, &(struct noise_config){
			  .initiator = role == INITIATOR,
			  .pattern = pattern,
			  .own = &pair_owns[role],
			  .ephemeral = &pair_ephemerals[role],
			  .prologue = bytes_text(prologue),
			  .psk = pattern == NOISE_XX ? NULL : &psk,
		      });
}

void
pair_init(struct pair *pair, enum noise_pattern pattern)
{
	for (int role = 0; role < 2; role++)
		pair_end(&pair->ends[role], role, pattern, "한 도시");
	buf_cut(&pair->wire, 0);
	buf_cut(&pair->got, 0);
}

void
pair_fini(struct pair *pair)
{
	for (int role = 0; role < 2; role++)
		noise_fini(&pair->ends[role]);
	buf_fini(&pair->wire);
	buf_fini(&pair->got);
}

enum err
pair_write(struct pair *pair, int i)
{
	static const char *const payloads[] = {"하나", "둘", "셋"};

	buf_cut(&pair->wire, 0);
	return noise_write(
	    &pair->ends[i % 2], bytes_text(payloads[i]), &pair->wire);
}

enum err
pair_read(struct pair *pair, int i)
{
	buf_cut(&pair->got, 0);
	return noise_read(
	    &pair->ends[1 - i % 2], buf_bytes(&pair->wire), &pair->got);
}

enum err
pair_shake(struct pair *pair, int from, int to)
{
	enum err e = ERR_OK;

	for (int i = from; i < to && e == ERR_OK; i++) {
		e = pair_write(pair, i);
		if (e == ERR_OK)
			e = pair_read(pair, i);
	}
	return e;
}

void
pair_open(struct pair *pair)
{
	pair_init(pair, NOISE_XX);
	assert_int_equal(pair_shake(pair, 0, 3), ERR_OK);
}

void
pair_assert_dead(struct noise *n)
{
	static const struct noise zeros;
	struct buf out = {0};

	assert_memory_equal(n, &zeros, sizeof(zeros));
	assert_false(noise_is_done(n));
	assert_false(noise_is_turn(n));
	assert_null(noise_peer_key(n));
	assert_int_equal(noise_write(n, bytes_text("x"), &out), ERR_PEER);
	assert_int_equal(noise_read(n, bytes_text("x"), &out), ERR_PEER);
	assert_int_equal(noise_seal(n, bytes_text("x"), &out), ERR_PEER);
	assert_int_equal(noise_open(n, bytes_text("x"), &out), ERR_PEER);
	assert_int_equal(out.n, 0);
	buf_fini(&out);
}

/*
 * Streams of numbers for the synthetic city.  All of cli/synth draws here, and
 * nothing but the city does: neither keys nor ids of a real store may.
 */
#include "cli/synth_prng.h"

#include <stdlib.h>

#include "proto/buf.h"
#include "proto/crypto.h"
#include "proto/mem.h"

enum { KEY_SIZE = 16 };
static const uint64_t GAMMA = 0x9e3779b97f4a7c15;

static uint32_t table_draw(
    struct synth_prng *prng, const uint64_t *table, size_t n);

uint64_t
synth_prng_key(uint64_t seed, const char *code, const char *entity, int year)
{
	struct buf text = {0};
	uint8_t key[KEY_SIZE];

	buf_add_be64(&text, seed);
	buf_add_text(&text, code);
	buf_add_u8(&text, 0);
	buf_add_text(&text, entity);
	buf_add_u8(&text, 0);
	buf_add_be16(&text, (uint16_t)year);
	crypto_blake2b((struct bytes){0}, buf_bytes(&text), key, sizeof(key));
	buf_fini(&text);
	return bytes_be64(key);
}

struct synth_prng
synth_prng_at(uint64_t key, uint64_t n)
{
	struct synth_prng prng = {.state = key + n * GAMMA};

	/* What is next to each other in one stream would be the same numbers
	 * one later in the other. */
	prng.state = synth_prng_next(&prng);
	return prng;
}

uint64_t
synth_prng_next(struct synth_prng *prng)
{
	uint64_t z = prng->state += GAMMA;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return z ^ (z >> 31);
}

uint32_t
synth_prng_below(struct synth_prng *prng, uint32_t n)
{
	assert(n > 0);
	return (uint32_t)((synth_prng_next(prng) >> 32) * n >> 32);
}

bool
synth_prng_chance(struct synth_prng *prng, uint32_t permille)
{
	return synth_prng_below(prng, 1000) < permille;
}

size_t
synth_prng_pick(struct synth_prng *prng, const uint16_t *weights, size_t n)
{
	uint32_t sum = 0;
	uint32_t at;

	for (size_t i = 0; i < n; i++)
		sum += weights[i];
	at = synth_prng_below(prng, sum);
	for (size_t i = 0; i < n; i++) {
		if (at < weights[i])
			return i;
		at -= weights[i];
	}
	assert(n == 0);
	return 0;
}

/* P(at most k) * 2^64 for k = 0, 1, ... when 1, and when 1/16 is expected. */
static const uint64_t one_table[] = {0x5e2d58d8b3bcdf1a, 0xbc5ab1b16779be35,
    0xeb715e1dc1582dc2, 0xfb23979734a252f1, 0xff1025f59174dc3d,
    0xffd90f3ba4055e19, 0xfffa8b71fc72c913, 0xffff540c0914b3c9,
    0xffffed1f4aa8f120, 0xfffffe216e641462, 0xffffffd4d85d3183,
    0xfffffffc6da262b4, 0xffffffffba12d178, 0xfffffffffb07c64c,
    0xffffffffffab8ea5, 0xfffffffffffabe22, 0xffffffffffffb11a};
static const uint64_t sixteenth_table[] = {0xf07d5fde38151e72,
    0xff8535dc1b96705a, 0xfffd748c0ab27ae9, 0xfffff5da5fadbb21,
    0xffffffdf9901a822, 0xffffffffa9b91b18, 0xffffffffff3b044b,
    0xfffffffffffe7660};

uint32_t
synth_prng_poisson(struct synth_prng *prng, uint32_t sixteenths)
{
	uint32_t sum = 0;

	for (uint32_t i = 0; i < sixteenths / 16; i++)
		sum += table_draw(prng, one_table, COUNT_OF(one_table));
	for (uint32_t i = 0; i < sixteenths % 16; i++)
		sum += table_draw(
		    prng, sixteenth_table, COUNT_OF(sixteenth_table));
	return sum;
}

static uint32_t
table_draw(struct synth_prng *prng, const uint64_t *table, size_t n)
{
	uint64_t drawn = synth_prng_next(prng);
	uint32_t k = 0;

	while (k < n && drawn >= table[k])
		k++;
	return k;
}

/* What is left of a part that is cut down to a whole number. */
struct rest {
	uint64_t rest;
	size_t at;
};

static int
rest_compare(const void *a, const void *b)
{
	const struct rest *x = a;
	const struct rest *y = b;

	if (x->rest != y->rest)
		return x->rest > y->rest ? -1 : 1;
	return x->at < y->at ? -1 : x->at > y->at;
}

void
synth_prng_share(
    uint32_t total, const uint32_t *weights, size_t n, uint32_t *shares)
{
	struct rest *rests = mem_zeros(n, sizeof(*rests));
	uint64_t sum = 0;
	uint32_t left = total;

	for (size_t i = 0; i < n; i++)
		sum += weights[i];
	assert(sum > 0);
	for (size_t i = 0; i < n; i++) {
		uint64_t part = (uint64_t)total * weights[i];

		shares[i] = (uint32_t)(part / sum);
		rests[i] = (struct rest){.rest = part % sum, .at = i};
		left -= shares[i];
	}
	qsort(rests, n, sizeof(*rests), rest_compare);
	assert(left <= n);
	for (size_t i = 0; i < left; i++)
		shares[rests[i].at]++;
	mem_free(rests);
}

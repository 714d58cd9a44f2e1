/*
 * Keys of links that are the same in every seed, and what two of them share,
 * worked out once.  The linker sends calls here (tests/sim/wrap.c has the
 * list).
 */
#include <string.h>

#include "core/identity.h"
#include "net/peer/channel.h"
#include "tests/sim/light.h"
#include "tests/sim/sim.h"

enum {
	HALVES_SIZE = 1 << 14,
	PAIRS_SIZE = 1 << 15,
	/* What identity_make draws: the seed, the secret of links, one more. */
	DRAWN_LINK = 1,
};

void __real_identity_make(const struct host *host, const struct city_id *city,
    struct identity *identity);
void __wrap_identity_make(const struct host *host, const struct city_id *city,
    struct identity *identity);
struct channel *__real_channel_new(
    const struct channel_config *config) MUST_USE;
struct channel *__wrap_channel_new(
    const struct channel_config *config) MUST_USE;
void __real_crypto_dh_key(const struct dh_secret *secret, struct dh_key *key);
void __wrap_crypto_dh_key(const struct dh_secret *secret, struct dh_key *key);
bool __real_crypto_dh(const struct dh_secret *secret, const struct dh_key *peer,
    struct secret *shared);
bool __wrap_crypto_dh(const struct dh_secret *secret, const struct dh_key *peer,
    struct secret *shared);

/* Public halves of secrets, and what two of them share: tables in which the
 * newest takes the place of an older one. */
static struct light_half {
	struct dh_secret secret;
	struct dh_key key;
	bool used;
} halves[HALVES_SIZE];
static struct light_shared {
	struct dh_key keys[2]; /* the smaller one first */
	struct secret shared;
	bool used;
} pairs[PAIRS_SIZE];

/* Of this seed. */
static uint64_t identities;
static uint64_t meetings[SIM_STORES_MAX]; /* by who began them */
static struct light_meeting {
	uint64_t nodes[2];
	uint64_t number; /* of those that the first of them began */
	uint64_t sides;	 /* that have their key */
} meeting;

/* Draws for an identity. */
struct light_draw {
	const struct host *host; /* borrowed */
	unsigned n;
	struct dh_secret link;
};

void
light_keys_begin(void)
{
	identities = 0;
	memset(meetings, 0, sizeof(meetings));
	meeting = (struct light_meeting){0};
}

void
light_meet(size_t a, size_t b)
{
	assert(a < COUNT_OF(meetings));
	meeting = (struct light_meeting){
	    .nodes = {a, b}, .number = meetings[a]++};
}

/* What the true host gives comes after in each draw all the same. */
static void
draw_random(void *arg, uint8_t *p, size_t n)
{
	struct light_draw *draw = arg;

	draw->host->random(draw->host->arg, p, n);
	if (draw->n++ != DRAWN_LINK)
		return;
	assert(n == sizeof(draw->link));
	memcpy(p, draw->link.b, n);
}

/* The first node of each seed has the same secret of links, and so on; no draw
 * is less for it. */
void
__wrap_identity_make(const struct host *host, const struct city_id *city,
    struct identity *identity)
{
	struct light_draw draw = {.host = host};
	const struct host same = {
	    .now_ms = host->now_ms, .random = draw_random, .arg = &draw};
	struct hash hash;

	if (!light_is_on()) {
		__real_identity_make(host, city, identity);
		return;
	}
	crypto_sha256_two(bytes_text("link"),
	    bytes_of(&identities, sizeof(identities)), &hash);
	static_assert(sizeof(hash) == sizeof(draw.link), "both 32");
	memcpy(draw.link.b, hash.b, sizeof(hash));
	identities++;
	__real_identity_make(&same, city, identity);
	assert(memcmp(&identity->dh, &draw.link, sizeof(draw.link)) == 0);
}

/* When the same two nodes meet as often in another seed, these keys meet. */
struct channel *
__wrap_channel_new(const struct channel_config *config)
{
	struct channel_config same = *config;
	struct hash hash;

	if (!light_is_on())
		return __real_channel_new(config);
	assert(meeting.sides < 2);
	crypto_sha256(bytes_of(&meeting, sizeof(meeting)), &hash);
	static_assert(sizeof(hash) == sizeof(same.ephemeral), "both 32");
	memcpy(same.ephemeral.b, hash.b, sizeof(hash));
	meeting.sides++;
	return __real_channel_new(&same);
}

static struct light_half *
half_of(const struct dh_secret *secret)
{
	return &halves[bytes_be64(secret->b) % HALVES_SIZE];
}

static bool
is_half(const struct light_half *half, const struct dh_secret *secret)
{
	return light_is_on() && half->used &&
	       memcmp(&half->secret, secret, sizeof(*secret)) == 0;
}

void
__wrap_crypto_dh_key(const struct dh_secret *secret, struct dh_key *key)
{
	struct light_half *half = half_of(secret);

	if (!is_half(half, secret)) {
		__real_crypto_dh_key(secret, key);
		*half = (struct light_half){
		    .secret = *secret, .key = *key, .used = true};
	}
	*key = half->key;
}

bool
__wrap_crypto_dh(const struct dh_secret *secret, const struct dh_key *peer,
    struct secret *shared)
{
	const struct light_half *half = half_of(secret);
	struct light_shared *pair;
	struct dh_key keys[2];
	bool first;

	if (!is_half(half, secret))
		return __real_crypto_dh(secret, peer, shared);
	first = memcmp(&half->key, peer, sizeof(*peer)) < 0;
	keys[0] = first ? half->key : *peer;
	keys[1] = first ? *peer : half->key;
	pair = &pairs[(bytes_be64(keys[0].b) ^ bytes_be64(keys[1].b)) %
		      PAIRS_SIZE];
	if (pair->used && memcmp(pair->keys, keys, sizeof(keys)) == 0) {
		*shared = pair->shared;
		return true;
	}
	if (!__real_crypto_dh(secret, peer, shared))
		return false;
	*pair = (struct light_shared){
	    .keys = {keys[0], keys[1]}, .shared = *shared, .used = true};
	return true;
}

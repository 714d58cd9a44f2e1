/*
 * Threshold sharing of the secret that seals the root key.  The CLI calls it.
 * All randomness comes from the caller; the library's hook for it is set while
 * one call lasts and is then as it was.  Never keeps a secret.
 */
#include "proto/split.h"

#include <libgfshare.h>
#include <string.h>

#include "proto/crypto.h"

/* The random bytes not used yet.  The hook of the library has no argument. */
static struct bytes drawn;

static enum err shares_check(
    const struct split_share *shares, size_t n) MUST_USE;
static void deal(gfshare_ctx *ctx, struct bytes secret, size_t shares,
    struct split_share *out);

/* The library scrubs what it frees through the same hook: by then all random
 * bytes are used, and zeros do. */
static void
fill(unsigned char *p, unsigned int n)
{
	if (drawn.n == 0) {
		crypto_wipe(p, n);
		return;
	}
	assert(n <= drawn.n);
	bytes_copy(p, bytes_first(drawn, n));
	drawn = bytes_after(drawn, n);
}

size_t
split_random_size(struct split_plan plan, size_t secret_size)
{
	return (plan.needed - 1) * secret_size;
}

enum err
split_make(struct bytes secret, struct split_plan plan, struct bytes random,
    struct split_share *out)
{
	gfshare_rand_func_t before = gfshare_fill_rand;
	uint8_t numbers[LIMIT_SHARES];
	gfshare_ctx *ctx;

	if (plan.needed < 1 || plan.needed > plan.shares ||
	    plan.shares > LIMIT_SHARES)
		return err_set(ERR_INVALID,
		    "%zu of %zu shares: there may be 1 to %d, and 1 up to all "
		    "of them may be needed",
		    plan.needed, plan.shares, LIMIT_SHARES);
	if (secret.n < 1 || secret.n > LIMIT_SPLIT_SIZE)
		return err_set(ERR_LIMIT,
		    "a secret of %zu bytes: 1 to %d can be split", secret.n,
		    LIMIT_SPLIT_SIZE);
	assert(random.n == split_random_size(plan, secret.n));
	for (size_t i = 0; i < plan.shares; i++)
		numbers[i] = (uint8_t)(i + 1);
	ctx = gfshare_ctx_init_enc(numbers, (unsigned)plan.shares,
	    (unsigned char)plan.needed, (unsigned)secret.n);
	assert(ctx != NULL);
	drawn = random;
	gfshare_fill_rand = fill;
	deal(ctx, secret, plan.shares, out);
	assert(drawn.n == 0);
	gfshare_ctx_free(ctx);
	gfshare_fill_rand = before;
	drawn = (struct bytes){0};
	return ERR_OK;
}

/* The library wants to write to what it only reads, so it gets a copy. */
static void
deal(gfshare_ctx *ctx, struct bytes secret, size_t shares,
    struct split_share *out)
{
	uint8_t copy[LIMIT_SPLIT_SIZE];

	bytes_copy(copy, secret);
	gfshare_ctx_enc_setsecret(ctx, copy);
	crypto_wipe(copy, sizeof(copy));
	for (size_t i = 0; i < shares; i++) {
		out[i] = (struct split_share){
		    .number = (uint8_t)(i + 1), .n = (uint8_t)secret.n};
		gfshare_ctx_enc_getshare(ctx, (unsigned char)i, out[i].b);
	}
}

enum err
split_join(const struct split_share *shares, size_t n, struct buf *secret)
{
	gfshare_rand_func_t before = gfshare_fill_rand;
	uint8_t numbers[LIMIT_SHARES];
	uint8_t copy[LIMIT_SPLIT_SIZE];
	gfshare_ctx *ctx;
	enum err e = shares_check(shares, n);

	if (e != ERR_OK)
		return e;
	for (size_t i = 0; i < n; i++)
		numbers[i] = shares[i].number;
	ctx = gfshare_ctx_init_dec(numbers, (unsigned)n, shares[0].n);
	assert(ctx != NULL);
	gfshare_fill_rand = fill;
	for (size_t i = 0; i < n; i++) {
		memcpy(copy, shares[i].b, shares[i].n);
		gfshare_ctx_dec_giveshare(ctx, (unsigned char)i, copy);
	}
	crypto_wipe(copy, sizeof(copy));
	gfshare_ctx_dec_extract(ctx, buf_extend(secret, shares[0].n));
	gfshare_ctx_free(ctx);
	gfshare_fill_rand = before;
	return ERR_OK;
}

static enum err
shares_check(const struct split_share *shares, size_t n)
{
	if (n < 1 || n > LIMIT_SHARES)
		return err_set(ERR_INVALID, "%zu shares: 1 to %d can be joined",
		    n, LIMIT_SHARES);
	for (size_t i = 0; i < n; i++) {
		if (shares[i].number == 0)
			return err_set(ERR_INVALID,
			    "a share with number 0: they count from 1");
		if (shares[i].n < 1 || shares[i].n > LIMIT_SPLIT_SIZE ||
		    shares[i].n != shares[0].n)
			return err_set(ERR_INVALID,
			    "share %d has %d bytes, share %d has %d: shares "
			    "of one secret are equally long, 1 to %d bytes",
			    shares[i].number, shares[i].n, shares[0].number,
			    shares[0].n, LIMIT_SPLIT_SIZE);
		for (size_t k = 0; k < i; k++)
			if (shares[k].number == shares[i].number)
				return err_set(ERR_INVALID,
				    "share %d was given twice",
				    shares[i].number);
	}
	return ERR_OK;
}

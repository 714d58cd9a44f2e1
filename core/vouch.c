/*
 * The memo of signatures found good.  net/peer/hub.c fills it from what its
 * threads answer, core/intake.c asks it.  Must never hold a claim that was not
 * checked.
 */
#include "core/vouch.h"

#include <string.h>

#include "proto/mem.h"

enum {
	/* Claims in one bucket, of which the oldest gives way: names are
	 * hashes, so that buckets fill evenly. */
	BUCKET = 8,
	/* 4,096 claims in 128 KiB: all that one turn of 424 live links looks
	 * ahead to, several times over. */
	BUCKETS = 512,
};

struct vouch {
	struct hash names[BUCKETS][BUCKET];
	uint8_t used[BUCKETS]; /* of a bucket, from its first on */
	uint8_t next[BUCKETS]; /* the next to give way */
};

struct vouch *
vouch_new(void)
{
	return mem_zeros(1, sizeof(struct vouch));
}

void
vouch_free(struct vouch *vouch)
{
	mem_free(vouch);
}

void
vouch_name(
    const struct log_name *log, const struct note_head *head, struct hash *name)
{
	struct crypto_sha256 state;
	uint8_t size[8];

	/* All parts but the last have one length. */
	bytes_put_be64(size, head->size);
	crypto_sha256_init(&state);
	crypto_sha256_add(&state, bytes_of(log->city.b, sizeof(log->city.b)));
	crypto_sha256_add(
	    &state, bytes_of(log->author.b, sizeof(log->author.b)));
	crypto_sha256_add(
	    &state, bytes_of(log->incarnation.b, sizeof(log->incarnation.b)));
	crypto_sha256_add(&state, bytes_of(size, sizeof(size)));
	crypto_sha256_add(&state, bytes_of(head->root.b, sizeof(head->root.b)));
	crypto_sha256_add(
	    &state, bytes_of(head->signature.b, sizeof(head->signature.b)));
	crypto_sha256_add(&state, bytes_text(log->space.text));
	crypto_sha256_out(&state, name);
}

enum err
vouch_check(const struct log_name *log, const struct note_head *head)
{
	struct note_checkpoint checkpoint = {
	    .size = head->size, .root = head->root};
	struct buf origin = {0};
	enum err e;

	id_origin(log, &origin);
	checkpoint.origin = buf_bytes(&origin);
	e = note_checkpoint_verify(&checkpoint, &log->author, &head->signature);
	if (e != ERR_OK)
		e = err_wrap(e, "head of a log in '%s'", log->space.text);
	buf_fini(&origin);
	return e;
}

static size_t
bucket_of(const struct hash *name)
{
	return bytes_be32(name->b) % BUCKETS;
}

bool
vouch_has(const struct vouch *vouch, const struct hash *name)
{
	size_t at = bucket_of(name);

	for (size_t i = 0; vouch != NULL && i < vouch->used[at]; i++) {
		if (memcmp(&vouch->names[at][i], name, sizeof(*name)) == 0)
			return true;
	}
	return false;
}

void
vouch_put(struct vouch *vouch, const struct hash *name)
{
	size_t at = bucket_of(name);

	if (vouch == NULL || vouch_has(vouch, name))
		return;
	vouch->names[at][vouch->next[at]] = *name;
	vouch->next[at] = (uint8_t)((vouch->next[at] + 1) % BUCKET);
	if (vouch->used[at] < BUCKET)
		vouch->used[at]++;
}

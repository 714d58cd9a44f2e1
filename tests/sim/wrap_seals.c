/*
 * Rules about what is sealed, shown and taken from peers, broken on purpose: as
 * tests/sim/wrap.c, which has the list for the linker.
 */
#include "tests/sim/wrap.h"

#include <string.h>

#include "core/apply.h"
#include "core/graft.h"
#include "core/heads.h"
#include "core/intake.h"
#include "core/own.h"
#include "core/vouch.h"
#include "net/peer/ack.h"
#include "net/peer/batch.h"
#include "net/peer/channel.h"
#include "proto/mem.h"
#include "proto/noise.h"
#include "tests/sim/seals.h"
#include "tests/sim/wire.h"

void __real_crypto_seal(const struct secret *key, uint64_t counter,
    struct bytes ad, struct bytes plain, uint8_t *out);
void __wrap_crypto_seal(const struct secret *key, uint64_t counter,
    struct bytes ad, struct bytes plain, uint8_t *out);
bool __real_crypto_open(const struct secret *key, uint64_t counter,
    struct bytes ad, struct bytes sealed, uint8_t *out) MUST_USE;
bool __wrap_crypto_open(const struct secret *key, uint64_t counter,
    struct bytes ad, struct bytes sealed, uint8_t *out) MUST_USE;
enum err __real_noise_seal(
    struct noise *n, struct bytes plain, struct buf *out) MUST_USE;
enum err __wrap_noise_seal(
    struct noise *n, struct bytes plain, struct buf *out) MUST_USE;
enum err __real_noise_open(
    struct noise *n, struct bytes sealed, struct buf *out) MUST_USE;
enum err __wrap_noise_open(
    struct noise *n, struct bytes sealed, struct buf *out) MUST_USE;
enum err __real_batch_join(struct batches *batches, size_t mark) MUST_USE;
enum err __wrap_batch_join(struct batches *batches, size_t mark) MUST_USE;
void __real_batch_rest(struct buf *buf);
void __wrap_batch_rest(struct buf *buf);
void __real_ack_fini(struct talk *talk);
void __wrap_ack_fini(struct talk *talk);
size_t __real_channel_queued(const struct channel *channel);
size_t __wrap_channel_queued(const struct channel *channel);
void __real_own_received(struct txn *txn, const struct log *log);
void __wrap_own_received(struct txn *txn, const struct log *log);
enum err __real_graft_find(struct txn *txn, struct space_state *space,
    const struct log_id *trunk, const struct graft_chunk *chunk,
    struct graft *graft) MUST_USE;
enum err __wrap_graft_find(struct txn *txn, struct space_state *space,
    const struct log_id *trunk, const struct graft_chunk *chunk,
    struct graft *graft) MUST_USE;
enum err __real_apply_delta(struct txn *txn, struct log *log,
    const struct oplog_entry *entry, struct hash *leaf) MUST_USE;
enum err __wrap_apply_delta(struct txn *txn, struct log *log,
    const struct oplog_entry *entry, struct hash *leaf) MUST_USE;
enum err __real_apply_body(struct txn *txn, struct log *log, uint64_t seq,
    const struct stored_body *body) MUST_USE;
enum err __wrap_apply_body(struct txn *txn, struct log *log, uint64_t seq,
    const struct stored_body *body) MUST_USE;
void __real_heads_put(struct txn *txn, struct log *log,
    const struct note_head *head, const struct merkle_proof *ahead);
void __wrap_heads_put(struct txn *txn, struct log *log,
    const struct note_head *head, const struct merkle_proof *ahead);
enum err __real_vouch_check(
    const struct log_name *log, const struct note_head *head) MUST_USE;
enum err __wrap_vouch_check(
    const struct log_name *log, const struct note_head *head) MUST_USE;

static bool
is_written(struct bytes text)
{
	size_t n = strlen(seals_secret);

	for (size_t i = 0; i + n <= text.n; i++)
		if (memcmp(text.p + i, seals_secret, n) == 0)
			return true;
	return false;
}

/* Two texts in a row under one counter; or what people write as it is. */
void
__wrap_crypto_seal(const struct secret *key, uint64_t counter, struct bytes ad,
    struct bytes plain, uint8_t *out)
{
	if (wrap_is_broken(RULE_NONCE) && counter < UINT64_MAX)
		counter /= 2;
	seals_used(key, counter, ad, plain);
	if (wrap_is_broken(RULE_BARE) && is_written(plain)) {
		memset(out + plain.n, 0, CRYPTO_TAG_SIZE);
		memmove(out, plain.p, plain.n);
		return;
	}
	__real_crypto_seal(key, counter, ad, plain, out);
}

bool
__wrap_crypto_open(const struct secret *key, uint64_t counter, struct bytes ad,
    struct bytes sealed, uint8_t *out)
{
	if (wrap_is_broken(RULE_NONCE) && counter < UINT64_MAX)
		counter /= 2;
	if (wrap_is_broken(RULE_BARE) && is_written(sealed)) {
		memmove(out, sealed.p, sealed.n - CRYPTO_TAG_SIZE);
		return true;
	}
	return __real_crypto_open(key, counter, ad, sealed, out);
}

/* Frames as they are, with zeros for a tag. */
enum err
__wrap_noise_seal(struct noise *n, struct bytes plain, struct buf *out)
{
	if (!wrap_is_broken(RULE_CLEAR))
		return __real_noise_seal(n, plain, out);
	buf_add(out, plain);
	memset(buf_extend(out, CRYPTO_TAG_SIZE), 0, CRYPTO_TAG_SIZE);
	return ERR_OK;
}

enum err
__wrap_noise_open(struct noise *n, struct bytes sealed, struct buf *out)
{
	const struct noise before = *n;
	enum err e;

	if (!wrap_is_broken(RULE_CLEAR)) {
		e = __real_noise_open(n, sealed, out);
		if (e == ERR_OK)
			wire_opened();
		if (e != ERR_MALFORMED || !wrap_is_broken(RULE_TAG))
			return e;
		*n = before;
		n->in.counter++;
		return ERR_OK;
	}
	if (sealed.n < CRYPTO_TAG_SIZE)
		return err_set(ERR_MALFORMED, "a frame without its tag");
	buf_add(out, bytes_first(sealed, sealed.n - CRYPTO_TAG_SIZE));
	return ERR_OK;
}

enum err
__wrap_batch_join(struct batches *batches, size_t mark)
{
	if (wrap_is_broken(RULE_TAG) && batches->frames.n == mark)
		return ERR_OK;
	return __real_batch_join(batches, mark);
}

void
__wrap_batch_rest(struct buf *buf)
{
	if (!wrap_is_broken(RULE_REST))
		__real_batch_rest(buf);
}

void
__wrap_ack_fini(struct talk *talk)
{
	if (!wrap_is_broken(RULE_LEAVE))
		__real_ack_fini(talk);
}

size_t
__wrap_channel_queued(const struct channel *channel)
{
	return wrap_is_broken(RULE_QUEUE) ? 0 : __real_channel_queued(channel);
}

void
__wrap_own_received(struct txn *txn, const struct log *log)
{
	if (!wrap_is_broken(RULE_RETURN))
		__real_own_received(txn, log);
}

/* One header of a run is taken to be there already. */
enum err
__wrap_graft_find(struct txn *txn, struct space_state *space,
    const struct log_id *trunk, const struct graft_chunk *chunk,
    struct graft *graft)
{
	enum err e = __real_graft_find(txn, space, trunk, chunk, graft);

	if (wrap_is_broken(RULE_HOLE) && e == ERR_OK && !graft->gap &&
	    graft->log != NULL && graft->held + 1 < chunk->from + chunk->n)
		graft->held++;
	return e;
}

/* As who does not look whether it is the promised one. */
static void
body_spoil(struct txn *txn, struct stored_body *body)
{
	uint8_t *sealed;

	if (body->sealed.n == 0)
		return;
	sealed = arena_new(&txn->arena, body->sealed.n);
	memcpy(sealed, body->sealed.p, body->sealed.n);
	sealed[body->sealed.n / 2] ^= 1;
	body->sealed.p = sealed;
}

enum err
__wrap_apply_delta(struct txn *txn, struct log *log,
    const struct oplog_entry *entry, struct hash *leaf)
{
	struct oplog_entry other = *entry;
	struct stored_body *bodies;

	/* Of a peer: then it was decoded before. */
	if (wrap_is_broken(RULE_BODY) && entry->delta != NULL &&
	    entry->bodies_n > 0) {
		bodies = arena_array(
		    &txn->arena, entry->bodies_n, sizeof(*bodies));
		memcpy(
		    bodies, entry->bodies, entry->bodies_n * sizeof(*bodies));
		body_spoil(txn, &bodies[entry->bodies_n - 1]);
		other.bodies = bodies;
	}
	return __real_apply_delta(txn, log, &other, leaf);
}

/* A log is as it was some heads ago. */
void
__wrap_heads_put(struct txn *txn, struct log *log, const struct note_head *head,
    const struct merkle_proof *ahead)
{
	static struct log before;
	static unsigned grown;

	__real_heads_put(txn, log, head, ahead);
	if (!wrap_is_broken(RULE_SHRINK) || log->head_size > log->frontier.size)
		return;
	if (memcmp(&before.id, &log->id, sizeof(log->id)) != 0) {
		before = *log;
		grown = 0;
	} else if (++grown == 4) {
		log->frontier = before.frontier;
		log->last = before.last;
		log->held = before.held;
		log->wrapped = before.wrapped;
		log->kept = before.kept;
		memcpy(log->open, before.open, sizeof(log->open));
		log->head_size = before.head_size;
		log->head_root = before.head_root;
		log->head_signature = before.head_signature;
	}
}

enum err
__wrap_apply_body(struct txn *txn, struct log *log, uint64_t seq,
    const struct stored_body *body)
{
	struct stored_body other = *body;

	if (wrap_is_broken(RULE_OVERDUE))
		body_spoil(txn, &other);
	return __real_apply_body(txn, log, seq, &other);
}

enum err
__wrap_vouch_check(const struct log_name *log, const struct note_head *head)
{
	return wrap_is_broken(RULE_SIGNED) ? ERR_OK
					   : __real_vouch_check(log, head);
}

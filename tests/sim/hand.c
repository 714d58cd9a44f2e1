/*
 * A member's own hand: headers and bodies put together from proto, appended to
 * a log of its own and signed, whatever its rights.
 */
#include "tests/sim/hand.h"

#include <stdlib.h>
#include <string.h>

#include "core/apply.h"
#include "proto/body.h"
#include "proto/codec.h"
#include "tests/sim/node.h"

static void log_begin(
    struct hand *hand, const struct space *space, const struct ref *grant);
static void append(struct hand *hand, struct delta *delta, struct bytes plain);
static struct ref newest(const struct hand *hand);

void
hand_open(struct sim_node *node, const struct space *space,
    const struct ref *grant, struct hand *hand)
{
	*hand = (struct hand){
	    .node = node, .own = {.seed = &store_identity(node->store)->seed}};
	log_begin(hand, space, grant);
}

void
hand_open_as(struct sim_node *node, const struct space *space,
    const struct sign_seed *seed, struct hand *hand)
{
	*hand = (struct hand){.node = node, .own = {.seed = seed}};
	log_begin(hand, space, NULL);
}

static void
log_begin(struct hand *hand, const struct space *space, const struct ref *grant)
{
	struct sim_node *node = hand->node;
	struct txn *txn = store_txn(node->store);
	struct delta open = {.kind = DELTA_OPEN,
	    .refs = grant,
	    .refs_n = grant != NULL,
	    .open = {.why = OPEN_NEW, .has_grant = grant != NULL}};
	struct log_name name = {.city = node->sim->city, .space = *space};
	const struct authority *authority;

	crypto_sign_key(hand->own.seed, &name.author);
	txn->host->random(txn->host->arg, name.incarnation.b, 8);
	sim_must(node->sim, oplog_open(txn, &name, &hand->own.log),
	    "open a log by hand");
	sim_must(node->sim, own_append(txn, &hand->own, &open, NULL, 0),
	    "write an open by hand");
	sim_must(
	    node->sim, store_authority(node->store, &authority), "read rights");
	sim_must(node->sim, apply_judge(txn, authority, hand->own.log),
	    "judge a log written by hand");
}

static struct ref
newest(const struct hand *hand)
{
	struct ref ref = {.log = hand->own.log->trunk,
	    .seq = hand->own.log->frontier.size - 1};

	memcpy(ref.leaf, hand->own.leaf.b, sizeof(ref.leaf));
	return ref;
}

/* With one change whose class N body is `plain`. */
static void
append(struct hand *hand, struct delta *delta, struct bytes plain)
{
	struct sim *sim = hand->node->sim;
	struct txn *txn = store_txn(hand->node->store);
	struct delta_change change = {.classes = 1u << CLASS_N};
	struct stored_body body = {.class = CLASS_N, .form = BODY_OPEN};
	struct buf sealed = {0};
	struct secret secret;
	uint8_t random[10];

	txn->host->random(txn->host->arg, secret.b, sizeof(secret.b));
	if (delta->changes_n > 0)
		change.record = delta->changes[0].record;
	else {
		txn->host->random(txn->host->arg, random, sizeof(random));
		id_record(
		    txn->host->now_ms(txn->host->arg), random, &change.record);
	}
	sim_must(sim,
	    body_seal(txn->squeeze, plain, &secret, &sealed,
		&change.commitments[CLASS_N]),
	    "seal a body by hand");
	memcpy(body.key, secret.b, sizeof(secret.b));
	body.sealed = buf_bytes(&sealed);
	delta->changes = &change;
	delta->changes_n = 1;
	sim_must(
	    sim, own_append(txn, &hand->own, delta, &body, 1), "write by hand");
	buf_fini(&sealed);
}

struct ref
hand_change(struct hand *hand, const struct record_id *record,
    const char *field, const char *text)
{
	struct delta_change change = {.record = *record};
	struct delta delta = {
	    .kind = DELTA_CHANGE, .changes = &change, .changes_n = 1};
	struct body_op op = {.code = OP_SET, .field = bytes_text(field)};
	struct body body = {.ops = &op, .ops_n = 1};
	struct buf value = {0};
	struct buf plain = {0};

	codec_put_text(&value, bytes_text(text));
	op.value = buf_bytes(&value);
	sim_must(hand->node->sim, body_encode(&body, &plain), "encode a body");
	append(hand, &delta, buf_bytes(&plain));
	buf_fini(&value);
	buf_fini(&plain);
	return newest(hand);
}

struct ref
hand_fact(struct hand *hand, enum delta_kind kind, struct bytes plain)
{
	struct delta delta = {.kind = (uint64_t)kind};

	append(hand, &delta, plain);
	return newest(hand);
}

static int
ref_compare(const void *a, const void *b)
{
	return id_ref_compare(a, b);
}

struct ref
hand_decide(struct hand *hand, enum delta_kind kind, const struct ref *targets,
    size_t n)
{
	struct fact_reason reason = {.text = bytes_text("by hand")};
	struct arena arena = {0};
	struct ref *refs = arena_array(&arena, n, sizeof(*refs));
	uint32_t *numbers = arena_array(&arena, n, sizeof(*numbers));
	struct delta delta = {
	    .kind = (uint64_t)kind, .refs = refs, .decision.targets = numbers};
	struct buf plain = {0};

	memcpy(refs, targets, n * sizeof(*refs));
	qsort(refs, n, sizeof(*refs), ref_compare);
	for (size_t i = 0; i < n; i++)
		if (i == 0 || ref_compare(&refs[i], &refs[i - 1]) != 0)
			refs[delta.refs_n++] = refs[i];
	for (uint32_t i = 0; i < delta.refs_n; i++)
		numbers[i] = i;
	delta.decision.targets_n = delta.refs_n;
	fact_reason_put(&reason, &plain);
	append(hand, &delta, buf_bytes(&plain));
	buf_fini(&plain);
	arena_fini(&arena);
	return newest(hand);
}

void
hand_close(struct hand *hand)
{
	sim_must(hand->node->sim,
	    own_sign(store_txn(hand->node->store), &hand->own),
	    "sign a log written by hand");
}

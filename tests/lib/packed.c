/*
 * Logs of random deltas that are packed at random.
 */
#include "tests/lib/packed.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/heads.h"
#include "core/oplog_body.h"
#include "core/packing.h"
#include "proto/body.h"
#include "proto/mem.h"

uint64_t
packed_below(struct packed *w, uint64_t n)
{
	return prng_below(&w->prng, n);
}

struct log *
packed_log(struct txn *txn)
{
	struct log_name name;
	struct log *log;

	replica_name(1, "d03/c017/case", &name);
	assert_int_equal(oplog_open(txn, &name, &log), ERR_OK);
	return log;
}

/* Sealed bytes are often small and alike, sometimes empty or very large. */
static size_t
sealed_size(struct packed *w)
{
	switch (w->plain ? 3 : packed_below(w, 60)) {
	case 0:
		return 20000 + packed_below(w, 40000);
	case 1:
		return 0;
	case 2:
		return packed_below(w, 3000);
	}
	return packed_below(w, 2) == 0 ? 320 : 48 + 16 * packed_below(w, 40);
}

static void
body_make(struct packed *w, struct packed_delta *known,
    struct delta_change *change, uint16_t number, enum delta_class class)
{
	struct stored_body *body = &known->bodies[known->n];
	struct buf *sealed = &known->sealed[known->n];
	size_t n = sealed_size(w);
	struct secret secret;
	struct hash tag;

	prng_fill(&w->prng, buf_extend(sealed, n), n);
	prng_fill(&w->prng, body, sizeof(*body));
	body->change = number;
	body->class = class;
	body->form = BODY_OPEN;
	body->sealed = buf_bytes(sealed);
	memcpy(secret.b, body->key, sizeof(secret.b));
	body_tag(&secret, &tag);
	body_commitment(&tag, body->sealed, &change->commitments[class]);
	change->classes |= 1u << class;
	known->n++;
}

/* The same body in another form. */
struct stored_body
packed_form(const struct packed_delta *known, size_t i, enum body_form form)
{
	struct stored_body body = known->bodies[i];
	struct secret secret;
	struct hash tag;

	body.form = form;
	if (form == BODY_OPEN)
		return body;
	memcpy(secret.b, body.key, sizeof(secret.b));
	body_tag(&secret, &tag);
	memcpy(body.key, tag.b, sizeof(body.key));
	return body;
}

static void
change_make(struct packed *w, struct packed_delta *known,
    struct delta_change *change, uint16_t number, uint64_t stamp)
{
	uint8_t made[8];

	prng_fill(&w->prng, change->record.b, 16);
	bytes_put_be64(made, (stamp >> 16) - packed_below(w, 3));
	if (packed_below(w, 3) > 0)
		memcpy(change->record.b, made + 2, 6);
	if (packed_below(w, 8) == 0 && known->n < PACKED_BODIES_MAX)
		body_make(w, known, change, number, CLASS_N);
	if (known->n < PACKED_BODIES_MAX - 1) {
		enum delta_class class = (enum delta_class)packed_below(w, 4);

		if ((change->classes >> class & 1) == 0 &&
		    change->classes < 1u << class)
			body_make(w, known, change, number, class);
	}
	if (change->classes == 0)
		change->act = ACT_DELETE;
}

/* References to our own log and to others, in their order. */
static size_t
refs_make(struct packed *w, const struct log *log, struct ref *refs)
{
	size_t n = packed_below(w, 3) == 0 ? packed_below(w, 4) : 0;

	for (size_t i = 0; i < n; i++) {
		prng_fill(&w->prng, &refs[i], sizeof(refs[i]));
		refs[i].log = log->trunk;
		refs[i].seq = i * 100 + packed_below(w, 100);
	}
	return n;
}

static void
header_make(struct packed *w, const struct log *log, struct packed_delta *known)
{
	enum { CHANGES = 300 };
	static struct delta_change changes[CHANGES];
	struct ref refs[4];
	struct delta delta = {.format = DELTA_FORMAT,
	    .kind = w->n == 0 ? DELTA_OPEN : DELTA_CHANGE,
	    .seq = w->n,
	    .origin = log->origin,
	    .refs = refs,
	    .changes = changes};

	memset(changes, 0, sizeof(changes));
	if (w->n > 0 && !w->plain && packed_below(w, 40) == 0) {
		size_t n = packed_below(w, 5) * packed_below(w, 50);

		known->opaque = true;
		prng_fill(&w->prng, buf_extend(&known->header, n), n);
		return;
	}
	w->stamp += 1 + (packed_below(w, 2) ? packed_below(w, 3)
					    : packed_below(w, 1u << 30));
	delta.stamp.v = w->stamp;
	delta.has_actor = packed_below(w, 2) == 0;
	delta.refs_n = refs_make(w, log, refs);
	delta.changes_n = w->n == 0 ? 0
			  : !w->plain && packed_below(w, 100) == 0
			      ? CHANGES
			      : 1 + packed_below(w, 4) *
					(packed_below(w, 4) == 0);
	for (size_t i = 0; i < delta.changes_n; i++)
		change_make(w, known, &changes[i], (uint16_t)i, delta.stamp.v);
	assert_int_equal(delta_encode(&delta, &known->header), ERR_OK);
}

void
packed_append(struct packed *w)
{
	struct txn *txn = &w->replica->txn;
	struct log *log = packed_log(txn);
	struct packed_delta *known = &w->deltas[w->n];
	struct stored_body held[PACKED_BODIES_MAX];
	struct oplog_entry entry = {.bodies = held};
	struct delta delta;

	assert_true(w->n < PACKED_DELTAS_MAX);
	header_make(w, log, known);
	for (size_t i = 0; i < known->n; i++) {
		known->form[i] = packed_below(w, 6) == 0
				     ? (enum body_form)packed_below(w, 5)
				     : BODY_OPEN;
		if (known->form[i] != 0)
			held[entry.bodies_n++] = packed_form(
			    known, i, known->form[i]);
	}
	entry.header = buf_bytes(&known->header);
	assert_int_equal(
	    oplog_append(txn, log, &entry, &delta, &w->leaf), ERR_OK);
	assert_int_equal(delta.opaque, known->opaque);
	w->n++;
}

void
packed_look(struct packed *w, uint64_t seq)
{
	struct txn *txn = &w->replica->txn;
	const struct packed_delta *known = &w->deltas[seq];
	struct stored_delta stored;
	struct stored_body body;

	assert_int_equal(oplog_get(txn, packed_log(txn), seq, &stored), ERR_OK);
	assert_int_equal(stored.opaque, known->opaque);
	assert_true(bytes_equal(stored.header, buf_bytes(&known->header)));
	for (size_t i = 0; i < known->n; i++) {
		struct stored_body is = packed_form(known, i, known->form[i]);

		if (known->form[i] == 0)
			continue;
		assert_true(oplog_body_next(&stored.bodies, &body));
		assert_int_equal(body.change, is.change);
		assert_int_equal(body.class, is.class);
		assert_int_equal(body.form, is.form);
		assert_memory_equal(body.key, is.key, sizeof(is.key));
		if (body.form == BODY_PASSED || body.form == BODY_KEPT)
			assert_memory_equal(body.wrap.b, is.wrap.b, WRAP_SIZE);
		assert_true(bytes_equal(body.sealed, is.sealed));
	}
	assert_int_equal(stored.bodies.n, 0);
}

void
packed_look_all(struct packed *w)
{
	for (uint64_t seq = 0; seq < w->n; seq++)
		packed_look(w, seq);
}

void
packed_pack(struct packed *w, bool rest, uint64_t budget)
{
	struct packing packing = {.rest = rest};

	while (!packing.ended)
		assert_int_equal(
		    packing_some(&w->replica->txn, &packing, budget), ERR_OK);
}

/* A body comes late, or its secret, or a wrap. */
void
packed_put(struct packed *w)
{
	struct txn *txn = &w->replica->txn;
	uint64_t seq = packed_below(w, w->n);
	struct packed_delta *known = &w->deltas[seq];
	enum body_form form = (enum body_form)(1 + packed_below(w, 4));
	static const unsigned worth[] = {0, 1, 4, 2, 3};
	struct stored_body body;
	bool news;
	size_t i;

	if (known->n == 0)
		return;
	i = packed_below(w, known->n);
	body = packed_form(known, i, form);
	assert_int_equal(
	    oplog_body_put(txn, packed_log(txn), seq, &body, &news), ERR_OK);
	assert_int_equal(news, worth[form] > worth[known->form[i]]);
	if (news)
		known->form[i] = form;
	packed_look(w, seq);
}

void
packed_sign(struct packed *w)
{
	struct sign_seed seed = replica_seed(1);
	struct txn *txn = &w->replica->txn;

	assert_int_equal(
	    heads_sign(txn, packed_log(txn), &seed, &w->leaf), ERR_OK);
}

struct packed
packed_begin(struct replica *replica, uint64_t seed)
{
	struct packed w = {.replica = replica,
	    .prng = {seed},
	    .deltas = mem_zeros(PACKED_DELTAS_MAX, sizeof(*w.deltas)),
	    .stamp = seed << 40};

	(void)replica_begin(replica, true);
	return w;
}

void
packed_end(struct packed *w)
{
	for (size_t i = 0; i < w->n; i++) {
		buf_fini(&w->deltas[i].header);
		for (size_t k = 0; k < PACKED_BODIES_MAX; k++)
			buf_fini(&w->deltas[i].sealed[k]);
	}
	mem_free(w->deltas);
	replica_abort(w->replica);
}

/* A log of plain deltas, `n` of them. */
struct packed
packed_plain(struct replica *replica, uint64_t n)
{
	struct packed w = packed_begin(replica, 99);

	w.plain = true;
	while (w.n < n)
		packed_append(&w);
	return w;
}

/*
 * Promises of core/digest.h: the bytes that are hashed, and sums that can be
 * taken back.
 *
 * LINK: -Wl,--wrap=oplog_all
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/digest.h"
#include "tests/lib/replica.h"
#include "tests/lib/saga.h"

enum err __wrap_oplog_all(
    struct txn *txn, struct space_state *space, struct log ***logs, size_t *n);

/* The logs of the space asked for, as a test has set them. */
static struct log *of_space[3];
static size_t of_space_n;
static struct log *of_authority[2];
static size_t of_authority_n;

enum err
__wrap_oplog_all(
    struct txn *txn, struct space_state *space, struct log ***logs, size_t *n)
{
	bool authority = id_is_authority(&space->name);

	(void)txn;
	*logs = authority ? of_authority : of_space;
	*n = authority ? of_authority_n : of_space_n;
	return ERR_OK;
}

static void
a_sum_does_not_know_order_and_can_be_taken_back(void **state)
{
	uint64_t random = 3;
	struct digest terms[8];
	struct digest sum = {0};
	struct digest back = {0};
	struct digest none = {0};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(terms); i++) {
		for (size_t k = 0; k < sizeof(terms[i].b); k++)
			terms[i].b[k] = (uint8_t)saga_random(&random, 256);
		digest_add(&sum, &terms[i]);
	}
	for (size_t i = COUNT_OF(terms); i > 0; i--)
		digest_add(&back, &terms[i - 1]);
	assert_memory_equal(&sum, &back, sizeof(sum));
	for (size_t i = 0; i < COUNT_OF(terms); i++)
		digest_sub(&sum, &terms[i]);
	assert_memory_equal(&sum, &none, sizeof(sum));
}

static void
sums_carry_and_wrap_around(void **state)
{
	struct digest one = {.b = {[31] = 1}};
	struct digest sum = {0};
	struct digest all;
	struct digest none = {0};

	(void)state;
	memset(&all, 0xff, sizeof(all));
	digest_sub(&sum, &one);
	assert_memory_equal(&sum, &all, sizeof(sum));
	digest_add(&sum, &one);
	assert_memory_equal(&sum, &none, sizeof(sum));
	sum.b[31] = 0xff;
	digest_add(&sum, &one);
	assert_int_equal(sum.b[30], 1);
	assert_int_equal(sum.b[31], 0);
}

/* A record with a value of class N, two of class P in one field. */
struct example {
	struct record_id id;
	struct record record;
	struct record_source source;
	struct record_field fields[2];
	struct record_value values[3];
};

static void
example_make(struct example *e)
{
	memset(e, 0, sizeof(*e));
	memset(e->id.b, 0x22, sizeof(e->id.b));
	memset(e->source.at.delta.log.b, 0x11, 16);
	e->source.at.delta.seq = 5;
	e->record.exists = true;
	e->record.status = RECORD_CONTESTED;
	e->record.collection = bytes_text("visit");
	e->record.created.v = 77;
	e->record.sources = &e->source;
	e->record.sources_n = 1;
	e->record.fields = e->fields;
	e->record.fields_n = 2;
	for (size_t i = 0; i < 3; i++) {
		e->values[i].op = (uint16_t)(i + 1);
		e->values[i].class = i == 0 ? CLASS_N : CLASS_P;
		e->values[i].value = bytes_text("\x07");
	}
	e->fields[0] = (struct record_field){.name = bytes_text("동"),
	    .kind = KIND_STATE,
	    .n = 1,
	    .values = &e->values[0]};
	e->fields[1] = (struct record_field){.name = bytes_text("이름"),
	    .kind = KIND_REGISTER,
	    .n = 2,
	    .values = &e->values[1]};
}

/* BLAKE2b-256 of `text`, which is emptied. */
static void
assert_hashes(struct buf *text, const struct digest *term)
{
	uint8_t expected[32];

	crypto_blake2b((struct bytes){0}, buf_bytes(text), expected, 32);
	assert_memory_equal(term->b, expected, 32);
	buf_fini(text);
}

static void
put_dot(struct buf *text, uint8_t op)
{
	static const uint8_t zeros[17];

	for (int i = 0; i < 16; i++)
		buf_add_u8(text, 0x11);
	buf_add(text, bytes_of(zeros, 7));
	buf_add_u8(text, 5);
	buf_add(text, bytes_of(zeros, 8 + 2 + 1));
	buf_add_u8(text, op);
}

static void
the_term_of_a_record_hashes_the_bytes_of_its_comment(void **state)
{
	struct example e;
	struct buf text = {0};
	struct digest term;

	(void)state;
	example_make(&e);
	buf_add_text(&text, "golmok/record/1");
	buf_add_u8(&text, CLASS_N);
	buf_add(&text, bytes_of(e.id.b, 16));
	buf_add_u8(&text, 2);
	buf_add_be16(&text, 5);
	buf_add_text(&text, "visit");
	buf_add_be64(&text, 77);
	buf_add_be16(&text, 3);
	buf_add_text(&text, "동");
	buf_add_u8(&text, KIND_STATE);
	put_dot(&text, 1);
	buf_add_be32(&text, 1);
	buf_add_u8(&text, 7);
	digest_record(&e.id, &e.record, CLASS_N, &term);
	assert_hashes(&text, &term);
}

static void
the_term_of_a_value_hashes_the_bytes_of_its_comment(void **state)
{
	struct example e;
	struct buf text = {0};
	struct digest term;
	struct dot dot;

	(void)state;
	example_make(&e);
	buf_add_text(&text, "golmok/value/1");
	buf_add(&text, bytes_of(e.id.b, 16));
	buf_add_be16(&text, 6);
	buf_add_text(&text, "이름");
	buf_add_u8(&text, KIND_REGISTER);
	put_dot(&text, 3);
	buf_add_be32(&text, 1);
	buf_add_u8(&text, 7);
	dot = merge_dot(&e.record, &e.values[2]);
	digest_value(&e.id, &e.fields[1], &dot, e.values[2].value, &term);
	assert_hashes(&text, &term);
}

static void
a_class_without_single_values_has_no_term(void **state)
{
	struct example e;
	struct digest none = {0};
	struct digest term;

	(void)state;
	example_make(&e);
	for (int class = CLASS_P; class < CLASS_COUNT; class ++) {
		digest_record(
		    &e.id, &e.record, (enum delta_class) class, &term);
		assert_memory_equal(&term, &none, sizeof(none));
	}
	e.fields[1].n = 1;
	digest_record(&e.id, &e.record, CLASS_P, &term);
	assert_memory_not_equal(&term, &none, sizeof(none));
	e.record.fields_n = 0;
	digest_record(&e.id, &e.record, CLASS_N, &term);
	assert_memory_not_equal(&term, &none, sizeof(none));
	e.record.exists = false;
	digest_record(&e.id, &e.record, CLASS_N, &term);
	assert_memory_equal(&term, &none, sizeof(none));
}

static struct log *
log_make(struct log *log, int id, size_t leaves)
{
	struct hash leaf = {{1}};

	memset(log, 0, sizeof(*log));
	memset(log->id.b, id, sizeof(log->id.b));
	for (size_t i = 0; i < leaves; i++)
		merkle_append(&log->frontier, &leaf, NULL, NULL);
	return log;
}

static void
put_log(struct buf *text, const struct log *log)
{
	struct hash root;

	merkle_root(&log->frontier, &root);
	buf_add(text, bytes_of(log->id.b, 16));
	buf_add_be64(text, log->frontier.size);
	buf_add(text, bytes_of(root.b, 32));
}

static void
the_digest_of_logs_covers_the_space_and_authority(void **state)
{
	struct replica *replica = *state;
	struct txn *txn = replica_begin(replica, true);
	static struct log logs[4];
	struct space_state *space;
	struct space_state *authority;
	struct buf text = {0};
	struct space name;
	struct hash digest;
	struct hash expected;

	assert_int_equal(id_space(bytes_text("d01/c001/case"), &name), ERR_OK);
	assert_int_equal(space_get(txn, &name, &space), ERR_OK);
	of_space[0] = log_make(&logs[0], 1, 3);
	of_space[1] = log_make(&logs[1], 2, 0);
	of_space[2] = log_make(&logs[2], 3, 1);
	of_space_n = 3;
	of_authority[0] = log_make(&logs[3], 1, 2);
	of_authority_n = 1;
	buf_add_text(&text, "golmok/logs/1");
	put_log(&text, &logs[0]);
	put_log(&text, &logs[2]);
	crypto_sha256(buf_bytes(&text), &expected);
	assert_int_equal(digest_logs(txn, space, &digest), ERR_OK);
	assert_memory_equal(&digest, &expected, sizeof(digest));
	assert_int_equal(space_get(txn, &id_authority, &authority), ERR_OK);
	put_log(&text, &logs[3]);
	crypto_sha256(buf_bytes(&text), &expected);
	assert_int_equal(digest_logs(txn, space, &digest), ERR_OK);
	assert_memory_equal(&digest, &expected, sizeof(digest));
	buf_cut(&text, 0);
	buf_add_text(&text, "golmok/logs/1");
	put_log(&text, &logs[3]);
	crypto_sha256(buf_bytes(&text), &expected);
	assert_int_equal(digest_logs(txn, authority, &digest), ERR_OK);
	assert_memory_equal(&digest, &expected, sizeof(digest));
	buf_fini(&text);
	replica_abort(replica);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_sum_does_not_know_order_and_can_be_taken_back),
	    cmocka_unit_test(sums_carry_and_wrap_around),
	    cmocka_unit_test(
		the_term_of_a_record_hashes_the_bytes_of_its_comment),
	    cmocka_unit_test(
		the_term_of_a_value_hashes_the_bytes_of_its_comment),
	    cmocka_unit_test(a_class_without_single_values_has_no_term),
	    cmocka_unit_test(the_digest_of_logs_covers_the_space_and_authority),
	};

	return cmocka_run_group_tests(tests, replica_make, replica_remove);
}

/*
 * tests/vectors/rows.txt: rows of deltas, logs and records are those that
 * docs/format.md §12 shows.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/block_form.h"
#include "core/oplog_row.h"
#include "core/row_read.h"
#include "proto/ascii.h"
#include "tests/lib/vectors.h"

/* Word number `i` of the line, of any length. */
static struct buf
word(const struct vectors *v, size_t i)
{
	struct buf out = {0};

	assert_true(i < v->n);
	assert_int_equal(ascii_from_hex(v->words[i], &out), ERR_OK);
	return out;
}

/* The line shows the bytes of `row`. */
static void
check_row(const struct vectors *v, const struct buf *row)
{
	struct buf expected = word(v, 1);

	assert_true(bytes_equal(buf_bytes(row), buf_bytes(&expected)));
	buf_fini(&expected);
}

static void
add_body(const struct vectors *v, struct buf *row)
{
	struct buf sealed = word(v, 6);
	struct stored_body body = {.change = (uint16_t)vectors_number(v, 1),
	    .class = (enum delta_class)vectors_number(v, 2),
	    .form = (enum body_form)vectors_number(v, 3),
	    .sealed = buf_bytes(&sealed)};

	vectors_hex(v, 4, body.key, sizeof(body.key));
	if (!bytes_is(v->words[5], "-"))
		vectors_hex(v, 5, body.wrap.b, sizeof(body.wrap.b));
	oplog_row_body(&body, row);
	buf_fini(&sealed);
}

/* What is read from `row` is written to the same bytes. */
static void
check_delta_again(const struct buf *row)
{
	struct stored_delta delta = {0};
	struct stored_body body;
	struct buf again = {0};

	assert_true(oplog_row_delta(buf_bytes(row), &delta));
	oplog_row_header(delta.opaque, delta.header, &again);
	while (oplog_row_next(&delta.bodies, &body))
		oplog_row_body(&body, &again);
	assert_true(bytes_equal(buf_bytes(&again), buf_bytes(row)));
	buf_fini(&again);
}

static void
rows_of_deltas_are_those_of_the_vectors(void **state)
{
	struct buf row = {0};
	struct vectors v;
	size_t cases = 0;

	(void)state;
	vectors_open(&v, "rows.txt");
	while (vectors_next(&v)) {
		if (vectors_is(&v, "delta")) {
			struct buf header = word(&v, 2);

			buf_cut(&row, 0);
			oplog_row_header(vectors_number(&v, 1) != 0,
			    buf_bytes(&header), &row);
			buf_fini(&header);
		} else if (vectors_is(&v, "body")) {
			add_body(&v, &row);
		} else if (vectors_is(&v, "delta-row")) {
			check_row(&v, &row);
			check_delta_again(&row);
			cases++;
		}
	}
	assert_int_equal(cases, 3);
	buf_fini(&row);
	vectors_close(&v);
}

/* The block of a vector with its checksums, under `key`. */
static void
block_whole(
    struct buf *row, const struct bytes *rows, size_t n, const struct key *key)
{
	size_t index_n;

	assert_int_equal(bytes_be16(row->p + 8), n);
	index_n = BLOCK_HEAD_SIZE + BLOCK_SUM_SIZE * n +
		  bytes_be32(row->p + 10) + bytes_be32(row->p + 14);
	for (size_t i = 0; i < n; i++)
		bytes_put_be32(row->p + BLOCK_HEAD_SIZE + BLOCK_SUM_SIZE * i,
		    (uint32_t)bytes_checksum(rows[i]));
	bytes_put_be64(
	    row->p, bytes_checksum(tables_key(key)) ^
			bytes_checksum(bytes_of(row->p + 8, index_n - 8)));
}

/* Does the block `row` say `rows`? */
static void
check_block(struct squeeze *squeeze, const struct block_log *log,
    const struct buf *row, struct block_rows rows)
{
	static struct block block;
	struct buf content = {0};
	struct key key;

	tables_delta_key(
	    (struct space_no){1}, (struct log_no){2}, log->first, &key);
	assert_int_equal(block_count(buf_bytes(row)), rows.n);
	assert_int_equal(
	    block_open(squeeze, log, tables_key(&key), buf_bytes(row), &block),
	    ERR_OK);
	for (size_t i = 0; i < rows.n; i++) {
		buf_cut(&content, 0);
		assert_true(block_row(&block, buf_bytes(row), i, &content));
		assert_true(bytes_equal(buf_bytes(&content), rows.p[i]));
	}
	buf_fini(&content);
	block_fini(&block);
}

/* What is compressed may be compressed otherwise: the vector is read, and what
 * we write of the same rows is read again, and no longer. */
static void
blocks_are_read_as_the_vectors_have_them(void **state)
{
	struct squeeze squeeze = {0};
	struct block_log log = {0};
	struct buf contents[4] = {0};
	struct bytes rows[4];
	struct vectors v;
	struct key key;
	size_t n = 0;
	size_t cases = 0;

	(void)state;
	vectors_open(&v, "rows.txt");
	while (vectors_next(&v)) {
		struct buf row = {0};
		struct buf ours = {0};

		if (vectors_is(&v, "block")) {
			log.first = vectors_number(&v, 1);
			vectors_hex(&v, 2, log.origin.b, 32);
			vectors_hex(&v, 3, log.trunk.b, 16);
			n = 0;
		} else if (vectors_is(&v, "packed")) {
			assert_true(n < COUNT_OF(rows));
			contents[n] = word(&v, 1);
			rows[n] = buf_bytes(&contents[n]);
			n++;
		}
		if (!vectors_is(&v, "block-row"))
			continue;
		tables_delta_key(
		    (struct space_no){1}, (struct log_no){2}, log.first, &key);
		row = word(&v, 1);
		block_whole(&row, rows, n, &key);
		check_block(&squeeze, &log, &row, (struct block_rows){rows, n});
		assert_int_equal(
		    block_form_encode(&squeeze, &log,
			(struct block_rows){rows, n}, tables_key(&key), &ours),
		    ERR_OK);
		check_block(
		    &squeeze, &log, &ours, (struct block_rows){rows, n});
		assert_true(ours.n <= row.n);
		buf_fini(&row);
		buf_fini(&ours);
		cases++;
	}
	assert_int_equal(cases, 1);
	for (size_t i = 0; i < COUNT_OF(contents); i++)
		buf_fini(&contents[i]);
	squeeze_fini(&squeeze);
	vectors_close(&v);
}

static void
begin_log(const struct vectors *v, struct log *log)
{
	uint8_t cut[8];

	*log = (struct log){
	    .no.v = (uint32_t)vectors_number(v, 1),
	    .frontier.size = vectors_number(v, 5),
	    .last.v = vectors_number(v, 6),
	    .held = vectors_number(v, 7),
	    .wrapped = vectors_number(v, 12),
	    .kept = vectors_number(v, 13),
	    .rights = (unsigned)vectors_number(v, 14),
	    .forked = vectors_number(v, 15) != 0,
	    .packed = vectors_number(v, 17),
	};
	vectors_hex(v, 16, cut, sizeof(cut));
	log->cut = bytes_be64(cut);
	vectors_hex(v, 2, log->name.city.b, sizeof(log->name.city.b));
	vectors_hex(v, 3, log->name.author.b, sizeof(log->name.author.b));
	vectors_hex(
	    v, 4, log->name.incarnation.b, sizeof(log->name.incarnation.b));
	for (size_t class = 0; class < CLASS_COUNT; class ++)
		log->open[class] = vectors_number(v, 8 + class);
}

/* Takes a line that says more of `log`; `ahead` is where a proof goes. */
static void
add_to_log(const struct vectors *v, struct log *log, struct merkle_proof *ahead)
{
	if (vectors_is(v, "frontier")) {
		for (size_t i = 1; i < v->n; i++)
			vectors_hex(v, i, log->frontier.nodes[i - 1].b, 32);
	} else if (vectors_is(v, "head")) {
		log->has_head = true;
		log->head_size = vectors_number(v, 1);
		vectors_hex(v, 2, log->head_root.b, 32);
		vectors_hex(v, 3, log->head_signature.b, 64);
	} else if (vectors_is(v, "ahead")) {
		log->ahead = ahead;
		ahead->n = v->n - 1;
		for (size_t i = 1; i < v->n; i++)
			vectors_hex(v, i, ahead->nodes[i - 1].b, 32);
	} else if (vectors_is(v, "grant")) {
		log->has_grant = true;
		vectors_hex(v, 1, log->grant.log.b, 16);
		log->grant.seq = vectors_number(v, 2);
		vectors_hex(v, 3, log->grant.leaf, 8);
	} else if (vectors_is(v, "branch")) {
		vectors_hex(v, 1, log->trunk.b, 16);
		log->from = vectors_number(v, 2);
		log->below = vectors_number(v, 3);
		log->under.v = (uint32_t)vectors_number(v, 4);
	}
}

static void
check_log_again(const struct buf *row)
{
	static struct log log;
	struct space_state space = {0};
	struct arena arena = {0};
	struct buf again = {0};

	log = (struct log){.space = &space};
	assert_true(oplog_row_log(buf_bytes(row), &arena, &log));
	oplog_row_from_log(&log, &again);
	assert_true(bytes_equal(buf_bytes(&again), buf_bytes(row)));
	buf_fini(&again);
	arena_fini(&arena);
}

static void
rows_of_logs_are_those_of_the_vectors(void **state)
{
	static struct log log;
	static struct merkle_proof ahead;
	struct vectors v;
	size_t cases = 0;

	(void)state;
	vectors_open(&v, "rows.txt");
	while (vectors_next(&v)) {
		struct buf row = {0};

		if (vectors_is(&v, "log"))
			begin_log(&v, &log);
		else
			add_to_log(&v, &log, &ahead);
		if (!vectors_is(&v, "log-row"))
			continue;
		oplog_row_from_log(&log, &row);
		check_row(&v, &row);
		check_log_again(&row);
		buf_fini(&row);
		cases++;
	}
	assert_int_equal(cases, 3);
	vectors_close(&v);
}

enum { ROOM = 8 };

/* The record that lines describe. */
struct described {
	struct record record;
	struct record_source sources[ROOM];
	struct change_ref heads[ROOM];
	struct record_field fields[ROOM];
	struct record_value values[ROOM];
	struct buf bytes[ROOM];
};

static void
begin_record(const struct vectors *v, struct described *d)
{
	for (size_t i = 0; i < ROOM; i++)
		buf_fini(&d->bytes[i]);
	memset(d, 0, sizeof(*d));
	d->record = (struct record){
	    .sources = d->sources, .heads = d->heads, .fields = d->fields};
	if (v == NULL)
		return;
	d->record.exists = vectors_number(v, 1) != 0;
	d->record.plain = vectors_number(v, 2) != 0;
	d->record.status = (enum record_status)vectors_number(v, 3);
	if (!bytes_is(v->words[4], "-"))
		d->record.collection = v->words[4];
	d->record.created.v = vectors_number(v, 5);
	d->record.changed.v = vectors_number(v, 6);
}

static void
add_field(const struct vectors *v, struct described *d)
{
	size_t i = d->record.fields_n++;
	struct record_field *field = &d->fields[i];

	assert_true(i < ROOM);
	*field = (struct record_field){.name = v->words[1],
	    .kind = (enum field_kind)vectors_number(v, 2),
	    .n = (size_t)vectors_number(v, 3)};
	if (field->n != 1)
		return;
	d->bytes[i] = word(v, 7);
	d->values[i] = (struct record_value){
	    .source = (uint32_t)vectors_number(v, 4),
	    .class = (enum delta_class)vectors_number(v, 5),
	    .op = (uint16_t)vectors_number(v, 6),
	    .value = buf_bytes(&d->bytes[i])};
	field->values = &d->values[i];
}

/* Takes a line that says more of the record. */
static void
add_to_record(const struct vectors *v, struct described *d)
{
	uint8_t change[ID_CHANGE_SIZE];

	if (vectors_is(v, "source")) {
		struct record_source *source = d->sources;

		assert_true(d->record.sources_n < ROOM);
		source += d->record.sources_n++;
		vectors_hex(v, 1, change, sizeof(change));
		id_change_get(change, &source->at);
		source->stamp.v = vectors_number(v, 2);
		source->has_actor = !bytes_is(v->words[3], "-");
		if (source->has_actor)
			vectors_hex(v, 3, source->actor.b, 16);
	} else if (vectors_is(v, "latest")) {
		assert_true(d->record.heads_n < ROOM);
		vectors_hex(v, 1, change, sizeof(change));
		id_change_get(change, &d->heads[d->record.heads_n++]);
	} else if (vectors_is(v, "field")) {
		add_field(v, d);
	}
}

static void
check_record_again(const struct buf *row, struct words *words)
{
	struct arena arena = {0};
	struct record record;
	struct buf again = {0};

	assert_true(row_read_record(buf_bytes(row), words, &arena, &record));
	row_encode(&record, words, &again);
	assert_true(bytes_equal(buf_bytes(&again), buf_bytes(row)));
	buf_fini(&again);
	arena_fini(&arena);
}

static void
rows_of_records_are_those_of_the_vectors(void **state)
{
	static struct described d;
	struct words words = {0};
	struct vectors v;
	size_t cases = 0;

	(void)state;
	vectors_open(&v, "rows.txt");
	while (vectors_next(&v)) {
		struct buf row = {0};

		if (vectors_is(&v, "record"))
			begin_record(&v, &d);
		else
			add_to_record(&v, &d);
		if (!vectors_is(&v, "record-row"))
			continue;
		row_encode(&d.record, &words, &row);
		check_row(&v, &row);
		check_record_again(&row, &words);
		buf_fini(&row);
		cases++;
	}
	assert_int_equal(cases, 4);
	begin_record(NULL, &d);
	words_fini(&words);
	vectors_close(&v);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(rows_of_deltas_are_those_of_the_vectors),
	    cmocka_unit_test(rows_of_records_are_those_of_the_vectors),
	    cmocka_unit_test(blocks_are_read_as_the_vectors_have_them),
	    cmocka_unit_test(rows_of_logs_are_those_of_the_vectors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * tests/vectors/digest.txt: the terms of the state digest are those that
 * docs/format.md §10 shows.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/digest.h"
#include "proto/ascii.h"
#include "tests/lib/vectors.h"

enum { ROOM = 16 };

/* The record that lines describe; each value has a source of its own. */
struct described {
	struct record_id id;
	struct record record;
	struct record_source sources[ROOM];
	struct record_field fields[ROOM];
	struct record_value values[ROOM];
	struct buf bytes[ROOM];
	struct record_field *field_of[ROOM];
};

static void
begin(struct described *d, const struct vectors *v)
{
	for (size_t i = 0; i < ROOM; i++)
		buf_fini(&d->bytes[i]);
	memset(d, 0, sizeof(*d));
	if (v == NULL)
		return;
	vectors_hex(v, 1, d->id.b, sizeof(d->id.b));
	d->record.exists = true;
	d->record.status = (enum record_status)vectors_number(v, 2);
	if (!bytes_is(v->words[3], "-"))
		d->record.collection = v->words[3];
	d->record.created.v = vectors_number(v, 4);
	d->record.sources = d->sources;
	d->record.fields = d->fields;
}

static void
add_value(struct described *d, const struct vectors *v)
{
	uint32_t i = (uint32_t)d->record.sources_n++;
	enum field_kind kind = (enum field_kind)vectors_number(v, 2);
	size_t n = d->record.fields_n;
	uint8_t packed[ID_DOT_SIZE];
	struct dot dot;

	assert_true(i < ROOM);
	vectors_hex(v, 3, packed, sizeof(packed));
	id_dot_get(packed, &dot);
	d->sources[i].at = dot.at;
	assert_int_equal(ascii_from_hex(v->words[5], &d->bytes[i]), ERR_OK);
	d->values[i] = (struct record_value){.source = i,
	    .op = dot.op,
	    .class = (enum delta_class)vectors_number(v, 4),
	    .value = buf_bytes(&d->bytes[i])};
	if (n == 0 || d->fields[n - 1].kind != kind ||
	    !bytes_equal(d->fields[n - 1].name, v->words[1])) {
		d->fields[n] = (struct record_field){
		    .name = v->words[1], .kind = kind, .values = &d->values[i]};
		d->record.fields_n = ++n;
	}
	d->fields[n - 1].n++;
	d->field_of[i] = &d->fields[n - 1];
}

static void
check_sum(const struct vectors *v)
{
	struct digest a;
	struct digest b;
	struct digest sum;
	struct digest got;

	vectors_hex(v, 1, a.b, sizeof(a.b));
	vectors_hex(v, 2, b.b, sizeof(b.b));
	vectors_hex(v, 3, sum.b, sizeof(sum.b));
	got = a;
	digest_add(&got, &b);
	assert_memory_equal(got.b, sum.b, sizeof(got.b));
	digest_sub(&got, &b);
	assert_memory_equal(got.b, a.b, sizeof(got.b));
}

static void
terms_are_those_of_the_vectors(void **state)
{
	static struct described d;
	struct vectors v;
	size_t cases = 0;

	(void)state;
	vectors_open(&v, "digest.txt");
	while (vectors_next(&v)) {
		struct digest expected;
		struct digest got;
		uint64_t i = 0;

		if (vectors_is(&v, "state"))
			begin(&d, &v);
		else if (vectors_is(&v, "value"))
			add_value(&d, &v);
		if (!vectors_is(&v, "record") && !vectors_is(&v, "single"))
			continue;
		cases++;
		i = vectors_number(&v, 1);
		vectors_hex(&v, 2, expected.b, sizeof(expected.b));
		if (vectors_is(&v, "record")) {
			digest_record(
			    &d.id, &d.record, (enum delta_class)i, &got);
		} else {
			struct dot dot = merge_dot(&d.record, &d.values[i]);

			digest_value(&d.id, d.field_of[i], &dot,
			    d.values[i].value, &got);
		}
		assert_memory_equal(got.b, expected.b, sizeof(got.b));
	}
	assert_int_equal(cases, 16);
	begin(&d, NULL);
	vectors_close(&v);
}

static void
sums_are_those_of_the_vectors_and_can_be_taken_back(void **state)
{
	struct vectors v;
	size_t cases = 0;

	(void)state;
	vectors_open(&v, "digest.txt");
	while (vectors_next(&v)) {
		if (!vectors_is(&v, "sum"))
			continue;
		check_sum(&v);
		cases++;
	}
	assert_int_equal(cases, 9);
	vectors_close(&v);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(terms_are_those_of_the_vectors),
	    cmocka_unit_test(
		sums_are_those_of_the_vectors_and_can_be_taken_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

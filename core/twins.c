/*
 * Duplicates found by keyed hashes.  Called by cli/cmd_duplicates.c; writes
 * nothing.
 *
 * Each pair that reaches `review` has the same values in some least set of
 * fields whose weights reach it.  So for each such set the wholes are sorted by
 * what they have in all of its fields together, and only neighbours are
 * compared: a value that five hundred have makes no pairs by itself.
 */
#include "core/twins.h"

#include <stdlib.h>
#include <string.h>

#include "core/query.h"
#include "core/shown.h"
#include "proto/mem.h"

/* A value of a field, as 16 bytes that are the same for the same value. */
struct value {
	uint8_t b[16];
};

/* One record of duplicates->collection. */
struct entry {
	struct record_id group;
	struct record_id subject;
	struct bytes unit;
	struct value *values[LIMIT_WEIGHTS];
	size_t values_n[LIMIT_WEIGHTS];
};

/* A whole: entries that stand together in `entries`. */
struct group {
	size_t first;
	size_t n;
};

/* What a whole has in all fields of one set. */
struct sort_key {
	struct value of;
	uint32_t group;
};

struct pair {
	uint32_t a;
	uint32_t b;
};

struct finding {
	const struct pack_duplicates *rules;
	struct twins *twins;
	struct entry *entries; /* owned */
	size_t entries_n;
	size_t entries_room;
	struct group *groups; /* owned */
	size_t groups_n;
	struct sort_key *keys; /* owned; of the set at hand */
	size_t keys_n;
	size_t keys_room;
	struct pair *pairs; /* owned */
	size_t pairs_n;
	size_t pairs_room;
};

static enum err entries_read(
    struct finding *f, struct txn *txn, const struct space *prefix) MUST_USE;
static void groups_make(struct finding *f);
static void pairs_make(struct finding *f);
static void pairs_score(struct finding *f);

enum err
twins_find(struct txn *txn, const struct space *prefix, struct twins *twins)
{
	struct finding f = {.rules = txn->pack->duplicates, .twins = twins};
	enum err e;

	assert(f.rules != NULL);
	e = entries_read(&f, txn, prefix);
	if (e == ERR_OK) {
		groups_make(&f);
		pairs_make(&f);
		pairs_score(&f);
	}
	mem_free(f.entries);
	mem_free(f.groups);
	mem_free(f.keys);
	mem_free(f.pairs);
	return e;
}

void
twins_fini(struct twins *twins)
{
	arena_fini(&twins->arena);
	*twins = (struct twins){0};
}

static int
id_compare(const struct record_id *a, const struct record_id *b)
{
	return memcmp(a, b, sizeof(*a));
}

void
twins_id(const struct pack_collection *candidate, const struct record_id *a,
    const struct record_id *b, struct record_id *id)
{
	bool rising = id_compare(a, b) < 0;
	struct buf text = {0};

	buf_add_text(&text, candidate->name);
	buf_add_u8(&text, 0);
	buf_add(&text, bytes_of(rising ? a->b : b->b, sizeof(a->b)));
	buf_add(&text, bytes_of(rising ? b->b : a->b, sizeof(a->b)));
	crypto_blake2b(
	    (struct bytes){0}, buf_bytes(&text), id->b, sizeof(id->b));
	buf_fini(&text);
}

enum err
twins_space(const struct pack_collection *candidate, struct bytes unit_a,
    struct bytes unit_b, struct space *space)
{
	struct bytes parent = id_above(unit_a);
	struct buf name = {0};
	enum err e;

	if (bytes_equal(unit_a, unit_b)) {
		buf_add(&name, unit_a);
		buf_add_text(&name, unit_a.n > 0 ? "/" : "");
	} else if (parent.n > 0 && bytes_equal(parent, id_above(unit_b))) {
		buf_add(&name, parent);
		buf_add_text(&name, "/all/");
	} else {
		buf_add_text(&name, "city/all/");
	}
	buf_add_text(&name, candidate->space);
	e = id_space(buf_bytes(&name), space);
	buf_fini(&name);
	return e;
}

/* ---- entries ------------------------------------------------------------ */

/* All values of each field: where they contradict each other, each may be what
 * the other place wrote. */
static void
values_take(struct finding *f, const struct record *record, struct entry *entry)
{
	for (size_t i = 0; i < f->rules->weights_n; i++) {
		const struct pack_field *field = f->rules->weights[i].field;
		const struct record_field *content = merge_find(
		    record, bytes_text(field->name), field->kind);

		if (content == NULL)
			continue;
		entry->values_n[i] = content->n;
		entry->values[i] = arena_array(
		    &f->twins->arena, content->n, sizeof(*entry->values[i]));
		for (size_t k = 0; k < content->n; k++)
			crypto_blake2b((struct bytes){0},
			    content->values[k].value, entry->values[i][k].b,
			    sizeof(entry->values[i][k].b));
	}
}

static void
entry_take(struct finding *f, const struct query_run *run)
{
	struct entry *last = f->entries_n > 0 ? &f->entries[f->entries_n - 1]
					      : NULL;
	struct bytes unit = id_above(bytes_text(run->space->name.text));
	struct entry *entry;

	if (last != NULL && bytes_equal(last->unit, unit))
		unit = last->unit;
	else
		unit = arena_bytes(&f->twins->arena, unit);
	mem_room(&f->entries, &f->entries_room, f->entries_n + 1,
	    sizeof(*f->entries));
	entry = &f->entries[f->entries_n++];
	*entry = (struct entry){.unit = unit, .subject = run->id};
	(void)shown_ref(&run->record, f->rules->source, &entry->subject);
	entry->group = entry->subject;
	(void)shown_ref(&run->record, f->rules->group, &entry->group);
	values_take(f, &run->record, entry);
}

static enum err
entries_read(struct finding *f, struct txn *txn, const struct space *prefix)
{
	struct query query = {
	    .collection = f->rules->collection, .prefix = *prefix};
	struct query_run run = {0};
	bool found = true;
	enum err e = query_begin(txn, &query, &run);

	while (e == ERR_OK && found) {
		e = query_next(&run, &found);
		if (e == ERR_OK && found)
			entry_take(f, &run);
	}
	query_end(&run);
	f->twins->entries = f->entries_n;
	return e;
}

/* ---- wholes ------------------------------------------------------------- */

/* The own entry of a whole comes first, then by what it is a copy of. */
static int
by_group(const void *a, const void *b)
{
	const struct entry *x = a;
	const struct entry *y = b;
	int way = id_compare(&x->group, &y->group);
	bool own_x = id_compare(&x->group, &x->subject) == 0;
	bool own_y = id_compare(&y->group, &y->subject) == 0;

	if (way == 0 && own_x != own_y)
		way = own_x ? -1 : 1;
	if (way == 0)
		way = id_compare(&x->subject, &y->subject);
	return way != 0 ? way : bytes_compare(x->unit, y->unit);
}

static int
by_bytes(const void *a, const void *b)
{
	return bytes_compare(
	    *(const struct bytes *)a, *(const struct bytes *)b);
}

static void
groups_make(struct finding *f)
{
	struct twins *twins = f->twins;
	size_t n = 0;

	if (f->entries_n > 1)
		qsort(f->entries, f->entries_n, sizeof(*f->entries), by_group);
	f->groups = mem_zeros(f->entries_n + 1, sizeof(*f->groups));
	twins->units = arena_array(
	    &twins->arena, f->entries_n + 1, sizeof(*twins->units));
	for (size_t i = 0; i < f->entries_n; i++) {
		struct group *last = &f->groups[n - (n > 0 ? 1 : 0)];

		if (n > 0 && id_compare(&f->entries[last->first].group,
				 &f->entries[i].group) == 0) {
			last->n++;
			continue;
		}
		twins->units[n] = f->entries[i].unit;
		f->groups[n] = (struct group){.first = i, .n = 1};
		n++;
	}
	f->groups_n = n;
	twins->groups = n;
	if (n > 1)
		qsort(twins->units, n, sizeof(*twins->units), by_bytes);
	for (size_t i = 0; i < n; i++)
		if (twins->units_n == 0 ||
		    !bytes_equal(
			twins->units[twins->units_n - 1], twins->units[i]))
			twins->units[twins->units_n++] = twins->units[i];
}

/* ---- pairs -------------------------------------------------------------- */

static int64_t
weight_of(const struct pack_duplicates *rules, uint32_t fields)
{
	int64_t sum = 0;

	for (size_t i = 0; i < rules->weights_n; i++)
		if ((fields & 1U << i) != 0)
			sum += rules->weights[i].weight;
	return sum;
}

/* Do the weights of `fields` reach `review`, and those of no smaller set? */
static bool
is_least(const struct pack_duplicates *rules, uint32_t fields)
{
	if (weight_of(rules, fields) < rules->review)
		return false;
	for (size_t i = 0; i < rules->weights_n; i++)
		if ((fields & 1U << i) != 0 &&
		    weight_of(rules, fields & ~(1U << i)) >= rules->review)
			return false;
	return true;
}

static void
key_add(struct finding *f, uint32_t group, struct bytes all)
{
	struct sort_key *key;

	mem_room(&f->keys, &f->keys_room, f->keys_n + 1, sizeof(*f->keys));
	key = &f->keys[f->keys_n++];
	key->group = group;
	crypto_blake2b((struct bytes){0}, all, key->of.b, sizeof(key->of.b));
}

/* How many values the whole has in field `i`, and the one at `at`. */
static size_t
group_values(const struct finding *f, const struct group *group, size_t i,
    size_t at, const struct value **value)
{
	size_t n = 0;

	*value = NULL;
	for (size_t k = 0; k < group->n; k++) {
		const struct entry *entry = &f->entries[group->first + k];

		if (at >= n && at - n < entry->values_n[i])
			*value = &entry->values[i][at - n];
		n += entry->values_n[i];
	}
	return n;
}

/* A key for each way of taking one value of each field of `fields`. */
static void
keys_of(struct finding *f, uint32_t fields, uint32_t number)
{
	const struct group *group = &f->groups[number];
	size_t counts[LIMIT_WEIGHTS] = {0};
	size_t ways = 1;

	for (size_t i = 0; i < f->rules->weights_n; i++) {
		const struct value *value;

		if ((fields & 1U << i) == 0)
			continue;
		counts[i] = group_values(f, group, i, 0, &value);
		if (counts[i] > LIMIT_TWINS_KEYS ||
		    ways * counts[i] > LIMIT_TWINS_KEYS) {
			f->twins->large++;
			return;
		}
		ways *= counts[i];
	}
	for (size_t way = 0; way < ways; way++) {
		uint8_t all[LIMIT_WEIGHTS * sizeof(struct value)];
		size_t rest = way;
		size_t n = 0;

		for (size_t i = 0; i < f->rules->weights_n; i++) {
			const struct value *value;

			if ((fields & 1U << i) == 0)
				continue;
			(void)group_values(
			    f, group, i, rest % counts[i], &value);
			rest /= counts[i];
			memcpy(all + n, value->b, sizeof(value->b));
			n += sizeof(value->b);
		}
		key_add(f, number, bytes_of(all, n));
	}
}

static int
by_key(const void *a, const void *b)
{
	const struct sort_key *x = a;
	const struct sort_key *y = b;
	int way = memcmp(&x->of, &y->of, sizeof(x->of));

	return way != 0 ? way : (x->group > y->group) - (x->group < y->group);
}

/* All pairs of the wholes that have the keys from `first` up to `end`. */
static void
block_pairs(struct finding *f, size_t first, size_t end)
{
	for (size_t i = first; i < end; i++)
		for (size_t k = i + 1; k < end; k++) {
			mem_room(&f->pairs, &f->pairs_room, f->pairs_n + 1,
			    sizeof(*f->pairs));
			f->pairs[f->pairs_n++] = (struct pair){
			    f->keys[i].group, f->keys[k].group};
		}
}

static void
set_pairs(struct finding *f, uint32_t fields)
{
	size_t n = 0;

	f->keys_n = 0;
	for (size_t i = 0; i < f->groups_n; i++)
		keys_of(f, fields, (uint32_t)i);
	if (f->keys_n > 1)
		qsort(f->keys, f->keys_n, sizeof(*f->keys), by_key);
	for (size_t i = 0; i < f->keys_n; i++)
		if (n == 0 || by_key(&f->keys[n - 1], &f->keys[i]) != 0)
			f->keys[n++] = f->keys[i];
	f->keys_n = n;
	for (size_t i = 0, end; i < n; i = end) {
		for (end = i + 1;
		     end < n && memcmp(&f->keys[i].of, &f->keys[end].of,
				    sizeof(f->keys[i].of)) == 0;
		     end++)
			;
		if (end - i > LIMIT_TWINS_ALIKE) {
			f->twins->common++;
			f->twins->common_groups += end - i;
		} else {
			block_pairs(f, i, end);
		}
	}
}

static int
by_pair(const void *a, const void *b)
{
	const struct pair *x = a;
	const struct pair *y = b;

	if (x->a != y->a)
		return x->a < y->a ? -1 : 1;
	return (x->b > y->b) - (x->b < y->b);
}

static void
pairs_make(struct finding *f)
{
	size_t n = 0;

	for (uint32_t fields = 1; fields < 1U << f->rules->weights_n; fields++)
		if (is_least(f->rules, fields))
			set_pairs(f, fields);
	if (f->pairs_n > 1)
		qsort(f->pairs, f->pairs_n, sizeof(*f->pairs), by_pair);
	for (size_t i = 0; i < f->pairs_n; i++)
		if (n == 0 || by_pair(&f->pairs[n - 1], &f->pairs[i]) != 0)
			f->pairs[n++] = f->pairs[i];
	f->pairs_n = n;
}

/* ---- scores ------------------------------------------------------------- */

/* The fields in which the two have a value in common. */
static uint32_t
same_fields(const struct entry *a, const struct entry *b, size_t n)
{
	uint32_t same = 0;

	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < a->values_n[i]; k++)
			for (size_t j = 0; j < b->values_n[i]; j++)
				if (memcmp(&a->values[i][k], &b->values[i][j],
					sizeof(struct value)) == 0)
					same |= 1U << i;
	return same;
}

/* The fields in which one of the two has a value. */
static uint32_t
any_fields(const struct entry *a, const struct entry *b, size_t n)
{
	uint32_t any = 0;

	for (size_t i = 0; i < n; i++)
		if (a->values_n[i] + b->values_n[i] > 0)
			any |= 1U << i;
	return any;
}

static bool
is_own(const struct entry *entry)
{
	return id_compare(&entry->group, &entry->subject) == 0;
}

/* The members of both that are the same in all they have, each once. */
static void
members_find(struct finding *f, const struct pair *pair, struct twin *twin)
{
	const struct group *a = &f->groups[pair->a];
	const struct group *b = &f->groups[pair->b];
	bool *taken = mem_zeros(b->n, sizeof(*taken));
	size_t n = f->rules->weights_n;

	twin->members = arena_array(
	    &f->twins->arena, a->n, sizeof(*twin->members));
	for (size_t i = 0; i < a->n; i++) {
		const struct entry *x = &f->entries[a->first + i];

		for (size_t k = 0; k < b->n && !is_own(x); k++) {
			const struct entry *y = &f->entries[b->first + k];
			uint32_t any = any_fields(x, y, n);

			if (taken[k] || is_own(y) || any == 0 ||
			    same_fields(x, y, n) != any)
				continue;
			taken[k] = true;
			twin->members[twin->members_n++] =
			    (struct twin_members){x->subject, y->subject};
			break;
		}
	}
	mem_free(taken);
}

static void
pair_score(struct finding *f, const struct pair *pair, struct twin *twin)
{
	const struct pack_duplicates *rules = f->rules;
	const struct group *a = &f->groups[pair->a];
	const struct group *b = &f->groups[pair->b];
	const struct entry *first_a = &f->entries[a->first];
	const struct entry *first_b = &f->entries[b->first];
	uint32_t own = 0;
	uint32_t best = 0;

	*twin = (struct twin){.a = first_a->group,
	    .b = first_b->group,
	    .unit_a = first_a->unit,
	    .unit_b = first_b->unit};
	if (is_own(first_a) && is_own(first_b))
		own = same_fields(first_a, first_b, rules->weights_n);
	for (size_t i = 0; i < a->n; i++)
		for (size_t k = 0; k < b->n; k++) {
			uint32_t more = ~own &
					same_fields(&f->entries[a->first + i],
					    &f->entries[b->first + k],
					    rules->weights_n);
			int64_t gain = weight_of(rules, more) -
				       weight_of(rules, best);

			/* Of two that are worth the same always this one. */
			if (gain > 0 || (gain == 0 && more > best))
				best = more;
		}
	twin->keys = own | best;
	twin->score = weight_of(rules, twin->keys);
}

static void
pairs_score(struct finding *f)
{
	struct twins *twins = f->twins;

	twins->p = arena_array(
	    &twins->arena, f->pairs_n + 1, sizeof(*twins->p));
	for (size_t i = 0; i < f->pairs_n; i++) {
		struct twin *twin = &twins->p[twins->n];

		pair_score(f, &f->pairs[i], twin);
		if (twin->score < f->rules->review)
			continue;
		members_find(f, &f->pairs[i], twin);
		twins->n++;
	}
}

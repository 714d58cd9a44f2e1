/*
 * The chain of root keys.  core/authority_settle.c begins with it.  Looks at
 * records alone, never at what counts: a cut of an old key's logs must not
 * unmake the key that cuts them.
 */
#include "core/authority_roots.h"

#include <stdlib.h>
#include <string.h>

static const struct authority_rotation *rotation_next(
    struct authority_settling *s, const struct sign_key *before,
    const struct hash *next, bool *disputed);
static bool is_root(
    const struct authority *authority, const struct sign_key *key);
static bool rotation_keep(
    struct authority_settling *s, const struct authority_rotation *rotation);
static void cuts_join(
    const struct authority_settling *s, struct root_key *root);
static void seats_take(struct authority_settling *s);
static void heirs_find(struct authority_settling *s);

void
authority_roots_find(struct authority_settling *s)
{
	const struct authority_facts *facts = s->facts;
	struct authority *authority = s->authority;
	const struct authority_rotation *rotation;
	bool disputed = false;

	authority->founded = true;
	authority->name = facts->founding.name;
	authority->root = facts->founding.root;
	authority->next_root = facts->founding.next_root;
	authority->roots = arena_array(&authority->arena,
	    facts->rotations_n + 1, sizeof(*authority->roots));
	authority->roots[0].key = authority->root;
	authority->roots_n = 1;
	s->rotations = arena_array(s->scratch, facts->rotations_n,
	    sizeof(const struct authority_rotation *));
	while (!disputed) {
		struct root_key *last =
		    &authority->roots[authority->roots_n - 1];

		rotation = rotation_next(
		    s, &authority->root, &authority->next_root, &disputed);
		if (rotation == NULL)
			break;
		last->is_cut = true;
		cuts_join(s, last);
		authority->root = rotation->by;
		authority->next_root = rotation->record.next_root;
		authority->roots[authority->roots_n++].key = rotation->by;
	}
	authority->has_next = !disputed;
	if (disputed)
		memset(&authority->next_root, 0, sizeof(authority->next_root));
	seats_take(s);
	heirs_find(s);
}

/* The rotation from `before` to the key whose hash is `next`; keeps all that
 * differ. */
static const struct authority_rotation *
rotation_next(struct authority_settling *s, const struct sign_key *before,
    const struct hash *next, bool *disputed)
{
	const struct authority_rotation *first = NULL;

	for (size_t i = 0; i < s->facts->rotations_n; i++) {
		const struct authority_rotation *r = &s->facts->rotations[i];
		struct hash hash;

		crypto_sha256(bytes_of(r->by.b, sizeof(r->by.b)), &hash);
		if (memcmp(&r->record.before, before, sizeof(*before)) != 0 ||
		    memcmp(&hash, next, sizeof(hash)) != 0 ||
		    is_root(s->authority, &r->by))
			continue;
		if (first == NULL)
			first = r;
		*disputed = rotation_keep(s, r) || *disputed;
	}
	return first;
}

static bool
is_root(const struct authority *authority, const struct sign_key *key)
{
	for (size_t i = 0; i < authority->roots_n; i++) {
		if (memcmp(&authority->roots[i].key, key, sizeof(*key)) == 0)
			return true;
	}
	return false;
}

static bool
records_differ(const struct fact_rotation *a, const struct fact_rotation *b)
{
	if (memcmp(&a->next_root, &b->next_root, sizeof(a->next_root)) != 0 ||
	    a->cuts_n != b->cuts_n)
		return true;
	for (size_t i = 0; i < a->cuts_n; i++) {
		if (memcmp(&a->cuts[i].log, &b->cuts[i].log, 16) != 0 ||
		    a->cuts[i].size != b->cuts[i].size ||
		    memcmp(&a->cuts[i].root, &b->cuts[i].root, 32) != 0)
			return true;
	}
	return false;
}

/* Keeps `rotation` if it is not there yet; is it another than one that is?
 * Each open of a root key carries its record again. */
static bool
rotation_keep(
    struct authority_settling *s, const struct authority_rotation *rotation)
{
	bool differs = false;

	for (size_t i = 0; i < s->rotations_n; i++) {
		if (memcmp(&s->rotations[i]->by, &rotation->by,
			sizeof(rotation->by)) != 0)
			continue;
		if (!records_differ(
			&s->rotations[i]->record, &rotation->record))
			return differs;
		differs = true;
	}
	s->rotations[s->rotations_n++] = rotation;
	return differs;
}

static bool
is_named(const struct fact_rotation *record, const struct log_id *log)
{
	size_t from = 0;
	size_t to = record->cuts_n;

	while (from < to) {
		size_t middle = from + (to - from) / 2;
		int order = memcmp(&record->cuts[middle].log, log, 16);

		if (order == 0)
			return true;
		if (order < 0)
			from = middle + 1;
		else
			to = middle;
	}
	return false;
}

static int
cut_compare(const void *a, const void *b)
{
	const struct log_cut *left = a;
	const struct log_cut *right = b;
	int order = memcmp(&left->log, &right->log, sizeof(left->log));

	if (order == 0)
		order = (left->size > right->size) - (left->size < right->size);
	return order != 0 ? order : memcmp(&left->root, &right->root, 32);
}

/* The cuts of the logs of `root` in the rotations away from it: all hold, and a
 * log that one of them does not name is cut at 0. */
static void
cuts_join(const struct authority_settling *s, struct root_key *root)
{
	struct log_cut *cuts;
	size_t room = 0;
	size_t n = 0;

	for (size_t i = 0; i < s->rotations_n; i++)
		room += s->rotations[i]->record.cuts_n;
	cuts = arena_array(&s->authority->arena, room, sizeof(*cuts));
	for (size_t i = 0; i < s->rotations_n; i++) {
		const struct fact_rotation *record = &s->rotations[i]->record;

		if (memcmp(&record->before, &root->key, 32) != 0)
			continue;
		for (size_t k = 0; k < record->cuts_n; k++) {
			bool all = true;

			for (size_t j = 0; j < s->rotations_n && all; j++)
				all = memcmp(&s->rotations[j]->record.before,
					  &root->key, 32) != 0 ||
				      is_named(&s->rotations[j]->record,
					  &record->cuts[k].log);
			if (all)
				cuts[n++] = record->cuts[k];
		}
	}
	if (n > 0)
		qsort(cuts, n, sizeof(*cuts), cut_compare);
	root->cuts = cuts;
	root->cuts_n = n;
}

/* How far the logs of the root key `key` count in `tip`. */
static uint64_t
end_of(
    const struct authority_settling *s, const struct sign_key *key, size_t tip)
{
	uint64_t end = UINT64_MAX;

	for (size_t i = 0; i < s->rotations_n; i++) {
		const struct authority_rotation *rotation = s->rotations[i];
		uint64_t cut;

		if (memcmp(&rotation->record.before, key, sizeof(*key)) != 0)
			continue;
		cut = authority_facts_end(&rotation->ends, tip);
		end = cut < end ? cut : end;
	}
	return end;
}

static void
seats_take(struct authority_settling *s)
{
	for (size_t i = 0; i < s->facts->tips_n; i++) {
		const struct sign_key *author = &s->facts->tips[i].author;

		if (is_root(s->authority, author))
			s->seats[i] = (struct authority_seat){
			    .speaks = true, .end = end_of(s, author, i)};
	}
}

static int
heir_compare(const void *a, const void *b)
{
	const struct heir *left = a;
	const struct heir *right = b;
	int order = memcmp(&left->hash, &right->hash, sizeof(left->hash));

	return order != 0 ? order : memcmp(&left->by, &right->by, 32);
}

/* Adds what `record` of `by` names, unless it is there. */
static void
heir_add(struct authority *authority, const struct hash *hash,
    const struct sign_key *by)
{
	const struct heir heir = {.hash = *hash, .by = *by};

	for (size_t i = 0; i < authority->heirs_n; i++) {
		if (heir_compare(&authority->heirs[i], &heir) == 0)
			return;
	}
	authority->heirs[authority->heirs_n++] = heir;
}

/* All that can be reached from the founding record over records that lead on,
 * also past rotations that disagree. */
static void
heirs_find(struct authority_settling *s)
{
	const struct authority_facts *facts = s->facts;
	struct authority *authority = s->authority;
	struct hash *hashes = arena_array(
	    s->scratch, facts->rotations_n, sizeof(*hashes));

	for (size_t i = 0; i < facts->rotations_n; i++)
		crypto_sha256(
		    bytes_of(facts->rotations[i].by.b, 32), &hashes[i]);
	authority->heirs = arena_array(&authority->arena,
	    facts->rotations_n + 1, sizeof(*authority->heirs));
	heir_add(authority, &facts->founding.next_root, &facts->founding.root);
	for (size_t at = 0; at < authority->heirs_n; at++) {
		struct heir *heir = &authority->heirs[at];

		for (size_t i = 0; i < facts->rotations_n; i++) {
			const struct authority_rotation *r =
			    &facts->rotations[i];

			if (memcmp(&r->record.before, &heir->by, 32) != 0 ||
			    memcmp(&hashes[i], &heir->hash, 32) != 0)
				continue;
			heir->rotated = true;
			heir_add(authority, &r->record.next_root, &r->by);
		}
	}
	qsort(authority->heirs, authority->heirs_n, sizeof(*authority->heirs),
	    heir_compare);
}

const struct heir *
authority_roots_heirs(
    const struct authority *authority, const struct hash *hash, size_t *n)
{
	size_t from = 0;
	size_t to = authority->heirs_n;

	*n = 0;
	while (from < to) {
		size_t middle = from + (to - from) / 2;

		if (memcmp(&authority->heirs[middle].hash, hash, 32) < 0)
			from = middle + 1;
		else
			to = middle;
	}
	while (from + *n < authority->heirs_n &&
	       memcmp(&authority->heirs[from + *n].hash, hash, 32) == 0)
		++*n;
	return *n == 0 ? NULL : &authority->heirs[from];
}

struct sign_key
authority_roots_payer(
    const struct authority *authority, const struct sign_key *key)
{
	struct hash hash;
	size_t n;

	crypto_sha256(bytes_of(key->b, sizeof(key->b)), &hash);
	if (authority->has_next &&
	    memcmp(&hash, &authority->next_root, sizeof(hash)) == 0)
		return *key;
	(void)authority_roots_heirs(authority, &hash, &n);
	return n == 0 ? *key : (struct sign_key){0};
}

/*
 * Words to the ids of what they name.  The commands ask here for each record,
 * space, log or member that they were told.  Changes nothing.
 */
#include "cli/name.h"

#include <string.h>

#include "cli/similar.h"
#include "core/record.h"
#include "proto/ascii.h"

enum { DIGITS = 32, LISTED_MAX = 8 };

/* The first digits of an id of 16 bytes. */
struct prefix {
	uint8_t b[DIGITS / 2]; /* filled with zeros */
	size_t digits;
};

/* What begins with a prefix. */
struct hits {
	size_t n;
	struct buf list; /* owned: the first of them, for people */
};

static enum err
prefix_read(const char *word, const char *what, struct prefix *prefix)
{
	size_t n = strlen(word);

	*prefix = (struct prefix){.digits = n};
	for (size_t i = 0; i < n && i < DIGITS; i++) {
		char c = word[i];
		uint8_t digit;

		if (c >= '0' && c <= '9')
			digit = (uint8_t)(c - '0');
		else if (c >= 'a' && c <= 'f')
			digit = (uint8_t)(c - 'a' + 10);
		else
			return err_set(ERR_USAGE,
			    "'%s' is not the id of a %s: it has digits 0-9 "
			    "and a-f only",
			    word, what);
		prefix->b[i / 2] |= (uint8_t)(i % 2 == 0 ? digit << 4 : digit);
	}
	if (n < NAME_DIGITS_MIN || n > DIGITS)
		return err_set(ERR_USAGE,
		    "'%s' is not the id of a %s: give all %d digits, or the "
		    "first %d or more",
		    word, what, DIGITS, NAME_DIGITS_MIN);
	return ERR_OK;
}

static bool
prefix_fits(const struct prefix *prefix, const uint8_t id[DIGITS / 2])
{
	size_t whole = prefix->digits / 2;

	if (memcmp(prefix->b, id, whole) != 0)
		return false;
	return prefix->digits % 2 == 0 ||
	       prefix->b[whole] == (id[whole] & 0xf0);
}

static void
hits_add(struct hits *hits, const uint8_t id[DIGITS / 2])
{
	if (hits->n++ >= LISTED_MAX)
		return;
	buf_add_text(&hits->list, hits->list.n > 0 ? ", " : "");
	ascii_hex(bytes_of(id, DIGITS / 2), &hits->list);
}

/* The verdict on what was found; `hits` is ended. */
static enum err
hits_end(struct hits *hits, const char *word, const char *what)
{
	enum err e = ERR_OK;

	if (hits->n == 0)
		e = err_set(
		    ERR_NOT_FOUND, "no %s %s in this store", what, word);
	if (hits->n > 1)
		e = err_set(ERR_INVALID,
		    "%s begins the ids of %zu %ss: %s%s; give more digits",
		    word, hits->n, what, buf_text(&hits->list),
		    hits->n > LISTED_MAX ? ", ..." : "");
	buf_fini(&hits->list);
	return e;
}

/* The id right before the first that could fit; the search goes on behind. */
static struct record_id
before(const struct prefix *prefix)
{
	struct record_id id;
	size_t i = sizeof(id.b);

	memcpy(id.b, prefix->b, sizeof(id.b));
	while (i > 0 && id.b[i - 1] == 0)
		i--;
	/* All zero already means: from the first. */
	if (i == 0)
		return id;
	id.b[i - 1]--;
	memset(id.b + i, 0xff, sizeof(id.b) - i);
	return id;
}

static enum err
search_space(struct opened *work, struct space_state *space,
    const struct prefix *prefix, struct hits *hits, struct record_id *id)
{
	struct record_id at = before(prefix);

	for (;;) {
		struct record record;
		bool found;
		enum err e = record_next(store_txn(work->store),
		    &(struct record_read){
			.space = space, .arena = &work->arena},
		    &at, &record, &found);

		if (e != ERR_OK)
			return e;
		if (!found || !prefix_fits(prefix, at.b))
			return ERR_OK;
		if (hits->n == 0)
			*id = at;
		hits_add(hits, at.b);
	}
}

enum err
name_record(struct opened *work, const char *word, struct space *space,
    struct record_id *id)
{
	struct space_state **spaces;
	struct prefix prefix;
	struct hits hits = {0};
	size_t n;
	enum err e = prefix_read(word, "record", &prefix);

	if (e != ERR_OK)
		return e;
	if (prefix.digits == DIGITS) {
		memcpy(id->b, prefix.b, sizeof(id->b));
		return store_locate(work->store, id, space);
	}
	e = space_all(store_txn(work->store), &spaces, &n);
	for (size_t i = 0; e == ERR_OK && i < n; i++) {
		size_t had = hits.n;

		e = search_space(work, spaces[i], &prefix, &hits, id);
		if (had == 0 && hits.n > 0)
			*space = spaces[i]->name;
	}
	if (e == ERR_OK)
		return hits_end(&hits, word, "record");
	buf_fini(&hits.list);
	return e;
}

enum err
name_log(struct opened *work, const char *word, struct log **log)
{
	struct txn *txn = store_txn(work->store);
	struct space_state **spaces;
	struct prefix prefix;
	struct hits hits = {0};
	size_t n;
	enum err e = prefix_read(word, "log", &prefix);

	if (e != ERR_OK)
		return e;
	e = space_all(txn, &spaces, &n);
	for (size_t i = 0; e == ERR_OK && i < n; i++) {
		struct log **logs;
		size_t logs_n = 0;

		e = oplog_all(txn, spaces[i], &logs, &logs_n);
		for (size_t at = 0; at < logs_n; at++) {
			if (!prefix_fits(&prefix, logs[at]->id.b) &&
			    !prefix_fits(&prefix, logs[at]->trunk.b))
				continue;
			*log = logs[at];
			hits_add(&hits, logs[at]->id.b);
		}
	}
	if (e == ERR_OK)
		return hits_end(&hits, word, "log");
	buf_fini(&hits.list);
	return e;
}

enum err
name_space(const char *word, struct space *space)
{
	enum err e = id_space(bytes_text(word), space);

	/* It was a word of the command line, not data, that was wrong. */
	return e == ERR_OK ? e : err_wrap(ERR_USAGE, "space '%s'", word);
}

enum err
name_known_space(
    struct opened *work, const char *word, struct space_state **state)
{
	struct txn *txn = store_txn(work->store);
	struct similar best = similar_to(bytes_text(word));
	struct space_state **spaces;
	struct space space;
	size_t n;
	enum err e = name_space(word, &space);

	if (e == ERR_OK)
		e = space_all(txn, &spaces, &n);
	if (e != ERR_OK)
		return e;
	for (size_t i = 0; i < n; i++) {
		*state = spaces[i];
		if (id_space_equal(&spaces[i]->name, &space))
			return ERR_OK;
		similar_try(&best, spaces[i]->name.text);
	}
	if (best.name != NULL)
		return err_set(ERR_NOT_FOUND,
		    "nothing is held of space %s; did you mean %s?", word,
		    best.name);
	return err_set(ERR_NOT_FOUND,
	    "nothing is held of space %s; golmok ls lists what is", word);
}

enum err
name_known_spaces(struct opened *work, const char *word,
    struct space_state ***spaces, size_t *n)
{
	struct txn *txn = store_txn(work->store);

	*n = 0;
	if (word == NULL)
		return space_all(txn, spaces, n);
	*spaces = arena_array(&txn->arena, 1, sizeof(**spaces));
	*n = 1;
	return name_known_space(work, word, *spaces);
}

enum err
name_key(
    const struct authority *authority, const char *word, struct sign_key *key)
{
	size_t found = 0;

	for (size_t i = 0; authority != NULL && i < authority->members_n; i++) {
		if (!bytes_is(authority->members[i].label, word))
			continue;
		*key = authority->members[i].key;
		found++;
	}
	if (found == 1)
		return ERR_OK;
	if (found > 1)
		return err_set(ERR_INVALID,
		    "%zu members have the label '%s'; give the key", found,
		    word);
	if (id_from_hex(bytes_text(word), "key", key->b, sizeof(key->b)) !=
	    ERR_OK)
		return err_set(ERR_USAGE,
		    "'%s' is not a key: 64 digits 0-9 and a-f%s", word,
		    authority != NULL ? ", or the label of a member" : "");
	return ERR_OK;
}

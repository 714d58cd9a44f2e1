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

/* Of several members, those that `word` may mean. */
struct called {
	const struct sign_key *key; /* of the first */
	size_t n;
	struct buf list; /* owned: the first of them, for people */
};

static void
called_add(struct called *called, const struct member *member)
{
	if (called->n == 0)
		called->key = &member->key;
	if (called->n++ >= LISTED_MAX)
		return;
	buf_add_text(&called->list, called->list.n > 0 ? ", " : "");
	ascii_hex(bytes_of(member->key.b, 8), &called->list);
	buf_add_text(&called->list, " (");
	buf_add(&called->list, member->label);
	buf_add_text(&called->list, ")");
}

/* The verdict on what was found; `called` is ended. */
static enum err
called_end(struct called *called, const char *word, struct sign_key *key)
{
	enum err e = ERR_OK;

	if (called->n > 1)
		e = err_set(ERR_INVALID,
		    "'%s' may be any of %zu members: %s%s; give the key, or as "
		    "many of its digits as tell them apart",
		    word, called->n, buf_text(&called->list),
		    called->n > LISTED_MAX ? ", ..." : "");
	else if (called->n == 1)
		*key = *called->key;
	buf_fini(&called->list);
	return e;
}

/* Do the hex digits `word`, at least NAME_DIGITS_MIN, begin `key`? */
static bool
key_begins(const struct sign_key *key, const char *word)
{
	struct buf hex = {0};
	size_t n = strlen(word);
	bool fits;

	ascii_hex(bytes_of(key->b, sizeof(key->b)), &hex);
	fits = n >= NAME_DIGITS_MIN && n <= hex.n &&
	       memcmp(hex.p, word, n) == 0;
	buf_fini(&hex);
	return fits;
}

enum err
name_key(
    const struct authority *authority, const char *word, struct sign_key *key)
{
	struct called called = {0};

	for (size_t i = 0; authority != NULL && i < authority->members_n; i++) {
		if (bytes_is(authority->members[i].label, word))
			called_add(&called, &authority->members[i]);
	}
	if (called.n > 0)
		return called_end(&called, word, key);
	if (id_from_hex(bytes_text(word), "key", key->b, sizeof(key->b)) ==
	    ERR_OK)
		return ERR_OK;
	for (size_t i = 0; authority != NULL && i < authority->members_n; i++) {
		if (key_begins(&authority->members[i].key, word))
			called_add(&called, &authority->members[i]);
	}
	if (called.n > 0)
		return called_end(&called, word, key);
	return err_set(ERR_USAGE, "'%s' is not a key: 64 digits 0-9 and a-f%s",
	    word,
	    authority != NULL ? ", or the label of a member, or the first "
				"digits of one's key"
			      : "");
}

enum err
name_member(const struct authority *authority, const char *word,
    const struct member **member)
{
	struct sign_key key;
	enum err e = name_key(authority, word, &key);

	*member = e == ERR_OK ? authority_member(authority, &key) : NULL;
	if (*member != NULL || (e != ERR_OK && e != ERR_USAGE))
		return e;
	return err_set(ERR_NOT_FOUND,
	    "no member is called '%s', or has that key: golmok member ls "
	    "lists them",
	    word);
}

/* A delta being looked for in all logs. */
struct sought {
	struct opened *work; /* borrowed */
	struct prefix prefix;
	uint64_t seq;
	struct hits hits;
	uint64_t longest; /* of the logs that fit */
	struct log *log;  /* of the first hit, and: */
	struct hash leaf;
};

/* Branches share leaves: one that is the same in both is one delta. */
static enum err
seek(struct sought *sought, struct log *log)
{
	struct stored_delta stored;
	struct hash leaf;
	enum err e;

	if (!prefix_fits(&sought->prefix, log->trunk.b) &&
	    !prefix_fits(&sought->prefix, log->id.b))
		return ERR_OK;
	if (log->frontier.size > sought->longest)
		sought->longest = log->frontier.size;
	if (log->frontier.size <= sought->seq)
		return ERR_OK;
	e = oplog_get(
	    store_txn(sought->work->store), log, sought->seq, &stored);
	if (e != ERR_OK)
		return e;
	merkle_leaf(stored.header, &leaf);
	if (sought->hits.n > 0 &&
	    memcmp(&sought->log->trunk, &log->trunk, sizeof(log->trunk)) == 0 &&
	    memcmp(&sought->leaf, &leaf, sizeof(leaf)) == 0)
		return ERR_OK;
	if (sought->hits.n == 0) {
		sought->log = log;
		sought->leaf = leaf;
	}
	hits_add(&sought->hits, log->id.b);
	return ERR_OK;
}

static enum err
seek_all(struct sought *sought)
{
	struct txn *txn = store_txn(sought->work->store);
	struct space_state **spaces;
	size_t n;
	enum err e = space_all(txn, &spaces, &n);

	for (size_t i = 0; e == ERR_OK && i < n; i++) {
		struct log **logs;
		size_t logs_n = 0;

		e = oplog_all(txn, spaces[i], &logs, &logs_n);
		for (size_t at = 0; at < logs_n && e == ERR_OK; at++)
			e = seek(sought, logs[at]);
	}
	return e;
}

enum err
name_ref(
    struct opened *work, const char *word, struct ref *ref, struct log **log)
{
	const char *colon = strchr(word, ':');
	struct sought sought = {.work = work};
	char digits[DIGITS + 2] = "";
	enum err e;

	if (colon == NULL || colon - word > DIGITS ||
	    ascii_from_decimal(bytes_text(colon + 1), &sought.seq) != ERR_OK)
		return err_set(ERR_USAGE,
		    "'%s' does not name a delta: write LOG:SEQ, such as "
		    "1a2b3c4d:7",
		    word);
	memcpy(digits, word, (size_t)(colon - word));
	e = prefix_read(digits, "log", &sought.prefix);
	if (e == ERR_OK)
		e = seek_all(&sought);
	if (e == ERR_OK && sought.hits.n == 0 && sought.longest > 0)
		e = err_set(ERR_NOT_FOUND,
		    "%s: of this log %llu deltas are held here, from 0 on",
		    word, (unsigned long long)sought.longest);
	if (e == ERR_OK)
		e = hits_end(&sought.hits, digits, "log");
	buf_fini(&sought.hits.list);
	if (e != ERR_OK)
		return e;
	*log = sought.log;
	*ref = (struct ref){.log = sought.log->trunk, .seq = sought.seq};
	memcpy(ref->leaf, sought.leaf.b, sizeof(ref->leaf));
	return ERR_OK;
}

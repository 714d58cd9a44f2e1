/*
 * Clocks.  The session tells and learns them, `status` counts replicas by them.
 * Beliefs are rows of TABLE_PEERS: never sent, worth nothing as proof, and
 * dropped whole when one turns out wrong.
 */
#include "core/clock.h"

#include <string.h>

#include "core/gap.h"
#include "proto/mem.h"

/* An entry as it is stored and hashed (docs/sync.md §4). */
enum {
	ENTRY_FORKED = 16 + 8 + 8 + 8 + CLASS_COUNT * 8,
	ENTRY_TRUNK = ENTRY_FORKED + 1,
	ENTRY_KEPT = ENTRY_TRUNK + 16,
	ENTRY_SIZE = ENTRY_KEPT + 8,
	/* When a peer was met, and the date of its newest file. */
	PEER_SIZE = 8 + 8,
	SPENT_SIZE = 8 + 8 + 1,
};

static void belief_key(
    const struct sign_key *peer, const struct log_id *log, struct key *key);
static void entry_get(const uint8_t in[ENTRY_SIZE], struct msg_entry *entry);
static enum err rows_get(struct txn *txn, const struct sign_key *peer,
    struct arena *arena, bool told, struct clock_list *list) MUST_USE;
static bool row_get(
    struct bytes in, struct msg_entry *has, struct msg_entry *knows);
static void peer_get(
    struct txn *txn, const struct sign_key *peer, struct clock_peer *known);
static void peer_put(struct txn *txn, const struct clock_peer *known);
static struct clock_peer *peers_room(struct arena *arena,
    struct clock_peer *list, size_t n, size_t *room) MUST_USE;
static bool beliefs_pass(struct kv_cursor *cursor) MUST_USE;

void
clock_entry(
    const struct log *log, const struct sign_key *peer, struct msg_entry *entry)
{
	bool author = peer != NULL &&
		      memcmp(&log->name.author, peer, sizeof(*peer)) == 0;
	struct hash root;

	*entry = (struct msg_entry){.log = log->id,
	    .size = log->frontier.size,
	    .held = log->held,
	    .forked = log->forked,
	    .is_branch = oplog_is_branch(log),
	    .kept = author ? log->kept : log->wrapped};
	if (entry->is_branch)
		entry->trunk = log->trunk;
	merkle_root(&log->frontier, &root);
	memcpy(entry->root, root.b, sizeof(entry->root));
	memcpy(entry->open, log->open, sizeof(entry->open));
}

static void
entry_put(const struct msg_entry *entry, uint8_t out[ENTRY_SIZE])
{
	memcpy(out, entry->log.b, 16);
	bytes_put_be64(out + 16, entry->size);
	memcpy(out + 24, entry->root, 8);
	bytes_put_be64(out + 32, entry->held);
	for (size_t class = 0; class < CLASS_COUNT; class ++)
		bytes_put_be64(out + 40 + 8 * class, entry->open[class]);
	out[ENTRY_FORKED] = entry->forked;
	memcpy(out + ENTRY_TRUNK, msg_entry_trunk(entry)->b, 16);
	bytes_put_be64(out + ENTRY_KEPT, entry->kept);
}

static void
entry_get(const uint8_t in[ENTRY_SIZE], struct msg_entry *entry)
{
	memset(entry, 0, sizeof(*entry));
	memcpy(entry->log.b, in, 16);
	entry->size = bytes_be64(in + 16);
	memcpy(entry->root, in + 24, 8);
	entry->held = bytes_be64(in + 32);
	for (size_t class = 0; class < CLASS_COUNT; class ++)
		entry->open[class] = bytes_be64(in + 40 + 8 * class);
	entry->forked = in[ENTRY_FORKED] != 0;
	entry->kept = bytes_be64(in + ENTRY_KEPT);
	memcpy(entry->trunk.b, in + ENTRY_TRUNK, 16);
	entry->is_branch = memcmp(&entry->trunk, &entry->log, 16) != 0;
	if (!entry->is_branch)
		entry->trunk = (struct log_id){0};
}

void
clock_digest(
    const struct msg_entry *entries, size_t n, uint8_t digest[MSG_DIGEST_SIZE])
{
	struct crypto_sha256 state;
	uint8_t bytes[ENTRY_SIZE];
	struct hash hash;

	crypto_sha256_init(&state);
	crypto_sha256_add(&state, bytes_text("golmok/clock/1"));
	for (size_t i = 0; i < n; i++) {
		assert(i == 0 ||
		       memcmp(&entries[i - 1].log, &entries[i].log, 16) < 0);
		entry_put(&entries[i], bytes);
		crypto_sha256_add(&state, bytes_of(bytes, sizeof(bytes)));
	}
	crypto_sha256_out(&state, &hash);
	memcpy(digest, hash.b, MSG_DIGEST_SIZE);
}

void
clock_depth(const struct authority *authority, const struct sign_key *key,
    const struct space *space, struct clock_depth *depth)
{
	const struct member *member = authority_member(authority, key);

	*depth = (struct clock_depth){0};
	if (member == NULL || !member->counts || member->compromised)
		return;
	if (id_is_authority(space)) {
		*depth = (struct clock_depth){
		    .any = true, .hold = true, .classes = 1u << CLASS_N};
		return;
	}
	depth->classes = authority_reads(authority, key, space);
	depth->hold = authority_may(authority, key, RIGHT_HOLD, space, NULL);
	depth->any = depth->classes != 0 || depth->hold ||
		     authority_may(authority, key, RIGHT_AUDIT, space, NULL) ||
		     authority_may(authority, key, RIGHT_WRITE, space, NULL);
}

void
clock_log_depth(const struct authority *authority, const struct sign_key *key,
    const struct log_name *log, struct clock_depth *depth)
{
	const struct member *member = authority_member(authority, key);
	bool returns = member != NULL && member->counts && member->revoked &&
		       !member->compromised;

	clock_depth(authority, key, &log->space, depth);
	if (id_is_authority(&log->space) ||
	    memcmp(&log->author, key, sizeof(*key)) != 0 ||
	    (!depth->any && !returns))
		return;
	depth->any = true;
	depth->hold = true;
	depth->classes = CLASSES_ALL;
}

static void
belief_key(
    const struct sign_key *peer, const struct log_id *log, struct key *key)
{
	*key = (struct key){0};
	tables_key_add(key, bytes_of(peer->b, sizeof(peer->b)));
	if (log != NULL)
		tables_key_add(key, bytes_of(log->b, sizeof(log->b)));
}

void
clock_believe(struct txn *txn, const struct sign_key *peer,
    const struct msg_entry *entry, const struct msg_entry *told)
{
	uint8_t bytes[2 * ENTRY_SIZE];
	size_t n = ENTRY_SIZE;
	struct key key;

	belief_key(peer, &entry->log, &key);
	/* Nobody's clock speaks of a log of which nothing is held. */
	if (entry->size == 0 && told->size == 0) {
		kv_del(txn->kv, TABLE_PEERS, tables_key(&key));
		return;
	}
	/* Where both have the same they have told so, mostly. */
	entry_put(entry, bytes);
	entry_put(told, bytes + ENTRY_SIZE);
	if (memcmp(bytes, bytes + ENTRY_SIZE, ENTRY_SIZE) != 0)
		n += ENTRY_SIZE;
	txn_put(txn, TABLE_PEERS, &key, bytes_of(bytes, n));
}

enum err
clock_beliefs(struct txn *txn, const struct sign_key *peer, struct arena *arena,
    struct clock_list *list)
{
	return rows_get(txn, peer, arena, false, list);
}

enum err
clock_told(struct txn *txn, const struct sign_key *peer, struct arena *arena,
    struct clock_list *list)
{
	return rows_get(txn, peer, arena, true, list);
}

/* What `peer` has, or was told, of all logs. */
static enum err
rows_get(struct txn *txn, const struct sign_key *peer, struct arena *arena,
    bool told, struct clock_list *list)
{
	struct kv_cursor cursor;
	struct msg_entry *entries = NULL;
	size_t room = 0;
	struct key prefix;
	enum err e = ERR_OK;

	*list = (struct clock_list){0};
	belief_key(peer, NULL, &prefix);
	kv_cursor_init(&cursor, txn->kv, TABLE_PEERS);
	for (bool more = kv_seek(&cursor, tables_key(&prefix));
	     more && bytes_begins(cursor.key, tables_key(&prefix)) &&
	     e == ERR_OK;
	     more = kv_next(&cursor)) {
		struct bytes content;
		struct msg_entry has;
		struct msg_entry knows;

		if (cursor.key.n == prefix.n)
			continue;
		e = tables_open(
		    TABLE_PEERS, cursor.key, cursor.value, &content);
		if (e == ERR_OK && !row_get(content, &has, &knows))
			e = err_set(
			    ERR_CORRUPT, "a row of what a peer has is damaged");
		if (e != ERR_OK || (told ? knows.size : has.size) == 0)
			continue;
		mem_room(&entries, &room, list->n + 1, sizeof(*entries));
		entries[list->n++] = told ? knows : has;
	}
	kv_cursor_fini(&cursor);
	list->entries = arena_array(arena, list->n, sizeof(*entries));
	for (size_t i = 0; i < list->n; i++)
		list->entries[i] = entries[i];
	mem_free(entries);
	return e == ERR_OK ? kv_failed(txn->kv) : e;
}

/* What the peer has of a log, and what of it it knows that we have. */
static bool
row_get(struct bytes in, struct msg_entry *has, struct msg_entry *knows)
{
	if (in.n != ENTRY_SIZE && in.n != 2 * (size_t)ENTRY_SIZE)
		return false;
	entry_get(in.p, has);
	entry_get(in.p + in.n - ENTRY_SIZE, knows);
	return true;
}

void
clock_forget(struct txn *txn, const struct sign_key *peer)
{
	struct key prefix;
	struct key key;

	belief_key(peer, NULL, &prefix);
	for (;;) {
		struct kv_cursor cursor;
		bool found;

		kv_cursor_init(&cursor, txn->kv, TABLE_PEERS);
		found = kv_seek(&cursor, tables_key(&prefix));
		if (found && cursor.key.n == prefix.n)
			found = kv_next(&cursor);
		found = found && bytes_begins(cursor.key, tables_key(&prefix));
		if (found) {
			key = (struct key){0};
			tables_key_add(&key, cursor.key);
		}
		kv_cursor_fini(&cursor);
		if (!found)
			return;
		kv_del(txn->kv, TABLE_PEERS, tables_key(&key));
	}
}

void
clock_met(struct txn *txn, const struct sign_key *peer, uint64_t now_ms)
{
	struct clock_peer known;

	peer_get(txn, peer, &known);
	known.met_ms = now_ms;
	peer_put(txn, &known);
}

/* What is known of `key` itself; zeros when it is nothing. */
static void
peer_get(struct txn *txn, const struct sign_key *peer, struct clock_peer *known)
{
	struct bytes content;
	struct key key;

	*known = (struct clock_peer){.key = *peer};
	belief_key(peer, NULL, &key);
	if (!txn_find(txn, TABLE_PEERS, &key, &content)) {
		gap_sure(txn, TABLE_PEERS, tables_key(&key));
	} else if (content.n == PEER_SIZE) {
		known->met_ms = bytes_be64(content.p);
		known->said_ms = bytes_be64(content.p + 8);
	}
}

static void
peer_put(struct txn *txn, const struct clock_peer *known)
{
	uint8_t bytes[PEER_SIZE];
	struct key key;

	belief_key(&known->key, NULL, &key);
	bytes_put_be64(bytes, known->met_ms);
	bytes_put_be64(bytes + 8, known->said_ms);
	txn_put(txn, TABLE_PEERS, &key, bytes_of(bytes, sizeof(bytes)));
}

enum err
clock_hear(struct txn *txn, const struct sign_key *peer,
    const struct clock_said *said, bool *news)
{
	struct clock_peer known;

	peer_get(txn, peer, &known);
	*news = said->date_ms > known.said_ms;
	if (!*news)
		return kv_failed(txn->kv);
	/* What it said before the last meeting can be less than it said there,
	 * and yet true: then nothing is lost by not hearing it. */
	if (said->date_ms > known.met_ms)
		clock_forget(txn, peer);
	for (size_t i = 0; i < said->list.n; i++) {
		const struct msg_entry *entry = &said->list.entries[i];
		struct msg_entry old = {0};
		struct msg_entry told = {.log = entry->log};
		struct bytes content;
		struct key key;

		belief_key(peer, &entry->log, &key);
		if (!txn_find(txn, TABLE_PEERS, &key, &content) ||
		    !row_get(content, &old, &told) ||
		    (entry->size >= old.size && entry->held >= old.held))
			clock_believe(txn, peer, entry, &told);
	}
	/* A clock that once ran ahead must not silence it for ever. */
	known.said_ms = said->date_ms < said->now_ms ? said->date_ms
						     : said->now_ms;
	peer_put(txn, &known);
	return kv_failed(txn->kv);
}

enum err
clock_peers(
    struct txn *txn, struct arena *arena, struct clock_peer **peers, size_t *n)
{
	struct kv_cursor cursor;
	size_t room = 0;
	struct clock_peer *list = NULL;
	enum err e = ERR_OK;
	bool more;

	*n = 0;
	kv_cursor_init(&cursor, txn->kv, TABLE_PEERS);
	more = kv_seek(&cursor, (struct bytes){0});
	while (more && e == ERR_OK) {
		struct bytes content;

		if (cursor.key.n != sizeof(struct sign_key)) {
			more = kv_next(&cursor);
			continue;
		}
		e = tables_open(
		    TABLE_PEERS, cursor.key, cursor.value, &content);
		if (e == ERR_OK && content.n == PEER_SIZE) {
			list = peers_room(arena, list, *n, &room);
			bytes_copy(list[*n].key.b, cursor.key);
			list[*n].met_ms = bytes_be64(content.p);
			list[*n].said_ms = bytes_be64(content.p + 8);
			(*n)++;
		}
		more = beliefs_pass(&cursor);
	}
	kv_cursor_fini(&cursor);
	*peers = list;
	return e == ERR_OK ? kv_failed(txn->kv) : e;
}

/* Room for one more than `n`. */
static struct clock_peer *
peers_room(struct arena *arena, struct clock_peer *list, size_t n, size_t *room)
{
	struct clock_peer *more;

	if (n < *room)
		return list;
	*room = 2 * *room + 8;
	more = arena_array(arena, *room, sizeof(*more));
	for (size_t i = 0; i < n; i++)
		more[i] = list[i];
	return more;
}

/* From the row of a peer to the first one behind its beliefs, of which there
 * may be thousands. */
static bool
beliefs_pass(struct kv_cursor *cursor)
{
	struct log_id last;
	struct key key = {0};

	memset(&last, 0xff, sizeof(last));
	tables_key_add(&key, cursor->key);
	tables_key_add(&key, bytes_of(last.b, sizeof(last.b)));
	if (!kv_seek(cursor, tables_key(&key)))
		return false;
	return !bytes_equal(cursor->key, tables_key(&key)) || kv_next(cursor);
}

static void
spent_key(const struct sign_key *peer, struct key *key)
{
	*key = (struct key){0};
	tables_key_add(key, bytes_text("spent"));
	tables_key_add(key, bytes_of(peer->b, sizeof(peer->b)));
}

enum err
clock_spent_get(
    struct txn *txn, const struct sign_key *peer, struct clock_spent *spent)
{
	struct bytes content;
	struct key key;

	*spent = (struct clock_spent){0};
	spent_key(peer, &key);
	if (!txn_find(txn, TABLE_PEERS, &key, &content)) {
		gap_sure(txn, TABLE_PEERS, tables_key(&key));
		return kv_failed(txn->kv);
	}
	if (content.n != SPENT_SIZE)
		return err_set(
		    ERR_CORRUPT, "a row of what was sent to a peer is damaged");
	spent->day = bytes_be64(content.p);
	spent->bytes = bytes_be64(content.p + 8);
	spent->noted = content.p[16] != 0;
	return ERR_OK;
}

void
clock_spent_put(struct txn *txn, const struct sign_key *peer,
    const struct clock_spent *spent)
{
	uint8_t bytes[SPENT_SIZE];
	struct key key;

	spent_key(peer, &key);
	bytes_put_be64(bytes, spent->day);
	bytes_put_be64(bytes + 8, spent->bytes);
	bytes[16] = spent->noted;
	txn_put(txn, TABLE_PEERS, &key, bytes_of(bytes, sizeof(bytes)));
}

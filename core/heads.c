/*
 * Signed heads.  Local writes sign theirs here, inside the transaction that
 * made the deltas; heads of others come from sessions and bundles, verified.
 * Never decides which of two contradicting heads is right.
 */
#include "core/heads.h"

#include "core/gap.h"
#include "core/tree.h"

/* space, log, size; root, signature */
enum { HEAD_KEY_SIZE = 4 + 4 + 8, HEAD_ROW_SIZE = 32 + 64 };

static enum err ends_tree(
    struct txn *txn, const struct log *log, const struct hash *leaf) MUST_USE;
static enum err leads_to_tree(
    const struct log *log, const struct note_head *head) MUST_USE;
static void row_put(
    struct txn *txn, const struct log *log, const struct note_head *head);
static bool ahead_leads(const struct log *log);
static enum err head_find(struct txn *txn, const struct log *log, uint64_t from,
    struct note_head *head, bool *found) MUST_USE;
static struct merkle_proof *proof_copy(
    struct txn *txn, const struct merkle_proof *proof);

enum err
heads_sign(struct txn *txn, struct log *log, const struct sign_seed *seed,
    const struct hash *leaf)
{
	struct note_head head = {.size = log->frontier.size};
	struct note_checkpoint checkpoint = {.size = head.size};
	struct buf origin = {0};
	enum err e;

	assert(head.size > 0);
	e = ends_tree(txn, log, leaf);
	if (e != ERR_OK)
		return e;
	merkle_root(&log->frontier, &head.root);
	checkpoint.root = head.root;
	id_origin(&log->name, &origin);
	checkpoint.origin = buf_bytes(&origin);
	note_checkpoint_sign(
	    &checkpoint, seed, &log->name.author, &head.signature);
	buf_fini(&origin);
	heads_put(txn, log, &head, NULL);
	return kv_failed(txn->kv);
}

/* A signature over a head whose leaf is not what we stored would be a fork that
 * nobody made: read it back as it will be read later.  A `leaf` of NULL is
 * whatever lies there.  The newest leaf is the
 * last of its complete subtree, so all siblings on the way up are on the left.
 */
static enum err
ends_tree(struct txn *txn, const struct log *log, const struct hash *leaf)
{
	uint64_t index = log->frontier.size - 1;
	size_t last = merkle_frontier_n(log->frontier.size) - 1;
	struct hash node;
	struct hash sibling;
	struct key key;
	unsigned level = 0;
	enum err e = tree_node(txn, log, 0, index, &node);

	if (e != ERR_OK)
		return e;
	if (leaf == NULL ||
	    bytes_equal(bytes_of(node.b, 32), bytes_of(leaf->b, 32))) {
		for (; index & 1; index /= 2, level++) {
			e = tree_node(txn, log, level, index - 1, &sibling);
			if (e != ERR_OK)
				return e;
			merkle_node(&sibling, &node, &node);
		}
		if (bytes_equal(bytes_of(node.b, 32),
			bytes_of(log->frontier.nodes[last].b, 32)))
			return ERR_OK;
	}
	tables_delta_key(log->space->no, log->no, log->frontier.size - 1, &key);
	return txn_fail(txn,
	    tables_corrupt(TABLE_DELTAS, tables_key(&key),
		"it is not the leaf that was appended; nothing was signed"));
}

void
heads_put(struct txn *txn, struct log *log, const struct note_head *head,
    const struct merkle_proof *ahead)
{
	struct key key;
	bool news = !log->has_head || head->size > log->head_size;

	/* Headers came that the proof to the newest head does not reach: the
	 * head that they came with is the newest that we can show. */
	if (!news && head->size >= log->frontier.size && !ahead_leads(log))
		news = true;
	if (head->size < log->frontier.size ||
	    (!news && head->size < log->head_size)) {
		/* Those of what it shares lie with what it shares. */
		if (head->size % HEADS_STEP == 0 && head->size > log->below)
			row_put(txn, log, head);
		return;
	}
	assert(ahead != NULL || log->frontier.size == 0 ||
	       head->size == log->frontier.size);
	if (news && log->has_head &&
	    (log->head_size % HEADS_STEP != 0 || log->head_size > head->size)) {
		tables_delta_key(log->space->no, log->no, log->head_size, &key);
		kv_del(txn->kv, TABLE_HEADS, tables_key(&key));
	}
	row_put(txn, log, head);
	log->has_head = true;
	log->head_size = head->size;
	log->head_root = head->root;
	log->head_signature = head->signature;
	log->ahead = NULL;
	if (ahead != NULL && head->size > log->frontier.size)
		log->ahead = proof_copy(txn, ahead);
	log->dirty = true;
}

/* Does log->ahead lead from the headers held to the newest head? */
static bool
ahead_leads(const struct log *log)
{
	static const struct merkle_proof none;
	struct hash root;

	if (log->head_size <= log->frontier.size)
		return true;
	merkle_root(&log->frontier, &root);
	return merkle_consistency_holds(log->frontier.size, log->head_size,
	    &root, log->ahead == NULL ? &none : log->ahead, &log->head_root);
}

static struct merkle_proof *
proof_copy(struct txn *txn, const struct merkle_proof *proof)
{
	struct merkle_proof *copy = arena_new(&txn->arena, sizeof(*copy));

	*copy = *proof;
	return copy;
}

static void
row_put(struct txn *txn, const struct log *log, const struct note_head *head)
{
	struct buf *row = &txn->row;
	struct key key;

	tables_delta_key(log->space->no, log->no, head->size, &key);
	tables_row_begin(row);
	buf_add(row, bytes_of(head->root.b, sizeof(head->root.b)));
	buf_add(row, bytes_of(head->signature.b, sizeof(head->signature.b)));
	tables_row_end(tables_key(&key), row);
	kv_put(txn->kv, TABLE_HEADS, tables_key(&key), buf_bytes(row));
}

enum err
heads_from(struct txn *txn, const struct log *log, uint64_t size,
    struct note_head *head)
{
	const struct log *owner = NULL;
	bool found = false;
	enum err e = ERR_OK;

	/* Of what is shared the heads are kept with it: those are asked before
	 * our own, which are larger. */
	for (uint64_t from = size; e == ERR_OK && !found && owner != log;) {
		uint64_t end = UINT64_MAX;

		e = oplog_owner(txn, log, from > 0 ? from - 1 : 0, &owner);
		for (const struct log *at = log; e == ERR_OK && at != owner;) {
			end = at->below;
			e = oplog_owner(txn, at, at->below - 1, &at);
		}
		if (e == ERR_OK)
			e = head_find(txn, owner, from, head, &found);
		found = found && head->size <= end;
		from = end + 1;
	}
	if (e == ERR_OK && !found)
		e = err_set(ERR_NOT_FOUND,
		    "no head of %llu or more deltas is held",
		    (unsigned long long)size);
	return e;
}

/* The smallest head of `from` leaves or more among the rows of `log` alone. */
static enum err
head_find(struct txn *txn, const struct log *log, uint64_t from,
    struct note_head *head, bool *found)
{
	struct kv_cursor cursor;
	struct key prefix;
	struct key key;
	enum err e = ERR_OK;

	tables_log_prefix(log->space->no, log->no, &prefix);
	tables_delta_key(log->space->no, log->no, from, &key);
	kv_cursor_init(&cursor, txn->kv, TABLE_HEADS);
	*found = kv_seek(&cursor, tables_key(&key)) &&
		 bytes_begins(cursor.key, tables_key(&prefix));
	if (*found)
		e = heads_row(cursor.key, cursor.value, head);
	kv_cursor_fini(&cursor);
	if (e == ERR_OK)
		e = gap_edge(txn, TABLE_HEADS, tables_key(&key));
	return e != ERR_OK ? txn_fail(txn, e) : kv_failed(txn->kv);
}

enum err
heads_row(struct bytes key, struct bytes row, struct note_head *head)
{
	struct bytes in = {0};
	enum err e = tables_open(TABLE_HEADS, key, row, &in);

	if (e != ERR_OK)
		return e;
	if (in.n != HEAD_ROW_SIZE || key.n != HEAD_KEY_SIZE)
		return tables_corrupt(TABLE_HEADS, key, "its size is wrong");
	head->size = bytes_be64(bytes_after(key, 8).p);
	bytes_copy(head->root.b, bytes_first(in, 32));
	bytes_copy(head->signature.b, bytes_after(in, 32));
	return ERR_OK;
}

enum err
heads_verify(const struct log *log, const struct note_head *head)
{
	struct note_checkpoint checkpoint = {
	    .size = head->size, .root = head->root};
	struct buf origin = {0};
	struct key key;
	enum err e;

	id_origin(&log->name, &origin);
	checkpoint.origin = buf_bytes(&origin);
	e = note_checkpoint_verify(
	    &checkpoint, &log->name.author, &head->signature);
	buf_fini(&origin);
	if (e == ERR_OK)
		return e;
	tables_delta_key(log->space->no, log->no, head->size, &key);
	return tables_corrupt(
	    TABLE_HEADS, tables_key(&key), "its author did not sign this head");
}

enum err
heads_check(struct txn *txn, const struct log *log)
{
	struct note_head head = {.size = log->head_size,
	    .root = log->head_root,
	    .signature = log->head_signature};
	enum err e = ERR_OK;

	if (log->frontier.size > 0)
		e = ends_tree(txn, log, NULL);
	if (e == ERR_OK && log->has_head)
		e = heads_verify(log, &head);
	if (e == ERR_OK)
		e = leads_to_tree(log, &head);
	return e == ERR_OK ? e : txn_fail(txn, e);
}

/* No headers need no head; all others need one of their root, or one that
 * begins with them. */
static enum err
leads_to_tree(const struct log *log, const struct note_head *head)
{
	uint64_t size = log->frontier.size;
	struct hash root;
	struct key key;
	bool holds = log->has_head && head->size >= size;

	if (size == 0)
		return ERR_OK;
	merkle_root(&log->frontier, &root);
	if (holds && head->size == size)
		holds = bytes_equal(bytes_of(root.b, sizeof(root.b)),
		    bytes_of(head->root.b, sizeof(head->root.b)));
	else if (holds)
		holds = log->ahead != NULL &&
			merkle_consistency_holds(
			    size, head->size, &root, log->ahead, &head->root);
	if (holds)
		return ERR_OK;
	tables_log_key(log->space->no, &log->id, &key);
	return tables_corrupt(TABLE_LOGS, tables_key(&key),
	    "its newest head is not that of its headers");
}

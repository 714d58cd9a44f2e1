/*
 * Rules broken on purpose, faults, and a member that forges.  The linker's
 * --wrap sends each call of `x` from another file to `__wrap_x` here and names
 * the true one `__real_x`; production code knows nothing of it.
 * LINK: -Wl,--wrap=kv_commit,--wrap=merge_record,--wrap=record_replace
 * LINK: -Wl,--wrap=intake_chunk,--wrap=authority_judge
 * LINK: -Wl,--wrap=id_covers,--wrap=mark_settle
 * LINK: -Wl,--wrap=branch_compare,--wrap=clock_entry,--wrap=msg_encode
 * In tests/sim/light.c.
 * LINK: -Wl,--wrap=crypto_verify,--wrap=file_ballast
 * LINK: -Wl,--wrap=crypto_sign_key,--wrap=crypto_sign_message
 * LINK: -Wl,--wrap=ZSTD_createCDict,--wrap=ZSTD_freeCDict
 * In tests/sim/light_keys.c.
 * LINK: -Wl,--wrap=crypto_dh_key,--wrap=crypto_dh
 * LINK: -Wl,--wrap=channel_new,--wrap=identity_make
 * In tests/sim/light_pack.c.
 * LINK: -Wl,--wrap=pack_parse,--wrap=pack_parse_doc,--wrap=pack_free
 * LINK: -Wl,--wrap=json_decode
 * In tests/sim/light_hash.c.
 * LINK: -Wl,--wrap=merkle_leaf,--wrap=crypto_sha256,--wrap=id_log
 * In tests/sim/hold.c.
 * LINK: -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=free
 * LINK: -Wl,--wrap=session_new,--wrap=session_free,--wrap=session_feed
 * LINK: -Wl,--wrap=session_work,--wrap=session_worked,--wrap=session_fill
 * LINK: -Wl,--wrap=session_out,--wrap=session_sent,--wrap=session_tick
 * LINK: -Wl,--wrap=session_notes,--wrap=words_add,--wrap=words_of
 * LINK: -Wl,--wrap=ledger_get,--wrap=ledger_get_tip,--wrap=ledger_queue
 * LINK: -Wl,--wrap=body_open,--wrap=ledger_queue_as
 * In tests/sim/packs.c.
 * LINK: -Wl,--wrap=pack_embedded,--wrap=store_open,--wrap=store_open_alone
 * LINK: -Wl,--wrap=store_open_empty,--wrap=store_begin,--wrap=store_commit
 * LINK: -Wl,--wrap=store_begin_rebuild
 * In tests/sim/twist.c.
 * LINK: -Wl,--wrap=talk_send
 * The others are in tests/sim/wrap_rights.c.
 * LINK: -Wl,--wrap=id_covers_prefix,--wrap=fact_rights_within
 * LINK: -Wl,--wrap=authority_result_write
 * LINK: -Wl,--wrap=authority_roots_find,--wrap=authority_roots_heirs
 * LINK: -Wl,--wrap=authority_load,--wrap=authority_reads
 * LINK: -Wl,--wrap=accept_of
 * LINK: -Wl,--wrap=tip_may,--wrap=history_delta,--wrap=apply_authority
 * Or in tests/sim/wrap_links.c.
 * LINK: -Wl,--wrap=clock_digest,--wrap=quota_grant,--wrap=quota_end
 * LINK: -Wl,--wrap=block_form_encode,--wrap=bundle_write_begin
 * LINK: -Wl,--wrap=bundle_plan_make,--wrap=clock_log_depth,--wrap=clock_hear
 * Or in tests/sim/wrap_seals.c.
 * LINK: -Wl,--wrap=crypto_seal,--wrap=crypto_open,--wrap=noise_seal
 * LINK: -Wl,--wrap=noise_open,--wrap=channel_queued,--wrap=own_received
 * LINK: -Wl,--wrap=graft_find,--wrap=apply_delta,--wrap=apply_body
 * LINK: -Wl,--wrap=vouch_check,--wrap=heads_put,--wrap=batch_join
 * LINK: -Wl,--wrap=batch_rest,--wrap=ack_fini
 */
#include "tests/sim/wrap.h"

#include <string.h>

#include "core/apply.h"
#include "core/intake.h"
#include "core/mark.h"
#include "core/record.h"
#include "net/peer/branch.h"
#include "tests/sim/seals.h"
#include "tests/sim/hold.h"
#include "tests/sim/verdict.h"
#include "tests/sim/wire.h"

const char *const wrap_rules[RULE_COUNT] = {[RULE_NONE] = "none",
    [RULE_MERGE] = "merge",
    [RULE_SEEN] = "seen",
    [RULE_DEDUPE] = "dedupe",
    [RULE_SYNC] = "sync",
    [RULE_GRANT] = "grant",
    [RULE_MARK] = "mark",
    [RULE_RESUME] = "resume",
    [RULE_OWED] = "owed",
    [RULE_CUT] = "cut",
    [RULE_EQUALS] = "equals",
    [RULE_PREFIX] = "prefix",
    [RULE_PASS] = "pass",
    [RULE_ADMIN] = "admin",
    [RULE_REPLACE] = "replace",
    [RULE_VOID] = "void",
    [RULE_ROTATE] = "rotate",
    [RULE_SERVE] = "serve",
    [RULE_TAKE] = "take",
    [RULE_SECRET] = "secret",
    [RULE_LATE] = "late",
    [RULE_BRANCH] = "branch",
    [RULE_HELLO] = "hello",
    [RULE_BUDGET] = "budget",
    [RULE_PACK] = "pack",
    [RULE_CARRIED] = "carried",
    [RULE_STALE] = "stale",
    [RULE_PARTS] = "parts",
    [RULE_NONCE] = "nonce",
    [RULE_BARE] = "bare",
    [RULE_CLEAR] = "clear",
    [RULE_SHOWN] = "shown",
    [RULE_QUEUE] = "queue",
    [RULE_AGAIN] = "again",
    [RULE_RETURN] = "return",
    [RULE_HOLE] = "hole",
    [RULE_BODY] = "body",
    [RULE_OVERDUE] = "overdue",
    [RULE_BLOCK] = "block",
    [RULE_SHRINK] = "shrink",
    [RULE_SIGNED] = "signed",
    [RULE_TAG] = "tag",
    [RULE_HEIRS] = "heirs",
    [RULE_REST] = "rest",
    [RULE_LEAVE] = "leave"};

static enum wrap_rule broken;
static enum wrap_commit next_commit;
static bool commit_failed;
static bool forging;
static unsigned commits;
static unsigned runs;

enum err __real_kv_commit(struct kv_txn *txn);
enum err __wrap_kv_commit(struct kv_txn *txn);
void __real_merge_record(const struct merge_change *changes, size_t n,
    struct arena *arena, struct record *record);
void __wrap_merge_record(const struct merge_change *changes, size_t n,
    struct arena *arena, struct record *record);
enum err __real_record_replace(struct txn *txn, struct space_state *space,
    const struct record_id *id, const struct record *record);
enum err __wrap_record_replace(struct txn *txn, struct space_state *space,
    const struct record_id *id, const struct record *record);
enum err __real_intake_chunk(struct txn *txn, const struct intake_chunk *chunk,
    struct intake_taken *taken);
enum err __wrap_intake_chunk(struct txn *txn, const struct intake_chunk *chunk,
    struct intake_taken *taken);
enum err __real_authority_judge(struct txn *txn,
    const struct authority *authority, const struct log *log,
    struct judgement *judgement) MUST_USE;
enum err __wrap_authority_judge(struct txn *txn,
    const struct authority *authority, const struct log *log,
    struct judgement *judgement) MUST_USE;
bool __real_id_covers(const struct space *prefix, const struct space *space);
bool __wrap_id_covers(const struct space *prefix, const struct space *space);
enum err __real_mark_settle(struct mark *mark, struct txn *txn,
    const struct host *host, enum open_why *why) MUST_USE;
enum err __wrap_mark_settle(struct mark *mark, struct txn *txn,
    const struct host *host, enum open_why *why) MUST_USE;
enum err __real_branch_compare(struct talk *talk, const struct log *log,
    struct ledger_log *entry) MUST_USE;
enum err __wrap_branch_compare(struct talk *talk, const struct log *log,
    struct ledger_log *entry) MUST_USE;
void __real_clock_entry(const struct log *log, const struct sign_key *peer,
    struct msg_entry *entry);
void __wrap_clock_entry(const struct log *log, const struct sign_key *peer,
    struct msg_entry *entry);

void __real_msg_encode(const struct msg *msg, struct buf *out);
void __wrap_msg_encode(const struct msg *msg, struct buf *out);

void
wrap_break(enum wrap_rule rule)
{
	broken = rule;
	next_commit = COMMIT_TRUE;
	commit_failed = false;
	forging = false;
	commits = 0;
	runs = 0;
}

bool
wrap_is_broken(enum wrap_rule rule)
{
	return broken == rule;
}

void
wrap_next_commit(enum wrap_commit what)
{
	next_commit = what;
}

bool
wrap_failed(void)
{
	bool failed = commit_failed;

	commit_failed = false;
	return failed;
}

void
wrap_forge(bool on)
{
	forging = on;
}

enum err
__wrap_kv_commit(struct kv_txn *txn)
{
	enum wrap_commit what = next_commit;

	next_commit = COMMIT_TRUE;
	if (kv_failed(txn) == ERR_OK && what == COMMIT_FAILS) {
		kv_abort(txn);
		commit_failed = true;
		return err_set(ERR_FULL, "the simulated disk is full");
	}
	if (what == COMMIT_UNKNOWN) {
		enum err e = __real_kv_commit(txn);

		if (e != ERR_OK)
			return e;
		commit_failed = true;
		return err_set(ERR_IO, "the simulated disk gave no answer");
	}
	if (broken == RULE_SYNC && ++commits % 64 == 0) {
		kv_abort(txn);
		return ERR_OK;
	}
	return __real_kv_commit(txn);
}

void
__wrap_merge_record(const struct merge_change *changes, size_t n,
    struct arena *arena, struct record *record)
{
	struct merge_change *blind;

	if (broken != RULE_SEEN) {
		__real_merge_record(changes, n, arena, record);
		return;
	}
	blind = arena_array(arena, n, sizeof(*blind));
	for (size_t i = 0; i < n; i++) {
		struct merge_op *ops = arena_array(
		    arena, changes[i].ops_n, sizeof(*ops));

		blind[i] = changes[i];
		blind[i].ops = ops;
		for (size_t k = 0; k < changes[i].ops_n; k++) {
			ops[k] = changes[i].ops[k];
			ops[k].seen_n = 0;
		}
	}
	__real_merge_record(blind, n, arena, record);
}

/* What stood there stays, whatever else there is. */
static void
first_keep(const struct record *stored, const struct record *record,
    struct record_field *field)
{
	const struct record_field *before = merge_find(
	    stored, field->name, field->kind);

	if (before == NULL || before->n != 1 || field->n < 2 ||
	    field->kind != KIND_REGISTER)
		return;
	for (size_t i = 0; i < field->n; i++) {
		struct dot dot = merge_dot(record, &field->values[i]);
		struct dot first = merge_dot(stored, &before->values[0]);

		if (dot.op != first.op ||
		    id_change_compare(&dot.at, &first.at) != 0)
			continue;
		field->values[0] = field->values[i];
		field->n = 1;
	}
}

enum err
__wrap_record_replace(struct txn *txn, struct space_state *space,
    const struct record_id *id, const struct record *record)
{
	struct record stored;
	enum err e;

	if (broken != RULE_MERGE)
		return __real_record_replace(txn, space, id, record);
	e = record_get(txn,
	    &(struct record_read){
		.space = space, .cells = true, .arena = &txn->arena},
	    id, &stored);
	for (size_t i = 0; e == ERR_OK && i < record->fields_n; i++)
		first_keep(&stored, record, &record->fields[i]);
	return e == ERR_OK ? __real_record_replace(txn, space, id, record) : e;
}

/* Is there another log in the space whose deltas do not count? */
static bool
is_blocked(struct txn *txn, const struct intake_chunk *chunk)
{
	struct space_state *space = space_find(txn, &chunk->run->name.space);
	struct log **logs;
	size_t n;

	if (space == NULL || id_is_authority(&space->name) ||
	    oplog_all(txn, space, &logs, &n) != ERR_OK)
		return false;
	for (size_t i = 0; i < n; i++)
		if (logs[i]->rights == 0 &&
		    memcmp(&logs[i]->trunk, &chunk->log, 16) != 0)
			return true;
	return false;
}

enum err
__wrap_intake_chunk(struct txn *txn, const struct intake_chunk *chunk,
    struct intake_taken *taken)
{
	struct oplog_entry again = {.header = chunk->headers[0]};
	struct space_state *space = NULL;
	struct log *log = NULL;
	struct hash leaf;
	unsigned before;
	enum err e = ERR_OK;

	if (broken == RULE_BLOCK && is_blocked(txn, chunk))
		return err_set(ERR_DENIED, "a change before it does not count");
	if (broken == RULE_DEDUPE)
		space = space_find(txn, &chunk->run->name.space);
	if (space != NULL)
		log = oplog_find(txn, space, &chunk->log);
	before = hold_nobody();
	verdict_takes(&chunk->run->name);
	hold_end(before);
	if (log != NULL && chunk->from < log->frontier.size)
		e = apply_delta(txn, log, &again, &leaf);
	return e == ERR_OK ? __real_intake_chunk(txn, chunk, taken) : e;
}

enum err
__wrap_authority_judge(struct txn *txn, const struct authority *authority,
    const struct log *log, struct judgement *judgement)
{
	enum err e = __real_authority_judge(txn, authority, log, judgement);

	if (broken == RULE_GRANT)
		judgement->rights = RIGHTS_ALL;
	if (broken == RULE_CUT)
		judgement->cut = UINT64_MAX;
	if (broken == RULE_BRANCH &&
	    memcmp(&log->id, &log->trunk, sizeof(log->id)) != 0)
		judgement->rights = 0;
	return e;
}

bool
__wrap_id_covers(const struct space *prefix, const struct space *space)
{
	return forging || __real_id_covers(prefix, space);
}

enum err
__wrap_mark_settle(struct mark *mark, struct txn *txn, const struct host *host,
    enum open_why *why)
{
	enum err e = __real_mark_settle(mark, txn, host, why);

	if (broken == RULE_MARK)
		*why = OPEN_NEW;
	return e;
}

enum err
__wrap_branch_compare(
    struct talk *talk, const struct log *log, struct ledger_log *entry)
{
	bool new = !entry->is_compared;
	enum err e = __real_branch_compare(talk, log, entry);

	if (broken == RULE_RESUME && e == ERR_OK && new && entry->sent > 0)
		entry->sent++;
	return e;
}

void
__wrap_clock_entry(
    const struct log *log, const struct sign_key *peer, struct msg_entry *entry)
{
	__real_clock_entry(log, peer, entry);
	if (broken != RULE_OWED)
		return;
	entry->held = entry->size;
	entry->kept = entry->size;
	for (size_t class = 0; class < CLASS_COUNT; class ++)
		entry->open[class] = entry->size;
}

void
__wrap_msg_encode(const struct msg *msg, struct buf *out)
{
	struct msg other = *msg;
	size_t was = out->n;
	unsigned before;

	if (broken == RULE_SHOWN && msg->type == MSG_RUN)
		other.u.run.head_root.b[0] ^= 1;
	/* A peer with a changed program. */
	if (broken == RULE_SIGNED && msg->type == MSG_RUN && ++runs % 4 == 0)
		other.u.run.head_signature.b[0] ^= 1;
	before = hold_nobody();
	wire_said(&other);
	hold_end(before);
	__real_msg_encode(&other, out);
	seals_message(bytes_after(buf_bytes(out), was));
}

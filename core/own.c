/*
 * The logs of this node.  Local writes get their log, its place and its time
 * here, and at the end of the transaction one signed head for each.  Never
 * appends to a log that somebody else might be writing too.
 */
#include "core/own.h"

#include <string.h>

#include "core/apply.h"
#include "core/events.h"
#include "core/gap.h"
#include "core/heads.h"
#include "core/meta.h"
#include "core/packing.h"

/* A row of TABLE_OWN: which incarnation we write in a space. */
struct own_row {
	struct incarnation incarnation;
	uint64_t epoch; /* of the store when it was opened */
	bool has_grant;
	struct ref grant;
};
enum { OWN_ROW_SIZE = 8 + 8 + 1 + ID_REF_SIZE };

static const char meta_epoch[] = "epoch";
static const char meta_epoch_why[] = "epoch_why";

static bool own_used(struct own *owns, const struct own_writer *writer,
    const struct space *space, const struct grant *grant, struct own **own);
static void own_key(const struct space_state *space,
    const struct sign_key *author, const struct grant *grant, struct key *key);
static bool row_find(
    struct txn *txn, const struct key *key, struct own_row *row);
static void row_put(
    struct txn *txn, const struct key *key, const struct own_row *row);
static enum err right_find(const struct own_writer *writer,
    const struct space *space, const struct own_row *row,
    const struct grant **grant) MUST_USE;
static bool grant_serves(const struct own_writer *writer,
    const struct space *space, const struct grant *grant);
static bool grant_reaches(const struct own_writer *writer,
    const struct space *space, const struct grant *grant);
static bool log_serves(const struct own_writer *writer, const struct log *log);
static const struct grant *key_grant(const struct own_writer *writer,
    const struct space *space, const struct grant *grant);
static enum err denied(
    const struct own_writer *writer, const struct space *space) MUST_USE;
static enum err denied_by(const struct authority *authority,
    const struct space *space, const struct revocation *revocation) MUST_USE;
static bool row_holds(struct txn *txn, const struct own_row *row,
    const struct log *log, const struct grant *grant, enum open_why *why);
static bool is_written(struct txn *txn, const struct log *log);
static enum err log_of(struct txn *txn, const struct own_writer *writer,
    const struct space *space, struct incarnation incarnation,
    struct log **log) MUST_USE;
static void renewal_note(
    struct txn *txn, const struct log *log, enum open_why why);
static enum err log_start(struct txn *txn, const struct own_writer *writer,
    struct own *own, const struct log *before, struct delta *open) MUST_USE;

enum err
own_may(const struct own_writer *writer, const struct space *space)
{
	const struct grant *grant;

	return right_find(writer, space, NULL, &grant);
}

enum err
own_log(struct txn *txn, const struct own_writer *writer,
    const struct space *space, struct own **owns, struct own **own)
{
	struct space_state *state;
	const struct grant *grant;
	struct own_row row = {0};
	struct log *log = NULL;
	struct delta open = {.kind = DELTA_OPEN};
	struct key key;
	enum err e = right_find(writer, space, NULL, &grant);

	*own = NULL;
	if (e == ERR_OK && own_used(*owns, writer, space, grant, own))
		return ERR_OK;
	if (e == ERR_OK)
		e = space_get(txn, space, &state);
	if (e != ERR_OK)
		return e;
	own_key(state, writer->key, key_grant(writer, space, grant), &key);
	if (row_find(txn, &key, &row)) {
		e = right_find(writer, space, &row, &grant);
		if (e == ERR_OK)
			e = log_of(txn, writer, space, row.incarnation, &log);
		if (e != ERR_OK)
			return e;
	}
	*own = arena_new(&txn->arena, sizeof(**own));
	(*own)->seed = writer->seed;
	(*own)->log = log;
	if (log == NULL || !row_holds(txn, &row, log, grant, &open.open.why)) {
		row.epoch = meta_number(txn, meta_epoch);
		row.has_grant = grant != NULL;
		if (grant != NULL)
			row.grant = grant->fact;
		txn->host->random(
		    txn->host->arg, row.incarnation.b, sizeof(row.incarnation));
		e = log_of(txn, writer, space, row.incarnation, &(*own)->log);
		if (e != ERR_OK)
			return e;
		row_put(txn, &key, &row);
		open.open.has_grant = grant != NULL;
		open.refs_n = grant != NULL;
		open.refs = &row.grant;
		e = log_start(txn, writer, *own, log, &open);
	}
	(*own)->next = *owns;
	*owns = *own;
	return e;
}

/* Is a log that serves in use already?  In `authority` there is one for each
 * grant. */
static bool
own_used(struct own *owns, const struct own_writer *writer,
    const struct space *space, const struct grant *grant, struct own **own)
{
	for (struct own *o = owns; o != NULL; o = o->next) {
		const struct log *log = o->log;

		if (!id_space_equal(&log->name.space, space) ||
		    memcmp(&log->name.author, writer->key, 32) != 0)
			continue;
		if (grant != NULL &&
		    !(id_is_authority(space)
			    ? id_ref_compare(&log->grant, &grant->fact) == 0
			    : log_serves(writer, log)))
			continue;
		*own = o;
		return true;
	}
	return false;
}

/* Does the grant of `log`, in a data space, let `writer` write there? */
static bool
log_serves(const struct own_writer *writer, const struct log *log)
{
	const struct authority *authority = writer->authority;

	for (size_t i = 0; i < authority->grants_n; i++) {
		const struct grant *grant = &authority->grants[i];

		if (log->has_grant &&
		    id_ref_compare(&grant->fact, &log->grant) == 0)
			return grant_serves(writer, &log->name.space, grant);
	}
	return false;
}

/* The grant that the row of a log to be written under `grant` is kept by; NULL
 * for the one log of a space to which changes go.  A grant without `write` has
 * a log of its own, or the two would be opened anew in turn. */
static const struct grant *
key_grant(const struct own_writer *writer, const struct space *space,
    const struct grant *grant)
{
	if (id_is_authority(space) ||
	    (writer->wants == RIGHT_ADMIN && grant != NULL &&
		(grant->what.gives.bits & RIGHT_WRITE) == 0))
		return grant;
	return NULL;
}

static void
own_key(const struct space_state *space, const struct sign_key *author,
    const struct grant *grant, struct key *key)
{
	uint8_t ref[ID_REF_SIZE];

	tables_space_key(space->no, key);
	tables_key_add(key, bytes_of(author->b, sizeof(author->b)));
	if (grant == NULL)
		return;
	id_ref_put(&grant->fact, ref);
	tables_key_add(key, bytes_of(ref, sizeof(ref)));
}

static bool
row_find(struct txn *txn, const struct key *key, struct own_row *row)
{
	struct bytes content;

	if (!txn_find(txn, TABLE_OWN, key, &content)) {
		gap_sure(txn, TABLE_OWN, tables_key(key));
		return false;
	}
	if (content.n != OWN_ROW_SIZE) {
		kv_fail(txn->kv,
		    err_set(ERR_CORRUPT, "a row of own logs has a wrong size"));
		return false;
	}
	memcpy(row->incarnation.b, content.p, 8);
	row->epoch = bytes_be64(content.p + 8);
	row->has_grant = content.p[16] != 0;
	id_ref_get(content.p + 17, &row->grant);
	return true;
}

static void
row_put(struct txn *txn, const struct key *key, const struct own_row *row)
{
	uint8_t content[OWN_ROW_SIZE];

	memcpy(content, row->incarnation.b, 8);
	bytes_put_be64(content + 8, row->epoch);
	content[16] = row->has_grant;
	id_ref_put(&row->grant, content + 17);
	txn_put(txn, TABLE_OWN, key, bytes_of(content, sizeof(content)));
}

/* The grant under which `writer` may write in `space`; NULL for root.  The one
 * of `row`, if it is given, as long as that one serves, for another grant needs
 * another log; else that of the lowest stratum. */
static enum err
right_find(const struct own_writer *writer, const struct space *space,
    const struct own_row *row, const struct grant **grant)
{
	const struct authority *authority = writer->authority;
	const struct grant *best = NULL;

	*grant = NULL;
	if (writer->founding.n > 0 &&
	    (id_is_authority(space) || writer->wants == RIGHT_ADMIN))
		return ERR_OK;
	for (size_t i = 0; i < authority->grants_n; i++) {
		const struct grant *g = &authority->grants[i];

		if (!grant_serves(writer, space, g))
			continue;
		if (best == NULL || g->stratum < best->stratum)
			best = g;
		if (row != NULL && row->has_grant &&
		    id_ref_compare(&row->grant, &g->fact) == 0) {
			best = g;
			break;
		}
	}
	*grant = best;
	return best != NULL ? ERR_OK : denied(writer, space);
}

/* Does `grant` let `writer` write what it wants to write in `space`? */
static bool
grant_serves(const struct own_writer *writer, const struct space *space,
    const struct grant *grant)
{
	const struct grant *other = writer->revoking;

	return grant->counts && !grant->revoked &&
	       grant_reaches(writer, space, grant) &&
	       (!writer->everywhere || grant->what.prefix.text[0] == '\0') &&
	       (!id_is_authority(space) ||
		   ((writer->passing == NULL ||
			authority_passes(grant, writer->passing)) &&
		       (other == NULL ||
			   (grant->stratum < other->stratum &&
			       id_covers_prefix(&grant->what.prefix,
				   &other->what.prefix)))));
}

/* Does `grant`, whether it still holds or not, give `writer` the right that it
 * wants in `space`? */
static bool
grant_reaches(const struct own_writer *writer, const struct space *space,
    const struct grant *grant)
{
	bool central = id_is_authority(space);
	enum right right = central || writer->wants == RIGHT_ADMIN
			       ? RIGHT_ADMIN
			       : RIGHT_WRITE;

	return memcmp(&grant->what.member, writer->key, 32) == 0 &&
	       (grant->what.gives.bits & (unsigned)right) != 0 &&
	       (central || id_covers(&grant->what.prefix, space));
}

static enum err
denied(const struct own_writer *writer, const struct space *space)
{
	const struct authority *authority = writer->authority;
	const struct grant *lost = NULL;

	for (size_t i = 0; i < authority->grants_n; i++) {
		const struct grant *g = &authority->grants[i];

		if (g->revoked && grant_reaches(writer, space, g))
			lost = g;
	}
	for (size_t i = 0; lost != NULL && i < authority->revocations_n; i++) {
		const struct revocation *r = &authority->revocations[i];

		if (r->counts &&
		    id_ref_compare(&r->what.grant, &lost->fact) == 0)
			return denied_by(authority, space, r);
	}
	if (writer->revoking != NULL && writer->revoking->stratum == 1)
		return err_set(ERR_DENIED,
		    "root gave this grant, and only root takes it back: name "
		    "the shares with --share, or do it where the root keys "
		    "are");
	if (id_is_authority(space))
		return err_set(ERR_DENIED,
		    writer->revoking != NULL
			? "no grant of this node stands above that one: ask an "
			  "admin above both"
			: "this node has no admin right that reaches so far: "
			  "ask an admin above");
	return err_set(ERR_DENIED,
	    "no grant lets this node %s in '%s': ask an admin for one",
	    writer->wants == RIGHT_ADMIN ? "decide" : "write", space->text);
}

/* Its right was taken back: by whom, when and why. */
static enum err
denied_by(const struct authority *authority, const struct space *space,
    const struct revocation *revocation)
{
	const struct member *by = authority_member(authority, &revocation->by);
	struct bytes reason = revocation->what.reason;
	struct buf when = {0};
	enum err e;

	stamp_utc(revocation->since, &when);
	e = err_set(ERR_DENIED,
	    "this node's right in '%s' was taken back by %.*s on %s%s%.*s: ask "
	    "an admin for a new grant",
	    space->text, by != NULL ? (int)by->label.n : 0,
	    by != NULL ? (const char *)by->label.p : "", buf_text(&when),
	    reason.n > 0 ? ", for: " : "", (int)reason.n,
	    reason.n > 0 ? (const char *)reason.p : "");
	buf_fini(&when);
	return e;
}

/* May the log of `row` be continued?  If not, `*why` says what the next one is
 * opened for. */
static bool
row_holds(struct txn *txn, const struct own_row *row, const struct log *log,
    const struct grant *grant, enum open_why *why)
{
	uint64_t now_ms = txn->host->now_ms(txn->host->arg);

	*why = OPEN_NEW;
	if (log->forked) {
		*why = OPEN_FORK;
		return false;
	}
	if (row->epoch != meta_number(txn, meta_epoch)) {
		*why = (enum open_why)meta_number(txn, meta_epoch_why);
		return false;
	}
	if (row->has_grant != (grant != NULL) ||
	    (grant != NULL && id_ref_compare(&row->grant, &grant->fact) != 0)) {
		*why = OPEN_REGRANT;
		return false;
	}
	if (stamp_ms(log->last) > now_ms &&
	    stamp_ms(log->last) - now_ms > LIMIT_CLOCK_AHEAD_MS) {
		*why = OPEN_CLOCK;
		return false;
	}
	/* A peer told of more than we hold: this store lost its newest deltas.
	 */
	if (log->frontier.size == 0 ||
	    (log->has_head && log->head_size != log->frontier.size)) {
		*why = OPEN_RESTORE;
		return false;
	}
	return true;
}

static enum err
log_of(struct txn *txn, const struct own_writer *writer,
    const struct space *space, struct incarnation incarnation, struct log **log)
{
	struct log_name name = {.city = writer->identity->city,
	    .author = *writer->key,
	    .space = *space,
	    .incarnation = incarnation};

	return oplog_open(txn, &name, log);
}

static void
renewal_note(struct txn *txn, const struct log *log, enum open_why why)
{
	static const char *const texts[] = {
	    [OPEN_NEW] = NULL,
	    [OPEN_RESTORE] = "this store was restored, or lost its newest "
			     "changes: it goes on in a new log",
	    [OPEN_CLONE] = "this store was copied: it goes on in a new log",
	    [OPEN_CLOCK] = "the clock had run far ahead and was set back: it "
			   "goes on in a new log",
	    [OPEN_FORK] = "a log of this node is forked: it goes on in a new "
			  "one",
	    [OPEN_REGRANT] = "another grant lets this node write now: it goes "
			     "on in a new log",
	};

	if ((size_t)why < COUNT_OF(texts) && texts[why] != NULL)
		events_put(txn, &(struct event){.kind = EVENT_OWN_LOG_RENEWED,
				    .space = log->name.space,
				    .count = 1,
				    .text = bytes_text(texts[why])});
}

static enum err
log_start(struct txn *txn, const struct own_writer *writer, struct own *own,
    const struct log *before, struct delta *open)
{
	enum err e;

	if (before != NULL && before->frontier.size > 0) {
		open->open.has_previous = true;
		open->open.previous = before->name.incarnation;
		open->open.previous_size = before->frontier.size;
		merkle_root(&before->frontier, &open->open.previous_root);
		renewal_note(txn, own->log, open->open.why);
	}
	/* Under no grant: it is root, and says so. */
	if (!open->open.has_grant && writer->rotated)
		open->open.rotation = writer->founding;
	else if (!open->open.has_grant)
		open->open.founding = writer->founding;
	e = own_append(txn, own, open, NULL, 0);
	return e == ERR_OK ? apply_judge(txn, writer->authority, own->log) : e;
}

enum err
own_append(struct txn *txn, struct own *own, struct delta *delta,
    const struct stored_body *bodies, size_t bodies_n)
{
	struct oplog_entry entry = {.bodies = bodies, .bodies_n = bodies_n};
	struct buf header = {0};
	uint64_t now_ms;
	enum err e;

	delta->format = DELTA_FORMAT;
	delta->seq = own->log->frontier.size;
	now_ms = txn->host->now_ms(txn->host->arg);
	delta->stamp = stamp_next(
	    stamp_meet(own->log->last, delta->stamp, now_ms), now_ms);
	delta->origin = own->log->origin;
	e = delta_encode(delta, &header);
	if (e == ERR_OK)
		entry.header = buf_bytes(&header);
	if (e == ERR_OK)
		e = apply_delta(txn, own->log, &entry, &own->leaf);
	own->unsigned_yet = true;
	buf_fini(&header);
	return e == ERR_OK ? e : txn_fail(txn, e);
}

enum err
own_sign(struct txn *txn, struct own *owns)
{
	for (struct own *own = owns; own != NULL; own = own->next) {
		enum err e;

		if (!own->unsigned_yet)
			continue;
		e = heads_sign(txn, own->log, own->seed, &own->leaf);
		if (e != ERR_OK)
			return txn_fail(txn, e);
		own->unsigned_yet = false;
		e = packing_keep_up(txn, own->log);
		if (e != ERR_OK)
			return e;
	}
	return ERR_OK;
}

void
own_received(struct txn *txn, const struct log *log)
{
	if (is_written(txn, log))
		own_renew(txn, OPEN_RESTORE);
}

void
own_forked(struct txn *txn, const struct log *log)
{
	if (is_written(txn, log))
		own_renew(txn, OPEN_FORK);
}

/* Is `log` one that this node would go on writing? */
static bool
is_written(struct txn *txn, const struct log *log)
{
	struct key key;
	struct own_row row;
	struct grant grant = {.fact = log->grant};

	for (int i = 0; i < 2; i++) {
		/* By its grant, or as the log of a space for changes. */
		own_key(log->space, &log->name.author,
		    i == 0 && log->has_grant ? &grant : NULL, &key);
		if (row_find(txn, &key, &row) &&
		    memcmp(&row.incarnation, &log->name.incarnation, 8) == 0)
			return row.epoch == meta_number(txn, meta_epoch);
	}
	return false;
}

void
own_renew(struct txn *txn, enum open_why why)
{
	meta_put_number(txn, meta_epoch, meta_number(txn, meta_epoch) + 1);
	meta_put_number(txn, meta_epoch_why, (uint64_t)why);
}

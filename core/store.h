#ifndef GOLMOK_CORE_STORE_H
#define GOLMOK_CORE_STORE_H

#include "core/authority.h"
#include "core/host.h"
#include "core/identity.h"
#include "core/merge.h"
#include "core/oplog.h"
#include "core/pack.h"
#include "core/root.h"

/*
 * THE DOOR of core: one replica in one directory.  What cli and net do to it
 * goes through here, inside one transaction at a time.  Everything blocks on
 * the disk; nothing waits for a network.  A store handle belongs to one thread.
 *
 * A full disk, a failed sync or a lost map leave one state: the transaction has
 * not happened, ERR_FULL or ERR_IO says so, and the next store_begin opens the
 * store anew, verifies the heads of its own logs, and goes on.
 */
struct store;

/* Opens the store `dir` for work beside other processes; `host` is borrowed
 * until store_close.  ERR_NOT_FOUND: no store there.  ERR_BUSY: locked for
 * maintenance.  ERR_VERSION: a newer format, or a pack that this program does
 * not have.  ERR_CORRUPT. */
enum err store_open(
    const char *dir, const struct host *host, struct store **store) MUST_USE;
/* As store_open, alone: ERR_BUSY while any other process has it open. */
enum err store_open_alone(
    const char *dir, const struct host *host, struct store **store) MUST_USE;
/* For core/founder.c: as store_open_alone, of a directory that holds the keys
 * and nothing else yet. */
enum err store_open_empty(
    const char *dir, const struct host *host, struct store **store) MUST_USE;
/* Aborts what is open and ends all.  NULL does nothing. */
void store_close(struct store *store);

/* This node; lives as long as the store. */
const struct identity *store_identity(const struct store *store);
const char *store_dir(const struct store *store);
/* The pack whose rules hold here; lives as long as the store.  NULL: none. */
const struct pack *store_pack(const struct store *store);
/* Does this store hold the root keys of its city, plain or unlocked? */
bool store_has_root(const struct store *store);
/* They and where they lie (core/root.h); lives as long as the store.  Between
 * transactions they may be unlocked, split and joined there. */
struct root *store_root(struct store *store);

/* For core/rebuild.c: as store_begin, also while a rebuild is not complete.
 * ERR_BUSY when the store was not opened alone. */
enum err store_begin_rebuild(struct store *store, bool write) MUST_USE;
/* A rebuild has begun, or is complete: from now on store_begin refuses, or no
 * longer does. */
void store_set_rebuilding(struct store *store, bool rebuilding);

/* Starts a transaction; none may be open.  A writer waits for other writers.
 * The first writer after opening looks whether the store was restored or
 * copied; it then goes on under new incarnations, and store_news tells.
 * ERR_CORRUPT: a rebuild was cut off and must be run again. */
enum err store_begin(struct store *store, bool write) MUST_USE;
/* Seals and signs what was written and makes it durable: only ERR_OK is a yes.
 * Ends the transaction in every case. */
enum err store_commit(struct store *store) MUST_USE;
/* Ends the transaction without what was written; fine when none is open. */
void store_abort(struct store *store);
/* The open transaction, for the functions of core that take one. */
struct txn *store_txn(struct store *store);
/* Who may do what, as of the open transaction; lives until it ends. */
enum err store_authority(
    struct store *store, const struct authority **authority) MUST_USE;
/* Why this store has begun new incarnations since it was opened: OPEN_NEW for
 * no reason at all, OPEN_RESTORE, OPEN_CLONE. */
enum open_why store_news(const struct store *store);

/* One thing to be changed in a record. */
struct store_edit {
	struct bytes field;
	enum op_code code;
	enum delta_class class;
	/* One canonical value.  OP_REMOVE: the element to take out.  OP_CLEAR:
	 * ignored. */
	struct bytes value;
};

struct store_write {
	struct space space;
	bool create;	 /* a new record */
	bool has_record; /* else a new id is drawn (create only) */
	struct record_id record;
	struct bytes collection; /* create only */
	enum delta_act act;
	const struct store_edit *edits; /* borrowed */
	size_t edits_n;
	/* What the caller was shown, from store_token; empty: as it is now. */
	struct bytes token;
	/* Write every edit, and replace every value that was shown.  A state
	 * may then become any of its values, whatever moves there are. */
	bool resolve;
	/* It says again what was written and judged before, here or elsewhere:
	 * what the pack asks of new writing alone is not asked, which are
	 * guards, moves, days of codes, what is required and what is unique. */
	bool restored;
	/* Only check: nothing is written, nor given an id. */
	bool dry;
	bool has_actor;
	struct actor_id actor;
	/* Who writes (core/staff.h), borrowed from the pack; NULL: nobody said,
	 * and nothing is asked of the role. */
	const struct pack_role *role;
};

/* Writes one change in the open write transaction.  Only what differs from what
 * the caller was shown is written; `*changed` says whether anything was, and
 * `*record` which record it is.  An edit of a register or state without a token
 * replaces the value that is shown and leaves other values standing.
 * Fields that the node fills are filled (core/match.h) and copies of what may
 * be compared are written with it (core/mirror.h).
 * ERR_DENIED: no grant lets this node write in the space, or write->role may
 * not do it.  ERR_NOT_FOUND: no such record.  ERR_EXISTS: create with an id
 * that is taken, or a value of a unique field that another record of the space
 * has.  ERR_INVALID: the edits break the pack (core/rules.h, core/guard.h) or
 * themselves.  ERR_LIMIT. */
enum err store_write(struct store *store, const struct store_write *write,
    struct record_id *record, bool *changed) MUST_USE;

/* Makes deltas of what was written so far in the open write transaction, so
 * that store_get shows it before it is durable. */
enum err store_settle(struct store *store) MUST_USE;

/* Which space the record `id` lies in; ERR_NOT_FOUND. */
enum err store_locate(struct store *store, const struct record_id *id,
    struct space *space) MUST_USE;
/* The record `id` of `space` with all values loaded, from `arena`;
 * ERR_NOT_FOUND when no counting change of it is held. */
enum err store_get(struct store *store, const struct space *space,
    const struct record_id *id, struct arena *arena,
    struct record *record) MUST_USE;
/* Appends to `token` the text that says which state of `record` was shown. */
void store_token(const struct record *record, struct buf *token);
/* The changes of a record, sorted so that parents come first, then by stamp. */
enum err store_history(struct store *store, const struct space *space,
    const struct record_id *id, struct arena *arena,
    struct merge_changes *changes) MUST_USE;

/* The id under which the actor `name` stands in headers; keeps the name in this
 * store, privately, when a write transaction is open. */
enum err store_actor(
    struct store *store, struct bytes name, struct actor_id *actor) MUST_USE;
/* The name kept for `actor`, in `arena`; empty when it is not known here. */
struct bytes store_actor_name(
    struct store *store, const struct actor_id *actor, struct arena *arena);

/* For core/publish.c: who writes facts here, root where its keys are, else this
 * node. */
struct composer;
enum err store_composer(
    struct store *store, struct composer *composer) MUST_USE;

/* Writes a fact into `authority`: as root where the root keys are, else as this
 * node, which needs `admin`.  ERR_DENIED otherwise, and for a grant beyond what
 * may be passed on.  ERR_NOT_FOUND: nobody admitted grant->member.  ERR_LIMIT:
 * one member more than LIMIT_MEMBERS. */
enum err store_admit(
    struct store *store, const struct fact_member *member) MUST_USE;
enum err store_grant(
    struct store *store, const struct fact_grant *grant) MUST_USE;

/* The next root key takes the place of the root key: a log of it begins in
 * `authority` with a record of what is held of the old one's, which counts no
 * further.  Once the open transaction is durable its file of keys follows.
 * ERR_DENIED: the root keys are not here, or not whole, or two rotations that
 * disagree leave no next key. */
enum err store_rotate(struct store *store) MUST_USE;

/* Takes a grant back.  Logs that are held and were written under it keep
 * counting as far as they are held here; when compromised only their leading
 * deltas with a stamp below `since`; logs not held here count no longer at all.
 * Of a forked log the longest branch held is named. */
struct store_revoke {
	struct ref grant;
	bool compromised;
	struct stamp since;  /* compromised only; 0: nothing stays */
	struct bytes reason; /* for people */
};
/* What a revocation amounts to at this node. */
struct store_revoked {
	size_t logs;	  /* that it names */
	uint64_t kept;	  /* their deltas before the cuts */
	uint64_t outside; /* held deltas beyond them */
};
/* Writes it into `authority`.  ERR_NOT_FOUND: no such grant.  ERR_EXISTS: it is
 * revoked already; a compromise may still follow a routine revocation.
 * ERR_DENIED: nobody that this node writes as stands above it. */
enum err store_revoke(struct store *store, const struct store_revoke *revoke,
    struct store_revoked *revoked) MUST_USE;

/* What people decide about deltas that lack rights. */
struct store_decision {
	struct space space; /* of the deltas; `authority` for facts */
	bool adopt;	    /* they shall count; else they shall stay outside */
	const struct ref *targets; /* borrowed; held, and without rights */
	size_t targets_n;
	struct bytes reason; /* for people */
};
/* Writes it into the space, in several deltas if need be; it replaces the
 * opposite decisions held about these targets, and what else those decided is
 * decided again.  ERR_EXISTS: all of it is decided so already.  ERR_NOT_FOUND,
 * ERR_INVALID: a target is not held, or counts by itself, or is of a kind that
 * nobody decides about.  ERR_DENIED: no grant gives this node `admin` there. */
enum err store_decide(
    struct store *store, const struct store_decision *decision) MUST_USE;

#endif

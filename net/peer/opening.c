/*
 * How two nodes find out what they owe each other: who the peer is, which logs
 * both may have, whether they agree already, and if not, their clocks.  Comes
 * before net/peer/sender.c has anything to send, and again when rights change.
 */
#include "net/peer/opening.h"

#include <stdlib.h>
#include <string.h>

#include "core/feed.h"
#include "core/pack.h"
#include "net/peer/branch.h"
#include "net/peer/flow.h"

static enum err judge(
    struct talk *talk, const struct authority *authority) MUST_USE;
static bool is_root(
    const struct authority *authority, const struct sign_key *key);
static enum err refused_ask(
    struct talk *talk, const struct authority *authority) MUST_USE;
static enum err ask_anew(struct talk *talk, const struct log_id *id) MUST_USE;
static enum err share_all(
    struct talk *talk, const struct authority *authority) MUST_USE;
static void renamed(struct ledger_log *old, struct ledger_log *now);
static enum err beliefs_take(struct talk *talk) MUST_USE;
static enum err belief_list(
    struct talk *talk, bool told, struct clock_list *list) MUST_USE;
static enum err hello_send(struct talk *talk) MUST_USE;
static enum err clocks_send(struct talk *talk) MUST_USE;
static void clock_tell(struct talk *talk, const struct clock_list *list);
static enum err clock_list(
    struct talk *talk, bool news, struct clock_list *list) MUST_USE;
static enum err live_begin(
    struct talk *talk, const struct authority *authority) MUST_USE;

static bool both_may(const struct talk *talk, const struct authority *authority,
    const struct log_name *name);

enum err
opening_begin(struct talk *talk)
{
	const struct authority *authority;
	enum err e = store_authority(talk->store, &authority);

	talk->peer = *channel_peer(talk->channel);
	talk->has_peer = true;
	/* Who joins may hold a part of `authority` from a run that was cut off,
	 * and not yet the root of now, nor who this is. */
	talk->newcomer = !authority->founded || talk->has_root;
	talk->is_stranger = talk->newcomer;
	if (e == ERR_OK && !talk->newcomer)
		e = judge(talk, authority);
	if (e != ERR_OK)
		return e;
	talk->authority_version = authority->version;
	talk->feed_at = feed_last(store_txn(talk->store));
	talk->met = true;
	e = share_all(talk, authority);
	if (e == ERR_OK)
		e = beliefs_take(talk);
	if (e == ERR_OK)
		e = hello_send(talk);
	talk->state = TALK_HELLO;
	return e;
}

enum err
opening_go_on(struct talk *talk, const struct authority *authority)
{
	enum err e = ERR_OK;

	if (memcmp(&authority->version, &talk->authority_version, 32) != 0) {
		if (!talk->newcomer)
			e = judge(talk, authority);
		if (e == ERR_OK)
			e = share_all(talk, authority);
		if (e == ERR_OK)
			e = refused_ask(talk, authority);
		talk->authority_version = authority->version;
	}
	/* Who the peer is shows when all of `authority` has come. */
	if (e == ERR_OK && talk->newcomer && talk->idle_heard) {
		talk->newcomer = false;
		e = judge(talk, authority);
	}
	if (e == ERR_OK && talk->state == TALK_CLOCKS && !talk->clock_sent)
		e = clocks_send(talk);
	if (e == ERR_OK && talk->state == TALK_CLOCKS && talk->clock_heard)
		e = live_begin(talk, authority);
	return e;
}

/* Somebody who holds nothing of the city yet talks to whoever claims to be of
 * it: what comes is verified from the city's id down. */
static enum err
judge(struct talk *talk, const struct authority *authority)
{
	const struct member *member = authority_member(authority, &talk->peer);
	enum err e = ERR_OK;

	talk->is_stranger = member == NULL;
	if (!authority->founded)
		return ERR_OK;
	if (talk->has_root && !is_root(authority, &talk->root))
		e = err_set(ERR_DENIED,
		    "this city has another root key than the token says: the "
		    "token is not from it, or was tampered with");
	else if (member == NULL || !member->counts)
		e = err_set(ERR_DENIED,
		    "the peer's key is not one of a member of this city: admit "
		    "it first");
	else if (member->compromised)
		e = err_set(ERR_DENIED,
		    "the peer's key is in other hands, says the revocation of "
		    "its grants: no session with it");
	if (e != ERR_OK)
		talk_note(talk, EVENT_PEER_REFUSED, NULL, err_text());
	return e;
}

/* Is `key` the root key of the city, or was it? */
static bool
is_root(const struct authority *authority, const struct sign_key *key)
{
	for (size_t i = 0; i < authority->roots_n; i++) {
		if (memcmp(&authority->roots[i].key, key, sizeof(*key)) == 0)
			return true;
	}
	return memcmp(&authority->root, key, sizeof(*key)) == 0;
}

/* Runs that we refused may be ours to have now.  Of the others not even that
 * there is something here is said. */
static enum err
refused_ask(struct talk *talk, const struct authority *authority)
{
	size_t left = 0;
	enum err e = ERR_OK;

	for (size_t i = 0; i < talk->refused_n && e == ERR_OK; i++) {
		const struct talk_refused *refused = &talk->refused[i];

		if (both_may(talk, authority, &refused->name))
			e = ask_anew(talk, &refused->id);
		else
			talk->refused[left++] = *refused;
	}
	talk->refused_n = left;
	return e;
}

static enum err
ask_anew(struct talk *talk, const struct log_id *id)
{
	struct ledger_log *entry = ledger_find(&talk->ledger, id);
	struct msg_entry now = {.log = *id};
	struct msg msg = {.type = MSG_CLOCK,
	    .u.clock = {.again = true, .n = 1, .entries = &now}};
	struct log *log = NULL;
	enum err e = ERR_OK;

	if (entry != NULL) {
		ledger_none(entry, &now);
		e = branch_local(talk, entry, &log);
	}
	if (e == ERR_OK && log != NULL)
		clock_entry(log, &talk->peer, &now);
	/* The peer will say anew that it has no more: this answered first. */
	talk->idle_heard = false;
	return e == ERR_OK ? talk_send(talk, &msg) : e;
}

/* Is the log `name` one that both may speak of: do both have a right in its
 * space, or has one, and the other is the log's author? */
static bool
both_may(const struct talk *talk, const struct authority *authority,
    const struct log_name *name)
{
	struct clock_depth mine;
	struct clock_depth theirs;

	if (id_is_authority(&name->space))
		return true;
	clock_depth(authority, &talk->me, &name->space, &mine);
	clock_depth(authority, &talk->peer, &name->space, &theirs);
	if (mine.any && theirs.any)
		return true;
	return (mine.any && memcmp(&name->author, &talk->peer,
				sizeof(name->author)) == 0) ||
	       (theirs.any &&
		   memcmp(&name->author, &talk->me, sizeof(name->author)) == 0);
}

/* Marks every log here as shared or not, by the rights of now. */
static enum err
share_all(struct talk *talk, const struct authority *authority)
{
	struct txn *txn = store_txn(talk->store);
	struct space_state **spaces;
	size_t spaces_n;
	enum err e = space_all(txn, &spaces, &spaces_n);

	reach_clear(&talk->reach);
	hidden_clear(&talk->hidden);
	for (size_t i = 0; i < spaces_n && e == ERR_OK; i++) {
		struct log **logs;
		size_t n;

		e = oplog_all(txn, spaces[i], &logs, &n);
		for (size_t k = 0; k < n && e == ERR_OK; k++)
			e = opening_share(talk, authority, logs[k]);
	}
	return e;
}

/* As both_may, without working out again what a space allows. */
static bool
shares_log(
    struct talk *talk, const struct authority *authority, const struct log *log)
{
	struct reach_pair pair = {
	    .authority = authority, .me = &talk->me, .peer = &talk->peer};

	if (id_is_authority(&log->name.space) ||
	    reach_has(&talk->reach, &pair, log->space))
		return true;
	return (memcmp(&log->name.author, &talk->peer, sizeof(talk->peer)) ==
		       0 ||
		   memcmp(&log->name.author, &talk->me, sizeof(talk->me)) ==
		       0) &&
	       both_may(talk, authority, &log->name);
}

enum err
opening_news(struct talk *talk, const struct authority *authority,
    const struct news_log *news, bool *concerns)
{
	*concerns = shares_log(talk, authority, news->log);
	return *concerns || news->is_new
		   ? opening_share(talk, authority, news->log)
		   : ERR_OK;
}

enum err
opening_meet(struct talk *talk, struct ledger_log *entry)
{
	struct log *log;
	enum err e = hidden_find(
	    &talk->hidden, store_txn(talk->store), &entry->id, &log);

	if (log == NULL || memcmp(&log->trunk, &entry->trunk, 16) != 0)
		return e;
	entry->is_local = true;
	entry->no = log->no;
	return e;
}

enum err
opening_share(
    struct talk *talk, const struct authority *authority, const struct log *log)
{
	struct ledger_log *entry;
	struct ledger_log *tip;
	bool shares = shares_log(talk, authority, log);
	enum err e;

	if (!shares && ledger_find(&talk->ledger, &log->id) == NULL)
		return hidden_add(&talk->hidden, store_txn(talk->store), log);
	e = ledger_get_tip(&talk->ledger, &log->id, &log->trunk, &entry);
	if (e != ERR_OK)
		return e;
	tip = ledger_trunk(&talk->ledger, entry);
	for (; tip != NULL && !entry->is_local;
	     tip = ledger_next(&talk->ledger, tip))
		if (tip->is_local && tip->no.v == log->no.v)
			renamed(tip, entry);
	entry->is_local = true;
	entry->no = log->no;
	entry->is_authority = id_is_authority(&log->name.space);
	entry->is_urgent = pack_is_urgent(
	    store_pack(talk->store), &log->name.space);
	entry->is_shared = shares;
	if (entry->is_shared && talk->state == TALK_LIVE)
		ledger_queue(&talk->ledger, entry);
	if (!oplog_is_branch(log))
		return ERR_OK;
	/* Where one branch grows or gets a name, others may be affected. */
	tip = ledger_trunk(&talk->ledger, entry);
	for (; tip != NULL; tip = ledger_next(&talk->ledger, tip)) {
		tip->is_compared = false;
		tip->is_matched = false;
		if (tip->no.v > 0 && !tip->is_local && tip->told.size > 0 &&
		    tip->is_shared && talk->state == TALK_LIVE)
			ledger_queue(&talk->ledger, tip);
	}
	return ERR_OK;
}

/* What was held as `old` has another id now, and nothing has the old one.  What
 * the peer was sent of it, it was sent; but of bodies that it was only guessed
 * to have, as it had the headers by another name, it says now what it has. */
static void
renamed(struct ledger_log *old, struct ledger_log *now)
{
	now->sent = old->sent;
	if (!old->is_foreign || now->peer.size == 0) {
		now->sent_held = old->sent_held;
		now->sent_kept = old->sent_kept;
		memcpy(now->sent_open, old->sent_open, sizeof(now->sent_open));
	}
	now->is_split = old->is_split;
	now->is_based = old->is_based;
	now->base = old->base;
	old->is_local = false;
}

/* What the last session left: what the peer has, and what it knows of us. */
static enum err
beliefs_take(struct talk *talk)
{
	struct txn *txn = store_txn(talk->store);
	struct clock_list list;
	enum err e = clock_beliefs(txn, &talk->peer, &txn->arena, &list);

	if (e == ERR_OK)
		e = belief_list(talk, false, &list);
	if (e != ERR_OK)
		return e;
	clock_digest(list.entries, list.n, talk->hello.yours);
	e = clock_told(txn, &talk->peer, &txn->arena, &list);
	if (e == ERR_OK)
		e = belief_list(talk, true, &list);
	if (e == ERR_OK)
		clock_digest(list.entries, list.n, talk->told_digest);
	return e;
}

/* Enters what was believed (or told) and may still be spoken of, and leaves
 * that alone in `list`. */
static enum err
belief_list(struct talk *talk, bool told, struct clock_list *list)
{
	struct ledger *ledger = &talk->ledger;
	size_t n = 0;

	for (size_t i = 0; i < list->n; i++) {
		const struct msg_entry *said = &list->entries[i];
		struct ledger_log *entry;
		struct log *log;
		enum err e = hidden_find(
		    &talk->hidden, store_txn(talk->store), &said->log, &log);

		if (e == ERR_OK && log != NULL)
			continue;
		if (e == ERR_OK)
			e = ledger_get_tip(
			    ledger, &said->log, msg_entry_trunk(said), &entry);
		/* What it once said, and we know better by now, must not keep
		 * us from hearing what it says today. */
		if (e == ERR_MALFORMED || e == ERR_LIMIT)
			continue;
		if (e != ERR_OK)
			return e;
		if (entry->is_local && !entry->is_shared)
			continue;
		if (told)
			ledger_tell(ledger, entry, said);
		else
			ledger_heard(ledger, entry, said, true);
		entry->is_theirs = entry->is_theirs || !told;
		ledger->dirty_n -= entry->is_dirty;
		entry->is_dirty = false;
		list->entries[n++] = *said;
	}
	list->n = n;
	return ERR_OK;
}

static int
entry_order(const void *a, const void *b)
{
	const struct msg_entry *left = a;
	const struct msg_entry *right = b;

	return memcmp(&left->log, &right->log, sizeof(left->log));
}

/* What we have of all shared logs, sorted; with `news` only what the peer does
 * not know, of logs of which there is nothing any more too. */
static enum err
clock_list(struct talk *talk, bool news, struct clock_list *list)
{
	struct txn *txn = store_txn(talk->store);
	struct ledger *ledger = &talk->ledger;

	list->n = 0;
	list->entries = arena_array(
	    &txn->arena, ledger->n, sizeof(*list->entries));
	for (size_t i = 0; i < ledger->size; i++) {
		struct ledger_log *entry = &ledger->logs[i];
		struct msg_entry now;
		struct log *log;
		enum err e;

		entry->is_ours = false;
		if (!entry->used || (entry->is_local && !entry->is_shared))
			continue;
		e = branch_local(talk, entry, &log);
		if (e != ERR_OK)
			return e;
		ledger_none(entry, &now);
		if (log != NULL && log->frontier.size > 0)
			clock_entry(log, &talk->peer, &now);
		entry->is_ours = now.size > 0;
		if (news ? !msg_entry_equal(&now, &entry->told) : now.size > 0)
			list->entries[list->n++] = now;
	}
	if (list->n > 0)
		qsort(list->entries, list->n, sizeof(*list->entries),
		    entry_order);
	return ERR_OK;
}

static enum err
hello_send(struct talk *talk)
{
	struct msg msg = {.type = MSG_HELLO};
	struct clock_list list;
	enum err e = clock_list(talk, false, &list);

	if (e != ERR_OK)
		return e;
	talk->hello.version = MSG_VERSION;
	clock_digest(list.entries, list.n, talk->hello.mine);
	msg.u.hello = talk->hello;
	return talk_send(talk, &msg);
}

/* Each direction for itself: does the receiver know it already? */
void
opening_compare(struct talk *talk)
{
	const struct msg_hello *theirs = &talk->their_hello;
	const struct msg_hello *ours = &talk->hello;

	talk->state = TALK_CLOCKS;
	talk->clock_heard = memcmp(theirs->mine, ours->yours,
				MSG_DIGEST_SIZE) == 0;
	talk->clock_sent = memcmp(theirs->yours, ours->mine, MSG_DIGEST_SIZE) ==
			   0;
	talk->whole = !talk->clock_sent &&
		      memcmp(theirs->yours, talk->told_digest,
			  MSG_DIGEST_SIZE) != 0;
	talk->agreed = talk->clock_heard && talk->clock_sent;
	if (talk->agreed &&
	    memcmp(theirs->mine, ours->mine, MSG_DIGEST_SIZE) == 0) {
		talk->idle_sent = true;
		talk->idle_heard = true;
	}
	opening_number(talk);
}

void
opening_forget(struct talk *talk)
{
	struct ledger *ledger = &talk->ledger;

	talk->forget = true;
	ledger->dirty_n = 0;
	for (size_t i = 0; i < ledger->size; i++) {
		struct ledger_log *entry = &ledger->logs[i];
		struct msg_entry none;

		if (!entry->used)
			continue;
		ledger_none(entry, &none);
		ledger_heard(ledger, entry, &none, true);
		entry->is_known = false;
		entry->is_theirs = false;
	}
	/* What the peer was told is written down anew. */
	ledger->dirty_n = 0;
	for (size_t i = 0; i < ledger->size; i++) {
		struct ledger_log *entry = &ledger->logs[i];

		entry->is_dirty = entry->used && entry->told.size > 0;
		ledger->dirty_n += entry->is_dirty;
	}
}

void
opening_number(struct talk *talk)
{
	if (talk->numbered || !talk->clock_sent || !talk->clock_heard)
		return;
	ledger_number(&talk->ledger, &talk->names);
	talk->numbered = true;
}

/* Says our clock, or what of it the peer does not know. */
static enum err
clocks_send(struct talk *talk)
{
	struct clock_list list;
	size_t at = 0;
	enum err e = clock_list(talk, !talk->whole, &list);

	if (e != ERR_OK)
		return e;
	do {
		struct msg msg = {.type = MSG_CLOCK};
		size_t left = list.n - at;

		msg.u.clock.n = left < MSG_ENTRIES_MAX ? left : MSG_ENTRIES_MAX;
		msg.u.clock.entries = list.entries + at;
		msg.u.clock.whole = talk->whole && at == 0;
		at += msg.u.clock.n;
		msg.u.clock.last = at == list.n;
		e = talk_send(talk, &msg);
	} while (at < list.n && e == ERR_OK);
	talk->clock_sent = true;
	clock_tell(talk, &list);
	opening_number(talk);
	return e;
}

/* That the peer knows what of our clock is in `list`, and of all else what it
 * knew; after a whole one nothing else. */
static void
clock_tell(struct talk *talk, const struct clock_list *list)
{
	struct ledger *ledger = &talk->ledger;

	for (size_t i = 0; i < ledger->size && talk->whole; i++) {
		struct ledger_log *entry = &ledger->logs[i];
		struct msg_entry none;

		if (!entry->used || entry->is_ours || entry->told.size == 0)
			continue;
		ledger_none(entry, &none);
		ledger_tell(ledger, entry, &none);
	}
	for (size_t i = 0; i < list->n; i++)
		ledger_tell(ledger, ledger_find(ledger, &list->entries[i].log),
		    &list->entries[i]);
}

/* From now on whatever the peer lacks is sent; says how much that is. */
static enum err
live_begin(struct talk *talk, const struct authority *authority)
{
	struct ledger *ledger = &talk->ledger;

	talk->state = TALK_LIVE;
	for (size_t i = 0; i < ledger->size; i++) {
		struct ledger_log *entry = &ledger->logs[i];
		struct flow_step step;
		enum err e;

		if (!entry->used || !entry->is_shared)
			continue;
		ledger_queue(ledger, entry);
		e = flow_look(talk, authority, entry, &step);
		if (e != ERR_OK)
			return e;
	}
	return flow_state(talk);
}

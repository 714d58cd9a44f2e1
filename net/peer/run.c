/*
 * Runs that a peer begins: whose they are, whether we take them, and what is
 * said when they lead nowhere.  net/peer/receiver.c hands them over, and takes
 * their chunks.
 */
#include "net/peer/run.h"

#include <string.h>

#include "core/accept.h"
#include "net/peer/ack.h"
#include "net/peer/branch.h"
#include "proto/mem.h"

enum {
	/* Runs with a gap that one session may bring: each is answered. */
	GAPS_MAX = 1000,
};

static enum err run_name(struct talk *talk, struct msg_run *run) MUST_USE;
static enum err run_allow(
    struct talk *talk, const struct msg_run *run) MUST_USE;
static enum err run_judge(struct talk *talk) MUST_USE;
static enum err run_place(
    struct talk *talk, const struct msg_run *run) MUST_USE;

bool
run_accept(const struct talk *talk, const struct authority *authority,
    const struct log_name *name, struct intake_accept *accept)
{
	struct accept_from from = {.authority = authority,
	    .me = &talk->me,
	    .peer = &talk->peer,
	    .backup = &talk->backup};

	return accept_of(&from, name, accept);
}

enum err
run_take(struct talk *talk, const struct msg_run *run)
{
	struct talk_receiving *in = &talk->receiving;
	struct ledger_log *entry;
	struct hash origin;
	enum err e;

	if (in->waiting)
		return err_set(
		    ERR_MALFORMED, "a run begins where bodies are due");
	arena_reset(&in->arena);
	in->open = true;
	in->dropped = false;
	in->run = *run;
	in->next = run->from;
	in->near = (struct log_no){0};
	e = run_name(talk, &in->run);
	if (e != ERR_OK)
		return e;
	id_log(&in->run.name, &origin, &in->log);
	if (memcmp(msg_entry_trunk(&run->entry), &in->log, sizeof(in->log)) !=
	    0)
		return err_set(
		    ERR_MALFORMED, "a run whose clock entry is of another log");
	e = ledger_get_tip(&talk->ledger, &run->entry.log, &in->log, &entry);
	/* Without its root it is judged with the chunk that has it. */
	if (e != ERR_OK || run->rootless)
		return e;
	return run_judge(talk);
}

/* The name of its log, which who was told of it leaves out.  Nobody finds out
 * by that what is here. */
static enum err
run_name(struct talk *talk, struct msg_run *run)
{
	const struct ledger_log *entry = ledger_find(
	    &talk->ledger, &run->entry.log);
	struct log *log;
	enum err e = ERR_OK;

	if (run->nameless && (entry == NULL || entry->no.v == 0 ||
				 (!entry->is_shared && entry->told.size == 0)))
		return err_set(
		    ERR_MALFORMED, "a run of a log that was never named");
	if (run->nameless)
		e = oplog_by_no(store_txn(talk->store), entry->no, &log);
	if (run->nameless && e == ERR_OK)
		run->name = log->name;
	run->name.city = store_identity(talk->store)->city;
	return e;
}

/* May it be taken, and what follows from its head? */
static enum err
run_judge(struct talk *talk)
{
	struct talk_receiving *in = &talk->receiving;
	enum err e = run_place(talk, &in->run);

	if (e == ERR_FORKED)
		e = branch_prove(talk, &in->run);
	if (e == ERR_OK)
		ledger_heard(&talk->ledger,
		    ledger_find(&talk->ledger, &in->run.entry.log),
		    &in->run.entry, false);
	return e == ERR_DENIED || e == ERR_LIMIT ? run_drop(talk, e) : e;
}

enum err
run_root(struct talk *talk, const struct msg_chunk *chunk)
{
	struct talk_receiving *in = &talk->receiving;
	struct msg_run *run = &in->run;
	bool found;
	enum err e = run_allow(talk, run);

	/* What is held shows in the answer. */
	if (e == ERR_DENIED)
		return run_drop(talk, e);
	if (e != ERR_OK)
		return e;
	if (chunk->n != run->head_size - run->from || chunk->proof.n > 0)
		return err_set(ERR_MALFORMED,
		    "a run that neither says the root of its head nor ends "
		    "with it");
	e = intake_root(
	    store_txn(talk->store), run, chunk, &run->head_root, &found);
	if (e == ERR_OK && !found)
		return run_gap(talk);
	if (e != ERR_OK)
		return e;
	if (run->whole)
		msg_run_whole(run);
	e = run_judge(talk);
	/* Of what it took us to have we may have something else by now. */
	return e == ERR_MALFORMED ? run_doubt(talk) : e;
}

enum err
run_drop(struct talk *talk, enum err why)
{
	struct talk_receiving *in = &talk->receiving;

	in->dropped = true;
	talk->dropped++;
	/* Who knows nothing of the city yet cannot judge. */
	if (!talk->newcomer)
		talk_note(
		    talk, EVENT_PUSH_REFUSED, &in->run.name.space, err_text());
	if (why != ERR_DENIED || talk->refused_n == TALK_REFUSED_MAX)
		return ERR_OK;
	for (size_t i = 0; i < talk->refused_n; i++) {
		if (memcmp(&talk->refused[i].id, &in->run.entry.log, 16) == 0)
			return ERR_OK;
	}
	mem_room(&talk->refused, &talk->refused_room, talk->refused_n + 1,
	    sizeof(*talk->refused));
	talk->refused[talk->refused_n++] = (struct talk_refused){
	    .id = in->run.entry.log, .name = in->run.name};
	return ERR_OK;
}

enum err
run_deny(const struct msg_run *run)
{
	return err_set(ERR_DENIED,
	    "the peer sends '%s', which one of us may not have",
	    run->name.space.text);
}

/* ERR_DENIED, ERR_LIMIT: the run is not taken.  ERR_FORKED: it is, and shows
 * that the log is forked. */
static enum err
run_place(struct talk *talk, const struct msg_run *run)
{
	const struct authority *authority;
	struct log_id log;
	enum err e = run_allow(talk, run);

	if (e == ERR_OK)
		e = store_authority(talk->store, &authority);
	return e == ERR_OK
		   ? intake_run(store_txn(talk->store), authority, run, &log)
		   : e;
}

/* ERR_DENIED: one of both may not have it. */
static enum err
run_allow(struct talk *talk, const struct msg_run *run)
{
	const struct authority *authority;
	struct intake_accept accept;
	enum err e = store_authority(talk->store, &authority);

	if (e == ERR_OK && !run_accept(talk, authority, &run->name, &accept))
		e = run_deny(run);
	return e;
}

enum err
run_gap(struct talk *talk)
{
	struct talk_receiving *in = &talk->receiving;

	if (in->gaps_n++ > GAPS_MAX)
		return err_set(ERR_MALFORMED,
		    "the peer sends runs with gaps, again and again");
	in->dropped = true;
	talk->again = in->log;
	talk->has_again = true;
	branch_touch(talk, &in->log);
	return ERR_OK;
}

enum err
run_doubt(struct talk *talk)
{
	struct talk_receiving *in = &talk->receiving;
	struct ledger_log *entry = ledger_find(&talk->ledger, &in->log);

	if (entry->is_doubted)
		return err_set(ERR_MALFORMED,
		    "the peer sends headers of a log in '%s' that do not lead "
		    "to their signed head",
		    in->run.name.space.text);
	entry->is_doubted = true;
	in->dropped = true;
	talk->dropped++;
	talk->again = in->log;
	talk->has_again = true;
	branch_touch(talk, &in->log);
	return ERR_OK;
}

/*
 * The order and the measure of what goes to a peer.  net/peer/sender.c asks at
 * each step; the rows of budgets are core/clock.c's.  Sends no data itself.
 */
#include "net/peer/flow.h"

#include "core/weigh.h"
#include "net/peer/branch.h"

enum {
	/* Deltas of one log that are weighed to reckon what all of it weighs.
	 */
	SAMPLES = 4,
	/* An error of less than this in what was stated is not worth a word. */
	STATED_SLACK_BYTES = 64 * 1024,
};

static uint64_t lacking(const struct log *log, const struct ledger_log *entry,
    const struct clock_depth *depth);
static uint64_t owed(const struct log *log, const struct ledger_log *entry,
    const struct clock_depth *depth);
static enum ledger_class class_of(
    const struct talk *talk, const struct ledger_log *entry, uint64_t more);
static enum err weigh(struct talk *talk, const struct log *log,
    struct ledger_log *entry, const struct clock_depth *depth) MUST_USE;
static void left_set(
    struct talk *talk, struct ledger_log *entry, uint64_t left);

enum err
flow_look(struct talk *talk, const struct authority *authority,
    struct ledger_log *entry, struct flow_step *step)
{
	struct clock_depth depth;
	struct log *log = NULL;
	uint64_t left = 0;
	uint64_t more = 0;
	enum err e = ERR_OK;

	if (entry->is_shared)
		e = branch_local(talk, entry, &log);
	if (e == ERR_OK && log != NULL)
		e = branch_compare(talk, log, entry);
	if (e != ERR_OK)
		return e;
	if (log != NULL) {
		clock_log_depth(authority, &talk->peer, &log->name, &depth);
		left = lacking(log, entry, &depth);
		more = owed(log, entry, &depth);
	}
	/* One of few deltas is weighed once, one of many again when it grew. */
	if (left > 0 && (entry->one_bytes == 0 ||
			    (left > FLOW_NEWS_MAX && left / 2 > entry->left)))
		e = weigh(talk, log, entry, &depth);
	left_set(talk, entry, left);
	talk->flow.owed += more - entry->owed;
	entry->owed = more;
	step->is_data = left + more > 0;
	step->class = class_of(talk, entry, more);
	return e;
}

/* The class of the next step for a log that lacks entry->left headers and, of
 * those that the peer has, `more` bodies. */
static enum ledger_class
class_of(const struct talk *talk, const struct ledger_log *entry, uint64_t more)
{
	bool held = flow_end(talk) == LEDGER_HISTORY;
	uint64_t left = entry->left;

	if (entry->is_authority)
		return LEDGER_AUTHORITY;
	if (entry->is_urgent && (left > 0 || more <= FLOW_NEWS_MAX))
		return LEDGER_URGENT;
	if (left > FLOW_NEWS_MAX || entry->left_bytes > FLOW_NEWS_BYTES)
		return LEDGER_HISTORY;
	if (left == 0 && more > FLOW_NEWS_MAX)
		return LEDGER_HISTORY;
	return held && left + more > 0 ? LEDGER_HISTORY : LEDGER_NEWS;
}

/* Headers that the peer lacks and will get. */
static uint64_t
lacking(const struct log *log, const struct ledger_log *entry,
    const struct clock_depth *depth)
{
	bool goes = depth->any && log->has_head && !entry->is_split &&
		    log->frontier.size > entry->sent;

	return goes ? log->frontier.size - entry->sent : 0;
}

/* Deltas that the peer has, of which bodies or wraps are still to be looked
 * for: the most of any kind. */
static uint64_t
owed(const struct log *log, const struct ledger_log *entry,
    const struct clock_depth *depth)
{
	uint64_t most = 0;

	if (entry->is_split || entry->is_foreign)
		return 0;
	for (unsigned class = 0; class <= CLASS_COUNT + 1; class ++) {
		bool may = depth->hold;
		uint64_t from = entry->sent_kept;
		uint64_t to = log->wrapped;

		if (class < CLASS_COUNT) {
			may = (depth->classes >> class & 1) != 0;
			from = entry->sent_open[class];
			to = log->open[class];
		} else if (class == CLASS_COUNT) {
			from = entry->sent_held;
			to = log->held;
		}
		if (to > entry->sent)
			to = entry->sent;
		if (may && to > from && to - from > most)
			most = to - from;
	}
	return most;
}

/* The weight of one delta among those that the peer lacks, by a few of them. */
static enum err
weigh(struct talk *talk, const struct log *log, struct ledger_log *entry,
    const struct clock_depth *depth)
{
	struct weight weight;
	enum err e = weigh_log(
	    store_txn(talk->store), log, entry->sent, SAMPLES, &weight);

	if (e == ERR_OK)
		entry->one_bytes = weigh_one(&weight, depth);
	return e;
}

static void
left_set(struct talk *talk, struct ledger_log *entry, uint64_t left)
{
	struct talk_flow *flow = &talk->flow;
	uint64_t bytes = left * entry->one_bytes;

	flow->left += left - entry->left;
	flow->left_bytes += bytes - entry->left_bytes;
	entry->left = left;
	entry->left_bytes = bytes;
}

/* Is `now` so much more or less than `said` that it is worth saying? */
static bool
is_off(uint64_t now, uint64_t said, uint64_t slack)
{
	uint64_t off = now > said ? now - said : said - now;

	return off > slack && off > said / 2;
}

enum err
flow_state(struct talk *talk)
{
	struct talk_flow *flow = &talk->flow;
	struct msg msg = {.type = MSG_TOTAL,
	    .u.total = {.deltas = flow->left, .bytes = flow->left_bytes}};
	uint64_t said = 0;
	uint64_t said_bytes = 0;

	if (flow->stated > talk->deltas_out)
		said = flow->stated - talk->deltas_out;
	if (flow->stated_bytes > talk->debt_bytes)
		said_bytes = flow->stated_bytes - talk->debt_bytes;
	/* The first word comes before anything else. */
	if (flow->left == 0 ||
	    (flow->stated > 0 && !is_off(flow->left, said, FLOW_NEWS_MAX) &&
		!is_off(flow->left_bytes, said_bytes, STATED_SLACK_BYTES)))
		return ERR_OK;
	flow->stated = talk->deltas_out + flow->left;
	flow->stated_bytes = talk->debt_bytes + flow->left_bytes;
	return talk_send(talk, &msg);
}

/* On the wire, with what is made and waits. */
static uint64_t
wire_bytes(const struct talk *talk)
{
	struct channel_count count;

	channel_count(talk->channel, &count);
	return count.out_bytes + channel_queued(talk->channel);
}

static uint64_t
quota_used(const struct talk *talk)
{
	return wire_bytes(talk) - talk->flow.quota_from_bytes;
}

static uint64_t
quota_today(const struct talk *talk)
{
	return talk->host->now_ms(talk->host->arg) / QUOTA_DAY_MS;
}

bool
flow_admits(struct talk *talk, const struct flow_step *step)
{
	struct talk_flow *flow = &talk->flow;

	if (!step->is_data || step->class <= LEDGER_URGENT ||
	    quota_admits(&flow->quota, quota_today(talk), quota_used(talk)))
		return true;
	flow->asks = !quota_is_spent(&flow->quota, quota_today(talk));
	return false;
}

enum ledger_class
flow_end(const struct talk *talk)
{
	const struct quota *quota = &talk->flow.quota;

	if (quota->day_bytes > 0 && quota_is_spent(quota, quota_today(talk)))
		return LEDGER_HISTORY;
	return LEDGER_CLASSES;
}

bool
flow_holds(const struct talk *talk)
{
	return flow_end(talk) < LEDGER_CLASSES &&
	       (talk->flow.left > 0 ||
		   talk->ledger.queues[LEDGER_HISTORY].n > 0);
}

enum err
flow_grant(struct talk *talk)
{
	struct talk_flow *flow = &talk->flow;
	struct txn *txn = store_txn(talk->store);
	struct clock_spent row;
	struct buf text = {0};
	enum err e;

	if (!flow->asks)
		return ERR_OK;
	e = clock_spent_get(txn, &talk->peer, &row);
	if (e != ERR_OK)
		return e;
	flow->grants = true;
	flow->quota_before = flow->quota;
	flow->quota_before_bytes = flow->quota_from_bytes;
	quota_grant(&flow->quota, quota_today(talk), quota_used(talk), &row);
	flow->quota_from_bytes = wire_bytes(talk);
	flow->asks = false;
	if (flow->quota.is_spent && !row.noted) {
		row.noted = true;
		buf_add_format(&text,
		    "the %llu bytes that it may get in a day are used up: all "
		    "but authority and urgent spaces waits for tomorrow, UTC",
		    (unsigned long long)flow->quota.day_bytes);
		talk_note(talk, EVENT_BUDGET_USED, NULL, buf_text(&text));
		buf_fini(&text);
	}
	clock_spent_put(txn, &talk->peer, &row);
	return kv_failed(txn->kv);
}

void
flow_granted(struct talk *talk, bool durable)
{
	struct talk_flow *flow = &talk->flow;

	/* What the row did not take in is still to be counted. */
	if (flow->grants && !durable) {
		flow->quota = flow->quota_before;
		flow->quota_from_bytes = flow->quota_before_bytes;
	}
	flow->grants = false;
}

void
flow_leave(struct talk *talk)
{
	struct quota *quota = &talk->flow.quota;
	struct channel_count count;
	uint64_t used = 0;

	/* A channel that failed had sent what it had sent. */
	if (quota->day_bytes == 0 || !talk->has_peer)
		return;
	flow_granted(talk, false);
	/* It asked for no grant, and yet said something. */
	if (quota->day == 0)
		quota->day = quota_today(talk);
	/* What waits to be sent never will be. */
	channel_count(talk->channel, &count);
	if (count.out_bytes > talk->flow.quota_from_bytes)
		used = count.out_bytes - talk->flow.quota_from_bytes;
	if (used == 0 && quota->granted == 0)
		return;
	notes_grant(&talk->notes, &(struct note_grant){.peer = talk->peer,
				      .day = quota->day,
				      .granted = quota->granted,
				      .used = used});
	quota->granted = 0;
	talk->flow.quota_from_bytes = count.out_bytes;
}

/*
 * The events of a node, for those who run it.  net/peer/notes.c brings what
 * sessions noticed, core/forks.c, core/own.c and core/apply.c what happened
 * here.  Decides nothing: no rule ever reads an event.
 */
#include "core/events.h"

#include <string.h>

#include "core/feed.h"
#include "core/gap.h"
#include "proto/text.h"

enum {
	/* kind, stranger, times, count, peer, length of the space */
	FIXED_SIZE = 1 + 1 + 8 + 8 + 8 + 32 + 1,
};

/* What is there already, as far as one event is concerned. */
struct survey {
	const struct event *event;
	uint64_t all_n;
	uint64_t share_n;
	bool is_known; /* the same event stands there: */
	struct event known;
	uint64_t oldest; /* of all; 0: none */
	uint64_t share_oldest;
	uint64_t last;
};

static void survey_make(
    struct txn *txn, const struct event *event, struct survey *survey);
static void survey_add(
    struct survey *survey, uint64_t number, const struct event *there);
static bool event_get(struct bytes in, struct event *event);
static void event_put(struct txn *txn, const struct event *event);
static void event_del(struct txn *txn, uint64_t number);
static void fact_note(struct txn *txn, const struct authority *authority,
    const struct feed_entry *news);

void
events_put(struct txn *txn, const struct event *event)
{
	struct event added = *event;
	struct survey survey;

	assert(event->kind > 0 && event->kind < EVENT_KINDS);
	assert(event->count > 0);
	if (added.text.n > LIMIT_EVENT_TEXT)
		added.text = bytes_first(added.text, LIMIT_EVENT_TEXT);
	added.text = bytes_first(added.text, text_utf8_size(added.text));
	added.last_ms = txn->host->now_ms(txn->host->arg);
	added.first_ms = added.last_ms;
	survey_make(txn, &added, &survey);
	added.number = survey.last + 1;
	if (survey.is_known) {
		added.first_ms = survey.known.first_ms;
		added.count += survey.known.count < INT64_MAX / 2
				   ? survey.known.count
				   : 0;
		event_del(txn, survey.known.number);
	} else if (survey.share_n >= LIMIT_EVENTS_OF_PEER) {
		event_del(txn, survey.share_oldest);
	} else if (survey.all_n >= LIMIT_EVENTS) {
		event_del(txn, survey.oldest);
	}
	event_put(txn, &added);
}

/* One look at all of them: they are few, and written seldom. */
static void
survey_make(struct txn *txn, const struct event *event, struct survey *survey)
{
	struct kv_cursor cursor;
	struct bytes in;

	*survey = (struct survey){.event = event};
	kv_cursor_init(&cursor, txn->kv, TABLE_EVENTS);
	for (bool more = kv_seek(&cursor, (struct bytes){0}); more;
	     more = kv_next(&cursor)) {
		struct event there = {.kind = 0};
		uint64_t number;

		if (cursor.key.n != 8)
			continue;
		number = bytes_be64(cursor.key.p);
		/* A damaged one must not stop those that come after it. */
		if (cursor.value.n < TABLES_CHECKSUM_SIZE)
			in = (struct bytes){0};
		else
			in = bytes_after(cursor.value, TABLES_CHECKSUM_SIZE);
		(void)event_get(in, &there);
		survey_add(survey, number, &there);
	}
	kv_cursor_fini(&cursor);
}

static void
survey_add(struct survey *survey, uint64_t number, const struct event *there)
{
	const struct event *event = survey->event;
	bool same_peer = memcmp(&there->peer, &event->peer,
			     sizeof(event->peer)) == 0;

	survey->last = number;
	survey->all_n++;
	if (survey->oldest == 0)
		survey->oldest = number;
	if (there->is_stranger != event->is_stranger ||
	    (!event->is_stranger && !same_peer))
		return;
	survey->share_n++;
	if (survey->share_oldest == 0)
		survey->share_oldest = number;
	if (!same_peer || there->kind != event->kind ||
	    !id_space_equal(&there->space, &event->space) ||
	    !bytes_equal(there->text, event->text))
		return;
	survey->is_known = true;
	survey->known = *there;
	survey->known.number = number;
}

static void
event_del(struct txn *txn, uint64_t number)
{
	struct key key;

	tables_number_key(number, &key);
	kv_del(txn->kv, TABLE_EVENTS, tables_key(&key));
}

static void
event_put(struct txn *txn, const struct event *event)
{
	struct buf *row = &txn->row;
	struct bytes space = bytes_text(event->space.text);
	struct key key;

	tables_number_key(event->number, &key);
	tables_row_begin(row);
	buf_add_u8(row, (uint8_t)event->kind);
	buf_add_u8(row, event->is_stranger);
	buf_add_be64(row, event->first_ms);
	buf_add_be64(row, event->last_ms);
	buf_add_be64(row, event->count);
	buf_add(row, bytes_of(event->peer.b, sizeof(event->peer.b)));
	buf_add_u8(row, (uint8_t)space.n);
	buf_add(row, space);
	buf_add(row, event->text);
	tables_row_end(tables_key(&key), row);
	kv_put(txn->kv, TABLE_EVENTS, tables_key(&key), buf_bytes(row));
}

/* Kinds of a newer program are read too. */
static bool
event_get(struct bytes in, struct event *event)
{
	size_t space_n;

	if (in.n < FIXED_SIZE)
		return false;
	space_n = in.p[FIXED_SIZE - 1];
	if (in.n - FIXED_SIZE < space_n || space_n > LIMIT_SPACE_SIZE)
		return false;
	event->kind = (enum event_kind)in.p[0];
	event->is_stranger = in.p[1] != 0;
	event->first_ms = bytes_be64(in.p + 2);
	event->last_ms = bytes_be64(in.p + 10);
	event->count = bytes_be64(in.p + 18);
	bytes_copy(event->peer.b, bytes_slice(in, 26, sizeof(event->peer.b)));
	bytes_copy(
	    (uint8_t *)event->space.text, bytes_slice(in, FIXED_SIZE, space_n));
	event->space.text[space_n] = '\0';
	event->text = bytes_after(in, FIXED_SIZE + space_n);
	return true;
}

bool
events_next(struct txn *txn, uint64_t number, struct event *event)
{
	struct kv_cursor cursor;
	struct bytes in = {0};
	struct key key;
	bool found;
	enum err e = ERR_OK;

	*event = (struct event){0};
	if (number == UINT64_MAX)
		return false;
	tables_number_key(number + 1, &key);
	kv_cursor_init(&cursor, txn->kv, TABLE_EVENTS);
	found = kv_seek(&cursor, tables_key(&key));
	if (found)
		e = tables_open(TABLE_EVENTS, cursor.key, cursor.value, &in);
	if (found && e == ERR_OK &&
	    (cursor.key.n != 8 || !event_get(in, event)))
		e = tables_corrupt(
		    TABLE_EVENTS, cursor.key, "its size is wrong");
	if (found && e == ERR_OK)
		event->number = bytes_be64(cursor.key.p);
	if (e != ERR_OK)
		kv_fail(txn->kv, e);
	kv_cursor_fini(&cursor);
	if (e == ERR_OK && (!found || event->number != number + 1))
		gap_sure(txn, TABLE_EVENTS, tables_key(&key));
	return found && kv_failed(txn->kv) == ERR_OK;
}

void
events_authority(struct txn *txn, const struct authority *authority)
{
	struct feed_entry news;
	uint64_t number = txn->feed_first;

	if (!txn->feed_known)
		return;
	while (feed_next(txn, number, &news)) {
		number = news.number;
		if (news.kind == DELTA_MEMBER || news.kind == DELTA_GRANT ||
		    news.kind == DELTA_REVOKE || news.kind == DELTA_PACK)
			fact_note(txn, authority, &news);
	}
}

/* What may still come to count when more has come is nobody's fault. */
static bool
is_early(enum authority_why why)
{
	return why == WHY_COUNTS || why == WHY_NOT_FOUNDED ||
	       why == WHY_GRANT_MISSING || why == WHY_MALFORMED;
}

static void
fact_note(struct txn *txn, const struct authority *authority,
    const struct feed_entry *news)
{
	struct log *log;

	if (oplog_by_no(txn, news->log, &log) != ERR_OK ||
	    !id_is_authority(&log->name.space))
		return;
	for (size_t i = 0; i < authority->outsiders_n; i++) {
		const struct outsider *fact = &authority->outsiders[i];
		bool disagrees = fact->why == WHY_DISPUTED ||
				 fact->why == WHY_EQUALS;

		if (fact->fact.seq != news->seq || is_early(fact->why) ||
		    memcmp(&fact->fact.log, &log->trunk, sizeof(log->trunk)) !=
			0)
			continue;
		events_put(txn,
		    &(struct event){.kind = disagrees ? EVENT_AUTHORITY_CONFLICT
						      : EVENT_GRANT_REFUSED,
			.peer = fact->by,
			.space = id_authority,
			.count = 1,
			.text = bytes_text(authority_why_text(fact->why))});
	}
}

const char *
events_kind_text(enum event_kind kind)
{
	switch (kind) {
	case EVENT_PEER_REFUSED:
		return "peer-refused";
	case EVENT_PEER_MALFORMED:
		return "peer-malformed";
	case EVENT_TOKEN_REFUSED:
		return "token-refused";
	case EVENT_PUSH_REFUSED:
		return "push-refused";
	case EVENT_ASK_REFUSED:
		return "ask-refused";
	case EVENT_LOG_FORKED:
		return "log-forked";
	case EVENT_OWN_LOG_RENEWED:
		return "own-log-renewed";
	case EVENT_GRANT_REFUSED:
		return "grant-refused";
	case EVENT_AUTHORITY_CONFLICT:
		return "authority-conflict";
	case EVENT_BUDGET_USED:
		return "budget-used";
	case EVENT_PACK_CHANGED:
		return "pack-changed";
	case EVENT_PACK_REFUSED:
		return "pack-refused";
	case EVENT_KINDS:
		break;
	}
	return "unknown";
}

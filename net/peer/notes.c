/*
 * Events on their way into the store.  Files of a session add what they
 * noticed, session_work writes it, and net/peer/hub.c writes what sessions left
 * that ended.  Never opens a transaction for them.
 */
#include "net/peer/notes.h"

#include <stdio.h>
#include <string.h>

#include "proto/mem.h"

static bool is_same(const struct note *note, const struct event *event);
static void grant_write(const struct note_grant *grant, struct txn *txn);

void
notes_fini(struct notes *notes)
{
	mem_free(notes->list);
	mem_free(notes->grants);
	*notes = (struct notes){0};
}

void
notes_add(struct notes *notes, const struct event *told)
{
	struct event cut = *told;
	const struct event *event = &cut;
	struct note *note;

	assert(told->count > 0);
	if (cut.text.n > LIMIT_EVENT_TEXT)
		cut.text = bytes_first(cut.text, LIMIT_EVENT_TEXT);
	for (size_t i = 0; i < notes->n; i++) {
		if (!is_same(&notes->list[i], event))
			continue;
		notes->list[i].count += event->count;
		return;
	}
	if (notes->n == NOTES_MAX) {
		notes->lost += event->count;
		return;
	}
	mem_room(
	    &notes->list, &notes->room, notes->n + 1, sizeof(*notes->list));
	note = &notes->list[notes->n++];
	*note = (struct note){.kind = event->kind,
	    .is_stranger = event->is_stranger,
	    .peer = event->peer,
	    .space = event->space,
	    .count = event->count};
	bytes_copy((uint8_t *)note->text, event->text);
}

static bool
is_same(const struct note *note, const struct event *event)
{
	return note->kind == event->kind &&
	       note->is_stranger == event->is_stranger &&
	       memcmp(&note->peer, &event->peer, sizeof(note->peer)) == 0 &&
	       id_space_equal(&note->space, &event->space) &&
	       bytes_is(event->text, note->text);
}

void
notes_grant(struct notes *notes, const struct note_grant *grant)
{
	for (size_t i = 0; i < notes->grants_n; i++) {
		struct note_grant *there = &notes->grants[i];

		if (there->day != grant->day ||
		    memcmp(&there->peer, &grant->peer, sizeof(there->peer)) !=
			0)
			continue;
		there->granted += grant->granted;
		there->used += grant->used;
		return;
	}
	mem_room(&notes->grants, &notes->grants_room, notes->grants_n + 1,
	    sizeof(*notes->grants));
	notes->grants[notes->grants_n++] = *grant;
}

bool
notes_wait(const struct notes *notes)
{
	return notes->n > 0 || notes->lost > 0 || notes->grants_n > 0;
}

void
notes_move(struct notes *to, struct notes *from)
{
	for (size_t i = 0; i < from->n; i++) {
		const struct note *note = &from->list[i];

		notes_add(to, &(struct event){.kind = note->kind,
				  .is_stranger = note->is_stranger,
				  .peer = note->peer,
				  .space = note->space,
				  .count = note->count,
				  .text = bytes_text(note->text)});
	}
	for (size_t i = 0; i < from->grants_n; i++)
		notes_grant(to, &from->grants[i]);
	to->lost += from->lost;
	notes_fini(from);
}

void
notes_write(struct notes *notes, struct txn *txn)
{
	for (size_t i = 0; i < notes->n; i++) {
		const struct note *note = &notes->list[i];

		events_put(txn, &(struct event){.kind = note->kind,
				    .is_stranger = note->is_stranger,
				    .peer = note->peer,
				    .space = note->space,
				    .count = note->count,
				    .text = bytes_text(note->text)});
	}
	if (notes->lost > 0)
		events_put(txn,
		    &(struct event){.kind = EVENT_PEER_REFUSED,
			.is_stranger = true,
			.count = notes->lost,
			.text = bytes_text("so much was refused at once that "
					   "not all of it is listed")});
	for (size_t i = 0; i < notes->grants_n; i++)
		grant_write(&notes->grants[i], txn);
	notes_fini(notes);
}

/* A row that cannot be read leaves the grant as used: too much is counted, not
 * too little. */
static void
grant_write(const struct note_grant *grant, struct txn *txn)
{
	struct quota quota = {.day = grant->day, .granted = grant->granted};
	struct clock_spent row;

	if (clock_spent_get(txn, &grant->peer, &row) != ERR_OK)
		return;
	quota_end(&quota, grant->used, &row);
	clock_spent_put(txn, &grant->peer, &row);
}

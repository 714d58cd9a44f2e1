/*
 * The way of every message into the channel, and its account.  The sender, the
 * receiver and the session itself speak through it.
 */
#include "net/peer/talk.h"

#include "net/peer/batch.h"

void
talk_note(struct talk *talk, enum event_kind kind, const struct space *space,
    const char *text)
{
	struct event event = {.kind = kind,
	    .is_stranger = talk->is_stranger,
	    .peer = talk->peer,
	    .count = 1,
	    .text = bytes_text(text)};

	if (space != NULL)
		event.space = *space;
	notes_add(&talk->notes, &event);
}

enum err
talk_send(struct talk *talk, const struct msg *msg)
{
	struct msg named = *msg;

	named.numbers = talk->numbered ? &talk->numbers : NULL;
	buf_cut(&talk->scratch, 0);
	msg_encode(&named, &talk->scratch);
	if (msg->type == MSG_RUN || msg->type == MSG_CHUNK ||
	    msg->type == MSG_BODIES || msg->type == MSG_FORK) {
		talk->debt_bytes += talk->scratch.n;
		/* What we send may give the peer more to send: only what it
		 * says after this counts. */
		talk->idle_heard = false;
	}
	return channel_send(talk->channel, buf_bytes(&talk->scratch));
}

void
talk_rest(struct talk *talk)
{
	buf_cut(&talk->scratch, 0);
	batch_rest(&talk->scratch);
}

bool
talk_is_due(const struct talk *talk)
{
	return !talk->has_root && !talk->admitted &&
	       talk->state == TALK_SHAKING && channel_is_up(talk->channel) &&
	       channel_token(talk->channel) != NULL;
}

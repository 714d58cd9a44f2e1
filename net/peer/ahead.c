/*
 * Finds the heads in messages that wait.  The hub asks through session.c and
 * has their signatures checked on other threads.  Takes nothing in, and says
 * nothing about messages that it cannot read: their turn will.
 */
#include "net/peer/ahead.h"

#include "net/peer/talk.h"

enum {
	/* Of one session in one look: one that brings more has them checked in
	 * several, and others come between. */
	AHEAD_HEADS_MAX = 32,
};

static bool run_find(struct talk *talk, struct bytes message,
    struct arena *arena, struct msg_run *run);

enum err
ahead_look(struct talk *talk, session_head_fn *fn, void *arg)
{
	const struct authority *authority;
	struct arena arena = {0};
	struct bytes batch;
	struct bytes message;
	size_t n = 0;
	enum err e = store_authority(talk->store, &authority);

	while (e == ERR_OK && n < AHEAD_HEADS_MAX &&
	       channel_look(talk->channel, &batch)) {
		while (n < AHEAD_HEADS_MAX &&
		       channel_look_next(&batch, &message)) {
			struct note_head head;
			struct msg_run run;

			arena_reset(&arena);
			if (!run_find(talk, message, &arena, &run) ||
			    authority_member(authority, &run.name.author) ==
				NULL)
				continue;
			head = (struct note_head){.size = run.head_size,
			    .root = run.head_root,
			    .signature = run.head_signature};
			fn(arg, &run.name, &head);
			n++;
		}
	}
	arena_fini(&arena);
	return e;
}

static bool
run_find(struct talk *talk, struct bytes message, struct arena *arena,
    struct msg_run *run)
{
	struct msg msg;

	/* Headers and bodies are not read twice. */
	if (message.n == 0 || message.p[0] != MSG_RUN ||
	    msg_decode(message, arena, &msg) != ERR_OK)
		return false;
	*run = msg.u.run;
	run->name.city = store_identity(talk->store)->city;
	return true;
}

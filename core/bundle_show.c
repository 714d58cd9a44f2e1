/*
 * What a bundle is.  The command `bundle show` asks, and `bundle ack` who made
 * it.  Checks signatures and headers, leaves rights to the gate.
 */
#include "core/bundle_show.h"

#include <string.h>

#include "core/bundle_run.h"
#include "proto/mem.h"

struct showing {
	struct bundle_shown *shown;
	size_t spaces_room;
	uint8_t about_bytes[BUNDLE_MSG_ABOUT_SIZE]; /* the last one */
	struct frontier frontier;
	struct bundle_run check;
	bool is_right; /* the run that is read, so far */
	struct bundle_space *space;
	struct log_id last; /* log of the run before */
};

static void piece_take(struct showing *s, const struct bundle_piece *piece);
static void message_take(struct showing *s, const struct msg *msg);
static void run_take(struct showing *s, const struct msg_run *run);
static void judge(struct showing *s, enum err e);
static struct bundle_space *space_of(
    struct showing *s, const struct space *name);

enum err
bundle_show_read(struct bundle_reader *reader, struct bundle_shown *shown,
    bundle_show_step *step, void *arg)
{
	struct showing showing = {.shown = shown};
	struct bundle_piece piece = {0};
	enum err e;

	*shown = (struct bundle_shown){0};
	for (;;) {
		e = bundle_read_next(reader, &piece);
		if (e != ERR_OK || piece.kind == BUNDLE_PIECE_END)
			break;
		if (piece.kind == BUNDLE_PIECE_MESSAGE)
			piece_take(&showing, &piece);
		else
			showing.is_right = false;
		if (step != NULL)
			step(arg, bundle_read_found(reader)->at);
	}
	return e;
}

void
bundle_show_fini(struct bundle_shown *shown)
{
	mem_free(shown->spaces);
	*shown = (struct bundle_shown){0};
}

static void
piece_take(struct showing *s, const struct bundle_piece *piece)
{
	struct bundle_shown *shown = s->shown;
	struct arena arena = {0};
	struct bundle_about about;
	struct msg msg;

	switch (piece->message.p[0]) {
	case BUNDLE_MSG_ABOUT:
		if ((shown->has_about && bytes_equal(piece->message,
					     bytes_of(s->about_bytes,
						 sizeof(s->about_bytes)))) ||
		    !bundle_msg_get_about(piece->message, &about))
			return;
		bytes_copy(s->about_bytes, piece->message);
		shown->has_about = true;
		shown->about = about;
		shown->is_signed = bundle_msg_verify(&about, &piece->header);
		return;
	case BUNDLE_MSG_FRONTIER:
		if (!bundle_msg_get_frontier(piece->message, &s->frontier))
			s->frontier = (struct frontier){0};
		return;
	case BUNDLE_MSG_SUM:
		return;
	}
	if (msg_decode(piece->message, &arena, &msg) == ERR_OK)
		message_take(s, &msg);
	arena_fini(&arena);
}

static void
message_take(struct showing *s, const struct msg *msg)
{
	struct bundle_shown *shown = s->shown;

	if (msg->type == MSG_CLOCK) {
		shown->clock_n += msg->u.clock.n;
	} else if (msg->type == MSG_RUN) {
		run_take(s, &msg->u.run);
	} else if (msg->type == MSG_CHUNK && s->is_right) {
		judge(s, bundle_run_chunk(&s->check, &msg->u.chunk));
		shown->deltas += msg->u.chunk.n;
		s->space->deltas += msg->u.chunk.n;
	} else if (msg->type == MSG_BODIES) {
		shown->bodies += msg->u.bodies.n;
	}
}

static void
run_take(struct showing *s, const struct msg_run *run)
{
	struct msg_run named = *run;

	named.name.city = s->shown->about.city;
	s->is_right = true;
	judge(s, bundle_run_begin(&named, &s->frontier, &s->check));
	s->space = space_of(s, &run->name.space);
	if (s->space == NULL)
		s->is_right = false;
	/* A run comes in many segments. */
	if (memcmp(&s->last, &run->entry.log, sizeof(s->last)) == 0 ||
	    s->space == NULL)
		return;
	s->last = run->entry.log;
	s->shown->logs++;
	s->space->logs++;
}

static void
judge(struct showing *s, enum err e)
{
	if (e == ERR_OK)
		return;
	if (s->shown->wrongs++ == 0)
		err_keep(&s->shown->wrong, e);
	s->is_right = false;
}

/* NULL: more spaces than there can be. */
static struct bundle_space *
space_of(struct showing *s, const struct space *name)
{
	struct bundle_shown *shown = s->shown;

	for (size_t i = shown->spaces_n; i > 0; i--)
		if (id_space_equal(&shown->spaces[i - 1].space, name))
			return &shown->spaces[i - 1];
	if (shown->spaces_n == LIMIT_SPACES)
		return NULL;
	mem_room(&shown->spaces, &s->spaces_room, shown->spaces_n + 1,
	    sizeof(*shown->spaces));
	shown->spaces[shown->spaces_n] = (struct bundle_space){.space = *name};
	return &shown->spaces[shown->spaces_n++];
}

enum err
bundle_show_from(struct bundle_reader *reader, struct bundle_about *about)
{
	struct bundle_piece piece = {0};
	enum err e;

	for (;;) {
		e = bundle_read_next(reader, &piece);
		if (e != ERR_OK || piece.kind == BUNDLE_PIECE_END)
			break;
		if (piece.kind == BUNDLE_PIECE_MESSAGE &&
		    piece.message.p[0] == BUNDLE_MSG_ABOUT &&
		    bundle_msg_get_about(piece.message, about) &&
		    bundle_msg_verify(about, &piece.header))
			return ERR_OK;
	}
	if (e != ERR_OK)
		return e;
	if (bundle_read_found(reader)->ours == 0)
		return err_set(ERR_DENIED, "it is not sealed to this node");
	return err_set(ERR_MALFORMED, "nothing whole is left of it");
}

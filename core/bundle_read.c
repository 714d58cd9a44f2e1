/*
 * From a file on a medium to messages.  core/bundle_take.c and
 * core/bundle_show.c pull them out.  Never writes, and holds one window of the
 * file and one message at a time.
 */
#include "core/bundle_read.h"

#include <string.h>

#include "core/medium.h"
#include "proto/bundle.h"
#include "proto/mem.h"

enum { WINDOW_BYTES = 4 * BUNDLE_VIEW_SIZE };

struct bundle_reader {
	struct medium medium;
	const struct identity *me; /* borrowed */
	struct bundle_scan scan;
	struct buf window;   /* owned; of the file from `scan.at` on */
	size_t window_at;    /* of it is done with */
	struct buf stream;   /* owned; messages of the blocks read */
	size_t stream_at;    /* of it was handed out */
	struct hash header;  /* of the part, ours or not */
	bool is_lost;	     /* until a segment begins */
	bool lost_due;	     /* and that was not told yet */
	bool is_ended;	     /* the part had its last block */
	bool is_broken;	     /* something of the part is missing */
	uint64_t next_index; /* of the part */
	struct bundle_found_in found;
};

static bool message_next(struct bundle_reader *r, struct bundle_piece *piece);
static enum err scan_step(
    struct bundle_reader *r, bool *is_over, bool *is_part) MUST_USE;
static enum err window_fill(struct bundle_reader *r, bool *last) MUST_USE;
static bool part_take(struct bundle_reader *r);
static void part_close(struct bundle_reader *r);
static void block_take(
    struct bundle_reader *r, const struct bundle_block *block, uint64_t at);
static void skip_take(struct bundle_reader *r, uint64_t at, size_t n);
static void lose(struct bundle_reader *r);
static void damage_note(
    struct bundle_reader *r, const struct bundle_damage *damage);

enum err
bundle_read_open(
    const char *path, const struct identity *me, struct bundle_reader **reader)
{
	struct bundle_reader *r = mem_zeros(1, sizeof(*r));
	enum err e = medium_open(&r->medium, path);

	*reader = NULL;
	if (e == ERR_OK)
		e = medium_read(&r->medium, 0, BUNDLE_TITLE_SIZE, &r->window);
	if (e == ERR_OK) {
		r->found.damages = mem_zeros(
		    BUNDLE_READ_DAMAGES_MAX, sizeof(*r->found.damages));
		r->me = me;
		e = bundle_check_title(buf_bytes(&r->window));
		if (e != ERR_OK)
			e = err_wrap(e, "%s", path);
	}
	if (e != ERR_OK) {
		bundle_read_close(r);
		return e;
	}
	bundle_read_rewind(r);
	*reader = r;
	return ERR_OK;
}

void
bundle_read_rewind(struct bundle_reader *r)
{
	struct bundle_damage *damages = r->found.damages;

	bundle_scan_fini(&r->scan);
	buf_cut(&r->window, 0);
	r->window_at = 0;
	buf_cut(&r->stream, 0);
	r->stream_at = 0;
	r->is_lost = false;
	r->lost_due = false;
	r->is_ended = true;
	r->is_broken = false;
	r->next_index = 0;
	r->found = (struct bundle_found_in){
	    .damages = damages, .size_bytes = r->medium.size_bytes};
}

enum err
bundle_read_next(struct bundle_reader *r, struct bundle_piece *piece)
{
	bool is_over = false;
	bool is_part = false;
	enum err e = ERR_OK;

	*piece = (struct bundle_piece){.header = r->scan.keys.header};
	while (e == ERR_OK && !message_next(r, piece)) {
		if (r->lost_due) {
			r->lost_due = false;
			piece->kind = BUNDLE_PIECE_LOST;
			return ERR_OK;
		}
		e = scan_step(r, &is_over, &is_part);
		piece->header = r->scan.keys.header;
		piece->kind = is_part ? BUNDLE_PIECE_PART : BUNDLE_PIECE_END;
		if (is_part || is_over)
			return e;
	}
	return e;
}

/* The next whole message of what was read. */
static bool
message_next(struct bundle_reader *r, struct bundle_piece *piece)
{
	struct bytes rest = bytes_after(buf_bytes(&r->stream), r->stream_at);
	size_t n;

	if (rest.n < BUNDLE_MSG_LENGTH)
		return false;
	n = bytes_be32(rest.p);
	/* Whoever sealed this lies: nothing that follows can be told apart. */
	if (n == 0 || n > LIMIT_FRAME_SIZE) {
		damage_note(r, &(struct bundle_damage){.at = r->scan.at});
		lose(r);
		return false;
	}
	if (rest.n - BUNDLE_MSG_LENGTH < n)
		return false;
	piece->kind = BUNDLE_PIECE_MESSAGE;
	piece->message = bytes_slice(rest, BUNDLE_MSG_LENGTH, n);
	r->stream_at += BUNDLE_MSG_LENGTH + n;
	return true;
}

/* Looks at what comes next in the file. */
static enum err
scan_step(struct bundle_reader *r, bool *is_over, bool *is_part)
{
	struct bundle_block block;
	uint64_t at = r->scan.at;
	size_t used;
	bool last;
	struct bytes in;
	enum err e = window_fill(r, &last);

	if (e != ERR_OK)
		return e;
	in = bytes_after(buf_bytes(&r->window), r->window_at);
	switch (bundle_scan_next(&r->scan, in, last, &used, &block)) {
	case BUNDLE_MORE:
		/* A view is always enough, unless it is the last. */
		assert(false);
		break;
	case BUNDLE_PART:
		*is_part = part_take(r);
		break;
	case BUNDLE_BLOCK:
		block_take(r, &block, at);
		break;
	case BUNDLE_SKIP:
		skip_take(r, at, used);
		break;
	case BUNDLE_OVER:
		part_close(r);
		*is_over = true;
		break;
	}
	r->window_at += used;
	r->found.at = r->scan.at;
	return ERR_OK;
}

/* At least what one look needs, if the file has it. */
static enum err
window_fill(struct bundle_reader *r, bool *last)
{
	size_t left = r->window.n - r->window_at;
	enum err e = ERR_OK;

	if (left < BUNDLE_VIEW_SIZE) {
		buf_drop(&r->window, r->window_at);
		r->window_at = 0;
		e = medium_read(&r->medium, r->scan.at + left,
		    WINDOW_BYTES - left, &r->window);
	}
	*last = r->window.n - r->window_at < BUNDLE_VIEW_SIZE;
	return e;
}

/* A header.  Is it the beginning of a part of ours?  Within a part it comes
 * again now and then. */
static bool
part_take(struct bundle_reader *r)
{
	const struct bundle_header *header = &r->scan.header;
	bool again = r->found.parts > 0 &&
		     memcmp(&header->hash, &r->header, sizeof(r->header)) == 0;

	if (again && (!r->scan.is_open || !r->is_ended))
		return false;
	part_close(r);
	r->header = header->hash;
	r->found.parts++;
	r->found.receivers += header->receivers_n;
	if (!r->scan.is_open && !bundle_scan_open(&r->scan, &r->me->seed))
		return false;
	r->found.ours++;
	r->is_ended = false;
	r->is_broken = false;
	r->is_lost = true;
	r->next_index = 0;
	return true;
}

/* Nothing comes any more of the part that was read. */
static void
part_close(struct bundle_reader *r)
{
	if (!r->is_ended) {
		lose(r);
		r->is_ended = true;
		r->found.cut++;
	}
	buf_cut(&r->stream, 0);
	r->stream_at = 0;
}

static void
block_take(
    struct bundle_reader *r, const struct bundle_block *block, uint64_t at)
{
	if (block->index != r->next_index) {
		struct bundle_damage damage = {.at = at};

		if (block->index > r->next_index)
			damage.blocks = block->index - r->next_index;
		damage_note(r, &damage);
		lose(r);
	}
	r->next_index = block->index + 1;
	if (block->begins) {
		buf_cut(&r->stream, 0);
		r->stream_at = 0;
		r->is_lost = false;
	} else if (!r->is_lost) {
		buf_drop(&r->stream, r->stream_at);
		r->stream_at = 0;
	}
	if (!r->is_lost)
		buf_add(&r->stream, block->content);
	if (block->ends && !r->is_ended) {
		r->is_ended = true;
		r->found.whole += !r->is_broken;
	}
}

static void
skip_take(struct bundle_reader *r, uint64_t at, size_t n)
{
	if (!r->scan.is_open && r->found.parts > 0) {
		r->found.foreign_bytes += n;
		return;
	}
	damage_note(r, &(struct bundle_damage){.at = at, .bytes = n});
	lose(r);
}

/* What was begun cannot be completed. */
static void
lose(struct bundle_reader *r)
{
	buf_cut(&r->stream, 0);
	r->stream_at = 0;
	r->lost_due = r->lost_due || !r->is_lost;
	r->is_lost = true;
	r->is_broken = true;
}

static void
damage_note(struct bundle_reader *r, const struct bundle_damage *damage)
{
	struct bundle_found_in *found = &r->found;
	struct bundle_damage *last = NULL;

	if (found->damages_n > 0)
		last = &found->damages[found->damages_n - 1];
	/* What lies side by side, or is missing for it, is one. */
	if (last != NULL && last->at + last->bytes == damage->at) {
		last->bytes += damage->bytes;
		last->blocks += damage->blocks;
		return;
	}
	found->damages_all++;
	if (found->damages_n < BUNDLE_READ_DAMAGES_MAX)
		found->damages[found->damages_n++] = *damage;
}

const struct bundle_found_in *
bundle_read_found(const struct bundle_reader *r)
{
	return &r->found;
}

void
bundle_read_close(struct bundle_reader *r)
{
	if (r == NULL)
		return;
	medium_fini(&r->medium);
	bundle_scan_fini(&r->scan);
	buf_fini(&r->window);
	buf_wipe(&r->stream);
	mem_free(r->found.damages);
	mem_free(r);
}

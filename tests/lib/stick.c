/*
 * Bundles for tests.  Nothing is shown here by other code than the program's
 * own, but for the sealing of what a member forges.
 */
#include "tests/lib/stick.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/file.h"
#include "proto/bundle.h"

struct bundle_written
stick_write(struct town *town, size_t from, const size_t *to, size_t n,
    const struct stick_want *want, const char *name)
{
	struct store *store = town_store(town, from);
	struct sign_key keys[TOWN_NODES_MAX];
	struct space space;
	struct bundle_want asked = {.kind = want->kind,
	    .to = keys,
	    .to_n = n,
	    .prefixes = &space,
	    .prefixes_n = want->space != NULL,
	    .full = want->full};
	struct bundle_writer *writer;
	struct bundle_written written;
	struct bundle_plan plan;
	bool more = true;

	if (want->space != NULL)
		space = town_space(want->space);
	for (size_t i = 0; i < n; i++)
		keys[i] = town_key(town, to[i]);
	assert_int_equal(store_begin(store, false), ERR_OK);
	assert_int_equal(bundle_plan_make(store, &asked, &plan), ERR_OK);
	store_abort(store);
	assert_int_equal(bundle_write_begin(store, &plan,
			     tempdir_at(&town->dir, name), true, &writer),
	    ERR_OK);
	while (more)
		assert_int_equal(bundle_write_step(writer, &more), ERR_OK);
	written = bundle_write_count(writer);
	assert_int_equal(written.deltas, plan.deltas);
	bundle_write_end(writer);
	bundle_plan_fini(&plan);
	return written;
}

struct bundle_written
stick_send(struct town *town, size_t from, size_t to, const char *name)
{
	return stick_write(town, from, &to, 1, &(struct stick_want){0}, name);
}

struct stick_taken
stick_take(struct town *town, size_t at, const char *name)
{
	struct stick_taken out = {0};
	struct bundle_taker *taker;
	size_t steps = 0;
	bool more = true;

	assert_int_equal(bundle_take_open(town_store(town, at),
			     tempdir_at(&town->dir, name), &taker),
	    ERR_OK);
	while (more) {
		assert_int_equal(bundle_take_step(taker, &more), ERR_OK);
		assert_true(steps++ < 100000);
	}
	out.taken = *bundle_take_count(taker);
	out.found = *bundle_take_found(taker);
	for (size_t i = 0;
	     i < out.taken.troubles_n && i < COUNT_OF(out.troubles); i++)
		out.troubles[i] = out.taken.troubles[i];
	out.taken.troubles = NULL;
	out.found.damages = NULL;
	bundle_take_close(taker);
	return out;
}

void
stick_load(struct town *town, const char *name, struct buf *file)
{
	buf_cut(file, 0);
	assert_int_equal(
	    file_read(tempdir_at(&town->dir, name), 1 << 30, file), ERR_OK);
}

void
stick_save(struct town *town, const char *name, struct bytes file)
{
	assert_int_equal(
	    file_write(tempdir_at(&town->dir, name), file, 0600), ERR_OK);
}

void
stick_kit_load(
    struct town *town, size_t at, const char *name, struct stick_kit *kit)
{
	struct bundle_reader *reader;
	struct bundle_piece piece = {0};

	*kit = (struct stick_kit){0};
	assert_int_equal(bundle_read_open(tempdir_at(&town->dir, name),
			     store_identity(town_store(town, at)), &reader),
	    ERR_OK);
	for (;;) {
		assert_int_equal(bundle_read_next(reader, &piece), ERR_OK);
		if (piece.kind == BUNDLE_PIECE_END)
			break;
		if (piece.kind != BUNDLE_PIECE_MESSAGE)
			continue;
		if (piece.message.p[0] == BUNDLE_MSG_ABOUT) {
			assert_true(
			    bundle_msg_get_about(piece.message, &kit->about));
			continue;
		}
		assert_true(kit->n < STICK_MESSAGES_MAX);
		buf_add(&kit->messages[kit->n++], piece.message);
	}
	bundle_read_close(reader);
}

void
stick_kit_save(struct town *town, const struct stick_kit *kit,
    const struct identity *by, size_t to, const char *name)
{
	struct sign_key key = town_key(town, to);
	struct bundle_about about = kit->about;
	struct bundle_draw draw;
	struct bundle_keys keys;
	struct squeeze squeeze = {0};
	struct buf content = {0};
	struct buf file = {0};

	prng_fill(&town->prng, &draw, sizeof(draw));
	assert_int_equal(
	    bundle_put_header(&draw, &key, 1, &file, &keys), ERR_OK);
	about.from = by->key;
	bundle_msg_sign(&about, &by->seed, &keys.header);
	/* All of it is one segment. */
	buf_add_be32(&content, BUNDLE_MSG_ABOUT_SIZE);
	bundle_msg_put_about(&about, &content);
	for (size_t i = 0; i < kit->n; i++) {
		buf_add_be32(&content, (uint32_t)kit->messages[i].n);
		buf_add(&content, buf_bytes(&kit->messages[i]));
	}
	for (size_t at = 0, index = 0; at < content.n; index++) {
		size_t left = content.n - at;
		size_t n = left < BUNDLE_CONTENT_MAX ? left
						     : BUNDLE_CONTENT_MAX;
		struct bundle_block block = {.index = index,
		    .begins = at == 0,
		    .ends = n == left,
		    .content = bytes_slice(buf_bytes(&content), at, n)};

		assert_int_equal(
		    bundle_put_block(&keys, &squeeze, &block, &file), ERR_OK);
		at += n;
	}
	stick_save(town, name, buf_bytes(&file));
	squeeze_fini(&squeeze);
	buf_fini(&content);
	buf_fini(&file);
}

void
stick_kit_fini(struct stick_kit *kit)
{
	for (size_t i = 0; i < kit->n; i++)
		buf_fini(&kit->messages[i]);
}

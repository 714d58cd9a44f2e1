/*
 * Reading again what was read before.
 */
#include "tests/lib/look.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/publish.h"
#include "tests/lib/slip.h"

static enum err
look(struct plant *plant, look_fn *fn, struct buf *text)
{
	struct store *store = plant->town.nodes[0].store;
	struct arena arena = {0};
	enum err e = store_begin(store, false);

	if (e == ERR_OK)
		e = plant_end(store, fn(store, &arena, text));
	arena_fini(&arena);
	return e;
}

void
look_first(struct plant *plant, look_fn *fn, size_t least)
{
	if (look(plant, fn, &plant->wanted) != ERR_OK)
		fail_msg("%s", err_text());
	if (plant->wanted.n < least)
		fail_msg("only '%s'", buf_text(&plant->wanted));
}

enum err
look_again(struct plant *plant, look_fn *fn)
{
	enum err e;

	buf_cut(&plant->found, 0);
	e = look(plant, fn, &plant->found);
	if (e == ERR_OK &&
	    !bytes_equal(buf_bytes(&plant->found), buf_bytes(&plant->wanted)))
		plant->said->lied = true;
	return e;
}

void
look_follow(struct plant *plant, size_t i, struct bytes json)
{
	struct store *store = town_store(&plant->town, i);

	slip_is(store_begin(store, true), ERR_OK, NULL);
	slip_is(publish_file(store, json), ERR_OK, NULL);
	slip_is(store_commit(store), ERR_OK, NULL);
	slip_is(store_begin(store, true), ERR_OK, NULL);
	slip_is(store_commit(store), ERR_OK, NULL);
}

void
look_id(const struct record_id *id, struct buf *text)
{
	for (size_t i = 0; i < sizeof(id->b); i++)
		buf_add_format(text, "%02x", id->b[i]);
	buf_add_text(text, " ");
}

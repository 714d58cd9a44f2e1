/*
 * peer: the places that this node dials whenever it serves.  What a command
 * changes here a node that runs beside it takes up by itself.
 */
#include "cli/cmd_peer.h"

#include "cli/object.h"
#include "cli/open.h"
#include "core/dials.h"
#include "net/place.h"

/* The first word as it is kept: always with its port. */
static enum err
address_read(const struct args *args, struct buf *text)
{
	struct place place;
	enum err e = place_read(args_word(args, 0), &place);

	if (e == ERR_OK && place.port == 0)
		e = err_set(ERR_USAGE, "'%s' has no port", args_word(args, 0));
	if (e == ERR_OK)
		place_text(&place, text);
	if (e == ERR_OK && !fact_address_is_sound(buf_bytes(text)))
		e = err_set(ERR_USAGE, "'%s' is no HOST:PORT of one line",
		    args_word(args, 0));
	return e;
}

typedef enum err change_fn(struct txn *txn, struct bytes address);

static enum err
change_run(const struct args *args, struct out *out, change_fn *change,
    const char *done)
{
	struct opened work = {0};
	struct buf address = {0};
	struct buf json = {0};
	enum err e = address_read(args, &address);

	if (e == ERR_OK)
		e = open_begin(args, out, true, &work);
	if (e == ERR_OK)
		e = change(store_txn(work.store), buf_bytes(&address));
	if (e == ERR_OK)
		e = open_commit(&work);
	if (e == ERR_OK) {
		object_begin(&json, NULL);
		object_text(&json, done, buf_bytes(&address));
		object_end(&json);
		out_json(out, buf_bytes(&json));
		out_say(out, "%s: %s", done, buf_text(&address));
	}
	open_end(&work);
	buf_fini(&address);
	buf_fini(&json);
	return e;
}

static enum err
add_run(const struct args *args, struct out *out)
{
	return change_run(args, out, dials_add, "added");
}

static enum err
rm_run(const struct args *args, struct out *out)
{
	return change_run(args, out, dials_remove, "removed");
}

static enum err
ls_run(const struct args *args, struct out *out)
{
	static const struct out_column columns[] = {
	    {.key = "address", .title = "ADDRESS"},
	};
	struct opened work = {0};
	const struct bytes *places;
	enum err e = open_begin(args, out, false, &work);

	if (e == ERR_OK) {
		struct out_table *table = out_table_new(
		    out, columns, COUNT_OF(columns));
		struct txn *txn = store_txn(work.store);
		size_t n = dials_list(txn, &places);

		for (size_t i = 0; i < n; i++)
			out_table_row(table, &places[i]);
		out_table_end(table, "no places: golmok peer add HOST:PORT");
		e = kv_failed(txn->kv);
	}
	open_end(&work);
	return e;
}

const struct args_command cmd_peer_commands[] = {
    {.name = "peer add",
	.words = "HOST:PORT",
	.words_min = 1,
	.words_max = 1,
	.help = "keep a link to this place whenever serve runs",
	.about =
	    "Kept in the store, for this node alone; a node that runs takes "
	    "it\n"
	    "up within seconds.  Who answers there must prove its key.\n",
	.run = add_run},
    {.name = "peer rm",
	.words = "HOST:PORT",
	.words_min = 1,
	.words_max = 1,
	.help = "dial this place no more",
	.run = rm_run},
    {.name = "peer ls",
	.help = "list the places that serve dials by peer add",
	.run = ls_run},
};
const size_t cmd_peer_commands_n = COUNT_OF(cmd_peer_commands);

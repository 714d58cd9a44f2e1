/*
 * space ls: the spaces of which this node holds something, and the prefixes
 * that it was granted and holds nothing of yet.
 */
#include "cli/cmd_space.h"

#include <string.h>

#include "cli/explain.h"
#include "cli/open.h"
#include "cli/show.h"
#include "core/inbox.h"

static const struct out_column columns[] = {
    {.key = "space", .title = "SPACE"},
    {.key = "records", .title = "RECORDS", .kind = OUT_NUMBER},
    {.key = "logs", .title = "LOGS", .kind = OUT_NUMBER},
    {.key = "deltas", .title = "DELTAS", .kind = OUT_NUMBER},
    {.key = "outside", .title = "OUTSIDE", .kind = OUT_NUMBER},
    {.key = "held", .title = "HELD", .kind = OUT_BOOL},
    {.key = "rights", .title = "MY RIGHTS"},
};

/* What is held of one space. */
struct sum {
	uint64_t records;
	uint64_t logs;
	uint64_t deltas;
	uint64_t outside;
};

static enum err
outside_count(void *arg, const struct inbox_entry *entry)
{
	uint64_t *n = arg;

	(void)entry;
	(*n)++;
	return ERR_OK;
}

static enum err
space_sum(struct opened *work, const struct authority *authority,
    struct space_state *space, struct sum *sum)
{
	struct txn *txn = store_txn(work->store);
	struct log **logs;
	size_t n;
	enum err e = oplog_all(txn, space, &logs, &n);

	*sum = (struct sum){.records = space->records};
	if (e != ERR_OK)
		return e;
	sum->logs = n;
	for (size_t i = 0; i < n; i++)
		sum->deltas += logs[i]->frontier.size;
	return inbox_walk(
	    txn, authority, &space->name, outside_count, &sum->outside);
}

static bool
is_mine(struct opened *work, const struct grant *grant)
{
	return grant->counts && !grant->revoked &&
	       memcmp(&grant->what.member, &store_identity(work->store)->key,
		   sizeof(grant->what.member)) == 0;
}

/* All that the grants of this node give in `space`. */
static void
rights_text(struct opened *work, const struct authority *authority,
    const struct space *space, struct buf *text)
{
	struct rights all = {0};

	for (size_t i = 0; i < authority->grants_n; i++) {
		const struct grant *grant = &authority->grants[i];

		if (!is_mine(work, grant) ||
		    !id_covers(&grant->what.prefix, space))
			continue;
		all.bits |= grant->what.gives.bits;
		all.classes |= grant->what.gives.classes;
	}
	if (id_is_authority(space)) {
		all.bits |= RIGHT_READ;
		all.classes |= 1u << CLASS_N;
	}
	fact_rights_text(all, text);
}

static void
row_add(struct out_table *table, const char *name, const struct sum *sum,
    struct bytes rights)
{
	const uint64_t numbers[] = {sum != NULL ? sum->records : 0,
	    sum != NULL ? sum->logs : 0, sum != NULL ? sum->deltas : 0,
	    sum != NULL ? sum->outside : 0};
	struct buf texts[COUNT_OF(numbers)] = {0};

	for (size_t i = 0; i < COUNT_OF(numbers); i++)
		buf_add_format(
		    &texts[i], "%llu", (unsigned long long)numbers[i]);
	out_table_row(
	    table, (const struct bytes[]){bytes_text(name),
		       buf_bytes(&texts[0]), buf_bytes(&texts[1]),
		       buf_bytes(&texts[2]), buf_bytes(&texts[3]),
		       bytes_text(sum != NULL ? "yes" : "no"), rights});
	for (size_t i = 0; i < COUNT_OF(numbers); i++)
		buf_fini(&texts[i]);
}

/* Is some space held that `prefix` covers? */
static bool
is_held(struct space_state **spaces, size_t n, const struct space *prefix)
{
	for (size_t i = 0; i < n; i++) {
		if (id_covers(prefix, &spaces[i]->name))
			return true;
	}
	return false;
}

static enum err
spaces_say(struct opened *work, const struct authority *authority,
    struct out_table *table)
{
	struct space_state **spaces;
	struct buf text = {0};
	size_t n;
	enum err e = space_all(store_txn(work->store), &spaces, &n);

	for (size_t i = 0; i < n && e == ERR_OK; i++) {
		struct sum sum;

		e = space_sum(work, authority, spaces[i], &sum);
		buf_cut(&text, 0);
		rights_text(work, authority, &spaces[i]->name, &text);
		if (e == ERR_OK)
			row_add(table, spaces[i]->name.text, &sum,
			    buf_bytes(&text));
	}
	for (size_t i = 0; i < authority->grants_n && e == ERR_OK; i++) {
		const struct grant *grant = &authority->grants[i];

		if (!is_mine(work, grant) ||
		    is_held(spaces, n, &grant->what.prefix))
			continue;
		buf_cut(&text, 0);
		fact_rights_text(grant->what.gives, &text);
		row_add(table, show_prefix(&grant->what.prefix), NULL,
		    buf_bytes(&text));
	}
	buf_fini(&text);
	return e;
}

static enum err
ls_run(const struct args *args, struct out *out)
{
	struct opened work = {0};
	const struct authority *authority;
	enum err e = open_begin(args, out, false, &work);

	if (e == ERR_OK)
		e = store_authority(work.store, &authority);
	if (e == ERR_OK) {
		struct out_table *table = out_table_new(
		    out, columns, COUNT_OF(columns));

		e = spaces_say(&work, authority, table);
		out_table_end(table, "nothing is held, and nothing granted");
	}
	open_end(&work);
	return e;
}

const struct args_command cmd_space_commands[] = {
    {.name = "space ls",
	.help = "list the spaces held or granted, and my rights there",
	.about =
	    "OUTSIDE counts changes that lack rights (golmok inbox ls).  A\n"
	    "prefix that was granted and of which nothing has come yet is\n"
	    "listed by its name.",
	.run = ls_run},
};
const size_t cmd_space_commands_n = COUNT_OF(cmd_space_commands);

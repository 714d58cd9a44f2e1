/*
 * duplicates show: a pair, and once both units have said that it is the same,
 * what stands in the two, as far as this node may read it.  That somebody
 * looked is durable before anything is shown.
 */
#include "cli/cmd_pair.h"

#include <string.h>

#include "cli/access.h"
#include "cli/show_cell.h"
#include "cli/pairs.h"
#include "cli/scope.h"
#include "core/staff.h"

enum { SIDES = 2 };

/* One record of a side. */
struct side {
	bool is_held;
	struct space space;
	struct record_id id;
	struct record record; /* what the role sees of it */
};

struct showing {
	struct opened work;
	struct pairs_pair pair;
	struct out_table *table;
	size_t hidden;	/* fields that the role does not see */
	size_t missing; /* sides that are not held here */
};

static enum err pair_say(struct showing *s) MUST_USE;
static enum err access_keep(struct showing *s) MUST_USE;
static enum err both_show(struct showing *s, const struct record_id *a,
    const struct record_id *b) MUST_USE;

/* Have both said that it is the same? */
static bool
is_open(const struct pairs_pair *pair)
{
	return pair->agreed || bytes_is(pair->state, "merged");
}

static enum err
show_run(const struct args *args, struct out *out)
{
	static const struct out_column columns[] = {
	    {.key = "field", .title = "FIELD"},
	    {.key = "label", .title = "이름"}, {.key = "a", .title = "A"},
	    {.key = "b", .title = "B"}};
	struct showing s = {0};
	enum err e = open_begin(args, out, false, &s.work);

	if (e == ERR_OK)
		e = open_role(&s.work);
	if (e == ERR_OK)
		e = pairs_get(&s.work, args_word(args, 0), &s.pair);
	if (e == ERR_OK && is_open(&s.pair))
		e = access_keep(&s);
	if (e == ERR_OK)
		e = pair_say(&s);
	if (e == ERR_OK && is_open(&s.pair)) {
		s.table = out_table_new(out, columns, COUNT_OF(columns));
		e = both_show(&s, &s.pair.a, &s.pair.b);
		for (size_t i = 0; i < s.pair.members_n && e == ERR_OK; i++)
			e = both_show(
			    &s, &s.pair.members[i].a, &s.pair.members[i].b);
		out_table_end(s.table, "nothing of the two is held here");
	}
	if (e == ERR_OK && s.hidden > 0)
		out_notice(
		    out, "what this role does not see of them is left out");
	if (e == ERR_OK && s.missing > 0)
		out_notice(out,
		    "a side that is not held here is seen where it lies: ask "
		    "there");
	pairs_fini(&s.pair);
	open_end(&s.work);
	return e;
}

/* ---- what everybody may know --------------------------------------------- */

static enum err
pair_say(struct showing *s)
{
	struct opened *work = &s->work;
	struct pairs_pair *pair = &s->pair;
	struct buf a = {0};
	struct buf b = {0};
	enum err e = scope_label(work, pair->unit_a, &a);

	if (e == ERR_OK)
		e = scope_label(work, pair->unit_b, &b);
	if (e == ERR_OK)
		out_say(work->out, "A %s, B %s: %lld, the same in %s; %.*s",
		    buf_text(&a), buf_text(&b), (long long)pair->score,
		    buf_text(&pair->keys), (int)pair->state.n,
		    (const char *)pair->state.p);
	if (e == ERR_OK && !is_open(pair))
		out_notice(work->out,
		    "what stands in them is shown once both units have said "
		    "that they are the same");
	buf_fini(&a);
	buf_fini(&b);
	return e;
}

/* ---- what stands in them ------------------------------------------------- */

static enum err
side_read(struct showing *s, const struct record_id *id, struct side *side)
{
	struct opened *work = &s->work;
	enum err e = store_locate(work->store, id, &side->space);

	side->id = *id;
	if (e == ERR_NOT_FOUND)
		return ERR_OK;
	if (e == ERR_OK)
		e = store_get(
		    work->store, &side->space, id, &work->arena, &side->record);
	side->is_held = e == ERR_OK && side->record.status != RECORD_DELETED;
	/* It may be sealed here, or count for nothing. */
	if (e == ERR_NOT_FOUND)
		e = ERR_OK;
	return e;
}

/* One record for each side that lies here. */
static enum err
access_keep(struct showing *s)
{
	struct opened *work = &s->work;
	const struct record_id ids[SIDES] = {s->pair.a, s->pair.b};
	bool any = false;
	enum err e = ERR_OK;

	for (size_t i = 0; i < SIDES && e == ERR_OK; i++) {
		struct side side = {0};
		struct space_state *state;
		struct access access = {.work = work,
		    .classes = (1U << CLASS_COUNT) - 1,
		    .reason = args_text(work->args, "reason", 0),
		    .looks = true,
		    .subject = &ids[i]};
		bool written = false;

		e = side_read(s, &ids[i], &side);
		if (e != ERR_OK || !side.is_held)
			continue;
		state = space_find(store_txn(work->store), &side.space);
		if (state != NULL)
			e = access_log(&access, &state, 1, &written);
		any = any || written;
	}
	/* The pair was of the transaction before. */
	if (e == ERR_OK && any) {
		pairs_fini(&s->pair);
		s->pair = (struct pairs_pair){0};
		e = pairs_get(work, args_word(work->args, 0), &s->pair);
	}
	return e;
}

static void
cell_add(struct showing *s, const struct side *side,
    const struct pack_field *field, struct buf *text)
{
	if (!side->is_held)
		buf_add_text(text, "?");
	else
		(void)show_cell_field(&side->record,
		    merge_find(
			&side->record, bytes_text(field->name), field->kind),
		    field, &s->work.arena, text);
}

static void
field_show(struct showing *s, const struct pack_field *field,
    const struct side *a, const struct side *b)
{
	struct buf left = {0};
	struct buf right = {0};

	cell_add(s, a, field, &left);
	cell_add(s, b, field, &right);
	if ((a->is_held && left.n > 0) || (b->is_held && right.n > 0))
		out_table_row(
		    s->table, (const struct bytes[]){bytes_text(field->name),
				  bytes_text(field->label.ko), buf_bytes(&left),
				  buf_bytes(&right)});
	buf_fini(&left);
	buf_fini(&right);
}

static enum err
both_show(
    struct showing *s, const struct record_id *a, const struct record_id *b)
{
	struct side sides[SIDES] = {0};
	const struct pack_collection *collection = NULL;
	enum err e = side_read(s, a, &sides[0]);

	if (e == ERR_OK)
		e = side_read(s, b, &sides[1]);
	for (size_t i = 0; i < SIDES && e == ERR_OK; i++) {
		if (!sides[i].is_held) {
			s->missing++;
			continue;
		}
		collection = pack_collection(
		    s->work.pack, sides[i].record.collection);
		s->hidden += staff_hide(
		    s->work.role, collection, &sides[i].record);
	}
	for (size_t i = 0;
	     e == ERR_OK && collection != NULL && i < collection->fields_n; i++)
		if (collection->fields[i].type != PACK_HASH)
			field_show(
			    s, &collection->fields[i], &sides[0], &sides[1]);
	return e;
}

static const struct args_option show_options[] = {
    {.name = "reason",
	.value = "TEXT",
	.help = "why personal data are opened, which is kept"},
    OPEN_ROLE_OPTION,
};

const struct args_command cmd_pair_commands[] = {
    {.name = "duplicates show",
	.words = "PAIR",
	.words_min = 1,
	.words_max = 1,
	.help = "show a pair; once both units agree, what stands in the two",
	.options = show_options,
	.options_n = COUNT_OF(show_options),
	.run = show_run},
};
const size_t cmd_pair_commands_n = COUNT_OF(cmd_pair_commands);

/*
 * Finds units by what records say of them.  Called by due and report.
 */
#include "cli/unit.h"

#include "cli/scope.h"
#include "core/lookup.h"
#include "core/record.h"
#include "proto/codec.h"

static enum err name_in(struct opened *work, struct space_state *space,
    struct bytes prefix, struct bytes *name);

enum err
unit_scope(const struct args *args, struct opened *work, struct space *prefix,
    struct buf *label)
{
	struct scope scope;
	enum err e = scope_read(work, &scope);

	*prefix = scope.prefix;
	/* Their words are those of `args`. */
	if (e == ERR_OK && scope.words_n > args->words_n)
		e = err_set(ERR_USAGE,
		    "'%s' behind --%.*s is no name of a unit: put it in front",
		    args->scopes[0].value, (int)args->scopes[0].name.n,
		    (const char *)args->scopes[0].name.p);
	if (e == ERR_OK && scope.unit != NULL)
		units_words(scope.unit, label);
	else if (e == ERR_OK && prefix->text[0] == '\0')
		buf_add_text(label, "전체");
	else if (e == ERR_OK)
		e = unit_label(work, bytes_text(prefix->text), label);
	scope_fini(&scope);
	return e;
}

/* The name of the first unit of `space` with this prefix. */
static enum err
name_in(struct opened *work, struct space_state *space, struct bytes prefix,
    struct bytes *name)
{
	const struct pack_units *units = work->pack->units;
	struct txn *txn = store_txn(work->store);
	const struct record_field *field = NULL;
	struct lookup_scan scan;
	struct record record;
	struct record_id id;
	struct reader r;
	struct buf value = {0};
	bool found = false;
	enum err e;

	codec_put_text(&value, prefix);
	lookup_equal(txn, space->no, units->prefix, buf_bytes(&value), &scan);
	buf_fini(&value);
	e = lookup_next(&scan, &id, &found);
	if (e != ERR_OK || !found)
		return e;
	e = record_get(txn,
	    &(struct record_read){
		.space = space, .cells = true, .arena = &work->arena},
	    &id, &record);
	if (e == ERR_OK)
		field = merge_find(
		    &record, bytes_text(units->name->name), units->name->kind);
	if (field == NULL)
		return e;
	codec_begin(&r, merge_winner(&record, field)->value);
	*name = codec_get_text(&r);
	return ERR_OK;
}

enum err
unit_label(struct opened *work, struct bytes prefix, struct buf *text)
{
	struct txn *txn = store_txn(work->store);
	const struct pack_units *units = work->pack == NULL ? NULL
							    : work->pack->units;
	struct bytes name = {0};
	struct space_state **spaces;
	size_t n = 0;
	enum err e = space_all(txn, &spaces, &n);

	if (units == NULL || !lookup_has(txn, units->prefix))
		n = 0;
	for (size_t i = 0; e == ERR_OK && i < n && name.n == 0; i++)
		e = name_in(work, spaces[i], prefix, &name);
	if (e == ERR_OK)
		buf_add(text, name.n > 0 ? name : prefix);
	return e;
}

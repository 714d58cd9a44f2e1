/*
 * Guards of states.  core/compose.c asks for each state that a local write
 * changes; nothing is written here.
 */
#include "core/guard.h"

#include "core/expr.h"
#include "core/host.h"
#include "proto/calendar.h"
#include "proto/codec.h"

static struct bytes
text_of(struct bytes value)
{
	struct reader r;

	codec_begin(&r, value);
	return codec_get_text(&r);
}

static bool
watches(const struct pack_field *field, const struct pack_guard *guard,
    struct bytes state)
{
	for (size_t i = 0; i < field->values_n; i++)
		if ((guard->to >> i & 1) != 0 &&
		    bytes_is(state, field->values[i]))
			return true;
	return false;
}

bool
guard_watches(const struct pack_field *field, struct bytes value)
{
	struct bytes state = text_of(value);

	for (size_t i = 0; i < field->guards_n; i++)
		if (watches(field, &field->guards[i], state))
			return true;
	return false;
}

/* Appends the state as people read it: 'done' (완료, Done). */
static void
state_add(const struct pack_field *field, struct bytes state, struct buf *text)
{
	struct bytes ko = pack_word(field, state, false);
	struct bytes en = pack_word(field, state, true);

	buf_add_format(text, "'%.*s'", (int)state.n, (const char *)state.p);
	if (!bytes_equal(ko, state) || !bytes_equal(en, state))
		buf_add_format(text, " (%.*s, %.*s)", (int)ko.n,
		    (const char *)ko.p, (int)en.n, (const char *)en.p);
}

static enum err
refuse(const struct pack_field *field, const struct pack_guard *guard,
    struct bytes state)
{
	struct buf name = {0};
	enum err e;

	state_add(field, state, &name);
	e = err_set(ERR_INVALID,
	    "%s.%s: cannot become %s: %s (%s); what must hold: %.*s",
	    field->collection, field->name, buf_text(&name), guard->say.ko,
	    guard->say.en, (int)guard->need.text.n,
	    (const char *)guard->need.text.p);
	buf_fini(&name);
	return e;
}

static enum err
refuse_role(const struct pack_field *field, const struct pack_guard *guard,
    struct bytes state, const struct pack_role *role)
{
	struct buf name = {0};
	struct buf who = {0};
	enum err e;

	state_add(field, state, &name);
	for (size_t i = 0; i < guard->who_n; i++)
		buf_add_format(
		    &who, "%s%s", i > 0 ? ", " : "", guard->who[i]->name);
	e = err_set(ERR_DENIED,
	    "%s.%s: cannot become %s by the role %s (%s): it is for %s",
	    field->collection, field->name, buf_text(&name), role->label.ko,
	    role->label.en, buf_text(&who));
	buf_fini(&who);
	buf_fini(&name);
	return e;
}

static bool
is_for(const struct pack_guard *guard, const struct pack_role *role)
{
	bool fits = guard->who_n == 0 || role == NULL;

	for (size_t i = 0; i < guard->who_n && !fits; i++)
		fits = guard->who[i] == role;
	return fits;
}

static enum err
one_check(const struct expr_source *source, const struct guard_move *move,
    const struct pack_field *field, const struct pack_guard *guard,
    struct bytes state)
{
	bool passes = false;
	enum err e = ERR_OK;

	if (guard->unless.code != NULL)
		e = expr_test(guard->unless.code, source, &passes);
	if (e != ERR_OK || passes)
		return e;
	if (!is_for(guard, move->role))
		return refuse_role(field, guard, state, move->role);
	passes = true;
	if (guard->need.code != NULL)
		e = expr_test(guard->need.code, source, &passes);
	return e != ERR_OK || passes ? e : refuse(field, guard, state);
}

enum err
guard_check(const struct guard_move *move, const struct pack_field *field,
    struct bytes value)
{
	const struct host *host = move->txn->host;
	struct bytes state = text_of(value);
	struct expr_source source = {.txn = move->txn,
	    .space = move->space,
	    .id = move->id,
	    .record = move->after,
	    .now_seconds = calendar_seconds(host->now_ms(host->arg)),
	    .arena = &move->txn->arena};
	enum err e = ERR_OK;

	for (size_t i = 0; i < field->guards_n && e == ERR_OK; i++)
		if (watches(field, &field->guards[i], state))
			e = one_check(
			    &source, move, field, &field->guards[i], state);
	return e;
}

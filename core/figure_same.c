/*
 * Elements of figures that are one.  Called by core/figure.c alone.
 */
#include "core/figure_same.h"

#include <stdlib.h>

#include "core/alias.h"
#include "core/view_form.h"
#include "proto/ascii.h"

/* How an id stands as an element. */
enum form {
	FORM_OPEN,   /* of class N */
	FORM_HIDDEN, /* of any other */
	FORM_HEX,    /* of a query */
};

static struct bytes
element_make(const struct view_place *place, enum form form,
    const struct record_id *id, struct arena *arena)
{
	struct view_place as = {0};
	struct expr_value value = {
	    .type = EXPR_REF, .b = bytes_of(id->b, sizeof(id->b))};
	struct view_key key = {.n = 0};
	struct buf hex = {0};
	struct bytes element;

	if (form == FORM_HEX) {
		ascii_hex(value.b, &hex);
		element = arena_bytes(arena, buf_bytes(&hex));
		buf_fini(&hex);
		return element;
	}
	as = *place;
	as.hidden = form == FORM_HIDDEN;
	view_form_put(&as, &value, &key);
	return arena_bytes(arena, view_form_key(&key));
}

static int
by_from(const void *a, const void *b)
{
	const struct figure_same_pair *x = a;
	const struct figure_same_pair *y = b;

	return bytes_compare(x->from, y->from);
}

enum err
figure_same_load(struct txn *txn, const struct pack_view *view, unsigned part,
    struct figure_same *same)
{
	enum form first = view != NULL ? FORM_OPEN : FORM_HEX;
	enum form last = view != NULL ? FORM_HIDDEN : FORM_HEX;
	struct view_place place = {.part = (uint8_t)part};
	const struct aliases *aliases;
	size_t n;
	enum err e = alias_held(txn, &aliases);

	if (view != NULL) {
		place.secret = txn->views->secret;
		place.view = (uint16_t)(view - txn->pack->views);
		place.text_max = view_form_text_max(view);
	}
	n = e == ERR_OK && aliases != NULL ? aliases->n : 0;
	same->p = arena_array(&same->arena, 2 * n + 1, sizeof(*same->p));
	for (size_t i = 0; i < n; i++)
		for (enum form form = first; form <= last; form++)
			same->p[same->n++] = (struct figure_same_pair){
			    .from = element_make(&place, form,
				&aliases->p[i].from, &same->arena),
			    .to = element_make(
				&place, form, &aliases->p[i].to, &same->arena)};
	if (same->n > 1)
		qsort(same->p, same->n, sizeof(*same->p), by_from);
	return e;
}

void
figure_same_fini(struct figure_same *same)
{
	arena_fini(&same->arena);
	*same = (struct figure_same){0};
}

struct bytes
figure_same_of(const struct figure_same *same, struct bytes element)
{
	const struct figure_same_pair key = {.from = element};
	const struct figure_same_pair *found =
	    same->n == 0
		? NULL
		: bsearch(&key, same->p, same->n, sizeof(*same->p), by_from);

	return found != NULL ? found->to : element;
}

/*
 * Two versions of a pack side by side.  Called before one is given to others,
 * and by people who write packs.  A pack never changes what is stored, so what
 * a later one leaves out would only become unreadable, or mean something else.
 */
#include "core/pack_compare.h"

#include <string.h>

struct comparing {
	const struct pack *old;
	const struct pack *next;
	struct buf *losses; /* borrowed */
	size_t before;	    /* of what was in `losses` */
	size_t n;
};

static struct buf *lose(struct comparing *c);
static enum err compare(struct comparing *c) MUST_USE;
static void collection_compare(
    struct comparing *c, const struct pack_collection *old);
static void field_compare(struct comparing *c, const struct pack_field *old,
    const struct pack_field *next);
static void codes_compare(struct comparing *c, const struct pack_codes *old);

enum err
pack_compare_versions(
    const struct pack *old, const struct pack *next, struct buf *losses)
{
	struct comparing c = {
	    .old = old, .next = next, .losses = losses, .before = losses->n};

	if (next->version <= old->version)
		buf_add_format(lose(&c), "version: %llu must be above %llu\n",
		    (unsigned long long)next->version,
		    (unsigned long long)old->version);
	return compare(&c);
}

enum err
pack_compare_contents(
    const struct pack *old, const struct pack *next, struct buf *losses)
{
	struct comparing c = {
	    .old = old, .next = next, .losses = losses, .before = losses->n};

	return compare(&c);
}

static enum err
compare(struct comparing *c)
{
	const struct pack *old = c->old;
	const struct pack *next = c->next;
	struct bytes first;

	if (strcmp(old->name, next->name) != 0)
		buf_add_format(
		    lose(c), "name: was %s and is %s\n", old->name, next->name);
	for (size_t i = 0; i < old->collections_n; i++)
		collection_compare(c, &old->collections[i]);
	for (size_t i = 0; i < old->codes_n; i++)
		codes_compare(c, &old->codes[i]);
	if (c->n == 0)
		return ERR_OK;
	first = bytes_after(buf_bytes(c->losses), c->before);
	first = bytes_first(first, bytes_find(first, '\n'));
	return err_set(ERR_INVALID,
	    "version %llu cannot replace version %llu of the pack %s: %.*s%s",
	    (unsigned long long)next->version, (unsigned long long)old->version,
	    old->name, (int)first.n, (const char *)first.p,
	    c->n > 1 ? ", and more" : "");
}

/* Where the next loss is written, a line with its end. */
static struct buf *
lose(struct comparing *c)
{
	c->n++;
	return c->losses;
}

static void
collection_compare(struct comparing *c, const struct pack_collection *old)
{
	const struct pack_collection *next = pack_collection(
	    c->next, bytes_text(old->name));

	if (next == NULL) {
		buf_add_format(
		    lose(c), "%s: the collection is gone\n", old->name);
		return;
	}
	if (strcmp(old->space, next->space) != 0)
		buf_add_format(lose(c), "%s: space: was %s and is %s\n",
		    old->name, old->space, next->space);
	for (size_t i = 0; i < old->fields_n; i++) {
		const struct pack_field *field = pack_field(
		    next, bytes_text(old->fields[i].name));

		if (field == NULL)
			buf_add_format(lose(c), "%s.%s: the field is gone\n",
			    old->name, old->fields[i].name);
		else
			field_compare(c, &old->fields[i], field);
	}
}

/* What a field that is what `what` says was, and is. */
static void
changed(struct comparing *c, const struct pack_field *field, const char *what,
    const char *old, const char *next)
{
	if (strcmp(old, next) != 0)
		buf_add_format(lose(c), "%s.%s: %s: was %s and is %s\n",
		    field->collection, field->name, what, old, next);
}

static bool
has_word(const char *const *words, size_t n, const char *word)
{
	for (size_t i = 0; i < n; i++) {
		if (strcmp(words[i], word) == 0)
			return true;
	}
	return false;
}

static void
match_compare(struct comparing *c, const struct pack_field *old,
    const struct pack_field *next)
{
	if (old->match == NULL)
		return;
	if (next->match == NULL) {
		buf_add_format(lose(c), "%s.%s: match: is gone\n",
		    old->collection, old->name);
		return;
	}
	changed(
	    c, old, "match.of", old->match->of->name, next->match->of->name);
	changed(c, old, "match.as", pack_normal_names[old->match->as],
	    pack_normal_names[next->match->as]);
}

static void
field_compare(struct comparing *c, const struct pack_field *old,
    const struct pack_field *next)
{
	changed(c, old, "kind", pack_kind_names[old->kind],
	    pack_kind_names[next->kind]);
	changed(c, old, "type", pack_type_names[old->type],
	    pack_type_names[next->type]);
	changed(c, old, "class", pack_class_names[old->data_class],
	    pack_class_names[next->data_class]);
	if (old->unit != NULL)
		changed(c, old, "unit", old->unit,
		    next->unit != NULL ? next->unit : "none");
	/* A map without names takes any. */
	if (old->values_n == 0 && next->values_n > 0 && old->type == PACK_MAP)
		buf_add_format(lose(c), "%s.%s: values: any name was allowed\n",
		    old->collection, old->name);
	for (size_t i = 0; i < old->values_n && next->values_n > 0; i++) {
		if (!has_word(next->values, next->values_n, old->values[i]))
			buf_add_format(lose(c), "%s.%s: values: '%s' is gone\n",
			    old->collection, old->name, old->values[i]);
	}
	for (size_t i = 0; i < old->targets_n; i++) {
		if (!has_word(next->targets, next->targets_n, old->targets[i]))
			buf_add_format(lose(c), "%s.%s: targets: %s is gone\n",
			    old->collection, old->name, old->targets[i]);
	}
	match_compare(c, old, next);
}

/* A code ends by its `to`, not by being left out. */
static void
codes_compare(struct comparing *c, const struct pack_codes *old)
{
	const struct pack_codes *next = NULL;

	for (size_t i = 0; i < c->next->codes_n && next == NULL; i++) {
		if (strcmp(old->name, c->next->codes[i].name) == 0)
			next = &c->next->codes[i];
	}
	if (next == NULL) {
		buf_add_format(
		    lose(c), "codes %s: the list is gone\n", old->name);
		return;
	}
	for (size_t i = 0; i < old->values_n; i++) {
		if (!has_word(next->words, next->values_n, old->words[i]))
			buf_add_format(lose(c),
			    "codes %s: '%s' is gone: say by \"to\" when it "
			    "ended\n",
			    old->name, old->words[i]);
	}
}

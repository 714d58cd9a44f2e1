/*
 * What the parts of a mapping file have in common, besides what they share with
 * packs (core/pack_read.h).
 */
#include "cli/map_read.h"

#include <string.h>

#include "proto/clean.h"
#include "proto/codec.h"
#include "proto/when.h"

/* Texts of a list, made so that two spellings of one are the same. */
enum err
map_read_keys(struct map_reading *r, struct bytes doc, const char *key,
    const struct bytes **out, size_t *n)
{
	struct pack_read_words words = {0};
	struct bytes *keys;
	struct buf text = {0};
	enum err e = pack_read_words(
	    &r->parts, doc, key, MAP_HEADERS_MAX, &words);

	keys = arena_array(r->parts.arena, words.n + 1, sizeof(*keys));
	for (size_t i = 0; i < words.n && e == ERR_OK; i++) {
		buf_cut(&text, 0);
		e = clean_key(bytes_text(words.p[i]), &text);
		keys[i] = arena_bytes(r->parts.arena, buf_bytes(&text));
	}
	buf_fini(&text);
	*out = keys;
	*n = words.n;
	return e;
}

/* Date styles; two that read one text differently contradict each other. */
enum err
map_read_dates(struct map_reading *r, struct bytes doc, unsigned *styles)
{
	struct pack_read_words words = {0};
	unsigned both = 1U << WHEN_MONTH_FIRST | 1U << WHEN_DAY_FIRST;
	enum err e = pack_read_words(
	    &r->parts, doc, "dates", WHEN_STYLE_COUNT, &words);

	if (e != ERR_OK || words.n == 0)
		return e;
	*styles = 0;
	for (size_t i = 0; i < words.n; i++) {
		size_t k = 0;

		while (k < WHEN_STYLE_COUNT &&
		       strcmp(words.p[i], when_style_names[k]) != 0)
			k++;
		if (k == WHEN_STYLE_COUNT)
			return err_set(ERR_INVALID,
			    "dates: there is no style '%s': iso, dots, "
			    "slashes, compact, korean, serial, month_first or "
			    "day_first",
			    words.p[i]);
		*styles |= 1U << k;
	}
	if ((*styles & both) == both)
		return err_set(ERR_INVALID,
		    "dates: month_first and day_first read the same text in "
		    "two ways");
	return ERR_OK;
}

enum err
map_read_find(
    const struct map_reading *r, const char *key, struct bytes name, size_t *at)
{
	for (size_t i = 0; i < r->map->columns_n; i++)
		if (bytes_is(name, r->map->columns[i].name)) {
			*at = i;
			return ERR_OK;
		}
	return err_set(ERR_INVALID, "%s: columns have no '%.*s'", key,
	    (int)name.n, (const char *)name.p);
}

/* The column `key`, a text; MAP_NONE when it is not there. */
enum err
map_read_column(
    const struct map_reading *r, struct bytes doc, const char *key, size_t *at)
{
	struct bytes value = pack_read_member(doc, key);
	struct reader in;

	*at = MAP_NONE;
	if (value.n == 0)
		return ERR_OK;
	codec_begin(&in, value);
	return map_read_find(r, key, codec_get_text(&in), at);
}

/* The columns `key`, a list. */
enum err
map_read_columns(struct map_reading *r, struct bytes doc, const char *key,
    struct map_columns *columns)
{
	struct pack_read_words words = {0};
	enum err e = pack_read_words(&r->parts, doc, key, MAP_KEY_MAX, &words);

	for (size_t i = 0; i < words.n && e == ERR_OK; i++)
		e = map_read_find(
		    r, key, bytes_text(words.p[i]), &columns->at[i]);
	columns->n = words.n;
	return e;
}

/*
 * What stands alone in the file of a pack: its lists of codes, how text is
 * compared, how long records are kept.  Called by pack_file.c alone.
 */
#include "core/pack_codes.h"

#include <string.h>

#include "proto/calendar.h"
#include "proto/codec.h"
#include "proto/limits.h"

enum { YEARS_MAX = 100, MONTHS_MAX = 1200, DAYS_MAX = 36500 };

static enum err codes_read(
    struct pack_reading *r, struct bytes doc, void *item);
static enum err code_read(struct pack_reading *r, struct bytes doc, void *item);
static enum err fold_read(struct pack_reading *r, struct bytes doc);
static enum err retention_read(struct pack_reading *r, struct bytes doc);

enum err
pack_codes_read(struct pack_reading *r, struct bytes doc)
{
	static const struct pack_read_list list = {.key = "codes",
	    .max = LIMIT_CODE_LISTS,
	    .size = sizeof(struct pack_codes),
	    .named = true,
	    .read = codes_read};
	void *items;
	enum err e = pack_read_list(r, doc, &list, &items, &r->pack->codes_n);

	r->pack->codes = items;
	if (e == ERR_OK)
		e = fold_read(r, pack_read_member(doc, "fold"));
	return e == ERR_OK
		   ? retention_read(r, pack_read_member(doc, "retention"))
		   : e;
}

static enum err
codes_read(struct pack_reading *r, struct bytes doc, void *item)
{
	static const char *const keys[] = {"name", "values", NULL};
	static const struct pack_read_list list = {.key = "values",
	    .max = LIMIT_CODES,
	    .size = sizeof(struct pack_code),
	    .needed = true,
	    .read = code_read};
	struct pack_codes *codes = item;
	const struct pack_code *values;
	const char **words;
	void *items = NULL;
	enum err e = pack_read_keys(doc, keys);

	if (e == ERR_OK)
		e = pack_read_name(r, doc, "name", &codes->name);
	if (e == ERR_OK)
		e = pack_read_list(r, doc, &list, &items, &codes->values_n);
	if (e != ERR_OK)
		return e;
	values = items;
	codes->values = values;
	words = arena_array(r->arena, codes->values_n, sizeof(*words));
	codes->words = words;
	for (size_t i = 0; i < codes->values_n; i++) {
		words[i] = values[i].value;
		if (values[i].from != NULL || values[i].to != NULL)
			codes->dated = true;
		for (size_t k = 0; k < i; k++) {
			if (strcmp(words[i], words[k]) == 0)
				return err_set(ERR_INVALID,
				    "values[%zu]: value: %s stands there twice",
				    i, words[i]);
		}
	}
	return ERR_OK;
}

/* A day as text; untouched when `key` is not there. */
static enum err
day_read(struct pack_reading *r, struct bytes doc, const char *key,
    int64_t *days, const char **text)
{
	struct bytes value = pack_read_member(doc, key);
	struct reader in;

	if (value.n == 0)
		return ERR_OK;
	codec_begin_checked(&in, value);
	value = codec_get_text(&in);
	if (!calendar_read_day(value, days))
		return err_set(ERR_INVALID,
		    "%s: must be a day of the calendar as YYYY-MM-DD", key);
	*text = arena_text(r->arena, value);
	return ERR_OK;
}

static enum err
code_read(struct pack_reading *r, struct bytes doc, void *item)
{
	static const char *const keys[] = {
	    "value", "ko", "en", "from", "to", "rank", NULL};
	struct pack_code *code = item;
	enum err e = pack_read_keys(doc, keys);

	code->from_days = INT64_MIN;
	code->to_days = INT64_MAX;
	if (e == ERR_OK)
		e = pack_read_text(r, doc, "value", &code->value);
	code->label = (struct pack_label){code->value, code->value};
	if (e == ERR_OK && pack_read_member(doc, "ko").n > 0)
		e = pack_read_text(r, doc, "ko", &code->label.ko);
	if (e == ERR_OK && pack_read_member(doc, "en").n > 0)
		e = pack_read_text(r, doc, "en", &code->label.en);
	if (e == ERR_OK)
		e = day_read(r, doc, "from", &code->from_days, &code->from);
	if (e == ERR_OK)
		e = day_read(r, doc, "to", &code->to_days, &code->to);
	if (e == ERR_OK)
		e = pack_read_int(
		    doc, "rank", INT32_MIN, INT32_MAX, &code->rank);
	if (e == ERR_OK && code->from_days > code->to_days)
		e = err_set(ERR_INVALID, "to: is before from");
	return e;
}

/* How text is compared in search. */
static enum err
fold_read(struct pack_reading *r, struct bytes doc)
{
	static const char *const keys[] = {"drop", "drop_before_digit", NULL};
	struct pack_read_words words;
	struct pack_fold *fold;
	enum err e;

	if (doc.n == 0)
		return ERR_OK;
	pack_read_enter(r, "fold", SIZE_MAX);
	fold = arena_new(r->arena, sizeof(*fold));
	r->pack->fold = fold;
	e = pack_read_keys(doc, keys);
	if (e == ERR_OK)
		e = pack_read_words(r, doc, "drop", LIMIT_FOLDS, &words);
	if (e == ERR_OK) {
		fold->drop = words.p;
		fold->drop_n = words.n;
		e = pack_read_words(
		    r, doc, "drop_before_digit", LIMIT_FOLDS, &words);
	}
	if (e == ERR_OK) {
		fold->drop_before_digit = words.p;
		fold->drop_before_digit_n = words.n;
		pack_read_leave(r);
	}
	return e;
}

/* One time for which records are kept. */
static enum err
time_read(struct pack_reading *r, struct bytes doc, struct pack_retention *time)
{
	static const char *const keys[] = {
	    "label", "keep", "years", "months", "days", "from", NULL};
	int64_t years = 0;
	int64_t months = 0;
	int64_t days = 0;
	enum err e = pack_read_keys(doc, keys);

	if (e == ERR_OK)
		e = pack_read_label(r, doc, "label", time->name, &time->label);
	if (e == ERR_OK)
		e = pack_read_bool(doc, "keep", &time->keep);
	if (e == ERR_OK)
		e = pack_read_int(doc, "years", 0, YEARS_MAX, &years);
	if (e == ERR_OK)
		e = pack_read_int(doc, "months", 0, MONTHS_MAX, &months);
	if (e == ERR_OK)
		e = pack_read_int(doc, "days", 0, DAYS_MAX, &days);
	if (e == ERR_OK && pack_read_member(doc, "from").n > 0)
		e = pack_read_text(r, doc, "from", &time->from);
	if (e == ERR_OK && time->keep == (years + months + days > 0))
		e = err_set(ERR_INVALID,
		    "must have either keep or years, months, days");
	time->years = (unsigned)years;
	time->months = (unsigned)months;
	time->days = (unsigned)days;
	return e;
}

static enum err
retention_read(struct pack_reading *r, struct bytes doc)
{
	struct pack_retention *times;
	struct bytes last = {0};
	struct reader in;
	size_t n;

	if (doc.n == 0)
		return ERR_OK;
	pack_read_enter(r, "retention", SIZE_MAX);
	codec_begin_checked(&in, doc);
	n = codec_get_map(&in, LIMIT_RETENTION);
	if (in.bad || n == 0)
		return err_set(ERR_INVALID,
		    "must be an object of 1 to %d times", LIMIT_RETENTION);
	times = arena_array(r->arena, n, sizeof(*times));
	r->pack->retention = times;
	r->pack->retention_n = n;
	for (size_t i = 0; i < n; i++) {
		struct bytes name = codec_get_text_key(&in, &last);
		enum err e;

		times[i].name = arena_text(r->arena, name);
		pack_read_enter(r, times[i].name, SIZE_MAX);
		e = time_read(r, codec_get_value(&in), &times[i]);
		if (e != ERR_OK)
			return e;
		pack_read_leave(r);
	}
	pack_read_leave(r);
	return ERR_OK;
}

/*
 * What a pack allows to be written.  The store asks before it makes a change;
 * merging never asks, so nothing here may decide what is already written.
 */
#include "core/pack_check.h"

#include "core/pack_show.h"
#include "proto/calendar.h"
#include "proto/codec.h"
#include "proto/limits.h"
#include "proto/text.h"

enum {
	SHOWN_COLUMNS = 24,
	SHOWN_VALUES = 16,
	LATITUDE_MAX = 90 * 1000000,
	LONGITUDE_MAX = 180 * 1000000,
	ACCURACY_MAX = 1000000, /* metres: more says nothing about a city */
	HASH_SIZE_MIN = 16,
	HASH_SIZE_MAX = 64,
};

static const char ONE_OF[] = "one of ";
static const char IN_RANGE[] = "a number ";

static enum err refuse(
    const struct pack_field *field, struct bytes text, const char *rule);
static const char *broken_rule(
    const struct pack_field *field, struct bytes value);
static const char *rule_of_int(
    const struct pack_field *field, struct reader *r);
static const char *rule_of_text(
    const struct pack_field *field, struct bytes text);
static bool is_value(const struct pack_field *field, struct bytes text);
static const char *rule_of_geo(struct reader *r);
static const char *rule_of_map(
    const struct pack_field *field, struct reader *r);
static void add_values(
    const struct pack_field *field, uint64_t which, struct buf *text);

enum err
pack_check_value(const struct pack_field *field, struct bytes value)
{
	const char *rule = broken_rule(field, value);
	struct buf shown = {0};
	enum err e;

	if (rule == NULL)
		return ERR_OK;
	pack_show_value(field, value, &shown);
	e = refuse(field, buf_bytes(&shown), rule);
	buf_fini(&shown);
	return e;
}

/* Appends what a number of `field` may be. */
static void
add_range(const struct pack_field *field, struct buf *text)
{
	long long min = field->grows && field->min < 0 ? 0 : field->min;
	long long max = field->max;

	if (max == INT64_MAX)
		buf_add_format(text, "of %lld or more", min);
	else if (min == INT64_MIN)
		buf_add_format(text, "of %lld or less", max);
	else
		buf_add_format(text, "from %lld to %lld", min, max);
}

/* `text` breaks `rule`, which follows "is not"; a rule that ends in a space is
 * followed by what `field` may be. */
static enum err
refuse(const struct pack_field *field, struct bytes text, const char *rule)
{
	struct buf shown = {0};
	struct buf words = {0};
	struct bytes seen;
	enum err e;

	text_shown(text, &shown);
	seen = text_cut_columns(buf_bytes(&shown), SHOWN_COLUMNS);
	buf_add_text(&words, rule);
	if (rule == IN_RANGE)
		add_range(field, &words);
	else if (words.p[words.n - 1] == ' ')
		add_values(field, UINT64_MAX, &words);
	e = err_set(ERR_INVALID, "%s.%s: '%.*s%s' is not %s", field->collection,
	    field->name, (int)seen.n, (const char *)seen.p,
	    seen.n < shown.n ? "…" : "", buf_text(&words));
	buf_fini(&shown);
	buf_fini(&words);
	return e;
}

/* The rule that `value` breaks, to follow "is not"; NULL when it is that. */
static const char *
broken_rule(const struct pack_field *field, struct bytes value)
{
	const char *rule = NULL;
	struct bytes got;
	struct reader r;

	codec_begin(&r, value);
	switch (field->type) {
	case PACK_TEXT:
	case PACK_ENUM:
	case PACK_DATE:
	case PACK_DATETIME:
		got = codec_get_text(&r);
		if (r.bad)
			return field->type == PACK_ENUM ? ONE_OF : "text";
		rule = rule_of_text(field, got);
		break;
	case PACK_INT:
	case PACK_MONEY:
		rule = rule_of_int(field, &r);
		break;
	case PACK_BOOL:
		(void)codec_get_bool(&r);
		rule = r.bad ? "true or false" : NULL;
		break;
	case PACK_GEO:
		rule = rule_of_geo(&r);
		break;
	case PACK_REF:
		(void)codec_get_fixed(&r, PACK_REF_SIZE);
		rule = r.bad ? "a record id of 16 bytes" : NULL;
		break;
	case PACK_HASH:
		got = codec_get_bytes(&r);
		if (r.bad || got.n < HASH_SIZE_MIN || got.n > HASH_SIZE_MAX)
			rule = "a hash of 16 to 64 bytes";
		break;
	case PACK_BYTES:
		got = codec_get_bytes(&r);
		if (r.bad || got.n > LIMIT_TEXT_SIZE)
			rule = "at most 240 KiB of bytes";
		break;
	case PACK_MAP:
		rule = rule_of_map(field, &r);
		break;
	}
	assert(rule != NULL || !r.bad);
	if (rule == NULL && r.in.n > 0)
		rule = "one value in canonical form";
	return rule;
}

static const char *
rule_of_int(const struct pack_field *field, struct reader *r)
{
	int64_t v = codec_get_int(r);

	if (r->bad)
		return "a whole number of 64 bits";
	if (v < field->min || v > field->max || (field->grows && v < 0))
		return IN_RANGE;
	return NULL;
}

static const char *
rule_of_text(const struct pack_field *field, struct bytes text)
{
	struct buf normal = {0};
	int64_t number;
	bool same;

	if (text.n > LIMIT_TEXT_SIZE)
		return "at most 240 KiB of text";
	same = text_nfc(text, &normal) == ERR_OK &&
	       bytes_equal(buf_bytes(&normal), text);
	buf_fini(&normal);
	if (!same)
		return "text in normal form C without zero bytes";
	if (field->type == PACK_ENUM && !is_value(field, text))
		return ONE_OF;
	if (field->type == PACK_DATE && !calendar_read_day(text, &number))
		return "a day of the calendar as YYYY-MM-DD";
	if (field->type == PACK_DATETIME && !calendar_read_time(text, &number))
		return "a time as YYYY-MM-DDThh:mm:ss with Z or +hh:mm";
	return NULL;
}

static bool
is_value(const struct pack_field *field, struct bytes text)
{
	for (size_t i = 0; i < field->values_n; i++) {
		if (bytes_is(text, field->values[i]))
			return true;
	}
	return false;
}

static bool
is_within(int64_t v, int64_t max)
{
	return v >= -max && v <= max;
}

static const char *
rule_of_geo(struct reader *r)
{
	size_t n = codec_get_array(r, 3);
	int64_t latitude = codec_get_int(r);
	int64_t longitude = codec_get_int(r);
	int64_t accuracy = codec_get_int(r);

	if (r->bad || n != 3)
		return "a place: latitude, longitude, metres";
	if (!is_within(latitude, LATITUDE_MAX))
		return "a place with a latitude of -90 to 90 degrees";
	if (!is_within(longitude, LONGITUDE_MAX))
		return "a place with a longitude of -180 to 180 degrees";
	if (accuracy < 0 || accuracy > ACCURACY_MAX)
		return "a place with an accuracy of 0 to 1000000 metres";
	return NULL;
}

static const char *
rule_of_map(const struct pack_field *field, struct reader *r)
{
	size_t n = codec_get_map(r, LIMIT_VALUES);
	struct bytes last = {0};

	for (size_t i = 0; i < n; i++) {
		struct bytes key = codec_get_text_key(r, &last);

		(void)codec_get_int(r);
		if (r->bad)
			break;
		if (field->values_n > 0 && !is_value(field, key))
			return "names with whole numbers, each name one of ";
		if (rule_of_text(
			&(struct pack_field){.type = PACK_TEXT}, key) != NULL)
			return "names in normal form C with whole numbers";
	}
	return r->bad ? "names with whole numbers" : NULL;
}

/* The values whose bits are in `which`, with commas between; "…" for more than
 * a reader wants to see. */
static void
add_values(const struct pack_field *field, uint64_t which, struct buf *text)
{
	size_t shown = 0;

	for (size_t i = 0; i < field->values_n; i++) {
		/* Only states are told apart, and no state has more bits. */
		if (which != UINT64_MAX && (which >> i & 1) == 0)
			continue;
		buf_add_text(text, shown == 0 ? "" : ", ");
		if (shown++ == SHOWN_VALUES) {
			buf_add_text(text, "…");
			return;
		}
		buf_add_text(text, field->values[i]);
	}
}

/* Is `word` a code that may be written on the day `today`? */
static enum err
code_check(const struct pack_field *field, struct bytes word, int64_t today)
{
	const struct pack_code *code = pack_code(field, word);

	if (code == NULL ||
	    (today >= code->from_days && today <= code->to_days))
		return ERR_OK;
	if (today < code->from_days)
		return err_set(ERR_INVALID,
		    "%s.%s: '%s' may be written from %s on", field->collection,
		    field->name, code->value, code->from);
	return err_set(ERR_INVALID,
	    "%s.%s: '%s' may be written no more: it ended on %s",
	    field->collection, field->name, code->value, code->to);
}

enum err
pack_check_dated(
    const struct pack_field *field, struct bytes value, int64_t today)
{
	struct bytes last = {0};
	struct reader r;
	enum err e = ERR_OK;
	size_t n;

	if (field->codes == NULL)
		return ERR_OK;
	codec_begin(&r, value);
	if (field->type != PACK_MAP)
		return code_check(field, codec_get_text(&r), today);
	n = codec_get_map(&r, LIMIT_VALUES);
	for (size_t i = 0; i < n && e == ERR_OK; i++) {
		e = code_check(field, codec_get_text_key(&r, &last), today);
		(void)codec_get_int(&r);
	}
	return e;
}

enum err
pack_check_required(const struct pack_collection *collection,
    const struct pack_field *const *present, size_t n)
{
	struct buf missing = {0};
	enum err e = ERR_OK;

	for (size_t i = 0; i < collection->fields_n; i++) {
		const struct pack_field *field = &collection->fields[i];
		bool found = !field->required;

		for (size_t k = 0; k < n && !found; k++)
			found = present[k] == field;
		if (found)
			continue;
		buf_add_text(&missing, missing.n == 0 ? "" : ", ");
		buf_add_text(&missing, field->name);
	}
	if (missing.n > 0)
		e = err_set(ERR_INVALID, "%s: missing %s", collection->name,
		    buf_text(&missing));
	buf_fini(&missing);
	return e;
}

/* The number of the state `name`; values_n when there is none. */
static size_t
state_find(const struct pack_field *field, struct bytes name)
{
	size_t i = 0;

	while (i < field->values_n && !bytes_is(name, field->values[i]))
		i++;
	return i;
}

enum err
pack_check_transition(
    const struct pack_field *field, struct bytes from, struct bytes to)
{
	size_t old = state_find(field, from);
	size_t new = state_find(field, to);
	struct buf text = {0};
	enum err e;

	assert(field->kind == KIND_STATE);
	if (new == field->values_n)
		return refuse(field, to, ONE_OF);
	if (field->moves == NULL || old == field->values_n || old == new ||
	    (field->moves[old] >> new & 1) == 1)
		return ERR_OK;
	add_values(field, field->moves[old], &text);
	e = err_set(ERR_INVALID, "%s.%s: '%s' cannot follow '%s'; %s%s",
	    field->collection, field->name, field->values[new],
	    field->values[old],
	    text.n == 0 ? "nothing can" : "what can: ", buf_text(&text));
	buf_fini(&text);
	return e;
}

enum err
pack_check_past(const struct pack_field *field, struct bytes value,
    int64_t now_seconds, int64_t offset)
{
	int64_t today = calendar_day_at(now_seconds, offset);
	char now[CALENDAR_TIME_SIZE];
	struct bytes text;
	struct reader r;
	int64_t when = 0;
	bool come;

	codec_begin(&r, value);
	text = codec_get_text(&r);
	if (field->type == PACK_DATE)
		come = !calendar_read_day(text, &when) || when <= today;
	else
		come = !calendar_read_time(text, &when) || when <= now_seconds;
	if (come)
		return ERR_OK;
	calendar_write_time(now_seconds, offset, now);
	return err_set(ERR_INVALID,
	    "%s.%s: %.*s has not come yet: the clock of this node shows %s",
	    field->collection, field->name, (int)text.n, (const char *)text.p,
	    now);
}

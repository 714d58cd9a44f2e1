/*
 * Records, members and times as text, the same in every command.  Reads no
 * store and prints nothing.
 */
#include "cli/show.h"

#include <time.h>

#include "core/effective.h"
#include "core/pack_show.h"
#include "proto/codec.h"
#include "proto/json.h"

void
show_time(struct stamp stamp, struct buf *text)
{
	time_t seconds = (time_t)(stamp_ms(stamp) / 1000);
	struct tm wall;

	if (localtime_r(&seconds, &wall) == NULL) {
		buf_add_text(text, "?");
		return;
	}
	buf_add_format(text, "%04d-%02d-%02d %02d:%02d:%02d",
	    wall.tm_year + 1900, wall.tm_mon + 1, wall.tm_mday, wall.tm_hour,
	    wall.tm_min, wall.tm_sec);
}

void
show_utc(struct stamp stamp, struct buf *text)
{
	time_t seconds = (time_t)(stamp_ms(stamp) / 1000);
	struct tm wall;

	if (gmtime_r(&seconds, &wall) == NULL) {
		buf_add_text(text, "?");
		return;
	}
	buf_add_format(text, "%04d-%02d-%02dT%02d:%02d:%02d.%03uZ",
	    wall.tm_year + 1900, wall.tm_mon + 1, wall.tm_mday, wall.tm_hour,
	    wall.tm_min, wall.tm_sec, (unsigned)(stamp_ms(stamp) % 1000));
}

void
show_number(uint64_t n, struct buf *text)
{
	if (n >= 1000) {
		show_number(n / 1000, text);
		buf_add_format(text, ",%03u", (unsigned)(n % 1000));
	} else {
		buf_add_format(text, "%u", (unsigned)n);
	}
}

void
show_member(const struct authority *authority, const struct sign_key *key,
    struct buf *text)
{
	const struct member *member = authority_member(authority, key);

	if (member != NULL && member->label.n > 0) {
		buf_add(text, member->label);
		return;
	}
	for (size_t i = 0; i < 4; i++)
		buf_add_format(text, "%02x", key->b[i]);
	buf_add_text(text, "...");
}

void
show_ref(const struct ref *ref, struct buf *text)
{
	for (size_t i = 0; i < 4; i++)
		buf_add_format(text, "%02x", ref->log.b[i]);
	buf_add_format(text, ":%llu", (unsigned long long)ref->seq);
}

const char *
show_prefix(const struct space *prefix)
{
	return prefix->text[0] != '\0' ? prefix->text : "all";
}

void
show_value(const struct pack_field *field, struct bytes value, struct buf *text)
{
	struct reader r;

	if (field != NULL) {
		pack_show_value(field, value, text);
		return;
	}
	codec_begin(&r, value);
	if (codec_peek(&r) == CODEC_TEXT)
		buf_add(text, codec_get_text(&r));
	else if (json_encode(value, text) != ERR_OK)
		buf_add_text(text, "?");
}

int64_t
show_sum(const struct record_field *content)
{
	int64_t sum = 0;

	for (size_t i = 0; i < content->n; i++) {
		struct reader r;
		int64_t v;

		codec_begin(&r, content->values[i].value);
		v = codec_get_int(&r);
		if (v > 0 && sum > INT64_MAX - v)
			sum = INT64_MAX;
		else if (v < 0 && sum < INT64_MIN - v)
			sum = INT64_MIN;
		else
			sum += v;
	}
	return sum;
}

const size_t *
show_order(const struct record *record, const struct record_field *content,
    struct arena *arena)
{
	size_t *order = arena_array(arena, content->n, sizeof(*order));

	for (size_t i = 0; i < content->n; i++) {
		struct stamp stamp =
		    record->sources[content->values[i].source].stamp;
		size_t at = i;

		/* They come in the order of their dots, mostly that of time. */
		while (at > 0) {
			size_t other = order[at - 1];

			if (record->sources[content->values[other].source]
				.stamp.v <= stamp.v)
				break;
			order[at] = other;
			at--;
		}
		order[at] = i;
	}
	return order;
}

bool
show_is_repeated(const struct record_field *content, size_t i)
{
	for (size_t at = 0; at < i; at++) {
		if (bytes_equal(
			content->values[at].value, content->values[i].value))
			return true;
	}
	return false;
}

void
show_field(const struct record *record, const struct record_field *content,
    const struct pack_field *field, struct buf *text)
{
	const struct record_value *first;
	bool any = false;

	switch (content->kind) {
	case KIND_REGISTER:
	case KIND_STATE:
		first = effective_value(field, record, content);
		if (first != NULL)
			show_value(field, first->value, text);
		break;
	case KIND_SET:
		for (size_t i = 0; i < content->n; i++) {
			if (show_is_repeated(content, i))
				continue;
			buf_add_text(text, any ? "; " : "");
			show_value(field, content->values[i].value, text);
			any = true;
		}
		break;
	case KIND_COUNTER:
		buf_add_format(text, "%lld", (long long)show_sum(content));
		if (field != NULL && field->unit != NULL)
			buf_add_format(text, " %s", field->unit);
		break;
	case KIND_NOTES:
		buf_add_format(text, "%zu", content->n);
		break;
	case KIND_COUNT:
		assert(content->kind != KIND_COUNT);
	}
}

const struct record_value *
show_in_effect(const struct pack_field *field, const struct record *record,
    const struct record_field *content)
{
	if (field == NULL || field->contested_n == 0 ||
	    !merge_is_conflict(content))
		return NULL;
	return effective_value(field, record, content);
}

const char *
show_status(enum record_status status)
{
	switch (status) {
	case RECORD_LIVE:
		return "live";
	case RECORD_DELETED:
		return "deleted";
	case RECORD_CONTESTED:
		return "contested";
	}
	return "?";
}

const char *
show_standing(const struct record *record)
{
	for (size_t i = 0; i < record->fields_n; i++)
		if (merge_is_conflict(&record->fields[i]))
			return "conflict";
	return show_status(record->status);
}

const char *show_class(enum delta_class class)
{
	static const char *const names[CLASS_COUNT] = {"N", "P", "S", "F"};

	assert(class < CLASS_COUNT);
	return names[class];
}

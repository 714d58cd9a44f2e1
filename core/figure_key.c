/*
 * The keys of the rows of reports.  Called by core/figure.c alone.
 */
#include "core/figure_key.h"

#include "proto/ascii.h"
#include "proto/calendar.h"

/* The day of a time; false when it lies outside the calendar. */
static bool
day_of(int64_t seconds, int64_t offset_seconds, int64_t *day)
{
	/* Nothing may be added to what is too large for it. */
	if (!calendar_has(seconds / CALENDAR_DAY_SECONDS))
		return false;
	*day = calendar_day_at(seconds, offset_seconds);
	return calendar_has(*day);
}

/* What has no day is counted in seconds. */
static void
time_add(int64_t seconds, int64_t offset_seconds, struct buf *key)
{
	char time[CALENDAR_TIME_SIZE];
	int64_t day;

	if (!day_of(seconds, offset_seconds, &day)) {
		buf_add_format(key, "%lld", (long long)seconds);
		return;
	}
	calendar_write_time(seconds, offset_seconds, time);
	buf_add_text(key, time);
}

void
figure_key_value(const struct aliases *aliases, int64_t offset_seconds,
    const struct expr_value *value, struct buf *key)
{
	char day[CALENDAR_TEXT_SIZE];
	struct record_id id;

	if (value->type == EXPR_DATE) {
		calendar_write_day(value->i, day);
		buf_add_text(key, day);
	} else if (value->type == EXPR_DATETIME) {
		time_add(value->i, offset_seconds, key);
	} else if (value->type == EXPR_BOOL) {
		buf_add_text(key, value->i != 0 ? "true" : "false");
	} else if (value->type == EXPR_INT || value->type == EXPR_SPAN) {
		buf_add_format(key, "%lld", (long long)value->i);
	} else if (value->type == EXPR_TEXT) {
		buf_add(key, value->b);
	} else if (value->type == EXPR_REF) {
		bytes_copy(id.b, value->b);
		id = alias_of(aliases, &id);
		ascii_hex(bytes_of(id.b, sizeof(id.b)), key);
	} else if (value->type != EXPR_NOTHING) {
		ascii_hex(value->b, key);
	}
}

void
figure_key_when(const struct aliases *aliases, int64_t offset_seconds,
    const struct expr_value *value, struct buf *key)
{
	struct expr_value day = {.type = EXPR_DATE};
	bool is_time = value->type == EXPR_DATETIME &&
		       day_of(value->i, offset_seconds, &day.i);

	figure_key_value(aliases, offset_seconds, is_time ? &day : value, key);
}

struct bytes
figure_key_unit(const struct space *space, size_t depth)
{
	struct bytes name = bytes_text(space->text);
	size_t n = 0;

	while (n < name.n && (name.p[n] != '/' || --depth > 0))
		n++;
	return bytes_first(name, n);
}

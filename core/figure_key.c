/*
 * The keys of the rows of reports.  Called by core/figure.c alone.
 */
#include "core/figure_key.h"

#include "proto/ascii.h"
#include "proto/calendar.h"

void
figure_key_value(const struct aliases *aliases, const struct expr_value *value,
    struct buf *key)
{
	char day[CALENDAR_TEXT_SIZE];
	struct record_id id;

	if (value->type == EXPR_DATE) {
		calendar_write_day(value->i, day);
		buf_add_text(key, day);
	} else if (value->type == EXPR_BOOL) {
		buf_add_text(key, value->i != 0 ? "true" : "false");
	} else if (value->type == EXPR_INT) {
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

struct bytes
figure_key_unit(const struct space *space, size_t depth)
{
	struct bytes name = bytes_text(space->text);
	size_t n = 0;

	while (n < name.n && (name.p[n] != '/' || --depth > 0))
		n++;
	return bytes_first(name, n);
}

#ifndef GOLMOK_CLI_CELL_H
#define GOLMOK_CLI_CELL_H

#include "core/expr.h"

/*
 * What an expression gives, in cells of tables and in JSON.
 */

/* Appends `value` for people to `text`: nothing for nothing, days and times as
 * the pack's clocks have them, elements of a set with commas between, the first
 * digits of a reference. */
void cell_text(
    const struct pack *pack, const struct expr_value *value, struct buf *text);
/* Appends `value` as a member `key` of a JSON object (cli/object.h): null for
 * nothing, dates and references as text, sets as arrays. */
void cell_json(
    const char *key, const struct expr_value *value, struct buf *json);
/* What a file of CSV begins with, so that spreadsheets know that it is UTF-8.
 */
extern const char cell_csv_begin[];
/* Appends `text` as one cell of CSV (RFC 4180 §2): in quotes where it needs
 * them, and with an apostrophe in front where a spreadsheet would take it for
 * a formula. */
void cell_csv(struct bytes text, struct buf *line);

#endif

#ifndef GOLMOK_CLI_CELL_H
#define GOLMOK_CLI_CELL_H

#include "proto/buf.h"

/*
 * Cells of tables that are written as CSV.
 */

/* What a file of CSV begins with, so that spreadsheets know that it is UTF-8.
 */
extern const char cell_csv_begin[];
/* Appends `text` as one cell of CSV (RFC 4180 §2): in quotes where it needs
 * them, and with an apostrophe in front where a spreadsheet would take it for
 * a formula. */
void cell_csv(struct bytes text, struct buf *line);

#endif

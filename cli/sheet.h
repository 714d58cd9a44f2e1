#ifndef GOLMOK_CLI_SHEET_H
#define GOLMOK_CLI_SHEET_H

#include "cli/invite.h"

/*
 * Invitations for many centres at once, from a table: all or none of them.
 * What comes out is a page to be cut into cards, or a table.
 */
struct sheet;

/* Reads `path`, CSV with a column name, role and space, where several spaces
 * have semicolons between them; perhaps expires ("7d"; else `expires`, which
 * may be NULL) and label, a line for the card.  Other columns are an error.
 * Ended with sheet_free, also after an error.  Errors name the line. */
enum err sheet_read(
    const char *path, const char *expires, struct sheet **sheet) MUST_USE;
void sheet_free(struct sheet *sheet);

/* Makes all invitations in the open write transaction. */
enum err sheet_make(struct sheet *sheet, struct opened *work,
    const struct invite_plan *plan) MUST_USE;
/* Writes the page, or the table with the columns id, name, role, space,
 * expires, token, to the file `path`, which only its owner may read. */
enum err sheet_html(
    const struct sheet *sheet, struct opened *work, const char *path) MUST_USE;
enum err sheet_csv(const struct sheet *sheet, const char *path) MUST_USE;
/* Says how many there are. */
void sheet_say(const struct sheet *sheet, struct out *out);

#endif

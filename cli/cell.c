/*
 * Writes CSV.  Called by the commands that list what is due and report.
 */
#include "cli/cell.h"

#include <string.h>

const char cell_csv_begin[] = "\xef\xbb\xbf";

void
cell_csv(struct bytes text, struct buf *line)
{
	bool formula = text.n > 0 && strchr("=+-@\t\r", text.p[0]) != NULL;
	bool quoted = false;

	for (size_t i = 0; i < text.n && !quoted; i++)
		quoted = strchr(",\"\r\n", text.p[i]) != NULL;
	if (quoted)
		buf_add_text(line, "\"");
	if (formula)
		buf_add_text(line, "'");
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] == '"')
			buf_add_text(line, "\"");
		buf_add(line, bytes_slice(text, i, 1));
	}
	if (quoted)
		buf_add_text(line, "\"");
}

/*
 * Any bytes as a CSV in each encoding, cut into chunks anywhere; and the rows
 * of a file to be imported, as CSV and as JSON lines.
 */
#include <stdio.h>
#include <unistd.h>

#include "cli/load.h"
#include "proto/csv.h"
#include "proto/text.h"
#include "tests/fuzz/cost.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/targets.h"

/* All rows of `in`, fed in pieces of `piece`, written to `out`; the failure
 * that ends them. */
static enum err
read_all(
    struct bytes in, enum csv_encoding encoding, size_t piece, struct buf *out)
{
	struct csv *csv = csv_new(encoding);
	struct csv_row row;
	uint64_t line = 0;
	size_t cells = 0;
	bool found = true;
	enum err e = ERR_OK;

	while (e == ERR_OK && (in.n > 0 || found)) {
		size_t n = piece < in.n ? piece : in.n;

		csv_feed(csv, bytes_first(in, n));
		in = bytes_after(in, n);
		if (in.n == 0)
			csv_end(csv);
		for (;;) {
			e = csv_next(csv, &row, &found);
			if (e != ERR_OK || !found)
				break;
			assert(row.n > 0 && (cells == 0 || row.n == cells));
			assert(row.line > line);
			cells = row.n;
			line = row.line;
			for (size_t i = 0; i < row.n; i++) {
				assert(text_is_utf8(row.cells[i]));
				csv_add_cell(out, row.cells[i]);
			}
			csv_add_row_end(out);
		}
	}
	if (e != ERR_OK)
		assert(csv_next(csv, &row, &found) == e);
	csv_free(csv);
	return e;
}

static void
chunks(struct bytes in, enum csv_encoding encoding)
{
	static const size_t pieces[] = {1, 3, 61};
	struct buf whole = {0};
	struct buf parts = {0};
	enum err e = read_all(in, encoding, in.n + 1, &whole);

	assert(e == ERR_OK || e == ERR_MALFORMED || e == ERR_LIMIT);
	for (size_t i = 0; i < COUNT_OF(pieces); i++) {
		buf_cut(&parts, 0);
		assert(read_all(in, encoding, pieces[i], &parts) == e);
		assert(bytes_equal(buf_bytes(&parts), buf_bytes(&whole)));
	}
	buf_cut(&parts, 0);
	/* What is written is read as it was. */
	assert(read_all(buf_bytes(&whole), CSV_UTF8, whole.n + 1, &parts) ==
	       ERR_OK);
	assert(bytes_equal(buf_bytes(&parts), buf_bytes(&whole)));
	buf_cut(&parts, 0);
	if (csv_to_cp949(buf_bytes(&whole), &parts) == ERR_OK) {
		buf_cut(&whole, 0);
		assert(read_all(buf_bytes(&parts), CSV_CP949, 7, &whole) ==
		       ERR_OK);
	}
	buf_fini(&whole);
	buf_fini(&parts);
}

static void
rows_load(const struct load_plan *plan, const char *path)
{
	struct load *load;
	struct load_row row;
	bool found = true;
	unsigned bad = 0;
	enum err e = load_open(plan, path, &load);

	fuzz_assert_theirs(e);
	while (e == ERR_OK && found && bad < 100) {
		enum err one = load_next(load, &row, &found);

		fuzz_assert_theirs(one);
		if (one != ERR_OK) {
			bad++;
			found = true;
			continue;
		}
		for (size_t i = 0; found && i < row.n; i++)
			assert(codec_check(row.values[i].value) == ERR_OK &&
			       row.values[i].field != NULL);
	}
	load_close(load);
}

/* The file that is imported. */
static const char *
file_of(struct bytes in)
{
	static char path[64];
	FILE *file;

	if (path[0] == '\0')
		(void)snprintf(path, sizeof(path), "/dev/shm/golmok-csv-%ld",
		    (long)getpid());
	file = fopen(path, "wb");
	assert(file != NULL);
	assert(in.n == 0 || fwrite(in.p, 1, in.n, file) == in.n);
	assert(fclose(file) == 0);
	return path;
}

void
target_csv(struct bytes in)
{
	static struct pack *pack;
	struct load_plan plan = {.rows = {.encoding = ROWS_AUTO}};
	const char *path;

	fuzz_start();
	if (pack == NULL)
		assert(pack_parse(pack_embedded(), &pack) == ERR_OK);
	chunks(in, CSV_UTF8);
	chunks(in, CSV_CP949);
	plan.pack = pack;
	plan.collection = &pack->collections[0];
	path = file_of(in);
	plan.rows.format = ROWS_CSV;
	rows_load(&plan, path);
	plan.rows.format = ROWS_JSONL;
	rows_load(&plan, path);
	(void)remove(path);
}

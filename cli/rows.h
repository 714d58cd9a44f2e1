#ifndef GOLMOK_CLI_ROWS_H
#define GOLMOK_CLI_ROWS_H

#include "proto/csv.h"

/*
 * The rows of a file as they stand there: cells of a CSV, or lines of JSON.
 * What they mean is for load.h and source.h to say.
 */
enum rows_format { ROWS_BY_NAME, ROWS_JSONL, ROWS_CSV };
enum rows_encoding { ROWS_AUTO, ROWS_UTF8, ROWS_CP949 };

struct rows_plan {
	enum rows_format format; /* by name: .csv is CSV, all else JSON lines */
	enum rows_encoding encoding; /* auto: UTF-8 when the whole file is */
};

struct rows;

/* Reads the whole file `path` ("-": standard input) into `*rows`, ended with
 * rows_close in every case.  What file_read says; ERR_LIMIT beyond
 * LIMIT_IMPORT_SIZE; ERR_INVALID for a file in two encodings. */
enum err rows_open(const struct rows_plan *plan, const char *path,
    struct rows **rows) MUST_USE;
/* NULL does nothing. */
void rows_close(struct rows *rows);
/* Back to the start. */
void rows_rewind(struct rows *rows);
bool rows_is_csv(const struct rows *rows);
/* The next row of a CSV, the header among them, without remarks in front of it;
 * it lives until the next call.  ERR_MALFORMED and ERR_LIMIT as csv_next: then
 * nothing more can be found. */
enum err rows_cells(
    struct rows *rows, struct csv_row *row, bool *found) MUST_USE;
/* The next line that is not empty; false at the end. */
bool rows_line(struct rows *rows, struct bytes *line) MUST_USE;
/* Where the last row (or error) begins, counted from 1; how many bytes are
 * behind it, and how many there are. */
uint64_t rows_at(const struct rows *rows);
uint64_t rows_done(const struct rows *rows);
uint64_t rows_size(const struct rows *rows);

#endif

#ifndef GOLMOK_CLI_GRID_H
#define GOLMOK_CLI_GRID_H

#include "cli/args.h"
#include "cli/out.h"

/*
 * A table that spreadsheets and word processors of Korea open: CSV with CRLF,
 * in UTF-8 with a byte order mark or in CP949, with no cell that is computed.
 */
struct grid {
	struct out *out; /* borrowed */
	bool cp949;
	bool marked;  /* a mark stands before the next row */
	bool replace; /* what CP949 cannot say becomes a question mark */
	uint64_t replaced;
	/* The row under way; owned, ended with grid_fini. */
	struct buf row;
	struct buf cells;   /* one behind the other */
	size_t *ends;	    /* of each in `cells` */
	const char **names; /* what each is; borrowed */
	size_t n;
	size_t room;
	size_t names_room;
};

/* The options of a command that writes what it shows as such a table. */
#define GRID_OPTIONS                                                      \
	{.name = "csv", .help = "write CSV"},                             \
	{                                                                 \
		.name = "no-bom", .help = "CSV without a byte order mark" \
	}

/* Is a table wished?  Then `grid` is made for `out` and begins as the options
 * say.  ERR_USAGE: --csv beside --json, or --no-bom alone. */
enum err grid_read(const struct args *args, struct out *out, bool *wished,
    struct grid *grid) MUST_USE;

/* Begins the file: with `mark` by the mark of UTF-8. */
void grid_begin(struct grid *grid, bool mark);
/* One cell more; `name` says in errors what it is. */
void grid_cell(struct grid *grid, struct bytes text, const char *name);
/* Writes the row, which `what` names in errors.  ERR_INVALID names the cell of
 * which CP949 does not have a character.  A write that fails is told by
 * out_end. */
enum err grid_row(struct grid *grid, const char *what) MUST_USE;
/* A row of the `n` cells. */
enum err grid_line(
    struct grid *grid, const struct bytes *cells, size_t n) MUST_USE;
void grid_fini(struct grid *grid);

#endif

#ifndef GOLMOK_CLI_SYNTH_FILES_H
#define GOLMOK_CLI_SYNTH_FILES_H

#include <stdio.h>

#include "cli/synth_city.h"
#include "proto/err.h"

/*
 * The two files beside the rows of an invented city: truth.csv, which
 * households are the same, and events.jsonl, the script of troubles
 * (cli/synth_truth.h has the lines).
 */
struct synth_span {
	int first; /* a year; 0: none of this dong */
	int last;
};

/* Zeroed: they are not wished, and what follows does nothing. */
struct synth_files {
	FILE *truth;
	FILE *events;
};

/* Begins both in `dir`. */
enum err synth_files_open(struct synth_files *files, const char *dir) MUST_USE;
/* Writes what befalls the whole city in any of the years, and what `dong` has
 * in its own; of pairs those of which both dongs are there in that year. */
void synth_files_city(
    struct synth_files *files, const struct synth_span spans[SYNTH_DONGS]);
void synth_files_dong(struct synth_files *files, const struct synth_city *city,
    const struct synth_span spans[SYNTH_DONGS], const struct synth_dong *dong);
/* ERR_FULL, ERR_IO: something of them was not written. */
enum err synth_files_close(struct synth_files *files, const char *dir) MUST_USE;
/* For whoever gives up in the middle. */
void synth_files_fini(struct synth_files *files);

#endif

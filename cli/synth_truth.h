#ifndef GOLMOK_CLI_SYNTH_TRUTH_H
#define GOLMOK_CLI_SYNTH_TRUTH_H

#include "cli/synth_home.h"

/*
 * What was planted, so that it can be held against what is found: households
 * that were entered twice, and the troubles of lines, clocks and of two people
 * who write at a time.
 */
struct synth_twin {
	struct record_id a; /* the household as it was first entered, */
	struct record_id b; /* and as it was entered again */
	const struct synth_dong *a_dong;
	const struct synth_dong *b_dong;
	const char *noise; /* what is spelt otherwise there */
	int64_t at;
	struct synth_home_words words; /* as entered again */
};

/* The `n`-th household that the dong of `plan` entered in its year although it
 * was entered before, there or in another dong. */
void synth_truth_twin(
    const struct synth_plan *plan, uint32_t n, struct synth_twin *twin);
/* Writes the rows of all of them. */
void synth_truth_rows(const struct synth_plan *plan);
/* Appends a line `a,b,a_space,b_space,where,noise` for each whose first dong is
 * one of those that `chosen` has (by number) to `csv`. */
void synth_truth_csv(const struct synth_plan *plan,
    const bool chosen[SYNTH_DONGS], struct buf *csv);

/* Appends a line of JSON for each trouble of the dong of `plan` in its year to
 * `lines`: when its line is down, when two people change one field, how wrong
 * its clock is, and who moves away. */
void synth_truth_events(const struct synth_plan *plan, struct buf *lines);
/* Appends a member `key` with a time or an id to a line of JSON, behind others.
 */
void synth_truth_time(struct buf *lines, const char *key, int64_t at);
void synth_truth_id(
    struct buf *lines, const char *key, const struct record_id *id);
/* Appends the three events of the whole city, if they lie in `year`. */
void synth_truth_scripted(int year, struct buf *lines);

#endif

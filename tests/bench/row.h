#ifndef GOLMOK_TESTS_BENCH_ROW_H
#define GOLMOK_TESTS_BENCH_ROW_H

#include "proto/base.h"

/*
 * One row of the table: pairs of a limit and the store, taken one after the
 * other in one run, and the median of their ratios beside gate and aim
 * (docs/benchmarks.md).
 */
enum { ROW_PAIRS_MAX = 64 };

struct row {
	const char *name;
	const char *unit; /* of what is counted: "deltas" */
	double gate;	  /* as a ratio; 0: none */
	double aim;
	double gate_rate; /* per second; 0: none */
	size_t n;
	double limit[ROW_PAIRS_MAX]; /* per second */
	double store[ROW_PAIRS_MAX];
};

/* Seconds of a clock that only goes forward. */
double row_seconds(void);
/* Seconds that this process has spent on a core, its own and the system's. */
double row_cpu_seconds(void);
/* The same of this thread alone. */
double row_thread_seconds(void);
/* One more pair: both did `units` in these seconds. */
void row_add(struct row *row, double units, double limit_s, double store_s);
/* Prints the row, and one line for each pair before it. */
void row_print(const struct row *row);
/* Bytes that this process has handed to write calls so far. */
uint64_t row_written_bytes(void);
/* The kilobytes of anonymous memory that this process has now. */
uint64_t row_anonymous_kb(void);

#endif

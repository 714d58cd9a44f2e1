/*
 * Clocks, counters and medians of the benchmark.  Measures nothing by itself.
 */
#include "tests/bench/row.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static double
seconds_of(clockid_t clock)
{
	struct timespec now;

	assert(clock_gettime(clock, &now) == 0);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

double
row_seconds(void)
{
	return seconds_of(CLOCK_MONOTONIC);
}

double
row_cpu_seconds(void)
{
	return seconds_of(CLOCK_PROCESS_CPUTIME_ID);
}

double
row_thread_seconds(void)
{
	return seconds_of(CLOCK_THREAD_CPUTIME_ID);
}

void
row_add(struct row *row, double units, double limit_s, double store_s)
{
	assert(row->n < ROW_PAIRS_MAX && limit_s > 0 && store_s > 0);
	row->limit[row->n] = units / limit_s;
	row->store[row->n] = units / store_s;
	row->n++;
}

static int
compare(const void *a, const void *b)
{
	const double *x = a;
	const double *y = b;

	return (*x > *y) - (*x < *y);
}

/* The middle of `n` values, which it sorts: the least and the most come to
 * their ends. */
static double
middle(double *values, size_t n)
{
	qsort(values, n, sizeof(*values), compare);
	return (values[(n - 1) / 2] + values[n / 2]) / 2;
}

void
row_print(const struct row *row)
{
	double limit[ROW_PAIRS_MAX];
	double store[ROW_PAIRS_MAX];
	double ratio[ROW_PAIRS_MAX];
	double ratio_m;
	double store_m;
	double limit_m;
	size_t last;

	assert(row->n > 0);
	for (size_t i = 0; i < row->n; i++) {
		limit[i] = row->limit[i];
		store[i] = row->store[i];
		ratio[i] = store[i] / limit[i];
		printf("  pair %zu: limit %.0f/s, store %.0f/s, %.3f\n", i + 1,
		    limit[i], store[i], ratio[i]);
	}
	last = row->n - 1;
	ratio_m = middle(ratio, row->n);
	store_m = middle(store, row->n);
	limit_m = middle(limit, row->n);
	printf("%s: %.2f [%.2f..%.2f] of the limit", row->name, ratio_m,
	    ratio[0], ratio[last]);
	if (row->gate > 0)
		printf(" (gate %.2f, aim %.2f)", row->gate, row->aim);
	printf("; %.0f [%.0f..%.0f] %s/s", store_m, store[0], store[last],
	    row->unit);
	if (row->gate_rate > 0)
		printf(" (gate %.0f)", row->gate_rate);
	printf("; limit %.0f [%.0f..%.0f]\n", limit_m, limit[0], limit[last]);
	(void)fflush(stdout);
}

/* The number that stands behind `name` in the file `path`. */
static uint64_t
number_in(const char *path, const char *name)
{
	char line[256];
	uint64_t number = 0;
	FILE *file = fopen(path, "r");

	assert(file != NULL);
	while (fgets(line, sizeof(line), file) != NULL)
		if (strncmp(line, name, strlen(name)) == 0)
			number = strtoull(line + strlen(name), NULL, 10);
	(void)fclose(file);
	return number;
}

uint64_t
row_written_bytes(void)
{
	return number_in("/proc/self/io", "wchar:");
}

uint64_t
row_anonymous_kb(void)
{
	return number_in("/proc/self/status", "RssAnon:");
}

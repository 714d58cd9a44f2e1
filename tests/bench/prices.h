#ifndef GOLMOK_TESTS_BENCH_PRICES_H
#define GOLMOK_TESTS_BENCH_PRICES_H

/* Prints what each index and each view of the pack costs where a year of some
 * centres is merged, as the table of docs/benchmarks.md. */
void prices_row(void);

#endif

#ifndef GOLMOK_TESTS_BENCH_VIEWS_H
#define GOLMOK_TESTS_BENCH_VIEWS_H

/* Prints what views cost a merged delta: none, one, and all of the pack. */
void views_row(void);

#endif

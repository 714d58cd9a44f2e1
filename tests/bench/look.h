#ifndef GOLMOK_TESTS_BENCH_LOOK_H
#define GOLMOK_TESTS_BENCH_LOOK_H

/* W6, point reads, and the verification of a log. */
void look_rows(void);

#endif

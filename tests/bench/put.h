#ifndef GOLMOK_TESTS_BENCH_PUT_H
#define GOLMOK_TESTS_BENCH_PUT_H

/* W1: local writes, one transaction each. */
void put_rows(void);

#endif

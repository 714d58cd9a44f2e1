#ifndef GOLMOK_TESTS_BENCH_TRIP_H
#define GOLMOK_TESTS_BENCH_TRIP_H

/* W2: an empty node gets all that another one holds, over TCP, encrypted,
 * verified and durable; each of the two is a process. */
void trip_row(void);

#endif

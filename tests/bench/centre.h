#ifndef GOLMOK_TESTS_BENCH_CENTRE_H
#define GOLMOK_TESTS_BENCH_CENTRE_H

/* Five years of one centre, imported by the program, $GOLMOK; then how long
 * each due list, each report and some searches take, in this process and as
 * commands. */
void centre_row(void);

#endif

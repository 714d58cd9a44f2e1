#ifndef GOLMOK_TESTS_BENCH_LIVE_H
#define GOLMOK_TESTS_BENCH_LIVE_H

/* 424 centres that are linked to one hub: what each says is a run of one delta,
 * made ahead by the session of a real store, and is fed to the hub's sessions
 * in rounds.  Beside it a core that does nothing but check their signatures. */
void live_row(void);

#endif

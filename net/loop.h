#ifndef GOLMOK_NET_LOOP_H
#define GOLMOK_NET_LOOP_H

#include "proto/err.h"

/*
 * The event loop, and the clock by which net/ waits.  One thread: every
 * callback but that of loop_work runs inside loop_run or loop_step, one after
 * another, and never inside the function that it was given to.
 */
struct loop;

/* Milliseconds since some start; never goes back, and counts the time that the
 * machine slept, so that a link which slept with it is found to be stale. */
uint64_t loop_now_ms(void);

/* A new loop into `*loop`, ended with loop_close.  From then on the process
 * ignores SIGPIPE: a peer that vanished is an error of one stream.  ERR_IO
 * when the system is out of descriptors. */
enum err loop_open(struct loop **loop) MUST_USE;
/* Runs callbacks until loop_stop is called or nothing is open on `loop`. */
void loop_run(struct loop *loop);
/* Waits for one event or more and runs their callbacks; false when nothing is
 * open, so that nothing can happen any more. */
bool loop_step(struct loop *loop);
/* Makes loop_run return after the callback that runs now. */
void loop_stop(struct loop *loop);
/* Ends `loop`; NULL does nothing.  All that was opened on it must have been
 * closed or freed by its owner (asserted); close callbacks that are still to
 * come run here. */
void loop_close(struct loop *loop);

/* When this turn of the loop began, by a clock of its own: equal in all
 * callbacks of one turn. */
uint64_t loop_turn_ms(const struct loop *loop);
/* Lets the process open `wanted` descriptors, if the system allows so many
 * (RLIMIT_NOFILE); how many it may open now. */
size_t loop_descriptors(size_t wanted);

/*
 * A timer fires once for each loop_timer_set, at `at_ms` of loop_now_ms or
 * later, never earlier.
 */
struct loop_timer;
typedef void loop_timer_fn(void *arg);

/* A timer that will call `fn` with `arg`; at rest.  Ended by loop_timer_free.
 */
struct loop_timer *loop_timer_new(
    struct loop *loop, loop_timer_fn *fn, void *arg) MUST_USE;
/* Sets `timer` to `at_ms`, whatever it was set to; UINT64_MAX for never.  A
 * time in the past fires within a millisecond, after other events had their
 * turn. */
void loop_timer_set(struct loop_timer *timer, uint64_t at_ms);
/* No callback comes after this call; also from inside the timer's own
 * callback.  NULL does nothing. */
void loop_timer_free(struct loop_timer *timer);

/*
 * A callback for when everything that is ready now has had its turn: once for
 * each time that it is set, and soon.
 */
struct loop_soon;

/* One that will call `fn` with `arg`; at rest.  Ended by loop_soon_free. */
struct loop_soon *loop_soon_new(
    struct loop *loop, loop_timer_fn *fn, void *arg) MUST_USE;
/* Whether it was set before or not; also from inside its own callback. */
void loop_soon_set(struct loop_soon *soon);
/* No callback comes after this call.  NULL does nothing. */
void loop_soon_free(struct loop_soon *soon);

/*
 * A signal of the process, as an event of the loop.
 */
struct loop_signal;
typedef void loop_signal_fn(void *arg, int number);

/* Calls `fn` with `arg` for each signal `number` from now on.  A loop that
 * waits for signals alone counts as one on which something is open.  ERR_IO
 * when the signal cannot be caught. */
enum err loop_signal_open(struct loop *loop, int number, loop_signal_fn *fn,
    void *arg, struct loop_signal **signal) MUST_USE;
/* No callback comes after this call.  NULL does nothing. */
void loop_signal_close(struct loop_signal *signal);

/*
 * Work on another thread: `run` is called there with `arg`, and when it has
 * returned, `done` on the thread of the loop.  Neither may be taken back; a
 * loop with work under way is not empty.  `run` must touch nothing but what
 * `arg` points at, which nobody else touches until `done`.
 */
typedef void loop_work_fn(void *arg);
void loop_work(
    struct loop *loop, loop_work_fn *run, loop_work_fn *done, void *arg);
/* How many threads of this process can run at once; at least 1. */
unsigned loop_cores(void);

/* For the files of net/ that speak to libuv: the loop itself, and a buffer
 * that every read callback may fill and must be done with when it returns. */
enum { LOOP_READ_SIZE = 64 * 1024 };
struct uv_loop_s;
struct uv_loop_s *loop_uv(struct loop *loop);
uint8_t *loop_read_buffer(struct loop *loop);

#endif

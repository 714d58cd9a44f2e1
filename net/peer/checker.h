#ifndef GOLMOK_NET_PEER_CHECKER_H
#define GOLMOK_NET_PEER_CHECKER_H

#include "core/vouch.h"
#include "net/loop.h"

/*
 * Signatures of heads, checked on other threads.  Heads are asked about one by
 * one, then sent away together; when the answers are there, those that were
 * signed are in the memo.  The threads see copies of heads and nothing else:
 * not the store, not a session.
 */
struct checker;

/* The answers to what was sent are in the memo. */
typedef void checker_done_fn(void *arg);

/* `loop` and `arg` are borrowed until checker_free, after which no callback
 * comes. */
struct checker *checker_new(
    struct loop *loop, checker_done_fn *done, void *arg) MUST_USE;
void checker_free(struct checker *checker);

/* The memo, for core; lives as long as the checker. */
struct vouch *checker_vouch(struct checker *checker);
/* Asks whether the author of `log` signed `head`, unless that is known.  Not
 * while it is busy. */
void checker_ask(struct checker *checker, const struct log_name *log,
    const struct note_head *head);
/* Heads that were asked about and not sent. */
size_t checker_asked(const struct checker *checker);
/* Sends what was asked; false when that would not pay, so that nothing is sent
 * and no answer comes. */
bool checker_send(struct checker *checker);
/* Are answers on their way? */
bool checker_is_busy(const struct checker *checker);
/* For a loop that has nothing else to do: answers a few of what was sent, on
 * this thread.  False: nothing is left that no thread has begun.  The callback
 * comes as ever, not from here. */
bool checker_help(struct checker *checker);

#endif

#ifndef GOLMOK_NET_PEER_OPENING_H
#define GOLMOK_NET_PEER_OPENING_H

#include "net/peer/news.h"
#include "net/peer/talk.h"

/* The channel is up: judges the peer, takes stock of what both may have, says
 * hello.  ERR_DENIED: the peer is no member. */
enum err opening_begin(struct talk *talk) MUST_USE;
/* The peer's hello is there, and nothing else was heard yet.  Does each know
 * what the other has, or at least what it was told the last time? */
void opening_compare(struct talk *talk);
/* The peer says its clock whole: all that was believed of it is dropped. */
void opening_forget(struct talk *talk);
/* Numbers the logs, once both clocks are known on both sides. */
void opening_number(struct talk *talk);
/* Goes on until news can flow, and takes stock again when rights have changed:
 * what `authority` says now.  ERR_DENIED: there is no session with the peer any
 * more. */
enum err opening_go_on(
    struct talk *talk, const struct authority *authority) MUST_USE;
/* Enters `log` of this store into the ledger and queues it if both may have it;
 * one that they may not have is hidden, unless the peer spoke of it. */
enum err opening_share(struct talk *talk, const struct authority *authority,
    const struct log *log) MUST_USE;
/* As opening_share, for a log to which something happened; `*concerns` says
 * whether both may have it.  For one that was met before and that they may not
 * have, nothing is looked up. */
enum err opening_news(struct talk *talk, const struct authority *authority,
    const struct news_log *news, bool *concerns) MUST_USE;
/* The peer speaks of the log of `entry`, which is not known to be local: if it
 * is hidden, it is entered as what it is, local and not shared. */
enum err opening_meet(struct talk *talk, struct ledger_log *entry) MUST_USE;

#endif

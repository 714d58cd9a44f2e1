#ifndef GOLMOK_CLI_SYNC_H
#define GOLMOK_CLI_SYNC_H

#include "cli/out.h"
#include "net/node.h"

/* One meeting with a peer, shown to who waits for it. */

/* Exchanges with sync->peer all that both may have, with a line of progress; a
 * newcomer meets it again as long as that reveals more.  `*status` is all
 * meetings together, also after an error.  Errors as node_sync_once; ERR_PEER
 * when it ended too early. */
enum err sync_meet(struct out *out, struct node_sync *sync,
    struct session_status *status) MUST_USE;
/* Says what came of it. */
void sync_say(struct out *out, const struct session_status *status);

#endif

#ifndef GOLMOK_NET_ONCE_H
#define GOLMOK_NET_ONCE_H

#include "net/node.h"

/* As node_sync_once. */
enum err once_sync(
    const struct node_sync *sync, struct session_status *status) MUST_USE;

#endif

#ifndef GOLMOK_NET_RATES_H
#define GOLMOK_NET_RATES_H

#include "net/node.h"
#include "net/peer/link.h"

/* Makes of `config` the `limits` that all links of one process share; ended
 * with rates_close. */
void rates_open(struct loop *loop, const struct node_limits *config,
    struct link_limits *limits);
/* After the last link has ended. */
void rates_close(struct link_limits *limits);

#endif

/*
 * From what a person allows a node to what its links keep to.  net/node.c and
 * net/once.c begin and end with it.
 */
#include "net/rates.h"

void
rates_open(struct loop *loop, const struct node_limits *config,
    struct link_limits *limits)
{
	*limits = (struct link_limits){
	    .out = valve_new(loop, config->rate_bytes),
	    .in = valve_new(loop, config->rate_bytes),
	    .day_bytes = config->day_bytes,
	};
}

void
rates_close(struct link_limits *limits)
{
	valve_free(limits->out);
	valve_free(limits->in);
}

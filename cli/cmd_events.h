#ifndef GOLMOK_CLI_CMD_EVENTS_H
#define GOLMOK_CLI_CMD_EVENTS_H

#include "cli/args.h"

/* What whoever runs this node should know: events. */
extern const struct args_command cmd_events_commands[];
extern const size_t cmd_events_commands_n;

#endif

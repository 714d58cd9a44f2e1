#ifndef GOLMOK_CLI_CMD_NET_H
#define GOLMOK_CLI_CMD_NET_H

#include "cli/args.h"

/* With other nodes: serve, sync. */
extern const struct args_command cmd_net_commands[];
extern const size_t cmd_net_commands_n;

#endif

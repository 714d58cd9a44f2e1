#ifndef GOLMOK_CLI_CMD_PEER_H
#define GOLMOK_CLI_CMD_PEER_H

#include "cli/args.h"

/* peer add, peer rm, peer ls. */
extern const struct args_command cmd_peer_commands[];
extern const size_t cmd_peer_commands_n;

#endif

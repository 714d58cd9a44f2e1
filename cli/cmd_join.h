#ifndef GOLMOK_CLI_CMD_JOIN_H
#define GOLMOK_CLI_CMD_JOIN_H

#include "cli/args.h"

/* How a node becomes a member: join, admit. */
extern const struct args_command cmd_join_commands[];
extern const size_t cmd_join_commands_n;

#endif

#ifndef GOLMOK_CLI_CMD_SPACE_H
#define GOLMOK_CLI_CMD_SPACE_H

#include "cli/args.h"

/* The spaces of this node: space ls. */
extern const struct args_command cmd_space_commands[];
extern const size_t cmd_space_commands_n;

#endif

#ifndef GOLMOK_CLI_CMD_CONFLICTS_H
#define GOLMOK_CLI_CMD_CONFLICTS_H

#include "cli/args.h"

/* What waits for a decision: conflicts. */
extern const struct args_command cmd_conflicts_commands[];
extern const size_t cmd_conflicts_commands_n;

#endif

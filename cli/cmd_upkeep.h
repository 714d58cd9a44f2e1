#ifndef GOLMOK_CLI_CMD_UPKEEP_H
#define GOLMOK_CLI_CMD_UPKEEP_H

#include "cli/args.h"

/* What keeps a store small: squeeze, compact. */
extern const struct args_command cmd_upkeep_commands[];
extern const size_t cmd_upkeep_commands_n;

#endif

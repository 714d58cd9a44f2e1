#ifndef GOLMOK_CLI_CMD_PAIR_H
#define GOLMOK_CLI_CMD_PAIR_H

#include "cli/args.h"

/* Two records that may speak of the same, side by side: duplicates show. */
extern const struct args_command cmd_pair_commands[];
extern const size_t cmd_pair_commands_n;

#endif

#ifndef GOLMOK_CLI_CMD_DUPLICATES_H
#define GOLMOK_CLI_CMD_DUPLICATES_H

#include "cli/args.h"

/* Records that may speak of the same: duplicates. */
extern const struct args_command cmd_duplicates_commands[];
extern const size_t cmd_duplicates_commands_n;

#endif

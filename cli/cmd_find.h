#ifndef GOLMOK_CLI_CMD_FIND_H
#define GOLMOK_CLI_CMD_FIND_H

#include "cli/args.h"

/* Records that fit a condition or have words in them: find. */
extern const struct args_command cmd_find_commands[];
extern const size_t cmd_find_commands_n;

#endif

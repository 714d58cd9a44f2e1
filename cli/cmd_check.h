#ifndef GOLMOK_CLI_CMD_CHECK_H
#define GOLMOK_CLI_CMD_CHECK_H

#include "cli/args.h"

/* Is all as it must be: log verify, fsck, rebuild. */
extern const struct args_command cmd_check_commands[];
extern const size_t cmd_check_commands_n;

#endif

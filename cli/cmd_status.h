#ifndef GOLMOK_CLI_CMD_STATUS_H
#define GOLMOK_CLI_CMD_STATUS_H

#include "cli/args.h"

/* What is held here, and what elsewhere: status. */
extern const struct args_command cmd_status_commands[];
extern const size_t cmd_status_commands_n;

#endif

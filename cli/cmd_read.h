#ifndef GOLMOK_CLI_CMD_READ_H
#define GOLMOK_CLI_CMD_READ_H

#include "cli/args.h"

/* Records as they are: get, history. */
extern const struct args_command cmd_read_commands[];
extern const size_t cmd_read_commands_n;

#endif

#ifndef GOLMOK_CLI_CMD_LOG_H
#define GOLMOK_CLI_CMD_LOG_H

#include "cli/args.h"

/* The signed logs: log ls, log show. */
extern const struct args_command cmd_log_commands[];
extern const size_t cmd_log_commands_n;

#endif

#ifndef GOLMOK_CLI_CMD_MAY_H
#define GOLMOK_CLI_CMD_MAY_H

#include "cli/args.h"

/* May a member do that, and why: may. */
extern const struct args_command cmd_may_commands[];
extern const size_t cmd_may_commands_n;

#endif

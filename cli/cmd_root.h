#ifndef GOLMOK_CLI_CMD_ROOT_H
#define GOLMOK_CLI_CMD_ROOT_H

#include "cli/args.h"

/* root show, root rotate, root split, root join. */
extern const struct args_command cmd_root_commands[];
extern const size_t cmd_root_commands_n;

#endif

#ifndef GOLMOK_CLI_CMD_KEYS_H
#define GOLMOK_CLI_CMD_KEYS_H

#include "cli/args.h"

/* keys export, keys restore. */
extern const struct args_command cmd_keys_commands[];
extern const size_t cmd_keys_commands_n;

#endif

#ifndef GOLMOK_CLI_CMD_LIST_H
#define GOLMOK_CLI_CMD_LIST_H

#include "cli/args.h"

/* Spaces and records in a table: ls. */
extern const struct args_command cmd_list_commands[];
extern const size_t cmd_list_commands_n;

#endif

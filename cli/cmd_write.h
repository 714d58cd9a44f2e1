#ifndef GOLMOK_CLI_CMD_WRITE_H
#define GOLMOK_CLI_CMD_WRITE_H

#include "cli/args.h"

/* Changes of records: put, patch, rm, keep, note, resolve. */
extern const struct args_command cmd_write_commands[];
extern const size_t cmd_write_commands_n;

#endif

#ifndef GOLMOK_CLI_CMD_DUE_H
#define GOLMOK_CLI_CMD_DUE_H

#include "cli/args.h"

/* What has to be done, by the lists of the pack: due. */
extern const struct args_command cmd_due_commands[];
extern const size_t cmd_due_commands_n;

#endif

#ifndef GOLMOK_CLI_CMD_REVOKE_H
#define GOLMOK_CLI_CMD_REVOKE_H

#include "cli/args.h"

/* Taking grants back: member revoke. */
extern const struct args_command cmd_revoke_commands[];
extern const size_t cmd_revoke_commands_n;

#endif

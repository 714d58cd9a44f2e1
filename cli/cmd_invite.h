#ifndef GOLMOK_CLI_CMD_INVITE_H
#define GOLMOK_CLI_CMD_INVITE_H

#include "cli/args.h"

/* The commands of cmd_invite.c. */
extern const struct args_command cmd_invite_commands[];
extern const size_t cmd_invite_commands_n;

#endif

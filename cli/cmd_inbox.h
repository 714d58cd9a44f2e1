#ifndef GOLMOK_CLI_CMD_INBOX_H
#define GOLMOK_CLI_CMD_INBOX_H

#include "cli/args.h"

/* What does not count: inbox ls, show, adopt, void. */
extern const struct args_command cmd_inbox_commands[];
extern const size_t cmd_inbox_commands_n;

#endif

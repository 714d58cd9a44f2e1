#ifndef GOLMOK_CLI_CMD_MEMBER_H
#define GOLMOK_CLI_CMD_MEMBER_H

#include "cli/args.h"

/* Who belongs to the city and may do what: members, admit, grant. */
extern const struct args_command cmd_member_commands[];
extern const size_t cmd_member_commands_n;

#endif

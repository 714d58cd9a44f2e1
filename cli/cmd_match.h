#ifndef GOLMOK_CLI_CMD_MATCH_H
#define GOLMOK_CLI_CMD_MATCH_H

#include "cli/args.h"

/* Keys by which records are compared: match key, match rekey. */
extern const struct args_command cmd_match_commands[];
extern const size_t cmd_match_commands_n;

#endif

#ifndef GOLMOK_CLI_CMD_PACK_H
#define GOLMOK_CLI_CMD_PACK_H

#include "cli/args.h"

/* What a domain is: pack ls, show, check, publish, use. */
extern const struct args_command cmd_pack_commands[];
extern const size_t cmd_pack_commands_n;

#endif

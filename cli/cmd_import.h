#ifndef GOLMOK_CLI_CMD_IMPORT_H
#define GOLMOK_CLI_CMD_IMPORT_H

#include "cli/args.h"

/* Records out of files: import. */
extern const struct args_command cmd_import_commands[];
extern const size_t cmd_import_commands_n;

#endif

#ifndef GOLMOK_CLI_CMD_EXPORT_H
#define GOLMOK_CLI_CMD_EXPORT_H

#include "cli/args.h"

/* Records into files: export. */
extern const struct args_command cmd_export_commands[];
extern const size_t cmd_export_commands_n;

#endif

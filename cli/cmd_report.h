#ifndef GOLMOK_CLI_CMD_REPORT_H
#define GOLMOK_CLI_CMD_REPORT_H

#include "cli/args.h"

/* The reports of the pack: report. */
extern const struct args_command cmd_report_commands[];
extern const size_t cmd_report_commands_n;

#endif

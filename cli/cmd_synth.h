#ifndef GOLMOK_CLI_CMD_SYNTH_H
#define GOLMOK_CLI_CMD_SYNTH_H

#include "cli/args.h"

extern const struct args_command cmd_synth_commands[];
extern const size_t cmd_synth_commands_n;

#endif

#ifndef GOLMOK_CLI_CMD_BUNDLE_H
#define GOLMOK_CLI_CMD_BUNDLE_H

#include "cli/args.h"

/* The commands `bundle export`, `bundle import`, `bundle show` and `bundle
 * ack`. */
extern const struct args_command cmd_bundle_commands[];
extern const size_t cmd_bundle_commands_n;

#endif

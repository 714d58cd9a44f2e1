#ifndef GOLMOK_CLI_CMD_STORE_H
#define GOLMOK_CLI_CMD_STORE_H

#include "cli/args.h"

/* Appends what each exit status means, a line for each, to `text`. */
void cmd_store_exit_text(struct buf *text);

/* The store as a whole: init, whoami, digest, feed, exit. */
extern const struct args_command cmd_store_commands[];
extern const size_t cmd_store_commands_n;

#endif

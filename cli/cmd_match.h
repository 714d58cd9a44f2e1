#ifndef GOLMOK_CLI_CMD_MATCH_H
#define GOLMOK_CLI_CMD_MATCH_H

#include "cli/open.h"

/* Keys by which records are compared: match key, match rekey. */
extern const struct args_command cmd_match_commands[];
extern const size_t cmd_match_commands_n;

/* Says which spaces have records that nothing can be compared with, since no
 * key for that is held; nothing when there are none. */
enum err cmd_match_lacking_say(struct opened *work) MUST_USE;

#endif

#ifndef GOLMOK_CLI_LIMIT_H
#define GOLMOK_CLI_LIMIT_H

#include "cli/args.h"
#include "net/node.h"

/* The options --limit and --budget of commands that speak with peers. */

/* Reads both, as far as they were given.  ERR_USAGE says what is wrong and what
 * would do. */
enum err limit_read(
    const struct args *args, struct node_limits *limits) MUST_USE;
/* "30kbps" or "4kB/s" in bytes a second.  ERR_USAGE. */
enum err limit_rate(const char *text, uint64_t *rate_bytes) MUST_USE;
/* "5MB" in bytes.  ERR_USAGE. */
enum err limit_bytes(const char *text, uint64_t *bytes) MUST_USE;

#endif

#ifndef GOLMOK_CLI_MAP_TREE_H
#define GOLMOK_CLI_MAP_TREE_H

#include "proto/bytes.h"
#include "proto/err.h"

/* Is given a member of an object as text; both views live until it returns. */
typedef enum err map_tree_take(void *arg, struct bytes key, struct bytes text);

/* Gives each member of the JSON object `line` to `take`, with `arg`: a text as
 * it is, a number or a truth as it is written, an array of these with
 * semicolons between, what is null as nothing; of an object inside its members,
 * as "outer.inner".  ERR_INVALID: the line is no object, or an array holds
 * other things; what json_decode and `take` say. */
enum err map_tree_read(
    struct bytes line, map_tree_take *take, void *arg) MUST_USE;

#endif

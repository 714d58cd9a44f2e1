#ifndef GOLMOK_CLI_MAP_OPEN_H
#define GOLMOK_CLI_MAP_OPEN_H

#include "cli/map.h"
#include "cli/out.h"

/* The mappings that are compiled in: the text of number `i`, empty behind the
 * last one. */
struct bytes map_open_embedded(size_t i);
/* As map_parse for the mapping compiled in as `word`, else for the file of that
 * path.  What file_read says. */
enum err map_open_named(
    const struct pack *pack, const char *word, struct map **map) MUST_USE;
/* Shows a table of the mappings that are compiled in. */
enum err map_open_list(struct out *out) MUST_USE;

#endif

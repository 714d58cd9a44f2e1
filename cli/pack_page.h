#ifndef GOLMOK_CLI_PACK_PAGE_H
#define GOLMOK_CLI_PACK_PAGE_H

#include "cli/out.h"
#include "core/pack.h"

/*
 * A pack as people read it: its collections, or one of them with its fields and
 * the ways of its states.
 */
void pack_page_all(struct out *out, const struct pack *pack);
void pack_page_collection(
    struct out *out, const struct pack_collection *collection);

#endif

#ifndef GOLMOK_CORE_ROTATE_H
#define GOLMOK_CORE_ROTATE_H

#include "core/compose.h"
#include "core/root.h"

/*
 * Root as a writer: the record that says why a key is root, and the rotation by
 * which the next key takes its place (docs/format.md §8).
 */

/* Makes root->keys the writer of `composer` when they are here and are root by
 * composer->writer.authority; otherwise leaves it as it is. */
enum err rotate_writer(
    struct composer *composer, const char *dir, struct root *root) MUST_USE;

/* As store_rotate; rotate_writer has made root the writer, where it could. */
enum err rotate_root(
    struct composer *composer, const char *dir, struct root *root) MUST_USE;

#endif

#ifndef GOLMOK_CLI_OBJECT_H
#define GOLMOK_CLI_OBJECT_H

#include "proto/buf.h"

/*
 * One line of JSON, built from the left: each function appends a comma where
 * one is due, so members and elements are simply written one after another.
 * `key` is NULL for an element of an array.  Nothing is checked but that; the
 * caller opens and ends in pairs.
 */

/* What goes before a member or element, for one that the caller appends. */
void object_key(struct buf *json, const char *key);
/* '{' or '[' and their ends. */
void object_begin(struct buf *json, const char *key);
void object_end(struct buf *json);
void object_array(struct buf *json, const char *key);
void object_array_end(struct buf *json);

/* One member or element. */
void object_text(struct buf *json, const char *key, struct bytes text);
void object_hex(struct buf *json, const char *key, struct bytes bytes);
void object_number(struct buf *json, const char *key, uint64_t number);
void object_bool(struct buf *json, const char *key, bool yes);
/* One canonical value; null for bytes that are none. */
void object_value(struct buf *json, const char *key, struct bytes value);

#endif

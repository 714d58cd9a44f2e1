#ifndef GOLMOK_CLI_SHOW_H
#define GOLMOK_CLI_SHOW_H

#include "core/authority.h"
#include "core/pack.h"
#include "core/record.h"

/*
 * How things of a store look in words; each function appends to `text`.
 */

/* When it was by the wall here, to the second: 2026-03-02 14:05:09. */
void show_time(struct stamp stamp, struct buf *text);
/* The same for machines: 2026-03-02T05:05:09.123Z. */
void show_utc(struct stamp stamp, struct buf *text);
/* 1234567 as 1,234,567. */
void show_number(uint64_t n, struct buf *text);
/* The label of the member `key`, or the first digits of the key. */
void show_member(const struct authority *authority, const struct sign_key *key,
    struct buf *text);
/* The delta `ref` as LOG:SEQ, with the first digits of the log. */
void show_ref(const struct ref *ref, struct buf *text);
/* A prefix of spaces; "all" for the empty one. */
const char *show_prefix(const struct space *prefix);
/* One canonical value of `field`; NULL when no pack knows the field: text as it
 * is, all else as JSON. */
void show_value(
    const struct pack_field *field, struct bytes value, struct buf *text);
/* All that `content` shows as of now: the value of a register or state that is
 * in effect (core/effective.h), the elements of a set, the sum of a counter,
 * the number of notes.  Values must be loaded. */
void show_field(const struct record *record, const struct record_field *content,
    const struct pack_field *field, struct buf *text);

/* The value of a contested state by which everything goes; NULL when `content`
 * is none, so that there is nothing to be told of it. */
const struct record_value *show_in_effect(const struct pack_field *field,
    const struct record *record, const struct record_field *content);

/* The sum of a counter; it stays at the ends of the range. */
int64_t show_sum(const struct record_field *content);
/* The numbers of its values in the order of (stamp, dot), as notes are read;
 * an array of content->n in `arena`. */
const size_t *show_order(const struct record *record,
    const struct record_field *content, struct arena *arena);
/* Is an earlier value of `content` the same as number `i`?  A set shows it
 * once. */
bool show_is_repeated(const struct record_field *content, size_t i);
const char *show_status(enum record_status status);
/* The same, or "conflict" when values of `record` contradict each other. */
const char *show_standing(const struct record *record);
/* "N", "P", "S", "F". */
const char *show_class(enum delta_class class);

#endif

#ifndef GOLMOK_NET_PEER_PREFACE_H
#define GOLMOK_NET_PEER_PREFACE_H

#include "proto/buf.h"
#include "proto/err.h"

/*
 * The first bytes of a link, in clear (docs/sync.md §1): "golmok/1", the
 * protocol spoken (2 bytes), the oldest that is still spoken (2), flags (4).
 * Flags that a program does not know are not judged.
 */
enum { PREFACE_SIZE = 16 };

/* Appends ours to `out`; `joins`: the name of a token follows. */
void preface_put(bool joins, struct buf *out);
/* Does a whole one say that the name of a token follows? */
bool preface_joins(struct bytes preface);
/* Could `seen`, of any length, be the beginning of a preface? */
bool preface_fits(struct bytes seen);
/* Judges a whole one.  ERR_VERSION when the peer and we speak no common
 * protocol; ERR_MALFORMED when it is none. */
enum err preface_check(struct bytes preface) MUST_USE;

#endif

#ifndef GOLMOK_PROTO_HANGUL_H
#define GOLMOK_PROTO_HANGUL_H

#include "proto/buf.h"

/*
 * Hangul as the letters that its syllables are written with.
 */

/* Appends `text` (UTF-8) with each syllable (U+AC00 to U+D7A3) and each
 * conjoining letter (U+1100 to U+11C2, modern ones) as letters that stand alone
 * (U+3131 to U+3163): 한 becomes ㅎㅏㄴ.  All else stays as it is. */
void hangul_letters(struct bytes text, struct buf *out);

#endif

#ifndef GOLMOK_CLI_SECRET_H
#define GOLMOK_CLI_SECRET_H

#include "cli/out.h"

/*
 * Passphrases: typed at a terminal without being shown, or else a line of
 * standard input for each.  They are brought to Unicode's normal form C, so
 * that a keyboard's way of writing Hangul makes no difference.
 */
enum { SECRET_CHARACTERS_MIN = 8 };

/* Asks for the passphrase that `what` names, into the empty `secret`, which the
 * caller wipes.  ERR_INVALID: no text of at most LIMIT_LABEL_SIZE bytes, or no
 * line.  ERR_USAGE: interrupted. */
enum err secret_ask(
    struct out *out, const char *what, struct buf *secret) MUST_USE;
/* Asks for a new passphrase, at a terminal twice.  ERR_INVALID also when the
 * two differ, or it has less than SECRET_CHARACTERS_MIN characters. */
enum err secret_ask_new(
    struct out *out, const char *what, struct buf *secret) MUST_USE;

#endif

#ifndef GOLMOK_PROTO_TOKEN_H
#define GOLMOK_PROTO_TOKEN_H

#include "proto/arena.h"
#include "proto/id.h"

/*
 * The one-time token of an invitation (docs/format.md §14): what a node that
 * knows nothing needs to find the city, to know it again, and to be let in.  As
 * text it survives being read aloud and typed: no letters that look alike, and
 * a check in each group of characters.
 */

/* Who holds it may join: secret. */
struct token_secret {
	uint8_t b[16];
};
/* Names a token without giving it away. */
struct token_id {
	uint8_t b[8];
};

struct token {
	struct city_id city;
	struct sign_key root; /* of the city, when the token was made */
	struct token_secret secret;
	uint64_t expires_s; /* since 1970 UTC, by the inviter's clock */
	struct bytes label; /* what the new member is going to be called */
	size_t addresses_n; /* 1 to LIMIT_ADDRESSES */
	struct bytes addresses[LIMIT_ADDRESSES]; /* HOST:PORT, tried in turn */
};

/* Checks what token_put asserts.  ERR_INVALID: no address or too many, one that
 * is no plain text of 1 to LIMIT_ADDRESS_SIZE bytes, a label that is none, or a
 * time that nobody lives to see. */
enum err token_check(const struct token *token) MUST_USE;
/* Appends the text of `token`: lower case, groups joined by hyphens. */
void token_put(const struct token *token, struct buf *text);
/* Reads what a person typed or pasted: case, hyphens, spaces and line ends mean
 * nothing, o is 0, i and l are 1.  Texts of `token` lie in `arena`.  ERR_USAGE:
 * no token at all, or a typing error, with the group where it shows;
 * ERR_VERSION: a newer program's token; ERR_MALFORMED and ERR_INVALID: typed as
 * it was made, by who does not know what a token is.  No error text repeats
 * what was typed. */
enum err token_get(
    struct bytes text, struct arena *arena, struct token *token) MUST_USE;
/* Appends to `code` the form of `text`, as token_put made it, that takes the
 * least room in a QR code: upper case, no hyphens. */
void token_code(struct bytes text, struct buf *code);

/* The name of the token under which both sides speak of it. */
void token_name(const struct token *token, struct token_id *id);
/* The secret that a link which joins by it shares. */
void token_psk(const struct token *token, struct secret *psk);
/* Overwrites the secrets; the rest goes with its arena. */
void token_fini(struct token *token);

#endif

#ifndef GOLMOK_PROTO_NOTE_H
#define GOLMOK_PROTO_NOTE_H

#include "proto/buf.h"
#include "proto/crypto.h"
#include "proto/err.h"

/*
 * Signed notes and checkpoints as C2SP signed-note and tlog-checkpoint 1.0.0
 * have them (docs/format.md, "Heads"), with Ed25519 keys (type 1).  A note is
 *
 *	text, every line ended by a newline
 *	(an empty line)
 *	U+2014 NAME BASE64(key id, 4 bytes; signature)	one line or more
 *
 * and a checkpoint is a note whose text is exactly three lines: origin, size,
 * base64 of the root.  Our notes are narrower than C2SP's where that keeps one
 * encoding: ASCII only (but for the dash), no extension lines, at most
 * LIMIT_NOTE_SIGNATURES signature lines and LIMIT_NOTE_SIZE bytes.
 */

/* Who signs: a name (for a log: its origin line) and an Ed25519 key. */
struct note_signer {
	struct bytes name; /* borrowed */
	struct sign_key key;
};

/* What a head says. */
struct note_checkpoint {
	struct bytes origin; /* borrowed */
	uint64_t size;	     /* leaves, at most INT64_MAX */
	struct hash root;
};

/* A head as it is stored and sent where the log, and so its origin and key, are
 * known: note_checkpoint_verify takes its parts. */
struct note_head {
	uint64_t size;
	struct hash root;
	struct signature signature;
};

/* Can `name` be a key name and an origin?  1 to LIMIT_ORIGIN_SIZE bytes of
 * visible ASCII without '+'. */
bool note_is_name(struct bytes name) MUST_USE;

/* Appends what is signed of `checkpoint`: its three lines.  The origin must be
 * a name and the size at most INT64_MAX. */
void note_checkpoint_text(
    const struct note_checkpoint *checkpoint, struct buf *text);
/* Signs `checkpoint` with `seed`, whose public half is `key`.  That no other
 * head of this log and size was ever signed is the caller's to know. */
void note_checkpoint_sign(const struct note_checkpoint *checkpoint,
    const struct sign_seed *seed, const struct sign_key *key,
    struct signature *signature);
/* Is `signature` that of `checkpoint` under `key`?  For heads that arrive in
 * parts.  ERR_MALFORMED: no, or no such checkpoint can be. */
enum err note_checkpoint_verify(const struct note_checkpoint *checkpoint,
    const struct sign_key *key, const struct signature *signature) MUST_USE;
/* Appends the note of `checkpoint` with the one signature line of its origin
 * and `key`; the signature is taken as it is. */
void note_checkpoint_encode(const struct note_checkpoint *checkpoint,
    const struct sign_key *key, const struct signature *signature,
    struct buf *note);
/* Reads the three lines `text` into `*checkpoint`, whose origin is a view into
 * `text`.  ERR_MALFORMED for anything that note_checkpoint_text would not have
 * written, also a size of 0 with a root that is not that of the empty tree. */
enum err note_checkpoint_decode(
    struct bytes text, struct note_checkpoint *checkpoint) MUST_USE;
/* Reads `note` as note_open does, and its text as note_checkpoint_decode does;
 * the origin must be signer->name.  The origin is a view into `note`. */
enum err note_checkpoint_open(struct bytes note,
    const struct note_signer *signer, struct note_checkpoint *checkpoint,
    struct signature *signature) MUST_USE;

/* Appends to `note`, which ends with a text and an empty line or with signature
 * lines, the line of `signer` for `signature`. */
void note_add_signature(const struct note_signer *signer,
    const struct signature *signature, struct buf *note);
/* Splits `note` at its last empty line and checks the signature of `signer`;
 * `*text` is the text with its last newline, a view into `note`, and
 * `*signature` the (first) signature that verified.  Lines of other keys are
 * ignored, whatever they say; every line of `signer` must verify, and there
 * must be one.  ERR_MALFORMED: not so, or no note.  ERR_LIMIT: too long, or
 * too many signature lines. */
enum err note_open(struct bytes note, const struct note_signer *signer,
    struct bytes *text, struct signature *signature) MUST_USE;

/* Appends the text form of `signer`, NAME+ID+KEY, which other tools call a
 * verifier key or vkey. */
void note_signer_encode(const struct note_signer *signer, struct buf *text);
/* Reads such a text; the name is a view into it.  ERR_MALFORMED for anything
 * that note_signer_encode would not have written, so also for other kinds of
 * keys. */
enum err note_signer_decode(
    struct bytes text, struct note_signer *signer) MUST_USE;

#endif

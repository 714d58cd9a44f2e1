/*
 * Signed notes: how heads of logs look outside, so that tools that we did not
 * write verify them.  store signs with it, intake and audit read with it.
 * Must never accept two forms of one thing, and never trust a line before the
 * signature over it has been checked.
 */
#include "proto/note.h"

#include "proto/ascii.h"
#include "proto/limits.h"

enum {
	KEY_ID_SIZE = 4,
	KEY_TYPE_ED25519 = 1,
	/* Key id and signature; a type byte and a key. */
	SIGNED_SIZE = KEY_ID_SIZE + (int)sizeof(struct signature),
	TYPED_KEY_SIZE = 1 + (int)sizeof(struct sign_key),
	/* The em dash of a signature line, as UTF-8, and its space. */
	DASH_SIZE = 4,
};

struct key_id {
	uint8_t b[KEY_ID_SIZE];
};

static const char dash[DASH_SIZE + 1] = "\xe2\x80\x94 ";

static enum err line_take(struct bytes *rest, struct bytes *line) MUST_USE;
static void key_id_of(const struct note_signer *signer, struct key_id *id);
static enum err note_split(
    struct bytes note, struct bytes *text, struct bytes *lines) MUST_USE;
static enum err line_decode(
    struct bytes line, struct bytes *name, struct buf *signed_by) MUST_USE;
static enum err lines_check(struct bytes lines,
    const struct note_signer *signer, struct bytes text,
    struct signature *signature) MUST_USE;
static bool is_visible(struct bytes b);

bool
note_is_name(struct bytes name)
{
	return name.n > 0 && name.n <= LIMIT_ORIGIN_SIZE && is_visible(name) &&
	       bytes_find(name, '+') == name.n;
}

/* Is `b` nothing but visible ASCII? */
static bool
is_visible(struct bytes b)
{
	for (size_t i = 0; i < b.n; i++) {
		if (b.p[i] <= ' ' || b.p[i] > '~')
			return false;
	}
	return true;
}

void
note_checkpoint_text(const struct note_checkpoint *checkpoint, struct buf *text)
{
	assert(note_is_name(checkpoint->origin));
	assert(checkpoint->size <= INT64_MAX);
	buf_add(text, checkpoint->origin);
	buf_add_format(text, "\n%llu\n", (unsigned long long)checkpoint->size);
	ascii_base64(bytes_of(checkpoint->root.b, sizeof(struct hash)), text);
	buf_add_u8(text, '\n');
}

void
note_checkpoint_sign(const struct note_checkpoint *checkpoint,
    const struct sign_seed *seed, const struct sign_key *key,
    struct signature *signature)
{
	struct buf text = {0};

	note_checkpoint_text(checkpoint, &text);
	crypto_sign_message(seed, key, buf_bytes(&text), signature);
	buf_fini(&text);
}

enum err
note_checkpoint_verify(const struct note_checkpoint *checkpoint,
    const struct sign_key *key, const struct signature *signature)
{
	struct note_checkpoint again;
	struct buf text = {0};
	enum err e;

	if (!note_is_name(checkpoint->origin) || checkpoint->size > INT64_MAX)
		return err_set(
		    ERR_MALFORMED, "a head with an impossible origin or size");
	note_checkpoint_text(checkpoint, &text);
	e = note_checkpoint_decode(buf_bytes(&text), &again);
	if (e == ERR_OK && !crypto_verify(key, buf_bytes(&text), signature))
		e = err_set(ERR_MALFORMED,
		    "the signature of the head of size %llu does not match",
		    (unsigned long long)checkpoint->size);
	buf_fini(&text);
	return e;
}

void
note_checkpoint_encode(const struct note_checkpoint *checkpoint,
    const struct sign_key *key, const struct signature *signature,
    struct buf *note)
{
	struct note_signer signer = {.name = checkpoint->origin, .key = *key};

	note_checkpoint_text(checkpoint, note);
	buf_add_u8(note, '\n');
	note_add_signature(&signer, signature, note);
}

enum err
note_checkpoint_decode(struct bytes text, struct note_checkpoint *checkpoint)
{
	struct bytes origin;
	struct bytes size;
	struct bytes root;
	struct hash empty;
	struct buf hash = {0};
	enum err e;

	e = line_take(&text, &origin);
	if (e == ERR_OK)
		e = line_take(&text, &size);
	if (e == ERR_OK)
		e = line_take(&text, &root);
	if (e != ERR_OK)
		return e;
	if (text.n > 0)
		return err_set(
		    ERR_MALFORMED, "the head has more than three lines");
	if (!note_is_name(origin))
		return err_set(
		    ERR_MALFORMED, "the first line of the head is no origin");
	e = ascii_from_decimal(size, &checkpoint->size);
	if (e != ERR_OK)
		return err_wrap(e, "the size of the head");
	e = ascii_from_base64(root, &hash);
	if (e == ERR_OK && hash.n != sizeof(checkpoint->root))
		e = err_set(ERR_MALFORMED, "%zu bytes instead of 32", hash.n);
	if (e != ERR_OK) {
		e = err_wrap(e, "the root of the head");
		goto out;
	}
	bytes_copy(checkpoint->root.b, buf_bytes(&hash));
	checkpoint->origin = origin;
	crypto_sha256((struct bytes){0}, &empty);
	if (checkpoint->size == 0 &&
	    !bytes_equal(buf_bytes(&hash), bytes_of(empty.b, sizeof(empty))))
		e = err_set(ERR_MALFORMED,
		    "the head of an empty log has another log's root");
out:
	buf_fini(&hash);
	return e;
}

/* Cuts the first line off `rest`; the newline belongs to neither. */
static enum err
line_take(struct bytes *rest, struct bytes *line)
{
	size_t n = bytes_find(*rest, '\n');

	if (n == rest->n)
		return err_set(ERR_MALFORMED, "a line is missing or not ended");
	*line = bytes_first(*rest, n);
	*rest = bytes_after(*rest, n + 1);
	return ERR_OK;
}

enum err
note_checkpoint_open(struct bytes note, const struct note_signer *signer,
    struct note_checkpoint *checkpoint, struct signature *signature)
{
	struct bytes text;
	enum err e;

	e = note_open(note, signer, &text, signature);
	if (e == ERR_OK)
		e = note_checkpoint_decode(text, checkpoint);
	if (e == ERR_OK && !bytes_equal(checkpoint->origin, signer->name))
		e = err_set(ERR_MALFORMED, "the head is one of another log");
	return e;
}

void
note_add_signature(const struct note_signer *signer,
    const struct signature *signature, struct buf *note)
{
	uint8_t signed_by[SIGNED_SIZE];
	struct key_id id;

	assert(note_is_name(signer->name));
	key_id_of(signer, &id);
	bytes_copy(signed_by, bytes_of(id.b, sizeof(id)));
	bytes_copy(
	    signed_by + sizeof(id), bytes_of(signature->b, sizeof(*signature)));
	buf_add_text(note, dash);
	buf_add(note, signer->name);
	buf_add_u8(note, ' ');
	ascii_base64(bytes_of(signed_by, sizeof(signed_by)), note);
	buf_add_u8(note, '\n');
}

/* The first bytes of SHA-256(name || newline || type || key). */
static void
key_id_of(const struct note_signer *signer, struct key_id *id)
{
	static const uint8_t between[] = {'\n', KEY_TYPE_ED25519};
	struct crypto_sha256 state;
	struct hash hash;

	crypto_sha256_init(&state);
	crypto_sha256_add(&state, signer->name);
	crypto_sha256_add(&state, bytes_of(between, sizeof(between)));
	crypto_sha256_add(&state, bytes_of(signer->key.b, sizeof(signer->key)));
	crypto_sha256_out(&state, &hash);
	bytes_copy(id->b, bytes_of(hash.b, sizeof(id->b)));
}

enum err
note_open(struct bytes note, const struct note_signer *signer,
    struct bytes *text, struct signature *signature)
{
	struct bytes lines;
	enum err e;

	e = note_split(note, text, &lines);
	if (e == ERR_OK)
		e = lines_check(lines, signer, *text, signature);
	if (e != ERR_OK)
		e = err_wrap(e, "signed note");
	return e;
}

/* The text may have empty lines of its own: the last one is the border. */
static enum err
note_split(struct bytes note, struct bytes *text, struct bytes *lines)
{
	size_t at = note.n;

	if (note.n > LIMIT_NOTE_SIZE)
		return err_set(ERR_LIMIT, "%zu bytes are more than %d", note.n,
		    LIMIT_NOTE_SIZE);
	while (at >= 2 && !(note.p[at - 1] == '\n' && note.p[at - 2] == '\n'))
		at--;
	if (at < 3)
		return err_set(ERR_MALFORMED,
		    "there is no empty line between text and signatures");
	*text = bytes_first(note, at - 1);
	*lines = bytes_after(note, at);
	for (size_t i = 0; i < text->n; i++) {
		uint8_t c = text->p[i];

		if ((c < ' ' && c != '\n') || c > '~')
			return err_set(ERR_MALFORMED,
			    "byte %zu of the text is not plain ASCII", i);
	}
	return ERR_OK;
}

static enum err
lines_check(struct bytes lines, const struct note_signer *signer,
    struct bytes text, struct signature *signature)
{
	struct key_id id;
	struct buf signed_by = {0};
	bool verified = false;
	enum err e = ERR_OK;

	key_id_of(signer, &id);
	for (size_t i = 0; lines.n > 0; i++) {
		struct signature found;
		struct bytes line;
		struct bytes name;

		if (i == LIMIT_NOTE_SIGNATURES) {
			e = err_set(ERR_LIMIT, "more than %d signatures",
			    LIMIT_NOTE_SIGNATURES);
			goto out;
		}
		buf_cut(&signed_by, 0);
		e = line_take(&lines, &line);
		if (e == ERR_OK)
			e = line_decode(line, &name, &signed_by);
		if (e != ERR_OK) {
			e = err_wrap(e, "signature line %zu", i + 1);
			goto out;
		}
		if (!bytes_equal(name, signer->name) ||
		    !bytes_begins(
			buf_bytes(&signed_by), bytes_of(id.b, sizeof(id))))
			continue;
		if (signed_by.n == SIGNED_SIZE)
			bytes_copy(found.b,
			    bytes_after(buf_bytes(&signed_by), sizeof(id)));
		if (signed_by.n != SIGNED_SIZE ||
		    !crypto_verify(&signer->key, text, &found)) {
			e = err_set(
			    ERR_MALFORMED, "the signature does not match");
			goto out;
		}
		if (!verified)
			*signature = found;
		verified = true;
	}
	if (!verified)
		e = err_set(ERR_MALFORMED, "the signature is missing");
out:
	buf_fini(&signed_by);
	return e;
}

/* Reads one signature line, of anybody's key of any kind: its name, a view
 * into it, and key id and signature appended to `signed_by`. */
static enum err
line_decode(struct bytes line, struct bytes *name, struct buf *signed_by)
{
	struct bytes rest;
	size_t n;
	enum err e;

	if (!bytes_begins(line, bytes_text(dash)))
		return err_set(ERR_MALFORMED, "it has no dash in front");
	rest = bytes_after(line, DASH_SIZE);
	n = bytes_find(rest, ' ');
	*name = bytes_first(rest, n);
	if (n == rest.n || n == 0 || !is_visible(*name) ||
	    bytes_find(*name, '+') < n)
		return err_set(ERR_MALFORMED, "it has no proper key name");
	e = ascii_from_base64(bytes_after(rest, n + 1), signed_by);
	if (e == ERR_OK && signed_by->n <= KEY_ID_SIZE)
		e = err_set(ERR_MALFORMED, "it is too short");
	return e;
}

void
note_signer_encode(const struct note_signer *signer, struct buf *text)
{
	uint8_t typed[TYPED_KEY_SIZE] = {KEY_TYPE_ED25519};
	struct key_id id;

	assert(note_is_name(signer->name));
	key_id_of(signer, &id);
	bytes_copy(typed + 1, bytes_of(signer->key.b, sizeof(signer->key)));
	buf_add(text, signer->name);
	buf_add_u8(text, '+');
	ascii_hex(bytes_of(id.b, sizeof(id)), text);
	buf_add_u8(text, '+');
	ascii_base64(bytes_of(typed, sizeof(typed)), text);
}

/* Only the first two '+' divide: base64 has its own.  What was read is written
 * again and compared, which checks the key id and every other byte at once. */
enum err
note_signer_decode(struct bytes text, struct note_signer *signer)
{
	size_t n = bytes_find(text, '+');
	struct buf typed = {0};
	struct buf again = {0};
	struct bytes rest;
	enum err e;

	rest = n < text.n ? bytes_after(text, n + 1) : (struct bytes){0};
	if (!note_is_name(bytes_first(text, n)) ||
	    rest.n <= 2 * KEY_ID_SIZE + 1)
		return err_set(ERR_MALFORMED, "this is no verifier key");
	e = ascii_from_base64(bytes_after(rest, 2 * KEY_ID_SIZE + 1), &typed);
	if (e != ERR_OK)
		goto out;
	if (typed.n != TYPED_KEY_SIZE || typed.p[0] != KEY_TYPE_ED25519) {
		e = err_set(ERR_MALFORMED, "the key is not one of Ed25519");
		goto out;
	}
	signer->name = bytes_first(text, n);
	bytes_copy(signer->key.b, bytes_after(buf_bytes(&typed), 1));
	note_signer_encode(signer, &again);
	if (!bytes_equal(buf_bytes(&again), text))
		e = err_set(
		    ERR_MALFORMED, "the id is not that of the name and key");
out:
	if (e != ERR_OK)
		e = err_wrap(e, "verifier key");
	buf_fini(&typed);
	buf_fini(&again);
	return e;
}

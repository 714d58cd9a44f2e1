/*
 * Any text as a signed note, as what a head says and as the key of a signer;
 * also when who says it signs it.
 */
#include "proto/note.h"
#include "tests/fuzz/cost.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/targets.h"

static const struct sign_seed seed = {{7}};

static void
signer_again(struct bytes in)
{
	struct note_signer signer;
	struct buf out = {0};

	if (note_signer_decode(in, &signer) == ERR_OK) {
		assert(note_is_name(signer.name));
		note_signer_encode(&signer, &out);
		assert(bytes_equal(buf_bytes(&out), in));
	}
	buf_fini(&out);
}

static void
checkpoint_again(struct bytes in, const struct sign_key *key)
{
	struct note_checkpoint checkpoint;
	struct note_checkpoint read;
	struct note_signer signer = {.key = *key};
	struct signature signature;
	struct signature found;
	struct buf out = {0};

	if (note_checkpoint_decode(in, &checkpoint) != ERR_OK)
		return;
	note_checkpoint_text(&checkpoint, &out);
	assert(bytes_equal(buf_bytes(&out), in));
	note_checkpoint_sign(&checkpoint, &seed, key, &signature);
	assert(note_checkpoint_verify(&checkpoint, key, &signature) == ERR_OK);
	buf_cut(&out, 0);
	note_checkpoint_encode(&checkpoint, key, &signature, &out);
	signer.name = checkpoint.origin;
	assert(note_checkpoint_open(buf_bytes(&out), &signer, &read, &found) ==
	       ERR_OK);
	assert(read.size == checkpoint.size &&
	       memcmp(&read.root, &checkpoint.root, 32) == 0 &&
	       memcmp(&found, &signature, sizeof(found)) == 0);
	signature.b[0] ^= 1;
	assert(note_checkpoint_verify(&checkpoint, key, &signature) ==
	       ERR_MALFORMED);
	buf_fini(&out);
}

/* A text that its signer signed opens as that text, or is none at all. */
static void
sign(struct bytes in, const struct note_signer *signer)
{
	struct signature signature;
	struct signature found;
	struct bytes text;
	struct buf note = {0};
	enum err e;

	crypto_sign_message(&seed, &signer->key, in, &signature);
	buf_add(&note, in);
	buf_add_text(&note, "\n");
	note_add_signature(signer, &signature, &note);
	e = note_open(buf_bytes(&note), signer, &text, &found);
	assert(e != ERR_OK || bytes_equal(text, in));
	assert(e == ERR_OK || e == ERR_MALFORMED || e == ERR_LIMIT);
	buf_fini(&note);
}

void
target_note(struct bytes in)
{
	static const struct cost_limit limit = {
	    {.allocations = 64,
		.allocated_bytes = 64 * 1024,
		.largest_bytes = 32 * 1024,
		.hashes = 64,
		.hashed_bytes = 64 * 1024,
		.curves = LIMIT_NOTE_SIGNATURES + 8},
	    {.allocated_bytes = 8, .largest_bytes = 2, .hashed_bytes = 8}};
	struct note_signer signer = {.name = bytes_text("golmok/fuzz")};
	struct note_checkpoint checkpoint;
	struct signature signature;
	struct bytes text;

	fuzz_start();
	crypto_sign_key(&seed, &signer.key);
	cost_begin();
	if (note_open(in, &signer, &text, &signature) == ERR_OK)
		assert(text.n < in.n && text.p[text.n - 1] == '\n');
	(void)!note_checkpoint_open(in, &signer, &checkpoint, &signature);
	signer_again(in);
	checkpoint_again(in, &signer.key);
	sign(in, &signer);
	cost_assert(&limit, in.n);
}

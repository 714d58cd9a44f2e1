/*
 * proto/noise.c says, byte for byte, what others say: the published vectors
 * that Debian's golang-github-flynn-noise-dev brings, and tests/vectors/
 * noise.txt, whose bytes may never change.  Both files hold lines "key=hex"
 * and an empty line behind each transcript.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "proto/ascii.h"
#include "proto/noise.h"

#define PUBLISHED "/usr/share/gocode/src/github.com/flynn/noise/vectors.txt"
#define OURS "tests/vectors/noise.txt"

enum { MESSAGES_MAX = 8 };

struct transcript {
	char name[64];
	struct dh_secret own[2]; /* of the initiator, of the responder */
	struct dh_secret ephemeral[2];
	struct secret psk;
	struct buf prologue;
	struct buf payload[MESSAGES_MAX];
	struct buf message[MESSAGES_MAX];
	struct buf hash; /* empty when the file does not tell it */
	/* The initiator's message under its second key, without content. */
	struct buf rekeyed;
	size_t n;
	int first; /* who sends first after the handshake: 0 the initiator */
};

static void
transcript_clear(struct transcript *t)
{
	buf_fini(&t->prologue);
	buf_fini(&t->hash);
	buf_fini(&t->rekeyed);
	for (size_t i = 0; i < MESSAGES_MAX; i++) {
		buf_fini(&t->payload[i]);
		buf_fini(&t->message[i]);
	}
	*t = (struct transcript){0};
}

static void
fixed_from_hex(const char *hex, uint8_t out[32])
{
	struct buf b = {0};

	assert_int_equal(ascii_from_hex(bytes_text(hex), &b), ERR_OK);
	assert_int_equal(b.n, 32);
	bytes_copy(out, buf_bytes(&b));
	buf_fini(&b);
}

static void
transcript_message(struct transcript *t, const char *key, const char *hex)
{
	struct bytes text = bytes_text(hex);
	size_t i;

	assert_true(key[4] >= '0' && key[4] < '0' + MESSAGES_MAX);
	i = (size_t)(key[4] - '0');
	if (strcmp(key + 5, "_payload") == 0) {
		assert_int_equal(ascii_from_hex(text, &t->payload[i]), ERR_OK);
		return;
	}
	assert_string_equal(key + 5, "_ciphertext");
	assert_int_equal(ascii_from_hex(text, &t->message[i]), ERR_OK);
	assert_int_equal(t->n, i);
	t->n = i + 1;
}

/* One line of a file; unknown keys are of patterns that we do not speak. */
static void
transcript_line(struct transcript *t, const char *key, const char *value)
{
	struct bytes text = bytes_text(value);

	if (strcmp(key, "handshake") == 0)
		(void)snprintf(t->name, sizeof(t->name), "%s", value);
	else if (strcmp(key, "init_static") == 0)
		fixed_from_hex(value, t->own[0].b);
	else if (strcmp(key, "resp_static") == 0)
		fixed_from_hex(value, t->own[1].b);
	else if (strcmp(key, "gen_init_ephemeral") == 0)
		fixed_from_hex(value, t->ephemeral[0].b);
	else if (strcmp(key, "gen_resp_ephemeral") == 0)
		fixed_from_hex(value, t->ephemeral[1].b);
	else if (strcmp(key, "preshared_key") == 0)
		fixed_from_hex(value, t->psk.b);
	else if (strcmp(key, "prologue") == 0)
		assert_int_equal(ascii_from_hex(text, &t->prologue), ERR_OK);
	else if (strcmp(key, "hash") == 0)
		assert_int_equal(ascii_from_hex(text, &t->hash), ERR_OK);
	else if (strcmp(key, "rekeyed") == 0)
		assert_int_equal(ascii_from_hex(text, &t->rekeyed), ERR_OK);
	else if (strcmp(key, "first") == 0)
		t->first = strcmp(value, "responder") == 0;
	else if (strncmp(key, "msg_", 4) == 0)
		transcript_message(t, key, value);
}

/* Reads the next transcript; false at the end of the file. */
static bool
transcript_next(FILE *file, struct transcript *t)
{
	char line[4096];
	char *value;

	transcript_clear(t);
	while (fgets(line, sizeof(line), file) != NULL) {
		assert_non_null(strchr(line, '\n'));
		line[strcspn(line, "\n")] = '\0';
		if (line[0] == '#')
			continue;
		if (line[0] == '\0') {
			if (t->n > 0)
				return true;
			continue;
		}
		value = strchr(line, '=');
		assert_non_null(value);
		*value = '\0';
		transcript_line(t, line, value + 1);
	}
	return t->n > 0;
}

static bool
pattern_of(const char *name, enum noise_pattern *pattern)
{
	static const char *const names[] = {
	    [NOISE_XX] = "Noise_XX_25519_ChaChaPoly_BLAKE2b",
	    [NOISE_XXPSK0] = "Noise_XXpsk0_25519_ChaChaPoly_BLAKE2b",
	    [NOISE_XXPSK3] = "Noise_XXpsk3_25519_ChaChaPoly_BLAKE2b",
	};

	for (size_t i = 0; i < COUNT_OF(names); i++) {
		if (strcmp(name, names[i]) != 0)
			continue;
		*pattern = (enum noise_pattern)i;
		return true;
	}
	return false;
}

static void
assert_same(struct bytes a, struct bytes b)
{
	assert_int_equal(a.n, b.n);
	assert_true(bytes_equal(a, b));
}

/* Message `i` of the transcript, written by one machine, read by the other. */
static void
replay_message(const struct transcript *t, struct noise ends[2], size_t i)
{
	struct bytes payload = buf_bytes(&t->payload[i]);
	struct buf wire = {0};
	struct buf got = {0};

	if (i < 3) {
		struct noise *from = &ends[i % 2];
		struct noise *to = &ends[1 - i % 2];

		assert_int_equal(noise_write(from, payload, &wire), ERR_OK);
		assert_same(buf_bytes(&wire), buf_bytes(&t->message[i]));
		assert_int_equal(
		    noise_read(to, buf_bytes(&wire), &got), ERR_OK);
	} else {
		size_t from = ((size_t)t->first + i - 3) % 2;

		assert_int_equal(
		    noise_seal(&ends[from], payload, &wire), ERR_OK);
		assert_same(buf_bytes(&wire), buf_bytes(&t->message[i]));
		assert_int_equal(
		    noise_open(&ends[1 - from], buf_bytes(&wire), &got),
		    ERR_OK);
	}
	assert_same(buf_bytes(&got), payload);
	buf_fini(&wire);
	buf_fini(&got);
}

static void
replay_rekey(const struct transcript *t, struct noise ends[2])
{
	struct buf wire = {0};
	struct buf got = {0};

	while (ends[0].out.counter <= LIMIT_NOISE_REKEY) {
		buf_cut(&wire, 0);
		assert_int_equal(
		    noise_seal(&ends[0], (struct bytes){0}, &wire), ERR_OK);
		assert_int_equal(
		    noise_open(&ends[1], buf_bytes(&wire), &got), ERR_OK);
	}
	assert_same(buf_bytes(&wire), buf_bytes(&t->rekeyed));
	buf_fini(&wire);
	buf_fini(&got);
}

static void
replay(const struct transcript *t, enum noise_pattern pattern)
{
	struct noise ends[2];

	for (int i = 0; i < 2; i++)
		noise_init(
		    &ends[i], &(struct noise_config){
				  .initiator = i == 0,
				  .pattern = pattern,
				  .own = &t->own[i],
				  .ephemeral = &t->ephemeral[i],
				  .prologue = buf_bytes(&t->prologue),
				  .psk = pattern == NOISE_XX ? NULL : &t->psk,
			      });
	assert_true(t->n > 3);
	for (size_t i = 0; i < t->n; i++)
		replay_message(t, ends, i);
	assert_same(
	    noise_handshake_hash(&ends[0]), noise_handshake_hash(&ends[1]));
	if (t->hash.n > 0)
		assert_same(
		    noise_handshake_hash(&ends[0]), buf_bytes(&t->hash));
	if (t->rekeyed.n > 0)
		replay_rekey(t, ends);
	for (int i = 0; i < 2; i++)
		noise_fini(&ends[i]);
}

/* Replays all transcripts of `path` in our patterns; returns how many. */
static int
replay_file(const char *path, const char *advice)
{
	struct transcript t = {0};
	FILE *file = fopen(path, "r");
	enum noise_pattern pattern;
	int count = 0;

	if (file == NULL)
		fail_msg("%s cannot be read: %s", path, advice);
	while (transcript_next(file, &t)) {
		if (!pattern_of(t.name, &pattern))
			continue;
		replay(&t, pattern);
		count++;
	}
	transcript_clear(&t);
	(void)fclose(file);
	print_message("# %d transcripts of %s\n", count, path);
	return count;
}

static void
all_published_vectors_of_our_patterns_are_met(void **state)
{
	(void)state;
	assert_int_equal(
	    replay_file(PUBLISHED,
		"it comes with the Debian package "
		"golang-github-flynn-noise-dev; run `.ci/deps check`"),
	    12);
}

static void
our_own_transcripts_stay_the_same_for_ever(void **state)
{
	(void)state;
	assert_int_equal(
	    replay_file(OURS, "run the tests from the project's root"), 5);
}

static int
start(void **state)
{
	(void)state;
	return crypto_start() == ERR_OK ? 0 : -1;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(all_published_vectors_of_our_patterns_are_met),
	    cmocka_unit_test(our_own_transcripts_stay_the_same_for_ever),
	};

	return cmocka_run_group_tests(tests, start, NULL);
}

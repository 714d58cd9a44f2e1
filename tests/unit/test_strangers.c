/*
 * What proto/merkle.h and note.h make is verified by code that is not ours:
 * tests/strangers/verify.go, on Go's sumdb/tlog and sumdb/note.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "proto/ascii.h"
#include "proto/merkle.h"
#include "proto/note.h"

#define VERIFIER "build/strangers/verify"

enum { LEAVES = 300, LEVELS = 9 };

/* A log of which the leaves are made from their numbers. */
struct log {
	struct sign_seed seed;
	struct note_signer signer;
	struct frontier frontier;
	struct hash done[LEVELS][LEAVES]; /* [level][index] */
	struct buf text;		  /* golmok-log/1 */
};

static const struct sign_seed seed = {{'s', 't', 'r', 'a', 'n', 'g', 'e'}};

static int
verifier_build(void **state)
{
	(void)state;
	if (system("sh tests/strangers/build.sh " VERIFIER) == 0)
		return 0;
	print_error("the verifier in Go cannot be built\n");
	return -1;
}

static void
log_start(struct log *log, const char *origin)
{
	log->seed = seed;
	log->signer.name = bytes_text(origin);
	crypto_sign_key(&log->seed, &log->signer.key);
	log->frontier = (struct frontier){0};
	buf_add_text(&log->text, "vkey ");
	note_signer_encode(&log->signer, &log->text);
	buf_add_text(&log->text, "\n");
}

static void
log_on_done(void *arg, unsigned level, uint64_t index, const struct hash *node)
{
	struct log *log = arg;

	assert_true(level < LEVELS && index < LEAVES);
	log->done[level][index] = *node;
}

static enum err
log_get(void *arg, unsigned level, uint64_t index, struct hash *node)
{
	const struct log *log = arg;

	assert_true(level < LEVELS && index < LEAVES);
	*node = log->done[level][index];
	return ERR_OK;
}

/* Leaf 0 is empty; the others are as long as they are late. */
static void
log_leaf(struct log *log)
{
	uint64_t i = log->frontier.size;
	uint8_t entry[LEAVES] = {0};
	struct bytes bytes = bytes_of(entry, (size_t)i);
	struct hash leaf;

	assert_true(i < LEAVES);
	memset(entry, (int)i, (size_t)i);
	/* An empty entry has no word of its own. */
	buf_add_text(&log->text, i > 0 ? "leaf " : "leaf");
	ascii_hex(bytes, &log->text);
	buf_add_text(&log->text, "\n");
	merkle_leaf(bytes, &leaf);
	log->done[0][i] = leaf;
	merkle_append(&log->frontier, &leaf, log_on_done, log);
}

static void
log_write_head(struct log *log, const struct note_checkpoint *head)
{
	struct signature signature;
	struct buf note = {0};

	note_checkpoint_sign(head, &log->seed, &log->signer.key, &signature);
	note_checkpoint_encode(head, &log->signer.key, &signature, &note);
	buf_add_text(&log->text, "head ");
	ascii_base64(buf_bytes(&note), &log->text);
	buf_add_text(&log->text, "\n");
	buf_fini(&note);
}

static void
log_head(struct log *log)
{
	struct note_checkpoint head = {
	    .origin = log->signer.name, .size = log->frontier.size};

	merkle_root(&log->frontier, &head.root);
	log_write_head(log, &head);
}

static void
log_proof(struct log *log, const char *kind, uint64_t at, uint64_t size)
{
	struct merkle_proof proof;
	enum err e;

	if (strcmp(kind, "inclusion") == 0)
		e = merkle_inclusion(at, size, log_get, log, &proof);
	else
		e = merkle_consistency(at, size, log_get, log, &proof);
	assert_int_equal(e, ERR_OK);
	buf_add_format(&log->text, "%s %llu %llu", kind, (unsigned long long)at,
	    (unsigned long long)size);
	for (size_t i = 0; i < proof.n; i++) {
		buf_add_text(&log->text, " ");
		ascii_base64(bytes_of(proof.nodes[i].b, sizeof(struct hash)),
		    &log->text);
	}
	buf_add_text(&log->text, "\n");
}

/* Runs the verifier on `text`; its one line goes to `line`, its exit status
 * comes back. */
static int
verify(struct bytes text, char *line, int size)
{
	static char name[] = VERIFIER;
	char *const words[] = {name, NULL};
	char *const environment[] = {NULL};
	posix_spawn_file_actions_t actions;
	FILE *in = tmpfile();
	FILE *out = tmpfile();
	pid_t pid;
	int status;

	assert_non_null(in);
	assert_non_null(out);
	assert_true(fwrite(text.p, 1, text.n, in) == text.n);
	assert_int_equal(fflush(in), 0);
	assert_true(lseek(fileno(in), 0, SEEK_SET) == 0);
	assert_int_equal(posix_spawn_file_actions_init(&actions), 0);
	assert_int_equal(
	    posix_spawn_file_actions_adddup2(&actions, fileno(in), 0), 0);
	assert_int_equal(
	    posix_spawn_file_actions_adddup2(&actions, fileno(out), 1), 0);
	assert_int_equal(
	    posix_spawn(&pid, name, &actions, NULL, words, environment), 0);
	assert_int_equal(posix_spawn_file_actions_destroy(&actions), 0);
	assert_true(waitpid(pid, &status, 0) == pid);
	assert_true(WIFEXITED(status));
	rewind(out);
	assert_non_null(fgets(line, size, out));
	assert_int_equal(fgetc(out), EOF);
	assert_int_equal(fclose(in), 0);
	assert_int_equal(fclose(out), 0);
	return WEXITSTATUS(status);
}

static void
assert_ok(const struct buf *text, const char *verdict)
{
	char line[1000];
	int status = verify(buf_bytes(text), line, sizeof(line));

	assert_string_equal(line, verdict);
	assert_int_equal(status, 0);
}

static void
assert_fails(struct bytes text, const char *why)
{
	char line[1000];
	int status = verify(text, line, sizeof(line));

	assert_true(strncmp(line, "FAIL ", 5) == 0);
	if (strstr(line, why) == NULL)
		assert_string_equal(line, why);
	assert_int_equal(status, 1);
}

static const uint64_t head_sizes[] = {
    0, 1, 2, 3, 7, 8, 64, 100, 128, 255, 256, 257, 299, 300};

/* All leaves, heads of the sizes above, all consistency proofs between them,
 * and inclusion proofs in each. */
static void
write_large(struct log *log)
{
	size_t next = 0;

	buf_add_text(&log->text, "golmok-log/1\n");
	log_start(log, "golmok/c1/a1/d03/c017/case/00112233aabbccdd");
	for (uint64_t i = 0; i <= LEAVES; i++) {
		if (next < COUNT_OF(head_sizes) && head_sizes[next] == i) {
			log_head(log);
			next++;
		}
		if (i < LEAVES)
			log_leaf(log);
	}
	for (size_t i = 0; i < COUNT_OF(head_sizes); i++) {
		for (size_t k = 0; k <= i; k++)
			log_proof(
			    log, "consistency", head_sizes[k], head_sizes[i]);
		for (uint64_t at = 0; at < head_sizes[i]; at++) {
			if (i == COUNT_OF(head_sizes) - 1 || at % 9 == 0)
				log_proof(log, "inclusion", at, head_sizes[i]);
		}
	}
	buf_add_text(&log->text, "end\n");
}

static void
go_agrees_with_a_log_of_300_leaves(void **state)
{
	static struct log log;

	(void)state;
	write_large(&log);
	assert_ok(&log.text,
	    "ok 14 heads, 461 inclusion proofs, 105 consistency proofs\n");
	buf_fini(&log.text);
}

/* Three leaves; each kind of line is there. */
static void
write_small(struct log *log)
{
	buf_add_text(&log->text, "golmok-log/1\n");
	log_start(log, "a/b");
	log_leaf(log);
	log_leaf(log);
	log_head(log);
	log_leaf(log);
	log_head(log);
	log_proof(log, "inclusion", 2, 3);
	log_proof(log, "consistency", 2, 3);
	buf_add_text(&log->text, "end\n");
}

static void
a_flipped_bit_in_any_byte_fails(void **state)
{
	static struct log small;
	static struct log large;

	(void)state;
	write_small(&small);
	assert_ok(&small.text,
	    "ok 2 heads, 1 inclusion proofs, 1 consistency proofs\n");
	for (size_t i = 0; i < small.text.n; i++) {
		small.text.p[i] ^= (uint8_t)(1u << i % 8);
		assert_fails(buf_bytes(&small.text), "");
		small.text.p[i] ^= (uint8_t)(1u << i % 8);
	}
	write_large(&large);
	for (size_t i = 3; i < large.text.n; i += large.text.n / 50) {
		large.text.p[i] ^= (uint8_t)(1u << i % 8);
		assert_fails(buf_bytes(&large.text), "");
		large.text.p[i] ^= (uint8_t)(1u << i % 8);
	}
	buf_fini(&small.text);
	buf_fini(&large.text);
}

static void
a_text_cut_short_or_drawn_out_fails(void **state)
{
	static struct log log;

	(void)state;
	write_small(&log);
	for (size_t n = 0; n < log.text.n; n += 13)
		assert_fails(bytes_first(buf_bytes(&log.text), n), "ends");
	assert_fails(bytes_first(buf_bytes(&log.text), log.text.n - 1), "ends");
	buf_add_text(&log.text, "\n");
	assert_fails(buf_bytes(&log.text), "more after the end");
	buf_fini(&log.text);
}

static void
logs_may_follow_each_other(void **state)
{
	static struct log log;

	(void)state;
	write_small(&log);
	buf_cut(&log.text, log.text.n - strlen("end\n"));
	log_start(&log, "a/empty");
	log_head(&log);
	log_start(&log, "a/c");
	log_leaf(&log);
	log_head(&log);
	log_proof(&log, "inclusion", 0, 1);
	buf_add_text(&log.text, "end\n");
	assert_ok(&log.text,
	    "ok 4 heads, 2 inclusion proofs, 1 consistency proofs\n");
	buf_fini(&log.text);
}

static void
a_signed_head_over_other_leaves_fails(void **state)
{
	static struct log log;
	struct note_checkpoint head = {.size = 1};

	(void)state;
	buf_add_text(&log.text, "golmok-log/1\n");
	log_start(&log, "a/b");
	log_leaf(&log);
	head.origin = log.signer.name;
	log_write_head(&log, &head);
	buf_add_text(&log.text, "end\n");
	assert_fails(buf_bytes(&log.text), "do not have the root");
	buf_fini(&log.text);
}

static void
a_head_of_a_stranger_fails(void **state)
{
	static struct log log;

	(void)state;
	buf_add_text(&log.text, "golmok-log/1\n");
	log_start(&log, "a/b");
	log.seed.b[0] ^= 1;
	crypto_sign_key(&log.seed, &log.signer.key);
	log_head(&log);
	buf_add_text(&log.text, "end\n");
	assert_fails(buf_bytes(&log.text), "no verifiable signatures");
	buf_fini(&log.text);
}

static void
leaves_under_no_head_fail(void **state)
{
	static struct log log;

	(void)state;
	buf_add_text(&log.text, "golmok-log/1\n");
	log_start(&log, "a/b");
	log_leaf(&log);
	log_head(&log);
	log_leaf(&log);
	buf_add_text(&log.text, "end\n");
	assert_fails(buf_bytes(&log.text), "covers all its 2 leaves");
	buf_fini(&log.text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(go_agrees_with_a_log_of_300_leaves),
	    cmocka_unit_test(a_flipped_bit_in_any_byte_fails),
	    cmocka_unit_test(a_text_cut_short_or_drawn_out_fails),
	    cmocka_unit_test(logs_may_follow_each_other),
	    cmocka_unit_test(a_signed_head_over_other_leaves_fails),
	    cmocka_unit_test(a_head_of_a_stranger_fails),
	    cmocka_unit_test(leaves_under_no_head_fail),
	};

	return cmocka_run_group_tests(tests, verifier_build, NULL);
}

/*
 * proto/noise.c speaks with an implementation that we did not write: tests/
 * strangers/noise_peer.go, built here and run as a child with pipes, in every
 * pattern and both roles.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "proto/ascii.h"
#include "proto/noise.h"

/* What may never happen ends the test program, instead of hanging it. */
enum { WATCHDOG_S = 300 };

enum {
	/* Enough to change the keys of both directions twice. */
	ECHOES = 2 * LIMIT_NOISE_REKEY + 10,
};

#define PROLOGUE "골목/한 도시"

static const struct dh_secret own = {{1, 2, 3}};
static const struct dh_secret ephemeral = {{4, 5, 6}};
static const char *const patterns[] = {
    [NOISE_XX] = "XX",
    [NOISE_XXPSK0] = "XXpsk0",
    [NOISE_XXPSK3] = "XXpsk3",
};

static char program[4096];

struct stranger {
	pid_t pid;
	int to;
	int from;
	int said; /* its stderr */
};

static void
stranger_start(struct stranger *stranger, const char *role, const char *pattern)
{
	struct buf prologue = {0};
	int in[2];
	int out[2];
	int said[2];

	ascii_hex(bytes_text(PROLOGUE), &prologue);
	assert_int_equal(pipe(in), 0);
	assert_int_equal(pipe(out), 0);
	assert_int_equal(pipe(said), 0);
	stranger->pid = fork();
	assert_true(stranger->pid >= 0);
	if (stranger->pid == 0) {
		(void)dup2(in[0], 0);
		(void)dup2(out[1], 1);
		(void)dup2(said[1], 2);
		for (int fd = 3; fd < 64; fd++)
			(void)close(fd);
		(void)execl(program, program, role, pattern,
		    buf_text(&prologue), (char *)NULL);
		_exit(127);
	}
	(void)close(in[0]);
	(void)close(out[1]);
	(void)close(said[1]);
	stranger->to = in[1];
	stranger->from = out[0];
	stranger->said = said[0];
	buf_fini(&prologue);
}

/* Closes its input; it must then end by itself, with status 0. */
static void
stranger_end(struct stranger *stranger)
{
	int status;

	(void)close(stranger->to);
	assert_int_equal(waitpid(stranger->pid, &status, 0), stranger->pid);
	assert_int_equal(status, 0);
	(void)close(stranger->from);
	(void)close(stranger->said);
}

static void
put_frame(int fd, const struct buf *frame)
{
	struct buf wire = {0};
	struct bytes rest;

	buf_add_be16(&wire, (uint16_t)frame->n);
	buf_add(&wire, buf_bytes(frame));
	rest = buf_bytes(&wire);
	while (rest.n > 0) {
		ssize_t n = write(fd, rest.p, rest.n);

		assert_true(n > 0);
		rest = bytes_after(rest, (size_t)n);
	}
	buf_fini(&wire);
}

static void
get_exactly(int fd, uint8_t *p, size_t n)
{
	while (n > 0) {
		ssize_t got = read(fd, p, n);

		if (got <= 0)
			fail_msg("the stranger ended the conversation");
		p += got;
		n -= (size_t)got;
	}
}

static void
get_frame(int fd, struct buf *frame)
{
	uint8_t size[2];

	get_exactly(fd, size, sizeof(size));
	buf_cut(frame, 0);
	get_exactly(fd, buf_extend(frame, bytes_be16(size)), bytes_be16(size));
}

static void
shake(struct noise *n, const struct stranger *stranger)
{
	struct buf frame = {0};
	struct buf payload = {0};
	char text[32];

	for (int number = 1; number <= 3; number++) {
		bool ours = noise_is_turn(n);

		(void)snprintf(text, sizeof(text), "%s %d",
		    ours ? "golmok" : "stranger", number);
		buf_cut(&payload, 0);
		if (ours) {
			buf_cut(&frame, 0);
			assert_int_equal(
			    noise_write(n, bytes_text(text), &frame), ERR_OK);
			put_frame(stranger->to, &frame);
		} else {
			get_frame(stranger->from, &frame);
			assert_int_equal(
			    noise_read(n, buf_bytes(&frame), &payload), ERR_OK);
			assert_string_equal(buf_text(&payload), text);
		}
	}
	assert_true(noise_is_done(n));
	buf_fini(&frame);
	buf_fini(&payload);
}

/* The stranger tells one line of hex, which must be `expected`. */
static void
assert_says(const struct stranger *stranger, struct bytes expected)
{
	struct buf text = {0};
	char said[160] = {0};

	ascii_hex(expected, &text);
	buf_add_u8(&text, '\n');
	assert_true(text.n < sizeof(said));
	get_exactly(stranger->said, (uint8_t *)said, text.n);
	assert_string_equal(said, buf_text(&text));
	buf_fini(&text);
}

static void
echo(struct noise *n, const struct stranger *stranger, struct bytes plain)
{
	struct buf frame = {0};
	struct buf got = {0};

	assert_int_equal(noise_seal(n, plain, &frame), ERR_OK);
	put_frame(stranger->to, &frame);
	get_frame(stranger->from, &frame);
	assert_int_equal(noise_open(n, buf_bytes(&frame), &got), ERR_OK);
	assert_true(bytes_equal(buf_bytes(&got), plain));
	buf_fini(&frame);
	buf_fini(&got);
}

static void
converse(bool initiator, enum noise_pattern pattern, int echoes)
{
	static uint8_t content[NOISE_PLAIN_SIZE_MAX];
	struct stranger stranger;
	struct secret psk;
	struct dh_key own_key;
	struct noise n;

	memset(psk.b, 0x70, sizeof(psk.b));
	for (size_t i = 0; i < sizeof(content); i++)
		content[i] = (uint8_t)(i * 7);
	stranger_start(&stranger, initiator ? "responder" : "initiator",
	    patterns[pattern]);
	noise_init(&n, &(struct noise_config){
			   .initiator = initiator,
			   .pattern = pattern,
			   .own = &own,
			   .ephemeral = &ephemeral,
			   .prologue = bytes_text(PROLOGUE),
			   .psk = pattern == NOISE_XX ? NULL : &psk,
		       });
	shake(&n, &stranger);

	crypto_dh_key(&own, &own_key);
	assert_says(&stranger, noise_handshake_hash(&n));
	assert_says(&stranger, bytes_of(noise_peer_key(&n)->b, 32));
	assert_says(&stranger, bytes_of(own_key.b, 32));

	echo(&n, &stranger, bytes_text("찾아가는 동주민센터"));
	echo(&n, &stranger, bytes_of(content, sizeof(content)));
	for (int i = 2; i < echoes; i++)
		echo(&n, &stranger, bytes_of(content, (size_t)i % 97));
	noise_fini(&n);
	stranger_end(&stranger);
}

static void
a_stranger_answers_our_handshake_in_every_pattern(void **state)
{
	(void)state;
	for (enum noise_pattern p = NOISE_XX; p <= NOISE_XXPSK3; p++)
		converse(true, p, 2);
}

static void
a_stranger_starts_a_handshake_in_every_pattern(void **state)
{
	(void)state;
	for (enum noise_pattern p = NOISE_XX; p <= NOISE_XXPSK3; p++)
		converse(false, p, 2);
}

static void
a_long_conversation_survives_all_changes_of_keys(void **state)
{
	(void)state;
	converse(true, NOISE_XX, ECHOES);
	converse(false, NOISE_XX, ECHOES);
}

static int
start(void **state)
{
	char command[sizeof(program) + 256];

	(void)state;
	(void)alarm(WATCHDOG_S);
	(void)snprintf(command, sizeof(command),
	    "HOME=\"${HOME:-$PWD/build}\" GO111MODULE=off "
	    "GOPATH=/usr/share/gocode go build -o '%s' "
	    "tests/strangers/noise_peer.go",
	    program);
	if (system(command) != 0) {
		print_error("the stranger cannot be built: it needs golang-go "
			    "and golang-github-flynn-noise-dev; run "
			    "`.ci/deps check`\n");
		return -1;
	}
	return crypto_start() == ERR_OK ? 0 : -1;
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_stranger_answers_our_handshake_in_every_pattern),
	    cmocka_unit_test(a_stranger_starts_a_handshake_in_every_pattern),
	    cmocka_unit_test(a_long_conversation_survives_all_changes_of_keys),
	};

	assert(argc > 0);
	(void)snprintf(program, sizeof(program), "%s.stranger", argv[0]);
	(void)signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, start, NULL);
}

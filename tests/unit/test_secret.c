/*
 * Promises of cli/secret.h, at a terminal and at a pipe.
 */
#define _XOPEN_SOURCE 700

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "cli/secret.h"
#include "tests/lib/tempdir.h"

enum { WAIT_MS = 20000, FAILED = 100 };

/* What a child that asks did: its exit status is the outcome, and what it was
 * told it writes to `told`. */
struct asking {
	pid_t child;
	int input;    /* our end of its standard input */
	int terminal; /* the other end of that, when it is a terminal; or -1 */
	int prompts;  /* what it asks */
	int told;
};

/* In the child: asks, tells, ends. */
static void
child_ask(bool anew, int input, int prompts, int told)
{
	struct out out = {.to = fdopen(prompts, "w")};
	struct buf secret = {0};
	enum err e;

	out.errors = out.to;
	if (out.to == NULL || dup2(input, STDIN_FILENO) < 0)
		_exit(FAILED);
	e = anew ? secret_ask_new(&out, "낱말", &secret)
		 : secret_ask(&out, "낱말", &secret);
	if (write(told, secret.p, secret.n) != (ssize_t)secret.n)
		_exit(FAILED);
	buf_wipe(&secret);
	_exit((int)e);
}

static void
ask(struct asking *asking, bool terminal, bool anew)
{
	int input[2];
	int prompts[2];
	int told[2];

	if (terminal) {
		input[1] = posix_openpt(O_RDWR | O_NOCTTY);
		assert_true(input[1] >= 0);
		assert_int_equal(grantpt(input[1]), 0);
		assert_int_equal(unlockpt(input[1]), 0);
		input[0] = open(ptsname(input[1]), O_RDWR | O_NOCTTY);
		assert_true(input[0] >= 0);
	} else {
		assert_int_equal(pipe(input), 0);
	}
	assert_int_equal(pipe(prompts), 0);
	assert_int_equal(pipe(told), 0);
	asking->child = fork();
	assert_true(asking->child >= 0);
	if (asking->child == 0) {
		(void)close(input[1]);
		child_ask(anew, input[0], prompts[1], told[1]);
	}
	asking->input = input[1];
	asking->terminal = terminal ? input[0] : -1;
	if (!terminal)
		(void)close(input[0]);
	(void)close(prompts[1]);
	(void)close(told[1]);
	asking->prompts = prompts[0];
	asking->told = told[0];
}

/* Reads from `fd` until it has said `text` at the end of what it says. */
static void
await(int fd, const char *text)
{
	char said[256] = {0};
	size_t n = 0;

	while (n < strlen(text) ||
	       memcmp(said + n - strlen(text), text, strlen(text)) != 0) {
		struct pollfd poll_fd = {.fd = fd, .events = POLLIN};

		assert_true(n < sizeof(said));
		assert_int_equal(poll(&poll_fd, 1, WAIT_MS), 1);
		assert_int_equal(read(fd, said + n, 1), 1);
		n++;
	}
}

static void
type(struct asking *asking, const char *text)
{
	assert_int_equal(
	    write(asking->input, text, strlen(text)), (ssize_t)strlen(text));
}

/* The outcome; `secret`, of 300 bytes, is what was told. */
static enum err
answer(struct asking *asking, char *secret)
{
	ssize_t n = 1;
	size_t all = 0;
	int status;

	if (asking->terminal < 0)
		(void)close(asking->input);
	while (n > 0 && all < 299) {
		n = read(asking->told, secret + all, 299 - all);
		all += n > 0 ? (size_t)n : 0;
	}
	secret[all] = '\0';
	assert_int_equal(waitpid(asking->child, &status, 0), asking->child);
	assert_true(WIFEXITED(status));
	(void)close(asking->told);
	(void)close(asking->prompts);
	return (enum err)WEXITSTATUS(status);
}

/* The terminal shows again what is typed, and showed nothing meanwhile. */
static void
terminal_end(struct asking *asking)
{
	struct pollfd poll_fd = {.fd = asking->input, .events = POLLIN};
	struct termios termios;

	assert_int_equal(tcgetattr(asking->terminal, &termios), 0);
	assert_true((termios.c_lflag & ECHO) != 0);
	assert_true((termios.c_lflag & ISIG) != 0);
	assert_int_equal(poll(&poll_fd, 1, 0), 0);
	(void)close(asking->terminal);
	(void)close(asking->input);
}

static void
what_is_typed_is_not_shown(void **state)
{
	struct asking asking;
	char secret[300];

	(void)state;
	ask(&asking, true, false);
	await(asking.prompts, "낱말: ");
	type(&asking, "골목길 등불\n");
	assert_int_equal(answer(&asking, secret), ERR_OK);
	assert_string_equal(secret, "골목길 등불");
	terminal_end(&asking);
}

static void
a_new_one_is_typed_twice(void **state)
{
	struct asking asking;
	char secret[300];

	(void)state;
	for (int same = 0; same < 2; same++) {
		ask(&asking, true, true);
		await(asking.prompts, "낱말: ");
		type(&asking, "골목길의 등불 하나\n");
		await(asking.prompts, "낱말, once more: ");
		type(&asking,
		    same == 1 ? "골목길의 등불 하나\n" : "골목길의 등불 둘\n");
		assert_int_equal(
		    answer(&asking, secret), same == 1 ? ERR_OK : ERR_INVALID);
		terminal_end(&asking);
	}
}

static void
an_interrupt_leaves_the_terminal_as_it_was(void **state)
{
	struct asking asking;
	char secret[300];

	(void)state;
	ask(&asking, true, false);
	await(asking.prompts, "낱말: ");
	type(&asking, "골목\003");
	assert_int_equal(answer(&asking, secret), ERR_USAGE);
	assert_string_equal(secret, "");
	terminal_end(&asking);
}

static void
a_pipe_gives_one_line_for_each(void **state)
{
	static const struct {
		const char *said;
		enum err outcome;
	} cases[] = {
	    {"여덟 글자가 넘는다\n둘째 줄\n", ERR_OK},
	    {"여덟 글자가 넘는다", ERR_OK},
	    {"짧다\n", ERR_INVALID},
	    {"\n", ERR_INVALID},
	    {"", ERR_INVALID},
	    {"여덟 글자가\t넘는다\n", ERR_INVALID},
	    {"12345678\xff\n", ERR_INVALID},
	};
	struct asking asking;
	char secret[300];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		ask(&asking, false, true);
		type(&asking, cases[i].said);
		assert_int_equal(answer(&asking, secret), cases[i].outcome);
		if (cases[i].outcome == ERR_OK)
			assert_string_equal(secret, "여덟 글자가 넘는다");
	}
}

/* However a keyboard writes Hangul, it is the same passphrase. */
static void
hangul_in_pieces_is_the_same(void **state)
{
	struct asking asking;
	char secret[300];

	(void)state;
	ask(&asking, false, false);
	/* The syllable 골 as its three letters. */
	type(&asking, "\xe1\x84\x80\xe1\x85\xa9\xe1\x86\xaf\n");
	assert_int_equal(answer(&asking, secret), ERR_OK);
	assert_string_equal(secret, "골");
}

static void
what_is_too_long_is_refused(void **state)
{
	struct asking asking;
	char secret[300];

	(void)state;
	ask(&asking, false, false);
	for (size_t i = 0; i < 257; i++)
		type(&asking, "a");
	assert_int_equal(answer(&asking, secret), ERR_INVALID);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_is_typed_is_not_shown),
	    cmocka_unit_test(a_new_one_is_typed_twice),
	    cmocka_unit_test(an_interrupt_leaves_the_terminal_as_it_was),
	    cmocka_unit_test(a_pipe_gives_one_line_for_each),
	    cmocka_unit_test(hangul_in_pieces_is_the_same),
	    cmocka_unit_test(what_is_too_long_is_refused),
	};

	return cmocka_run_group_tests_name("secret", tests, NULL, NULL);
}

/*
 * Asks people for passphrases.  cli/open.c and cli/cmd_root.c call it.  What is
 * typed is never shown, nor left in memory or in a buffer of the C library.
 */
#include "cli/secret.h"

#include <errno.h>
#include <termios.h>
#include <unistd.h>

#include "proto/limits.h"
#include "proto/text.h"

enum { INTERRUPT = 3 }; /* Ctrl-C as a character */

static enum err line_read(struct buf *line) MUST_USE;

/* While a passphrase is typed, and before it is asked for, nothing is shown.
 * Ctrl-C ends the line instead of the process, which would leave the terminal
 * mute. */
static enum err
typed(struct out *out, const char *what, struct buf *line)
{
	struct termios before;
	struct termios mute;
	enum err e;

	if (tcgetattr(STDIN_FILENO, &before) != 0)
		return err_set(ERR_IO, "this terminal cannot be made mute");
	mute = before;
	mute.c_lflag &= ~(tcflag_t)(ECHO | ISIG);
	mute.c_lflag |= ICANON;
	mute.c_cc[VEOL] = INTERRUPT;
	if (tcsetattr(STDIN_FILENO, TCSAFLUSH, &mute) != 0)
		return err_set(ERR_IO, "this terminal cannot be made mute");
	(void)fprintf(out->errors, "%s: ", what);
	(void)fflush(out->errors);
	e = line_read(line);
	(void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
	(void)fputs("\n", out->errors);
	(void)fflush(out->errors);
	return e;
}

/* Byte by byte: what follows the line is somebody else's. */
static enum err
line_read(struct buf *line)
{
	uint8_t byte = 0;
	bool any = false;

	buf_reserve(line, LIMIT_LABEL_SIZE + 1);
	while (line->n <= LIMIT_LABEL_SIZE) {
		ssize_t got = read(STDIN_FILENO, &byte, 1);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return err_set(
			    ERR_IO, "a passphrase cannot be read from here");
		if (got == 0 && !any)
			return err_set(ERR_INVALID,
			    "a passphrase is missing: type it, or give one "
			    "line for each on standard input");
		if (got == 0 || byte == '\n')
			return ERR_OK;
		if (byte == INTERRUPT)
			return err_set(
			    ERR_USAGE, "interrupted: nothing was changed");
		any = true;
		buf_add_u8(line, byte);
	}
	return err_set(
	    ERR_INVALID, "a passphrase has at most %d bytes", LIMIT_LABEL_SIZE);
}

enum err
secret_ask(struct out *out, const char *what, struct buf *secret)
{
	struct buf line = {0};
	enum err e = isatty(STDIN_FILENO) != 0 ? typed(out, what, &line)
					       : line_read(&line);

	if (e == ERR_OK && !text_is_plain(buf_bytes(&line)))
		e = err_set(ERR_INVALID,
		    "a passphrase is text in UTF-8 without controls");
	if (e == ERR_OK) {
		buf_reserve(secret, 4 * LIMIT_LABEL_SIZE);
		e = text_nfc(buf_bytes(&line), secret);
	}
	buf_wipe(&line);
	return e;
}

enum err
secret_ask_new(struct out *out, const char *what, struct buf *secret)
{
	struct buf again = {0};
	struct buf text = {0};
	size_t characters = 0;
	enum err e = secret_ask(out, what, secret);

	for (size_t i = 0; i < secret->n; i++)
		characters += (secret->p[i] & 0xc0) != 0x80;
	if (e == ERR_OK && characters < SECRET_CHARACTERS_MIN)
		e = err_set(ERR_INVALID,
		    "a passphrase needs %d characters or more",
		    SECRET_CHARACTERS_MIN);
	if (e == ERR_OK && isatty(STDIN_FILENO) != 0) {
		buf_add_format(&text, "%s, once more", what);
		e = secret_ask(out, buf_text(&text), &again);
		if (e == ERR_OK &&
		    !bytes_equal(buf_bytes(secret), buf_bytes(&again)))
			e = err_set(ERR_INVALID,
			    "the two were not the same: begin again");
	}
	buf_fini(&text);
	buf_wipe(&again);
	return e;
}

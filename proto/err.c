/*
 * Outcomes.  Every room creates its failures here, so that each has a code to
 * react to and a text for a person.  Holds one text per thread; never prints.
 */
#include "proto/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "proto/mem.h"

static _Thread_local char kept[ERR_TEXT_SIZE];

static char *text_make(const char *format, va_list values) PRINTF(1, 0);
static void text_fit(char *text);
static size_t char_start(const char *text, size_t at);

/* The text made from `format`; owned. */
static char *
text_make(const char *format, va_list values)
{
	char *text;
	va_list again;
	int n;

	va_copy(again, values);
	n = vsnprintf(NULL, 0, format, values);
	assert(n >= 0);
	text = mem_new((size_t)n + 1);
	(void)vsnprintf(text, (size_t)n + 1, format, again);
	va_end(again);
	return text;
}

enum err
err_set(enum err code, const char *format, ...)
{
	char *text;
	va_list values;

	assert(code != ERR_OK);
	va_start(values, format);
	text = text_make(format, values);
	va_end(values);
	text_fit(text);
	mem_free(text);
	return code;
}

enum err
err_wrap(enum err code, const char *format, ...)
{
	char *text;
	size_t n;
	va_list values;

	assert(code != ERR_OK);
	va_start(values, format);
	text = text_make(format, values);
	va_end(values);
	n = strlen(text);
	text = mem_resize(text, n + 2 + sizeof(kept));
	memcpy(text + n, ": ", 2);
	memcpy(text + n + 2, kept, sizeof(kept));
	text_fit(text);
	mem_free(text);
	return code;
}

/* Keeps `text`.  Of one that is too long the middle is left out: names that
 * somebody chose stand there, while what went wrong is told at the end. */
static void
text_fit(char *text)
{
	static const char gap[] = "\xe2\x80\xa6"; /* … */
	enum { HALF = (ERR_TEXT_SIZE - sizeof(gap)) / 2 };
	size_t n = strlen(text);
	size_t head = char_start(text, HALF);
	size_t tail;

	if (n < ERR_TEXT_SIZE) {
		memcpy(kept, text, n + 1);
		return;
	}
	tail = n - HALF;
	while (tail < n && char_start(text, tail) != tail)
		tail++;
	memcpy(kept, text, head);
	memcpy(kept + head, gap, sizeof(gap) - 1);
	memcpy(kept + head + sizeof(gap) - 1, text + tail, n - tail + 1);
}

/* Where the character begins whose byte stands at `at`. */
static size_t
char_start(const char *text, size_t at)
{
	if (at >= strlen(text))
		return at;
	while (at > 0 && ((unsigned char)text[at] & 0xc0) == 0x80)
		at--;
	return at;
}

const char *
err_text(void)
{
	return kept;
}

const char *
err_name(enum err code)
{
	switch (code) {
	case ERR_OK:
		return "ok";
	case ERR_USAGE:
		return "usage";
	case ERR_NOT_FOUND:
		return "not_found";
	case ERR_EXISTS:
		return "exists";
	case ERR_INVALID:
		return "invalid";
	case ERR_DENIED:
		return "denied";
	case ERR_MALFORMED:
		return "malformed";
	case ERR_CORRUPT:
		return "corrupt";
	case ERR_VERSION:
		return "version";
	case ERR_LIMIT:
		return "limit";
	case ERR_BUSY:
		return "busy";
	case ERR_FULL:
		return "full";
	case ERR_FORKED:
		return "forked";
	case ERR_IO:
		return "io";
	case ERR_PEER:
		return "peer";
	case ERR_PART:
		return "part";
	}
	assert(code == ERR_OK);
	return "";
}

void
err_keep(struct fault *fault, enum err code)
{
	fault->code = code;
	if (code == ERR_OK)
		fault->text[0] = '\0';
	else
		memcpy(fault->text, kept, sizeof(kept));
}

enum err
err_raise(const struct fault *fault)
{
	if (fault->code != ERR_OK)
		memcpy(kept, fault->text, sizeof(kept));
	return fault->code;
}

/*
 * Outcomes.  Every room creates its failures here, so that each has a code to
 * react to and a text for a person.  Holds one text per thread; never prints.
 */
#include "proto/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static _Thread_local char kept[ERR_TEXT_SIZE];

static void text_cut(char *text, size_t size);

enum err
err_set(enum err code, const char *format, ...)
{
	char text[ERR_TEXT_SIZE];
	va_list values;

	assert(code != ERR_OK);
	va_start(values, format);
	(void)vsnprintf(text, sizeof(text), format, values);
	va_end(values);
	text_cut(text, sizeof(text));
	memcpy(kept, text, sizeof(kept));
	return code;
}

enum err
err_wrap(enum err code, const char *format, ...)
{
	char text[2 * ERR_TEXT_SIZE];
	size_t n;
	va_list values;

	assert(code != ERR_OK);
	va_start(values, format);
	(void)vsnprintf(text, ERR_TEXT_SIZE, format, values);
	va_end(values);
	n = strlen(text);
	memcpy(text + n, ": ", 2);
	memcpy(text + n + 2, kept, ERR_TEXT_SIZE - 2);
	text[ERR_TEXT_SIZE - 1] = '\0';
	text_cut(text, ERR_TEXT_SIZE);
	memcpy(kept, text, sizeof(kept));
	return code;
}

/* vsnprintf may have cut a character of several bytes: take its rest away. */
static void
text_cut(char *text, size_t size)
{
	size_t n = strlen(text);
	size_t lead = n;

	if (n + 1 < size)
		return;
	while (lead > 0 && ((unsigned char)text[lead - 1] & 0xc0) == 0x80)
		lead--;
	if (lead > 0 && ((unsigned char)text[lead - 1] & 0x80) != 0)
		text[lead - 1] = '\0';
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

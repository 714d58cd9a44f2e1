/*
 * Words of a command line to one condition.  The commands that find and list
 * ask here.  Changes nothing.
 */
#include "cli/where.h"

#include <string.h>

#include "proto/text.h"

/* A short form, taken apart. */
struct brief {
	struct bytes name;
	struct bytes sign;
	struct bytes value;
};

/* Appends a word as a condition between brackets. */
static enum err word_read(const struct expr_scope *scope, const char *word,
    struct arena *arena, struct buf *text) MUST_USE;

static enum err
parse(const struct expr_scope *scope, struct bytes text, struct arena *arena)
{
	const struct expr *expr;

	return expr_parse(text, scope, 1U << EXPR_BOOL, arena, &expr);
}

/* Is `word` more than one name or sign: a condition of its own? */
static bool
is_whole(const char *word)
{
	size_t n = strlen(word);

	return n > 2 && strpbrk(word, "=<>( ") != NULL &&
	       strpbrk(word, "=<>(") != word;
}

enum err
where_read(const struct expr_scope *scope, const char *const *words, size_t n,
    struct arena *arena, const struct expr **expr)
{
	struct buf text = {0};
	size_t whole_n = 0;
	enum err e = ERR_OK;

	*expr = NULL;
	if (n == 0)
		return ERR_OK;
	for (size_t i = 0; i < n; i++)
		whole_n += is_whole(words[i]) ? 1 : 0;
	for (size_t i = 0; i < n && e == ERR_OK; i++) {
		if (whole_n == n && n > 1)
			buf_add_text(&text, i > 0 ? " and " : "");
		else
			buf_add_text(&text, i > 0 ? " " : "");
		if (whole_n == n)
			e = word_read(scope, words[i], arena, &text);
		else
			e = text_nfc(bytes_text(words[i]), &text);
	}
	if (e == ERR_OK) {
		struct bytes all = arena_bytes(arena, buf_bytes(&text));

		e = expr_parse(all, scope, 1U << EXPR_BOOL, arena, expr);
		if (e != ERR_OK)
			e = err_wrap(
			    e, "%.*s", (int)all.n, (const char *)all.p);
	}
	buf_fini(&text);
	return e;
}

/* Takes name, sign and value apart; false when `word` has not that form. */
static bool
brief_read(struct bytes word, struct brief *brief)
{
	size_t name_n = 0;
	size_t sign_n = 0;

	while (
	    name_n < word.n && strchr("abcdefghijklmnopqrstuvwxyz0123456789_.",
				   word.p[name_n]) != NULL)
		name_n++;
	while (name_n + sign_n < word.n &&
	       strchr("=!<>", word.p[name_n + sign_n]) != NULL)
		sign_n++;
	brief->name = bytes_first(word, name_n);
	brief->sign = bytes_first(bytes_after(word, name_n), sign_n);
	brief->value = bytes_after(word, name_n + sign_n);
	return name_n > 0 && sign_n > 0 && sign_n <= 2;
}

static void
quote(struct bytes value, struct buf *text)
{
	buf_add_text(text, "'");
	for (size_t i = 0; i < value.n; i++) {
		if (value.p[i] == '\'')
			buf_add_text(text, "'");
		buf_add_u8(text, value.p[i]);
	}
	buf_add_text(text, "'");
}

/* `brief` as a condition with the value in quotes; of a set, `has`. */
static void
brief_write(const struct brief *brief, const char *sign, struct buf *text)
{
	buf_add(text, brief->name);
	if (brief->value.n == 0) {
		buf_add_text(text, " is nothing");
		return;
	}
	buf_add_text(text, " ");
	if (sign != NULL)
		buf_add_text(text, sign);
	else
		buf_add(text, brief->sign);
	buf_add_text(text, " ");
	quote(brief->value, text);
}

/* The error about a short form, without the column in what was made of it. */
static enum err
brief_refuse(enum err e, struct bytes word)
{
	const char *why = err_text();
	struct buf text = {0};

	if (strncmp(why, "column ", 7) == 0 && strstr(why, ": ") != NULL)
		why = strstr(why, ": ") + 2;
	buf_add_text(&text, why);
	e = err_set(
	    e, "%.*s: %s", (int)word.n, (const char *)word.p, buf_text(&text));
	buf_fini(&text);
	return e;
}

/* What reads as no expression, as a short form. */
static enum err
brief_try(const struct expr_scope *scope, struct bytes word,
    const struct brief *brief, struct arena *arena, struct buf *text)
{
	static const char *const signs[] = {"has", NULL};
	enum err e = ERR_OK;

	for (size_t i = 0; i < sizeof(signs) / sizeof(*signs); i++) {
		buf_cut(text, 0);
		brief_write(brief, signs[i], text);
		/* A set that does not have it is another question. */
		if (signs[i] != NULL && !bytes_is(brief->sign, "="))
			continue;
		e = parse(scope, buf_bytes(text), arena);
		if (e == ERR_OK)
			return e;
	}
	return brief_refuse(e, word);
}

static enum err
word_read(const struct expr_scope *scope, const char *word, struct arena *arena,
    struct buf *text)
{
	struct brief brief;
	struct buf normal = {0};
	struct buf made = {0};
	enum err e = text_nfc(bytes_text(word), &normal);

	if (e != ERR_OK)
		goto out;
	e = parse(scope, buf_bytes(&normal), arena);
	if (e == ERR_OK) {
		buf_add(&made, buf_bytes(&normal));
	} else if (brief_read(buf_bytes(&normal), &brief) &&
		   strpbrk(word, "'()") == NULL) {
		e = brief_try(scope, buf_bytes(&normal), &brief, arena, &made);
	} else {
		e = err_wrap(e, "%s", buf_text(&normal));
	}
	if (e == ERR_OK)
		buf_add_format(text, "(%s)", buf_text(&made));
out:
	buf_fini(&made);
	buf_fini(&normal);
	return e;
}

/*
 * Files of keys as text.  core/identity.c and core/share.c say what stands in
 * them.  Nothing of their content ever stands in an error.
 */
#include "core/keyfile.h"

#include "core/file.h"
#include "proto/ascii.h"
#include "proto/id.h"

enum { SIZE_MAX_BYTES = 4096, MODE = 0600 };

static enum err lines_load(
    struct bytes text, const struct keyfile *file) MUST_USE;
static enum err line_load(
    struct bytes line, const struct keyfile *file, unsigned *found) MUST_USE;

enum err
keyfile_save(const char *path, const struct keyfile *file, bool replace)
{
	struct buf text = {0};
	struct file_stat stat;
	enum err e = replace ? ERR_NOT_FOUND : file_stat(path, &stat);

	if (e == ERR_OK)
		return err_set(ERR_EXISTS,
		    "%s is there already, and keys are never replaced", path);
	/* Nobody knows whether keys are there. */
	if (e != ERR_NOT_FOUND)
		return e;
	keyfile_text(file, file->n, &text);
	e = file_write(path, buf_bytes(&text), MODE);
	/* It may stand under its name already, and a second try would be
	 * refused because of it. */
	if (e != ERR_OK && !replace) {
		struct fault fault;

		err_keep(&fault, e);
		(void)!file_remove(path);
		e = err_raise(&fault);
	}
	buf_wipe(&text);
	return e;
}

void
keyfile_text(const struct keyfile *file, size_t n, struct buf *text)
{
	assert(n <= file->n);
	buf_add_text(text, file->title);
	buf_add_u8(text, '\n');
	for (size_t i = 0; i < n; i++) {
		const struct keyfile_line *line = &file->lines[i];

		buf_add_text(text, line->word);
		buf_add_u8(text, ' ');
		ascii_hex(bytes_of(line->p, line->n), text);
		buf_add_u8(text, '\n');
	}
}

enum err
keyfile_load(const char *path, const struct keyfile *file)
{
	struct buf text = {0};
	enum err e;

	assert(file->n < 32);
	e = file_read(path, SIZE_MAX_BYTES, &text);
	if (e != ERR_OK)
		goto out;
	e = lines_load(buf_bytes(&text), file);
	if (e != ERR_OK)
		e = err_wrap(e, "key file %s", path);
out:
	buf_wipe(&text);
	return e;
}

/* All but the number of its version says what kind of file it is. */
static enum err
title_wrong(struct bytes line, const char *title)
{
	struct bytes kind = bytes_text(title);

	if (bytes_begins(line, bytes_first(kind, kind.n - 1)))
		return err_set(ERR_VERSION,
		    "it does not begin with '%s': use a newer golmok", title);
	return err_set(ERR_CORRUPT,
	    "it does not begin with '%s': restore it from a backup", title);
}

static enum err
lines_load(struct bytes rest, const struct keyfile *file)
{
	unsigned found = 0;
	bool first = true;
	enum err e = ERR_OK;

	while (rest.n > 0 && e == ERR_OK) {
		struct bytes line = bytes_first(rest, bytes_find(rest, '\n'));

		rest = bytes_after(rest, line.n < rest.n ? line.n + 1 : line.n);
		if (!first)
			e = line_load(line, file, &found);
		else if (!bytes_is(line, file->title))
			e = title_wrong(line, file->title);
		first = false;
	}
	if (e == ERR_OK && found != (1u << file->n) - 1)
		e = err_set(
		    ERR_CORRUPT, "a line is missing: restore it from a backup");
	return e;
}

static enum err
line_load(struct bytes line, const struct keyfile *file, unsigned *found)
{
	struct bytes word = bytes_first(line, bytes_find(line, ' '));

	for (size_t i = 0; i < file->n && word.n < line.n; i++) {
		const struct keyfile_line *want = &file->lines[i];

		if (!bytes_is(word, want->word))
			continue;
		*found |= 1u << i;
		if (id_from_hex(bytes_after(line, word.n + 1), want->word,
			want->p, want->n) != ERR_OK)
			return err_wrap(ERR_CORRUPT, "line '%s'", want->word);
		return ERR_OK;
	}
	return err_set(ERR_CORRUPT, "a line that no key file has");
}

enum err
keyfile_destroy(const char *path)
{
	struct file_slot slot = {0};
	struct file_stat stat;
	struct buf zeros = {0};
	enum err e = file_stat(path, &stat);

	if (e == ERR_OK && stat.size_bytes > SIZE_MAX_BYTES)
		e = err_set(ERR_INVALID, "%s is no file of keys", path);
	if (e == ERR_OK)
		e = file_slot_init(&slot, path);
	if (e == ERR_OK) {
		size_t n = (size_t)stat.size_bytes;
		uint8_t *p = buf_extend(&zeros, n);

		for (size_t i = 0; i < n; i++)
			p[i] = '0';
		e = file_slot_put(&slot, buf_bytes(&zeros));
	}
	file_slot_fini(&slot);
	buf_fini(&zeros);
	if (e == ERR_OK)
		e = file_sync(path);
	return e == ERR_OK ? file_remove(path) : e;
}

/*
 * The pack of a new store.  Looked at before anything is made.
 */
#include "cli/choice.h"

#include <string.h>

#include "core/file.h"
#include "core/pack.h"

#define CHOICE_DEFAULT "chatdong"

/* Is `name` what is compiled in? */
static enum err
is_known(const char *name, bool *known)
{
	struct pack *pack = NULL;
	enum err e = pack_parse(pack_embedded(), &pack);

	*known = e == ERR_OK && strcmp(pack->name, name) == 0;
	pack_free(pack);
	return e;
}

static enum err
file_take(const char *path, struct choice *choice)
{
	struct pack *pack = NULL;
	enum err e = file_read(path, LIMIT_PACK_SIZE, &choice->json);

	if (e == ERR_NOT_FOUND)
		return err_wrap(e,
		    "--pack %s is no pack of this program (%s), and no file",
		    path, CHOICE_DEFAULT);
	if (e == ERR_OK) {
		e = pack_parse(buf_bytes(&choice->json), &pack);
		pack_free(pack);
		if (e != ERR_OK)
			e = err_wrap(e,
			    "nothing is made: %s (`golmok pack check` tells "
			    "all that is wrong)",
			    path);
	}
	return e;
}

enum err
choice_read(const struct args *args, struct choice *choice)
{
	const char *word = args_text(args, "pack", 0);
	bool known;
	enum err e;

	choice->name = CHOICE_DEFAULT;
	if (word == NULL)
		return ERR_OK;
	choice->name = NULL;
	if (strcmp(word, "none") == 0)
		return ERR_OK;
	e = is_known(word, &known);
	if (e != ERR_OK)
		return e;
	if (!known)
		return file_take(word, choice);
	choice->name = word;
	return ERR_OK;
}

void
choice_fini(struct choice *choice)
{
	buf_fini(&choice->json);
	*choice = (struct choice){0};
}

#ifndef GOLMOK_CLI_CHOICE_H
#define GOLMOK_CLI_CHOICE_H

#include "cli/args.h"

/*
 * Whose rules hold in a new store: --pack of init, join and keys restore.
 */
#define CHOICE_OPTION                                                   \
	{                                                               \
		.name = "pack", .value = "NAME|FILE",                   \
		.help = "whose rules hold here (chatdong), or a file; " \
			"none: no rules"                                \
	}

struct choice {
	const char *name; /* of one that is compiled in; NULL: none */
	struct buf json;  /* owned: the text of a file, which is sound */
};

/* Reads what the words say into the zeroed `choice`, ended with choice_fini in
 * every case.  A word that is no name of a pack of this program is a file.
 * What file_read and pack_parse say. */
enum err choice_read(const struct args *args, struct choice *choice) MUST_USE;
void choice_fini(struct choice *choice);

#endif

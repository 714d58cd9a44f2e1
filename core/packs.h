#ifndef GOLMOK_CORE_PACKS_H
#define GOLMOK_CORE_PACKS_H

#include "core/authority.h"
#include "core/pack.h"

/*
 * Which versions of a pack a store knows, and which of them is in force there
 * (docs/packs.md "How packs travel"): what is compiled in, what the city
 * published, and a file that this node was given.  A pure function of these,
 * whatever the order in which they came.
 */
enum packs_source {
	PACKS_COMPILED,
	PACKS_FILE,
	PACKS_FACT,
};

enum packs_why {
	PACKS_IN_FORCE,
	PACKS_OLDER,	  /* a higher version is in force */
	PACKS_SAME,	  /* the same text is in force from elsewhere */
	PACKS_OTHER_TEXT, /* another text of the same version comes first */
	PACKS_NEWER,	  /* its format, or a word in it: of a newer program */
	PACKS_UNREADABLE, /* it breaks a rule of docs/packs.md */
	PACKS_LOSES,	  /* what was written would lose its meaning */
	PACKS_INCOMPLETE, /* pieces are missing, or are not of this text */
	PACKS_OUTSIDE,	  /* its facts do not count */
	PACKS_OTHER_NAME, /* the store follows another pack */
};

struct packs_version {
	enum packs_source source;
	struct bytes name;
	uint64_t version;
	struct hash sha256; /* of the text */
	uint64_t size;
	/* Of a fact: its pieces, in order, as far as they are here. */
	struct sign_key by;
	struct stamp since;
	const struct published *pieces[LIMIT_PACK_PIECES];
	enum packs_why why;
	struct bytes detail; /* for people; often empty */
};

struct packs {
	struct bytes name; /* what the store follows; empty: no pack */
	struct packs_version *versions; /* by name, version, then from the least
					   to the most preferred */
	size_t n;
	const struct packs_version *force; /* NULL: none */
	struct hash inputs;		   /* of all that it follows from */
};

/* Gathers what `txn` and `authority` (NULL: no facts) have into `packs`, arrays
 * in `arena`; nothing is judged yet. */
void packs_gather(struct txn *txn, const struct authority *authority,
    struct arena *arena, struct packs *packs);
/* Says of each version why it is in force or not, and gives the pack that is,
 * owned by the caller; NULL when there is none.  ERR_CORRUPT; what is wrong
 * with a version is no error but in its `why`. */
enum err packs_judge(struct txn *txn, struct arena *arena, struct packs *packs,
    struct pack **pack) MUST_USE;
/* The text of `version`, in `arena` or static.  ERR_NOT_FOUND: a piece is
 * missing; ERR_MALFORMED: the pieces are not of this text. */
enum err packs_text(struct txn *txn, const struct packs_version *version,
    struct arena *arena, struct bytes *json) MUST_USE;
/* Does `version` say that it comes after what is in force, and does not, for
 * another reason than that pieces are on their way? */
bool packs_is_refused(
    const struct packs *packs, const struct packs_version *version);
/* Appends a sentence on `version`: where it comes from, and why it is in force
 * or not. */
void packs_say(const struct packs_version *version, struct buf *text);
/* In a writer: keeps `json`, which `pack` was read from, as the file that this
 * store was given, and has a store without a pack follow it. */
void packs_file_put(
    struct txn *txn, const struct pack *pack, struct bytes json);
/* "in-force"; static, as the next, which is for people. */
const char *packs_why_name(enum packs_why why);
const char *packs_why_text(enum packs_why why);
const char *packs_source_text(enum packs_source source);

#endif

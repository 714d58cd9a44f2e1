#ifndef GOLMOK_CLI_ACCESS_H
#define GOLMOK_CLI_ACCESS_H

#include "cli/open.h"

/*
 * Who takes personal data out of a store says why, and that is kept as a record
 * (docs/packs.md, access).
 */
struct access {
	struct opened *work; /* borrowed, with a transaction that reads */
	const struct pack_collection *collection; /* that is taken; NULL: all */
	unsigned classes;   /* bits 1 << class that are taken */
	const char *reason; /* NULL: none was given */
	bool looks;	    /* somebody looks, and takes nothing away */
	const struct record_id *subject; /* at whom; NULL: at all of it */
	bool known;	     /* what is taken of all spaces is personal */
	const char *instead; /* for people: what asks for no reason, or NULL */
};

/* Writes a record for each unit of which personal data lie in the `n` `spaces`,
 * makes it durable, and begins a transaction that reads.  Does nothing where no
 * personal field is taken or the pack keeps no such log.  ERR_USAGE: there is
 * no reason, or nobody says who does it.  ERR_DENIED: this node may not write
 * there.  `spaces` are no longer valid when `*written`. */
enum err access_log(const struct access *access,
    struct space_state *const *spaces, size_t n, bool *written) MUST_USE;

/* Adds to `classes`, an unsigned of bits, that of `field`: for expr_fields. */
void access_reads(void *classes, const struct pack_field *field);
/* The same for a table of records of `collection` below `prefix`, of which
 * fields of `classes` leave; the reason is what --reason says.  When `*written`
 * all of the transaction before is gone, and the role is read again. */
struct access_table {
	const struct pack_collection *collection;
	const struct space *prefix;
	unsigned classes;
	const char *instead; /* as in struct access */
};
enum err access_table(struct opened *work, const struct access_table *table,
    bool *written) MUST_USE;

/* The option of commands that ask for it. */
#define ACCESS_REASON                                                       \
	{                                                                   \
		.name = "reason", .value = "TEXT",                          \
		.help = "why personal data leave the store, which is kept", \
	}

#endif

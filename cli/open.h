#ifndef GOLMOK_CLI_OPEN_H
#define GOLMOK_CLI_OPEN_H

#include "cli/args.h"
#include "cli/out.h"
#include "core/pack.h"
#include "core/store.h"
#include "core/units.h"

/*
 * What a command works with: the store that the words or the environment name,
 * with one transaction open, the pack, and scratch memory until the end.
 */
struct opened {
	const struct args *args; /* borrowed */
	struct out *out;	 /* borrowed */
	struct store *store;	 /* owned */
	const struct pack *pack; /* of the store; NULL: no rules */
	struct arena arena;	 /* owned */
	bool has_actor;		 /* who writes is known */
	struct actor_id actor;
	const struct pack_role *role; /* after open_role; NULL: nobody said */
	struct units *units;	      /* after open_units; in units_arena */
	struct arena units_arena;     /* owned */
};

/* The option of commands that call open_role.  A macro, since the tables of
 * options are constants. */
#define OPEN_ROLE_OPTION                                 \
	{                                                \
		.name = "role", .value = "ROLE",         \
		.help = "in which role; as $GOLMOK_ROLE" \
	}

/* Where the store is: --store DIR, else $GOLMOK_STORE, else ./golmok-store.
 * Borrowed from argv or the environment. */
const char *open_dir(const struct args *args);

/* Opens that store into the zeroed `work` and begins a transaction; a writing
 * one also knows its actor: --actor NAME, else $GOLMOK_ACTOR, else the name of
 * the account, else nobody.  With --share the passphrases are asked for, and
 * the root keys are there for this one command.  `work` is ended with open_end
 * in every case.  Errors as store_open and store_begin give them. */
enum err open_begin(const struct args *args, struct out *out, bool write,
    struct opened *work) MUST_USE;
/* As open_begin for who reads much: what the next writer would do because the
 * pack or the program is another (core/force.h) is done first, unless this node
 * cannot write: then it only takes longer. */
enum err open_list(
    const struct args *args, struct out *out, struct opened *work) MUST_USE;
/* As open_begin, alone and without a transaction: for maintenance.  ERR_BUSY
 * while any other process has the store open. */
enum err open_alone(
    const struct args *args, struct out *out, struct opened *work) MUST_USE;
/* In which role of the pack this is done: --role ROLE, which the command has to
 * declare, else $GOLMOK_ROLE, else none.  ERR_INVALID: the pack has no such
 * role. */
enum err open_role(struct opened *work) MUST_USE;
/* All units that are held (core/units.h), into `*units`: read once, as they
 * stand in the open transaction when this is first called; they live until
 * open_end. */
enum err open_units(struct opened *work, const struct units **units) MUST_USE;
/* After open_commit or store_abort: begins the next transaction that writes,
 * which knows the actor as open_begin says. */
enum err open_again(struct opened *work) MUST_USE;
/* The same for one that only reads.  The pack in force may be another one after
 * either of them. */
enum err open_read(struct opened *work) MUST_USE;
/* Makes what was written durable and tells when the store turned out to have
 * been restored or copied.  Only ERR_OK is a yes. */
enum err open_commit(struct opened *work) MUST_USE;
/* Gives everything back; what was not committed did not happen. */
void open_end(struct opened *work);

#endif

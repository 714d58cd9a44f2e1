#ifndef GOLMOK_CORE_FOUNDER_H
#define GOLMOK_CORE_FOUNDER_H

#include "core/store.h"

/* How a store is made: by founding a city, or as a member of one. */
struct store_plan {
	const char *dir; /* must not exist yet */
	const struct host *host;
	struct bytes found;	    /* found a city of this name, or empty */
	struct bytes label;	    /* when founding: the name of this node */
	const struct city_id *join; /* else: the city to belong to */
	/* When joining: the text of the token, kept until this node has been
	 * let in (meta_joining); may be empty. */
	struct bytes token;
	/* When joining: keys that were drawn before; NULL: new ones. */
	const struct identity *keys;
	/* The name of the pack whose rules hold here; NULL: no rules.  It must
	 * be compiled in. */
	const char *pack;
	/* Or the text of a pack that this node alone follows, as core/publish.h
	 * has publish_file; empty: none. */
	struct bytes pack_file;
};

/* Makes the store plan->dir in a temporary directory beside it, synced and
 * renamed.  A founder holds the root keys (file `root`) and has all rights
 * everywhere.  ERR_EXISTS; ERR_INVALID for a bad name or unknown pack;
 * ERR_DENIED for a file system of other machines. */
enum err founder_create(const struct store_plan *plan) MUST_USE;

#endif

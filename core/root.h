#ifndef GOLMOK_CORE_ROOT_H
#define GOLMOK_CORE_ROOT_H

#include "core/authority.h"
#include "core/share.h"

/*
 * Where the root keys of a store are: plain in the file `root`, sealed in the
 * file `root-sealed` with the key to it in shares, or not here.  A rotation
 * first writes the keys that are to follow beside them (`root-next`,
 * `root-sealed-next`); which of the two hold, the authority logs say.
 */
struct root {
	struct root_keys keys;	  /* in use, if keys.is_here */
	struct root_keys follows; /* those of a rotation in the transaction */
	bool rotating;
	bool is_stale; /* those that lie here were rotated away */
	bool is_ahead; /* root->keys are here, and no record here knows them */
	bool unlocked; /* they were sealed; then: */
	struct share_split split;
	struct secret key; /* under which they are sealed */
};

/* What is wrong when root->is_ahead, and what to do. */
extern const char root_ahead_text[];

/* What lies in a store. */
struct root_place {
	bool plain;
	bool sealed;
	struct share_vault vault; /* when sealed */
};

/* Reads the keys of the store in the directory `dir`; that there are no plain
 * root keys is no failure.  `root` is zeroed by the caller and ended with
 * root_fini, which overwrites it. */
enum err root_load_all(
    const char *dir, struct identity *identity, struct root *root) MUST_USE;
void root_fini(struct root *root);
/* Opens the sealed keys of the store in `dir` with `n` shares.  ERR_NOT_FOUND:
 * none are there.  ERR_INVALID, ERR_DENIED: these shares are not enough, or not
 * the right ones. */
enum err root_unlock(const char *dir, const struct share *shares, size_t n,
    struct root *root) MUST_USE;
/* What lies in the store `dir`. */
enum err root_find(const char *dir, struct root_place *place) MUST_USE;

/* Makes root->keys those that are root by `authority`: after a rotation that
 * was cut off behind its commit, moves the keys that follow to their place.  If
 * those here were root once and are no more, root->keys are not here and
 * `is_stale` is set.  If nothing held says that they ever were, `is_ahead` is
 * set as long as that is so: the data was restored to before a rotation. */
enum err root_settle(const char *dir, const struct authority *authority,
    struct root *root) MUST_USE;

/* For a rotation: draws the key after the next from `host` and writes the keys
 * that are to follow, root->follows, beside those in use, durably.  When a
 * rotation was cut off before its commit, it is taken up: the key that was
 * drawn then is drawn no second time. */
enum err root_prepare(
    const char *dir, const struct host *host, struct root *root) MUST_USE;
/* The transaction has ended.  When it was committed, root->follows take the
 * place of the keys in use; that this cannot be written is passed over, for the
 * next root_settle does it. */
void root_ended(const char *dir, bool committed, struct root *root);

/* How the keys are to be split. */
struct root_plan {
	struct share_split split; /* all but `id` */
	const char *out;	  /* where the files `share-N` are to lie */
	const struct bytes *passphrases; /* one for each share */
	struct crypto_cost cost;
};
/* Splits root->keys, whichever way they came here: writes the files of shares,
 * reads them back and joins them, replaces the sealed keys, and only then
 * overwrites and removes the plain ones.  After a failure or a crash the keys
 * are as they were before, or also sealed.  ERR_EXISTS: a file of a share is
 * there already.  ERR_DENIED: the keys are not here, or not whole. */
enum err root_split(const char *dir, const struct host *host,
    const struct root_plan *plan, struct root *root) MUST_USE;
/* Makes unlocked keys plain again, and removes the sealed ones. */
enum err root_join(const char *dir, struct root *root) MUST_USE;

#endif

/*
 * The beginning of a store: keys are drawn and, for a new city, its founding
 * record is made.  core/store.c calls this once for each store.
 */
#include "core/founder.h"

#include "core/file.h"
#include "proto/text.h"

enum err
founder_check(const struct store_plan *plan)
{
	bool remote = false;
	struct buf parent = {0};
	size_t cut = 0;
	enum err e;

	assert((plan->join != NULL) != (plan->found.n > 0));
	if (plan->join == NULL &&
	    (!text_is_utf8(plan->found) || plan->found.n > LIMIT_LABEL_SIZE ||
		!text_is_utf8(plan->label) || plan->label.n == 0 ||
		plan->label.n > LIMIT_LABEL_SIZE))
		return err_set(ERR_INVALID,
		    "a city and its first node need names of 1 to %d bytes of "
		    "UTF-8",
		    LIMIT_LABEL_SIZE);
	for (size_t i = 0; plan->dir[i] != '\0'; i++) {
		if (plan->dir[i] == '/')
			cut = i + 1;
	}
	buf_add(&parent, bytes_of(plan->dir, cut));
	buf_add_u8(&parent, '.');
	e = file_is_remote(buf_text(&parent), &remote);
	if (e == ERR_OK && remote)
		e = err_set(ERR_DENIED,
		    "%s would lie on a file system of another machine, where "
		    "locks cannot be trusted: choose a local disk",
		    plan->dir);
	buf_fini(&parent);
	return e;
}

enum err
founder_keys(
    const char *dir, const struct store_plan *plan, struct buf *founding)
{
	const struct host *host = plan->host;
	struct identity identity = {0};
	struct root_keys root = {0};
	struct buf path = {0};
	struct city_id city;
	enum err e = ERR_OK;

	if (plan->join != NULL) {
		city = *plan->join;
	} else {
		struct fact_founding fact = {.name = plan->found};
		struct sign_key next;

		host->random(host->arg, root.seed.b, 32);
		host->random(host->arg, root.next_seed.b, 32);
		crypto_sign_key(&root.seed, &fact.root);
		crypto_sign_key(&root.next_seed, &next);
		crypto_sha256(bytes_of(next.b, 32), &fact.next_root);
		fact_founding_put(&fact, founding);
		fact_city(buf_bytes(founding), &city);
		buf_add_format(&path, "%s/root", dir);
		e = identity_save_root(buf_text(&path), &root);
	}
	if (e == ERR_OK) {
		identity_make(host, &city, &identity);
		buf_cut(&path, 0);
		buf_add_format(&path, "%s/identity", dir);
		e = identity_save(buf_text(&path), &identity);
	}
	identity_fini(&identity);
	identity_fini_root(&root);
	buf_fini(&path);
	return e;
}

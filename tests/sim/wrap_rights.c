/*
 * Rules about rights, broken on purpose: as tests/sim/wrap.c, which has the
 * list for the linker.
 */
#include <string.h>

#include "core/accept.h"
#include "core/apply.h"
#include "core/authority_result.h"
#include "core/authority_roots.h"
#include "core/history.h"
#include "core/tip.h"
#include "tests/sim/hold.h"
#include "tests/sim/wrap.h"

bool __real_id_covers_prefix(
    const struct space *prefix, const struct space *inner);
bool __wrap_id_covers_prefix(
    const struct space *prefix, const struct space *inner);
bool __real_fact_rights_within(struct rights inner, struct rights outer);
bool __wrap_fact_rights_within(struct rights inner, struct rights outer);
void __real_authority_result_write(const struct authority_settling *settling);
void __wrap_authority_result_write(struct authority_settling *settling);
void __real_authority_roots_find(struct authority_settling *settling);
void __wrap_authority_roots_find(struct authority_settling *settling);
const struct heir *__real_authority_roots_heirs(
    const struct authority *authority, const struct hash *hash, size_t *n);
const struct heir *__wrap_authority_roots_heirs(
    const struct authority *authority, const struct hash *hash, size_t *n);
enum err __real_authority_load(struct txn *txn, const struct city_id *city,
    struct authority *authority) MUST_USE;
enum err __wrap_authority_load(struct txn *txn, const struct city_id *city,
    struct authority *authority) MUST_USE;
unsigned __real_authority_reads(const struct authority *authority,
    const struct sign_key *key, const struct space *space);
unsigned __wrap_authority_reads(const struct authority *authority,
    const struct sign_key *key, const struct space *space);
bool __real_accept_of(const struct accept_from *from,
    const struct log_name *name, struct intake_accept *accept);
bool __wrap_accept_of(const struct accept_from *from,
    const struct log_name *name, struct intake_accept *accept);
bool __real_tip_may(
    struct txn *txn, const struct log *log, unsigned right, uint64_t seq);
bool __wrap_tip_may(
    struct txn *txn, const struct log *log, unsigned right, uint64_t seq);
enum err __real_history_delta(struct txn *txn, const struct log *log,
    uint64_t seq, struct arena *arena, struct history_delta *from) MUST_USE;
enum err __wrap_history_delta(struct txn *txn, const struct log *log,
    uint64_t seq, struct arena *arena, struct history_delta *from) MUST_USE;
enum err __real_apply_authority(
    struct txn *txn, const struct authority *authority) MUST_USE;
enum err __wrap_apply_authority(
    struct txn *txn, const struct authority *authority) MUST_USE;

bool
__wrap_id_covers_prefix(const struct space *prefix, const struct space *inner)
{
	return wrap_is_broken(RULE_PREFIX) ||
	       __real_id_covers_prefix(prefix, inner);
}

bool
__wrap_fact_rights_within(struct rights inner, struct rights outer)
{
	return wrap_is_broken(RULE_PASS) ||
	       __real_fact_rights_within(inner, outer);
}

/* Every revocation of who may speak at all is taken for one that counts. */
void
__wrap_authority_result_write(struct authority_settling *settling)
{
	const struct authority_facts *facts = settling->facts;

	for (size_t i = 0; wrap_is_broken(RULE_EQUALS) && i < facts->facts_n;
	     i++) {
		const struct authority_fact *fact = &facts->facts[i];
		const struct authority_fact *target = NULL;

		if (fact->kind == DELTA_REVOKE && fact->is_sound &&
		    !settling->standings[i].counts &&
		    settling->seats[fact->tip].speaks)
			target = authority_settle_find(
			    settling, &fact->u.revoke.grant);
		if (target != NULL && target->kind == DELTA_GRANT)
			authority_settle_count(settling, fact, fact->tip);
	}
	__real_authority_result_write(settling);
}

void
__wrap_authority_roots_find(struct authority_settling *settling)
{
	__real_authority_roots_find(settling);
	for (size_t i = 0;
	     wrap_is_broken(RULE_ROTATE) && i < settling->facts->tips_n; i++)
		settling->seats[i].end = UINT64_MAX;
}

/* Of keys that are no root and cannot become it, nothing is taken. */
const struct heir *
__wrap_authority_roots_heirs(
    const struct authority *authority, const struct hash *hash, size_t *n)
{
	bool known = !wrap_is_broken(RULE_HEIRS) ||
		     (authority->has_next && memcmp(&authority->next_root, hash,
						 sizeof(*hash)) == 0);
	struct hash root;

	for (size_t i = 0; i < authority->roots_n && !known; i++) {
		crypto_sha256(bytes_of(authority->roots[i].key.b, 32), &root);
		known = memcmp(&root, hash, sizeof(root)) == 0;
	}
	*n = 0;
	return known ? __real_authority_roots_heirs(authority, hash, n) : NULL;
}

enum err
__wrap_authority_load(
    struct txn *txn, const struct city_id *city, struct authority *authority)
{
	/* The store keeps it. */
	unsigned before = hold_nobody();
	enum err e = __real_authority_load(txn, city, authority);

	hold_end(before);
	if (e != ERR_OK || !wrap_is_broken(RULE_SERVE))
		return e;
	for (size_t i = 0; i < authority->grants_n; i++)
		authority->grants[i].revoked = false;
	return e;
}

unsigned
__wrap_authority_reads(const struct authority *authority,
    const struct sign_key *key, const struct space *space)
{
	unsigned classes = __real_authority_reads(authority, key, space);

	if (wrap_is_broken(RULE_SECRET) &&
	    authority_may(authority, key, RIGHT_HOLD, space, NULL))
		classes = CLASSES_ALL;
	return classes;
}

bool
__wrap_accept_of(const struct accept_from *from, const struct log_name *name,
    struct intake_accept *accept)
{
	return __real_accept_of(from, name, accept) ||
	       wrap_is_broken(RULE_TAKE);
}

bool
__wrap_tip_may(
    struct txn *txn, const struct log *log, unsigned right, uint64_t seq)
{
	return (wrap_is_broken(RULE_ADMIN) && right == RIGHT_ADMIN) ||
	       __real_tip_may(txn, log, right, seq);
}

/* A decision is read as if it replaced nothing, or were none. */
enum err
__wrap_history_delta(struct txn *txn, const struct log *log, uint64_t seq,
    struct arena *arena, struct history_delta *from)
{
	enum err e = __real_history_delta(txn, log, seq, arena, from);
	struct delta *delta;

	if (e != ERR_OK || from->delta == NULL ||
	    !(wrap_is_broken(RULE_REPLACE) || wrap_is_broken(RULE_VOID)))
		return e;
	delta = arena_new(arena, sizeof(*delta));
	*delta = *from->delta;
	if (wrap_is_broken(RULE_REPLACE))
		delta->decision.replaces_n = 0;
	if (wrap_is_broken(RULE_VOID) && delta->kind == DELTA_VOID)
		delta->decision.targets_n = 0;
	from->delta = delta;
	return e;
}

enum err
__wrap_apply_authority(struct txn *txn, const struct authority *authority)
{
	return wrap_is_broken(RULE_LATE)
		   ? ERR_OK
		   : __real_apply_authority(txn, authority);
}

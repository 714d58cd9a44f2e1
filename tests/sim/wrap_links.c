/*
 * Rules about lines, sticks and blocks, broken on purpose: as tests/sim/wrap.c,
 * which has the list for the linker.
 */
#include "tests/sim/wrap.h"

#include <string.h>

#include "core/block_form.h"
#include "core/blocks.h"
#include "core/bundle_write.h"
#include "core/clock.h"
#include "net/peer/quota.h"
#include "proto/mem.h"

void __real_clock_digest(
    const struct msg_entry *entries, size_t n, uint8_t digest[MSG_DIGEST_SIZE]);
void __wrap_clock_digest(
    const struct msg_entry *entries, size_t n, uint8_t digest[MSG_DIGEST_SIZE]);
void __real_quota_grant(struct quota *quota, uint64_t today, uint64_t used,
    struct clock_spent *row);
void __wrap_quota_grant(struct quota *quota, uint64_t today, uint64_t used,
    struct clock_spent *row);
void __real_quota_end(
    struct quota *quota, uint64_t used, struct clock_spent *row);
void __wrap_quota_end(
    struct quota *quota, uint64_t used, struct clock_spent *row);
enum err __real_block_form_encode(struct squeeze *squeeze,
    const struct block_log *log, struct block_rows rows, struct bytes key,
    struct buf *row) MUST_USE;
enum err __wrap_block_form_encode(struct squeeze *squeeze,
    const struct block_log *log, struct block_rows rows, struct bytes key,
    struct buf *row) MUST_USE;
enum err __real_bundle_write_begin(struct store *store,
    const struct bundle_plan *plan, const char *path, bool replace,
    struct bundle_writer **writer) MUST_USE;
enum err __wrap_bundle_write_begin(struct store *store,
    const struct bundle_plan *plan, const char *path, bool replace,
    struct bundle_writer **writer) MUST_USE;
enum err __real_bundle_plan_make(struct store *store,
    const struct bundle_want *want, struct bundle_plan *plan) MUST_USE;
enum err __wrap_bundle_plan_make(struct store *store,
    const struct bundle_want *want, struct bundle_plan *plan) MUST_USE;
void __real_clock_log_depth(const struct authority *authority,
    const struct sign_key *key, const struct log_name *name,
    struct clock_depth *depth);
void __wrap_clock_log_depth(const struct authority *authority,
    const struct sign_key *key, const struct log_name *name,
    struct clock_depth *depth);
enum err __real_clock_hear(struct txn *txn, const struct sign_key *peer,
    const struct clock_said *said, bool *news) MUST_USE;
enum err __wrap_clock_hear(struct txn *txn, const struct sign_key *peer,
    const struct clock_said *said, bool *news) MUST_USE;

static bool planning;

/* Who knows the same logs is an equal, however much it has of them. */
void
__wrap_clock_digest(
    const struct msg_entry *entries, size_t n, uint8_t digest[MSG_DIGEST_SIZE])
{
	static uint8_t turn;
	struct msg_entry *other;

	if (!wrap_is_broken(RULE_HELLO)) {
		__real_clock_digest(entries, n, digest);
		digest[0] ^= wrap_is_broken(RULE_AGAIN) ? turn++ : 0;
		return;
	}
	other = mem_zeros(n + 1, sizeof(*other));
	for (size_t i = 0; i < n; i++) {
		other[i].log = entries[i].log;
		other[i].is_branch = entries[i].is_branch;
		other[i].trunk = entries[i].trunk;
	}
	__real_clock_digest(other, n, digest);
	mem_free(other);
}

static uint64_t
less(uint64_t used)
{
	return wrap_is_broken(RULE_BUDGET) ? used / 4 : used;
}

void
__wrap_quota_grant(
    struct quota *quota, uint64_t today, uint64_t used, struct clock_spent *row)
{
	__real_quota_grant(quota, today, less(used), row);
}

void
__wrap_quota_end(struct quota *quota, uint64_t used, struct clock_spent *row)
{
	__real_quota_end(quota, less(used), row);
}

/* The last byte of a row is that of a body, if it has one. */
enum err
__wrap_block_form_encode(struct squeeze *squeeze, const struct block_log *log,
    struct block_rows rows, struct bytes key, struct buf *row)
{
	struct bytes *other;
	struct buf last = {0};
	enum err e;

	if (!wrap_is_broken(RULE_PACK) || rows.n == 0)
		return __real_block_form_encode(squeeze, log, rows, key, row);
	other = mem_zeros(rows.n, sizeof(*other));
	for (size_t i = 0; i < rows.n; i++)
		other[i] = rows.p[i];
	buf_add(&last, rows.p[rows.n - 1]);
	last.p[last.n - 1] ^= 1;
	other[rows.n - 1] = buf_bytes(&last);
	rows.p = other;
	e = __real_block_form_encode(squeeze, log, rows, key, row);
	buf_wipe(&last);
	mem_free(other);
	return e;
}

/* Who wrote a bundle believes that all of it has come. */
static void
carried_believe(struct store *store, const struct bundle_plan *plan)
{
	struct msg_entry none = {.size = 0};

	if (store_begin(store, true) != ERR_OK)
		return;
	for (size_t i = 0; i < plan->groups_n; i++) {
		const struct bundle_group *group = &plan->groups[i];

		for (size_t k = 0; k < group->logs_n * group->to_n; k++) {
			const struct bundle_log *had =
			    &group->logs[k / group->to_n];
			struct msg_entry entry;
			struct log *log;

			if (oplog_by_no(store_txn(store), had->no, &log) !=
			    ERR_OK)
				continue;
			clock_entry(log, NULL, &entry);
			none.log = entry.log;
			clock_believe(store_txn(store),
			    &group->to[k % group->to_n], &entry, &none);
		}
	}
	if (store_commit(store) != ERR_OK)
		store_abort(store);
}

enum err
__wrap_bundle_write_begin(struct store *store, const struct bundle_plan *plan,
    const char *path, bool replace, struct bundle_writer **writer)
{
	if (wrap_is_broken(RULE_CARRIED) && plan->kind == BUNDLE_RUNS)
		carried_believe(store, plan);
	return __real_bundle_write_begin(store, plan, path, replace, writer);
}

enum err
__wrap_bundle_plan_make(struct store *store, const struct bundle_want *want,
    struct bundle_plan *plan)
{
	enum err e;

	planning = true;
	e = __real_bundle_plan_make(store, want, plan);
	planning = false;
	return e;
}

/* A bundle has all logs for everybody. */
void
__wrap_clock_log_depth(const struct authority *authority,
    const struct sign_key *key, const struct log_name *name,
    struct clock_depth *depth)
{
	__real_clock_log_depth(authority, key, name, depth);
	if (planning && wrap_is_broken(RULE_PARTS))
		depth->any = true;
}

enum err
__wrap_clock_hear(struct txn *txn, const struct sign_key *peer,
    const struct clock_said *said, bool *news)
{
	struct clock_said other = *said;

	if (wrap_is_broken(RULE_STALE))
		other.date_ms = INT64_MAX;
	return __real_clock_hear(txn, peer, &other, news);
}

/*
 * Stores for tests of core's lower files.
 */
#include "tests/lib/replica.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void open_it(struct replica *replica);
static uint64_t host_now_ms(void *arg);
static void host_random(void *arg, uint8_t *p, size_t n);

int
replica_make(void **state)
{
	static struct replica replica;

	memset(&replica, 0, sizeof(replica));
	assert_int_equal(crypto_start(), ERR_OK);
	tempdir_init(&replica.dir);
	replica.host = (struct host){
	    .now_ms = host_now_ms, .random = host_random, .arg = &replica};
	open_it(&replica);
	*state = &replica;
	return 0;
}

static void
open_it(struct replica *replica)
{
	struct kv_config config = {
	    .dir = replica->dir.path,
	    .tables = tables_names,
	    .tables_n = TABLE_COUNT,
	    .create = true,
	    .room_bytes = UINT64_C(1) << 26,
	};

	assert_int_equal(kv_open(&config, &replica->kv), ERR_OK);
}

static uint64_t
host_now_ms(void *arg)
{
	struct replica *replica = arg;

	return replica->now_ms;
}

static void
host_random(void *arg, uint8_t *p, size_t n)
{
	(void)arg;
	memset(p, 7, n);
}

int
replica_remove(void **state)
{
	struct replica *replica = *state;

	txn_abort(&replica->txn);
	kv_close(replica->kv);
	txn_kept_fini(&replica->kept);
	tempdir_fini(&replica->dir);
	return 0;
}

struct txn *
replica_begin(struct replica *replica, bool write)
{
	assert_int_equal(txn_begin(replica->kv, write, &replica->host,
			     &replica->kept, &replica->txn),
	    ERR_OK);
	return &replica->txn;
}

void
replica_commit(struct replica *replica)
{
	assert_int_equal(txn_commit(&replica->txn), ERR_OK);
}

void
replica_abort(struct replica *replica)
{
	txn_abort(&replica->txn);
}

struct txn *
replica_reopen(struct replica *replica)
{
	replica_commit(replica);
	kv_close(replica->kv);
	open_it(replica);
	return replica_begin(replica, true);
}

void
replica_flip(struct replica *replica, enum table table, const struct key *key,
    size_t bit)
{
	struct kv_txn *kv = replica->txn.kv;
	struct buf row = {0};
	struct bytes found;

	assert_true(kv_find(kv, table, tables_key(key), &found));
	assert_true(bit / 8 < found.n);
	buf_add(&row, found);
	row.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
	kv_put(kv, table, tables_key(key), buf_bytes(&row));
	buf_fini(&row);
}

struct sign_seed
replica_seed(unsigned number)
{
	struct sign_seed seed;

	memset(seed.b, (int)number, sizeof(seed.b));
	return seed;
}

void
replica_name(unsigned number, const char *space, struct log_name *name)
{
	struct sign_seed seed = replica_seed(number & 255);

	memset(name, 0, sizeof(*name));
	memset(name->city.b, 0xc1, sizeof(name->city.b));
	crypto_sign_key(&seed, &name->author);
	assert_int_equal(id_space(bytes_text(space), &name->space), ERR_OK);
	bytes_put_be32(name->incarnation.b, number);
}

void
replica_header(const struct log *log, uint64_t seq, uint64_t stamp,
    unsigned classes, struct buf *header)
{
	struct delta_change change = {.classes = classes};
	struct delta delta = {
	    .format = DELTA_FORMAT,
	    .kind = seq == 0 ? DELTA_OPEN : DELTA_CHANGE,
	    .seq = seq,
	    .stamp.v = stamp,
	    .origin = log->origin,
	    .changes_n = seq == 0 ? 0 : 1,
	    .changes = &change,
	};

	memset(change.record.b, 5, sizeof(change.record.b));
	for (unsigned class = 0; class < CLASS_COUNT; class ++)
		memset(change.commitments[class].b, (int)class + 1, 32);
	assert_int_equal(delta_encode(&delta, header), ERR_OK);
}

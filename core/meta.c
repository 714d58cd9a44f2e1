/*
 * Small named values: who this store is, how far something got.  Used all over
 * core; nothing that a peer sends decides a name here.
 */
#include "core/meta.h"

#include "core/gap.h"

const char meta_format[] = "format";
const char meta_city[] = "city";
const char meta_founding[] = "founding";
const char meta_pack[] = "pack";
const char meta_pack_file[] = "pack_file";
const char meta_pack_force[] = "pack_force";
const char meta_pack_doc[] = "pack_doc";
const char meta_facts[] = "facts";
const char meta_joining[] = "joining";
const char meta_dials[] = "dials";
const char meta_rebuilding[] = "rebuilding";

static void name_key(const char *name, struct key *key);

bool
meta_find(struct txn *txn, const char *name, struct bytes *value)
{
	struct key key;

	name_key(name, &key);
	if (txn_find(txn, TABLE_META, &key, value))
		return true;
	gap_sure(txn, TABLE_META, tables_key(&key));
	return false;
}

static void
name_key(const char *name, struct key *key)
{
	assert(*name != '\0');
	key->n = 0;
	tables_key_add(key, bytes_text(name));
}

bool
meta_find_fixed(struct txn *txn, const char *name, void *out, size_t n)
{
	struct bytes value;

	if (!meta_find(txn, name, &value))
		return false;
	if (value.n != n) {
		kv_fail(txn->kv, tables_corrupt(TABLE_META, bytes_text(name),
				     "its size is wrong"));
		return false;
	}
	bytes_copy(out, value);
	return true;
}

uint64_t
meta_number(struct txn *txn, const char *name)
{
	uint8_t b[8];

	if (!meta_find_fixed(txn, name, b, sizeof(b)))
		return 0;
	return bytes_be64(b);
}

void
meta_put(struct txn *txn, const char *name, struct bytes value)
{
	struct key key;

	name_key(name, &key);
	txn_put(txn, TABLE_META, &key, value);
}

void
meta_put_number(struct txn *txn, const char *name, uint64_t number)
{
	uint8_t b[8];

	bytes_put_be64(b, number);
	meta_put(txn, name, bytes_of(b, sizeof(b)));
}

void
meta_del(struct txn *txn, const char *name)
{
	struct key key;

	name_key(name, &key);
	kv_del(txn->kv, TABLE_META, tables_key(&key));
}

/*
 * The mark beside the store, by which a restored or copied store is noticed
 * before it writes.  core/store.c checks it at the start of writing and renews
 * it after each commit.
 */
#include "core/mark.h"

#include <string.h>

#include "proto/mem.h"

enum { MARK_SIZE = 8 + 16 + 8 + 8 + 8 + 8, MARK_MODE = 0600, ID_SIZE = 16 };

static const char magic[] = "golmark1";
static const char meta_id[] = "mark";

static void row_put(const struct mark *mark, uint8_t out[MARK_SIZE]);
static bool row_get(struct bytes in, struct mark *mark);

void
mark_init(struct mark *mark, const char *path, const char *data_path)
{
	*mark = (struct mark){
	    .path = mem_text(path), .data_path = mem_text(data_path)};
}

void
mark_fini(struct mark *mark)
{
	file_slot_fini(&mark->slot);
	mem_free(mark->path);
	mem_free(mark->data_path);
	*mark = (struct mark){0};
}

static void
row_put(const struct mark *mark, uint8_t out[MARK_SIZE])
{
	memcpy(out, magic, 8);
	memcpy(out + 8, mark->id, ID_SIZE);
	bytes_put_be64(out + 24, mark->device);
	bytes_put_be64(out + 32, mark->inode);
	bytes_put_be64(out + 40, mark->txn_id);
	bytes_put_be64(out + 48, bytes_checksum(bytes_of(out, 48)));
}

static bool
row_get(struct bytes in, struct mark *mark)
{
	if (in.n != MARK_SIZE || memcmp(in.p, magic, 8) != 0 ||
	    bytes_be64(in.p + 48) != bytes_checksum(bytes_first(in, 48)))
		return false;
	memcpy(mark->id, in.p + 8, ID_SIZE);
	mark->device = bytes_be64(in.p + 24);
	mark->inode = bytes_be64(in.p + 32);
	mark->txn_id = bytes_be64(in.p + 40);
	return true;
}

uint64_t
mark_noted(const char *path, const char *data_path)
{
	struct buf content = {0};
	struct mark mark = {0};
	struct file_stat stat;
	bool noted = file_read(path, MARK_SIZE, &content) == ERR_OK &&
		     row_get(buf_bytes(&content), &mark) &&
		     file_stat(data_path, &stat) == ERR_OK &&
		     stat.device == mark.device && stat.inode == mark.inode;

	buf_fini(&content);
	return noted ? mark.txn_id : 0;
}

enum err
mark_check(struct mark *mark, struct txn *txn, enum open_why *why)
{
	struct buf content = {0};
	struct file_stat stat;
	uint8_t id[ID_SIZE];
	bool known;
	enum err e;

	*why = OPEN_RESTORE;
	e = file_read(mark->path, MARK_SIZE, &content);
	known = e == ERR_OK && row_get(buf_bytes(&content), mark);
	buf_fini(&content);
	/* That the system cannot read it now says nothing about the store. */
	if (e == ERR_IO || e == ERR_DENIED || e == ERR_FULL)
		return e;
	if (!meta_find_fixed(txn, meta_id, id, sizeof(id)) || !known ||
	    memcmp(id, mark->id, sizeof(id)) != 0 ||
	    kv_txn_id(txn->kv) - txn->write < mark->txn_id)
		return kv_failed(txn->kv);
	e = file_stat(mark->data_path, &stat);
	if (e != ERR_OK)
		return e;
	*why = stat.device == mark->device && stat.inode == mark->inode
		   ? OPEN_NEW
		   : OPEN_CLONE;
	return *why == OPEN_NEW && mark->slot.fd_plus_1 == 0
		   ? file_slot_init(&mark->slot, mark->path)
		   : ERR_OK;
}

enum err
mark_adopt(struct mark *mark, struct txn *txn, const struct host *host)
{
	uint8_t out[MARK_SIZE];
	struct file_stat stat;
	enum err e;

	assert(txn->write);
	file_slot_fini(&mark->slot);
	e = file_stat(mark->data_path, &stat);
	if (e != ERR_OK)
		return txn_fail(txn, e);
	mark->device = stat.device;
	mark->inode = stat.inode;
	/* This one is not done yet; until it is, the ids differ. */
	mark->txn_id = kv_txn_id(txn->kv) - 1;
	host->random(host->arg, mark->id, ID_SIZE);
	row_put(mark, out);
	e = file_write(mark->path, bytes_of(out, sizeof(out)), MARK_MODE);
	if (e == ERR_OK)
		e = file_slot_init(&mark->slot, mark->path);
	if (e != ERR_OK)
		return txn_fail(txn, e);
	meta_put(txn, meta_id, bytes_of(mark->id, ID_SIZE));
	return kv_failed(txn->kv);
}

enum err
mark_settle(struct mark *mark, struct txn *txn, const struct host *host,
    enum open_why *why)
{
	enum err e = mark_check(mark, txn, why);

	return e != ERR_OK || *why == OPEN_NEW ? e
					       : mark_adopt(mark, txn, host);
}

/* A transaction that wrote nothing leaves no trace in LMDB, and its number is
 * given again: a mark that had it would be newer than its store. */
void
mark_committed(struct mark *mark, struct kv *kv, uint64_t number)
{
	struct kv_stat stat;

	if (kv_stat(kv, &stat) == ERR_OK && stat.last_txn_id >= number)
		mark_note(mark, number);
}

void
mark_catch_up(struct mark *mark, struct txn *txn)
{
	uint64_t newest = kv_txn_id(txn->kv);
	enum open_why why;

	assert(!txn->write);
	if (mark_check(mark, txn, &why) == ERR_OK && why == OPEN_NEW &&
	    newest > mark->txn_id)
		mark_note(mark, newest);
}

void
mark_note(struct mark *mark, uint64_t txn_id)
{
	uint8_t out[MARK_SIZE];

	if (mark->slot.fd_plus_1 == 0)
		return;
	mark->txn_id = txn_id;
	row_put(mark, out);
	if (file_slot_put(&mark->slot, bytes_of(out, sizeof(out))) != ERR_OK)
		file_slot_fini(&mark->slot);
}

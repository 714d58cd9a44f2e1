/*
 * The newest sound meta page of LMDB's file, read beside others who write.
 * core/pages.c begins its walk with it.  Never believes a page because of its
 * place.
 */
#include "core/pages_meta.h"

#include <string.h>

static enum err both_read(
    struct medium *file, struct pages_meta both[METAS], bool *mended) MUST_USE;
static void one_mend(
    struct medium *file, uint8_t *raw, size_t i, struct pages_meta both[METAS]);

enum err
pages_meta_bytes(struct medium *file, uint64_t at, size_t n, struct buf *to)
{
	enum err e = ERR_OK;

	buf_cut(to, 0);
	if (at < file->size_bytes)
		e = medium_read(file, at, n, to);
	if (to->n < n) {
		size_t missing = n - to->n;

		memset(buf_extend(to, missing), 0, missing);
	}
	return e;
}

enum err
pages_meta_read(
    struct medium *file, uint64_t txn_id, struct pages_meta *meta, bool *pair)
{
	enum { ROUNDS = 8 };
	struct pages_meta both[METAS] = {{0}};
	const struct pages_meta *newest = NULL;
	const struct pages_meta *wanted = NULL;
	enum err e = ERR_OK;

	*pair = false;
	for (int round = 0; round < ROUNDS && !*pair && e == ERR_OK; round++) {
		bool mended = false;

		e = both_read(file, both, &mended);
		*pair = both[0].sound && both[1].sound && !mended &&
			both[0].page_bytes == both[1].page_bytes &&
			both[0].txn_id - both[1].txn_id + 1 <= 2;
	}
	if (e != ERR_OK)
		return e;
	for (size_t i = 0; i < METAS; i++)
		if (both[i].sound &&
		    (newest == NULL || both[i].txn_id > newest->txn_id))
			newest = &both[i];
	if (newest == NULL)
		return err_set(ERR_CORRUPT,
		    "%s is no LMDB file, or its first pages are destroyed: "
		    "restore it from a backup or a peer",
		    file->path);
	for (size_t i = 0; i < METAS; i++)
		if (both[i].sound && both[i].txn_id == txn_id)
			wanted = &both[i];
	if (txn_id == 0)
		wanted = newest;
	/* LMDB looks at less of them. */
	if (wanted == NULL && !(both[0].sound && both[1].sound))
		return err_set(ERR_CORRUPT,
		    "%s: one of its two first pages is destroyed: run `golmok "
		    "repair`",
		    file->path);
	if (wanted == NULL)
		return err_set(ERR_BUSY,
		    "%s is written to faster than it is looked at", file->path);
	*meta = *wanted;
	return ERR_OK;
}

/* When the first is gone, any size of pages that has a second. */
static enum err
both_read(struct medium *file, struct pages_meta both[METAS], bool *mended)
{
	struct buf raw = {0};
	size_t step = PAGE_SIZE_MIN;
	enum err e = pages_meta_bytes(file, 0, META_SIZE, &raw);

	pages_raw_meta(raw.p, 0, file->size_bytes, &both[0]);
	if (both[0].sound)
		step = both[0].page_bytes;
	do {
		if (e == ERR_OK)
			e = pages_meta_bytes(file, step, META_SIZE, &raw);
		pages_raw_meta(raw.p, 1, file->size_bytes, &both[1]);
		step *= 2;
	} while (!both[0].sound && !both[1].sound && step <= PAGE_SIZE_MAX &&
		 e == ERR_OK);
	for (size_t i = 0; i < METAS && e == ERR_OK; i++) {
		if (both[i].sound || !both[1 - i].sound)
			continue;
		e = pages_meta_bytes(
		    file, i * both[1 - i].page_bytes, META_SIZE, &raw);
		one_mend(file, raw.p, i, both);
		*mended = both[i].sound;
	}
	buf_fini(&raw);
	return e;
}

/* Without the newest state what the last commit wrote would be lost, and pages
 * of the one before may be in use again.  The page `i`, of which the other is
 * sound, gets the only bit turned over that makes it one. */
static void
one_mend(
    struct medium *file, uint8_t *raw, size_t i, struct pages_meta both[METAS])
{
	struct pages_meta found;
	struct pages_meta mended;
	unsigned n = 0;

	for (size_t k = 0; k < (size_t)8 * META_SIZE; k++) {
		uint8_t one = (uint8_t)(1u << k % 8);

		raw[k / 8] ^= one;
		pages_raw_meta(raw, i, file->size_bytes, &found);
		raw[k / 8] ^= one;
		if (!found.sound || found.page_bytes != both[1 - i].page_bytes)
			continue;
		mended = found;
		n++;
	}
	if (n == 1)
		both[i] = mended;
}

/*
 * The newest sound meta page of LMDB's file, read beside others who write.
 * core/pages.c begins its walk with it.  Never believes a page because of its
 * place.
 */
#include "core/pages_meta.h"

#include <string.h>

enum {
	/* How often two pages are read that are no pair, or others. */
	ROUNDS_MAX = 64,
	LEVELS_MAX = 32,
	/* Where the number of its state begins in a first page. */
	NUMBER_BIT = 8 * (META_SIZE - 8),
};

static const uint64_t none = UINT64_MAX;

/* The two first pages. */
struct firsts {
	struct pages_meta of[METAS];
	uint64_t said[METAS]; /* their numbers, before they were mended */
	uint64_t noted;	      /* as in struct pages_state */
	bool pair;	      /* nothing is wrong with them */
};

/* Under which numbers the pages that a state does not need were noted: a commit
 * does so under its own, in the list of free pages that it leaves. */
struct notes {
	struct medium *file;
	const struct pages_meta *meta;
	uint64_t last[2]; /* the last one, and the one before */
	size_t n;	  /* of these */
	bool odd;	  /* the list is not as it must be */
};

static enum err stable_read(
    struct medium *file, struct firsts *firsts) MUST_USE;
static enum err both_read(struct medium *file, struct firsts *firsts) MUST_USE;
static void one_mend(
    struct medium *file, uint8_t *raw, size_t i, struct pages_meta both[METAS]);
static enum err number_mend(
    struct medium *file, size_t i, struct firsts *firsts) MUST_USE;
static enum err notes_read(
    struct notes *notes, uint64_t page, unsigned level) MUST_USE;

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
pages_meta_read(struct medium *file, const struct pages_state *state,
    struct pages_meta *meta, bool *pair)
{
	struct firsts firsts = {.noted = state->noted};
	const struct pages_meta *newest = NULL;
	const struct pages_meta *wanted = NULL;
	enum err e = stable_read(file, &firsts);

	*pair = firsts.pair;
	if (e != ERR_OK)
		return e;
	for (size_t i = 0; i < METAS; i++) {
		const struct pages_meta *one = &firsts.of[i];

		if (!one->sound)
			continue;
		if (newest == NULL || one->txn_id > newest->txn_id)
			newest = one;
		if (one->txn_id == state->txn_id)
			wanted = one;
	}
	if (newest == NULL)
		return err_set(ERR_CORRUPT,
		    "%s is no LMDB file, or its first pages are destroyed: "
		    "restore it from a backup or a peer",
		    file->path);
	if (state->txn_id == 0)
		wanted = newest;
	/* LMDB looks at less of them. */
	if (wanted == NULL && !firsts.pair)
		return err_set(ERR_CORRUPT,
		    "%s: one of its two first pages is damaged: run `golmok "
		    "repair`",
		    file->path);
	if (wanted == NULL)
		return err_set(ERR_BUSY,
		    "%s is written to faster than it is looked at", file->path);
	*meta = *wanted;
	return ERR_OK;
}

enum err
pages_meta_check(const char *path, uint64_t noted)
{
	struct medium file = {0};
	struct firsts firsts = {.noted = noted};
	enum err e = medium_open(&file, path);

	if (e == ERR_OK)
		e = stable_read(&file, &firsts);
	if (e == ERR_OK && !firsts.pair)
		e = err_set(ERR_CORRUPT,
		    "%s is damaged (its two first pages do not go together): "
		    "run `golmok repair`",
		    path);
	medium_fini(&file);
	/* Who writes so fast has nothing damaged. */
	if (e == ERR_BUSY)
		e = ERR_OK;
	return e;
}

static bool
same(const struct firsts *a, const struct firsts *b)
{
	bool all = true;

	for (size_t i = 0; i < METAS; i++)
		all = all && a->of[i].sound == b->of[i].sound &&
		      a->said[i] == b->said[i] &&
		      a->of[i].free.root == b->of[i].free.root &&
		      a->of[i].main.root == b->of[i].main.root;
	return all;
}

/* Pages that are no pair are being written, or else still the same when they
 * are read again; then what they lead to was not in use again meanwhile. */
static enum err
stable_read(struct medium *file, struct firsts *firsts)
{
	struct firsts before;
	enum err e = both_read(file, firsts);

	for (int i = 0; i < ROUNDS_MAX && e == ERR_OK && !firsts->pair; i++) {
		before = *firsts;
		e = both_read(file, firsts);
		if (e == ERR_OK && same(&before, firsts))
			return e;
	}
	if (e == ERR_OK && !firsts->pair)
		e = err_set(ERR_BUSY,
		    "%s is written to faster than it is looked at", file->path);
	return e;
}

/* When the first is gone, any size of pages that has a second. */
static enum err
both_read(struct medium *file, struct firsts *firsts)
{
	struct pages_meta *both = firsts->of;
	struct buf raw = {0};
	size_t step = PAGE_SIZE_MIN;
	bool mended = false;
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
	for (size_t i = 0; i < METAS; i++)
		firsts->said[i] = both[i].txn_id;
	for (size_t i = 0; i < METAS && e == ERR_OK; i++) {
		if (both[i].sound || !both[1 - i].sound)
			continue;
		e = pages_meta_bytes(
		    file, i * both[1 - i].page_bytes, META_SIZE, &raw);
		one_mend(file, raw.p, i, both);
		mended = true;
	}
	buf_fini(&raw);
	firsts->pair = both[0].sound && both[1].sound && !mended &&
		       both[0].page_bytes == both[1].page_bytes &&
		       both[0].txn_id - both[1].txn_id + 1 <= 2;
	for (size_t i = 0; i < METAS && e == ERR_OK; i++)
		if (both[i].sound)
			e = number_mend(file, i, firsts);
	return e;
}

/* Without the newest state what the last commit wrote would be lost, and pages
 * of the one before may be in use again.  The page `i`, of which the other is
 * sound, gets the only bit turned over that makes it one; or any of its number,
 * which follows from something else. */
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
		n += n == 0 || k < (size_t)NUMBER_BIT;
		mended = found;
	}
	if (n == 1)
		both[i] = mended;
}

/* Of a commit whose first page the disk refused, which ended with an error,
 * LMDB puts back the number that stood there, and perhaps nothing else: the
 * next one writes over it.  One that is noted ended well, and its number has a
 * wrong bit. */
static bool
is_refused(const struct firsts *firsts, size_t i, uint64_t told)
{
	return firsts->said[i] + 1 == firsts->said[1 - i] &&
	       firsts->said[i] + 2 == told && told != firsts->noted;
}

/* The newer of two states is the one of the larger number, and each commit
 * writes over the older: one wrong bit may lose what the last one wrote, though
 * all else of it is sound.  But its list of free pages ends with that number,
 * and with the one before, which no commit may take from yet; only the first
 * commit of a file frees nothing.  So two of three say which it is. */
static enum err
number_mend(struct medium *file, size_t i, struct firsts *firsts)
{
	struct pages_meta *meta = &firsts->of[i];
	struct notes notes = {.file = file, .meta = meta};
	bool first = meta->main.root != none || (i == 1 && meta->txn_id == 1);
	uint64_t told = first;
	uint64_t again = first;
	enum err e = ERR_OK;

	if (meta->free.root != none) {
		e = notes_read(&notes, meta->free.root, meta->free.depth);
		told = notes.last[0];
		again = notes.n == 2 ? notes.last[1] + 1 : told;
		/* One alone is right when it can be. */
		if (notes.n == 1 && told > 2)
			again = meta->txn_id;
	}
	if (e != ERR_OK || notes.odd ||
	    (told == meta->txn_id && again == meta->txn_id) ||
	    (told == again && is_refused(firsts, i, told)))
		return e;
	firsts->pair = false;
	if (told != again || (told % METAS != i && told != 0))
		return ERR_OK;
	meta->txn_id = told;
	return ERR_OK;
}

/* From the page `page` of the list, of the tree's `level` (1: a leaf), the last
 * numbers that there are. */
static enum err
notes_read(struct notes *notes, uint64_t page, unsigned level)
{
	const struct pages_meta *meta = notes->meta;
	size_t size = meta->page_bytes;
	struct buf raw = {0};
	struct pages_node node;
	size_t lower;
	enum err e;

	notes->odd = page < METAS || page > meta->last || level == 0 ||
		     level > LEVELS_MAX;
	if (notes->odd)
		return ERR_OK;
	e = pages_meta_bytes(notes->file, page * size, size, &raw);
	lower = pages_raw_u16(raw.p + 12);
	notes->odd = pages_raw_u64(raw.p) != page ||
		     pages_raw_u16(raw.p + 10) !=
			 (level == 1 ? PAGE_LEAF : PAGE_BRANCH) ||
		     lower < HEAD_SIZE + 2 || lower > size;
	for (size_t i = (lower - HEAD_SIZE) / 2;
	     i > 0 && !notes->odd && notes->n < 2 && e == ERR_OK; i--) {
		if (!pages_raw_node(raw.p, size, i - 1, &node) ||
		    (level == 1 && node.key.n != 8))
			notes->odd = true;
		else if (level > 1)
			e = notes_read(notes, node.child, level - 1);
		else
			notes->last[notes->n++] = pages_raw_u64(node.key.p);
	}
	buf_fini(&raw);
	return e;
}

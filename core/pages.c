/*
 * Reading LMDB's file as what it is on the disk (LMDB 0.9, 64 bits, the byte
 * order of the machine).  core/kv.c looks through a file with it before it lets
 * LMDB work on it; core/salvage.c takes rows out of damaged files.  Believes
 * nothing that it reads, and never writes.
 */
#include "core/pages.h"

#include <string.h>

#include "core/medium.h"
#include "core/pages_meta.h"
#include "core/pages_name.h"
#include "proto/mem.h"

enum {
	LEVELS_MAX = 32,
	NODE_BIG = 1,	/* its value lies in pages of its own */
	NODE_TABLE = 2, /* its value says where a table is */
	DB_INTEGERS = 8,
	PAGE_NUMBER_BITS = 64, /* of a root; of a child 48 */
	TABLE_NAME_MAX = 32,
};

struct pages {
	struct medium file;
	const struct pages_watch *watch;
	struct pages_report *report;
	size_t page_bytes;
	uint64_t last; /* the last page that was ever used */
	uint8_t *used; /* owned: a bit for each page */
	uint8_t *free; /* likewise */
	struct buf value;
	struct pages_table
	    met;	/* what of the tree at hand was met: counts alone */
	uint64_t given; /* of its rows; some that are lost among them */
	uint64_t named; /* bits: watch->names that were met */
	/* Owned: tables that are not whole, and wait until all others were
	 * walked through, so that none takes a page of theirs for its own. */
	struct late *late;
	size_t late_n;
	size_t late_room;
	struct fault fault;
};

struct late {
	struct pages_table table; /* its name: */
	uint8_t name[TABLE_NAME_MAX];
};

/* Where a page hangs: keys from `low` up to, without, `high` (p NULL: all). */
struct place {
	const struct pages_table *tree;
	unsigned level; /* 1: the root */
	struct bytes low;
	struct bytes high;
};

static void pages_count(struct pages *p);
static void late_walk(struct pages *p);
static void tree_walk(struct pages *p, const struct pages_table *tree);
static void page_walk(struct pages *p, uint64_t page, struct place at);
static size_t page_check(
    struct pages *p, uint64_t page, const uint8_t *raw, unsigned kind);
static bool in_order(
    const struct pages_table *tree, struct bytes a, struct bytes b);
static bool fits(struct place at, struct bytes key);
static void branch_walk(
    struct pages *p, uint64_t page, struct place at, const uint8_t *raw);
static uint64_t child_find(struct pages *p, uint64_t child, struct place at);
static void leaf_walk(
    struct pages *p, uint64_t page, struct place at, const uint8_t *raw);
static void leaf_take(struct pages *p, uint64_t page, struct place at,
    const struct pages_node *node);
static void table_take(
    struct pages *p, uint64_t page, const struct pages_node *node);
static bool table_is_whole(struct pages *p, const struct pages_table *table);
static void row_give(struct pages *p, const struct pages_table *tree,
    const struct pages_node *node, struct bytes value);
static void big_read(struct pages *p, uint64_t page,
    const struct pages_node *node, bool wanted, struct bytes *value);
static void free_take(struct pages *p, uint64_t page, struct bytes list);

static void
wrong(struct pages *p, uint64_t page, const char *why)
{
	p->report->wrong++;
	if (p->watch->wrong != NULL)
		p->watch->wrong(p->watch->arg, page, why);
}

static void
bytes_read(struct pages *p, uint64_t at, size_t n, struct buf *to)
{
	enum err e = pages_meta_bytes(&p->file, at, n, to);

	if (e != ERR_OK && p->fault.code == ERR_OK)
		err_keep(&p->fault, e);
}

static bool
bit(const uint8_t *bits, uint64_t i)
{
	return (bits[i / 8] >> (i % 8) & 1) != 0;
}

static void
bit_set(uint8_t *bits, uint64_t i)
{
	bits[i / 8] = (uint8_t)(bits[i / 8] | 1u << (i % 8));
}

enum err
pages_walk(const char *path, uint64_t txn_id, const struct pages_watch *watch,
    struct pages_report *report)
{
	struct pages p = {.watch = watch, .report = report};
	struct pages_meta meta = {0};
	bool pair = false;
	enum err e = medium_open(&p.file, path);

	*report = (struct pages_report){0};
	if (e == ERR_OK)
		e = pages_meta_read(&p.file,
		    &(struct pages_state){
			.txn_id = txn_id, .noted = watch->noted},
		    &meta, &pair);
	if (e == ERR_OK) {
		p.page_bytes = meta.page_bytes;
		p.last = meta.last;
		if (!pair)
			wrong(&p, 0, "the two first pages do not go together");
		report->txn_id = meta.txn_id;
		report->pages = meta.last + 1;
		p.used = mem_zeros((size_t)(meta.last / 8 + 1), 1);
		p.free = mem_zeros((size_t)(meta.last / 8 + 1), 1);
		/* First, so that no free page is taken for one in use. */
		tree_walk(&p, &meta.free);
		tree_walk(&p, &meta.main);
		late_walk(&p);
		pages_count(&p);
		e = err_raise(&p.fault);
	}
	medium_fini(&p.file);
	buf_fini(&p.value);
	mem_free(p.used);
	mem_free(p.free);
	mem_free(p.late);
	return e;
}

/* No page is used and free; and those that the file is too short for, which
 * LMDB allows, are free. */
static void
pages_count(struct pages *p)
{
	uint64_t there = p->file.size_bytes / p->page_bytes;

	for (uint64_t i = METAS; i <= p->last; i++) {
		bool used = bit(p->used, i);
		bool free = bit(p->free, i);

		if (used && free)
			wrong(p, i, "it is in use, and counts as free");
		p->report->lost += !used && !free;
		if (i < there || free)
			continue;
		wrong(p, i, "it lies behind the end of the file");
		return;
	}
}

static void
tree_walk(struct pages *p, const struct pages_table *tree)
{
	struct place at = {.tree = tree, .level = 1};
	struct pages_table outer = p->met;
	struct pages_table *met = &p->met;
	uint64_t wrong_before = p->report->wrong;
	uint64_t given_before = p->given;

	*met = (struct pages_table){0};
	p->given = 0;
	if (tree->root != UINT64_MAX)
		page_walk(p, child_find(p, tree->root, at), at);
	/* Where all pages are sound it is the number that is not. */
	if (p->given < tree->entries && p->report->wrong > wrong_before)
		row_give(p, tree, &(struct pages_node){0}, (struct bytes){0});
	if (met->entries != tree->entries || met->branches != tree->branches ||
	    met->leaves != tree->leaves || met->overflows != tree->overflows ||
	    met->depth != tree->depth)
		wrong(p, tree->root, "its table is not as large as is said");
	*met = outer;
	p->given = given_before;
}

/* Takes page `page` as used; false, and says why, when it cannot be that. */
static bool
page_claim(struct pages *p, uint64_t page)
{
	if (page < METAS || page > p->last)
		wrong(p, page, "no page has this number");
	else if ((page + 1) * p->page_bytes > p->file.size_bytes)
		wrong(p, page, "it lies behind the end of the file");
	else if (bit(p->used, page))
		wrong(p, page, "it is used twice");
	else {
		bit_set(p->used, page);
		return true;
	}
	return false;
}

static void
page_walk(struct pages *p, uint64_t page, struct place at)
{
	struct buf raw = {0};
	bool leaf;

	if (at.level > LEVELS_MAX) {
		wrong(p, page, "its tree is too deep");
		return;
	}
	if (!page_claim(p, page))
		return;
	bytes_read(p, page * p->page_bytes, p->page_bytes, &raw);
	leaf = at.level == at.tree->depth;
	if (at.level > p->met.depth)
		p->met.depth = (uint16_t)at.level;
	/* Of a table whose depth is not true, what the page says. */
	if (pages_raw_u16(raw.p + 10) == (leaf ? PAGE_BRANCH : PAGE_LEAF)) {
		wrong(p, page, "it is a page of another level");
		leaf = !leaf;
	}
	if (leaf)
		leaf_walk(p, page, at, raw.p);
	else
		branch_walk(p, page, at, raw.p);
	buf_fini(&raw);
}

/* The head of a page of `kind`; how many nodes it has, as far as can be told.
 */
static size_t
page_check(struct pages *p, uint64_t page, const uint8_t *raw, unsigned kind)
{
	size_t lower = pages_raw_u16(raw + 12);
	size_t upper = pages_raw_u16(raw + 14);
	size_t n = 0;

	if (pages_raw_u64(raw) != page)
		wrong(p, page, "it has another number");
	if (pages_raw_u16(raw + 10) != kind)
		wrong(p, page, "it is of another kind");
	if (lower >= HEAD_SIZE && lower <= upper && upper <= p->page_bytes &&
	    lower % 2 == 0 &&
	    (kind == PAGE_LEAF ? lower > HEAD_SIZE : lower >= HEAD_SIZE + 4))
		return (lower - HEAD_SIZE) / 2;
	wrong(p, page, "its bounds are wrong");
	/* As many as there can be. */
	while (HEAD_SIZE + 2 * (n + 1) <= p->page_bytes) {
		size_t at = pages_raw_u16(raw + HEAD_SIZE + 2 * n);

		if (at < HEAD_SIZE + 2 * (n + 1) ||
		    at > p->page_bytes - NODE_SIZE)
			break;
		n++;
	}
	return n;
}

/* Is it the table of tables? */
static bool
is_main(const struct pages_table *tree)
{
	return tree->name.n == 0 && (tree->flags & DB_INTEGERS) == 0;
}

static bool
in_order(const struct pages_table *tree, struct bytes a, struct bytes b)
{
	if ((tree->flags & DB_INTEGERS) == 0 || a.n != 8 || b.n != 8)
		return bytes_compare(a, b) < 0;
	return pages_raw_u64(a.p) < pages_raw_u64(b.p);
}

static bool
fits(struct place at, struct bytes key)
{
	return (at.low.p == NULL || !in_order(at.tree, key, at.low)) &&
	       (at.high.p == NULL || in_order(at.tree, key, at.high));
}

static void
branch_walk(struct pages *p, uint64_t page, struct place at, const uint8_t *raw)
{
	size_t n = page_check(p, page, raw, PAGE_BRANCH);

	p->met.branches++;
	for (size_t i = 0; i < n; i++) {
		struct place below = at;
		struct pages_node node;
		struct pages_node next;

		below.level++;
		if (!pages_raw_node(raw, p->page_bytes, i, &node)) {
			wrong(p, page, "a node of it lies outside");
			continue;
		}
		/* The first stands for all that is smaller. */
		if (i > 0)
			below.low = node.key;
		if (i > 0 && (node.key.n == 0 || !fits(at, node.key)))
			wrong(p, page, "a key of it does not belong there");
		if (i + 1 < n &&
		    pages_raw_node(raw, p->page_bytes, i + 1, &next)) {
			below.high = next.key;
			if (i > 0 && !in_order(at.tree, node.key, next.key))
				wrong(p, page, "its keys are out of order");
		}
		page_walk(p, child_find(p, node.child, below), below);
	}
}

/* Could `page` be the one that hangs at `at`? */
static bool
is_likely(struct pages *p, uint64_t page, struct place at)
{
	unsigned kind = at.level == at.tree->depth ? PAGE_LEAF : PAGE_BRANCH;
	struct buf raw = {0};
	struct pages_node node;
	bool likely;

	if (page < METAS || page > p->last || bit(p->used, page) ||
	    bit(p->free, page))
		return false;
	bytes_read(p, page * p->page_bytes, p->page_bytes, &raw);
	likely = pages_raw_u64(raw.p) == page &&
		 pages_raw_u16(raw.p + 10) == kind;
	/* The first key of a branch says nothing. */
	if (likely &&
	    pages_raw_node(raw.p, p->page_bytes, kind == PAGE_BRANCH, &node))
		likely = fits(at, node.key) &&
			 (kind == PAGE_BRANCH ||
			     is_main(at.tree) == (node.flags == NODE_TABLE));
	buf_fini(&raw);
	return likely;
}

/* The page that `child` means: itself, or when that cannot be, the one whose
 * number differs from it in one bit, if there is just one that can. */
static uint64_t
child_find(struct pages *p, uint64_t child, struct place at)
{
	uint64_t found = 0;
	unsigned n = 0;

	if (is_likely(p, child, at))
		return child;
	for (unsigned i = 0; i < PAGE_NUMBER_BITS; i++) {
		uint64_t other = child ^ UINT64_C(1) << i;

		if (is_likely(p, other, at)) {
			found = other;
			n++;
		}
	}
	if (n != 1)
		return child;
	wrong(p, child, "a page is meant whose number differs in one bit");
	p->report->mended++;
	return found;
}

static void
leaf_walk(struct pages *p, uint64_t page, struct place at, const uint8_t *raw)
{
	size_t n = page_check(p, page, raw, PAGE_LEAF);
	struct bytes before = {0};

	p->met.leaves++;
	for (size_t i = 0; i < n; i++) {
		struct pages_node node;

		if (!pages_raw_node(raw, p->page_bytes, i, &node)) {
			wrong(p, page, "a node of it lies outside");
			if (is_main(at.tree))
				table_take(p, page, &node);
			else
				row_give(p, at.tree, &node, (struct bytes){0});
			continue;
		}
		if (node.key.n == 0 || !fits(at, node.key))
			wrong(p, page, "a key of it does not belong there");
		if (before.p != NULL && !in_order(at.tree, before, node.key))
			wrong(p, page, "its keys are out of order");
		before = node.key;
		p->met.entries++;
		leaf_take(p, page, at, &node);
	}
}

/* One entry of a leaf: a row, a table, or a list of free pages. */
static void
leaf_take(struct pages *p, uint64_t page, struct place at,
    const struct pages_node *node)
{
	bool free_list = (at.tree->flags & DB_INTEGERS) != 0;
	bool table = is_main(at.tree);
	unsigned kind = table ? NODE_TABLE : node->flags & NODE_BIG;
	struct bytes value = {0};

	if (node->flags != kind || (free_list && node->key.n != 8))
		wrong(p, page, "an entry of it is of another kind");
	if (table)
		table_take(p, page, node);
	else if ((node->flags & NODE_BIG) != 0)
		big_read(
		    p, page, node, free_list || p->watch->row != NULL, &value);
	else if (node->size > node->data.n)
		wrong(p, page, "a value of it lies outside");
	else
		value = bytes_first(node->data, (size_t)node->size);
	if (free_list && value.p != NULL)
		free_take(p, page, value);
	else if (!table && !free_list)
		row_give(p, at.tree, node, value);
}

/* What is said of a table has one size, whatever is said of that.  One without
 * a name would be taken for the main table again, and so for ever deeper. */
static void
table_take(struct pages *p, uint64_t page, const struct pages_node *node)
{
	struct pages_table table;
	struct bytes name = pages_name_find(
	    p->watch, p->named, node->key, node->rest);
	bool usable = name.n > 0 && name.n <= TABLE_NAME_MAX &&
		      node->rest.n >= name.n + DB_SIZE;

	if (!usable || node->size != DB_SIZE)
		wrong(p, page, "what it says of a table has a wrong size");
	if (!usable)
		return;
	pages_raw_table(node->rest.p + name.n, &table);
	table.name = name;
	if (table.flags != 0 || pages_raw_u32(node->rest.p + name.n) != 0)
		wrong(p, page, "it is no table of ours");
	table.flags = 0;
	p->named |= pages_name_bit(p->watch, name);
	if (p->watch->row == NULL || table_is_whole(p, &table)) {
		tree_walk(p, &table);
		return;
	}
	mem_room(&p->late, &p->late_room, p->late_n + 1, sizeof(*p->late));
	bytes_copy(p->late[p->late_n].name, name);
	p->late[p->late_n++].table = table;
}

/* Would all its pages be what they must be, and no more or less? */
static bool
table_is_whole(struct pages *p, const struct pages_table *table)
{
	const struct pages_watch watch = {0};
	struct pages_report report = {0};
	struct pages probe = *p;
	size_t n = (size_t)(p->last / 8 + 1);

	probe.watch = &watch;
	probe.report = &report;
	probe.value = (struct buf){0};
	probe.used = mem_zeros(n, 1);
	memcpy(probe.used, p->used, n);
	tree_walk(&probe, table);
	p->fault = probe.fault;
	buf_fini(&probe.value);
	mem_free(probe.used);
	return report.wrong == 0;
}

static void
late_walk(struct pages *p)
{
	const struct pages_watch *watch = p->watch;

	for (size_t i = 0; i < p->late_n; i++) {
		struct late *late = &p->late[i];

		late->table.name = bytes_of(late->name, late->table.name.n);
		tree_walk(p, &late->table);
	}
	for (size_t i = 0; i < watch->names_n; i++) {
		const struct pages_table lost = {
		    .name = bytes_text(watch->names[i])};

		if ((p->named >> i & 1) == 0)
			row_give(p, &lost, &(struct pages_node){0},
			    (struct bytes){0});
	}
}

/* Tells of an entry of `tree`, if that is a table. */
static void
row_give(struct pages *p, const struct pages_table *tree,
    const struct pages_node *node, struct bytes value)
{
	const struct pages_row row = {.table = tree->name,
	    .key = node->key,
	    .value = value,
	    .rest = node->rest,
	    .said_bytes = node->size};

	p->given++;
	if (p->watch->row != NULL && tree->name.n > 0)
		p->watch->row(p->watch->arg, &row);
}

/* The value of `node`, which lies in pages of its own; read when it is
 * `wanted`.
 */
static void
big_read(struct pages *p, uint64_t page, const struct pages_node *node,
    bool wanted, struct bytes *value)
{
	struct buf head = {0};
	uint64_t first;
	uint64_t n;
	uint64_t needed = (HEAD_SIZE - 1 + node->size) / p->page_bytes + 1;
	bool claimed = true;

	if (node->data.n < 8) {
		wrong(p, page, "a value of it lies outside");
		return;
	}
	first = pages_raw_u64(node->data.p);
	if (first < METAS || first > p->last || needed > p->last - first + 1) {
		wrong(p, page, "a long value of it lies outside");
		return;
	}
	bytes_read(p, first * p->page_bytes, HEAD_SIZE, &head);
	n = pages_raw_u32(head.p + 12);
	if (pages_raw_u64(head.p) != first ||
	    pages_raw_u16(head.p + 10) != PAGE_OVERFLOW || n < needed ||
	    n > p->last - first + 1) {
		wrong(p, first, "the head of a long value is wrong");
		n = needed;
	}
	buf_fini(&head);
	p->met.overflows += n;
	for (uint64_t i = 0; i < n && claimed; i++)
		claimed = page_claim(p, first + i);
	if (claimed && wanted) {
		bytes_read(p, first * p->page_bytes + HEAD_SIZE,
		    (size_t)node->size, &p->value);
		*value = buf_bytes(&p->value);
	}
}

/* A list of free pages: how many, then their numbers. */
static void
free_take(struct pages *p, uint64_t page, struct bytes list)
{
	uint64_t n = list.n >= 8 ? pages_raw_u64(list.p) : 0;
	uint64_t before = UINT64_MAX;

	if (list.n < 8 || list.n % 8 != 0 || n > list.n / 8 - 1) {
		wrong(p, page, "its list of free pages is cut short");
		return;
	}
	for (uint64_t i = 1; i <= n; i++) {
		uint64_t one = pages_raw_u64(list.p + 8 * i);

		if (one < METAS || one > p->last || one >= before)
			wrong(p, page, "its list of free pages is wrong");
		else if (bit(p->free, one))
			wrong(p, one, "it counts as free twice");
		else
			bit_set(p->free, one);
		before = one;
	}
}

#ifndef GOLMOK_CORE_PAGES_RAW_H
#define GOLMOK_CORE_PAGES_RAW_H

#include "proto/bytes.h"

/*
 * How LMDB 0.9 lays out a file: numbers in the order of the machine, 64 bits.
 * For core/pages.c, and for what core/env.c says of a file that cannot be
 * mapped.
 */
enum {
	HEAD_SIZE = 16, /* in front of every page */
	DB_SIZE = 48,	/* what is said of one table */
	NODE_SIZE = 8,	/* in front of every key */
	META_SIZE = HEAD_SIZE + 24 + 2 * DB_SIZE + 16,
	METAS = 2,
	PAGE_SIZE_MIN = 512,
	PAGE_SIZE_MAX = 65536,
	PAGE_BRANCH = 1,
	PAGE_LEAF = 2,
	PAGE_OVERFLOW = 4,
	PAGE_META = 8,
	/* So many more than the file has may count as used or free. */
	PAGES_AHEAD = 1 << 24,
};

/* What the file says of one table. */
struct pages_table {
	struct bytes name; /* not said there */
	uint16_t flags;
	uint16_t depth;
	uint64_t branches;
	uint64_t leaves;
	uint64_t overflows;
	uint64_t entries;
	uint64_t root; /* UINT64_MAX: none */
};

/* What one of the two first pages says. */
struct pages_meta {
	bool sound;
	uint32_t page_bytes;
	uint64_t map_bytes; /* what is to be mapped of the file at least */
	uint64_t txn_id;
	uint64_t last; /* the last page that was ever used */
	struct pages_table free;
	struct pages_table main;
};

/* An entry of a page. */
struct pages_node {
	uint16_t flags;
	struct bytes key;
	uint64_t child; /* of a branch */
	uint64_t size;	/* of a value */
	struct bytes data;
	struct bytes rest; /* of the page, from the key on */
};

/* Numbers at any place. */
uint16_t pages_raw_u16(const uint8_t *at);
uint32_t pages_raw_u32(const uint8_t *at);
uint64_t pages_raw_u64(const uint8_t *at);
/* Reads the DB_SIZE bytes at `from`. */
void pages_raw_table(const uint8_t *from, struct pages_table *table);
/* Reads node `i` of the page `raw`, of `page_bytes`; false when it, or its key,
 * lies outside: then node->rest may be there.  Views. */
bool pages_raw_node(
    const uint8_t *raw, size_t page_bytes, size_t i, struct pages_node *node);
/* Reads the META_SIZE bytes of the page `number` (0 or 1) of a file of
 * `size_bytes`; meta->sound is false when it cannot be that page. */
void pages_raw_meta(const uint8_t *raw, uint64_t number, uint64_t size_bytes,
    struct pages_meta *meta);

#endif

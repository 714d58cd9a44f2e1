/*
 * The fixed parts of LMDB's file, read field by field.  core/pages.c walks from
 * here.  Pure.
 */
#include "core/pages_raw.h"

#include <string.h>

static const uint32_t magic = 0xBEEFC0DE;

uint16_t
pages_raw_u16(const uint8_t *at)
{
	uint16_t v;

	memcpy(&v, at, sizeof(v));
	return v;
}

uint32_t
pages_raw_u32(const uint8_t *at)
{
	uint32_t v;

	memcpy(&v, at, sizeof(v));
	return v;
}

uint64_t
pages_raw_u64(const uint8_t *at)
{
	uint64_t v;

	memcpy(&v, at, sizeof(v));
	return v;
}

void
pages_raw_table(const uint8_t *from, struct pages_table *table)
{
	*table = (struct pages_table){.flags = pages_raw_u16(from + 4),
	    .depth = pages_raw_u16(from + 6),
	    .branches = pages_raw_u64(from + 8),
	    .leaves = pages_raw_u64(from + 16),
	    .overflows = pages_raw_u64(from + 24),
	    .entries = pages_raw_u64(from + 32),
	    .root = pages_raw_u64(from + 40)};
}

bool
pages_raw_node(
    const uint8_t *raw, size_t page_bytes, size_t i, struct pages_node *node)
{
	size_t at = pages_raw_u16(raw + HEAD_SIZE + 2 * i);
	size_t left;
	size_t key_n;
	const uint8_t *from = raw + at;

	*node = (struct pages_node){0};
	if (at < HEAD_SIZE || at % 2 != 0 || at > page_bytes - NODE_SIZE)
		return false;
	left = page_bytes - at - NODE_SIZE;
	key_n = pages_raw_u16(from + 6);
	node->flags = pages_raw_u16(from + 4);
	node->size = pages_raw_u16(from) | (uint64_t)pages_raw_u16(from + 2)
					       << 16;
	node->child = node->size | (uint64_t)node->flags << 32;
	node->rest = bytes_of(from + NODE_SIZE, left);
	if (key_n > left)
		return false;
	node->key = bytes_of(from + NODE_SIZE, key_n);
	node->data = bytes_of(from + NODE_SIZE + key_n, left - key_n);
	return true;
}

void
pages_raw_meta(const uint8_t *raw, uint64_t number, uint64_t size_bytes,
    struct pages_meta *meta)
{
	const uint8_t *body = raw + HEAD_SIZE;
	const uint8_t *behind = body + 24 + 2 * DB_SIZE;
	uint32_t size = pages_raw_u32(body + 24);

	*meta = (struct pages_meta){.page_bytes = size,
	    .map_bytes = pages_raw_u64(body + 16),
	    .last = pages_raw_u64(behind),
	    .txn_id = pages_raw_u64(behind + 8)};
	pages_raw_table(body + 24, &meta->free);
	pages_raw_table(body + 24 + DB_SIZE, &meta->main);
	/* An environment that was just made has two with number 0. */
	meta->sound = pages_raw_u64(raw) == number &&
		      pages_raw_u16(raw + 10) == PAGE_META &&
		      pages_raw_u32(body) == magic &&
		      pages_raw_u32(body + 4) == 1 && size >= PAGE_SIZE_MIN &&
		      size <= PAGE_SIZE_MAX && (size & (size - 1)) == 0 &&
		      (meta->txn_id % METAS == number || meta->txn_id == 0) &&
		      meta->last >= METAS - 1 &&
		      meta->last < size_bytes / size + PAGES_AHEAD;
}

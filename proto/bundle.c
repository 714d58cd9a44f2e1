/*
 * The USB file: how it is sealed, and how it is found again in bytes that may
 * be damaged anywhere.  What the blocks hold is proto/bundle_msg.c's matter,
 * which runs go in and out core's.  Draws nothing, reads no file.
 */
#include "proto/bundle.h"

#include <string.h>

enum {
	TITLE_BEGIN = BUNDLE_TITLE_SIZE - 2, /* without version and LF */
	AT_EPHEMERAL = BUNDLE_TITLE_SIZE,
	AT_COUNT = AT_EPHEMERAL + 32,
	AT_SLOTS = AT_COUNT + 2,
	AT_INDEX = BUNDLE_MARK_SIZE,
	AT_LENGTH = AT_INDEX + 8,
	FLAG_BEGINS = 1,
	FLAG_ENDS = 2,
	FLAG_PACKED = 4,
	FLAGS_ALL = FLAG_BEGINS | FLAG_ENDS | FLAG_PACKED,
	PACK_LEVEL = 3,
	WASTED_MIN = 1024 * 1024,
};
static const char title[] = "golmok/bundle/1\n";
static_assert(sizeof(title) == BUNDLE_TITLE_SIZE + 1, "the title has its size");

static void keys_make(const struct secret *part, struct bundle_keys *keys);
static void slot_key(const struct secret *shared,
    const struct dh_key *ephemeral, const struct dh_key *receiver,
    struct secret *key);
static void header_sum(struct bytes in, uint8_t sum[BUNDLE_HEADER_SUM]);
static bool header_get(
    struct bytes in, struct bundle_header *header, size_t *size);
static enum bundle_found header_find(
    struct bundle_scan *scan, struct bytes in, bool last, size_t *used);
static enum bundle_found block_find(struct bundle_scan *scan, struct bytes in,
    bool last, size_t *used, struct bundle_block *block);
static bool block_open(
    struct bundle_scan *scan, struct bytes in, struct bundle_block *block);
static size_t skip_size(
    const struct bundle_scan *scan, struct bytes in, bool last);

void
bundle_keys_fini(struct bundle_keys *keys)
{
	crypto_wipe(keys, sizeof(*keys));
}

/* Everything under the key of a part but the tie to its header. */
static void
keys_make(const struct secret *part, struct bundle_keys *keys)
{
	struct bytes in = bytes_of(part->b, sizeof(part->b));
	struct hash hash;

	crypto_sha256_two(bytes_text("golmok/bundle/seal"), in, &hash);
	memcpy(keys->seal.b, hash.b, sizeof(keys->seal.b));
	crypto_sha256_two(bytes_text("golmok/bundle/mark"), in, &hash);
	memcpy(keys->mark, hash.b, sizeof(keys->mark));
	crypto_wipe(&hash, sizeof(hash));
}

/* Under what the part's key lies in the slot of one receiver. */
static void
slot_key(const struct secret *shared, const struct dh_key *ephemeral,
    const struct dh_key *receiver, struct secret *key)
{
	struct crypto_sha256 state;
	struct hash hash;

	crypto_sha256_init(&state);
	crypto_sha256_add(&state, bytes_text("golmok/bundle/slot"));
	crypto_sha256_add(&state, bytes_of(shared->b, sizeof(shared->b)));
	crypto_sha256_add(&state, bytes_of(ephemeral->b, sizeof(ephemeral->b)));
	crypto_sha256_add(&state, bytes_of(receiver->b, sizeof(receiver->b)));
	crypto_sha256_out(&state, &hash);
	memcpy(key->b, hash.b, sizeof(key->b));
	crypto_wipe(&hash, sizeof(hash));
	crypto_wipe(&state, sizeof(state));
}

static void
header_sum(struct bytes in, uint8_t sum[BUNDLE_HEADER_SUM])
{
	struct hash hash;

	crypto_sha256_two(bytes_text("golmok/bundle/sum"), in, &hash);
	memcpy(sum, hash.b, BUNDLE_HEADER_SUM);
}

enum err
bundle_put_header(const struct bundle_draw *draw,
    const struct sign_key *receivers, size_t n, struct buf *out,
    struct bundle_keys *keys)
{
	uint8_t sum[BUNDLE_HEADER_SUM];
	size_t begin = out->n;
	struct dh_key ephemeral;

	assert(n > 0 && n <= LIMIT_BUNDLE_RECEIVERS);
	crypto_dh_key(&draw->ephemeral, &ephemeral);
	buf_add_text(out, title);
	buf_add(out, bytes_of(ephemeral.b, sizeof(ephemeral.b)));
	buf_add_be16(out, (uint16_t)n);
	for (size_t i = 0; i < n; i++) {
		struct dh_key receiver;
		struct secret shared;
		struct secret key;

		if (!crypto_dh_of_key(&receivers[i], &receiver) ||
		    !crypto_dh(&draw->ephemeral, &receiver, &shared)) {
			buf_cut(out, begin);
			return err_set(ERR_INVALID,
			    "nothing can be sealed to the key of receiver %zu",
			    i + 1);
		}
		slot_key(&shared, &ephemeral, &receiver, &key);
		crypto_seal(&key, 0, (struct bytes){0},
		    bytes_of(draw->part.b, sizeof(draw->part.b)),
		    buf_extend(out, BUNDLE_SLOT_SIZE));
		crypto_wipe(&shared, sizeof(shared));
		crypto_wipe(&key, sizeof(key));
	}
	header_sum(bytes_after(buf_bytes(out), begin), sum);
	buf_add(out, bytes_of(sum, sizeof(sum)));
	keys_make(&draw->part, keys);
	crypto_sha256(bytes_after(buf_bytes(out), begin), &keys->header);
	return ERR_OK;
}

enum err
bundle_put_block(const struct bundle_keys *keys, struct squeeze *squeeze,
    const struct bundle_block *block, struct buf *out)
{
	struct bytes header = bytes_of(keys->header.b, sizeof(keys->header.b));
	struct buf plain = {0};
	uint8_t flags = (uint8_t)((block->begins ? FLAG_BEGINS : 0) |
				  (block->ends ? FLAG_ENDS : 0));
	enum err e;

	assert(block->content.n <= BUNDLE_CONTENT_MAX);
	buf_add_u8(&plain, flags | FLAG_PACKED);
	e = squeeze_pack(squeeze, block->content, PACK_LEVEL, &plain);
	if (e != ERR_OK)
		goto out;
	if (plain.n > block->content.n) {
		buf_cut(&plain, 0);
		buf_add_u8(&plain, flags);
		buf_add(&plain, block->content);
	}
	buf_add(out, bytes_of(keys->mark, sizeof(keys->mark)));
	buf_add_be64(out, block->index);
	buf_add_be32(out, (uint32_t)(plain.n + CRYPTO_TAG_SIZE));
	crypto_seal(&keys->seal, block->index, header, buf_bytes(&plain),
	    buf_extend(out, plain.n + CRYPTO_TAG_SIZE));
out:
	buf_wipe(&plain);
	return e;
}

enum bundle_found
bundle_scan_next(struct bundle_scan *scan, struct bytes in, bool last,
    size_t *used, struct bundle_block *block)
{
	enum bundle_found found = BUNDLE_SKIP;
	struct bytes mark = bytes_of(scan->keys.mark, sizeof(scan->keys.mark));

	*used = 0;
	if (in.n < BUNDLE_TITLE_SIZE && !last)
		return BUNDLE_MORE;
	if (in.n == 0)
		return BUNDLE_OVER;
	if (bytes_begins(in, bytes_text(title)))
		found = header_find(scan, in, last, used);
	else if (scan->is_open && bytes_begins(in, mark))
		found = block_find(scan, in, last, used, block);
	if (found == BUNDLE_SKIP)
		*used = skip_size(scan, in, last);
	scan->at += *used;
	return found;
}

static enum bundle_found
header_find(struct bundle_scan *scan, struct bytes in, bool last, size_t *used)
{
	size_t size = BUNDLE_HEADER_FIXED;

	if (in.n >= AT_SLOTS)
		size += (size_t)bytes_be16(in.p + AT_COUNT) * BUNDLE_SLOT_SIZE;
	if (in.n < size && !last && size <= BUNDLE_HEADER_MAX)
		return BUNDLE_MORE;
	if (!header_get(in, &scan->header, used))
		return BUNDLE_SKIP;
	/* Its header comes again within a part.  With another one the part is
	 * over. */
	if (scan->is_open && memcmp(&scan->keys.header, &scan->header.hash,
				 sizeof(scan->header.hash)) == 0)
		return BUNDLE_PART;
	scan->is_open = false;
	bundle_keys_fini(&scan->keys);
	return BUNDLE_PART;
}

static bool
header_get(struct bytes in, struct bundle_header *header, size_t *size)
{
	uint8_t sum[BUNDLE_HEADER_SUM];
	size_t n;

	if (in.n < BUNDLE_HEADER_FIXED)
		return false;
	n = bytes_be16(in.p + AT_COUNT);
	if (n == 0 || n > LIMIT_BUNDLE_RECEIVERS ||
	    in.n < BUNDLE_HEADER_FIXED + n * BUNDLE_SLOT_SIZE)
		return false;
	*size = BUNDLE_HEADER_FIXED + n * BUNDLE_SLOT_SIZE;
	in = bytes_first(in, *size);
	header_sum(bytes_first(in, in.n - sizeof(sum)), sum);
	if (!bytes_equal(bytes_after(in, in.n - sizeof(sum)),
		bytes_of(sum, sizeof(sum))))
		return false;
	*header = (struct bundle_header){.receivers_n = n,
	    .slots = bytes_slice(in, AT_SLOTS, n * BUNDLE_SLOT_SIZE)};
	bytes_copy(header->ephemeral.b,
	    bytes_slice(in, AT_EPHEMERAL, sizeof(header->ephemeral.b)));
	crypto_sha256(in, &header->hash);
	return true;
}

bool
bundle_scan_open(struct bundle_scan *scan, const struct sign_seed *seed)
{
	const struct bundle_header *header = &scan->header;
	struct dh_secret secret;
	struct dh_key me;
	struct secret shared;
	struct secret key;
	struct secret part;

	crypto_dh_of_seed(seed, &secret);
	crypto_dh_key(&secret, &me);
	if (crypto_dh(&secret, &header->ephemeral, &shared)) {
		slot_key(&shared, &header->ephemeral, &me, &key);
		for (size_t i = 0; i < header->receivers_n && !scan->is_open;
		     i++)
			scan->is_open = crypto_open(&key, 0, (struct bytes){0},
			    bytes_slice(header->slots, i * BUNDLE_SLOT_SIZE,
				BUNDLE_SLOT_SIZE),
			    part.b);
	}
	if (scan->is_open) {
		keys_make(&part, &scan->keys);
		scan->keys.header = header->hash;
	}
	crypto_wipe(&part, sizeof(part));
	crypto_wipe(&key, sizeof(key));
	crypto_wipe(&shared, sizeof(shared));
	crypto_wipe(&secret, sizeof(secret));
	return scan->is_open;
}

static enum bundle_found
block_find(struct bundle_scan *scan, struct bytes in, bool last, size_t *used,
    struct bundle_block *block)
{
	size_t length;

	if (in.n < BUNDLE_HEAD_SIZE)
		return last ? BUNDLE_SKIP : BUNDLE_MORE;
	length = bytes_be32(in.p + AT_LENGTH);
	if (length <= CRYPTO_TAG_SIZE || length > BUNDLE_SEALED_MAX)
		return BUNDLE_SKIP;
	if (in.n - BUNDLE_HEAD_SIZE < length)
		return last ? BUNDLE_SKIP : BUNDLE_MORE;
	/* Marks that another receiver scattered cost no more than the reading
	 * of the file does. */
	if (scan->wasted_bytes > scan->at + WASTED_MIN)
		return BUNDLE_SKIP;
	in = bytes_first(in, BUNDLE_HEAD_SIZE + length);
	if (!block_open(scan, in, block)) {
		scan->wasted_bytes += length;
		return BUNDLE_SKIP;
	}
	*used = in.n;
	return BUNDLE_BLOCK;
}

static bool
block_open(
    struct bundle_scan *scan, struct bytes in, struct bundle_block *block)
{
	struct bytes header = bytes_of(
	    scan->keys.header.b, sizeof(scan->keys.header.b));
	struct bytes sealed = bytes_after(in, BUNDLE_HEAD_SIZE);
	struct bytes plain;
	uint8_t flags;

	*block = (struct bundle_block){.index = bytes_be64(in.p + AT_INDEX)};
	buf_cut(&scan->plain, 0);
	if (!crypto_open(&scan->keys.seal, block->index, header, sealed,
		buf_extend(&scan->plain, sealed.n - CRYPTO_TAG_SIZE)))
		return false;
	plain = buf_bytes(&scan->plain);
	flags = plain.p[0];
	if ((flags & ~FLAGS_ALL) != 0)
		return false;
	block->begins = (flags & FLAG_BEGINS) != 0;
	block->ends = (flags & FLAG_ENDS) != 0;
	block->content = bytes_after(plain, 1);
	if ((flags & FLAG_PACKED) == 0)
		return block->content.n <= BUNDLE_CONTENT_MAX;
	buf_cut(&scan->content, 0);
	if (squeeze_unpack(&scan->squeeze, block->content, BUNDLE_CONTENT_MAX,
		&scan->content) != ERR_OK)
		return false;
	block->content = buf_bytes(&scan->content);
	return true;
}

/* How many bytes of `in` are in front of what may be the next header or block.
 */
static size_t
skip_size(const struct bundle_scan *scan, struct bytes in, bool last)
{
	struct bytes head = bytes_text(title);
	struct bytes mark = bytes_of(scan->keys.mark, sizeof(scan->keys.mark));
	size_t at = 1;

	for (; at < in.n; at++) {
		struct bytes rest = bytes_after(in, at);

		/* What begins at the end of the view is seen whole next time.
		 */
		if (!last && rest.n < BUNDLE_TITLE_SIZE)
			return at;
		if (rest.p[0] != head.p[0] && rest.p[0] != mark.p[0])
			continue;
		if (bytes_begins(rest, head) ||
		    (scan->is_open && bytes_begins(rest, mark)))
			return at;
	}
	return in.n;
}

void
bundle_scan_fini(struct bundle_scan *scan)
{
	bundle_keys_fini(&scan->keys);
	squeeze_fini(&scan->squeeze);
	buf_wipe(&scan->plain);
	buf_wipe(&scan->content);
	*scan = (struct bundle_scan){0};
}

enum err
bundle_check_title(struct bytes in)
{
	static const struct {
		const char *begin;
		const char *what;
	} others[] = {
	    {"golmok/parcel/", "an answer to a request: golmok join --grant"},
	    {"golmok request ", "a request to be admitted: golmok admit"},
	    {"golmok1", "an invitation: golmok join"},
	    {"golmok share ", "a share of the root keys"},
	};

	if (bytes_begins(in, bytes_text(title)))
		return ERR_OK;
	if (bytes_begins(in, bytes_first(bytes_text(title), TITLE_BEGIN)))
		return err_set(ERR_VERSION,
		    "a newer golmok made this bundle: update this one");
	if (in.n == 0)
		return err_set(ERR_MALFORMED, "this file is empty");
	for (size_t i = 0; i < COUNT_OF(others); i++) {
		if (bytes_begins(in, bytes_text(others[i].begin)))
			return err_set(ERR_MALFORMED,
			    "this is no bundle, but %s", others[i].what);
	}
	return err_set(ERR_MALFORMED, "this does not begin like a bundle");
}

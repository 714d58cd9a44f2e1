/*
 * Messages of bundles alone.  core/bundle_write.c puts them between those of
 * runs, core/bundle_read.c hands them out.  Fixed layouts, so that what is
 * signed is what stands there.
 */
#include "proto/bundle_msg.h"

enum {
	AT_KIND = 1,
	AT_CITY = 2,
	AT_FROM = AT_CITY + 32,
	AT_DATE = AT_FROM + 32,
	AT_CLOCK_N = AT_DATE + 8,
	AT_CLOCK = AT_CLOCK_N + 4,
	AT_SIGNATURE = AT_CLOCK + 32,
};
static_assert(AT_SIGNATURE + 64 == (int)BUNDLE_MSG_ABOUT_SIZE, "about");

static void signed_text(const struct bundle_about *about,
    const struct hash *header, struct buf *out);

/* All of the message but its signature, behind what ties it to one part. */
static void
signed_text(const struct bundle_about *about, const struct hash *header,
    struct buf *out)
{
	struct buf message = {0};

	bundle_msg_put_about(about, &message);
	buf_cut(&message, AT_SIGNATURE);
	buf_add_text(out, "golmok/bundle/about");
	buf_add(out, bytes_of(header->b, sizeof(header->b)));
	buf_add(out, buf_bytes(&message));
	buf_fini(&message);
}

void
bundle_msg_sign(struct bundle_about *about, const struct sign_seed *seed,
    const struct hash *header)
{
	struct buf text = {0};

	signed_text(about, header, &text);
	crypto_sign_message(
	    seed, &about->from, buf_bytes(&text), &about->signature);
	buf_fini(&text);
}

bool
bundle_msg_verify(const struct bundle_about *about, const struct hash *header)
{
	struct buf text = {0};
	bool is_right;

	signed_text(about, header, &text);
	is_right = crypto_verify(
	    &about->from, buf_bytes(&text), &about->signature);
	buf_fini(&text);
	return is_right;
}

void
bundle_msg_put_about(const struct bundle_about *about, struct buf *out)
{
	buf_add_u8(out, BUNDLE_MSG_ABOUT);
	buf_add_u8(out, (uint8_t)about->kind);
	buf_add(out, bytes_of(about->city.b, sizeof(about->city.b)));
	buf_add(out, bytes_of(about->from.b, sizeof(about->from.b)));
	buf_add_be64(out, about->date_ms);
	buf_add_be32(out, about->clock_n);
	buf_add(out, bytes_of(about->clock.b, sizeof(about->clock.b)));
	buf_add(out, bytes_of(about->signature.b, sizeof(about->signature.b)));
}

bool
bundle_msg_get_about(struct bytes in, struct bundle_about *about)
{
	if (in.n != BUNDLE_MSG_ABOUT_SIZE || in.p[0] != BUNDLE_MSG_ABOUT ||
	    in.p[AT_KIND] > BUNDLE_ACK)
		return false;
	about->kind = (enum bundle_kind)in.p[AT_KIND];
	bytes_copy(about->city.b, bytes_slice(in, AT_CITY, 32));
	bytes_copy(about->from.b, bytes_slice(in, AT_FROM, 32));
	about->date_ms = bytes_be64(in.p + AT_DATE);
	about->clock_n = bytes_be32(in.p + AT_CLOCK_N);
	bytes_copy(about->clock.b, bytes_slice(in, AT_CLOCK, 32));
	bytes_copy(about->signature.b, bytes_slice(in, AT_SIGNATURE, 64));
	return true;
}

void
bundle_msg_put_frontier(const struct frontier *frontier, struct buf *out)
{
	size_t n = merkle_frontier_n(frontier->size);

	buf_add_u8(out, BUNDLE_MSG_FRONTIER);
	buf_add_be64(out, frontier->size);
	for (size_t i = 0; i < n; i++)
		buf_add(out,
		    bytes_of(frontier->nodes[i].b, sizeof(frontier->nodes[i])));
}

bool
bundle_msg_get_frontier(struct bytes in, struct frontier *frontier)
{
	enum { FIXED = 1 + 8 };
	size_t n;

	if (in.n < FIXED || in.p[0] != BUNDLE_MSG_FRONTIER)
		return false;
	frontier->size = bytes_be64(in.p + 1);
	if (frontier->size > INT64_MAX)
		return false;
	n = merkle_frontier_n(frontier->size);
	if (in.n != FIXED + n * sizeof(struct hash))
		return false;
	for (size_t i = 0; i < n; i++)
		bytes_copy(frontier->nodes[i].b,
		    bytes_slice(in, FIXED + i * sizeof(struct hash),
			sizeof(struct hash)));
	return true;
}

void
bundle_msg_put_sum(const struct bundle_sum *sum, struct buf *out)
{
	buf_add_u8(out, BUNDLE_MSG_SUM);
	buf_add_be64(out, sum->runs);
	buf_add_be64(out, sum->deltas);
	buf_add_be64(out, sum->bodies);
	buf_add_be64(out, sum->blocks);
}

bool
bundle_msg_get_sum(struct bytes in, struct bundle_sum *sum)
{
	if (in.n != BUNDLE_MSG_SUM_SIZE || in.p[0] != BUNDLE_MSG_SUM)
		return false;
	sum->runs = bytes_be64(in.p + 1);
	sum->deltas = bytes_be64(in.p + 9);
	sum->bodies = bytes_be64(in.p + 17);
	sum->blocks = bytes_be64(in.p + 25);
	return true;
}

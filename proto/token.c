/*
 * Tokens of invitations.  cli/ makes and reads them; core/tokens.c keeps what
 * their inviter must know.  Draws nothing, asks no clock, and puts nothing of a
 * token into an error.
 */
#include "proto/token.h"

#include <string.h>

#include "proto/fields.h"
#include "proto/text.h"

enum {
	GROUP_DIGITS = 7, /* that carry content; one more checks them */
	GROUP_SIZE = GROUP_DIGITS + 1,
	DIGIT_BITS = 5,
	DIGITS = 1 << DIGIT_BITS,
	/* x^5 + x^2 + 1: its roots generate all of GF(32). */
	FIELD_POLYNOMIAL = 0x25,
	/* Behind the content: finds what the checks of the groups let pass. */
	SUM_SIZE = 4,
	/* Typed text is folded before anything is known of it. */
	TYPED_SIZE_MAX = 16 * 1024,
};
/* Beyond the year 2240: a time above it is no time. */
static const uint64_t expires_max_s = (uint64_t)1 << 33;

enum {
	TOKEN_CITY,
	TOKEN_ROOT,
	TOKEN_SECRET,
	TOKEN_EXPIRES,
	TOKEN_LABEL,
	TOKEN_ADDRESSES,
	TOKEN_N,
};

/* Digits and lower case without i, l, o and u. */
static const char digits[] = "0123456789abcdefghjkmnpqrstvwxyz";
static_assert(sizeof(digits) == DIGITS + 1, "one for each value");
/* Every token begins so; the last digit is the version. */
static const char prefix[] = "golmok1";
enum { PREFIX_SIZE = sizeof(prefix) - 1 };

static void content_put(const struct token *token, struct buf *out);
static void sum_make(struct bytes content, uint8_t *sum);
static void group_put(struct bytes values, size_t group, struct buf *text);
static unsigned check_add(unsigned check, unsigned value);
static unsigned check_begin(size_t group);
static enum err typed_fold(struct bytes text, struct buf *values) MUST_USE;
static int digit_value(uint8_t c);
static enum err prefix_take(struct bytes *values) MUST_USE;
static enum err groups_take(struct bytes values, struct buf *out) MUST_USE;
static enum err typing_error(size_t group) MUST_USE;
static enum err content_get(struct bytes content, struct token *token) MUST_USE;
static void field_get(struct reader *r, int64_t key, void *into);
static bool is_place(struct bytes address);

enum err
token_check(const struct token *token)
{
	if (!text_is_plain(token->label) || token->label.n == 0 ||
	    token->label.n > LIMIT_LABEL_SIZE)
		return err_set(ERR_INVALID,
		    "the name of who is invited has 1 to %d bytes of UTF-8, "
		    "without line ends and controls",
		    LIMIT_LABEL_SIZE);
	if (token->addresses_n == 0 || token->addresses_n > LIMIT_ADDRESSES)
		return err_set(ERR_INVALID,
		    "a token has 1 to %d addresses where the city is reached",
		    LIMIT_ADDRESSES);
	for (size_t i = 0; i < token->addresses_n; i++) {
		if (!is_place(token->addresses[i]))
			return err_set(ERR_INVALID,
			    "an address has 1 to %d bytes, without spaces and "
			    "controls",
			    LIMIT_ADDRESS_SIZE);
	}
	if (token->expires_s > expires_max_s)
		return err_set(
		    ERR_INVALID, "a token that would expire in centuries");
	return ERR_OK;
}

static bool
is_place(struct bytes address)
{
	return address.n > 0 && address.n <= LIMIT_ADDRESS_SIZE &&
	       text_is_plain(address) && bytes_find(address, ' ') == address.n;
}

void
token_put(const struct token *token, struct buf *text)
{
	struct buf content = {0};
	struct buf values = {0};
	uint8_t sum[SUM_SIZE];
	uint32_t held = 0;
	unsigned held_bits = 0;
	struct bytes rest;

	assert(token_check(token) == ERR_OK);
	content_put(token, &content);
	sum_make(buf_bytes(&content), sum);
	buf_add(&content, bytes_of(sum, sizeof(sum)));
	for (size_t i = 0; i < content.n; i++) {
		held = held << 8 | content.p[i];
		held_bits += 8;
		for (; held_bits >= DIGIT_BITS; held_bits -= DIGIT_BITS)
			buf_add_u8(&values,
			    held >> (held_bits - DIGIT_BITS) & (DIGITS - 1));
	}
	if (held_bits > 0)
		buf_add_u8(
		    &values, held << (DIGIT_BITS - held_bits) & (DIGITS - 1));
	buf_add_text(text, prefix);
	rest = buf_bytes(&values);
	for (size_t group = 1; rest.n > 0; group++) {
		size_t n = rest.n < GROUP_DIGITS ? rest.n : GROUP_DIGITS;

		group_put(bytes_first(rest, n), group, text);
		rest = bytes_after(rest, n);
	}
	buf_wipe(&values);
	buf_wipe(&content);
}

static void
content_put(const struct token *token, struct buf *out)
{
	codec_put_map(out, TOKEN_N);
	codec_put_int(out, TOKEN_CITY);
	codec_put_bytes(out, bytes_of(token->city.b, sizeof(token->city.b)));
	codec_put_int(out, TOKEN_ROOT);
	codec_put_bytes(out, bytes_of(token->root.b, sizeof(token->root.b)));
	codec_put_int(out, TOKEN_SECRET);
	codec_put_bytes(
	    out, bytes_of(token->secret.b, sizeof(token->secret.b)));
	codec_put_int(out, TOKEN_EXPIRES);
	codec_put_int(out, (int64_t)token->expires_s);
	codec_put_int(out, TOKEN_LABEL);
	codec_put_text(out, token->label);
	codec_put_int(out, TOKEN_ADDRESSES);
	codec_put_array(out, token->addresses_n);
	for (size_t i = 0; i < token->addresses_n; i++)
		codec_put_text(out, token->addresses[i]);
}

static void
sum_make(struct bytes content, uint8_t *sum)
{
	struct hash hash;

	crypto_sha256_two(bytes_text("golmok/token/sum"), content, &hash);
	memcpy(sum, hash.b, SUM_SIZE);
}

static void
group_put(struct bytes values, size_t group, struct buf *text)
{
	unsigned check = check_begin(group);

	buf_add_u8(text, '-');
	for (size_t i = 0; i < values.n; i++) {
		check = check_add(check, values.p[i]);
		buf_add_u8(text, (uint8_t)digits[values.p[i]]);
	}
	buf_add_u8(text, (uint8_t)digits[check_add(check, 0)]);
}

/* Each digit of a group has another factor in GF(32), so one wrong digit, or
 * two that changed places, always show. */
static unsigned
check_add(unsigned check, unsigned value)
{
	check <<= 1;
	if (check >= DIGITS)
		check ^= FIELD_POLYNOMIAL;
	return check ^ value;
}

/* Groups that changed places, or one that is missing, show too. */
static unsigned
check_begin(size_t group)
{
	return (unsigned)(group % DIGITS);
}

void
token_code(struct bytes text, struct buf *code)
{
	for (size_t i = 0; i < text.n; i++) {
		uint8_t c = text.p[i];

		if (c >= 'a' && c <= 'z')
			c = (uint8_t)(c - 'a' + 'A');
		if (c != '-')
			buf_add_u8(code, c);
	}
}

enum err
token_get(struct bytes text, struct arena *arena, struct token *token)
{
	struct buf values = {0};
	struct buf content = {0};
	struct bytes rest;
	enum err e;

	*token = (struct token){0};
	e = typed_fold(text, &values);
	rest = buf_bytes(&values);
	if (e == ERR_OK)
		e = prefix_take(&rest);
	if (e == ERR_OK)
		e = groups_take(rest, &content);
	if (e == ERR_OK)
		e = content_get(
		    arena_bytes(arena,
			bytes_first(buf_bytes(&content), content.n - SUM_SIZE)),
		    token);
	buf_wipe(&content);
	buf_wipe(&values);
	if (e != ERR_OK)
		token_fini(token);
	return e;
}

/* What each character stands for; those between groups are left out. */
static enum err
typed_fold(struct bytes text, struct buf *values)
{
	if (text.n > TYPED_SIZE_MAX)
		return err_set(ERR_USAGE,
		    "this is no token: it has %zu characters", text.n);
	for (size_t i = 0; i < text.n; i++) {
		uint8_t c = text.p[i];
		int value;

		if (c == '-' || c == ' ' || (c >= '\t' && c <= '\r'))
			continue;
		value = digit_value(c);
		if (value < 0 && values->n < PREFIX_SIZE)
			return err_set(ERR_USAGE,
			    "this is no token: it does not begin with %s",
			    prefix);
		if (value < 0)
			return err_set(ERR_USAGE,
			    "typing error in group %zu after '%s': no token "
			    "has such a character",
			    (values->n - PREFIX_SIZE) / GROUP_SIZE + 1, prefix);
		buf_add_u8(values, (uint8_t)value);
	}
	return ERR_OK;
}

/* -1: no digit. */
static int
digit_value(uint8_t c)
{
	const char *hit;

	if (c >= 'A' && c <= 'Z')
		c = (uint8_t)(c - 'A' + 'a');
	if (c == 'o')
		c = '0';
	if (c == 'i' || c == 'l')
		c = '1';
	hit = c != '\0' ? strchr(digits, c) : NULL;
	return hit != NULL ? (int)(hit - digits) : -1;
}

static enum err
prefix_take(struct bytes *values)
{
	for (size_t i = 0; i < PREFIX_SIZE; i++) {
		if (i < values->n &&
		    values->p[i] == digit_value((uint8_t)prefix[i]))
			continue;
		if (i == PREFIX_SIZE - 1 && i < values->n && values->p[i] > 1 &&
		    values->p[i] < 10)
			return err_set(ERR_VERSION,
			    "a newer golmok made this token: update this one");
		return err_set(ERR_USAGE,
		    "this is no token: it does not begin with %s", prefix);
	}
	*values = bytes_after(*values, PREFIX_SIZE);
	return ERR_OK;
}

static enum err
groups_take(struct bytes values, struct buf *out)
{
	uint32_t held = 0;
	unsigned held_bits = 0;
	uint8_t sum[SUM_SIZE];

	for (size_t group = 1; values.n > 0; group++) {
		size_t n = values.n < GROUP_SIZE ? values.n : GROUP_SIZE;
		unsigned check = check_begin(group);

		for (size_t i = 0; i < n; i++)
			check = check_add(check, values.p[i]);
		if (check != 0 || n == 1)
			return typing_error(group);
		for (size_t i = 0; i + 1 < n; i++) {
			held = (held << DIGIT_BITS | values.p[i]) & 0xffff;
			held_bits += DIGIT_BITS;
			if (held_bits < 8)
				continue;
			held_bits -= 8;
			buf_add_u8(out, (uint8_t)(held >> held_bits));
		}
		values = bytes_after(values, n);
	}
	held &= (1u << held_bits) - 1;
	if (out->n <= SUM_SIZE || held != 0 || held_bits >= DIGIT_BITS)
		return err_set(
		    ERR_USAGE, "this token is cut short: its end is missing");
	sum_make(bytes_first(buf_bytes(out), out->n - SUM_SIZE), sum);
	if (memcmp(sum, out->p + out->n - SUM_SIZE, SUM_SIZE) != 0)
		return err_set(ERR_USAGE,
		    "there is a typing error in this token, or a part of it "
		    "is missing: compare it group by group");
	return ERR_OK;
}

static enum err
typing_error(size_t group)
{
	return err_set(ERR_USAGE,
	    "typing error: group %zu after '%s' (of %d characters each) is "
	    "not as it was made, or a character is missing before its end",
	    group, prefix, GROUP_SIZE);
}

static enum err
content_get(struct bytes content, struct token *token)
{
	static const struct fields fields = {.needed_n = TOKEN_N,
	    .known_n = TOKEN_N,
	    .field = field_get,
	    .what = "this token"};
	enum err e = fields_get(content, &fields, token);

	if (e == ERR_VERSION)
		e = err_set(ERR_VERSION,
		    "a newer golmok made this token: update this one");
	if (e != ERR_OK)
		return e;
	e = token_check(token);
	return e == ERR_OK ? e : err_wrap(e, "this token");
}

static void
field_get(struct reader *r, int64_t key, void *into)
{
	struct token *token = into;

	switch (key) {
	case TOKEN_CITY:
		bytes_copy(
		    token->city.b, codec_get_fixed(r, sizeof(token->city.b)));
		break;
	case TOKEN_ROOT:
		bytes_copy(
		    token->root.b, codec_get_fixed(r, sizeof(token->root.b)));
		break;
	case TOKEN_SECRET:
		bytes_copy(token->secret.b,
		    codec_get_fixed(r, sizeof(token->secret.b)));
		break;
	case TOKEN_EXPIRES:
		token->expires_s = codec_get_uint(r, expires_max_s);
		break;
	case TOKEN_LABEL:
		token->label = codec_get_text(r);
		break;
	default:
		assert(key == TOKEN_ADDRESSES);
		token->addresses_n = codec_get_array(r, LIMIT_ADDRESSES);
		for (size_t i = 0; i < token->addresses_n; i++)
			token->addresses[i] = codec_get_text(r);
	}
}

void
token_name(const struct token *token, struct token_id *id)
{
	struct hash hash;

	crypto_sha256_two(bytes_text("golmok/token/id"),
	    bytes_of(token->secret.b, sizeof(token->secret.b)), &hash);
	memcpy(id->b, hash.b, sizeof(id->b));
	crypto_wipe(&hash, sizeof(hash));
}

void
token_psk(const struct token *token, struct secret *psk)
{
	struct crypto_sha256 state;
	struct hash hash;

	crypto_sha256_init(&state);
	crypto_sha256_add(&state, bytes_text("golmok/token/psk"));
	crypto_sha256_add(
	    &state, bytes_of(token->secret.b, sizeof(token->secret.b)));
	crypto_sha256_add(
	    &state, bytes_of(token->city.b, sizeof(token->city.b)));
	crypto_sha256_out(&state, &hash);
	memcpy(psk->b, hash.b, sizeof(psk->b));
	crypto_wipe(&hash, sizeof(hash));
	crypto_wipe(&state, sizeof(state));
}

void
token_fini(struct token *token)
{
	crypto_wipe(token, sizeof(*token));
}

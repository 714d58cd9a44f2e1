/*
 * Facts of the authority space.  core/authority.c evaluates them, the CLI
 * writes them.  Knows their bytes, not what follows from them.  Pure.
 */
#include "proto/fact.h"

#include <string.h>

#include "proto/cut.h"
#include "proto/fields.h"
#include "proto/text.h"

enum { FOUNDING_FORMAT, FOUNDING_ROOT, FOUNDING_NEXT, FOUNDING_NAME };
enum { MEMBER_KEY, MEMBER_LABEL, MEMBER_ADDRESSES };
enum {
	GRANT_MEMBER,
	GRANT_PREFIX,
	GRANT_BITS,
	GRANT_CLASSES,
	GRANT_PASS_BITS,
	GRANT_PASS_CLASSES
};
enum { REVOKE_GRANT, REVOKE_CUTS, REVOKE_COMPROMISED, REVOKE_REASON };
enum { ROTATION_FORMAT, ROTATION_BEFORE, ROTATION_NEXT, ROTATION_CUTS };
enum { REASON_TEXT };

static const char class_letters[] = "NPSF";
static const struct {
	const char *word;
	enum right right;
} right_words[] = {
    {"read", RIGHT_READ},
    {"hold", RIGHT_HOLD},
    {"audit", RIGHT_AUDIT},
    {"write", RIGHT_WRITE},
    {"admin", RIGHT_ADMIN},
    {"erase", RIGHT_ERASE},
};

/* A founding record on its way in, with the format that it names. */
struct founding_reading {
	struct fact_founding founding;
	uint64_t format;
};

/* A revocation on its way in, and where its cuts go. */
struct revoke_reading {
	struct fact_revoke revoke;
	struct arena *arena; /* borrowed */
};

/* The same for a rotation, with the format that it names. */
struct rotation_reading {
	struct fact_rotation rotation;
	uint64_t format;
	struct arena *arena; /* borrowed */
};

static enum err fields_read(struct bytes in, int64_t keys_n, fields_fn *field,
    void *fact, const char *what) MUST_USE;
static void addresses_read(struct reader *r, struct fact_member *member);
static void founding_field(struct reader *r, int64_t key, void *fact);
static void member_field(struct reader *r, int64_t key, void *fact);
static void grant_field(struct reader *r, int64_t key, void *fact);
static void revoke_field(struct reader *r, int64_t key, void *fact);
static void rotation_field(struct reader *r, int64_t key, void *fact);
static void reason_field(struct reader *r, int64_t key, void *fact);
static uint64_t format_read(struct reader *r);
static enum err format_refused(uint64_t format, const char *what) MUST_USE;
static struct bytes label_read(struct reader *r);
static enum err word_read(struct bytes word, struct rights *rights) MUST_USE;
static enum err letters_read(
    struct bytes letters, struct rights *rights) MUST_USE;

void
fact_founding_put(const struct fact_founding *founding, struct buf *out)
{
	codec_put_map(out, 4);
	codec_put_int(out, FOUNDING_FORMAT);
	codec_put_int(out, DELTA_FORMAT);
	codec_put_int(out, FOUNDING_ROOT);
	codec_put_bytes(out, bytes_of(founding->root.b, 32));
	codec_put_int(out, FOUNDING_NEXT);
	codec_put_bytes(out, bytes_of(founding->next_root.b, 32));
	codec_put_int(out, FOUNDING_NAME);
	codec_put_text(out, founding->name);
}

void
fact_member_put(const struct fact_member *member, struct buf *out)
{
	assert(member->addresses_n <= LIMIT_ADDRESSES);
	codec_put_map(out, member->addresses_n > 0 ? 3 : 2);
	codec_put_int(out, MEMBER_KEY);
	codec_put_bytes(out, bytes_of(member->key.b, 32));
	codec_put_int(out, MEMBER_LABEL);
	codec_put_text(out, member->label);
	if (member->addresses_n == 0)
		return;
	codec_put_int(out, MEMBER_ADDRESSES);
	codec_put_array(out, member->addresses_n);
	for (size_t i = 0; i < member->addresses_n; i++) {
		assert(fact_address_is_sound(member->addresses[i]));
		codec_put_text(out, member->addresses[i]);
	}
}

bool
fact_address_is_sound(struct bytes address)
{
	return address.n > 0 && address.n <= LIMIT_ADDRESS_SIZE &&
	       text_is_plain(address);
}

void
fact_grant_put(const struct fact_grant *grant, struct buf *out)
{
	codec_put_map(out, 6);
	codec_put_int(out, GRANT_MEMBER);
	codec_put_bytes(out, bytes_of(grant->member.b, 32));
	codec_put_int(out, GRANT_PREFIX);
	codec_put_text(out, bytes_text(grant->prefix.text));
	codec_put_int(out, GRANT_BITS);
	codec_put_int(out, grant->gives.bits);
	codec_put_int(out, GRANT_CLASSES);
	codec_put_int(out, grant->gives.classes);
	codec_put_int(out, GRANT_PASS_BITS);
	codec_put_int(out, grant->passes.bits);
	codec_put_int(out, GRANT_PASS_CLASSES);
	codec_put_int(out, grant->passes.classes);
}

void
fact_revoke_put(const struct fact_revoke *revoke, struct buf *out)
{
	assert(revoke->cuts_n <= LIMIT_CUTS);
	assert(revoke->reason.n <= LIMIT_LABEL_SIZE);
	codec_put_map(out, 4);
	codec_put_int(out, REVOKE_GRANT);
	codec_put_array(out, 3);
	codec_put_bytes(out, bytes_of(revoke->grant.log.b, 16));
	codec_put_int(out, (int64_t)revoke->grant.seq);
	codec_put_bytes(out, bytes_of(revoke->grant.leaf, 8));
	codec_put_int(out, REVOKE_CUTS);
	cut_put(revoke->cuts, revoke->cuts_n, out);
	codec_put_int(out, REVOKE_COMPROMISED);
	codec_put_int(out, revoke->compromised);
	codec_put_int(out, REVOKE_REASON);
	codec_put_text(out, revoke->reason);
}

void
fact_rotation_put(const struct fact_rotation *rotation, struct buf *out)
{
	assert(rotation->cuts_n <= LIMIT_ROTATION_CUTS);
	codec_put_map(out, 4);
	codec_put_int(out, ROTATION_FORMAT);
	codec_put_int(out, DELTA_FORMAT);
	codec_put_int(out, ROTATION_BEFORE);
	codec_put_bytes(out, bytes_of(rotation->before.b, 32));
	codec_put_int(out, ROTATION_NEXT);
	codec_put_bytes(out, bytes_of(rotation->next_root.b, 32));
	codec_put_int(out, ROTATION_CUTS);
	cut_put(rotation->cuts, rotation->cuts_n, out);
}

void
fact_reason_put(const struct fact_reason *reason, struct buf *out)
{
	assert(reason->text.n <= LIMIT_LABEL_SIZE);
	codec_put_map(out, 1);
	codec_put_int(out, REASON_TEXT);
	codec_put_text(out, reason->text);
}

/* Reads a map that has each of the keys 0..keys_n - 1. */
static enum err
fields_read(struct bytes in, int64_t keys_n, fields_fn *field, void *fact,
    const char *what)
{
	const struct fields fields = {.needed_n = keys_n,
	    .known_n = keys_n,
	    .field = field,
	    .what = what};

	return fields_get(in, &fields, fact);
}

enum err
fact_founding_get(struct bytes in, struct fact_founding *founding)
{
	struct founding_reading reading = {.format = DELTA_FORMAT};
	enum err e = fields_read(
	    in, FOUNDING_NAME + 1, founding_field, &reading, "founding record");

	*founding = reading.founding;
	if (reading.format > DELTA_FORMAT)
		return format_refused(reading.format, "founding record");
	return e;
}

static enum err
format_refused(uint64_t format, const char *what)
{
	return err_set(ERR_VERSION,
	    "%s of format %llu, which a newer program wrote", what,
	    (unsigned long long)format);
}

/* A number below ours was never a format. */
static uint64_t
format_read(struct reader *r)
{
	uint64_t format = codec_get_uint(r, UINT32_MAX);

	r->bad = r->bad || format < DELTA_FORMAT;
	return format;
}

static void
founding_field(struct reader *r, int64_t key, void *fact)
{
	struct founding_reading *reading = fact;
	struct fact_founding *founding = &reading->founding;

	if (key == FOUNDING_FORMAT) {
		reading->format = format_read(r);
	} else if (key == FOUNDING_ROOT) {
		bytes_copy(founding->root.b, codec_get_fixed(r, 32));
	} else if (key == FOUNDING_NEXT) {
		bytes_copy(founding->next_root.b, codec_get_fixed(r, 32));
	} else {
		founding->name = label_read(r);
	}
}

static struct bytes
label_read(struct reader *r)
{
	struct bytes label = codec_get_text(r);

	if (label.n > LIMIT_LABEL_SIZE)
		r->bad = true;
	return label;
}

enum err
fact_member_get(struct bytes in, struct fact_member *member)
{
	static const struct fields fields = {.needed_n = MEMBER_LABEL + 1,
	    .known_n = MEMBER_ADDRESSES + 1,
	    .field = member_field,
	    .what = "member fact"};

	memset(member, 0, sizeof(*member));
	return fields_get(in, &fields, member);
}

static void
member_field(struct reader *r, int64_t key, void *fact)
{
	struct fact_member *member = fact;

	if (key == MEMBER_KEY)
		bytes_copy(member->key.b, codec_get_fixed(r, 32));
	else if (key == MEMBER_LABEL)
		member->label = label_read(r);
	else
		addresses_read(r, member);
}

/* A member without any has no such key: one fact, one encoding. */
static void
addresses_read(struct reader *r, struct fact_member *member)
{
	size_t n = codec_get_array(r, LIMIT_ADDRESSES);

	for (size_t i = 0; i < n && !r->bad; i++) {
		member->addresses[i] = codec_get_text(r);
		if (!fact_address_is_sound(member->addresses[i]))
			r->bad = true;
	}
	r->bad = r->bad || n == 0;
	member->addresses_n = r->bad ? 0 : n;
}

enum err
fact_grant_get(struct bytes in, struct fact_grant *grant)
{
	memset(grant, 0, sizeof(*grant));
	return fields_read(
	    in, GRANT_PASS_CLASSES + 1, grant_field, grant, "grant fact");
}

static void
grant_field(struct reader *r, int64_t key, void *fact)
{
	struct fact_grant *grant = fact;

	switch (key) {
	case GRANT_MEMBER:
		bytes_copy(grant->member.b, codec_get_fixed(r, 32));
		break;
	case GRANT_PREFIX:
		if (id_prefix(codec_get_text(r), &grant->prefix) != ERR_OK)
			r->bad = true;
		break;
	case GRANT_BITS:
		grant->gives.bits = (unsigned)codec_get_uint(r, RIGHTS_ALL);
		break;
	case GRANT_CLASSES:
		grant->gives.classes = (unsigned)codec_get_uint(r, CLASSES_ALL);
		break;
	case GRANT_PASS_BITS:
		grant->passes.bits = (unsigned)codec_get_uint(r, RIGHTS_ALL);
		break;
	default:
		grant->passes.classes = (unsigned)codec_get_uint(
		    r, CLASSES_ALL);
		break;
	}
}

enum err
fact_revoke_get(
    struct bytes in, struct arena *arena, struct fact_revoke *revoke)
{
	struct revoke_reading reading = {.arena = arena};
	enum err e = fields_read(
	    in, REVOKE_REASON + 1, revoke_field, &reading, "revocation");

	*revoke = reading.revoke;
	return e;
}

static void
revoke_field(struct reader *r, int64_t key, void *fact)
{
	struct revoke_reading *reading = fact;
	struct fact_revoke *revoke = &reading->revoke;

	if (key == REVOKE_GRANT) {
		if (codec_get_array(r, 3) != 3)
			r->bad = true;
		bytes_copy(revoke->grant.log.b, codec_get_fixed(r, 16));
		revoke->grant.seq = codec_get_uint(r, INT64_MAX);
		bytes_copy(revoke->grant.leaf, codec_get_fixed(r, 8));
	} else if (key == REVOKE_CUTS) {
		revoke->cuts = cut_get(
		    r, LIMIT_CUTS, reading->arena, &revoke->cuts_n);
	} else if (key == REVOKE_COMPROMISED) {
		revoke->compromised = codec_get_uint(r, 1) == 1;
	} else {
		revoke->reason = label_read(r);
	}
}

enum err
fact_rotation_get(
    struct bytes in, struct arena *arena, struct fact_rotation *rotation)
{
	struct rotation_reading reading = {
	    .format = DELTA_FORMAT, .arena = arena};
	enum err e = fields_read(
	    in, ROTATION_CUTS + 1, rotation_field, &reading, "rotation record");

	*rotation = reading.rotation;
	if (reading.format > DELTA_FORMAT)
		return format_refused(reading.format, "rotation record");
	return e;
}

static void
rotation_field(struct reader *r, int64_t key, void *fact)
{
	struct rotation_reading *reading = fact;
	struct fact_rotation *rotation = &reading->rotation;

	if (key == ROTATION_FORMAT)
		reading->format = format_read(r);
	else if (key == ROTATION_BEFORE)
		bytes_copy(rotation->before.b, codec_get_fixed(r, 32));
	else if (key == ROTATION_NEXT)
		bytes_copy(rotation->next_root.b, codec_get_fixed(r, 32));
	else
		rotation->cuts = cut_get(
		    r, LIMIT_ROTATION_CUTS, reading->arena, &rotation->cuts_n);
}

enum err
fact_reason_get(struct bytes in, struct fact_reason *reason)
{
	memset(reason, 0, sizeof(*reason));
	return fields_read(
	    in, REASON_TEXT + 1, reason_field, reason, "reason of a decision");
}

static void
reason_field(struct reader *r, int64_t key, void *fact)
{
	struct fact_reason *reason = fact;

	(void)key;
	reason->text = label_read(r);
}

void
fact_city(struct bytes founding, struct city_id *city)
{
	struct hash hash;

	crypto_sha256(founding, &hash);
	memcpy(city->b, hash.b, sizeof(city->b));
}

bool
fact_rights_within(struct rights inner, struct rights outer)
{
	return (inner.bits & ~outer.bits) == 0 &&
	       (inner.classes & ~outer.classes) == 0;
}

void
fact_rights_text(struct rights rights, struct buf *text)
{
	size_t was = text->n;

	for (size_t i = 0; i < COUNT_OF(right_words); i++) {
		if ((rights.bits & (unsigned)right_words[i].right) == 0)
			continue;
		if (text->n > was)
			buf_add_u8(text, ',');
		buf_add_text(text, right_words[i].word);
		if (right_words[i].right != RIGHT_READ)
			continue;
		buf_add_u8(text, ':');
		for (unsigned class = 0; class < CLASS_COUNT; class ++) {
			if ((rights.classes >> class & 1) != 0)
				buf_add_u8(text, (uint8_t)class_letters[class]);
		}
	}
}

enum err
fact_rights(struct bytes text, struct rights *rights)
{
	*rights = (struct rights){0};
	if (bytes_is(text, "all")) {
		*rights = (struct rights){
		    .bits = RIGHTS_ALL, .classes = CLASSES_ALL};
		return ERR_OK;
	}
	if (text.n == 0)
		return err_set(ERR_INVALID, "no right is named");
	for (;;) {
		size_t n = bytes_find(text, ',');
		enum err e = word_read(bytes_first(text, n), rights);

		if (e != ERR_OK || n == text.n)
			return e;
		text = bytes_after(text, n + 1);
	}
}

static enum err
word_read(struct bytes word, struct rights *rights)
{
	struct bytes name = bytes_first(word, bytes_find(word, ':'));

	size_t i = 0;

	while (
	    i < COUNT_OF(right_words) && !bytes_is(name, right_words[i].word))
		i++;
	if (i == COUNT_OF(right_words) ||
	    (name.n < word.n && right_words[i].right != RIGHT_READ))
		return err_set(ERR_INVALID,
		    "'%.*s' is no right: read[:NPSF], hold, audit, write, "
		    "admin, erase, or all",
		    (int)word.n, (const char *)word.p);
	rights->bits |= (unsigned)right_words[i].right;
	if (right_words[i].right != RIGHT_READ)
		return ERR_OK;
	rights->classes |= 1u << CLASS_N;
	return letters_read(
	    bytes_after(word, name.n < word.n ? name.n + 1 : name.n), rights);
}

static enum err
letters_read(struct bytes letters, struct rights *rights)
{
	for (size_t i = 0; i < letters.n; i++) {
		const char *hit = letters.p[i] != 0
				      ? strchr(class_letters, letters.p[i])
				      : NULL;

		if (hit == NULL)
			return err_set(ERR_INVALID,
			    "'%.*s': data classes are N, P, S and F",
			    (int)letters.n, (const char *)letters.p);
		rights->classes |= 1u << (hit - class_letters);
	}
	return ERR_OK;
}

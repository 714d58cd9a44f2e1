/*
 * Certificates of links.  net/peer/channel.c shows ours and judges the peer's.
 * Whether the city knows the peer, and what it may have, is not asked here.
 */
#include "net/peer/certificate.h"

#include <string.h>

#include "proto/codec.h"

enum { CERTIFICATE_KEY, CERTIFICATE_SIGNATURE, CERTIFICATE_N };
enum { KEY_IGNORABLE = 128, KEYS_MAX = 16 };

static const char label[] = "golmok/link/1";

static void text_put(const struct city_id *city, const struct dh_key *link_key,
    struct buf *text);
static enum err certificate_read(struct bytes certificate, struct sign_key *key,
    struct signature *signature) MUST_USE;

void
certificate_put(const struct identity *identity, struct buf *out)
{
	struct signature signature;
	struct buf text = {0};

	text_put(&identity->city, &identity->dh_key, &text);
	crypto_sign_message(
	    &identity->seed, &identity->key, buf_bytes(&text), &signature);
	codec_put_map(out, CERTIFICATE_N);
	codec_put_int(out, CERTIFICATE_KEY);
	codec_put_bytes(
	    out, bytes_of(identity->key.b, sizeof(identity->key.b)));
	codec_put_int(out, CERTIFICATE_SIGNATURE);
	codec_put_bytes(out, bytes_of(signature.b, sizeof(signature.b)));
	buf_fini(&text);
}

/* What the key of logs signs. */
static void
text_put(
    const struct city_id *city, const struct dh_key *link_key, struct buf *text)
{
	buf_add_text(text, label);
	buf_add(text, bytes_of(city->b, sizeof(city->b)));
	buf_add(text, bytes_of(link_key->b, sizeof(link_key->b)));
}

enum err
certificate_check(const struct identity *identity, struct bytes certificate,
    const struct dh_key *link_key, struct sign_key *peer)
{
	struct sign_key key = {0};
	struct signature signature = {0};
	struct buf text = {0};
	bool holds;
	enum err e = certificate_read(certificate, &key, &signature);

	if (e != ERR_OK)
		return e;
	text_put(&identity->city, link_key, &text);
	holds = crypto_verify(&key, buf_bytes(&text), &signature);
	buf_fini(&text);
	if (!holds)
		return err_set(ERR_MALFORMED,
		    "the peer's certificate is not for the key that it uses");
	if (memcmp(key.b, identity->key.b, sizeof(key.b)) == 0)
		return err_set(ERR_EXISTS,
		    "the peer has the key of this node: it is this node itself "
		    "or a copy of it");
	*peer = key;
	return ERR_OK;
}

static enum err
certificate_read(
    struct bytes certificate, struct sign_key *key, struct signature *signature)
{
	struct reader r;
	int64_t last = -1;
	size_t known_n = 0;
	size_t n;

	codec_begin(&r, certificate);
	n = codec_get_map(&r, KEYS_MAX);
	for (size_t i = 0; i < n && !r.bad; i++) {
		int64_t field = codec_get_key(&r, &last);

		if (field >= KEY_IGNORABLE && !r.bad) {
			(void)codec_get_value(&r);
			continue;
		}
		known_n++;
		if (field == CERTIFICATE_KEY)
			bytes_copy(key->b, codec_get_fixed(&r, sizeof(key->b)));
		else if (field == CERTIFICATE_SIGNATURE)
			bytes_copy(signature->b,
			    codec_get_fixed(&r, sizeof(signature->b)));
		else
			r.bad = true;
	}
	r.bad = r.bad || known_n != CERTIFICATE_N;
	return codec_end(&r, "the peer's certificate");
}

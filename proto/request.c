/*
 * Requests to be admitted, as files.  The command `join --request` writes them,
 * `admit` reads them; who brings one is for people to know.
 */
#include "proto/request.h"

#include "proto/ascii.h"
#include "proto/codec.h"
#include "proto/text.h"

enum {
	REQUEST_KEY,
	REQUEST_LINK_KEY,
	REQUEST_LABEL,
	REQUEST_SIGNATURE,
	REQUEST_N,
};
enum {
	KEY_IGNORABLE = 128,
	KEYS_MAX = 16,
	LINE_SIZE = 64,
	/* Before anything is known of it; all that may be in it fits. */
	TEXT_SIZE_MAX = 4096,
};

/* Everything but the number of the version says what kind of file it is. */
static const char title[] = "golmok request 1";
static const char purpose[] = "golmok/request/1";

static void signed_text(const struct request *request, struct buf *out);
static enum err title_take(struct bytes *text) MUST_USE;
static enum err content_get(struct bytes content, struct request *request,
    struct signature *signature) MUST_USE;

void
request_put(const struct request *request, const struct sign_seed *seed,
    struct buf *text)
{
	struct signature signature;
	struct buf content = {0};
	struct buf lines = {0};
	struct bytes rest;

	assert(text_is_plain(request->label) &&
	       request->label.n <= LIMIT_LABEL_SIZE);
	signed_text(request, &content);
	crypto_sign_message(
	    seed, &request->key, buf_bytes(&content), &signature);
	buf_cut(&content, 0);
	codec_put_map(&content, REQUEST_N);
	codec_put_int(&content, REQUEST_KEY);
	codec_put_bytes(&content, bytes_of(request->key.b, 32));
	codec_put_int(&content, REQUEST_LINK_KEY);
	codec_put_bytes(&content, bytes_of(request->link_key.b, 32));
	codec_put_int(&content, REQUEST_LABEL);
	codec_put_text(&content, request->label);
	codec_put_int(&content, REQUEST_SIGNATURE);
	codec_put_bytes(&content, bytes_of(signature.b, sizeof(signature.b)));
	ascii_base64(buf_bytes(&content), &lines);
	buf_add_text(text, title);
	buf_add_u8(text, '\n');
	rest = buf_bytes(&lines);
	while (rest.n > 0) {
		size_t n = rest.n < LINE_SIZE ? rest.n : LINE_SIZE;

		buf_add(text, bytes_first(rest, n));
		buf_add_u8(text, '\n');
		rest = bytes_after(rest, n);
	}
	buf_fini(&lines);
	buf_fini(&content);
}

static void
signed_text(const struct request *request, struct buf *out)
{
	buf_add_text(out, purpose);
	buf_add(out, bytes_of(request->key.b, sizeof(request->key.b)));
	buf_add(
	    out, bytes_of(request->link_key.b, sizeof(request->link_key.b)));
	buf_add(out, request->label);
}

enum err
request_get(struct bytes text, struct arena *arena, struct request *request)
{
	struct signature signature = {0};
	struct buf packed = {0};
	struct buf content = {0};
	bool holds;
	enum err e = title_take(&text);

	*request = (struct request){0};
	if (e != ERR_OK)
		return e;
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] != ' ' && text.p[i] != '\r' && text.p[i] != '\n')
			buf_add_u8(&packed, text.p[i]);
	}
	e = ascii_from_base64(buf_bytes(&packed), &content);
	if (e == ERR_OK)
		e = content_get(arena_bytes(arena, buf_bytes(&content)),
		    request, &signature);
	if (e != ERR_OK)
		goto out;
	buf_cut(&content, 0);
	signed_text(request, &content);
	holds = crypto_verify(&request->key, buf_bytes(&content), &signature);
	if (!holds)
		e = err_set(ERR_MALFORMED,
		    "it is not signed by the key that it names: it was changed "
		    "on the way");
out:
	buf_fini(&content);
	buf_fini(&packed);
	return e == ERR_OK ? e : err_wrap(e, "request");
}

static enum err
title_take(struct bytes *text)
{
	struct bytes all = bytes_text(title);
	struct bytes kind = bytes_first(all, all.n - 1);
	struct bytes line;

	if (text->n > TEXT_SIZE_MAX || !bytes_begins(*text, kind))
		return err_set(ERR_MALFORMED,
		    "this is no request to be admitted: it does not begin with "
		    "'%s'",
		    title);
	line = bytes_first(*text, bytes_find(*text, '\n'));
	if (line.n > 0 && line.p[line.n - 1] == '\r')
		line = bytes_first(line, line.n - 1);
	if (!bytes_equal(line, all))
		return err_set(ERR_VERSION,
		    "a newer golmok made this request: update this one");
	*text = bytes_after(*text, bytes_find(*text, '\n'));
	return ERR_OK;
}

static enum err
content_get(
    struct bytes content, struct request *request, struct signature *signature)
{
	struct reader r;
	int64_t last = -1;
	size_t known_n = 0;
	size_t n;

	codec_begin(&r, content);
	n = codec_get_map(&r, KEYS_MAX);
	for (size_t i = 0; i < n && !r.bad; i++) {
		int64_t key = codec_get_key(&r, &last);

		if (key >= KEY_IGNORABLE && !r.bad) {
			(void)codec_get_value(&r);
			continue;
		}
		known_n++;
		if (key == REQUEST_KEY)
			bytes_copy(request->key.b, codec_get_fixed(&r, 32));
		else if (key == REQUEST_LINK_KEY)
			bytes_copy(
			    request->link_key.b, codec_get_fixed(&r, 32));
		else if (key == REQUEST_LABEL)
			request->label = codec_get_text(&r);
		else if (key == REQUEST_SIGNATURE)
			bytes_copy(signature->b,
			    codec_get_fixed(&r, sizeof(signature->b)));
		else
			r.bad = true;
	}
	r.bad = r.bad || known_n != REQUEST_N ||
		request->label.n > LIMIT_LABEL_SIZE ||
		!text_is_plain(request->label);
	return codec_end(&r, "its content");
}

/*
 * Text made comparable.  Indexes and who looks at what they led to fold alike.
 * Which signs do not matter is the pack's to say.  Reads no table.
 */
#include "core/fold.h"

#include "proto/text.h"

static void word_drop(
    struct bytes word, bool before_digit, struct buf *text, struct buf *spare);

enum err
fold_text(const struct pack_fold *fold, struct bytes text, struct buf *out)
{
	struct buf spare = {0};
	struct buf word = {0};
	size_t drop_n = fold != NULL ? fold->drop_n : 0;
	size_t all_n = fold != NULL ? drop_n + fold->drop_before_digit_n : 0;
	enum err e;

	buf_cut(out, 0);
	e = text_nfc(text, &spare);
	if (e != ERR_OK)
		goto out;
	text_small(buf_bytes(&spare), &word);
	/* A small letter may have another form than the large one. */
	if (bytes_equal(buf_bytes(&spare), buf_bytes(&word)))
		buf_add(out, buf_bytes(&spare));
	else
		e = text_nfc(buf_bytes(&word), out);
	for (size_t i = 0; i < all_n && e == ERR_OK; i++) {
		const char *given = i < drop_n
					? fold->drop[i]
					: fold->drop_before_digit[i - drop_n];

		buf_cut(&word, 0);
		text_small(bytes_text(given), &word);
		word_drop(buf_bytes(&word), i >= drop_n, out, &spare);
	}
out:
	buf_fini(&word);
	buf_fini(&spare);
	return e;
}

/* Takes `word` out of `text`; or only where, perhaps after more of it, a digit
 * follows. */
static void
word_drop(
    struct bytes word, bool before_digit, struct buf *text, struct buf *spare)
{
	struct bytes left = buf_bytes(text);
	struct buf was = *text;
	size_t at = bytes_search(left, word);

	/* Few texts have any of the words. */
	if (word.n == 0 || at == left.n)
		return;
	buf_cut(spare, 0);
	while (left.n > 0) {
		struct bytes next = bytes_after(left, at);

		buf_add(spare, bytes_first(left, at));
		left = next;
		while (bytes_begins(next, word))
			next = bytes_after(next, word.n);
		if (before_digit &&
		    (next.n == 0 || next.p[0] < '0' || next.p[0] > '9'))
			buf_add(spare, bytes_first(left, left.n - next.n));
		left = next;
		at = bytes_search(left, word);
	}
	*text = *spare;
	*spare = was;
}

/* The size of the first letter of `text`, which is UTF-8. */
static size_t
letter_size(struct bytes text)
{
	size_t n = text.n > 0;

	while (n < text.n && (text.p[n] & 0xc0) == 0x80)
		n++;
	return n;
}

struct bytes
fold_open(const struct pack_fold *fold, struct bytes word)
{
	size_t n = fold != NULL ? fold->drop_before_digit_n : 0;
	struct bytes open = word;

	for (size_t i = 0; i < n && open.n == word.n; i++) {
		struct buf end = {0};

		text_small(bytes_text(fold->drop_before_digit[i]), &end);
		if (end.n > 0 && end.n < word.n &&
		    bytes_equal(
			bytes_after(word, word.n - end.n), buf_bytes(&end)))
			open = bytes_first(word, word.n - end.n);
		buf_fini(&end);
	}
	return open;
}

/* Is `word` in `text`, with a digit behind it? */
static bool
has_numbered(struct bytes text, struct bytes word, bool begins)
{
	while (text.n > word.n) {
		size_t at = bytes_search(text, word);

		if (at + word.n >= text.n || (begins && at > 0))
			return false;
		if (text.p[at + word.n] >= '0' && text.p[at + word.n] <= '9')
			return true;
		text = bytes_after(text, at + 1);
		if (begins)
			return false;
	}
	return false;
}

bool
fold_has(const struct pack_fold *fold, struct bytes text, struct bytes word,
    bool begins)
{
	struct bytes open = fold_open(fold, word);

	if (begins ? bytes_begins(text, word)
		   : bytes_search(text, word) < text.n)
		return true;
	return open.n < word.n && has_numbered(text, open, begins);
}

bool
fold_pair(struct bytes *folded, struct bytes *pair)
{
	size_t one = letter_size(*folded);
	size_t two = letter_size(bytes_after(*folded, one));

	if (two == 0)
		return false;
	*pair = bytes_first(*folded, one + two);
	*folded = bytes_after(*folded, one);
	return true;
}

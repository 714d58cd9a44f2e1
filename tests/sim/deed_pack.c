/*
 * The pack that is compiled in, line by line as another one.  What is replaced
 * must be there: the first run would fail otherwise.
 */
#include "tests/sim/deed_pack.h"

#include <string.h>

#include "proto/buf.h"
#include "tests/sim/packs.h"

struct bytes __real_pack_embedded(void);

static struct buf texts[DEED_PACK_LAST - DEED_PACK_FIRST + 1];

static bool
begins(struct bytes line, const char *words)
{
	size_t n = strlen(words);

	return line.n >= n && memcmp(line.p, words, n) == 0;
}

/* Where `words` stand in `line`; SIZE_MAX: nowhere. */
static size_t
find(struct bytes line, const char *words)
{
	for (size_t i = 0; i < line.n; i++)
		if (begins(bytes_after(line, i), words))
			return i;
	return SIZE_MAX;
}

/* `line` with `to` in the place of `from`. */
static void
replace(struct buf *text, struct bytes line, const char *from, const char *to)
{
	size_t at = find(line, from);

	assert(at != SIZE_MAX);
	buf_add(text, bytes_first(line, at));
	buf_add_text(text, to);
	buf_add(text, bytes_after(line, at + strlen(from)));
}

static void
line_add(struct buf *text, struct bytes line, unsigned version)
{
	bool last = version == DEED_PACK_LAST;

	if (begins(line, "  \"name\": ")) {
		buf_add_format(text, "\"name\": \"%s\",\n", packs_name);
	} else if (begins(line, "  \"version\": ")) {
		buf_add_format(text, "\"version\":%u,\n", version);
	} else if (begins(line, "      \"space\": ")) {
		buf_add_text(text, "\"space\": \"x\",\n");
	} else if (begins(line, "    {\"name\": \"report\", \"urgent\"")) {
		/* What is urgent knows no budget. */
		buf_add_text(text, "{\"name\": \"x\"}\n");
	} else if (begins(line, "  \"collections\": [")) {
		buf_add(text, line);
		buf_add(text, packs_card());
		buf_add_text(text, ",\n");
	} else if (begins(line, "  \"views\": [")) {
		buf_add(text, line);
		buf_add_text(text,
		    "{\"name\":\"cards\",\"collection\":\"card\",\"group\":"
		    "[{\"name\":\"grade\",\"is\":\"grade\"},"
		    "{\"name\":\"stage\",\"is\":\"stage\"}],\"count\":true,"
		    "\"distinct\":[{\"name\":\"needs\",\"is\":\"needs\"}]},\n");
	} else if (last && begins(line, "    {\"name\": \"visits_done\"")) {
		replace(text, line, "visits_done", "visits_made");
	} else if (last && begins(line, "        {\"name\": \"kind\"") &&
		   find(line, "\"plain\"") != SIZE_MAX) {
		replace(text, line, "\"plain\"", "\"none\"");
	} else {
		buf_add(text, line);
	}
}

/* How long what a line says to people is, at its beginning; 0: nothing.  What
 * takes its place in `*to`. */
static size_t
words_size(struct bytes line, const char **to)
{
	static const struct {
		const char *from;
		const char *end;
		const char *to;
	} words[] = {
	    {"\"label\": {", "}", "\"label\":{\"ko\":\"a\",\"en\":\"a\"}"},
	    {"\"say\": {", "}", "\"say\":{\"ko\":\"a\",\"en\":\"a\"}"},
	    {", \"ko\": \"", "\"", ""},
	    {", \"en\": \"", "\"", ""},
	};

	for (size_t i = 0; i < COUNT_OF(words); i++) {
		size_t n = strlen(words[i].from);

		if (!begins(line, words[i].from))
			continue;
		*to = words[i].to;
		return n + find(bytes_after(line, n), words[i].end) + 1;
	}
	return 0;
}

/* It is read again whenever a store is opened: shorter is faster. */
static void
squeezed_add(struct buf *text, struct bytes line)
{
	while (line.n > 0) {
		const char *to;
		size_t n = words_size(line, &to);

		if (n > 0) {
			buf_add_text(text, to);
		} else {
			n = 1;
			if (!begins(line, "  "))
				buf_add(text, bytes_first(line, 1));
		}
		line = bytes_after(line, n);
	}
}

static void
text_make(struct buf *text, unsigned version)
{
	struct bytes rest = __real_pack_embedded();
	struct buf whole = {0};

	/* Behind the views nothing is wished. */
	while (!begins(rest, "  \"due\": [")) {
		size_t n = find(rest, "\n");

		assert(n != SIZE_MAX);
		line_add(&whole, bytes_first(rest, n + 1), version);
		rest = bytes_after(rest, n + 1);
	}
	assert(whole.p != NULL);
	while (whole.p[whole.n - 1] != ',')
		buf_cut(&whole, whole.n - 1);
	whole.p[whole.n - 1] = '}';
	squeezed_add(text, buf_bytes(&whole));
	buf_fini(&whole);
}

struct bytes
deed_pack(unsigned version)
{
	struct buf *text = &texts[version - DEED_PACK_FIRST];

	assert(version >= DEED_PACK_FIRST && version <= DEED_PACK_LAST);
	if (text->n == 0)
		text_make(text, version);
	return buf_bytes(text);
}

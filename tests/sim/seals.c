/*
 * Watches what is encrypted, and what is said.  Nobody else sees both the keys
 * of all nodes and the bytes between them.
 */
#include "tests/sim/seals.h"

#include <string.h>

#include "core/file.h"
#include "proto/mem.h"
#include "tests/sim/hold.h"

enum {
	FILE_SIZE_MAX = 1 << 30,
	/* Names of more spaces than this are not all looked for. */
	NAMES_MAX = 16,
};

/* One use of a key: hashes, as 64 bits are enough to tell them apart. */
struct seal {
	uint64_t key; /* and counter; 0: a free place */
	uint64_t text;
};

static struct sim *watched;
static struct seal *seals; /* owned; open addressing */
static size_t seals_n;
static size_t seals_room;

const char seals_secret[] = "SECRET값";

void
seals_begin(struct sim *sim)
{
	watched = sim;
}

void
seals_fini(void)
{
	mem_free(seals);
	seals = NULL;
	seals_n = 0;
	seals_room = 0;
	watched = NULL;
}

/* Where `key` is, or is to go. */
static struct seal *
place(uint64_t key)
{
	size_t at = (size_t)key & (seals_room - 1);

	while (seals[at].key != 0 && seals[at].key != key)
		at = (at + 1) & (seals_room - 1);
	return &seals[at];
}

static void
grow(void)
{
	struct seal *old = seals;
	size_t n = seals_room;

	seals_room = n > 0 ? 2 * n : 1 << 14;
	seals = mem_zeros(seals_room, sizeof(*seals));
	for (size_t i = 0; i < n; i++)
		if (old[i].key != 0)
			*place(old[i].key) = old[i];
	mem_free(old);
}

void
seals_used(const struct secret *key, uint64_t counter, struct bytes ad,
    struct bytes plain)
{
	uint8_t use[sizeof(key->b) + 8];
	struct seal new;
	struct seal *found;
	unsigned before;

	if (watched == NULL)
		return;
	before = hold_nobody();
	memcpy(use, key->b, sizeof(key->b));
	bytes_put_be64(use + sizeof(key->b), counter);
	new.key = bytes_checksum(bytes_of(use, sizeof(use))) | 1;
	new.text = bytes_checksum(plain) * 31 + bytes_checksum(ad);
	if (2 * seals_n >= seals_room)
		grow();
	found = place(new.key);
	if (found->key == 0) {
		*found = new;
		seals_n++;
	} else if (found->text != new.text) {
		sim_fail(watched, "a key and a counter sealed two texts");
	}
	hold_end(before);
}

static bool
has(struct bytes in, const char *text)
{
	size_t n = strlen(text);
	const uint8_t *at = in.p;
	size_t left = in.n;

	while (left >= n) {
		const uint8_t *next = memchr(at, text[0], left - n + 1);

		if (next == NULL)
			return false;
		if (memcmp(next, text, n) == 0)
			return true;
		left -= (size_t)(next + 1 - at);
		at = next + 1;
	}
	return false;
}

void
seals_message(struct bytes message)
{
	if (watched != NULL && has(message, seals_secret))
		sim_fail(watched, "a message has a body that is not sealed");
}

static void
bytes_look(struct bytes out, const char *where)
{
	if (has(out, seals_secret))
		sim_fail(watched, "what people wrote can be read %s", where);
	for (size_t i = 0; i < watched->spaces_n && i < NAMES_MAX; i++)
		if (has(out, watched->spaces[i].text))
			sim_fail(watched, "the name of %s can be read %s",
			    watched->spaces[i].text, where);
}

void
seals_wire(struct bytes out)
{
	bytes_look(out, "on a wire");
}

void
seals_file(const char *path)
{
	struct buf content = {0};

	sim_must(
	    watched, file_read(path, FILE_SIZE_MAX, &content), "read a bundle");
	bytes_look(buf_bytes(&content), "in a bundle");
	buf_fini(&content);
}

/*
 * Any bytes as a file of keys: of words that only this target has, of a node,
 * of a root.  What is accepted is written again, and read as the same.
 */
#include "core/keyfile.h"

#include "core/identity.h"
#include "tests/fuzz/cost.h"
#include "tests/fuzz/disk.h"
#include "tests/fuzz/targets.h"

static const char name[] = "keys";

/* What a file of keys is read into. */
struct places {
	uint8_t one[1];
	uint8_t few[8];
	uint8_t many[64];
};

static enum err
places_load(const char *path, struct places *places, struct buf *text)
{
	const struct keyfile_line lines[] = {
	    {"one", places->one, sizeof(places->one)},
	    {"few", places->few, sizeof(places->few)},
	    {"many", places->many, sizeof(places->many)},
	};
	const struct keyfile file = {"golmok fuzz 1", lines, COUNT_OF(lines)};
	enum err e = keyfile_load(path, &file);

	if (e == ERR_OK)
		keyfile_text(&file, file.n, text);
	return e;
}

static void
places_try(struct bytes in)
{
	struct places places = {.one = {0}};
	struct places again = {.one = {0}};
	struct buf text = {0};
	struct buf same = {0};
	enum err e = places_load(disk_put(name, in), &places, &text);

	disk_assert_read(e);
	if (e == ERR_OK) {
		e = places_load(
		    disk_put(name, buf_bytes(&text)), &again, &same);
		assert(e == ERR_OK);
		assert(memcmp(&places, &again, sizeof(places)) == 0);
		assert(bytes_equal(buf_bytes(&text), buf_bytes(&same)));
	}
	buf_fini(&text);
	buf_fini(&same);
}

/* What an identity was saved as, changed as the input says, is that identity or
 * is refused. */
static void
identity_try(struct fuzz_input *input)
{
	struct identity identity = {.actor_key = {0}};
	struct identity again;
	struct buf text = {0};
	enum err e;

	fuzz_fill(input, identity.city.b, 4);
	fuzz_fill(input, identity.seed.b, 4);
	crypto_sign_key(&identity.seed, &identity.key);
	crypto_dh_key(&identity.dh, &identity.dh_key);
	assert(identity_save(disk_path(name), &identity) == ERR_OK);
	disk_get(name, &text);
	while (fuzz_more(input))
		fuzz_mutate(input, &text);
	e = identity_load(disk_put(name, buf_bytes(&text)), &again);
	disk_assert_read(e);
	if (e == ERR_OK)
		assert(memcmp(&identity, &again, sizeof(identity)) == 0);
	e = identity_save(disk_put(name, buf_bytes(&text)), &identity);
	assert(e == ERR_EXISTS);
	buf_fini(&text);
}

static void
root_try(struct fuzz_input *input)
{
	struct root_keys root = {.is_here = true, .has_next = true};
	struct root_keys again;
	struct buf text = {0};
	enum err e;

	fuzz_fill(input, root.seed.b, 4);
	fuzz_fill(input, root.next_seed.b, 4);
	crypto_sign_key(&root.seed, &root.key);
	e = identity_save_root(disk_put(name, buf_bytes(&text)), &root, true);
	assert(e == ERR_OK);
	disk_get(name, &text);
	while (fuzz_more(input))
		fuzz_mutate(input, &text);
	e = identity_load_root(disk_put(name, buf_bytes(&text)), &again);
	disk_assert_read(e);
	if (e == ERR_OK)
		assert(memcmp(&root, &again, sizeof(root)) == 0);
	buf_fini(&text);
}

/* A file with titles and words that are right as far as the input says so. */
static void
text_make(struct fuzz_input *input, struct buf *text)
{
	static const char *const words[] = {
	    "golmok fuzz 1", "golmok fuzz 2", "one ", "few ", "many "};

	while (fuzz_more(input) && text->n < 5000) {
		uint8_t what = fuzz_u8(input);
		/* What the words want, one less, or anything. */
		static const uint8_t sizes[] = {0, 0, 1, 8, 64};
		uint8_t how = fuzz_u8(input);
		size_t n = how < 0x80 ? sizes[what % COUNT_OF(words)]
				      : how % 70;

		if (what < 0xd0)
			buf_add_text(text, words[what % COUNT_OF(words)]);
		else if (what < 0xe0)
			buf_add(text, fuzz_bytes(input, 64));
		for (size_t i = 0; what < 0xd0 && i < n; i++)
			buf_add_text(text, "a5");
		if (what < 0xf0)
			buf_add_u8(text, '\n');
	}
}

void
target_keyfile(struct bytes in)
{
	static const struct cost_limit limit = {
	    {.allocations = 200,
		.allocated_bytes = 512 * 1024,
		.largest_bytes = 16 * 1024,
		.curves = 0},
	    {.allocations = 1, .allocated_bytes = 64, .largest_bytes = 8}};
	struct fuzz_input inputs[] = {{in}, {in}, {in}};
	struct buf text = {0};
	enum err e;

	fuzz_start();
	(void)disk_path(name);
	text_make(&inputs[0], &text);
	cost_begin();
	places_try(in);
	places_try(buf_bytes(&text));
	cost_assert(&limit, in.n + text.n);
	identity_try(&inputs[1]);
	root_try(&inputs[2]);
	e = keyfile_destroy(disk_put(name, in));
	assert(e == (in.n <= 4096 ? ERR_OK : ERR_INVALID));
	buf_fini(&text);
}

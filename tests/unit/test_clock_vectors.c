/*
 * tests/vectors/clock.txt: entries and digests of clocks are those that
 * docs/sync.md §4 shows.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/clock.h"
#include "tests/lib/vectors.h"

enum { ENTRIES_MAX = 4, ENTRY_SIZE = 97 };

static void
entry_read(const struct vectors *v, struct msg_entry *entry)
{
	*entry = (struct msg_entry){.size = vectors_number(v, 2),
	    .held = vectors_number(v, 4),
	    .forked = vectors_number(v, 9) != 0,
	    .kept = vectors_number(v, 11)};
	vectors_hex(v, 1, entry->log.b, sizeof(entry->log.b));
	vectors_hex(v, 3, entry->root, sizeof(entry->root));
	entry->is_branch = !bytes_is(v->words[10], "-");
	if (entry->is_branch)
		vectors_hex(v, 10, entry->trunk.b, sizeof(entry->trunk.b));
	for (size_t class = 0; class < CLASS_COUNT; class ++)
		entry->open[class] = vectors_number(v, 5 + class);
}

/* The digest is that of the entries, and that of the bytes shown for them. */
static void
check_digest(const struct vectors *v, const struct msg_entry *entries, size_t n,
    struct bytes text)
{
	uint8_t expected[MSG_DIGEST_SIZE];
	uint8_t digest[MSG_DIGEST_SIZE];
	struct hash hash;

	vectors_hex(v, 1, expected, sizeof(expected));
	clock_digest(entries, n, digest);
	assert_memory_equal(digest, expected, sizeof(expected));
	crypto_sha256_two(bytes_text("golmok/clock/1"), text, &hash);
	assert_memory_equal(hash.b, expected, sizeof(expected));
}

static void
digests_of_clocks_are_those_of_the_vectors(void **state)
{
	struct msg_entry entries[ENTRIES_MAX];
	struct buf text = {0};
	struct vectors v;
	size_t digests = 0;
	size_t n = 0;

	(void)state;
	vectors_open(&v, "clock.txt");
	while (vectors_next(&v)) {
		if (vectors_is(&v, "entry")) {
			assert_true(n < ENTRIES_MAX);
			entry_read(&v, &entries[n++]);
			vectors_hex(
			    &v, 12, buf_extend(&text, ENTRY_SIZE), ENTRY_SIZE);
		} else {
			assert_true(vectors_is(&v, "digest"));
			check_digest(&v, entries, n, buf_bytes(&text));
			digests++;
		}
	}
	assert_int_equal(n, ENTRIES_MAX);
	assert_int_equal(digests, 1 + ENTRIES_MAX);
	buf_fini(&text);
	vectors_close(&v);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(digests_of_clocks_are_those_of_the_vectors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

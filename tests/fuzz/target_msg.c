/*
 * Any bytes as a message between nodes, with logs that have numbers and
 * without.
 */
#include "proto/msg.h"
#include "tests/fuzz/cost.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/targets.h"

enum { NAMES = 5 };

/* The logs that have numbers before each message. */
static void
names_init(struct msg_names *names)
{
	struct log_id id;

	for (int i = 0; i < NAMES; i++) {
		memset(&id, i == 0 ? 0xe0 : i, sizeof(id));
		msg_names_add(names, &id);
	}
}

static bool
number_find(void *arg, const struct log_id *log, uint64_t *number)
{
	const struct msg_names *names = arg;

	for (size_t i = 0; i < names->n; i++) {
		if (memcmp(&names->ids[i], log, sizeof(*log)) != 0)
			continue;
		*number = i;
		return true;
	}
	return false;
}

/* Written again it says the same, and is the same unless it was longer: then a
 * newer program had appended something, or a log was named by its id that has a
 * number. */
static void
again(struct bytes in, struct msg *msg, bool numbered)
{
	struct msg_names names[2] = {{0}};
	struct msg_numbers numbers = {.find = number_find, .arg = &names[0]};
	struct arena arena = {0};
	struct msg other;
	struct buf out = {0};
	struct buf twice = {0};

	names_init(&names[0]);
	names_init(&names[1]);
	msg->numbers = numbered ? &numbers : NULL;
	msg_encode(msg, &out);
	assert(out.n <= in.n);
	/* Reasons of newer programs are one to us. */
	assert(out.n < in.n || bytes_equal(buf_bytes(&out), in) ||
	       (msg->type == MSG_CLOSE && msg->u.close.why == ERR_PEER));
	assert(msg_decode_named(buf_bytes(&out), numbered ? &names[1] : NULL,
		   &arena, &other) == ERR_OK);
	assert(other.type == msg->type);
	other.numbers = msg->numbers;
	msg_encode(&other, &twice);
	assert(bytes_equal(buf_bytes(&twice), buf_bytes(&out)));
	msg_names_fini(&names[0]);
	msg_names_fini(&names[1]);
	arena_fini(&arena);
	buf_fini(&out);
	buf_fini(&twice);
	msg->numbers = NULL;
}

void
target_msg(struct bytes in)
{
	/* Entries and bodies are larger in memory than on the wire, and their
	 * number is bounded. */
	static const struct cost_limit limit = {
	    {.allocations = 24,
		.allocated_bytes = 2 * COST_ARENA,
		.largest_bytes = COST_ARENA},
	    {.allocations = 1, .allocated_bytes = 512, .largest_bytes = 300}};
	struct msg_names names = {0};
	struct arena arena = {0};
	struct msg msg;

	fuzz_start();
	if (in.n > LIMIT_FRAME_SIZE)
		return;
	for (int numbered = 0; numbered < 2; numbered++) {
		size_t had;
		enum err e;

		if (numbered > 0)
			names_init(&names);
		had = names.n;
		cost_begin();
		e = msg_decode_named(
		    in, numbered > 0 ? &names : NULL, &arena, &msg);
		cost_assert(&limit, in.n);
		assert(e == ERR_OK || e == ERR_MALFORMED);
		assert(names.n - had <= MSG_ENTRIES_MAX);
		if (e == ERR_OK)
			again(in, &msg, numbered > 0);
		arena_reset(&arena);
	}
	msg_names_fini(&names);
	arena_fini(&arena);
}

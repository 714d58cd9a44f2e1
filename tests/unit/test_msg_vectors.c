/*
 * The bytes of every message of proto/msg.h are those of its vector, which a
 * second encoder made; what is nearly one of them is refused.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "proto/ascii.h"
#include "proto/mem.h"
#include "proto/msg.h"
#include "tests/lib/prng.h"
#include "tests/lib/vectors.h"

static const struct msg_entry entries[] = {
    {.size = 812, .held = 800, .open = {812, 7, 0, 300}, .kept = 790},
    {.size = 0},
    {.size = 9, .held = 9, .open = {9, 9, 9, 9}, .kept = 9},
};
/* The logs that have numbers before each message. */
static const uint8_t numbered[] = {0xe0, 1};
static struct msg_entry filled[3];
static const struct bytes headers[] = {
    {(const uint8_t *)"header", 6}, {(const uint8_t *)"next", 4}};
static struct msg_body bodies[5];
static struct fork_side sides[2];
static struct msg_sample samples[3];

/* The message that the vector `name` means. */
static bool
sample(struct bytes name, struct msg *msg)
{
	memset(msg, 0, sizeof(*msg));
	memcpy(filled, entries, sizeof(filled));
	memset(&filled[0].log, 1, 16);
	memset(&filled[0].root, 2, 8);
	memset(&filled[1].log, 3, 16);
	memset(&filled[2].log, 5, 16);
	memset(&filled[2].root, 6, 8);
	memset(bodies, 0, sizeof(bodies));
	bodies[0] = (struct msg_body){.seq = 4096,
	    .change = 999,
	    .class = CLASS_F,
	    .is_open = true,
	    .sealed = bytes_text("sealed")};
	memset(bodies[0].key, 10, 32);
	memset(bodies[1].key, 14, 32);
	bodies[1].seq = 4097;
	bodies[1].has_wrap = true;
	memset(bodies[1].wrap.b, 15, sizeof(bodies[1].wrap.b));
	bodies[2] = bodies[0];
	bodies[2].seq = 4097;
	bodies[2].change = 1;
	bodies[2].class = CLASS_P;
	bodies[2].sealed = bytes_text("two");
	bodies[3] = bodies[2];
	bodies[3].class = CLASS_S;
	bodies[3].sealed = (struct bytes){0};
	bodies[4] = bodies[0];
	bodies[4].seq = 5000;
	if (bytes_is(name, "hello")) {
		msg->type = MSG_HELLO;
		msg->u.hello.version = 1;
		memset(msg->u.hello.mine, 11, MSG_DIGEST_SIZE);
		memset(msg->u.hello.yours, 12, MSG_DIGEST_SIZE);
	} else if (bytes_is(name, "clock")) {
		msg->type = MSG_CLOCK;
		msg->u.clock = (struct msg_clock){
		    .last = true, .whole = true, .n = 3, .entries = filled};
	} else if (bytes_is(name, "clock-empty")) {
		msg->type = MSG_CLOCK;
		msg->u.clock.again = true;
	} else if (bytes_is(name, "clock-short")) {
		msg->type = MSG_CLOCK;
		msg->u.clock.n = 1;
		msg->u.clock.entries = filled + 2;
		memset(&filled[2].log, 1, 16);
	} else if (bytes_is(name, "clock-branch")) {
		msg->type = MSG_CLOCK;
		msg->u.clock.n = 1;
		msg->u.clock.entries = filled;
		filled[0].forked = true;
		filled[0].is_branch = true;
		memset(&filled[0].trunk, 3, 16);
	} else if (bytes_is(name, "total")) {
		msg->type = MSG_TOTAL;
		msg->u.total = (struct msg_total){100000, INT64_MAX};
	} else if (bytes_is(name, "credit")) {
		msg->type = MSG_CREDIT;
		msg->u.credit.bytes = 65536;
	} else {
		return false;
	}
	return true;
}

static void
sample_fork(size_t n, struct msg *msg)
{
	memset(sides, 0, sizeof(sides));
	sides[0].head.size = 812;
	memset(&sides[0].head.root, 7, 32);
	memset(&sides[0].head.signature, 8, 64);
	memset(&sides[0].root, 15, 32);
	sides[0].proof.n = 2;
	memset(sides[0].proof.nodes, 9, 64);
	sides[1].head.size = 5;
	memset(&sides[1].head.root, 16, 32);
	memset(&sides[1].head.signature, 17, 64);
	memset(&sides[1].root, 16, 32);
	msg->type = MSG_FORK;
	msg->u.fork = (struct msg_fork){.size = 5, .n = n, .sides = sides};
	memset(&msg->u.fork.log, 1, 16);
	if (n == 2)
		return;
	samples[0].size = 811;
	samples[1].size = 810;
	samples[2].size = 300;
	for (size_t i = 0; i < COUNT_OF(samples); i++)
		memset(samples[i].root, (int)(18 + i), 8);
	msg->u.fork.samples_n = COUNT_OF(samples);
	msg->u.fork.samples = samples;
}

static void
sample_bodies(struct bytes name, struct msg_bodies *sample)
{
	if (bytes_is(name, "bodies")) {
		memset(&sample->log, 13, 16);
		sample->n = 5;
		sample->bodies = bodies;
	} else if (bytes_is(name, "bodies-chunk")) {
		sample->in_chunk = true;
		sample->from = 4097;
		sample->n = 3;
		sample->bodies = bodies + 1;
	} else if (bytes_is(name, "bodies-plain")) {
		sample->in_chunk = true;
		sample->from = 4096;
		sample->n = 2;
		sample->bodies = bodies;
		bodies[0].change = 0;
		bodies[0].class = CLASS_N;
		bodies[1] = bodies[2];
		bodies[1].change = 0;
		bodies[1].class = CLASS_N;
	}
}

/* The same for those that carry deltas, and the short ones. */
static void
sample_more(struct bytes name, struct msg *msg)
{
	if (bytes_is(name, "run")) {
		struct msg_run *run = &msg->u.run;

		msg->type = MSG_RUN;
		memset(&run->name.author, 5, 32);
		memcpy(run->name.space.text, "d03/c017/case", 14);
		memset(&run->name.incarnation, 6, 8);
		run->from = 70000;
		run->head_size = INT64_MAX;
		memset(&run->head_root, 7, 32);
		memset(&run->head_signature, 8, 64);
		run->entry = filled[0];
	} else if (bytes_is(name, "run-short") || bytes_is(name, "run-named")) {
		struct msg_run *run = &msg->u.run;

		msg->type = MSG_RUN;
		run->entry.log = filled[0].log;
		run->from = 812;
		run->head_size = 813;
		memset(&run->head_signature, 8, 64);
		run->rootless = true;
		run->whole = true;
		run->nameless = bytes_is(name, "run-short");
		memset(&run->name.author, 5, 32);
		memcpy(run->name.space.text, "d03", 4);
		memset(&run->name.incarnation, 6, 8);
	} else if (bytes_is(name, "chunk-short")) {
		msg->type = MSG_CHUNK;
		msg->u.chunk.n = 1;
		msg->u.chunk.headers = headers;
		msg->u.chunk.bodies_n = 1;
	} else if (bytes_is(name, "chunk")) {
		msg->type = MSG_CHUNK;
		msg->u.chunk.n = 2;
		msg->u.chunk.headers = headers;
		msg->u.chunk.bodies_n = 3;
		msg->u.chunk.proof.n = 2;
		memset(msg->u.chunk.proof.nodes, 9, 64);
	} else if (name.n >= 6 && bytes_is(bytes_first(name, 6), "bodies")) {
		sample_bodies(name, &msg->u.bodies);
		msg->type = MSG_BODIES;
	} else if (bytes_is(name, "idle")) {
		msg->type = MSG_IDLE;
	} else if (bytes_is(name, "ping")) {
		msg->type = MSG_PING;
	} else if (bytes_is(name, "pong")) {
		msg->type = MSG_PONG;
	} else if (bytes_is(name, "close")) {
		msg->type = MSG_CLOSE;
		msg->u.close.why = ERR_DENIED;
		msg->u.close.text = bytes_text("권한이 없습니다");
	} else if (bytes_is(name, "fork") || bytes_is(name, "fork-proof")) {
		sample_fork(bytes_is(name, "fork") ? 1 : 2, msg);
	} else {
		assert_true(bytes_is(name, "close-ok"));
		msg->type = MSG_CLOSE;
	}
}

static bool
number_find(void *arg, const struct log_id *log, uint64_t *number)
{
	(void)arg;
	for (*number = 0; *number < COUNT_OF(numbered); ++*number) {
		struct log_id id;

		memset(&id, numbered[*number], sizeof(id));
		if (memcmp(&id, log, sizeof(id)) == 0)
			return true;
	}
	return false;
}

static void
put(struct msg *msg, struct buf *out)
{
	static const struct msg_numbers numbers = {number_find, NULL};

	msg->numbers = &numbers;
	msg_encode(msg, out);
}

static void
encode_sample(struct bytes name, struct buf *out)
{
	struct msg msg;

	if (!sample(name, &msg))
		sample_more(name, &msg);
	put(&msg, out);
}

/* Decodes `in` from an allocation of just its size, so that the sanitizer sees
 * any step beyond it; what is read is encoded again. */
static enum err
again(struct bytes in, struct buf *out)
{
	uint8_t *exact = mem_new(in.n);
	struct msg_names names = {0};
	struct arena arena = {0};
	struct msg msg;
	enum err e;

	bytes_copy(exact, in);
	for (size_t i = 0; i < COUNT_OF(numbered); i++) {
		struct log_id id;

		memset(&id, numbered[i], sizeof(id));
		msg_names_add(&names, &id);
	}
	e = msg_decode_named(bytes_of(exact, in.n), &names, &arena, &msg);
	msg_names_fini(&names);
	if (e == ERR_OK)
		put(&msg, out);
	else
		assert_int_equal(e, ERR_MALFORMED);
	arena_fini(&arena);
	mem_free(exact);
	return e;
}

/* What the line of `v` has in word `i`, "-" being nothing. */
static void
word_hex(const struct vectors *v, size_t i, struct buf *out)
{
	if (!bytes_is(v->words[i], "-"))
		assert_int_equal(ascii_from_hex(v->words[i], out), ERR_OK);
}

static void
every_message_has_the_bytes_of_its_vector(void **state)
{
	struct vectors v;
	int n = 0;

	(void)state;
	vectors_open(&v, "msg.txt");
	while (vectors_next(&v)) {
		struct buf wanted = {0};
		struct buf ours = {0};
		struct buf back = {0};

		if (!vectors_is(&v, "msg"))
			continue;
		n++;
		word_hex(&v, 2, &wanted);
		encode_sample(v.words[1], &ours);
		assert_true(bytes_equal(buf_bytes(&ours), buf_bytes(&wanted)));
		assert_int_equal(again(buf_bytes(&wanted), &back), ERR_OK);
		assert_true(bytes_equal(buf_bytes(&back), buf_bytes(&wanted)));
		buf_fini(&wanted);
		buf_fini(&ours);
		buf_fini(&back);
	}
	assert_int_equal(n, 22);
	vectors_close(&v);
}

static void
what_a_newer_program_appends_is_passed_over(void **state)
{
	struct vectors v;
	int n = 0;

	(void)state;
	vectors_open(&v, "msg.txt");
	while (vectors_next(&v)) {
		struct buf in = {0};
		struct buf ours = {0};
		struct buf back = {0};

		if (!vectors_is(&v, "newer"))
			continue;
		n++;
		word_hex(&v, 2, &in);
		encode_sample(v.words[1], &ours);
		assert_int_equal(again(buf_bytes(&in), &back), ERR_OK);
		assert_true(bytes_equal(buf_bytes(&back), buf_bytes(&ours)));
		buf_fini(&in);
		buf_fini(&ours);
		buf_fini(&back);
	}
	assert_int_equal(n, 16);
	vectors_close(&v);
}

static void
what_is_no_message_is_refused(void **state)
{
	struct vectors v;
	int n = 0;

	(void)state;
	vectors_open(&v, "msg.txt");
	while (vectors_next(&v)) {
		struct buf in = {0};
		struct buf back = {0};

		if (!vectors_is(&v, "refuse"))
			continue;
		n++;
		word_hex(&v, 1, &in);
		if (again(buf_bytes(&in), &back) == ERR_OK)
			fail_msg("taken: %.*s", (int)v.words[2].n,
			    (const char *)v.words[2].p);
		buf_fini(&in);
		buf_fini(&back);
	}
	assert_true(n > 30);
	vectors_close(&v);
}

static void
a_message_cut_anywhere_is_refused(void **state)
{
	struct vectors v;

	(void)state;
	vectors_open(&v, "msg.txt");
	while (vectors_next(&v)) {
		struct buf in = {0};
		struct buf back = {0};

		if (!vectors_is(&v, "msg") && !vectors_is(&v, "newer"))
			continue;
		word_hex(&v, 2, &in);
		for (size_t n = 0; n < in.n; n++)
			assert_int_equal(
			    again(bytes_first(buf_bytes(&in), n), &back),
			    ERR_MALFORMED);
		buf_fini(&in);
		buf_fini(&back);
	}
	vectors_close(&v);
}

static void
a_flipped_bit_gives_another_message_or_none(void **state)
{
	struct vectors v;

	(void)state;
	vectors_open(&v, "msg.txt");
	while (vectors_next(&v)) {
		struct buf in = {0};

		if (!vectors_is(&v, "msg"))
			continue;
		word_hex(&v, 2, &in);
		for (size_t bit = 0; bit < 8 * in.n; bit++) {
			struct buf back = {0};

			in.p[bit / 8] ^= (uint8_t)(1U << bit % 8);
			/* One form each: what is taken reads back as it was.
			 * Under another type some fields may be more than that
			 * type knows, and a reason may be one that nobody
			 * knows. */
			if (again(buf_bytes(&in), &back) == ERR_OK &&
			    bit >= 8 && in.p[0] != MSG_CLOSE)
				assert_true(bytes_equal(
				    buf_bytes(&back), buf_bytes(&in)));
			in.p[bit / 8] ^= (uint8_t)(1U << bit % 8);
			buf_fini(&back);
		}
		buf_fini(&in);
	}
	vectors_close(&v);
}

static void
noise_is_no_message(void **state)
{
	struct prng prng = {.seed = 11};
	uint8_t noise[300];

	(void)state;
	for (int i = 0; i < 20000; i++) {
		struct buf back = {0};
		size_t n = 1 + (size_t)prng_below(&prng, sizeof(noise));

		prng_fill(&prng, noise, n);
		noise[0] = (uint8_t)(1 + i % 11);
		(void)!again(bytes_of(noise, n), &back);
		buf_fini(&back);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_message_has_the_bytes_of_its_vector),
	    cmocka_unit_test(what_a_newer_program_appends_is_passed_over),
	    cmocka_unit_test(what_is_no_message_is_refused),
	    cmocka_unit_test(a_message_cut_anywhere_is_refused),
	    cmocka_unit_test(a_flipped_bit_gives_another_message_or_none),
	    cmocka_unit_test(noise_is_no_message),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

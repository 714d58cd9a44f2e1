/*
 * Promises of core/vouch.h and net/peer/checker.h: claims that were found true
 * are known, by whichever thread, and no others.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "net/peer/checker.h"

enum { HEADS = 40, WRONG = 7 };

/* The head of size `i` + 1 of a log, signed. */
static void
head_make(size_t i, struct log_name *log, struct note_head *head)
{
	struct sign_seed seed = {{9}};
	struct note_checkpoint checkpoint = {.size = i + 1};
	struct buf origin = {0};

	*log = (struct log_name){.city = {{1}}, .incarnation = {{2}}};
	crypto_sign_key(&seed, &log->author);
	assert_int_equal(
	    id_space(bytes_text("d01/c001/case"), &log->space), ERR_OK);
	*head = (struct note_head){.size = i + 1, .root = {{3}}};
	checkpoint.root = head->root;
	id_origin(log, &origin);
	checkpoint.origin = buf_bytes(&origin);
	note_checkpoint_sign(
	    &checkpoint, &seed, &log->author, &head->signature);
	buf_fini(&origin);
}

static void
a_claim_is_known_by_all_of_its_parts(void **state)
{
	struct vouch *vouch = vouch_new();
	struct log_name log;
	struct note_head head;
	struct hash name;
	struct hash other;

	(void)state;
	head_make(0, &log, &head);
	assert_int_equal(vouch_check(&log, &head), ERR_OK);
	vouch_name(&log, &head, &name);
	assert_false(vouch_has(vouch, &name));
	assert_false(vouch_has(NULL, &name));
	vouch_put(vouch, &name);
	vouch_put(NULL, &name);
	assert_true(vouch_has(vouch, &name));
	log.space.text[0] = 'e';
	vouch_name(&log, &head, &other);
	assert_false(vouch_has(vouch, &other));
	assert_int_equal(vouch_check(&log, &head), ERR_MALFORMED);
	log.space.text[0] = 'd';
	log.incarnation.b[7] ^= 1;
	vouch_name(&log, &head, &other);
	assert_false(vouch_has(vouch, &other));
	log.incarnation.b[7] ^= 1;
	head.size++;
	vouch_name(&log, &head, &other);
	assert_false(vouch_has(vouch, &other));
	head.size--;
	head.signature.b[63] ^= 1;
	vouch_name(&log, &head, &other);
	assert_false(vouch_has(vouch, &other));
	vouch_free(vouch);
}

static void
a_full_memo_forgets_and_stays_as_large(void **state)
{
	struct vouch *vouch = vouch_new();
	size_t known = 0;

	(void)state;
	for (uint32_t i = 0; i < 20000; i++) {
		struct hash name;

		crypto_sha256(bytes_of((uint8_t *)&i, sizeof(i)), &name);
		vouch_put(vouch, &name);
		assert_true(vouch_has(vouch, &name));
	}
	for (uint32_t i = 0; i < 20000; i++) {
		struct hash name;

		crypto_sha256(bytes_of((uint8_t *)&i, sizeof(i)), &name);
		known += vouch_has(vouch, &name);
	}
	assert_in_range(known, 2000, 4096);
	vouch_free(vouch);
}

static void
on_done(void *arg)
{
	int *done = arg;

	++*done;
}

static void
threads_find_out_what_was_signed(void **state)
{
	struct checker *checker;
	struct log_name log;
	struct note_head head;
	struct loop *loop;
	int done = 0;

	(void)state;
	assert_int_equal(loop_open(&loop), ERR_OK);
	checker = checker_new(loop, on_done, &done);
	for (size_t i = 0; i < HEADS; i++) {
		head_make(i, &log, &head);
		head.root.b[0] ^= i == WRONG;
		checker_ask(checker, &log, &head);
	}
	assert_int_equal(checker_asked(checker), HEADS);
	assert_true(checker_send(checker));
	assert_true(checker_is_busy(checker));
	while (done == 0 && loop_step(loop))
		continue;
	assert_int_equal(done, 1);
	assert_false(checker_is_busy(checker));
	for (size_t i = 0; i < HEADS; i++) {
		struct hash name;

		head_make(i, &log, &head);
		head.root.b[0] ^= i == WRONG;
		vouch_name(&log, &head, &name);
		assert_int_equal(
		    vouch_has(checker_vouch(checker), &name), i != WRONG);
	}
	/* What is known is not asked, and one head is not worth a thread. */
	head_make(0, &log, &head);
	checker_ask(checker, &log, &head);
	assert_int_equal(checker_asked(checker), 0);
	assert_false(checker_send(checker));
	assert_int_equal(done, 1);
	checker_free(checker);
	loop_close(loop);
}

static void
a_checker_may_go_before_its_threads(void **state)
{
	struct checker *checker;
	struct log_name log;
	struct note_head head;
	struct loop *loop;
	int done = 0;

	(void)state;
	assert_int_equal(loop_open(&loop), ERR_OK);
	checker = checker_new(loop, on_done, &done);
	for (size_t i = 0; i < HEADS; i++) {
		head_make(i, &log, &head);
		checker_ask(checker, &log, &head);
	}
	assert_true(checker_send(checker));
	checker_free(checker);
	loop_close(loop);
	assert_int_equal(done, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_claim_is_known_by_all_of_its_parts),
	    cmocka_unit_test(a_full_memo_forgets_and_stays_as_large),
	    cmocka_unit_test(threads_find_out_what_was_signed),
	    cmocka_unit_test(a_checker_may_go_before_its_threads),
	};

	if (crypto_start() != ERR_OK)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}

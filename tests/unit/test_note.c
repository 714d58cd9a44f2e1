/*
 * Promises of proto/note.h, against C2SP's known answer and notes that Go's
 * sumdb/note wrote.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "proto/ascii.h"
#include "proto/limits.h"
#include "proto/note.h"
#include "tests/lib/vectors.h"

static const struct sign_seed seed = {{'s', 'e', 'e', 'd'}};

/* A signer with a usual origin, and its head of 812 leaves. */
struct sample {
	struct note_signer signer;
	struct note_checkpoint head;
	struct signature signature;
	struct buf note;
};

static void
sample_init(struct sample *s)
{
	*s = (struct sample){
	    .signer.name = bytes_text("golmok/c1/a1/d03/c017/case/0123"),
	    .head = {.size = 812},
	};
	s->head.origin = s->signer.name;
	crypto_sha256(bytes_text("root"), &s->head.root);
	crypto_sign_key(&seed, &s->signer.key);
	note_checkpoint_sign(&s->head, &seed, &s->signer.key, &s->signature);
	note_checkpoint_encode(
	    &s->head, &s->signer.key, &s->signature, &s->note);
}

static void
sample_fini(struct sample *s)
{
	buf_fini(&s->note);
}

/* Opens `note` for the sample's signer from an allocation of just its size, so
 * that the sanitizer sees any step beyond it. */
static enum err
sample_open(const struct sample *s, struct bytes note)
{
	struct note_checkpoint head;
	struct signature signature;
	struct buf exact = {0};
	enum err e;

	buf_add(&exact, note);
	e = note_checkpoint_open(
	    buf_bytes(&exact), &s->signer, &head, &signature);
	if (e == ERR_OK) {
		assert_true(head.size == s->head.size);
		assert_memory_equal(&head.root, &s->head.root, 32);
		assert_memory_equal(&signature, &s->signature, 64);
		assert_true(bytes_equal(head.origin, s->signer.name));
	}
	buf_fini(&exact);
	return e;
}

static enum err
text_decode(const char *text)
{
	struct note_checkpoint head;

	return note_checkpoint_decode(bytes_text(text), &head);
}

static void
the_known_answer_of_c2sp_opens(void **state)
{
	static const char vkey[] =
	    "example.com/foo+530d903a+"
	    "AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
	static const char note[] =
	    "This is an example message.\n\n\xe2\x80\x94 example.com/foo "
	    "Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYj"
	    "OBH3mFXmRKuwHjG1Yu72IneyaQM=\n";
	struct note_signer signer;
	struct signature signature;
	struct bytes text;
	struct buf again = {0};

	(void)state;
	assert_int_equal(note_signer_decode(bytes_text(vkey), &signer), ERR_OK);
	assert_true(bytes_is(signer.name, "example.com/foo"));
	note_signer_encode(&signer, &again);
	assert_string_equal(buf_text(&again), vkey);
	assert_int_equal(
	    note_open(bytes_text(note), &signer, &text, &signature), ERR_OK);
	assert_true(bytes_is(text, "This is an example message.\n"));
	buf_cut(&again, 0);
	buf_add(&again, text);
	buf_add_text(&again, "\n");
	note_add_signature(&signer, &signature, &again);
	assert_string_equal(buf_text(&again), note);
	buf_fini(&again);
}

static void
replay_key(
    const struct vectors *v, struct sign_seed *from, struct note_signer *signer)
{
	struct note_signer read;
	struct buf text = {0};

	vectors_hex(v, 1, from->b, sizeof(from->b));
	crypto_sign_key(from, &signer->key);
	vectors_hex(v, 2, read.key.b, sizeof(read.key.b));
	assert_memory_equal(&read.key, &signer->key, 32);
	signer->name = v->words[3];
	note_signer_encode(signer, &text);
	assert_true(bytes_equal(buf_bytes(&text), v->words[4]));
	assert_int_equal(note_signer_decode(v->words[4], &read), ERR_OK);
	assert_memory_equal(&read.key, &signer->key, 32);
	assert_true(bytes_equal(read.name, signer->name));
	buf_fini(&text);
}

static void
replay_checkpoint(const struct vectors *v, const struct sign_seed *from,
    const struct note_signer *signer)
{
	struct note_checkpoint head = {.origin = signer->name};
	struct note_checkpoint read;
	struct signature signature;
	struct signature made;
	struct buf note = {0};
	struct buf wanted = {0};

	head.size = vectors_number(v, 1);
	vectors_hex(v, 2, head.root.b, sizeof(head.root.b));
	vectors_hex(v, 3, signature.b, sizeof(signature.b));
	vectors_base64(v, 4, &wanted);
	note_checkpoint_sign(&head, from, &signer->key, &made);
	assert_memory_equal(&made, &signature, sizeof(made));
	note_checkpoint_encode(&head, &signer->key, &made, &note);
	assert_true(bytes_equal(buf_bytes(&note), buf_bytes(&wanted)));
	assert_int_equal(
	    note_checkpoint_verify(&head, &signer->key, &made), ERR_OK);
	assert_int_equal(
	    note_checkpoint_open(buf_bytes(&wanted), signer, &read, &made),
	    ERR_OK);
	assert_true(read.size == head.size);
	assert_memory_equal(&read.root, &head.root, sizeof(read.root));
	assert_memory_equal(&made, &signature, sizeof(made));
	buf_fini(&note);
	buf_fini(&wanted);
}

static void
the_vectors_are_what_we_write(void **state)
{
	static struct vectors v;
	struct sign_seed from;
	struct note_signer signer;
	struct note_checkpoint head;
	struct signature signature;
	struct buf note = {0};
	size_t n = 0;

	(void)state;
	vectors_open(&v, "note.txt");
	for (; vectors_next(&v); n++) {
		if (vectors_is(&v, "key")) {
			replay_key(&v, &from, &signer);
		} else if (vectors_is(&v, "checkpoint")) {
			replay_checkpoint(&v, &from, &signer);
		} else {
			assert_true(vectors_is(&v, "cosigned"));
			buf_cut(&note, 0);
			vectors_base64(&v, 2, &note);
			assert_int_equal(note_checkpoint_open(buf_bytes(&note),
					     &signer, &head, &signature),
			    ERR_OK);
			assert_true(head.size == vectors_number(&v, 1));
		}
	}
	assert_int_equal(n, 18);
	vectors_close(&v);
	buf_fini(&note);
}

static void
a_note_cut_anywhere_is_refused(void **state)
{
	struct sample s;

	(void)state;
	sample_init(&s);
	assert_int_equal(sample_open(&s, buf_bytes(&s.note)), ERR_OK);
	for (size_t n = 0; n < s.note.n; n++)
		assert_int_equal(
		    sample_open(&s, bytes_first(buf_bytes(&s.note), n)),
		    ERR_MALFORMED);
	sample_fini(&s);
}

static void
a_note_with_any_bit_flipped_is_refused(void **state)
{
	struct sample s;

	(void)state;
	sample_init(&s);
	for (size_t i = 0; i < 8 * s.note.n; i++) {
		s.note.p[i / 8] ^= (uint8_t)(1u << i % 8);
		assert_int_equal(
		    sample_open(&s, buf_bytes(&s.note)), ERR_MALFORMED);
		s.note.p[i / 8] ^= (uint8_t)(1u << i % 8);
	}
	sample_fini(&s);
}

static void
a_note_with_a_byte_more_or_less_is_refused(void **state)
{
	static const char more[] = "\n \r+=A0\xe2";
	struct sample s;
	struct buf other = {0};

	(void)state;
	sample_init(&s);
	for (size_t i = 0; i <= s.note.n; i++) {
		struct bytes before = bytes_first(buf_bytes(&s.note), i);
		struct bytes after = bytes_after(buf_bytes(&s.note), i);

		for (size_t k = 0; k < sizeof(more); k++) {
			buf_cut(&other, 0);
			buf_add(&other, before);
			buf_add_u8(&other, (uint8_t)more[k]);
			buf_add(&other, after);
			assert_int_equal(
			    sample_open(&s, buf_bytes(&other)), ERR_MALFORMED);
		}
		if (after.n == 0)
			continue;
		buf_cut(&other, 0);
		buf_add(&other, before);
		buf_add(&other, bytes_after(after, 1));
		assert_int_equal(
		    sample_open(&s, buf_bytes(&other)), ERR_MALFORMED);
	}
	buf_fini(&other);
	sample_fini(&s);
}

static void
signatures_of_others_do_not_matter(void **state)
{
	struct sample s;
	struct signature junk = {{1}};
	struct note_signer other = {.name = bytes_text("witness.example/1")};
	struct note_signer namesake;
	size_t was;

	(void)state;
	sample_init(&s);
	was = s.note.n;
	namesake = (struct note_signer){.name = s.signer.name, .key = {{5}}};
	note_add_signature(&other, &junk, &s.note);
	note_add_signature(&namesake, &junk, &s.note);
	/* The shortest line of a kind yet to come. */
	buf_add_text(&s.note, "\xe2\x80\x94 w.example AAAAAAA=\n");
	assert_int_equal(sample_open(&s, buf_bytes(&s.note)), ERR_OK);
	/* Whatever happens to those lines, the head stays the same. */
	for (size_t i = 8 * was; i < 8 * s.note.n; i++) {
		enum err e;

		s.note.p[i / 8] ^= (uint8_t)(1u << i % 8);
		e = sample_open(&s, buf_bytes(&s.note));
		assert_true(e == ERR_OK || e == ERR_MALFORMED);
		s.note.p[i / 8] ^= (uint8_t)(1u << i % 8);
	}
	/* Alone they are nothing. */
	buf_cut(&s.note, 0);
	note_checkpoint_text(&s.head, &s.note);
	buf_add_text(&s.note, "\n");
	note_add_signature(&other, &s.signature, &s.note);
	note_add_signature(&namesake, &s.signature, &s.note);
	assert_int_equal(sample_open(&s, buf_bytes(&s.note)), ERR_MALFORMED);
	sample_fini(&s);
}

static void
every_line_of_the_known_key_must_verify(void **state)
{
	struct sample s;
	struct signature wrong;

	(void)state;
	sample_init(&s);
	note_add_signature(&s.signer, &s.signature, &s.note);
	assert_int_equal(sample_open(&s, buf_bytes(&s.note)), ERR_OK);
	wrong = s.signature;
	wrong.b[0] ^= 1;
	note_add_signature(&s.signer, &wrong, &s.note);
	assert_int_equal(sample_open(&s, buf_bytes(&s.note)), ERR_MALFORMED);
	sample_fini(&s);
}

static void
more_lines_or_bytes_than_the_limit_are_refused(void **state)
{
	struct sample s;
	struct signature junk = {{1}};
	struct note_signer other = {.name = bytes_text("witness.example/1")};
	struct buf huge = {0};

	(void)state;
	sample_init(&s);
	for (int i = 1; i < LIMIT_NOTE_SIGNATURES; i++)
		note_add_signature(&other, &junk, &s.note);
	assert_int_equal(sample_open(&s, buf_bytes(&s.note)), ERR_OK);
	note_add_signature(&other, &junk, &s.note);
	assert_int_equal(sample_open(&s, buf_bytes(&s.note)), ERR_LIMIT);
	while (huge.n < LIMIT_NOTE_SIZE)
		buf_add_text(&huge, "x\n");
	buf_add(&huge, buf_bytes(&s.note));
	assert_int_equal(sample_open(&s, buf_bytes(&huge)), ERR_LIMIT);
	buf_fini(&huge);
	sample_fini(&s);
}

static void
a_note_is_split_at_its_last_empty_line(void **state)
{
	static const char body[] = "one\n\ntwo\n\n\nthree\n";
	struct sample s;
	struct signature signature;
	struct signature found;
	struct bytes text;
	struct buf note = {0};

	(void)state;
	sample_init(&s);
	crypto_sign_message(&seed, &s.signer.key, bytes_text(body), &signature);
	buf_add_text(&note, body);
	buf_add_text(&note, "\n");
	note_add_signature(&s.signer, &signature, &note);
	assert_int_equal(
	    note_open(buf_bytes(&note), &s.signer, &text, &found), ERR_OK);
	assert_true(bytes_is(text, body));
	assert_int_equal(sample_open(&s, buf_bytes(&note)), ERR_MALFORMED);
	buf_fini(&note);
	sample_fini(&s);
}

static void
a_head_has_one_form(void **state)
{
	static const char root[] =
	    "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
	static const char *const wrong[] = {"", "\n", "a\n0\n", "a\n0\n%s",
	    "\n0\n%s\n", "a\n\n%s\n", "a\n00\n%s\n", "a\n+0\n%s\n",
	    "a\n-1\n%s\n", "a\n0 \n%s\n", "a\n0\n %s\n", "a\n0\n%s\n\n",
	    "a\n0\n%s\nextension\n", "a\r\n0\r\n%s\r\n", "a b\n0\n%s\n",
	    "a+b\n0\n%s\n", "골목\n0\n%s\n", "a\t\n0\n%s\n", "a\n0\n%s=\n",
	    "a\n9223372036854775808\n%s\n", "a\n0\n47DEQpj8\n",
	    "a\n5\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFV=\n",
	    "a\n5\n47DEQpj8HBSa+_TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n",
	    "a\n5\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU\n",
	    "a\n0\n57DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n"};
	struct buf text = {0};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(wrong); i++) {
		const char *hole = strstr(wrong[i], "%s");
		size_t n = hole == NULL ? strlen(wrong[i])
					: (size_t)(hole - wrong[i]);

		buf_cut(&text, 0);
		buf_add(&text, bytes_of(wrong[i], n));
		if (hole != NULL) {
			buf_add_text(&text, root);
			buf_add_text(&text, hole + 2);
		}
		assert_int_equal(text_decode(buf_text(&text)), ERR_MALFORMED);
	}
	buf_cut(&text, 0);
	buf_add_format(&text, "a\n0\n%s\n", root);
	assert_int_equal(text_decode(buf_text(&text)), ERR_OK);
	buf_cut(&text, 0);
	buf_add_format(&text, "a\n9223372036854775807\n%s\n", root);
	assert_int_equal(text_decode(buf_text(&text)), ERR_OK);
	buf_fini(&text);
}

static void
a_head_of_another_log_is_refused(void **state)
{
	struct sample s;
	struct note_checkpoint other;
	struct signature signature;
	struct buf note = {0};

	(void)state;
	sample_init(&s);
	other = s.head;
	other.origin = bytes_text("golmok/other");
	note_checkpoint_sign(&other, &seed, &s.signer.key, &signature);
	note_checkpoint_text(&other, &note);
	buf_add_text(&note, "\n");
	note_add_signature(&s.signer, &signature, &note);
	assert_int_equal(sample_open(&s, buf_bytes(&note)), ERR_MALFORMED);
	assert_non_null(strstr(err_text(), "another log"));
	buf_fini(&note);
	sample_fini(&s);
}

static void
a_head_in_parts_verifies_only_as_it_was_signed(void **state)
{
	struct sample s;
	struct sign_key other = {{3}};

	(void)state;
	sample_init(&s);
	assert_int_equal(
	    note_checkpoint_verify(&s.head, &s.signer.key, &s.signature),
	    ERR_OK);
	assert_int_equal(note_checkpoint_verify(&s.head, &other, &s.signature),
	    ERR_MALFORMED);
	s.head.size++;
	assert_int_equal(
	    note_checkpoint_verify(&s.head, &s.signer.key, &s.signature),
	    ERR_MALFORMED);
	s.head.size = UINT64_MAX;
	assert_int_equal(
	    note_checkpoint_verify(&s.head, &s.signer.key, &s.signature),
	    ERR_MALFORMED);
	s.head.size = 812;
	s.head.origin = bytes_text("골목/a");
	assert_int_equal(
	    note_checkpoint_verify(&s.head, &s.signer.key, &s.signature),
	    ERR_MALFORMED);
	/* A signed head of nothing must be of nothing. */
	s.head = (struct note_checkpoint){.origin = s.signer.name};
	note_checkpoint_sign(&s.head, &seed, &s.signer.key, &s.signature);
	assert_int_equal(
	    note_checkpoint_verify(&s.head, &s.signer.key, &s.signature),
	    ERR_MALFORMED);
	sample_fini(&s);
}

static void
names_are_visible_ascii_without_plus(void **state)
{
	char longest[LIMIT_ORIGIN_SIZE + 1];

	(void)state;
	memset(longest, 'x', sizeof(longest));
	assert_true(note_is_name(bytes_text("golmok/a/b")));
	assert_true(note_is_name(bytes_of(longest, LIMIT_ORIGIN_SIZE)));
	assert_false(note_is_name(bytes_of(longest, sizeof(longest))));
	assert_false(note_is_name((struct bytes){0}));
	assert_false(note_is_name(bytes_text("a b")));
	assert_false(note_is_name(bytes_text("a+b")));
	assert_false(note_is_name(bytes_text("a\nb")));
	assert_false(note_is_name(bytes_text("a\x7f")));
	assert_false(note_is_name(bytes_text("골목")));
	assert_false(note_is_name(bytes_of("a\0b", 3)));
}

static void
a_changed_verifier_key_is_refused(void **state)
{
	struct note_signer signer = {.name = bytes_text("a/b")};
	struct note_signer read;
	struct buf text = {0};
	struct buf exact;
	bool has_plus = false;

	(void)state;
	/* Keys whose base64 holds a '+' are cut at the right places. */
	for (int i = 0; i < 200; i++) {
		struct hash hash;

		crypto_sha256(bytes_of(&i, sizeof(i)), &hash);
		bytes_copy(signer.key.b, bytes_of(hash.b, 32));
		buf_cut(&text, 0);
		note_signer_encode(&signer, &text);
		assert_int_equal(
		    note_signer_decode(buf_bytes(&text), &read), ERR_OK);
		assert_memory_equal(&read.key, &signer.key, 32);
		has_plus |= strchr(buf_text(&text) + 13, '+') != NULL;
	}
	assert_true(has_plus);
	for (size_t i = 0; i < 8 * text.n; i++) {
		text.p[i / 8] ^= (uint8_t)(1u << i % 8);
		assert_int_equal(
		    note_signer_decode(buf_bytes(&text), &read), ERR_MALFORMED);
		text.p[i / 8] ^= (uint8_t)(1u << i % 8);
	}
	for (size_t n = 0; n < text.n; n++) {
		exact = (struct buf){0};
		buf_add(&exact, bytes_first(buf_bytes(&text), n));
		assert_int_equal(note_signer_decode(buf_bytes(&exact), &read),
		    ERR_MALFORMED);
		buf_fini(&exact);
	}
	buf_add_text(&text, "\n");
	assert_int_equal(
	    note_signer_decode(buf_bytes(&text), &read), ERR_MALFORMED);
	buf_fini(&text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_known_answer_of_c2sp_opens),
	    cmocka_unit_test(the_vectors_are_what_we_write),
	    cmocka_unit_test(a_note_cut_anywhere_is_refused),
	    cmocka_unit_test(a_note_with_any_bit_flipped_is_refused),
	    cmocka_unit_test(a_note_with_a_byte_more_or_less_is_refused),
	    cmocka_unit_test(signatures_of_others_do_not_matter),
	    cmocka_unit_test(every_line_of_the_known_key_must_verify),
	    cmocka_unit_test(more_lines_or_bytes_than_the_limit_are_refused),
	    cmocka_unit_test(a_note_is_split_at_its_last_empty_line),
	    cmocka_unit_test(a_head_has_one_form),
	    cmocka_unit_test(a_head_of_another_log_is_refused),
	    cmocka_unit_test(a_head_in_parts_verifies_only_as_it_was_signed),
	    cmocka_unit_test(names_are_visible_ascii_without_plus),
	    cmocka_unit_test(a_changed_verifier_key_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

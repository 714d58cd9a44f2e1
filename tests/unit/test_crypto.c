/*
 * Promises of proto/crypto.h, against the published vectors: FIPS 180-4,
 * RFC 7693, RFC 7748, RFC 8032 and RFC 8439.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "proto/ascii.h"
#include "proto/crypto.h"

/* Writes the bytes of `hex` to `to` and returns the view of them. */
static struct bytes
from_hex(const char *hex, void *to)
{
	struct buf out = {0};
	struct bytes b;

	assert_int_equal(ascii_from_hex(bytes_text(hex), &out), ERR_OK);
	bytes_copy(to, buf_bytes(&out));
	b = bytes_of(to, out.n);
	buf_fini(&out);
	return b;
}

static void
assert_hex(const void *p, size_t n, const char *hex)
{
	struct buf text = {0};

	ascii_hex(bytes_of(p, n), &text);
	assert_string_equal(buf_text(&text), hex);
	buf_fini(&text);
}

static int
start(void **state)
{
	(void)state;
	if (crypto_start() != ERR_OK)
		return -1;
	/* Once more does nothing. */
	return crypto_start() == ERR_OK ? 0 : -1;
}

static void
sha256_matches_fips_180(void **state)
{
	static const char *const cases[][2] = {
	    {"", "e3b0c44298fc1c149afbf4c8996fb924"
		 "27ae41e4649b934ca495991b7852b855"},
	    {"abc", "ba7816bf8f01cfea414140de5dae2223"
		    "b00361a396177a9cb410ff61f20015ad"},
	    {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
		"248d6a61d20638b8e5c026930c3e6039"
		"a33ce45964ff2167f6ecedd419db06c1"},
	};
	struct hash hash;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		crypto_sha256(bytes_text(cases[i][0]), &hash);
		assert_hex(hash.b, sizeof(hash.b), cases[i][1]);
	}
}

static void
sha256_of_a_million_letters_in_pieces_of_any_size(void **state)
{
	struct crypto_sha256 running;
	struct hash hash;
	uint8_t piece[997];
	size_t left = 1000000;

	(void)state;
	memset(piece, 'a', sizeof(piece));
	crypto_sha256_init(&running);
	for (size_t n = 0; left > 0; n = (n + 61) % sizeof(piece)) {
		size_t now = n < left ? n : left;

		crypto_sha256_add(&running, bytes_of(piece, now));
		left -= now;
	}
	crypto_sha256_add(&running, (struct bytes){0});
	crypto_sha256_out(&running, &hash);
	assert_hex(hash.b, sizeof(hash.b),
	    "cdc76e5c9914fb9281a1c7e284d73e67"
	    "f1809a48a497200e046d39ccc7112cd0");
}

static void
sha256_of_two_is_that_of_both_together(void **state)
{
	struct bytes all = bytes_text("혜화동 주민센터 복지팀");
	struct hash whole;
	struct hash parts;

	(void)state;
	crypto_sha256(all, &whole);
	for (size_t n = 0; n <= all.n; n++) {
		crypto_sha256_two(
		    bytes_first(all, n), bytes_after(all, n), &parts);
		assert_memory_equal(&whole, &parts, sizeof(whole));
	}
}

static void
blake2b_matches_rfc_7693(void **state)
{
	static const char abc[] =
	    "ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d1"
	    "7d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923";
	struct hash512 two;
	uint8_t out[64];

	(void)state;
	crypto_blake2b((struct bytes){0}, bytes_text("abc"), out, 64);
	assert_hex(out, 64, abc);
	for (size_t n = 0; n <= 3; n++) {
		crypto_blake2b512_two(bytes_first(bytes_text("abc"), n),
		    bytes_after(bytes_text("abc"), n), &two);
		assert_hex(two.b, sizeof(two.b), abc);
	}
}

static void
keyed_blake2b_matches_the_reference_vectors(void **state)
{
	uint8_t key[64];
	uint8_t out[64];

	(void)state;
	for (size_t i = 0; i < sizeof(key); i++)
		key[i] = (uint8_t)i;
	crypto_blake2b(
	    bytes_of(key, sizeof(key)), (struct bytes){0}, out, sizeof(out));
	assert_hex(out, sizeof(out),
	    "10ebb67700b1868efb4417987acf4690ae9d972fb7a590c2f02871799aaa4786"
	    "b5e996e8f0f4eb981fc214b005f42d2ff4233499391653df7aefcbc13fc51568");
}

struct signed_case {
	const char *seed;
	const char *key;
	const char *message;
	const char *signature;
};

static const struct signed_case signed_cases[] = {
    {"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
	"d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
	"e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
	"5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"},
    {"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
	"3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
	"72",
	"92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
	"085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"},
    {"c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
	"fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
	"af82",
	"6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
	"18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"},
};

static void
signatures_match_rfc_8032(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(signed_cases); i++) {
		const struct signed_case *c = &signed_cases[i];
		struct sign_seed seed;
		struct sign_key key;
		struct signature signature;
		uint8_t text[8];
		struct bytes message = from_hex(c->message, text);

		assert_int_equal(from_hex(c->seed, seed.b).n, 32);
		crypto_sign_key(&seed, &key);
		assert_hex(key.b, sizeof(key.b), c->key);
		crypto_sign_message(&seed, &key, message, &signature);
		assert_hex(signature.b, sizeof(signature.b), c->signature);
		assert_true(crypto_verify(&key, message, &signature));
	}
}

static void
a_flipped_bit_breaks_a_signature(void **state)
{
	struct sign_seed seed = {{7}};
	struct sign_key key;
	struct signature signature;
	uint8_t text[] = "사례 812";
	struct bytes message = bytes_of(text, sizeof(text));

	(void)state;
	crypto_sign_key(&seed, &key);
	crypto_sign_message(&seed, &key, message, &signature);
	for (size_t i = 0; i < 8 * sizeof(signature.b); i++) {
		signature.b[i / 8] ^= (uint8_t)(1u << i % 8);
		assert_false(crypto_verify(&key, message, &signature));
		signature.b[i / 8] ^= (uint8_t)(1u << i % 8);
	}
	for (size_t i = 0; i < 8 * sizeof(text); i++) {
		text[i / 8] ^= (uint8_t)(1u << i % 8);
		assert_false(crypto_verify(&key, message, &signature));
		text[i / 8] ^= (uint8_t)(1u << i % 8);
	}
	for (size_t i = 0; i < 8 * sizeof(key.b); i++) {
		key.b[i / 8] ^= (uint8_t)(1u << i % 8);
		assert_false(crypto_verify(&key, message, &signature));
		key.b[i / 8] ^= (uint8_t)(1u << i % 8);
	}
	assert_true(crypto_verify(&key, message, &signature));
	assert_false(crypto_verify(&key, bytes_first(message, 3), &signature));
}

/* RFC 8439 §2.8.2 has a nonce that does not begin with zeros, so the vector
 * is that of its appendix A.5, whose nonce is 00000000 01020304 05060708. */
static const char a5_key[] =
    "1c9240a5eb55d38af333888604f6b5f0473917c1402b80099dca5cbc207075c0";
static const char a5_sealed[] =
    "64a0861575861af460f062c79be643bd5e805cfd345cf389f108670ac76c8cb2"
    "4c6cfc18755d43eea09ee94e382d26b0bdb7b73c321b0100d4f03b7f355894cf"
    "332f830e710b97ce98c8a84abd0b948114ad176e008d33bd60f982b1ff37c855"
    "9797a06ef4f0ef61c186324e2b3506383606907b6a7c02b0f9f6157b53c867e4"
    "b9166c767b804d46a59b5216cde7a4e99040c5a40433225ee282a1b0a06c523e"
    "af4534d7f83fa1155b0047718cbc546a0d072b04b3564eea1b422273f548271a"
    "0bb2316053fa76991955ebd63159434ecebb4e466dae5a1073a6727627097a10"
    "49e617d91d361094fa68f0ff77987130305beaba2eda04df997b714d6c6f2c29"
    "a6ad5cb4022b02709beead9d67890cbb22392336fea1851f38";
static const uint64_t a5_counter = UINT64_C(0x0807060504030201);

static void
sealing_matches_rfc_8439(void **state)
{
	struct secret key;
	uint8_t ad[12];
	uint8_t sealed[281];
	uint8_t plain[281];
	uint8_t again[281];
	struct bytes more = from_hex("f33388860000000000004e91", ad);
	struct bytes box = from_hex(a5_sealed, sealed);
	size_t n = box.n - CRYPTO_TAG_SIZE;

	(void)state;
	assert_int_equal(box.n, sizeof(sealed));
	assert_int_equal(from_hex(a5_key, key.b).n, 32);
	assert_true(crypto_open(&key, a5_counter, more, box, plain));
	assert_true(bytes_begins(bytes_of(plain, n),
	    bytes_text("Internet-Drafts are draft documents valid for")));
	crypto_seal(&key, a5_counter, more, bytes_of(plain, n), again);
	assert_memory_equal(again, sealed, sizeof(sealed));
	/* In place, both ways. */
	crypto_seal(&key, a5_counter, more, bytes_of(plain, n), plain);
	assert_memory_equal(plain, sealed, sizeof(sealed));
	assert_true(crypto_open(&key, a5_counter, more, box, sealed));
	crypto_seal(&key, a5_counter, more, bytes_of(sealed, n), again);
	assert_memory_equal(again, plain, sizeof(plain));
}

static void
what_is_sealed_opens_only_whole_and_unchanged(void **state)
{
	static const uint8_t zeros[20];
	struct secret key = {{1, 2, 3}};
	struct bytes ad = bytes_text("ad");
	uint8_t sealed[20 + CRYPTO_TAG_SIZE];
	uint8_t out[20];
	struct bytes box = bytes_of(sealed, sizeof(sealed));

	(void)state;
	crypto_seal(&key, 5, ad, bytes_of("twenty bytes of text", 20), sealed);
	for (size_t i = 0; i < 8 * sizeof(sealed); i++) {
		sealed[i / 8] ^= (uint8_t)(1u << i % 8);
		memset(out, 0xff, sizeof(out));
		assert_false(crypto_open(&key, 5, ad, box, out));
		assert_memory_equal(out, zeros, sizeof(out));
		sealed[i / 8] ^= (uint8_t)(1u << i % 8);
	}
	for (size_t n = 0; n < box.n; n++)
		assert_false(
		    crypto_open(&key, 5, ad, bytes_first(box, n), out));
	assert_false(crypto_open(&key, 6, ad, box, out));
	assert_false(crypto_open(&key, 5, bytes_text("aD"), box, out));
	assert_true(crypto_open(&key, 5, ad, box, out));
	assert_memory_equal(out, "twenty bytes of text", 20);
}

static void
nothing_can_be_sealed_too(void **state)
{
	struct secret key = {{9}};
	struct bytes none = {0};
	uint8_t sealed[CRYPTO_TAG_SIZE];
	uint8_t out[1] = {0xff};

	(void)state;
	crypto_seal(&key, 0, none, none, sealed);
	assert_true(
	    crypto_open(&key, 0, none, bytes_of(sealed, sizeof(sealed)), out));
	sealed[0] ^= 1;
	assert_false(
	    crypto_open(&key, 0, none, bytes_of(sealed, sizeof(sealed)), out));
	assert_int_equal(out[0], 0xff);
}

static const char dh_alice[] =
    "77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a";
static const char dh_alice_key[] =
    "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a";
static const char dh_bob[] =
    "5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb";
static const char dh_bob_key[] =
    "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f";
static const char dh_shared[] =
    "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742";

static void
x25519_matches_rfc_7748(void **state)
{
	struct dh_secret alice;
	struct dh_secret bob;
	struct dh_key alice_key;
	struct dh_key bob_key;
	struct secret shared;

	(void)state;
	assert_int_equal(from_hex(dh_alice, alice.b).n, 32);
	assert_int_equal(from_hex(dh_bob, bob.b).n, 32);
	crypto_dh_key(&alice, &alice_key);
	crypto_dh_key(&bob, &bob_key);
	assert_hex(alice_key.b, sizeof(alice_key.b), dh_alice_key);
	assert_hex(bob_key.b, sizeof(bob_key.b), dh_bob_key);
	assert_true(crypto_dh(&alice, &bob_key, &shared));
	assert_hex(shared.b, sizeof(shared.b), dh_shared);
	assert_true(crypto_dh(&bob, &alice_key, &shared));
	assert_hex(shared.b, sizeof(shared.b), dh_shared);
}

static void
a_low_order_point_gives_no_secret(void **state)
{
	static const struct secret zero;
	struct dh_secret mine = {{3}};
	struct dh_key low = {{0}};
	struct secret shared;

	(void)state;
	for (uint8_t first = 0; first <= 1; first++) {
		low.b[0] = first;
		memset(&shared, 0xff, sizeof(shared));
		assert_false(crypto_dh(&mine, &low, &shared));
		assert_memory_equal(&shared, &zero, sizeof(zero));
	}
}

static void
comparing_and_wiping_see_every_byte(void **state)
{
	uint8_t a[40];
	uint8_t b[40];

	(void)state;
	memset(a, 0xaa, sizeof(a));
	memset(b, 0xaa, sizeof(b));
	assert_true(crypto_equal(a, b, sizeof(a)));
	for (size_t i = 0; i < sizeof(a); i++) {
		b[i] ^= 0x10;
		assert_false(crypto_equal(a, b, sizeof(a)));
		b[i] ^= 0x10;
	}
	crypto_wipe(a, sizeof(a));
	memset(b, 0, sizeof(b));
	assert_true(crypto_equal(a, b, sizeof(a)));
	assert_true(crypto_equal(a, b, 0));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(sha256_matches_fips_180),
	    cmocka_unit_test(sha256_of_a_million_letters_in_pieces_of_any_size),
	    cmocka_unit_test(sha256_of_two_is_that_of_both_together),
	    cmocka_unit_test(blake2b_matches_rfc_7693),
	    cmocka_unit_test(keyed_blake2b_matches_the_reference_vectors),
	    cmocka_unit_test(signatures_match_rfc_8032),
	    cmocka_unit_test(a_flipped_bit_breaks_a_signature),
	    cmocka_unit_test(sealing_matches_rfc_8439),
	    cmocka_unit_test(what_is_sealed_opens_only_whole_and_unchanged),
	    cmocka_unit_test(nothing_can_be_sealed_too),
	    cmocka_unit_test(x25519_matches_rfc_7748),
	    cmocka_unit_test(a_low_order_point_gives_no_secret),
	    cmocka_unit_test(comparing_and_wiping_see_every_byte),
	};

	return cmocka_run_group_tests(tests, start, NULL);
}

/*
 * tests/vectors/link.txt: prefaces, certificates, a handshake with fixed keys
 * and frames are those that docs/sync.md §1 and §2 show.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "net/peer/certificate.h"
#include "net/peer/preface.h"
#include "proto/ascii.h"
#include "tests/lib/mole.h"
#include "tests/lib/vectors.h"

/* Word number `i` of the line, of any length. */
static struct buf
word(const struct vectors *v, size_t i)
{
	struct buf out = {0};

	assert_true(i < v->n);
	assert_int_equal(ascii_from_hex(v->words[i], &out), ERR_OK);
	return out;
}

static void
prefaces_are_those_of_the_vectors(void **state)
{
	struct vectors v;
	size_t cases = 0;

	(void)state;
	vectors_open(&v, "link.txt");
	while (vectors_next(&v)) {
		enum err expected = ERR_OK;
		struct buf bytes;
		struct buf ours = {0};

		if (vectors_is(&v, "version"))
			expected = ERR_VERSION;
		else if (vectors_is(&v, "malformed"))
			expected = ERR_MALFORMED;
		else if (!vectors_is(&v, "preface") && !vectors_is(&v, "newer"))
			continue;
		bytes = word(&v, 1);
		assert_int_equal(preface_check(buf_bytes(&bytes)), expected);
		preface_put(false, &ours);
		assert_int_equal(
		    bytes_equal(buf_bytes(&ours), buf_bytes(&bytes)),
		    vectors_is(&v, "preface"));
		buf_fini(&ours);
		buf_fini(&bytes);
		cases++;
	}
	assert_int_equal(cases, 8);
	vectors_close(&v);
}

/* The two nodes of the file; no secrets but those shown there. */
struct nodes {
	struct city_id city;
	struct identity ids[2];
	struct dh_secret ephemerals[2];
};

/* Takes what the line says of the nodes. */
static void
nodes_read(struct nodes *nodes, const struct vectors *v)
{
	struct identity *id;
	struct sign_key key;
	struct dh_key dh_key;
	size_t i;

	if (vectors_is(v, "city"))
		vectors_hex(v, 1, nodes->city.b, sizeof(nodes->city.b));
	if (!vectors_is(v, "node"))
		return;
	i = (size_t)vectors_number(v, 1);
	assert_true(i < 2);
	id = &nodes->ids[i];
	id->city = nodes->city;
	vectors_hex(v, 2, id->seed.b, sizeof(id->seed.b));
	vectors_hex(v, 3, id->key.b, sizeof(id->key.b));
	vectors_hex(v, 4, id->dh.b, sizeof(id->dh.b));
	vectors_hex(v, 5, id->dh_key.b, sizeof(id->dh_key.b));
	vectors_hex(
	    v, 6, nodes->ephemerals[i].b, sizeof(nodes->ephemerals[i].b));
	crypto_sign_key(&id->seed, &key);
	assert_memory_equal(&key, &id->key, sizeof(key));
	crypto_dh_key(&id->dh, &dh_key);
	assert_memory_equal(&dh_key, &id->dh_key, sizeof(dh_key));
}

/* The line shows `certificate` as one of `id`: right or not? */
static void
check_certificate(const struct vectors *v, const struct identity *id)
{
	struct buf certificate = word(v, 2);
	struct identity judge = {.city = id->city};
	struct sign_key peer = {0};
	enum err e = certificate_check(
	    &judge, buf_bytes(&certificate), &id->dh_key, &peer);

	if (vectors_is(v, "refused")) {
		assert_int_equal(e, ERR_MALFORMED);
	} else {
		assert_int_equal(e, ERR_OK);
		assert_memory_equal(&peer, &id->key, sizeof(peer));
	}
	if (vectors_is(v, "certificate")) {
		struct buf ours = {0};

		certificate_put(id, &ours);
		assert_true(
		    bytes_equal(buf_bytes(&ours), buf_bytes(&certificate)));
		buf_fini(&ours);
	}
	buf_fini(&certificate);
}

static void
certificates_are_those_of_the_vectors(void **state)
{
	struct nodes nodes = {0};
	struct vectors v;
	size_t cases = 0;

	(void)state;
	vectors_open(&v, "link.txt");
	while (vectors_next(&v)) {
		nodes_read(&nodes, &v);
		if (!vectors_is(&v, "certificate") &&
		    !vectors_is(&v, "taken") && !vectors_is(&v, "refused"))
			continue;
		assert_true(vectors_number(&v, 1) < 2);
		check_certificate(&v, &nodes.ids[vectors_number(&v, 1)]);
		cases++;
	}
	assert_int_equal(cases, 12);
	vectors_close(&v);
}

/* What `from` sends next is what the line shows; `to` gets it. */
static void
carry(const struct vectors *v, struct channel *from, struct channel *to)
{
	struct buf wire = word(v, 2);

	assert_true(bytes_equal(channel_out(from), buf_bytes(&wire)));
	channel_sent(from, wire.n);
	assert_int_equal(channel_feed(to, buf_bytes(&wire)), ERR_OK);
	buf_fini(&wire);
}

/* One line of the conversation; `said` is the message under way. */
static void
converse(const struct vectors *v, struct channel *ends[2], struct buf *said)
{
	if (vectors_is(v, "wire")) {
		size_t from = (size_t)vectors_number(v, 1);

		assert_true(from < 2);
		carry(v, ends[from], ends[1 - from]);
		if (said->n > 0)
			line_take_is(ends[1 - from], buf_bytes(said));
	} else if (vectors_is(v, "hash")) {
		struct hash512 hash;

		vectors_hex(v, 1, hash.b, sizeof(hash.b));
		for (size_t i = 0; i < 2; i++)
			assert_memory_equal(
			    channel_hash(ends[i]), &hash, sizeof(hash));
	} else if (vectors_is(v, "says")) {
		buf_fini(said);
		*said = word(v, 2);
		assert_true(vectors_number(v, 1) < 2);
		assert_int_equal(
		    channel_send(ends[vectors_number(v, 1)], buf_bytes(said)),
		    ERR_OK);
	}
}

static void
a_link_with_fixed_keys_is_that_of_the_vectors(void **state)
{
	struct nodes nodes = {0};
	struct squeeze squeeze = {0};
	struct channel *ends[2] = {NULL, NULL};
	struct buf said = {0};
	struct vectors v;
	size_t wires = 0;

	(void)state;
	vectors_open(&v, "link.txt");
	while (vectors_next(&v)) {
		nodes_read(&nodes, &v);
		if (vectors_is(&v, "node")) {
			size_t i = (size_t)vectors_number(&v, 1);

			ends[i] = channel_new(&(struct channel_config){
			    .initiator = i == INITIATOR,
			    .identity = &nodes.ids[i],
			    .ephemeral = nodes.ephemerals[i],
			    .squeeze = &squeeze});
		}
		if (vectors_is(&v, "wire"))
			wires++;
		converse(&v, ends, &said);
	}
	assert_int_equal(wires, 5);
	for (size_t i = 0; i < 2; i++)
		channel_free(ends[i]);
	buf_fini(&said);
	squeeze_fini(&squeeze);
	vectors_close(&v);
}

/* The next frame that `channel` wants to send, opened by `mole`. */
static struct buf
frame_sent(struct mole *mole, struct channel *channel)
{
	struct bytes out = channel_out(channel);
	struct buf frame = {0};
	size_t n;

	assert_true(out.n > 2);
	n = bytes_be16(out.p);
	assert_true(n <= out.n - 2);
	assert_int_equal(
	    noise_open(&mole->noise, bytes_slice(out, 2, n), &frame), ERR_OK);
	channel_sent(channel, 2 + n);
	return frame;
}

/* `channel` sends messages of the vectors in the one frame shown. */
static void
check_sends(const struct vectors *v, struct mole *mole, struct channel *channel)
{
	struct buf expected = word(v, v->n - 1);
	struct buf frame;

	for (size_t i = 1; i + 1 < v->n; i++) {
		struct buf message = word(v, i);

		assert_int_equal(
		    channel_send(channel, buf_bytes(&message)), ERR_OK);
		buf_fini(&message);
	}
	frame = frame_sent(mole, channel);
	assert_true(bytes_equal(buf_bytes(&frame), buf_bytes(&expected)));
	assert_int_equal(channel_out(channel).n, 0);
	buf_fini(&frame);
	buf_fini(&expected);
}

/* The same for one of many bytes that do not compress. */
static void
check_long(const struct vectors *v, struct mole *mole, struct channel *channel)
{
	size_t size = (size_t)vectors_number(v, 1);
	struct buf message = {0};

	for (uint64_t i = 0; message.n < size; i++) {
		uint8_t number[8];
		struct hash hash;

		bytes_put_be64(number, i);
		crypto_sha256(bytes_of(number, sizeof(number)), &hash);
		buf_add(&message, bytes_of(hash.b, sizeof(hash.b)));
	}
	buf_cut(&message, size);
	assert_int_equal(channel_send(channel, buf_bytes(&message)), ERR_OK);
	for (size_t i = 2; i < v->n; i += 2) {
		struct buf frame = frame_sent(mole, channel);
		struct hash expected;
		struct hash hash;

		assert_int_equal(frame.n, vectors_number(v, i));
		vectors_hex(v, i + 1, expected.b, sizeof(expected.b));
		crypto_sha256(buf_bytes(&frame), &hash);
		assert_memory_equal(&hash, &expected, sizeof(hash));
		buf_fini(&frame);
	}
	assert_int_equal(channel_out(channel).n, 0);
	buf_fini(&message);
}

static void
messages_are_sent_in_the_frames_of_the_vectors(void **state)
{
	struct line line;
	struct mole mole;
	struct vectors v;
	size_t cases = 0;

	(void)state;
	line_init(&line);
	mole_open(&mole, &line, (struct bytes){0}, ERR_OK);
	vectors_open(&v, "link.txt");
	while (vectors_next(&v)) {
		if (vectors_is(&v, "sends"))
			check_sends(&v, &mole, line.ends[RESPONDER]);
		else if (vectors_is(&v, "long"))
			check_long(&v, &mole, line.ends[RESPONDER]);
		else
			continue;
		cases++;
	}
	assert_int_equal(cases, 8);
	vectors_close(&v);
	mole_fini(&mole);
	line_fini(&line);
}

static void
the_frames_of_the_vectors_give_their_messages(void **state)
{
	struct line line;
	struct mole mole;
	struct vectors v;
	size_t cases = 0;

	(void)state;
	line_init(&line);
	mole_open(&mole, &line, (struct bytes){0}, ERR_OK);
	vectors_open(&v, "link.txt");
	while (vectors_next(&v)) {
		struct buf message;

		if (!vectors_is(&v, "joined") && !vectors_is(&v, "packed"))
			continue;
		for (size_t i = 2; i < v.n; i++) {
			struct buf frame = word(&v, i);

			line_take_none(line.ends[RESPONDER]);
			mole_fragment(&mole, frame.p[0],
			    bytes_after(buf_bytes(&frame), 1));
			mole_send(&mole, line.ends[RESPONDER], ERR_OK);
			buf_fini(&frame);
		}
		message = word(&v, 1);
		line_take_is(line.ends[RESPONDER], buf_bytes(&message));
		buf_fini(&message);
		cases++;
	}
	assert_int_equal(cases, 4);
	vectors_close(&v);
	mole_fini(&mole);
	line_fini(&line);
}

static void
sizes_that_do_not_fill_their_frame_end_the_channel(void **state)
{
	struct line line;
	struct vectors v;
	size_t cases = 0;

	(void)state;
	line_init(&line);
	vectors_open(&v, "link.txt");
	while (vectors_next(&v)) {
		struct mole mole;
		struct buf frame;
		struct bytes got;
		enum err e = ERR_OK;

		if (!vectors_is(&v, "lies"))
			continue;
		frame = word(&v, 1);
		mole_open(&mole, &line, (struct bytes){0}, ERR_OK);
		mole_fragment(
		    &mole, frame.p[0], bytes_after(buf_bytes(&frame), 1));
		mole_send(&mole, line.ends[RESPONDER], ERR_OK);
		while (channel_take(line.ends[RESPONDER], &got, &e))
			assert_true(got.n > 0);
		assert_int_equal(e, ERR_MALFORMED);
		assert_false(channel_is_up(line.ends[RESPONDER]));
		mole_fini(&mole);
		buf_fini(&frame);
		cases++;
	}
	assert_int_equal(cases, 8);
	vectors_close(&v);
	line_fini(&line);
}

static void
a_message_that_compresses_is_sent_in_one_flagged_frame(void **state)
{
	struct line line;
	struct mole mole;
	struct vectors v;
	size_t cases = 0;

	(void)state;
	line_init(&line);
	mole_open(&mole, &line, (struct bytes){0}, ERR_OK);
	vectors_open(&v, "link.txt");
	while (vectors_next(&v)) {
		struct buf unpacked = {0};
		struct buf message;
		struct buf frame;

		if (!vectors_is(&v, "packed"))
			continue;
		message = word(&v, 1);
		assert_int_equal(
		    channel_send(line.ends[RESPONDER], buf_bytes(&message)),
		    ERR_OK);
		frame = frame_sent(&mole, line.ends[RESPONDER]);
		assert_int_equal(frame.p[0], 2);
		assert_int_equal(squeeze_unpack(&line.squeeze,
				     bytes_after(buf_bytes(&frame), 1),
				     message.n + 2, &unpacked),
		    ERR_OK);
		assert_true(bytes_equal(
		    bytes_after(buf_bytes(&unpacked), 2), buf_bytes(&message)));
		buf_fini(&unpacked);
		buf_fini(&frame);
		buf_fini(&message);
		cases++;
	}
	assert_int_equal(cases, 2);
	vectors_close(&v);
	mole_fini(&mole);
	line_fini(&line);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(prefaces_are_those_of_the_vectors),
	    cmocka_unit_test(certificates_are_those_of_the_vectors),
	    cmocka_unit_test(a_link_with_fixed_keys_is_that_of_the_vectors),
	    cmocka_unit_test(messages_are_sent_in_the_frames_of_the_vectors),
	    cmocka_unit_test(the_frames_of_the_vectors_give_their_messages),
	    cmocka_unit_test(
		sizes_that_do_not_fill_their_frame_end_the_channel),
	    cmocka_unit_test(
		a_message_that_compresses_is_sent_in_one_flagged_frame),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

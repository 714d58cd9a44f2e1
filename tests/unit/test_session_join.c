/*
 * A node that joins by a token, over real stores and a wire: it is let in
 * before anything else is said, and ends with what it may have.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/tokens.h"
#include "tests/lib/wire.h"

/* A city, a node that wants in, and the invitation. */
struct party {
	struct town town;
	struct wire wire;
	struct token token;
	size_t guest;
};

static void
party_init(struct party *party, uint64_t seed)
{
	struct fact_grant grant = {0};
	const struct authority *authority;
	struct store *store;

	*party = (struct party){0};
	town_init(&party->town, seed);
	store = town_store(&party->town, 0);
	assert_int_equal(
	    town_grant(&party->town, 0, 0, "", "read:NPSF,write,hold", ""),
	    ERR_OK);
	(void)town_create(&party->town, 0, "d03/c017/case", "하나");
	(void)town_create(&party->town, 0, "d04/c001/case", "둘");
	party->guest = town_join(&party->town);
	assert_int_equal(
	    id_prefix(bytes_text("d03/c017"), &grant.prefix), ERR_OK);
	assert_int_equal(
	    fact_rights(bytes_text("read:NPSF,write"), &grant.gives), ERR_OK);
	assert_int_equal(store_begin(store, true), ERR_OK);
	assert_int_equal(store_authority(store, &authority), ERR_OK);
	party->token = (struct token){.city = party->town.city,
	    .root = authority->root,
	    .secret = {{9, 8, 7, (uint8_t)seed}},
	    .expires_s = party->town.now_ms / 1000 + 3600,
	    .label = bytes_text("혜화동"),
	    .addresses_n = 1,
	    .addresses = {bytes_text("127.0.0.1:7700")}};
	assert_int_equal(tokens_make(store, &party->token, &grant, 1), ERR_OK);
	assert_int_equal(store_commit(store), ERR_OK);
}

static void
party_fini(struct party *party)
{
	wire_close(&party->wire);
	town_fini(&party->town);
}

/* The node `who` dials the founder with the token. */
static void
party_dial(struct party *party, size_t who)
{
	struct wire *wire = &party->wire;
	struct session_guest guest = {.root = party->token.root};

	token_name(&party->token, &guest.token.id);
	token_psk(&party->token, &guest.token.psk);
	wire_close(wire);
	wire_open(wire, &party->town, who, 0, true);
	session_free(wire->ends[0].session);
	wire->ends[0].session = session_new(
	    &(struct session_config){.initiator = true,
		.once = true,
		.store = town_store(&party->town, who),
		.host = &party->town.host,
		.squeeze = &wire->squeeze,
		.guest = &guest});
}

static bool
is_member(struct party *party, size_t at, size_t who)
{
	struct store *store = town_store(&party->town, at);
	struct sign_key key = town_key(&party->town, who);
	const struct authority *authority;
	const struct member *member;
	bool is;

	assert_int_equal(store_begin(store, false), ERR_OK);
	assert_int_equal(store_authority(store, &authority), ERR_OK);
	member = authority_member(authority, &key);
	is = member != NULL && member->counts &&
	     bytes_is(member->label, "혜화동");
	store_abort(store);
	return is;
}

static void
assert_well(const struct party *party)
{
	for (size_t i = 0; i < 2; i++) {
		const struct wire_end *end = &party->wire.ends[i];

		if (end->fault.code != ERR_OK)
			print_error("end %zu: %s\n", i, end->fault.text);
		assert_int_equal(end->fault.code, ERR_OK);
		assert_true(session_is_done(end->session));
	}
}

static void
a_guest_ends_with_authority_and_what_it_may_read(void **state)
{
	struct party party;
	size_t guest;

	(void)state;
	party_init(&party, 1);
	guest = party.guest;
	party_dial(&party, guest);
	wire_run(&party.wire, 1);
	assert_well(&party);
	assert_true(is_member(&party, 0, guest));
	assert_true(is_member(&party, guest, guest));
	/* All but the log of d04. */
	assert_int_equal(
	    town_deltas(&party.town, guest), town_deltas(&party.town, 0) - 2);
	(void)town_create(&party.town, guest, "d03/c017/case", "셋");
	wire_sync(&party.town, guest, 0);
	assert_int_equal(
	    town_deltas(&party.town, guest), town_deltas(&party.town, 0) - 2);
	wire_assert_sound(&party.town, guest);
	wire_assert_sound(&party.town, 0);
	party_fini(&party);
}

static bool
has(const struct buf *buf, const void *p, size_t n)
{
	for (size_t i = 0; i + n <= buf->n; i++) {
		if (memcmp(buf->p + i, p, n) == 0)
			return true;
	}
	return false;
}

/* Byte by byte, so that all of it passes before our eyes. */
static void
who_listens_reads_neither_keys_nor_names(void **state)
{
	struct party party;
	struct sign_key keys[2];
	const char *const words[] = {"혜화동", "서울", "d03/c017"};
	size_t seen_bytes = 0;

	(void)state;
	party_init(&party, 7);
	keys[0] = town_key(&party.town, 0);
	keys[1] = town_key(&party.town, party.guest);
	party_dial(&party, party.guest);
	party.wire.piece = 1;
	while (wire_step(&party.wire)) {
		for (size_t i = 0; i < 2; i++) {
			const struct buf *in = &party.wire.ends[i].in;

			seen_bytes += in->n > 0;
			for (size_t k = 0; k < 2; k++)
				assert_false(has(in, keys[k].b, 8));
			for (size_t k = 0; k < COUNT_OF(words); k++)
				assert_false(
				    has(in, words[k], strlen(words[k])));
		}
	}
	assert_well(&party);
	assert_true(is_member(&party, party.guest, party.guest));
	assert_true(seen_bytes > 1000);
	party_fini(&party);
}

/* The city has another root key now, as the token says. */
static void
root_rotate(struct party *party)
{
	struct store *store = town_store(&party->town, 0);
	const struct authority *authority;

	assert_int_equal(store_begin(store, true), ERR_OK);
	assert_int_equal(store_rotate(store), ERR_OK);
	assert_int_equal(store_authority(store, &authority), ERR_OK);
	assert_int_equal(authority->roots_n, 2);
	party->token.root = authority->root;
	assert_int_equal(store_commit(store), ERR_OK);
}

/* Here and there, in both directions. */
static void
guests_cut_off(bool rotated)
{
	uint64_t sizes[2] = {0};

	for (size_t end = 0; end < 2; end++) {
		for (uint64_t at = 0; at <= sizes[end]; at += 157) {
			struct party party;

			party_init(&party, 2);
			if (rotated)
				root_rotate(&party);
			party_dial(&party, party.guest);
			if (sizes[end] > 0)
				party.wire.ends[end].cut_after = at;
			wire_run(&party.wire, 1);
			if (sizes[end] == 0) {
				sizes[0] = party.wire.ends[0].in_bytes;
				sizes[1] = party.wire.ends[1].in_bytes;
			}
			party_dial(&party, party.guest);
			wire_run(&party.wire, 1);
			assert_well(&party);
			assert_true(is_member(&party, 0, party.guest));
			assert_true(
			    is_member(&party, party.guest, party.guest));
			party_fini(&party);
		}
	}
	assert_true(sizes[0] > 1000 && sizes[1] > 200);
}

static void
a_cut_link_leaves_a_guest_that_can_come_again(void **state)
{
	(void)state;
	guests_cut_off(false);
}

static void
so_it_does_when_the_root_key_is_another_by_now(void **state)
{
	(void)state;
	guests_cut_off(true);
}

/* What `from` wants to say reaches the other end; that one is asked for an
 * answer, without having had a turn to write. */
static void
hand_over(struct party *party, size_t from)
{
	struct wire_end *to = &party->wire.ends[1 - from];
	struct session *sender = party->wire.ends[from].session;
	struct store *store = town_store(&party->town, to->node);
	struct bytes out = session_out(sender);

	assert_int_equal(session_feed(to->session, out, 0), ERR_OK);
	session_sent(sender, out.n);
	assert_int_equal(store_begin(store, false), ERR_OK);
	assert_int_equal(session_fill(to->session, 0), ERR_OK);
	store_abort(store);
}

/* Nothing of the city leaves before the guest is a member, durably. */
static void
a_guest_hears_nothing_before_it_is_in(void **state)
{
	struct party party;
	struct session *inviter;
	struct store *store;

	(void)state;
	party_init(&party, 8);
	party_dial(&party, party.guest);
	inviter = party.wire.ends[1].session;
	store = town_store(&party.town, 0);
	hand_over(&party, 0);
	assert_true(session_out(inviter).n > 0);
	assert_false(session_has_work(inviter));
	hand_over(&party, 1);
	hand_over(&party, 0);
	assert_true(session_has_work(inviter));
	assert_int_equal(session_out(inviter).n, 0);
	assert_false(wire_status(&party.wire, 1).up);
	assert_int_equal(store_begin(store, true), ERR_OK);
	assert_int_equal(session_work(inviter, 0), ERR_OK);
	assert_int_equal(session_out(inviter).n, 0);
	assert_int_equal(store_commit(store), ERR_OK);
	session_worked(inviter, ERR_OK);
	assert_true(is_member(&party, 0, party.guest));
	wire_run(&party.wire, 1);
	assert_well(&party);
	assert_true(is_member(&party, party.guest, party.guest));
	party_fini(&party);
}

/* The inviter's disk is full: nobody is let in, and the token is as good as
 * before. */
static void
an_admission_that_is_not_durable_did_not_happen(void **state)
{
	struct party party;

	(void)state;
	party_init(&party, 3);
	party_dial(&party, party.guest);
	party.wire.ends[1].refuse_commit = true;
	wire_run(&party.wire, 1);
	assert_int_equal(party.wire.ends[1].fault.code, ERR_FULL);
	assert_false(is_member(&party, 0, party.guest));
	assert_int_equal(town_deltas(&party.town, party.guest), 0);
	party_dial(&party, party.guest);
	wire_run(&party.wire, 1);
	assert_well(&party);
	assert_true(is_member(&party, party.guest, party.guest));
	party_fini(&party);
}

static void
another_node_with_a_used_token_is_told_so(void **state)
{
	struct party party;
	size_t other;

	(void)state;
	party_init(&party, 4);
	party_dial(&party, party.guest);
	wire_run(&party.wire, 1);
	assert_well(&party);
	other = town_join(&party.town);
	party_dial(&party, other);
	wire_run(&party.wire, 1);
	assert_int_equal(party.wire.ends[0].fault.code, ERR_PEER);
	assert_non_null(
	    strstr(party.wire.ends[0].fault.text, "used by another node"));
	assert_int_equal(party.wire.ends[1].fault.code, ERR_DENIED);
	assert_false(is_member(&party, 0, other));
	assert_int_equal(town_deltas(&party.town, other), 0);
	party_fini(&party);
}

/* Expired, unknown: no word comes back, and only the inviter knows why. */
static void
a_token_that_ended_is_met_with_silence(void **state)
{
	struct party party;

	(void)state;
	party_init(&party, 5);
	party.town.now_ms = party.token.expires_s * 1000;
	party_dial(&party, party.guest);
	wire_run(&party.wire, 1);
	assert_int_equal(party.wire.ends[0].in_bytes, 0);
	assert_int_equal(party.wire.ends[1].fault.code, ERR_DENIED);
	assert_non_null(strstr(party.wire.ends[1].fault.text, "expired"));
	party.token.secret.b[15] ^= 1;
	party_dial(&party, party.guest);
	wire_run(&party.wire, 1);
	assert_int_equal(party.wire.ends[0].in_bytes, 0);
	assert_int_equal(party.wire.ends[1].fault.code, ERR_DENIED);
	assert_int_equal(town_deltas(&party.town, party.guest), 0);
	assert_false(is_member(&party, 0, party.guest));
	party_fini(&party);
}

static void
a_city_with_another_root_than_the_token_says_is_refused(void **state)
{
	struct party party;

	(void)state;
	party_init(&party, 6);
	party.token.root.b[0] ^= 1;
	party_dial(&party, party.guest);
	wire_run(&party.wire, 1);
	assert_int_equal(party.wire.ends[0].fault.code, ERR_DENIED);
	assert_non_null(
	    strstr(party.wire.ends[0].fault.text, "another root key"));
	party_fini(&party);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_guest_ends_with_authority_and_what_it_may_read),
	    cmocka_unit_test(who_listens_reads_neither_keys_nor_names),
	    cmocka_unit_test(a_cut_link_leaves_a_guest_that_can_come_again),
	    cmocka_unit_test(so_it_does_when_the_root_key_is_another_by_now),
	    cmocka_unit_test(a_guest_hears_nothing_before_it_is_in),
	    cmocka_unit_test(an_admission_that_is_not_durable_did_not_happen),
	    cmocka_unit_test(another_node_with_a_used_token_is_told_so),
	    cmocka_unit_test(a_token_that_ended_is_met_with_silence),
	    cmocka_unit_test(
		a_city_with_another_root_than_the_token_says_is_refused),
	};

	if (crypto_start() != ERR_OK)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}

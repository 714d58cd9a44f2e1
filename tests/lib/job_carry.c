/*
 * Jobs of two nodes.  A session runs in the circle that net/peer/session.h asks
 * for, and ends at the first failure, as net/peer/link.c ends it.
 */
#define _XOPEN_SOURCE 700
#include "tests/lib/job_carry.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <unistd.h>

#include "core/bundle_show.h"
#include "core/bundle_take.h"
#include "core/bundle_write.h"
#include "core/file.h"
#include "core/parcel.h"
#include "core/safety.h"
#include "net/peer/session.h"
#include "proto/squeeze.h"
#include "tests/lib/branches.h"

/* More turns than any conversation here needs. */
enum { TURNS_MAX = 2000 };

static const char here[] = "d03/c017/case";
static const char stick[] = "stick.golmok";
static const char answer[] = "answer.golmok";
static const char letter[] = "authority.parcel";

static struct store *
store_of(struct plant *plant, size_t i)
{
	return plant->town.nodes[i].store;
}

/* ---- a session ---------------------------------------------------------- */

struct talk {
	struct store *stores[2];
	struct session *ends[2];
	struct buf in[2];
	struct squeeze squeeze;
};

static enum err
turn(struct talk *talk, size_t i, bool *moved)
{
	struct session *session = talk->ends[i];
	struct store *store = talk->stores[i];
	struct bytes out;
	enum err e = ERR_OK;

	if (talk->in[i].n > 0 && session_wants_input(session)) {
		e = session_feed(session, buf_bytes(&talk->in[i]), 0);
		buf_cut(&talk->in[i], 0);
		*moved = true;
	}
	if (e == ERR_OK && session_has_work(session)) {
		e = store_begin(store, true);
		if (e == ERR_OK)
			e = plant_end(store, session_work(session, 0));
		session_worked(session, e);
		*moved = true;
	}
	if (e == ERR_OK && !session_is_done(session)) {
		e = store_begin(store, false);
		if (e == ERR_OK)
			e = plant_end(store, session_fill(session, 0));
	}
	if (e != ERR_OK)
		return e;
	out = session_out(session);
	if (out.n > 0) {
		buf_add(&talk->in[1 - i], out);
		session_sent(session, out.n);
		*moved = true;
	}
	return ERR_OK;
}

/* ERR_OK only when both ends say that it ended well. */
static enum err
meet(struct plant *plant, size_t a, size_t b)
{
	struct talk talk = {.stores = {store_of(plant, a), store_of(plant, b)}};
	bool moved = true;
	enum err e = ERR_OK;

	for (size_t i = 0; i < 2; i++)
		talk.ends[i] = session_new(
		    &(struct session_config){.initiator = i == 0,
			.once = true,
			.store = talk.stores[i],
			.host = &plant->town.host,
			.squeeze = &talk.squeeze});
	for (int n = 0; n < TURNS_MAX && moved && e == ERR_OK; n++) {
		moved = false;
		for (size_t i = 0; i < 2 && e == ERR_OK; i++)
			e = turn(&talk, i, &moved);
	}
	for (size_t i = 0; i < 2 && e == ERR_OK; i++) {
		if (!session_is_done(talk.ends[i]))
			e = err_set(ERR_PEER, "the session came to no end");
	}
	for (size_t i = 0; i < 2; i++) {
		session_free(talk.ends[i]);
		buf_fini(&talk.in[i]);
	}
	squeeze_fini(&talk.squeeze);
	return e;
}

static void
meet_prepare(struct plant *plant)
{
	for (int i = 0; i < 3; i++) {
		(void)town_create(&plant->town, 0, here, "하나");
		(void)town_create(&plant->town, 1, here, "둘");
	}
}

static enum err
meet_step(struct plant *plant, size_t i)
{
	return meet(plant, 1, i == 0 ? 0 : 2);
}

/* Both have the same to show. */
static void
same_holds(struct plant *plant, size_t steps)
{
	struct buf one = {0};
	struct buf other = {0};

	for (size_t i = 0; i < steps && i < 2; i++) {
		buf_cut(&one, 0);
		buf_cut(&other, 0);
		town_digests(&plant->town, 1, &one);
		town_digests(&plant->town, i == 0 ? 0 : 2, &other);
		assert_true(bytes_equal(buf_bytes(&one), buf_bytes(&other)));
	}
	buf_fini(&one);
	buf_fini(&other);
}

/* Headers came without their bodies, which are owed now. */
static void
late_prepare(struct plant *plant)
{
	for (int i = 0; i < 4; i++)
		(void)town_create(&plant->town, 1, here, "셋");
	town_carry(&plant->town, 1, 0, &(struct town_cargo){.bare = true});
}

static enum err
late_step(struct plant *plant, size_t i)
{
	(void)i;
	return meet(plant, 1, 0);
}

/* ---- a stick ------------------------------------------------------------ */

static const char *
stick_path(const struct plant *plant, const char *name)
{
	struct tempdir medium = plant->town.dir;

	if (plant->medium != NULL)
		(void)snprintf(
		    medium.path, sizeof(medium.path), "%s", plant->medium);
	return tempdir_at(&medium, name);
}

static enum err
stick_put(struct plant *plant, size_t from, size_t to, const char *name,
    enum bundle_kind kind)
{
	struct store *store = store_of(plant, from);
	struct sign_key key = store_identity(store_of(plant, to))->key;
	struct bundle_want want = {.kind = kind, .to = &key, .to_n = 1};
	struct bundle_writer *writer = NULL;
	struct bundle_plan plan = {0};
	bool more = true;
	enum err e = store_begin(store, false);

	if (e == ERR_OK)
		e = plant_end(store, bundle_plan_make(store, &want, &plan));
	if (e == ERR_OK)
		e = bundle_write_begin(store, &plan, stick_path(plant, name),
		    plant->again, &writer);
	while (e == ERR_OK && more)
		e = bundle_write_step(writer, &more);
	if (e == ERR_OK) {
		bundle_write_end(writer);
	} else {
		struct fault fault;

		err_keep(&fault, e);
		bundle_write_end(writer);
		e = err_raise(&fault);
	}
	bundle_plan_fini(&plan);
	return e;
}

static enum err
stick_get(struct plant *plant, size_t at, const char *name)
{
	struct bundle_taker *taker = NULL;
	struct fault fault;
	bool more = true;
	enum err e = bundle_take_open(
	    store_of(plant, at), stick_path(plant, name), &taker);

	while (e == ERR_OK && more)
		e = bundle_take_step(taker, &more);
	/* It is a sound one: nothing may be found wrong with it. */
	if (e == ERR_OK && (bundle_take_count(taker)->troubles_all > 0 ||
			       bundle_take_found(taker)->damages_n > 0))
		plant->said->lied = true;
	err_keep(&fault, e);
	bundle_take_close(taker);
	return err_raise(&fault);
}

static void
stick_prepare(struct plant *plant)
{
	for (int i = 0; i < 4; i++)
		(void)town_create(&plant->town, 1, here, "넷");
}

static enum err
stick_step(struct plant *plant, size_t i)
{
	switch (i) {
	case 0:
		return stick_put(plant, 1, 0, stick, BUNDLE_RUNS);
	case 1:
		return stick_get(plant, 0, stick);
	case 2:
		return stick_put(plant, 0, 1, answer, BUNDLE_ACK);
	default:
		return stick_get(plant, 1, answer);
	}
}

/* A whole file or none, and nothing beside it. */
static void
stick_holds(struct plant *plant, size_t steps)
{
	const char *const names[] = {stick, answer};

	const char *const rests[] = {"stick.golmok.new", "answer.golmok.new"};

	for (size_t i = 0; i < 2; i++) {
		if (!plant->stuck || plant->again)
			assert_int_equal(
			    access(stick_path(plant, rests[i]), F_OK), -1);
	}
	for (size_t i = 0; i < 2; i++) {
		const char *path = stick_path(plant, names[i]);
		struct bundle_reader *reader;
		struct bundle_piece piece;

		if (access(path, F_OK) != 0) {
			assert_true(steps <= 2 * i);
			continue;
		}
		assert_int_equal(
		    bundle_read_open(path,
			store_identity(town_store(&plant->town, i)), &reader),
		    ERR_OK);
		do {
			assert_int_equal(
			    bundle_read_next(reader, &piece), ERR_OK);
		} while (piece.kind != BUNDLE_PIECE_END);
		bundle_read_close(reader);
	}
	if (steps >= 2)
		same_holds(plant, 1);
}

/* ---- a log with two branches -------------------------------------------- */

/* Node 1 was rolled back: node 0 has both branches, the others the second. */
static void
branches_prepare(struct plant *plant)
{
	struct town *town = &plant->town;
	struct backup early = {0};
	struct branch second = {0};

	(void)town_create(town, 1, here, "둥치");
	town_meet(town);
	backup_take(town, 1, &early);
	for (int i = 0; i < 4; i++)
		(void)town_create(town, 1, here, "왼쪽");
	town_copy(town, 1, 0);
	backup_put(town, 1, &early);
	town->now_ms += 10;
	for (int i = 0; i < 3; i++)
		(void)town_create(town, 1, here, "오른쪽");
	town_copy(town, 1, 2);
	branch_take_out(town, 1, here, &second);
	if (branch_bring(town, 0, &second, 0, second.n, second.n) != ERR_OK)
		fail_msg("%s", err_text());
	branch_fini(&second);
	backup_fini(&early);
}

/* What it tells of a sound stick. */
static enum err
stick_show(struct plant *plant, size_t at, const char *name)
{
	struct bundle_reader *reader;
	struct bundle_shown shown = {0};
	struct fault fault;
	enum err e = bundle_read_open(stick_path(plant, name),
	    store_identity(store_of(plant, at)), &reader);

	if (e != ERR_OK)
		return e;
	e = bundle_show_read(reader, &shown, NULL, NULL);
	if (e == ERR_OK &&
	    (shown.wrongs > 0 || shown.logs == 0 || !shown.is_signed))
		plant->said->lied = true;
	err_keep(&fault, e);
	bundle_show_fini(&shown);
	bundle_read_close(reader);
	return err_raise(&fault);
}

static enum err
safety_look(struct plant *plant, size_t at)
{
	struct store *store = store_of(plant, at);
	struct sign_key key = store_identity(store)->key;
	const struct authority *authority;
	struct arena arena = {0};
	struct safety safety;
	enum err e = store_begin(store, false);

	if (e != ERR_OK)
		return e;
	e = store_authority(store, &authority);
	if (e == ERR_OK)
		e = safety_count(
		    store_txn(store), authority, &key, &arena, &safety);
	if (e == ERR_OK && safety.forked != 1)
		plant->said->lied = true;
	arena_fini(&arena);
	return plant_end(store, e);
}

static enum err
branches_step(struct plant *plant, size_t i)
{
	switch (i) {
	case 0:
		return stick_put(plant, 0, 2, stick, BUNDLE_RUNS);
	case 1:
		return stick_show(plant, 2, stick);
	case 2:
		return stick_get(plant, 2, stick);
	case 3:
		return meet(plant, 0, 2);
	case 4:
		return safety_look(plant, 0);
	default:
		return meet(plant, 1, 0);
	}
}

/* Whoever was told of both has both. */
static void
branches_holds(struct plant *plant, size_t steps)
{
	struct buf one = {0};
	struct buf other = {0};

	town_digests(&plant->town, 0, &one);
	if (steps >= 4)
		town_digests(&plant->town, 2, &other);
	else
		buf_add(&other, buf_bytes(&one));
	assert_true(bytes_equal(buf_bytes(&one), buf_bytes(&other)));
	buf_fini(&one);
	buf_fini(&other);
}

/* ---- what is there is not replaced -------------------------------------- */

static const char kept_text[] = "somebody's only copy";
static const char kept_keys[] = "node.keys";

static void
kept_prepare(struct plant *plant)
{
	const char *const names[] = {stick, kept_keys};

	for (size_t i = 0; i < COUNT_OF(names); i++)
		assert_int_equal(
		    file_write(tempdir_at(&plant->town.dir, names[i]),
			bytes_text(kept_text), 0600),
		    ERR_OK);
}

/* To be refused is what is to be done here. */
static enum err
kept_step(struct plant *plant, size_t i)
{
	const struct identity *mine = store_identity(store_of(plant, 1));
	bool again = plant->again;
	enum err e;

	plant->again = false;
	if (i == 0)
		e = stick_put(plant, 1, 0, stick, BUNDLE_RUNS);
	else
		e = identity_save(
		    tempdir_at(&plant->town.dir, kept_keys), mine);
	plant->again = again;
	if (e == ERR_OK)
		plant->said->lied = true;
	return e == ERR_EXISTS ? ERR_OK : e;
}

static void
kept_holds(struct plant *plant, size_t steps)
{
	const char *const names[] = {stick, kept_keys};
	struct buf content = {0};

	(void)steps;
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		buf_cut(&content, 0);
		assert_int_equal(
		    file_read(
			tempdir_at(&plant->town.dir, names[i]), 4096, &content),
		    ERR_OK);
		assert_true(bytes_is(buf_bytes(&content), kept_text));
	}
	buf_fini(&content);
}

/* ---- authority in a file ------------------------------------------------ */

static void
parcel_prepare(struct plant *plant)
{
	(void)town_join(&plant->town);
}

static enum err
parcel_step(struct plant *plant, size_t i)
{
	const char *path = tempdir_at(&plant->town.dir, letter);
	struct store *store = store_of(plant, i == 0 ? 0 : 3);
	struct parcel_taken taken;
	struct buf parcel = {0};
	enum err e;

	if (i == 1) {
		e = file_read(path, LIMIT_PARCEL_SIZE, &parcel);
		if (e == ERR_OK)
			e = store_begin(store, true);
		if (e == ERR_OK)
			e = plant_end(store,
			    parcel_take(store, buf_bytes(&parcel), &taken));
	} else {
		e = store_begin(store, false);
		if (e == ERR_OK)
			e = plant_end(store, parcel_put(store, &parcel));
		if (e == ERR_OK)
			e = file_write(path, buf_bytes(&parcel), 0600);
	}
	buf_fini(&parcel);
	return e;
}

static void
parcel_holds(struct plant *plant, size_t steps)
{
	const char *path = tempdir_at(&plant->town.dir, letter);
	struct buf parcel = {0};
	struct city_id city;
	enum err e = file_read(path, LIMIT_PARCEL_SIZE, &parcel);

	assert_true(e == ERR_OK || (e == ERR_NOT_FOUND && steps == 0));
	if (e == ERR_OK)
		assert_int_equal(
		    parcel_check(buf_bytes(&parcel), &city), ERR_OK);
	if (steps >= 2) {
		const struct authority *authority;
		struct store *store = town_store(&plant->town, 3);
		struct sign_key key = town_key(&plant->town, 1);

		assert_int_equal(store_begin(store, false), ERR_OK);
		assert_int_equal(store_authority(store, &authority), ERR_OK);
		assert_non_null(authority_member(authority, &key));
		store_abort(store);
	}
	buf_fini(&parcel);
}

const struct job job_carry[] = {
    {.name = "session",
	.steps = 2,
	.prepare = meet_prepare,
	.step = meet_step,
	.holds = same_holds},
    {.name = "late bodies",
	.steps = 1,
	.prepare = late_prepare,
	.step = late_step,
	.holds = same_holds},
    {.name = "stick",
	.steps = 4,
	.prepare = stick_prepare,
	.step = stick_step,
	.holds = stick_holds},
    {.name = "branches",
	.steps = 6,
	.prepare = branches_prepare,
	.step = branches_step,
	.holds = branches_holds,
	.renews = true,
	.forks = true,
	.costly = true},
    {.name = "kept",
	.steps = 2,
	.prepare = kept_prepare,
	.step = kept_step,
	.holds = kept_holds},
    {.name = "parcel",
	.steps = 2,
	.prepare = parcel_prepare,
	.step = parcel_step,
	.holds = parcel_holds},
};
const size_t job_carry_n = COUNT_OF(job_carry);

/*
 * Where a hostile peer meets an honest session, for the tests of net/peer: what
 * comes before and after all that the one may say to the other.
 */
#include "tests/lib/scene.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define ALL "read:NPSF,write,hold"

static void
build(struct scene *scene, bool holds)
{
	struct town *town = &scene->town;

	town_init(town, 1);
	(void)town_member(town, "", ALL);
	assert_int_equal(town_grant(town, 0, 0, "", ALL, ""), ERR_OK);
	town_copy(town, 0, 1);
	(void)town_create(town, 0, SCENE_SPACE, "하나");
	for (int i = 0; i < 10; i++)
		(void)town_create(town, 1, SCENE_SPACE, "둘");
	if (holds)
		wire_sync(town, 1, 0);
	scene->held = town_deltas(town, 0);
	rogue_init(&scene->rogue, town, 0, store_identity(town_store(town, 1)));
}

static void
take(struct scene *scene)
{
	assert_int_equal(rogue_fault(&scene->rogue), ERR_OK);
	rogue_take_log(
	    &scene->rogue, &scene->town, 1, SCENE_SPACE, &scene->log);
	assert_int_equal(scene->log.n, 11);
}

void
scene_meet(struct scene *scene, bool holds)
{
	build(scene, holds);
	rogue_run(&scene->rogue);
	take(scene);
}

void
scene_begin(struct scene *scene, bool holds)
{
	build(scene, holds);
	rogue_greet(&scene->rogue);
	take(scene);
}

void
scene_end(struct scene *scene, enum err code, uint64_t n)
{
	struct town *town = &scene->town;

	rogue_run(&scene->rogue);
	if (rogue_fault(&scene->rogue) != code)
		print_error("%s\n", scene->rogue.wire.ends[1].fault.text);
	assert_int_equal(rogue_fault(&scene->rogue), code);
	assert_int_equal(scene->rogue.heard[MSG_CLOSE], code != ERR_OK);
	assert_int_equal(town_deltas(town, 0), scene->held + n);
	rogue_fini(&scene->rogue);
	wire_assert_sound(town, 0);
	wire_sync(town, 0, 1);
	town_assert_equal(town, 0);
	wire_assert_sound(town, 0);
	wire_assert_sound(town, 1);
	town_fini(town);
}

/*
 * An aggregator among hundreds: a node in a process of its own, and centres
 * with real stores that all stay linked to it while others misbehave.  How many
 * centres there are is in CENTRES of the environment (`make aggregator`: 421);
 * what must happen is counted, nothing is timed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <signal.h>
#include <unistd.h>

#include "net/node.h"
#include "net/peer/link.h"
#include "proto/mem.h"
#include "tests/lib/child.h"
#include "tests/lib/crook.h"

enum {
	CENTRES = 40,
	/* What a centre has to say when it comes, and then one by one. */
	BULK_BYTES = 4 * 1024 * 1024, /* of all of them, roughly */
	DELTA_BYTES = 700,
	ROUNDS = 4,
	/* Links that come up at the same time. */
	DIALLING_MAX = 32,
	WATCHDOG_MS = 15 * 60 * 1000,
	RESIDENT_KB = 96 * 1024,
	/* Beyond its credit a peer may be sent what was begun, and what needs
	 * no credit. */
	UNTOLD_BYTES = 2 * LIMIT_CREDIT_SIZE,
};

/* Told by the child: where it listens. */
struct answer {
	char place[64];
};

struct good {
	struct crowd_centre *centre;
	struct hub *hub;
	struct link *link; /* NULL: not yet, or ended */
	bool up;
	bool told; /* all that it wrote is durable at the aggregator */
	unsigned rounds;
	struct scene *scene;
};

struct scene {
	struct child child;
	struct crowd crowd;
	struct loop *loop;
	struct loop_timer *watchdog;
	uint16_t port;
	struct good *goods;
	size_t goods_n;
	size_t dialled_n;
	size_t dialling_n;
	struct crook crooks[5];
	size_t bulk; /* deltas of each at first */
	uint64_t most_kb;
};

static void
on_news(void *arg, enum node_news news, const char *text)
{
	struct child *test = arg;
	struct answer answer = {{0}};

	if (news != NODE_LISTENS)
		return;
	(void)snprintf(answer.place, sizeof(answer.place), "%s", text);
	assert_int_equal(
	    write(test->out, &answer, sizeof(answer)), sizeof(answer));
}

static uint64_t
host_now_ms(void *arg)
{
	(void)arg;
	return UINT64_C(1700001000000);
}

static void
host_random(void *arg, uint8_t *p, size_t n)
{
	prng_fill(arg, p, n);
}

/* The child: a node on the store that the test names. */
static bool
serve(struct child *test, void *arg)
{
	struct prng prng = {.seed = 99};
	struct host host = {
	    .now_ms = host_now_ms, .random = host_random, .arg = &prng};
	struct node_config config = {.host = &host,
	    .listen = "127.0.0.1:0",
	    .on_news = on_news,
	    .arg = test};
	char dir[2 * TEMPDIR_PATH_SIZE];
	bool well;

	(void)arg;
	if (read(test->in, dir, sizeof(dir)) != (ssize_t)sizeof(dir))
		return false;
	crowd_must(crypto_start());
	crowd_must(store_open(dir, &host, &config.store));
	well = node_serve(&config) == ERR_OK;
	store_close(config.store);
	return well;
}

static void
on_watchdog(void *arg)
{
	(void)arg;
	fail_msg("nothing happened for too long");
}

static void
on_link(void *arg, struct link *link, enum link_event event)
{
	struct good *good = arg;
	struct session_status status;

	link_status(link, &status);
	if (event == LINK_ENDED) {
		if (good->rounds < ROUNDS)
			print_error("a link ended: %s\n", link_why(link)->text);
		good->link = NULL;
		return;
	}
	if (event == LINK_UP) {
		good->up = true;
		good->scene->dialling_n--;
	}
	/* Nothing is left to say, and the other end has said so after all of
	 * it was acknowledged. */
	good->told = status.in_sync &&
		     status.deltas_out == good->centre->deltas;
}

static void
scene_open(struct scene *scene)
{
	const char *text = getenv("CENTRES");
	struct answer answer;

	*scene = (struct scene){0};
	scene->goods_n = text != NULL ? strtoul(text, NULL, 10) : CENTRES;
	scene->bulk = BULK_BYTES / DELTA_BYTES / scene->goods_n;
	/* Before this process has memory of its own. */
	child_start(&scene->child, serve, NULL);
	crowd_init(&scene->crowd,
	    &(struct crowd_plan){
		.centres = scene->goods_n + COUNT_OF(scene->crooks),
		.readers = COUNT_OF(scene->crooks),
		.seed = 4});
	assert_int_equal(write(scene->child.out, scene->crowd.aggregator,
			     sizeof(scene->crowd.aggregator)),
	    sizeof(scene->crowd.aggregator));
	assert_int_equal(
	    read(scene->child.in, &answer, sizeof(answer)), sizeof(answer));
	scene->port = (uint16_t)strtoul(
	    strchr(answer.place, ':') + 1, NULL, 10);
	crowd_must(loop_open(&scene->loop));
	scene->watchdog = loop_timer_new(scene->loop, on_watchdog, scene);
	scene->goods = mem_zeros(scene->goods_n, sizeof(*scene->goods));
	for (size_t i = 0; i < scene->goods_n; i++) {
		struct good *good = &scene->goods[i];

		good->scene = scene;
		good->centre = &scene->crowd.centres[i];
		good->hub = hub_new(
		    scene->loop, good->centre->store, &scene->crowd.host);
		crowd_write(&scene->crowd, i, scene->bulk, "처음");
	}
}

static void
dial_more(struct scene *scene)
{
	while (scene->dialled_n < scene->goods_n &&
	       scene->dialling_n < DIALLING_MAX) {
		struct good *good = &scene->goods[scene->dialled_n++];
		struct link_config config = {
		    .hub = good->hub, .on_event = on_link, .arg = good};

		crowd_must(
		    link_dial(&config, "127.0.0.1", scene->port, &good->link));
		scene->dialling_n++;
	}
}

static void
crooks_dial(struct scene *scene)
{
	for (size_t i = 0; i < COUNT_OF(scene->crooks); i++) {
		size_t at = scene->goods_n + i;

		if (i == CROOK_DRIP)
			crowd_write(&scene->crowd, at, 100, "방울");
		crook_dial(&scene->crooks[i], (enum crook_kind)i, scene->loop,
		    &scene->crowd, &scene->crowd.centres[at], scene->port);
	}
}

/* The anonymous memory of the aggregator. */
static void
weigh(struct scene *scene)
{
	uint64_t kb = child_resident_kb(&scene->child);

	if (kb > scene->most_kb)
		scene->most_kb = kb;
}

/* A centre whose work is durable writes the next delta, and for the crooks a
 * step has passed; how many have written all. */
static size_t
go_on(struct scene *scene)
{
	size_t done = 0;

	for (size_t i = 0; i < scene->goods_n; i++) {
		struct good *good = &scene->goods[i];

		assert_true(!good->up || good->link != NULL);
		if (good->told && good->rounds < ROUNDS) {
			good->told = false;
			good->rounds++;
			if (good->rounds < ROUNDS)
				crowd_write(&scene->crowd, i, 1, "지금");
			for (size_t k = 0; k < COUNT_OF(scene->crooks); k++)
				crook_step(&scene->crooks[k]);
			weigh(scene);
		}
		done += good->rounds == ROUNDS;
	}
	return done;
}

static void
scene_close(struct scene *scene)
{
	for (size_t i = 0; i < scene->goods_n; i++)
		link_end(scene->goods[i].link, ERR_OK, "done");
	for (size_t i = 0; i < COUNT_OF(scene->crooks); i++)
		crook_leave(&scene->crooks[i]);
	loop_timer_free(scene->watchdog);
	assert_int_equal(kill(scene->child.pid, SIGTERM), 0);
	for (bool open = true; open;) {
		open = false;
		for (size_t i = 0; i < scene->goods_n; i++)
			open = open || scene->goods[i].link != NULL;
		for (size_t i = 0; i < COUNT_OF(scene->crooks); i++)
			open = open || scene->crooks[i].stream != NULL;
		if (open)
			(void)loop_step(scene->loop);
	}
	assert_true(child_end(&scene->child));
	for (size_t i = 0; i < scene->goods_n; i++)
		hub_free(scene->goods[i].hub);
	for (size_t i = 0; i < COUNT_OF(scene->crooks); i++)
		crook_fini(&scene->crooks[i]);
	loop_close(scene->loop);
	mem_free(scene->goods);
}

/* What the crooks had of the node while the others finished. */
static void
crooks_check(struct scene *scene)
{
	const struct crook *crooks = scene->crooks;
	struct session_status mute;

	for (size_t i = 0; i < COUNT_OF(scene->crooks); i++)
		assert_true(crooks[i].begun);
	assert_non_null(crooks[CROOK_DRIP].stream);
	assert_null(crooks[CROOK_NOISE].stream);
	/* There was more for it than it may get. */
	assert_in_range(crooks[CROOK_MUTE].in_bytes, 1, UNTOLD_BYTES);
	session_status(crooks[CROOK_MUTE].session, &mute);
	assert_true(mute.deltas_in < scene->bulk * scene->goods_n);
	assert_in_range(crooks[CROOK_DEAF].in_bytes, 1, UNTOLD_BYTES);
}

static void
all_good_ones_finish_beside_crooks(void **state)
{
	static struct scene scene;
	struct store *store;
	bool crooked = false;

	(void)state;
	scene_open(&scene);
	while (go_on(&scene) < scene.goods_n) {
		dial_more(&scene);
		if (!crooked && scene.dialled_n > scene.goods_n / 2) {
			crooks_dial(&scene);
			crooked = true;
		}
		loop_timer_set(scene.watchdog, loop_now_ms() + WATCHDOG_MS);
		assert_true(loop_step(scene.loop));
	}
	/* The last word may still be on its way to some. */
	while (scene.crooks[CROOK_NOISE].stream != NULL ||
	       !scene.crooks[CROOK_MUTE].begun ||
	       !scene.crooks[CROOK_DEAF].begun)
		assert_true(loop_step(scene.loop));
	print_message("mute got %llu bytes\n",
	    (unsigned long long)scene.crooks[CROOK_MUTE].in_bytes);
	weigh(&scene);
	crooks_check(&scene);
	scene_close(&scene);
	store = crowd_aggregator(&scene.crowd);
	for (size_t i = 0; i < scene.goods_n; i++)
		assert_true(crowd_agrees(&scene.crowd.centres[i], store));
	store_close(store);
	crowd_fini(&scene.crowd);
	print_message(
	    "%zu centres and %zu crooks: %.1f MiB of memory at most\n",
	    scene.goods_n, COUNT_OF(scene.crooks),
	    (double)scene.most_kb / 1024);
	assert_true(child_resident_within(scene.most_kb, RESIDENT_KB));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(all_good_ones_finish_beside_crooks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

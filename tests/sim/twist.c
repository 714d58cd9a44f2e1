/*
 * The linker sends each talk_send here (tests/sim/wrap.c has the list).  Whose
 * session is at work, and whether it lies, tests/sim/wire.c knows.
 */
#include "tests/sim/twist.h"

#include <string.h>

#include "net/peer/talk.h"
#include "tests/sim/hold.h"
#include "tests/sim/swarm.h"
#include "tests/sim/wire.h"

enum { KEPT = 16, FLIPS_MAX = 4, NOISE_MAX = 300, FLOOD_MAX = 20 };

size_t __real_channel_queued(const struct channel *channel);
enum err __real_talk_send(struct talk *talk, const struct msg *msg) MUST_USE;
enum err __wrap_talk_send(struct talk *talk, const struct msg *msg) MUST_USE;

/* Messages that were sent, encoded, of any session of this run. */
static struct buf kept[KEPT];
/* Of the message being made. */
static struct arena made;

static uint64_t number_twist(struct sim *sim, uint64_t v);
static void entry_twist(struct sim *sim, struct msg_entry *entry);

void
twist_fini(void)
{
	for (size_t i = 0; i < KEPT; i++)
		buf_fini(&kept[i]);
}

/* Another number, at most INT64_MAX. */
static uint64_t
number_twist(struct sim *sim, uint64_t v)
{
	switch (sim_below(sim, 6)) {
	case 0:
		return 0;
	case 1:
		return v > 0 ? v - 1 : 1;
	case 2:
		return sim_below(sim, 1000);
	case 3:
		return (uint64_t)INT64_MAX - sim_below(sim, 2);
	case 4:
		return UINT64_C(1) << sim_below(sim, 63);
	default:
		return v < (uint64_t)INT64_MAX ? v + 1 : 0;
	}
}

static void
bytes_twist(struct sim *sim, void *p, size_t n)
{
	uint8_t *b = p;

	b[sim_below(sim, n)] ^= (uint8_t)(1 << sim_below(sim, 8));
}

/* Some log that anybody ever had. */
static void
log_twist(struct sim *sim, struct log_id *id)
{
	if (sim->model.n > 0 && !sim_once_in(sim, 4))
		*id = sim->model.logs[sim_below(sim, sim->model.n)].id;
	else
		bytes_twist(sim, id, sizeof(*id));
}

static void
entry_twist(struct sim *sim, struct msg_entry *entry)
{
	switch (sim_below(sim, 8)) {
	case 0:
		log_twist(sim, &entry->log);
		break;
	case 1:
		bytes_twist(sim, entry->root, sizeof(entry->root));
		break;
	case 2:
		entry->held = number_twist(sim, entry->held);
		break;
	case 3:
		entry->kept = number_twist(sim, entry->kept);
		break;
	case 4:
		entry->forked = !entry->forked;
		break;
	case 5:
		entry->is_branch = !entry->is_branch;
		log_twist(sim, &entry->trunk);
		break;
	case 6:
		for (size_t c = 0; c < CLASS_COUNT; c++)
			entry->open[c] = number_twist(sim, entry->open[c]);
		break;
	default:
		entry->size = number_twist(sim, entry->size);
	}
}

static void
clock_twist(struct sim *sim, struct msg_clock *clock)
{
	struct msg_entry *entries = arena_array(
	    &made, clock->n + 1, sizeof(*entries));

	for (size_t i = 0; i < clock->n; i++)
		entries[i] = clock->entries[i];
	switch (sim_below(sim, 6)) {
	case 0:
		clock->last = !clock->last;
		break;
	case 1:
		clock->again = !clock->again;
		break;
	case 2:
		clock->whole = !clock->whole;
		break;
	case 3:
		if (clock->n == MSG_ENTRIES_MAX)
			break;
		/* Of a log that it has nothing of, or one twice. */
		if (clock->n > 0)
			entries[clock->n] = entries[sim_below(sim, clock->n)];
		log_twist(sim, &entries[clock->n].log);
		entry_twist(sim, &entries[clock->n]);
		clock->n++;
		break;
	case 4:
		clock->n = sim_below(sim, clock->n + 1);
		break;
	default:
		for (size_t i = 0; i < clock->n; i++)
			if (sim_once_in(sim, 3))
				entry_twist(sim, &entries[i]);
	}
	clock->entries = entries;
}

static void
run_twist(struct sim *sim, struct msg_run *run)
{
	switch (sim_below(sim, 9)) {
	case 0:
		run->name.space = sim->spaces[sim_below(sim, sim->spaces_n)];
		break;
	case 1:
		run->name.author = sim->nodes[sim_below(sim, sim->n)].key;
		break;
	case 2:
		bytes_twist(
		    sim, &run->name.incarnation, sizeof(run->name.incarnation));
		break;
	case 3:
		bytes_twist(sim, &run->head_root, sizeof(run->head_root));
		break;
	case 4:
		bytes_twist(
		    sim, &run->head_signature, sizeof(run->head_signature));
		break;
	case 5:
		run->nameless = !run->nameless;
		break;
	case 6:
		run->rootless = !run->rootless;
		break;
	case 7:
		run->whole = false;
		entry_twist(sim, &run->entry);
		break;
	default:
		run->head_size = number_twist(sim, run->head_size);
		run->from = number_twist(sim, run->from);
	}
	if (run->from > run->head_size)
		run->from = run->head_size;
}

static void
chunk_twist(struct sim *sim, struct msg_chunk *chunk)
{
	struct bytes *headers = arena_array(
	    &made, chunk->n + 1, sizeof(*headers));
	size_t at = sim_below(sim, chunk->n);

	for (size_t i = 0; i < chunk->n; i++)
		headers[i] = chunk->headers[i];
	switch (sim_below(sim, 6)) {
	case 0:
		chunk->n = 1 + at;
		break;
	case 1:
		headers[0] = headers[at];
		break;
	case 2:
		headers[at] = arena_bytes(&made, headers[at]);
		bytes_twist(
		    sim, (void *)(uintptr_t)headers[at].p, headers[at].n);
		break;
	case 3:
		headers[at] = bytes_first(
		    headers[at], sim_below(sim, headers[at].n));
		break;
	case 4:
		chunk->bodies_n = number_twist(sim, chunk->bodies_n);
		break;
	default:
		if (chunk->proof.n > 0)
			bytes_twist(sim, chunk->proof.nodes,
			    chunk->proof.n * sizeof(chunk->proof.nodes[0]));
		else
			chunk->proof.n = 1;
	}
	chunk->headers = headers;
}

static void
body_twist(struct sim *sim, struct msg_body *body)
{
	struct bytes sealed = body->sealed;

	switch (sim_below(sim, 6)) {
	case 0:
		body->seq += sim_below(sim, 3);
		break;
	case 1:
		body->change ^= 1;
		break;
	case 2:
		body->class = (enum delta_class)sim_below(sim, CLASS_COUNT);
		break;
	case 3:
		bytes_twist(sim, body->key, sizeof(body->key));
		break;
	case 4:
		if (body->is_open || !body->has_wrap)
			body->is_open = !body->is_open;
		break;
	default:
		if (sealed.n == 0)
			break;
		body->sealed = arena_bytes(&made, sealed);
		bytes_twist(sim, (void *)(uintptr_t)body->sealed.p, sealed.n);
	}
}

static void
bodies_twist(struct sim *sim, struct msg_bodies *bodies)
{
	struct msg_body *list = arena_array(
	    &made, bodies->n + 1, sizeof(*list));

	for (size_t i = 0; i < bodies->n; i++)
		list[i] = bodies->bodies[i];
	switch (sim_below(sim, 4)) {
	case 0:
		log_twist(sim, &bodies->log);
		break;
	case 1:
		bodies->in_chunk = !bodies->in_chunk;
		break;
	case 2:
		bodies->n = sim_below(sim, bodies->n + 1);
		break;
	default:
		for (size_t i = 0; i < bodies->n; i++)
			if (sim_once_in(sim, 3))
				body_twist(sim, &list[i]);
	}
	bodies->bodies = list;
}

static void
fork_twist(struct sim *sim, struct msg_fork *fork)
{
	struct fork_side *sides = arena_array(&made, 2, sizeof(*sides));
	struct fork_side *side;

	for (size_t i = 0; i < fork->n; i++)
		sides[i] = fork->sides[i];
	side = &sides[sim_below(sim, fork->n)];
	switch (sim_below(sim, 6)) {
	case 0:
		log_twist(sim, &fork->log);
		break;
	case 1:
		fork->size = number_twist(sim, fork->size);
		break;
	case 2:
		bytes_twist(sim, &side->root, sizeof(side->root));
		break;
	case 3:
		side->head.size = number_twist(sim, side->head.size);
		break;
	case 4:
		/* Two sides that are the same. */
		sides[1] = sides[0];
		fork->n = 2;
		break;
	default:
		fork->samples_n = sim_below(sim, fork->samples_n + 1);
	}
	fork->sides = sides;
}

/* `msg` says something else of its kind. */
static void
msg_twist(struct sim *sim, struct msg *msg)
{
	switch (msg->type) {
	case MSG_HELLO:
		if (sim_once_in(sim, 4))
			msg->u.hello.version = number_twist(
			    sim, msg->u.hello.version);
		else
			bytes_twist(sim,
			    sim_once_in(sim, 2) ? msg->u.hello.mine
						: msg->u.hello.yours,
			    MSG_DIGEST_SIZE);
		break;
	case MSG_CLOCK:
		clock_twist(sim, &msg->u.clock);
		break;
	case MSG_TOTAL:
		msg->u.total.deltas = number_twist(sim, msg->u.total.deltas);
		msg->u.total.bytes = number_twist(sim, msg->u.total.bytes);
		break;
	case MSG_RUN:
		run_twist(sim, &msg->u.run);
		break;
	case MSG_CHUNK:
		chunk_twist(sim, &msg->u.chunk);
		break;
	case MSG_BODIES:
		bodies_twist(sim, &msg->u.bodies);
		break;
	case MSG_CREDIT:
		msg->u.credit.bytes = number_twist(sim, msg->u.credit.bytes);
		break;
	case MSG_FORK:
		fork_twist(sim, &msg->u.fork);
		break;
	case MSG_CLOSE:
		msg->u.close.why = (enum err)sim_below(sim, ERR_PART + 1);
		break;
	default:
		break;
	}
}

/* Flipped, cut, longer, or nothing that anybody ever said. */
static enum err
bytes_send(struct sim *sim, struct talk *talk, struct bytes message)
{
	struct buf other = {0};
	uint64_t n = 1 + sim_below(sim, FLIPS_MAX);
	enum err e;

	buf_add(&other, message);
	switch (sim_below(sim, 4)) {
	case 0:
		buf_cut(&other, 1 + sim_below(sim, other.n));
		break;
	case 1:
		buf_cut(&other, 0);
		n = 1 + sim_below(sim, NOISE_MAX);
		while (other.n < n)
			buf_add_u8(&other, (uint8_t)sim_below(sim, 256));
		break;
	case 2:
		while (n-- > 0)
			buf_add_u8(&other, (uint8_t)sim_below(sim, 256));
		break;
	default:
		while (n-- > 0)
			bytes_twist(sim, other.p, other.n);
	}
	e = channel_send(talk->channel, buf_bytes(&other));
	buf_fini(&other);
	return e;
}

/* Something short that belongs nowhere, again and again. */
static enum err
flood_send(struct sim *sim, struct talk *talk)
{
	static const enum msg_type types[] = {
	    MSG_PING, MSG_PONG, MSG_IDLE, MSG_CREDIT, MSG_TOTAL};
	struct msg msg = {.type = types[sim_below(sim, COUNT_OF(types))]};
	uint64_t n = 1 + sim_below(sim, FLOOD_MAX);
	enum err e = ERR_OK;

	msg_twist(sim, &msg);
	while (n-- > 0 && e == ERR_OK)
		e = __real_talk_send(talk, &msg);
	return e;
}

static enum err
twisted_send(struct sim *sim, struct talk *talk, const struct msg *msg)
{
	struct buf *slot = &kept[sim_below(sim, KEPT)];
	struct msg other = *msg;
	enum err e;

	switch (sim_below(sim, 8)) {
	case 0: /* never said */
		return ERR_OK;
	case 1: /* said twice */
		e = __real_talk_send(talk, msg);
		return e == ERR_OK ? __real_talk_send(talk, msg) : e;
	case 2: /* of another time or session, before this one */
		if (slot->n > 0 &&
		    channel_send(talk->channel, buf_bytes(slot)) != ERR_OK)
			return ERR_OK;
		e = __real_talk_send(talk, msg);
		if (e == ERR_OK && talk->scratch.n > 0) {
			unsigned before = hold_nobody();

			buf_cut(slot, 0);
			buf_add(slot, buf_bytes(&talk->scratch));
			hold_end(before);
		}
		return e;
	case 3: /* noise behind it */
		e = __real_talk_send(talk, msg);
		return e == ERR_OK && talk->scratch.n > 0
			   ? bytes_send(sim, talk, buf_bytes(&talk->scratch))
			   : e;
	case 4:
		e = flood_send(sim, talk);
		return e == ERR_OK ? __real_talk_send(talk, msg) : e;
	default:
		msg_twist(sim, &other);
		return __real_talk_send(talk, &other);
	}
}

enum err
__wrap_talk_send(struct talk *talk, const struct msg *msg)
{
	struct sim *sim = wire_twister();
	enum err e;

	if (sim == NULL && msg->type == MSG_CHUNK)
		wire_made(
		    __real_channel_queued(talk->channel), talk->flow.queue_max);
	if (sim == NULL || !swarm_now(sim, sim->swarm.twist, 6))
		return __real_talk_send(talk, msg);
	wire_twisted();
	e = twisted_send(sim, talk, msg);
	arena_fini(&made);
	return e;
}

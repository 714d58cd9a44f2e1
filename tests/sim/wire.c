/*
 * Wires: sessions of two nodes and the bytes between them.  Bytes arrive in
 * order, in pieces of any size, late, or never.  What the hub of a real node
 * does with its sessions is done here by hand.
 */
#include "tests/sim/wire.h"

#include <string.h>

#include "net/peer/notes.h"
#include "tests/sim/accord.h"
#include "tests/sim/hurt.h"
#include "tests/sim/light.h"
#include "tests/sim/node.h"
#include "tests/sim/seals.h"
#include "tests/sim/shown.h"
#include "tests/sim/spend.h"
#include "tests/sim/swarm.h"
#include "tests/sim/verdict.h"
#include "tests/sim/wrap.h"

enum {
	/* Beyond its limit: the chunk that reached it. */
	OUT_SLACK = 512 * 1024,
	/* What goes before a chunk: its run, and how much is to come. */
	BEFORE_CHUNK = 1024,
	/* How often a wire is served until its sessions must have ended. */
	FINISH_ROUNDS = 20000,
	/* The longest frame that a length of two bytes can announce: when it
	 * is there, changed bytes must have shown. */
	HURT_MAX = 2 + UINT16_MAX,
	/* Of a session that makes, or takes in, little at a time. */
	TIGHT_PACE = 8 * 1000,
	TIGHT_WORK = 4 * 1000,
};

static void side_ended(struct sim_wire *wire, unsigned side, enum err e);
static void entry_said(const struct msg_entry *entry);
static void log_said(const struct log_id *id);
static void name_said(const struct log_name *name);
static void bodies_said(const struct msg_bodies *bodies);

/* Whose session is at work, and with whom it talks; NULL: none. */
static struct sim_node *speaker;
static struct sim_node *listener;
/* Over this wire; NULL: in a file. */
static struct sim_wire *at_work;
static unsigned at_side;

static void
turn_begin(struct sim_wire *wire, unsigned side)
{
	at_work = wire;
	at_side = side;
	speaker = wire->node[side];
	listener = wire->node[1 - side];
}

static void
turn_end(void)
{
	at_work = NULL;
	speaker = NULL;
	listener = NULL;
}

void
wire_listen(struct sim_node *from, struct sim_node *to)
{
	at_work = NULL;
	speaker = from;
	listener = to;
}

/* A hub has one session with a peer, and counts its bytes there. */
static bool
is_met(const struct sim_node *a, const struct sim_node *b)
{
	const struct sim *sim = a->sim;
	bool met = false;

	for (size_t i = 0; i < SIM_WIRES_MAX; i++) {
		const struct sim_wire *wire = &sim->wires[i];

		for (unsigned side = 0; wire->used && side < 2; side++)
			met = met ||
			      (wire->node[side] == a &&
				  wire->node[1 - side]->person == b->person) ||
			      (wire->node[side] == b &&
				  wire->node[1 - side]->person == a->person);
	}
	return met;
}

struct sim_wire *
wire_open(struct sim_node *a, struct sim_node *b, bool once)
{
	struct sim *sim = a->sim;
	struct sim_wire *wire = NULL;

	for (size_t i = 0; i < SIM_WIRES_MAX && wire == NULL; i++)
		if (!sim->wires[i].used)
			wire = &sim->wires[i];
	if (wire == NULL || (sim->swarm.budget && is_met(a, b)))
		return NULL;
	*wire = (struct sim_wire){.used = true, .node = {a, b}};
	light_meet(a->number, b->number);
	for (unsigned side = 0; side < 2; side++) {
		struct session_config config = {.initiator = side == 0,
		    .once = once,
		    .store = wire->node[side]->store,
		    .host = &wire->node[side]->host,
		    .squeeze = &sim->squeeze,
		    .day_bytes = spend_budget(
			wire->node[side], wire->node[1 - side]->person),
		    .now_ms = sim->now_ms};

		wire->session[side] = session_new(&config);
		wire->twists[side] = !sim->healing && sim->twister > 0 &&
				     wire->node[side]->person == sim->twister;
		wire->pace[side] = LIMIT_QUEUE_SIZE;
		if (swarm_now(sim, sim->swarm.tight, 2))
			wire->pace[side] = 1 + sim_below(sim, TIGHT_PACE);
		session_pace(wire->session[side], wire->pace[side]);
	}
	sim->count.wires++;
	return wire;
}

/* What a session noticed, and what it gives back of a day's bytes. */
static void
notes_take(struct sim_wire *wire, unsigned side)
{
	struct sim_node *node = wire->node[side];
	struct notes *notes = session_notes(wire->session[side]);

	spend_end(wire, side);
	if (!notes_wait(notes))
		return;
	node_begin(node, true);
	notes_write(notes, store_txn(node->store));
	if (node_commit(node) != ERR_OK)
		spend_excuse(wire, side);
	store_abort(node->store);
}

/* `dead` has no time for anything; NULL: both go on. */
static void
wire_end(struct sim_wire *wire, const struct sim_node *dead)
{
	for (unsigned side = 0; side < 2; side++)
		if (wire->node[side] != dead && wire->node[side]->store != NULL)
			notes_take(wire, side);
	for (unsigned side = 0; side < 2; side++) {
		session_free(wire->session[side]);
		buf_fini(&wire->pipe[side]);
	}
	*wire = (struct sim_wire){0};
}

void
wire_break(struct sim_wire *wire)
{
	wire_end(wire, NULL);
}

void
wire_half(struct sim_wire *wire, unsigned side)
{
	if (wire->gone[side])
		return;
	notes_take(wire, side);
	wire->node[side]->sim->count.halves++;
	wire->gone[side] = true;
	wire->dead[side] = true;
}

void
wire_damage(struct sim_wire *wire)
{
	wire->damages = true;
}

void
wire_break_all(struct sim_node *node)
{
	struct sim *sim = node->sim;

	for (size_t i = 0; i < SIM_WIRES_MAX; i++)
		if (sim->wires[i].used && (sim->wires[i].node[0] == node ||
					      sim->wires[i].node[1] == node))
			wire_end(&sim->wires[i], node);
}

static bool
is_peers(enum err e)
{
	return e == ERR_MALFORMED || e == ERR_DENIED || e == ERR_LIMIT ||
	       e == ERR_VERSION || e == ERR_PEER || e == ERR_EXISTS;
}

/* Among honest nodes a session ends because the other one went away, or is not
 * known yet, or because a disk failed that we made fail. */
static void
side_ended(struct sim_wire *wire, unsigned side, enum err e)
{
	struct sim *sim = wire->node[side]->sim;
	struct session_status status;
	/* A clone is told that it meets itself. */
	bool expected = wire->damaged || e == ERR_OK || e == ERR_PEER ||
			e == ERR_DENIED ||
			(e == ERR_EXISTS &&
			    wire->node[0]->person == wire->node[1]->person);

	if (wire->gone[side])
		return;
	if (!expected && !sim->swarm.disk && !sim->swarm.full)
		sim_must(sim, e, "a session between honest nodes ended");
	if (!wire->damaged &&
	    (e == ERR_MALFORMED || e == ERR_VERSION || e == ERR_LIMIT))
		sim_must(sim, e, "an honest node was taken for another");
	sim_note(sim, "ended", wire->node[side]->number, (uint64_t)e);
	sim->count.ended[e]++;
	sim->count.noticed += wire->damaged && e == ERR_MALFORMED;
	wire->gone[side] = true;
	wire->well[side] = e == ERR_OK;
	session_status(wire->session[side], &status);
	sim->last[side] = status;
	sim->count.held += status.is_held;
	wire->agreed[side] = e == ERR_OK && status.in_sync &&
			     status.dropped == 0;
}

/* When a side has ended and all it said has arrived, the wire is cut. */
static void
wire_reap(struct sim_wire *wire)
{
	for (unsigned side = 0; side < 2; side++) {
		if (wire->gone[side] && wire->pipe[side].n == 0 &&
		    (wire->dead[side] ||
			session_out(wire->session[side]).n == 0) &&
		    (wire->gone[1 - side] ||
			!session_wants_input(wire->session[1 - side]) ||
			!session_has_work(wire->session[1 - side]))) {
			wire_break(wire);
			return;
		}
	}
}

void
wire_carry(struct sim_wire *wire, unsigned from, size_t bytes_max)
{
	struct sim *sim = wire->node[from]->sim;
	struct session *sender = wire->session[from];
	struct session *taker = wire->session[1 - from];
	struct bytes out = {0};
	size_t n;

	if (!wire->dead[from])
		out = session_out(sender);
	if (wire->slow_bytes > 0 && wire->slow_bytes < bytes_max)
		bytes_max = wire->slow_bytes;
	/* What is on its way may be more than what arrives now. */
	n = out.n / 2 < bytes_max ? out.n : bytes_max;
	if (out.n > wire->pace[from] + OUT_SLACK && !wire->twists[from])
		sim_fail(sim, "a session holds %zu bytes ready", out.n);
	seals_wire(bytes_first(out, n));
	buf_add(&wire->pipe[from], bytes_first(out, n));
	if (n > 0)
		session_sent(sender, n);
	spend_carry(wire, from, n);
	hurt_begin(wire, 1 - from);
	n = wire->pipe[from].n < bytes_max ? wire->pipe[from].n : bytes_max;
	if (wire->gone[1 - from]) {
		buf_drop(&wire->pipe[from], n);
	} else if (n > 0 && session_wants_input(taker)) {
		enum err e;

		turn_begin(wire, 1 - from);
		e = hurt_feed(wire, 1 - from,
		    bytes_first(buf_bytes(&wire->pipe[from]), n));
		turn_end();
		buf_drop(&wire->pipe[from], n);
		if (e != ERR_OK)
			side_ended(wire, 1 - from, e);
		else if (wire->hurt_fed[1 - from] > HURT_MAX)
			sim_fail(sim,
			    "node %zu did not notice that bytes were changed",
			    wire->node[1 - from]->number);
	}
	wire_reap(wire);
}

/* The sessions of `node`, at most one for each wire. */
static size_t
sessions_of(struct sim_node *node, struct sim_wire *wires[SIM_WIRES_MAX],
    unsigned sides[SIM_WIRES_MAX])
{
	struct sim *sim = node->sim;
	size_t n = 0;

	for (size_t i = 0; i < SIM_WIRES_MAX; i++) {
		struct sim_wire *wire = &sim->wires[i];

		for (unsigned side = 0; wire->used && side < 2; side++) {
			if (wire->node[side] != node || wire->gone[side])
				continue;
			wires[n] = wire;
			sides[n++] = side;
		}
	}
	return n;
}

void
wire_work(struct sim_node *node, bool crash)
{
	struct sim *sim = node->sim;
	struct sim_wire *wires[SIM_WIRES_MAX];
	unsigned sides[SIM_WIRES_MAX];
	bool worked[SIM_WIRES_MAX] = {false};
	size_t n = sessions_of(node, wires, sides);
	size_t busy = 0;
	enum err e;

	for (size_t i = 0; i < n; i++) {
		worked[i] = session_has_work(wires[i]->session[sides[i]]);
		busy += worked[i];
	}
	if (busy == 0)
		return;
	/* What it wrote itself is not what it gets back now. */
	if (node->unseen)
		model_look(node);
	node->unseen = false;
	node_begin(node, true);
	verdict_begun(node);
	verdict_taker(node);
	for (size_t i = 0; i < n; i++) {
		if (!worked[i])
			continue;
		if (swarm_now(sim, sim->swarm.tight, 2))
			session_allow(wires[i]->session[sides[i]],
			    1 + sim_below(sim, TIGHT_WORK));
		turn_begin(wires[i], sides[i]);
		e = session_work(wires[i]->session[sides[i]], sim->now_ms);
		turn_end();
		if (e != ERR_OK && !is_peers(e))
			sim_must(sim, e, "take in what a peer sent");
		if (e != ERR_OK)
			side_ended(wires[i], sides[i], e);
	}
	verdict_taker(NULL);
	if (crash) {
		node_crash_late(node);
		return;
	}
	node->takes = true;
	e = node_commit(node);
	node->takes = false;
	for (size_t i = 0; i < n; i++) {
		struct session *session = wires[i]->session[sides[i]];

		if (!worked[i] || wires[i]->gone[sides[i]])
			continue;
		if (e != ERR_OK)
			spend_excuse(wires[i], sides[i]);
		turn_begin(wires[i], sides[i]);
		session_worked(session, e);
		turn_end();
		if (e != ERR_OK || session_is_done(session))
			side_ended(wires[i], sides[i], e);
	}
}

void
wire_fill(struct sim_node *node)
{
	struct sim *sim = node->sim;
	struct sim_wire *wires[SIM_WIRES_MAX];
	unsigned sides[SIM_WIRES_MAX];
	size_t n = sessions_of(node, wires, sides);

	if (n == 0)
		return;
	node_begin(node, false);
	verdict_begun(node);
	for (size_t i = 0; i < n; i++) {
		struct session *session = wires[i]->session[sides[i]];
		enum err e;

		turn_begin(wires[i], sides[i]);
		e = session_fill(session, sim->now_ms);
		turn_end();
		if (e != ERR_OK || session_is_done(session))
			side_ended(wires[i], sides[i], e);
	}
	store_abort(node->store);
}

void
wire_tick(struct sim *sim)
{
	for (size_t i = 0; i < SIM_WIRES_MAX; i++) {
		struct sim_wire *wire = &sim->wires[i];

		for (unsigned side = 0; wire->used && side < 2; side++) {
			enum err e;

			if (wire->gone[side] ||
			    session_wake_ms(wire->session[side]) > sim->now_ms)
				continue;
			turn_begin(wire, side);
			e = session_tick(wire->session[side], sim->now_ms);
			turn_end();
			if (e != ERR_OK)
				side_ended(wire, side, e);
		}
	}
}

/* Does nobody else tell it anything while it has this one session? */
static bool
is_alone(struct sim_node *node)
{
	struct sim_wire *wires[SIM_WIRES_MAX];
	unsigned sides[SIM_WIRES_MAX];

	return sessions_of(node, wires, sides) <= 1;
}

bool
wire_finish(struct sim_wire *wire)
{
	struct sim *sim = wire->node[0]->sim;
	struct sim_node *nodes[2] = {wire->node[0], wire->node[1]};
	bool well[2] = {false, false};
	bool agreed[2] = {false, false};
	bool alone = true;

	for (unsigned round = 0; round < FINISH_ROUNDS; round++) {
		/* Others may end before this one does. */
		alone = alone && is_alone(nodes[0]) && is_alone(nodes[1]);
		for (unsigned side = 0; side < 2 && wire->used; side++) {
			wire_work(wire->node[side], false);
			wire_fill(wire->node[side]);
			for (unsigned i = 0; i < 2; i++) {
				well[i] = well[i] || wire->well[i];
				agreed[i] = agreed[i] || wire->agreed[i];
			}
			wire_carry(wire, side, SIZE_MAX);
		}
		if (!wire->used) {
			if (agreed[0] && agreed[1] && alone)
				accord_check(nodes[0], nodes[1]);
			return well[0] || well[1];
		}
		sim->now_ms += 10;
		wire_tick(sim);
	}
	return false;
}

struct sim *
wire_twister(void)
{
	return at_work != NULL && at_work->twists[at_side]
		   ? at_work->node[at_side]->sim
		   : NULL;
}

void
wire_twisted(void)
{
	at_work->damaged = true;
	at_work->node[at_side]->sim->count.twisted++;
}

void
wire_opened(void)
{
	if (at_work != NULL && at_work->hurt_fed[at_side] > 0)
		sim_fail(speaker->sim,
		    "node %zu opens a frame behind bytes that were changed",
		    speaker->number);
}

void
wire_made(size_t queued, size_t most)
{
	if (speaker != NULL && queued >= most + BEFORE_CHUNK)
		sim_fail(speaker->sim,
		    "a chunk is made while %zu bytes wait, of %zu that may",
		    queued, most);
}

void
wire_said(const struct msg *msg)
{
	if (speaker == NULL || wire_twister() != NULL)
		return;
	switch (msg->type) {
	case MSG_CLOCK:
		for (size_t i = 0; i < msg->u.clock.n; i++)
			entry_said(&msg->u.clock.entries[i]);
		break;
	case MSG_FORK:
		log_said(&msg->u.fork.log);
		break;
	case MSG_RUN:
		name_said(&msg->u.run.name);
		shown_head(speaker, &msg->u.run);
		if (at_work != NULL)
			at_work->plain[at_side] = id_is_authority(
			    &msg->u.run.name.space);
		break;
	case MSG_CHUNK:
		if (at_work != NULL && !at_work->plain[at_side])
			spend_said(at_work, at_side);
		break;
	case MSG_BODIES:
		bodies_said(&msg->u.bodies);
		break;
	default:
		break;
	}
}

/* Who asks for a log that it has nothing of, or says how much of what it was
 * sent it has taken, tells nothing new. */
static void
entry_said(const struct msg_entry *entry)
{
	if (entry->size >
	    model_most(&speaker->sim->model, &listener->held, &entry->log))
		log_said(&entry->log);
}

static void
log_said(const struct log_id *id)
{
	size_t number = model_find(&speaker->sim->model, id);

	if (number != SIZE_MAX)
		name_said(&speaker->sim->model.logs[number].name);
}

/* Who wrote a log knows of it. */
static void
name_said(const struct log_name *name)
{
	struct sim *sim = speaker->sim;
	size_t space = node_space(sim, &name->space);

	if (space == SIZE_MAX)
		return;
	sim->count.said++;
	if (verdict_shuns(speaker, listener->person))
		sim_fail(sim,
		    "node %zu tells node %zu of %s, which knows that one's key "
		    "to be in other hands",
		    speaker->number, listener->number, name->space.text);
	if (memcmp(&name->author, &listener->key, sizeof(name->author)) != 0 &&
	    !verdict_sees(speaker, listener->person, space))
		sim_fail(sim,
		    "node %zu tells node %zu of %s, which that one may not see",
		    speaker->number, listener->number, name->space.text);
}

static void
bodies_said(const struct msg_bodies *bodies)
{
	struct sim *sim = speaker->sim;
	size_t number = model_find(&sim->model, &bodies->log);
	const struct log_name *name;
	size_t space;

	if (number == SIZE_MAX)
		return;
	name = &sim->model.logs[number].name;
	space = node_space(sim, &name->space);
	if (space == SIZE_MAX ||
	    memcmp(&name->author, &listener->key, sizeof(name->author)) == 0)
		return;
	name_said(name);
	if (at_work != NULL)
		spend_said(at_work, at_side);
	for (size_t i = 0; i < bodies->n; i++)
		if (bodies->bodies[i].is_open &&
		    (verdict_reads(speaker, listener->person, space) >>
			    bodies->bodies[i].class
			& 1) == 0)
			sim_fail(sim,
			    "node %zu sends node %zu the secret of a body in "
			    "%s that it may not read",
			    speaker->number, listener->number,
			    name->space.text);
}

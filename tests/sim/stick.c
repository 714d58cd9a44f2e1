/*
 * Bundles as people carry them.  What goes in is looked at as its receivers
 * could, what comes out against what the exporter had.
 */
#include "tests/sim/stick.h"

#include <stdio.h>
#include <string.h>

#include "core/bundle_take.h"
#include "core/bundle_write.h"
#include "core/file.h"
#include "proto/mem.h"
#include "proto/msg.h"
#include "tests/sim/node.h"
#include "tests/sim/seals.h"
#include "tests/sim/swarm.h"
#include "tests/sim/verdict.h"
#include "tests/sim/wire.h"
#include "tests/sim/wrap.h"

enum { TO_MAX = 3, FILE_SIZE_MAX = 1 << 28, FLIPS_MAX = 4, PAGE_SIZE = 512 };

struct stick_log {
	struct log_id id;
	struct log_name name;
	bool forked;
	uint64_t size;
	uint64_t held;
	uint64_t open[CLASS_COUNT];
	bool sees[SIM_STORES_JUDGED]; /* by person, as the exporter knew */
	unsigned bits[SIM_STORES_JUDGED];
	unsigned classes[SIM_STORES_JUDGED];
};

/* One bundle on its way in. */
struct coming {
	struct sim_stick *stick;
	struct sim_node *node;
	const char *path;
	bool damaged;
	bool crashed;
	struct buf believed; /* owned: of its maker, before */
	uint64_t said_ms;    /* the newest file of it, before */
};

static void contents_look(struct sim_node *node, struct sim_stick *stick);
static void logs_note(struct sim_node *node, struct sim_stick *stick);
static bool write_out(struct sim_node *node, const struct bundle_want *want,
    struct sim_stick *stick);
static void beliefs_read(struct coming *coming, struct buf *out);
static bool take(struct coming *coming, struct bundle_taker *taker);
static void taken_check(struct coming *coming, struct bundle_taker *taker);
static void whole_check(struct coming *coming);

static void
stick_drop(struct sim_stick *stick)
{
	if (stick->used)
		(void)remove(stick->path);
	mem_free(stick->logs);
	memset(stick, 0, sizeof(*stick));
}

static struct sim_stick *
stick_new(struct sim *sim)
{
	struct sim_stick *stick;

	if (sim->sticks == NULL)
		sim->sticks = mem_zeros(SIM_STICKS_MAX, sizeof(*sim->sticks));
	stick = &sim->sticks[sim_below(sim, SIM_STICKS_MAX)];
	stick_drop(stick);
	(void)snprintf(stick->path, sizeof(stick->path), "%s/stick%llu",
	    sim->dir.path, (unsigned long long)sim->sticks_made++);
	return stick;
}

void
stick_fini(struct sim *sim)
{
	for (size_t i = 0; sim->sticks != NULL && i < SIM_STICKS_MAX; i++)
		stick_drop(&sim->sticks[i]);
	mem_free(sim->sticks);
}

/* ---- export ------------------------------------------------------------- */

void
stick_export(struct sim_node *node)
{
	struct sim *sim = node->sim;
	struct sim_stick *stick = stick_new(sim);
	struct sign_key to[TO_MAX];
	struct bundle_want want = {
	    .kind = BUNDLE_RUNS, .to = to, .full = sim_once_in(sim, 3)};

	for (uint64_t n = 1 + sim_below(sim, TO_MAX); n > 0; n--) {
		const struct sim_node *whom =
		    &sim->nodes[sim_below(sim, sim->n)];

		if (whom->person == node->person || stick->to[whom->person])
			continue;
		stick->to[whom->person] = true;
		to[want.to_n++] = whom->key;
	}
	stick->full = want.full;
	if (want.to_n > 0 && write_out(node, &want, stick))
		sim->count.exports++;
}

/* False: there is no such file. */
static bool
write_out(struct sim_node *node, const struct bundle_want *want,
    struct sim_stick *stick)
{
	struct sim *sim = node->sim;
	struct bundle_writer *writer = NULL;
	struct bundle_plan plan = {0};
	bool crash = swarm_now(sim, sim->swarm.crash, 10);
	bool more = true;
	enum err e;

	model_look(node);
	node_begin(node, false);
	verdict_refresh(node);
	e = bundle_plan_make(node->store, want, &plan);
	if (e == ERR_OK)
		logs_note(node, stick);
	store_abort(node->store);
	if (e == ERR_DENIED)
		return false;
	sim_must(sim, e, "plan a bundle");
	stick->kind = want->kind;
	stick->from = node->person;
	e = bundle_write_begin(node->store, &plan, stick->path, true, &writer);
	sim_must(sim, e, "begin a bundle");
	while (more && !(crash && sim_once_in(sim, 4)))
		sim_must(
		    sim, bundle_write_step(writer, &more), "write a bundle");
	bundle_write_end(writer);
	bundle_plan_fini(&plan);
	sim_note(sim, "export", node->number, more);
	stick->used = true;
	node->looked_txn = UINT64_MAX;
	if (more) {
		sim->count.crashes++;
		stick_drop(stick);
		node_crash(node);
		return false;
	}
	seals_file(stick->path);
	contents_look(node, stick);
	return true;
}

/* What is held for whom, in the open transaction. */
static void
logs_note(struct sim_node *node, struct sim_stick *stick)
{
	struct sim *sim = node->sim;
	struct txn *txn = store_txn(node->store);
	struct space_state **spaces;
	size_t spaces_n;

	sim_must(sim, space_all(txn, &spaces, &spaces_n), "list spaces");
	for (size_t i = 0; i < spaces_n; i++) {
		size_t space = node_space(sim, &spaces[i]->name);
		struct log **logs;
		size_t n;

		sim_must(
		    sim, oplog_all(txn, spaces[i], &logs, &n), "list logs");
		mem_room(&stick->logs, &stick->logs_room, stick->logs_n + n,
		    sizeof(*stick->logs));
		for (size_t k = 0; k < n; k++) {
			struct stick_log *log = &stick->logs[stick->logs_n++];

			memset(log, 0, sizeof(*log));
			log->id = logs[k]->id;
			log->name = logs[k]->name;
			log->forked = logs[k]->forked;
			log->size = logs[k]->frontier.size;
			log->held = logs[k]->held;
			memcpy(log->open, logs[k]->open, sizeof(log->open));
			for (size_t p = 0; p < sim->n; p++) {
				const struct sim_given *given = NULL;

				if (space != SIZE_MAX)
					given = sim_given(
					    node, false, p, space);
				log->sees[p] = given == NULL ||
					       (given->member &&
						   (given->bits &
						       VERDICT_SEES) != 0);
				if (given == NULL)
					continue;
				log->bits[p] = given->bits;
				log->classes[p] = given->classes;
			}
		}
	}
}

/* As each of its receivers reads it: nothing in it may be more than that one
 * may have. */
static void
contents_look(struct sim_node *node, struct sim_stick *stick)
{
	struct sim *sim = node->sim;

	for (size_t i = 0; i < sim->n; i++) {
		struct sim_node *whom = &sim->nodes[i];
		struct bundle_piece piece = {0};
		struct bundle_reader *reader;

		if (whom->store == NULL || whom->person == node->person)
			continue;
		/* Of those who cannot read it, some of many. */
		if (!stick->to[whom->person] && sim_is_large(sim) &&
		    !sim_once_in(sim, 10))
			continue;
		sim_must(sim,
		    bundle_read_open(
			stick->path, store_identity(whom->store), &reader),
		    "open a bundle");
		wire_listen(node, whom);
		while (piece.kind != BUNDLE_PIECE_END) {
			struct arena arena = {0};
			struct msg msg;

			sim_must(sim, bundle_read_next(reader, &piece),
			    "read a bundle");
			if (piece.kind == BUNDLE_PIECE_MESSAGE &&
			    !stick->to[whom->person])
				sim_fail(sim,
				    "node %zu can read a bundle for others",
				    whom->number);
			if (piece.kind == BUNDLE_PIECE_MESSAGE &&
			    piece.message.p[0] < BUNDLE_MSG_ABOUT) {
				sim_must(sim,
				    msg_decode(piece.message, &arena, &msg),
				    "decode a bundle");
				wire_said(&msg);
			}
			arena_fini(&arena);
		}
		wire_listen(NULL, NULL);
		bundle_read_close(reader);
	}
}

/* ---- import ------------------------------------------------------------- */

/* A page or more that never came onto the stick. */
static void
hole_make(struct sim *sim, struct buf *content)
{
	size_t at = sim_below(sim, content->n);
	size_t n = (1 + sim_below(sim, 8)) * PAGE_SIZE;

	at -= at % PAGE_SIZE;
	if (n > content->n - at)
		n = content->n - at;
	memset(content->p + at, 0, n);
}

/* A copy of `path`, cut short, with holes, or with some bits changed. */
static void
damage(struct sim *sim, const char *path, const char *copy)
{
	struct buf content = {0};
	uint64_t what = sim_below(sim, 3);

	sim_must(sim, file_read(path, FILE_SIZE_MAX, &content), "read a file");
	if (what == 0)
		buf_cut(&content, sim_below(sim, content.n));
	else if (what == 1)
		hole_make(sim, &content);
	else
		for (uint64_t n = 1 + sim_below(sim, FLIPS_MAX); n > 0; n--)
			content.p[sim_below(sim, content.n)] ^=
			    (uint8_t)(1 << sim_below(sim, 8));
	sim_must(
	    sim, file_write(copy, buf_bytes(&content), 0600), "write a file");
	buf_fini(&content);
}

/* What is believed of the maker of the bundle, and the newest file of it. */
static void
beliefs_read(struct coming *coming, struct buf *out)
{
	struct sim_node *node = coming->node;
	struct sim *sim = node->sim;
	const struct sign_key *from = &sim->nodes[coming->stick->from].key;
	struct txn *txn;
	struct clock_peer *peers;
	struct clock_list list;
	size_t n;

	node_begin(node, false);
	txn = store_txn(node->store);
	sim_must(
	    sim, clock_beliefs(txn, from, &txn->arena, &list), "list beliefs");
	for (size_t i = 0; i < list.n; i++) {
		buf_add(out, bytes_of(&list.entries[i].log, 16));
		buf_add_be64(out, list.entries[i].size);
		buf_add_be64(out, list.entries[i].held);
	}
	sim_must(sim, clock_peers(txn, &txn->arena, &peers, &n), "list peers");
	coming->said_ms = 0;
	for (size_t i = 0; i < n; i++)
		if (memcmp(&peers[i].key, from, sizeof(*from)) == 0)
			coming->said_ms = peers[i].said_ms;
	store_abort(node->store);
}

/* What came back: the maker of a bundle learns what is held here now. */
static void
answer(struct coming *coming)
{
	struct sim_node *node = coming->node;
	struct sim *sim = node->sim;
	size_t from = coming->stick->from;
	struct bundle_want want = {
	    .kind = BUNDLE_ACK, .to = &sim->nodes[from].key, .to_n = 1};
	struct sim_stick *stick = stick_new(sim);

	if (node->person == from)
		return;
	stick->to[from] = true;
	if (write_out(node, &want, stick))
		sim->count.answers++;
}

void
stick_import(struct sim_node *node)
{
	struct sim *sim = node->sim;
	struct coming coming = {.node = node};
	char copy[SIM_PATH_SIZE];
	size_t first = sim_below(sim, SIM_STICKS_MAX);
	bool wrong = sim_once_in(sim, 8);
	struct bundle_taker *taker;
	enum err e;

	for (size_t i = 0; sim->sticks != NULL && i < SIM_STICKS_MAX; i++) {
		struct sim_stick *stick =
		    &sim->sticks[(first + i) % SIM_STICKS_MAX];

		if (stick->used && (wrong || stick->to[node->person]))
			coming.stick = stick;
	}
	if (coming.stick == NULL)
		return;
	coming.path = coming.stick->path;
	coming.damaged = swarm_now(sim, sim->swarm.damage, 3);
	(void)snprintf(
	    copy, sizeof(copy), "%.*s.bad", (int)sizeof(copy) - 5, coming.path);
	if (coming.damaged) {
		damage(sim, coming.path, copy);
		sim->count.torn++;
		coming.path = copy;
	}
	beliefs_read(&coming, &coming.believed);
	e = bundle_take_open(node->store, coming.path, &taker);
	if (e != ERR_OK && !coming.damaged)
		sim_must(sim, e, "open a bundle");
	if (e == ERR_OK) {
		if (take(&coming, taker))
			taken_check(&coming, taker);
		bundle_take_close(taker);
		if (coming.crashed)
			node_crash(node);
	}
	buf_fini(&coming.believed);
	sim_note(sim, "import", node->number, (uint64_t)e);
	if (coming.damaged)
		(void)remove(copy);
	if (node->store != NULL && e == ERR_OK &&
	    coming.stick->kind == BUNDLE_RUNS &&
	    coming.stick->to[node->person] && sim_once_in(sim, 2))
		answer(&coming);
}

/* False: it did not come to its end. */
static bool
take(struct coming *coming, struct bundle_taker *taker)
{
	struct sim_node *node = coming->node;
	struct sim *sim = node->sim;
	bool more = true;
	enum err e = ERR_OK;

	while (more && e == ERR_OK) {
		if (swarm_now(sim, sim->swarm.crash, 20)) {
			sim->count.crashes++;
			coming->crashed = true;
			return false;
		}
		if (node->is_full) {
			sim->count.refused++;
			wrap_next_commit(COMMIT_FAILS);
		} else if (swarm_now(sim, sim->swarm.disk, 20)) {
			sim->count.faults++;
			wrap_next_commit(sim_once_in(sim, 2) ? COMMIT_FAILS
							     : COMMIT_UNKNOWN);
		}
		node->looked_txn = UINT64_MAX;
		verdict_taker(node);
		e = bundle_take_step(taker, &more);
		verdict_taker(NULL);
		wrap_next_commit(COMMIT_TRUE);
		if (!wrap_failed())
			sim_must(sim, e, "take a bundle");
		model_look(node);
	}
	return e == ERR_OK;
}

/* Who made it may have believed that another branch of a forked log is here
 * than is: then a full one is asked for. */
static void
wrongs_check(const struct coming *coming, const struct bundle_taken *taken)
{
	for (size_t i = 0; i < taken->troubles_n; i++) {
		const struct bundle_trouble *trouble = &taken->troubles[i];

		if (trouble->kind != BUNDLE_WRONG ||
		    (!coming->stick->full &&
			strstr(trouble->text, "--full") != NULL))
			continue;
		sim_fail(coming->node->sim,
		    "node %zu: wrong in a sound bundle: %s",
		    coming->node->number, trouble->text);
	}
}

static void
taken_check(struct coming *coming, struct bundle_taker *taker)
{
	const struct bundle_taken *taken = bundle_take_count(taker);
	const struct bundle_found_in *found = bundle_take_found(taker);
	struct sim_stick *stick = coming->stick;
	struct sim_node *node = coming->node;
	struct sim *sim = node->sim;
	struct buf now = {0};
	uint64_t said_ms = coming->said_ms;

	if (!stick->to[node->person] && (found->ours > 0 || taken->deltas > 0))
		sim_fail(
		    sim, "node %zu took of a bundle for others", node->number);
	beliefs_read(coming, &now);
	if ((!taken->has_about || taken->about.date_ms <= said_ms) &&
	    node->person != stick->from &&
	    !bytes_equal(buf_bytes(&now), buf_bytes(&coming->believed)))
		sim_fail(sim,
		    "node %zu believed what a file said that is no newer than "
		    "one it had",
		    node->number);
	buf_fini(&now);
	sim->count.imports++;
	if (coming->damaged || found->ours == 0)
		return;
	if (found->damages_all > 0 || found->whole != found->ours)
		sim_fail(sim, "node %zu found damages in a sound bundle",
		    node->number);
	wrongs_check(coming, taken);
	if (taken->gaps > 0 && stick->full)
		sim_fail(
		    sim, "node %zu found gaps in a full bundle", node->number);
	if (taken->troubles_all == 0 && taken->parts_refused == 0 &&
	    stick->kind == BUNDLE_RUNS &&
	    (stick->full || !sim->restored[node->person]))
		whole_check(coming);
}

static void
log_check(struct coming *coming, const struct stick_log *had)
{
	struct sim_node *node = coming->node;
	struct sim *sim = node->sim;
	size_t space = node_space(sim, &had->name.space);
	const struct sim_given *given = NULL;
	struct space_state *state;
	const struct log *log = NULL;

	if (space != SIZE_MAX)
		given = sim_given(node, false, node->person, space);
	/* Of a log that nobody knows to be forked it may have another branch.
	 */
	if (had->forked || model_is_rolled(sim, &had->name.author) ||
	    !had->sees[node->person] || !had->sees[coming->stick->from] ||
	    (given != NULL && (given->bits & VERDICT_SEES) == 0))
		return;
	state = space_find(store_txn(node->store), &had->name.space);
	if (state != NULL)
		log = oplog_find(store_txn(node->store), state, &had->id);
	if ((log != NULL && log->forked) || (log == NULL && had->size == 0))
		return;
	if (log == NULL || log->frontier.size < had->size)
		sim_fail(sim,
		    "node %zu has %llu of %llu deltas of a log in %s after a "
		    "whole %s bundle of node %zu",
		    node->number,
		    (unsigned long long)(log == NULL ? 0 : log->frontier.size),
		    (unsigned long long)had->size, had->name.space.text,
		    coming->stick->full ? "full" : "small",
		    coming->stick->from);

	if (given == NULL)
		return;
	if ((had->bits[node->person] & given->bits & RIGHT_HOLD) != 0 &&
	    log->held < had->held)
		sim_fail(sim,
		    "node %zu holds %llu of %llu bodies of a log in %s after a "
		    "whole bundle",
		    node->number, (unsigned long long)log->held,
		    (unsigned long long)had->held, had->name.space.text);
	for (unsigned c = 0; c < CLASS_COUNT; c++)
		if ((had->classes[node->person] & given->classes) >> c & 1 &&
		    log->open[c] < had->open[c])
			sim_fail(sim,
			    "node %zu reads %llu of %llu bodies of class %u of "
			    "a log in %s after a whole bundle",
			    node->number, (unsigned long long)log->open[c],
			    (unsigned long long)had->open[c], c,
			    had->name.space.text);
}

/* It holds what the exporter held for it. */
static void
whole_check(struct coming *coming)
{
	struct sim_node *node = coming->node;

	node_begin(node, false);
	verdict_refresh(node);
	for (size_t i = 0; i < coming->stick->logs_n; i++)
		log_check(coming, &coming->stick->logs[i]);
	store_abort(node->store);
	node->sim->count.whole++;
}

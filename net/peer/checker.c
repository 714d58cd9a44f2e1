/*
 * The threads behind the hub.  It asks here about the heads that its sessions
 * look ahead to, and goes on with what is ready.  A head that is not signed is
 * not spoken of: whoever needs it finds out by itself, and says so.
 */
#include "net/peer/checker.h"

#include <stdatomic.h>

#include "proto/mem.h"

enum {
	/* Fewer are checked sooner where they are needed than asked about. */
	SEND_MIN = 4,
	/* More threads than this have nothing to do: one core stores what they
	 * verify. */
	THREADS_MAX = 4,
	/* What the loop's thread checks in one go, some half a millisecond:
	 * what arrives meanwhile waits so long. */
	HELP_MAX = 8,
};

struct ask {
	struct log_name log;
	struct note_head head;
	struct hash claim;
	bool holds;
};

/* What one thread has to do, with or without the loop's. */
struct part {
	struct checker *checker; /* NULL: it is gone */
	struct part **home;	 /* where the checker knows it from */
	struct ask *asks;	 /* owned */
	size_t n;
	/* The first that nobody has begun: who takes it, answers it. */
	_Atomic size_t next;
};

struct checker {
	struct loop *loop; /* borrowed */
	checker_done_fn *done;
	void *arg;
	struct vouch *vouch; /* owned */
	struct ask *asks;    /* owned: not sent yet */
	size_t n;
	size_t room;
	struct part *parts[THREADS_MAX]; /* under way */
	size_t parts_n;
};

static void part_send(struct checker *checker, size_t from, size_t n);
static void part_run(void *arg);
static bool part_check_next(struct part *part);
static void part_done(void *arg);

struct checker *
checker_new(struct loop *loop, checker_done_fn *done, void *arg)
{
	struct checker *checker = mem_zeros(1, sizeof(*checker));

	checker->loop = loop;
	checker->done = done;
	checker->arg = arg;
	checker->vouch = vouch_new();
	return checker;
}

void
checker_free(struct checker *checker)
{
	if (checker == NULL)
		return;
	/* Threads cannot be called back: what they do is forgotten. */
	for (size_t i = 0; i < THREADS_MAX; i++) {
		if (checker->parts[i] != NULL)
			checker->parts[i]->checker = NULL;
	}
	vouch_free(checker->vouch);
	mem_free(checker->asks);
	mem_free(checker);
}

struct vouch *
checker_vouch(struct checker *checker)
{
	return checker->vouch;
}

void
checker_ask(struct checker *checker, const struct log_name *log,
    const struct note_head *head)
{
	struct ask ask = {.log = *log, .head = *head};

	assert(!checker_is_busy(checker));
	vouch_name(log, head, &ask.claim);
	if (vouch_has(checker->vouch, &ask.claim))
		return;
	mem_room(&checker->asks, &checker->room, checker->n + 1,
	    sizeof(*checker->asks));
	checker->asks[checker->n++] = ask;
}

size_t
checker_asked(const struct checker *checker)
{
	return checker->n;
}

bool
checker_is_busy(const struct checker *checker)
{
	return checker->parts_n > 0;
}

bool
checker_send(struct checker *checker)
{
	size_t threads = loop_cores() > 1 ? loop_cores() - 1 : 1;
	size_t sent = 0;

	assert(!checker_is_busy(checker));
	if (threads > THREADS_MAX)
		threads = THREADS_MAX;
	if (checker->n < SEND_MIN) {
		checker->n = 0;
		return false;
	}
	for (size_t i = 0; i < threads; i++) {
		size_t n = (checker->n - sent) / (threads - i);

		part_send(checker, sent, n);
		sent += n;
	}
	assert(sent == checker->n);
	checker->n = 0;
	return checker_is_busy(checker);
}

static void
part_send(struct checker *checker, size_t from, size_t n)
{
	struct part *part;

	if (n == 0)
		return;
	part = mem_zeros(1, sizeof(*part));
	part->checker = checker;
	part->home = &checker->parts[checker->parts_n++];
	*part->home = part;
	part->n = n;
	part->asks = mem_new(n * sizeof(*part->asks));
	for (size_t i = 0; i < n; i++)
		part->asks[i] = checker->asks[from + i];
	loop_work(checker->loop, part_run, part_done, part);
}

/* On another thread. */
static void
part_run(void *arg)
{
	while (part_check_next(arg))
		;
}

/* False: none is left that nobody has begun. */
static bool
part_check_next(struct part *part)
{
	size_t i = atomic_fetch_add(&part->next, 1);
	struct ask *ask = &part->asks[i];

	if (i >= part->n)
		return false;
	ask->holds = vouch_check(&ask->log, &ask->head) == ERR_OK;
	return true;
}

bool
checker_help(struct checker *checker)
{
	size_t n = 0;

	/* What this thread began is answered before part_done can come. */
	for (size_t i = 0; i < THREADS_MAX; i++) {
		struct part *part = checker->parts[i];

		while (part != NULL && n < HELP_MAX && part_check_next(part))
			n++;
	}
	return n > 0;
}

static void
part_done(void *arg)
{
	struct part *part = arg;
	struct checker *checker = part->checker;

	if (checker != NULL) {
		for (size_t i = 0; i < part->n; i++) {
			if (part->asks[i].holds)
				vouch_put(checker->vouch, &part->asks[i].claim);
		}
		*part->home = NULL;
		checker->parts_n--;
	}
	mem_free(part->asks);
	mem_free(part);
	if (checker != NULL && checker->parts_n == 0)
		checker->done(checker->arg);
}

/*
 * The memory of sessions.  The linker sends the four calls of proto/mem.c here,
 * and those of sessions (tests/sim/wrap.c has the list).
 */
#include "tests/sim/hold.h"

#include <stdlib.h>
#include <string.h>

#include "core/words.h"
#include "net/peer/talk.h"
#include "proto/body.h"
#include "tests/sim/light.h"

enum {
	HOLDS_MAX = 2 * SIM_WIRES_MAX + 1, /* of which the first is nobody's */
	/* What a session and its channel are, and what they keep of seven
	 * buffers when they are empty (net/peer/batch.c); notes and grants that
	 * wait; handshake and certificate. */
	REST_BYTES = 4 * 1024 + 7 * 4 * 1024 +
		     NOTES_MAX *
			 (sizeof(struct note) + sizeof(struct note_grant)) +
		     4 * 1024,
	/* Of each log spoken of: what is to be told of it, twice as arrays
	 * double, and that it was refused. */
	LOG_BYTES = 2 * (sizeof(struct msg_entry) + 4 * sizeof(struct log_id) +
			    sizeof(struct talk_refused)),
	/* In the ledger: at most 8/3 slots of its table for one that is taken,
	 * and its number in four queues, which grow to four times what they
	 * hold. */
	LEDGER_BYTES = 3 * sizeof(struct ledger_log) +
		       LEDGER_CLASSES * 4 * sizeof(struct log_id),
	LEDGER_LEAST = 8 * sizeof(struct ledger_log) +
		       LEDGER_CLASSES * 8 * sizeof(struct log_id),
	/* Of a session at work, each twice, as buffers double, and what comes
	 * and goes once more, as what was taken moves away late: the bytes
	 * that wait (net/peer/session.c) and a full window of credit that is
	 * fed at once; what is queued with the chunk beyond; a message that is
	 * read, made, and in its batch; a chunk with the bodies that it is kept
	 * waiting for (net/peer/receiver.c), and one more message. */
	WORK_BYTES = 4 * (2 * 1024 * 1024 + LIMIT_CREDIT_SIZE) +
		     4 * (LIMIT_QUEUE_SIZE + LIMIT_FRAME_SIZE) +
		     2 * 3 * LIMIT_FRAME_SIZE +
		     2 * (2 * 1024 * 1024 + LIMIT_FRAME_SIZE),
	/* It never needs so much at once. */
	BLOCK_BYTES = 4 * (2 * 1024 * 1024 + LIMIT_CREDIT_SIZE),
	/* And of one that has carried little, less: eight times what it
	 * carried; a message that is unpacked, and two blocks of arenas. */
	CARRIED_TIMES = 8,
	CARRIED_LEAST = 2 * LIMIT_FRAME_SIZE + 2 * 64 * 1024,
};

/* In front of each block; as long as what malloc keeps blocks apart by. */
struct hold_block {
	size_t n;
	uint32_t hold; /* whose it is */
	uint32_t ledger;
};
static_assert(
    sizeof(struct hold_block) % 16 == 0, "what lies behind is in line");

static struct hold {
	const struct session *session; /* NULL: none */
	uint64_t bytes;
	uint64_t ledger_bytes; /* of its ledger, not among them */
	size_t logs;	       /* in that */
} holds[HOLDS_MAX];
static unsigned at_work; /* 0: nobody */
static bool in_ledger;	 /* and of that its ledger */
static struct sim *watched;

void *__real_malloc(size_t n);
void *__wrap_malloc(size_t n);
void *__real_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__real_realloc(void *p, size_t n);
void *__wrap_realloc(void *p, size_t n);
void __real_free(void *p);
void __wrap_free(void *p);

struct session *__real_session_new(
    const struct session_config *config) MUST_USE;
struct session *__wrap_session_new(
    const struct session_config *config) MUST_USE;
void __real_session_free(struct session *session);
void __wrap_session_free(struct session *session);
enum err __real_session_feed(
    struct session *session, struct bytes in, uint64_t now_ms) MUST_USE;
enum err __wrap_session_feed(
    struct session *session, struct bytes in, uint64_t now_ms) MUST_USE;
enum err __real_session_work(struct session *session, uint64_t now_ms) MUST_USE;
enum err __wrap_session_work(struct session *session, uint64_t now_ms) MUST_USE;
void __real_session_worked(struct session *session, enum err e);
void __wrap_session_worked(struct session *session, enum err e);
enum err __real_session_fill(struct session *session, uint64_t now_ms) MUST_USE;
enum err __wrap_session_fill(struct session *session, uint64_t now_ms) MUST_USE;
struct bytes __real_session_out(struct session *session);
struct bytes __wrap_session_out(struct session *session);
void __real_session_sent(struct session *session, size_t n);
void __wrap_session_sent(struct session *session, size_t n);
enum err __real_session_tick(struct session *session, uint64_t now_ms) MUST_USE;
enum err __wrap_session_tick(struct session *session, uint64_t now_ms) MUST_USE;
struct notes *__real_session_notes(struct session *session);
struct notes *__wrap_session_notes(struct session *session);
enum err __real_ledger_get(struct ledger *ledger, const struct log_id *id,
    struct ledger_log **log) MUST_USE;
enum err __wrap_ledger_get(struct ledger *ledger, const struct log_id *id,
    struct ledger_log **log) MUST_USE;
enum err __real_ledger_get_tip(struct ledger *ledger, const struct log_id *id,
    const struct log_id *trunk, struct ledger_log **log) MUST_USE;
enum err __wrap_ledger_get_tip(struct ledger *ledger, const struct log_id *id,
    const struct log_id *trunk, struct ledger_log **log) MUST_USE;
void __real_ledger_queue(struct ledger *ledger, struct ledger_log *log);
void __wrap_ledger_queue(struct ledger *ledger, struct ledger_log *log);
void __real_ledger_queue_as(
    struct ledger *ledger, struct ledger_log *log, enum ledger_class class);
void __wrap_ledger_queue_as(
    struct ledger *ledger, struct ledger_log *log, enum ledger_class class);
uint32_t __real_words_add(struct words *words, struct bytes text);
uint32_t __wrap_words_add(struct words *words, struct bytes text);
struct words *__real_words_of(struct txn *txn);
struct words *__wrap_words_of(struct txn *txn);
enum err __wrap_body_open(struct squeeze *squeeze, struct bytes sealed,
    const struct secret *secret, struct buf *plain) MUST_USE;

void
hold_begin(struct sim *sim)
{
	watched = sim;
	at_work = 0;
	memset(holds, 0, sizeof(holds));
}

unsigned
hold_nobody(void)
{
	unsigned before = at_work;

	at_work = 0;
	return before;
}

void
hold_end(unsigned before)
{
	at_work = before;
}

static void
block_size(struct hold_block *block, size_t n)
{
	struct hold *hold = &holds[block->hold];
	uint64_t *bytes = block->ledger ? &hold->ledger_bytes : &hold->bytes;

	*bytes += n - block->n;
	block->n = n;
}

static void *
block_give(struct hold_block *block, size_t n)
{
	if (block == NULL)
		return NULL;
	if (at_work != 0 && n > BLOCK_BYTES)
		sim_fail(watched, "a session asks for %zu bytes at once", n);
	*block = (struct hold_block){.hold = at_work, .ledger = in_ledger};
	block_size(block, n);
	return block + 1;
}

void *
__wrap_malloc(size_t n)
{
	return block_give(__real_malloc(n + sizeof(struct hold_block)), n);
}

void *
__wrap_calloc(size_t count, size_t size)
{
	size_t n = count * size;

	assert(n / size == count);
	return block_give(__real_calloc(1, n + sizeof(struct hold_block)), n);
}

/* It stays whose it was. */
void *
__wrap_realloc(void *p, size_t n)
{
	struct hold_block *block = p;

	if (p == NULL)
		return __wrap_malloc(n);
	block--;
	block = __real_realloc(block, n + sizeof(*block));
	if (block == NULL)
		return NULL;
	block_size(block, n);
	return block + 1;
}

void
__wrap_free(void *p)
{
	struct hold_block *block = p;

	if (p == NULL)
		return;
	block--;
	block_size(block, 0);
	__real_free(block);
}

static unsigned
hold_of(const struct session *session)
{
	unsigned i = 1;

	while (i < HOLDS_MAX && holds[i].session != session)
		i++;
	assert(i < HOLDS_MAX);
	return i;
}

/* Nothing is under way in it, nor to it: of that a part may be here. */
static bool
is_at_rest(const struct session *session)
{
	if (!session_is_idle(session))
		return false;
	for (size_t i = 0; i < SIM_WIRES_MAX; i++) {
		const struct sim_wire *wire = &watched->wires[i];

		for (unsigned side = 0; wire->used && side < 2; side++)
			if (wire->session[side] == session)
				return wire->pipe[1 - side].n == 0 &&
				       !wire->gone[1 - side] &&
				       !wire->damaged &&
				       session_is_idle(wire->session[1 - side]);
	}
	return false;
}

static uint64_t
work_most(const struct session *session)
{
	struct session_status status;
	uint64_t most;

	session_status(session, &status);
	most = CARRIED_LEAST +
	       CARRIED_TIMES * (status.in_bytes + status.out_plain_bytes);
	return most < WORK_BYTES ? most : WORK_BYTES;
}

static void
look(const struct session *session)
{
	const struct hold *hold = &holds[hold_of(session)];
	const struct model *model = &watched->model;
	bool rests = is_at_rest(session);
	/* Spoken of, or refused by what their runs said. */
	size_t logs = hold->logs + model->n + model->branches_n;
	uint64_t most = REST_BYTES + LOG_BYTES * logs;

	if (!rests)
		most += work_most(session);
	if (hold->bytes > most)
		sim_fail(watched,
		    "a session %s holds %llu bytes, of %llu that it may",
		    rests ? "at rest" : "at work",
		    (unsigned long long)hold->bytes, (unsigned long long)most);
	if (hold->logs > LIMIT_LOGS ||
	    hold->ledger_bytes > LEDGER_LEAST + LEDGER_BYTES * hold->logs)
		sim_fail(watched,
		    "the ledger of a session has %zu logs in %llu bytes",
		    hold->logs, (unsigned long long)hold->ledger_bytes);
}

/* What grows with the logs that are spoken of. */
static enum err
ledger_took(struct ledger *ledger, enum err e)
{
	holds[at_work].logs = ledger->n;
	in_ledger = false;
	return e;
}

enum err
__wrap_ledger_get(
    struct ledger *ledger, const struct log_id *id, struct ledger_log **log)
{
	in_ledger = true;
	return ledger_took(ledger, __real_ledger_get(ledger, id, log));
}

enum err
__wrap_ledger_get_tip(struct ledger *ledger, const struct log_id *id,
    const struct log_id *trunk, struct ledger_log **log)
{
	in_ledger = true;
	return ledger_took(
	    ledger, __real_ledger_get_tip(ledger, id, trunk, log));
}

void
__wrap_ledger_queue(struct ledger *ledger, struct ledger_log *log)
{
	in_ledger = true;
	__real_ledger_queue(ledger, log);
	(void)!ledger_took(ledger, ERR_OK);
}

void
__wrap_ledger_queue_as(
    struct ledger *ledger, struct ledger_log *log, enum ledger_class class)
{
	in_ledger = true;
	__real_ledger_queue_as(ledger, log, class);
	(void)!ledger_took(ledger, ERR_OK);
}

struct session *
__wrap_session_new(const struct session_config *config)
{
	unsigned i = hold_of(NULL);
	struct session *session;

	at_work = i;
	session = __real_session_new(config);
	at_work = 0;
	holds[i].session = session;
	return session;
}

void
__wrap_session_free(struct session *session)
{
	struct hold *hold;
	uint64_t left;

	if (session == NULL)
		return;
	hold = &holds[hold_of(session)];
	__real_session_free(session);
	left = hold->bytes + hold->ledger_bytes;
	if (left != 0)
		sim_fail(watched, "a session that has ended holds %llu bytes",
		    (unsigned long long)left);
	*hold = (struct hold){0};
}

enum err
__wrap_session_feed(struct session *session, struct bytes in, uint64_t now_ms)
{
	enum err e;

	at_work = hold_of(session);
	e = __real_session_feed(session, in, now_ms);
	at_work = 0;
	look(session);
	return e;
}

enum err
__wrap_session_work(struct session *session, uint64_t now_ms)
{
	enum err e;

	at_work = hold_of(session);
	e = __real_session_work(session, now_ms);
	at_work = 0;
	return e;
}

void
__wrap_session_worked(struct session *session, enum err e)
{
	at_work = hold_of(session);
	__real_session_worked(session, e);
	at_work = 0;
	look(session);
}

enum err
__wrap_session_fill(struct session *session, uint64_t now_ms)
{
	enum err e;

	at_work = hold_of(session);
	e = __real_session_fill(session, now_ms);
	at_work = 0;
	return e;
}

struct bytes
__wrap_session_out(struct session *session)
{
	struct bytes out;

	at_work = hold_of(session);
	out = __real_session_out(session);
	at_work = 0;
	return out;
}

void
__wrap_session_sent(struct session *session, size_t n)
{
	at_work = hold_of(session);
	__real_session_sent(session, n);
	at_work = 0;
	look(session);
}

enum err
__wrap_session_tick(struct session *session, uint64_t now_ms)
{
	enum err e;

	at_work = hold_of(session);
	e = __real_session_tick(session, now_ms);
	at_work = 0;
	return e;
}

struct notes *
__wrap_session_notes(struct session *session)
{
	struct notes *notes;

	at_work = hold_of(session);
	notes = __real_session_notes(session);
	at_work = 0;
	return notes;
}

/* The store keeps words from transaction to transaction. */
uint32_t
__wrap_words_add(struct words *words, struct bytes text)
{
	unsigned before = hold_nobody();
	uint32_t no = __real_words_add(words, text);

	hold_end(before);
	return no;
}

struct words *
__wrap_words_of(struct txn *txn)
{
	unsigned before = hold_nobody();
	struct words *words = __real_words_of(txn);

	hold_end(before);
	return words;
}

/* What it opens into belongs to the squeeze, however much it grows. */
enum err
__wrap_body_open(struct squeeze *squeeze, struct bytes sealed,
    const struct secret *secret, struct buf *plain)
{
	unsigned before = hold_nobody();

	buf_reserve(&squeeze->opened, 1);
	hold_end(before);
	return light_body_open(squeeze, sealed, secret, plain);
}

/*
 * Bundles on their way in.  The command `bundle import` calls it step by step.
 * Looks at who made a part before anything else of it, reads a megabyte, then
 * takes it in one transaction; goes through the file again as long as that
 * makes authors known whose logs came too early.
 */
#include "core/bundle_take.h"

#include <string.h>

#include "core/bundle_in.h"
#include "core/bundle_plan.h"
#include "core/clock.h"
#include "proto/mem.h"

enum {
	/* Messages that one transaction takes in. */
	BATCH_BYTES = 1024 * 1024,
	/* As in a session: what new facts in `authority` cost of it. */
	FACTS_BYTES = BATCH_BYTES / 32,
	/* Of the clock of one part, which is held in memory: LIMIT_LOGS entries
	 * at 160 bytes. */
	CLOCK_BYTES_MAX = LIMIT_LOGS * 160,
};

/* May the part that is read enter? */
enum standing {
	STANDING_OPEN,	  /* who made it is not known yet: `authority` may */
	STANDING_FINE,	  /* a member made it */
	STANDING_REFUSED, /* nothing of it is taken */
};

struct bundle_taker {
	struct store *store; /* borrowed */
	struct bundle_reader *reader;
	struct secret backup; /* secret */
	struct bundle_taken taken;
	struct buf batch;  /* owned: messages with their lengths; 0: something
			      is missing here */
	struct bytes rest; /* of it, not taken yet */
	bool part_due;	   /* another part begins behind the batch */
	bool end_due;	   /* nothing comes behind it */
	bool in_part;
	bool is_whole; /* nothing of the part was missing */
	bool has_about;
	struct bundle_about about;
	uint8_t about_bytes[BUNDLE_MSG_ABOUT_SIZE]; /* it, as it came */
	enum standing standing;
	struct buf clock;   /* owned: messages without their lengths */
	struct buf entries; /* owned: struct msg_entry, of them */
	uint32_t clock_n;
	struct bundle_in in;
	uint64_t progress; /* new deltas before this pass */
	uint64_t refused;  /* runs of this pass */
};

static enum err batch_fill(struct bundle_taker *t) MUST_USE;
static void message_add(
    struct bundle_taker *t, const struct bundle_piece *piece);
static void about_take(
    struct bundle_taker *t, const struct bundle_piece *piece);
static enum err batch_take(struct bundle_taker *t) MUST_USE;
static enum err message_take(
    struct bundle_taker *t, struct bytes message) MUST_USE;
static enum err stand(struct bundle_taker *t) MUST_USE;
static void refuse(struct bundle_taker *t, enum err why);
static void clock_add(struct bundle_taker *t, struct bytes message);
static enum err part_end(struct bundle_taker *t) MUST_USE;
static enum err clock_take(struct bundle_taker *t) MUST_USE;
static void sum_check(struct bundle_taker *t, struct bytes message);
static void part_begin(struct bundle_taker *t);
static void pass_begin(struct bundle_taker *t);

enum err
bundle_take_open(
    struct store *store, const char *path, struct bundle_taker **taker)
{
	struct bundle_taker *t = mem_zeros(1, sizeof(*t));
	enum err e = bundle_read_open(path, store_identity(store), &t->reader);

	*taker = NULL;
	if (e != ERR_OK) {
		mem_free(t);
		return e;
	}
	t->store = store;
	identity_backup_key(store_identity(store), &t->backup);
	t->taken.troubles = mem_zeros(
	    BUNDLE_TROUBLES_MAX, sizeof(*t->taken.troubles));
	pass_begin(t);
	*taker = t;
	return ERR_OK;
}

static void
pass_begin(struct bundle_taker *t)
{
	struct bundle_taken *taken = &t->taken;

	taken->troubles_n = 0;
	taken->troubles_all = 0;
	taken->gaps = 0;
	taken->refusals = 0;
	taken->wrongs = 0;
	taken->parts_refused = 0;
	taken->good = 0;
	t->progress = taken->deltas;
	t->refused = 0;
	t->end_due = false;
	t->in_part = false;
	t->part_due = false;
}

enum err
bundle_take_step(struct bundle_taker *t, bool *more)
{
	bool again;
	enum err e = ERR_OK;

	*more = true;
	if (t->rest.n == 0)
		e = batch_fill(t);
	if (e == ERR_OK)
		e = batch_take(t);
	if (e != ERR_OK || t->rest.n > 0)
		return e;
	if (t->part_due)
		part_begin(t);
	if (!t->end_due)
		return ERR_OK;
	again = t->refused > 0 && t->taken.deltas > t->progress;
	*more = again;
	if (again) {
		bundle_read_rewind(t->reader);
		pass_begin(t);
	}
	return ERR_OK;
}

static void
part_begin(struct bundle_taker *t)
{
	arena_fini(&t->in.arena);
	t->in = (struct bundle_in){
	    .store = t->store, .taken = &t->taken, .backup = &t->backup};
	t->part_due = false;
	t->in_part = true;
	t->is_whole = true;
	t->has_about = false;
	t->standing = STANDING_OPEN;
	buf_cut(&t->clock, 0);
	buf_cut(&t->entries, 0);
	t->clock_n = 0;
}

/* No transaction is open: the medium may be slow. */
static enum err
batch_fill(struct bundle_taker *t)
{
	enum err e = ERR_OK;

	buf_cut(&t->batch, 0);
	while (e == ERR_OK && t->batch.n < BATCH_BYTES && !t->part_due &&
	       !t->end_due) {
		struct bundle_piece piece;

		e = bundle_read_next(t->reader, &piece);
		if (e != ERR_OK)
			break;
		switch (piece.kind) {
		case BUNDLE_PIECE_PART:
			t->part_due = true;
			break;
		case BUNDLE_PIECE_END:
			t->end_due = true;
			break;
		case BUNDLE_PIECE_LOST:
			t->is_whole = false;
			buf_add_be32(&t->batch, 0);
			break;
		case BUNDLE_PIECE_MESSAGE:
			message_add(t, &piece);
			break;
		}
	}
	t->rest = buf_bytes(&t->batch);
	return e;
}

static void
message_add(struct bundle_taker *t, const struct bundle_piece *piece)
{
	struct bytes message = piece->message;

	if (t->standing == STANDING_REFUSED)
		return;
	if (message.p[0] == BUNDLE_MSG_ABOUT) {
		about_take(t, piece);
	} else if (!t->has_about) {
		refuse(t, err_set(ERR_MALFORMED,
			      "a part that does not begin with who made it"));
	} else {
		buf_add_be32(&t->batch, (uint32_t)message.n);
		buf_add(&t->batch, message);
	}
}

/* Each segment says it again. */
static void
about_take(struct bundle_taker *t, const struct bundle_piece *piece)
{
	const struct city_id *city = &store_identity(t->store)->city;
	struct bundle_about about;
	enum err e = ERR_OK;

	if (t->has_about &&
	    bytes_equal(piece->message,
		bytes_of(t->about_bytes, sizeof(t->about_bytes))))
		return;
	if (!bundle_msg_get_about(piece->message, &about))
		e = err_set(
		    ERR_MALFORMED, "what says who made it cannot be read");
	else if (t->has_about || !bundle_msg_verify(&about, &piece->header))
		e = err_set(ERR_MALFORMED,
		    "it does not come from who it says: the signature does "
		    "not verify");
	else if (memcmp(&about.city, city, sizeof(*city)) != 0)
		e = err_set(
		    ERR_DENIED, "it is from another city than this store");
	if (e != ERR_OK) {
		refuse(t, e);
		return;
	}
	t->has_about = true;
	t->about = about;
	bytes_copy(t->about_bytes, piece->message);
	t->in.from = about.from;
	t->taken.has_about = true;
	t->taken.about = about;
}

/* Nothing more of this part is taken; err_text() says why. */
static void
refuse(struct bundle_taker *t, enum err why)
{
	t->standing = STANDING_REFUSED;
	t->taken.parts_refused++;
	err_keep(&t->taken.refused, why);
}

/* As much of the batch as one transaction should hold, and what follows from
 * the part's end. */
static enum err
batch_take(struct bundle_taker *t)
{
	size_t done = 0;
	bool ends = t->part_due || t->end_due;
	enum err e;

	if (t->rest.n == 0 && !(ends && t->in_part))
		return ERR_OK;
	e = store_begin(t->store, true);
	if (e == ERR_OK)
		e = stand(t);
	while (t->rest.n > 0 && done < BATCH_BYTES && e == ERR_OK) {
		size_t n = bytes_be32(t->rest.p);
		struct bytes message = bytes_slice(
		    t->rest, BUNDLE_MSG_LENGTH, n);

		t->rest = bytes_after(t->rest, BUNDLE_MSG_LENGTH + n);
		done += n;
		e = message_take(t, message);
		if (store_txn(t->store)->authority_changed)
			done += FACTS_BYTES;
	}
	if (e == ERR_OK && t->rest.n == 0 && ends && t->in_part)
		e = part_end(t);
	if (e == ERR_OK)
		return store_commit(t->store);
	store_abort(t->store);
	return e;
}

/* Who made the part: as far as is known now. */
static enum err
stand(struct bundle_taker *t)
{
	const struct authority *authority;
	const struct member *member;
	enum err e = store_authority(t->store, &authority);

	if (e != ERR_OK || t->standing == STANDING_REFUSED || !t->has_about)
		return e;
	member = authority_member(authority, &t->about.from);
	if (member != NULL && member->compromised) {
		refuse(t,
		    err_set(ERR_DENIED,
			"the key of who made it (%.*s) is in other hands, says "
			"the revocation of its grants",
			(int)member->label.n, member->label.p));
		return ERR_OK;
	}
	t->standing = member != NULL && member->counts ? STANDING_FINE
						       : STANDING_OPEN;
	return ERR_OK;
}

static enum err
message_take(struct bundle_taker *t, struct bytes message)
{
	enum err e = ERR_OK;

	if (message.n == 0)
		return bundle_in_lost(&t->in);
	if (t->standing == STANDING_REFUSED)
		return ERR_OK;
	if (message.p[0] == BUNDLE_MSG_SUM) {
		sum_check(t, message);
		return bundle_in_lost(&t->in);
	}
	if (message.p[0] == MSG_CLOCK) {
		clock_add(t, message);
		return ERR_OK;
	}
	e = bundle_in_message(&t->in, message);
	/* That it is no member may show only in what it brings. */
	if (e != ERR_OK || message.p[0] != MSG_RUN ||
	    id_is_authority(&t->in.run.name.space))
		return e;
	e = stand(t);
	if (e == ERR_OK && t->standing == STANDING_OPEN) {
		refuse(
		    t, err_set(ERR_DENIED,
			   "it comes from a stranger: its key is not one of a "
			   "member of this city"));
		t->in.open = false;
	}
	return e;
}

static void
clock_add(struct bundle_taker *t, struct bytes message)
{
	struct arena arena = {0};
	struct msg msg;

	if (t->clock.n + message.n > CLOCK_BYTES_MAX)
		return;
	t->clock_n++;
	buf_add(&t->clock, message);
	if (msg_decode(message, &arena, &msg) == ERR_OK)
		buf_add(&t->entries,
		    bytes_of(msg.u.clock.entries,
			msg.u.clock.n * sizeof(*msg.u.clock.entries)));
	arena_fini(&arena);
}

/* What the last block says that came, against what did. */
static void
sum_check(struct bundle_taker *t, struct bytes message)
{
	const struct bundle_sum *came = &t->in.sum;
	struct bundle_sum sum;

	if (!t->is_whole || t->taken.wrongs > 0)
		return;
	if (bundle_msg_get_sum(message, &sum) && sum.runs == came->runs &&
	    sum.deltas == came->deltas && sum.bodies == came->bodies)
		return;
	bundle_in_trouble(&t->in,
	    err_set(ERR_MALFORMED,
		"it ends with other counts than what stands in it"),
	    NULL);
}

static enum err
part_end(struct bundle_taker *t)
{
	enum err e = bundle_in_lost(&t->in);

	t->in_part = false;
	t->refused += t->in.refused;
	if (e == ERR_OK)
		e = stand(t);
	if (e != ERR_OK || t->standing == STANDING_REFUSED || !t->has_about)
		return e;
	if (t->standing == STANDING_FINE)
		return clock_take(t);
	refuse(t,
	    err_set(ERR_DENIED,
		"it comes from a stranger: its key is not one of a member of "
		"this city"));
	return ERR_OK;
}

/* All of it or nothing: what is missing in it would look as if it were not
 * held. */
static enum err
clock_take(struct bundle_taker *t)
{
	struct txn *txn = store_txn(t->store);
	struct clock_said said = {.date_ms = t->about.date_ms,
	    .now_ms = txn->host->now_ms(txn->host->arg)};
	struct hash hash;
	bool news = false;
	enum err e;

	crypto_sha256(buf_bytes(&t->clock), &hash);
	if (t->clock_n != t->about.clock_n ||
	    memcmp(&hash, &t->about.clock, sizeof(hash)) != 0)
		return ERR_OK;
	said.list.n = t->entries.n / sizeof(struct msg_entry);
	said.list.entries = arena_array(
	    &txn->arena, said.list.n, sizeof(struct msg_entry));
	bytes_copy(said.list.entries, buf_bytes(&t->entries));
	e = clock_hear(txn, &t->about.from, &said, &news);
	t->taken.heard = t->taken.heard || news;
	return e;
}

const struct bundle_taken *
bundle_take_count(const struct bundle_taker *t)
{
	return &t->taken;
}

const struct bundle_found_in *
bundle_take_found(const struct bundle_taker *t)
{
	return bundle_read_found(t->reader);
}

void
bundle_take_close(struct bundle_taker *t)
{
	if (t == NULL)
		return;
	bundle_read_close(t->reader);
	bundle_in_fini(&t->in);
	crypto_wipe(&t->backup, sizeof(t->backup));
	buf_wipe(&t->batch);
	buf_fini(&t->clock);
	buf_fini(&t->entries);
	mem_free(t->taken.troubles);
	mem_free(t);
}

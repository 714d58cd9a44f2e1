/*
 * Whole stores for tests, and the shortest way to write to them.
 */
#include "tests/lib/desk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/apply.h"
#include "core/founder.h"
#include "core/heads.h"
#include "core/history.h"
#include "core/record.h"
#include "proto/codec.h"
#include "tests/lib/saga.h"

enum { START_MS = 1790000000 };

static uint64_t host_now_ms(void *arg);
static void host_random(void *arg, uint8_t *p, size_t n);
static void make(struct desk *desk, const struct city_id *join, uint64_t seed);
static void log_pull(struct txn *to, struct txn *from, const struct log *log);
static void found(void *arg, enum err code, const char *text);

static void
well(enum err e)
{
	if (e != ERR_OK)
		print_error("%s: %s\n", err_name(e), err_text());
	assert_int_equal(e, ERR_OK);
}

static uint64_t
host_now_ms(void *arg)
{
	struct desk *desk = arg;

	return desk->now_ms++;
}

static void
host_random(void *arg, uint8_t *p, size_t n)
{
	struct desk *desk = arg;

	prng_fill(&desk->prng, p, n);
}

void
desk_host(struct desk *desk, uint64_t seed)
{
	*desk = (struct desk){.prng = {seed},
	    .now_ms = UINT64_C(1000) * START_MS,
	    .host = {.now_ms = host_now_ms, .random = host_random}};
	desk->host.arg = desk;
	assert_int_equal(crypto_start(), ERR_OK);
}

static void
make(struct desk *desk, const struct city_id *join, uint64_t seed)
{
	struct store_plan plan = {.host = &desk->host, .join = join};

	desk_host(desk, seed);
	tempdir_init(&desk->dir);
	(void)snprintf(
	    desk->path, sizeof(desk->path), "%s/store", desk->dir.path);
	plan.dir = desk->path;
	if (join == NULL) {
		plan.found = bytes_text("서울");
		plan.label = bytes_text("시청");
	}
	well(founder_create(&plan));
	desk_open(desk, false);
}

void
desk_found(struct desk *desk, uint64_t seed)
{
	make(desk, NULL, seed);
}

void
desk_join(struct desk *desk, const struct desk *founder, uint64_t seed)
{
	struct city_id city = store_identity(founder->store)->city;

	make(desk, &city, seed);
}

void
desk_fini(struct desk *desk)
{
	desk_close(desk);
	tempdir_fini(&desk->dir);
}

void
desk_open(struct desk *desk, bool alone)
{
	assert_null(desk->store);
	if (alone)
		well(store_open_alone(desk->path, &desk->host, &desk->store));
	else
		well(store_open(desk->path, &desk->host, &desk->store));
}

void
desk_close(struct desk *desk)
{
	store_close(desk->store);
	desk->store = NULL;
}

void
desk_begin(struct desk *desk, bool write)
{
	well(store_begin(desk->store, write));
}

void
desk_commit(struct desk *desk)
{
	well(store_commit(desk->store));
}

/* One canonical text of up to 31 bytes, or longer. */
static void
text_value(const char *text, struct buf *value)
{
	struct bytes b = bytes_text(text);

	if (b.n < 32) {
		buf_add_u8(value, (uint8_t)(0xa0 + b.n));
	} else if (b.n < 256) {
		buf_add_u8(value, 0xd9);
		buf_add_u8(value, (uint8_t)b.n);
	} else {
		buf_add_u8(value, 0xda);
		buf_add_be16(value, (uint16_t)b.n);
	}
	buf_add(value, b);
}

struct store_edit
desk_text(enum op_code code, enum delta_class class, const char *field,
    const char *text)
{
	return (struct store_edit){.field = bytes_text(field),
	    .code = code,
	    .class = class,
	    .value = bytes_text(text)};
}

static void
put(struct desk *desk, struct store_write *write, const char *space,
    const struct store_edit *edit, struct record_id *id)
{
	struct store_edit made;
	struct buf value = {0};
	bool changed;

	well(id_space(bytes_text(space), &write->space));
	if (edit != NULL) {
		made = *edit;
		text_value((const char *)edit->value.p, &value);
		if (edit->code == OP_COUNT)
			buf_cut(&value, 0), buf_add_u8(&value, 5);
		made.value = buf_bytes(&value);
		write->edits = &made;
		write->edits_n = 1;
	}
	well(store_write(desk->store, write, id, &changed));
	if (edit != NULL) {
		write->edits = NULL;
		write->edits_n = 0;
	}
	buf_fini(&value);
}

struct record_id
desk_create(struct desk *desk, const char *space, const char *text)
{
	struct store_write write = {
	    .create = true, .collection = bytes_text("case")};
	struct store_edit edit = desk_text(OP_SET, CLASS_P, "name", text);
	struct record_id id;

	put(desk, &write, space, &edit, &id);
	return id;
}

void
desk_edit(struct desk *desk, const char *space, const struct record_id *id,
    const struct store_edit *edit, const struct buf *token)
{
	struct store_write write = {.has_record = true, .record = *id};
	struct record_id same;

	if (token != NULL)
		write.token = buf_bytes(token);
	put(desk, &write, space, edit, &same);
}

void
desk_settle(struct desk *desk, const char *space, const struct record_id *id,
    enum delta_act act, const struct buf *token)
{
	struct store_write write = {
	    .has_record = true, .record = *id, .act = act};
	struct record_id same;

	if (token != NULL)
		write.token = buf_bytes(token);
	put(desk, &write, space, NULL, &same);
}

void
desk_token(struct desk *desk, const char *name, const struct record_id *id,
    struct buf *token)
{
	struct arena arena = {0};
	struct record record;
	struct space space;

	well(id_space(bytes_text(name), &space));
	well(store_get(desk->store, &space, id, &arena, &record));
	store_token(&record, token);
	arena_fini(&arena);
}

void
desk_admit(struct desk *founder, const struct desk *member, const char *prefix)
{
	const struct rights all = {.bits = RIGHTS_ALL, .classes = CLASSES_ALL};
	struct fact_member fact = {.key = store_identity(member->store)->key,
	    .label = bytes_text("한 동")};
	struct fact_grant grant = {.member = fact.key, .gives = all};

	well(id_prefix(bytes_text(prefix), &grant.prefix));
	desk_begin(founder, true);
	well(store_admit(founder->store, &fact));
	desk_commit(founder);
	desk_begin(founder, true);
	well(store_grant(founder->store, &grant));
	desk_commit(founder);
}

void
desk_pull(struct desk *to, struct desk *from)
{
	const struct authority *authority;
	struct space_state **spaces;
	struct log **logs;
	size_t spaces_n;
	size_t n;

	desk_begin(to, true);
	desk_begin(from, false);
	well(space_all(store_txn(from->store), &spaces, &spaces_n));
	for (size_t i = 0; i < spaces_n; i++) {
		well(oplog_all(store_txn(from->store), spaces[i], &logs, &n));
		for (size_t k = 0; k < n; k++)
			log_pull(store_txn(to->store), store_txn(from->store),
			    logs[k]);
	}
	store_abort(from->store);
	well(store_authority(to->store, &authority));
	well(apply_authority(store_txn(to->store), authority));
	desk_commit(to);
}

static void
log_pull(struct txn *to, struct txn *from, const struct log *theirs)
{
	struct note_head head = {.size = theirs->head_size,
	    .root = theirs->head_root,
	    .signature = theirs->head_signature};
	struct log *log;
	struct hash leaf;

	well(oplog_open(to, &theirs->name, &log));
	while (log->frontier.size < theirs->frontier.size) {
		struct arena arena = {0};
		struct history_delta delta;
		struct stored_delta stored;

		well(history_delta(
		    from, theirs, log->frontier.size, &arena, &delta));
		well(oplog_get(from, theirs, log->frontier.size, &stored));
		well(apply_delta(to, log,
		    &(struct oplog_entry){.header = stored.header,
			.bodies = delta.bodies,
			.bodies_n = delta.bodies_n},
		    &leaf));
		arena_fini(&arena);
	}
	if (theirs->has_head && log->head_size < head.size)
		heads_put(to, log, &head, NULL);
	well(kv_failed(to->kv));
}

static void
found(void *arg, enum err code, const char *text)
{
	bool *told = arg;

	if (!*told)
		print_error("%s: %s\n", err_name(code), text);
	*told = true;
}

uint64_t
desk_check(struct desk *desk, bool clean)
{
	bool told = !clean;
	struct fsck_watch watch = {.found = found, .arg = &told};
	struct fsck_report report;
	enum err e;

	desk_begin(desk, false);
	e = fsck_run(desk->store, &watch, &report);
	store_abort(desk->store);
	if (clean)
		well(e);
	return report.found + (e != ERR_OK);
}

void
desk_text_all(struct desk *desk, struct buf *text)
{
	struct space_state **spaces;
	struct arena arena = {0};
	struct record record;
	size_t n;

	desk_begin(desk, false);
	well(space_all(store_txn(desk->store), &spaces, &n));
	for (size_t i = 0; i < n; i++) {
		struct record_id id = {0};
		bool more = true;

		buf_add_format(text, "%s %llu ", spaces[i]->name.text,
		    (unsigned long long)spaces[i]->records);
		buf_add(text,
		    bytes_of(spaces[i]->digests, sizeof(spaces[i]->digests)));
		while (more) {
			well(record_next(store_txn(desk->store),
			    &(struct record_read){.space = spaces[i],
				.cells = true,
				.arena = &arena},
			    &id, &record, &more));
			if (more)
				saga_text(&record, text);
		}
	}
	store_abort(desk->store);
	arena_fini(&arena);
}

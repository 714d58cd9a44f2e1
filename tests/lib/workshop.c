/*
 * A store whose records contradict themselves, for tests of what is found in
 * it.
 */
#include "tests/lib/workshop.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/lookup_keep.h"
#include "proto/codec.h"

enum { ROUNDS = 6 };

/* JSON with ` for every quote. */
/* clang-format off */
static const char pack_json[] =
    "{`format`:2,`name`:`jobs`,`version`:1,`label`:{`ko`:`일`,`en`:`Jobs`},"
    "`clock`:`+09:00`,"
    "`fold`:{`drop`:[` `,`.`],`drop_before_digit`:[`제`]},"
    "`collections`:["
    "{`name`:`job`,`space`:`case`,`label`:{`ko`:`일`,`en`:`Job`},"
    "`indexes`:[{`name`:`state_due`,`fields`:[`state`,`due`]},"
    "{`name`:`tags_size`,`fields`:[`tags`,`size`]},"
    "{`name`:`of_state_at`,`fields`:[`of`,`state`,`at`]}],"
    "`fields`:["
    "{`name`:`name`,`label`:{`ko`:`이름`,`en`:`Name`},`kind`:`register`,"
    "`type`:`text`,`class`:`N`,`index`:`plain`,`search`:true},"
    "{`name`:`tags`,`label`:{`ko`:`표`,`en`:`Tags`},`kind`:`set`,"
    "`type`:`text`,`class`:`N`,`index`:`plain`,`search`:true},"
    "{`name`:`state`,`label`:{`ko`:`상태`,`en`:`State`},`kind`:`state`,"
    "`values`:[`open`,`doing`,`done`],`class`:`N`,`index`:`plain`,"
    "`contested`:[`done`]},"
    "{`name`:`due`,`label`:{`ko`:`기한`,`en`:`Due`},`kind`:`register`,"
    "`type`:`date`,`class`:`N`,`index`:`plain`},"
    "{`name`:`at`,`label`:{`ko`:`때`,`en`:`At`},`kind`:`register`,"
    "`type`:`datetime`,`class`:`N`,`index`:`plain`},"
    "{`name`:`size`,`label`:{`ko`:`크기`,`en`:`Size`},`kind`:`register`,"
    "`type`:`int`,`class`:`N`,`index`:`plain`},"
    "{`name`:`risk`,`label`:{`ko`:`위기`,`en`:`Risk`},`kind`:`register`,"
    "`type`:`enum`,`values`:[`low`,`high`],`class`:`S`,`index`:`plain`},"
    "{`name`:`flags`,`label`:{`ko`:`기`,`en`:`Flags`},`kind`:`set`,"
    "`type`:`enum`,`values`:[`x`,`y`,`z`],`class`:`P`,`index`:`plain`},"
    "{`name`:`ready`,`label`:{`ko`:`됨`,`en`:`Ready`},`kind`:`register`,"
    "`type`:`bool`,`class`:`N`,`index`:`plain`},"
    "{`name`:`of`,`label`:{`ko`:`무엇`,`en`:`Of`},`kind`:`register`,"
    "`type`:`ref`,`targets`:[`job`],`class`:`N`,`index`:`plain`},"
    "{`name`:`tries`,`label`:{`ko`:`번`,`en`:`Tries`},`kind`:`counter`,"
    "`class`:`N`,`index`:`plain`},"
    "{`name`:`born`,`label`:{`ko`:`생일`,`en`:`Born`},`kind`:`register`,"
    "`type`:`date`,`class`:`P`,`index`:`plain`}]},"
    "{`name`:`person`,`space`:`case`,`label`:{`ko`:`사람`,`en`:`Person`},"
    "`fields`:["
    "{`name`:`name`,`label`:{`ko`:`이름`,`en`:`Name`},`kind`:`register`,"
    "`type`:`text`,`class`:`P`,`index`:`plain`}]}]}";
/* clang-format on */

static const char *const spaces[] = {
    "d03/c017/case", "d03/c018/case", "d04/c001/case"};

void
workshop_well(enum err e)
{
	if (e != ERR_OK)
		fail_msg("%s: %s", err_name(e), err_text());
}

/* ---- a store full of records that contradict themselves ------------------ */

const char *
workshop_pick(struct prng *prng, const char *const *list, size_t n)
{
	return list[prng_below(prng, n)];
}

static const char *const names[] = {"신사동 제1경로당", "신사동 제2경로당",
    "구신사동 경로당", "강남 복지관", "강남.복지관 분관", "ㄱ", "경로"};
static const char *const tags[] = {"가", "나", "다라", "신사"};
static const char *const states[] = {"open", "doing", "done"};
static const char *const dates[] = {"2016-06-30", "2016-07-01", "2016-07-25",
    "2016-08-03", "2017-01-01", "not a date"};
static const char *const times[] = {"2016-07-25T09:30:00+09:00",
    "2016-07-25T00:30:00Z", "2016-08-01T10:00:00Z"};
static const char *const risks[] = {"low", "high"};
static const char *const flags[] = {"x", "y", "z"};

/* What a write says of one field. */
static void
edit_draw(struct workshop *stage, struct prng *prng, struct store_edit *edit,
    struct buf *value)
{
	static const struct {
		const char *name;
		enum op_code code;
		enum delta_class class;
		const char *const *list;
		size_t n;
	} texts[] = {{"name", OP_SET, CLASS_N, names, COUNT_OF(names)},
	    {"tags", OP_ADD, CLASS_N, tags, COUNT_OF(tags)},
	    {"tags", OP_ADD, CLASS_N, tags, COUNT_OF(tags)},
	    {"state", OP_MOVE, CLASS_N, states, COUNT_OF(states)},
	    {"state", OP_MOVE, CLASS_N, states, COUNT_OF(states)},
	    {"due", OP_SET, CLASS_N, dates, COUNT_OF(dates)},
	    {"due", OP_SET, CLASS_N, dates, COUNT_OF(dates)},
	    {"at", OP_SET, CLASS_N, times, COUNT_OF(times)},
	    {"risk", OP_SET, CLASS_S, risks, COUNT_OF(risks)},
	    {"flags", OP_ADD, CLASS_P, flags, COUNT_OF(flags)},
	    {"born", OP_SET, CLASS_P, dates, COUNT_OF(dates)}};
	uint64_t which = prng_below(prng, COUNT_OF(texts) + 4);

	*edit = (struct store_edit){.code = OP_SET, .class = CLASS_N};
	if (which < COUNT_OF(texts)) {
		edit->field = bytes_text(texts[which].name);
		edit->code = texts[which].code;
		edit->class = texts[which].class;
		/* Some of it stands where the pack would not have it. */
		if (prng_below(prng, 12) == 0)
			edit->class = CLASS_P;
		codec_put_text(value, bytes_text(workshop_pick(prng,
					  texts[which].list, texts[which].n)));
	} else if (which == COUNT_OF(texts)) {
		edit->field = bytes_text("size");
		codec_put_int(value, (int64_t)prng_below(prng, 5) - 2);
	} else if (which == COUNT_OF(texts) + 1) {
		edit->field = bytes_text("ready");
		codec_put_bool(value, prng_below(prng, 2) == 0);
	} else if (which == COUNT_OF(texts) + 2 && stage->n > 0) {
		edit->field = bytes_text("of");
		codec_put_bytes(value,
		    bytes_of(
			stage
			    ->ids[prng_below(prng, stage->n < 3 ? stage->n : 3)]
			    .b,
			PACK_REF_SIZE));
	} else {
		edit->field = bytes_text("tries");
		edit->code = OP_COUNT;
		codec_put_int(value, (int64_t)prng_below(prng, 3));
	}
	edit->value = buf_bytes(value);
}

/* One random write of `desk`, in its open transaction. */
static void
write_draw(struct workshop *stage, struct desk *desk)
{
	struct prng *prng = &desk->prng;
	struct buf value = {0};
	struct store_edit edit;
	struct store_write write = {.edits = &edit, .edits_n = 1};
	size_t at = (size_t)prng_below(prng, WORKSHOP_RECORDS);
	bool create = at >= stage->n;
	struct record_id id;
	bool changed;
	enum err e;

	edit_draw(stage, prng, &edit, &value);
	if (create) {
		at = stage->n++;
		stage->is_job[at] = prng_below(prng, 8) > 0;
		workshop_well(id_space(
		    bytes_text(spaces[prng_below(prng, 3)]), &stage->in[at]));
		write.create = true;
		write.collection = bytes_text(
		    stage->is_job[at] ? "job" : "person");
		if (!stage->is_job[at])
			edit.code = OP_SET, edit.field = bytes_text("name");
	} else {
		write.has_record = true;
		write.record = stage->ids[at];
		if (prng_below(prng, 20) == 0) {
			write.act = ACT_DELETE;
			write.edits_n = 0;
		}
	}
	write.space = stage->in[at];
	e = store_write(desk->store, &write, &id, &changed);
	if (create) {
		workshop_well(e);
		stage->ids[at] = id;
	} else if (e != ERR_OK && e != ERR_NOT_FOUND && e != ERR_INVALID) {
		workshop_well(e);
	}
	buf_fini(&value);
}

/* The pack of this test instead of the one that the store follows. */
struct txn *
workshop_own_pack(struct workshop *stage, bool write)
{
	struct txn *txn;

	desk_begin(&stage->hall, write);
	txn = store_txn(stage->hall.store);
	txn->pack = stage->pack;
	txn->lookup = stage->lookup;
	return txn;
}

void
workshop_index_all(struct workshop *stage)
{
	struct txn *txn = workshop_own_pack(stage, true);
	bool whole = false;

	while (!whole)
		workshop_well(lookup_keep_refresh(txn, &whole));
	desk_commit(&stage->hall);
}

int
workshop_make(void **state)
{
	static struct workshop stage;
	struct buf json = {0};
	uint8_t key[32] = {7};

	memset(&stage, 0, sizeof(stage));
	stage.now = 1469404800; /* 2016-07-25 */
	buf_add_text(&json, pack_json);
	for (size_t i = 0; i < json.n; i++)
		if (json.p[i] == '`')
			json.p[i] = '"';
	workshop_well(pack_parse(buf_bytes(&json), &stage.pack));
	buf_fini(&json);
	stage.lookup = lookup_new(stage.pack, key);
	desk_found(&stage.hall, 31);
	desk_join(&stage.dong, &stage.hall, 32);
	desk_admit(&stage.hall, &stage.dong, "");
	desk_pull(&stage.dong, &stage.hall);
	for (size_t round = 0; round < ROUNDS; round++) {
		struct desk *desks[] = {&stage.hall, &stage.dong};

		for (size_t i = 0; i < 2; i++) {
			desk_begin(desks[i], true);
			for (size_t w = 0; w < 4 * WORKSHOP_RECORDS / ROUNDS;
			     w++)
				write_draw(&stage, desks[i]);
			desk_commit(desks[i]);
		}
		desk_pull(&stage.dong, &stage.hall);
		desk_pull(&stage.hall, &stage.dong);
	}
	*state = &stage;
	return 0;
}

int
workshop_remove(void **state)
{
	struct workshop *stage = *state;

	lookup_free(stage->lookup);
	pack_free(stage->pack);
	arena_fini(&stage->arena);
	desk_fini(&stage->dong);
	desk_fini(&stage->hall);
	return 0;
}

/*
 * Visits and what becomes of them.  Tests over bad links carry it, so that what
 * a line takes for a day is what it would take for a centre's.
 */
#include "tests/lib/workday.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "proto/codec.h"

enum { EDITS_MAX = 16, VALUES = 16, WORDS_OF_NOTE = 40, TEXT_SIZE = 1000 };

/* One change being made. */
struct visit {
	struct store_edit edits[EDITS_MAX];
	size_t n;
	struct buf values[VALUES]; /* owned */
	size_t values_n;
};

static void change_write(struct workday *day, struct visit *visit, bool create);

static const char *const words[] = {"어르신", "혼자", "지내심", "무릎",
    "통증으로", "외출이", "어렵고", "식사는", "하루", "두", "끼", "정도",
    "드심", "가스", "밸브", "점검", "필요", "보건소", "연계", "예정", "다음",
    "주", "재방문", "약속", "도시락", "배달", "신청", "동의함", "자녀와",
    "연락이", "뜸함", "수면", "부족", "호소", "혈압이", "조금", "높음",
    "난방비", "부담이", "크다고", "하심", "이웃이", "가끔", "들여다봄",
    "전기요금", "체납", "고지서", "확인", "복약", "지도", "함"};
static const char *const kinds[] = {
    "보편_65세", "보편_70세", "빈곤위기", "정기", "모니터링", "안부"};
static const char *const outcomes[] = {
    "특이없음", "정보제공", "서비스연계", "사례의뢰", "재방문"};
static const char *const states[] = {"assigned", "attempted", "done"};
static const char *const wants[] = {"경제", "건강", "주거", "돌봄", "정서"};

void
workday_init(
    struct workday *day, struct town *town, size_t node, const char *space)
{
	*day = (struct workday){
	    .town = town, .node = node, .space = town_space(space)};
}

static struct buf *
value(struct visit *visit)
{
	assert_true(visit->values_n < VALUES);
	return &visit->values[visit->values_n++];
}

static void
edit(struct visit *visit, enum op_code code, enum delta_class class,
    const char *field, const struct buf *value)
{
	assert_true(visit->n < EDITS_MAX);
	visit->edits[visit->n++] = (struct store_edit){
	    .field = bytes_text(field),
	    .code = code,
	    .class = class,
	    .value = buf_bytes(value),
	};
}

static void
edit_text(struct visit *visit, enum op_code code, enum delta_class class,
    const char *field, const char *text)
{
	struct buf *v = value(visit);

	codec_put_text(v, bytes_text(text));
	edit(visit, code, class, field, v);
}

static void
edit_int(struct visit *visit, enum op_code code, enum delta_class class,
    const char *field, int64_t number)
{
	struct buf *v = value(visit);

	codec_put_int(v, number);
	edit(visit, code, class, field, v);
}

/* A reference to some other record. */
static void
edit_ref(struct workday *day, struct visit *visit, enum op_code code,
    enum delta_class class, const char *field)
{
	struct buf *v = value(visit);
	uint8_t id[16];

	prng_fill(&day->town->prng, id, sizeof(id));
	codec_put_bytes(v, (struct bytes){.p = id, .n = sizeof(id)});
	edit(visit, code, class, field, v);
}

static const char *
one_of(struct workday *day, const char *const *texts, size_t n)
{
	return texts[prng_below(&day->town->prng, n)];
}

/* Sentences of `words_n` words, of some ten bytes each. */
static void
edit_note(struct workday *day, struct visit *visit, int words_n)
{
	char text[TEXT_SIZE];
	size_t n = 0;

	for (int i = 0; i < words_n; i++) {
		int added = snprintf(text + n, sizeof(text) - n, "%s%s",
		    i == 0 ? "" : " ", one_of(day, words, COUNT_OF(words)));

		assert_true(added > 0 && (size_t)added < sizeof(text) - n);
		n += (size_t)added;
	}
	edit_text(visit, OP_APPEND, CLASS_S, "notes", text);
}

static void
visit_new(struct workday *day, struct visit *visit)
{
	int64_t today = 20500 + (int64_t)(day->number / 200);

	edit_ref(day, visit, OP_SET, CLASS_N, "household");
	edit_text(visit, OP_SET, CLASS_N, "kind",
	    one_of(day, kinds, COUNT_OF(kinds)));
	edit_int(visit, OP_SET, CLASS_N, "planned_on", today);
	edit_int(visit, OP_SET, CLASS_N, "due_on", today + 14);
	edit_int(visit, OP_SET, CLASS_N, "visited_at", today * 86400000);
	edit_ref(day, visit, OP_ADD, CLASS_N, "staff");
	edit_ref(day, visit, OP_ADD, CLASS_N, "companions");
	edit_ref(day, visit, OP_ADD, CLASS_P, "persons_met");
	edit_text(visit, OP_SET, CLASS_N, "channel", "방문");
	edit_text(visit, OP_MOVE, CLASS_N, "state", "planned");
	edit_int(visit, OP_COUNT, CLASS_N, "attempts", 1);
	edit_text(visit, OP_ADD, CLASS_S, "needs",
	    one_of(day, wants, COUNT_OF(wants)));
}

static void
change_write(struct workday *day, struct visit *visit, bool create)
{
	struct store_write write = {.space = day->space,
	    .create = create,
	    .record = day->visit,
	    .collection = bytes_text(create ? "visit" : ""),
	    .edits = visit->edits,
	    .edits_n = visit->n};
	struct record_id id;
	bool changed;
	enum err e = town_write(day->town, day->node, &write, &id, &changed);

	if (e != ERR_OK)
		print_error("a day's work: %s\n", err_text());
	assert_int_equal(e, ERR_OK);
	if (create)
		day->visit = id;
	for (size_t i = 0; i < visit->n; i++)
		day->content_bytes += visit->edits[i].field.n +
				      visit->edits[i].value.n;
	for (size_t i = 0; i < visit->values_n; i++)
		buf_fini(&visit->values[i]);
}

void
workday_write(struct workday *day, size_t n)
{
	for (; n > 0; n--) {
		uint64_t step = day->number++ % 5;
		struct visit visit = {0};

		if (step == 0) {
			visit_new(day, &visit);
		} else if (step == 1 || step == 2) {
			edit_note(day, &visit, WORDS_OF_NOTE);
		} else if (step == 3) {
			edit_note(day, &visit, WORDS_OF_NOTE / 2);
			edit_text(&visit, OP_MOVE, CLASS_N, "state",
			    one_of(day, states, COUNT_OF(states)));
		} else {
			edit_text(&visit, OP_SET, CLASS_N, "outcome",
			    one_of(day, outcomes, COUNT_OF(outcomes)));
		}
		if (step == 2)
			edit_int(&visit, OP_SET, CLASS_S, "health_check",
			    (int64_t)prng_below(&day->town->prng, 200));
		change_write(day, &visit, step == 0);
	}
}

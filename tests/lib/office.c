/*
 * Lists, figures and reports to ask for, and records that they are made of.
 */
#include "tests/lib/office.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/meta.h"
#include "proto/ascii.h"
#include "proto/calendar.h"
#include "tests/lib/slip.h"

/* JSON with ` for every quote.  The layout is by hand: what belongs together
 * stands together. */
/* clang-format off */
#define LABEL "`label`:{`ko`:`가`,`en`:`a`}"
#define FIELD(name, kind, class, rest) \
	"{`name`:`" name "`," LABEL ",`kind`:`" kind "`,`class`:`" class "`" rest "}"
#define REGISTER(name, type, class, rest) \
	FIELD(name, "register", class, ",`type`:`" type "`" rest)
#define FIGURE(name, rest) "{`name`:`" name "`," LABEL "," rest "}"
static const char *const text_of[] = {
    "{`format`:2,`name`:`office`,`version`:1," LABEL ",`clock`:`+09:00`,"
    "`codes`:[{`name`:`kind`,`values`:[{`value`:`regular`,`ko`:`정기`},"
    "{`value`:`crisis`,`ko`:`위기`,`rank`:9},{`value`:`call`,`ko`:`전화`}]},"
    "{`name`:`level`,`values`:[{`value`:`gu`},{`value`:`dong`}]}],"
    "`units`:{`collection`:`unit`,`name`:`name`,`prefix`:`prefix`,`level`:`level`,`from`:`since`,`to`:`until`},"
    "`scopes`:[{`name`:`dong`,`level`:`dong`}],"
    "`collections`:["
    "{`name`:`unit`,`space`:`unit`," LABEL ",`title`:`name`,`fields`:["
    REGISTER("name", "text", "N", "") "," REGISTER("prefix", "text", "N", "") ","
    REGISTER("level", "enum", "N", ",`codes`:`level`") ","
    REGISTER("since", "date", "N", "") "," REGISTER("until", "date", "N", "") "]},"
    "{`name`:`home`,`space`:`case`," LABEL ",`title`:`no`,`alias`:`same_as`,`fields`:["
    REGISTER("no", "text", "N", ",`index`:`plain`") ","
    REGISTER("same_as", "ref", "N", ",`targets`:[`home`],`index`:`plain`") ","
    REGISTER("income", "money", "F", "") "]},"
    "{`name`:`visit`,`space`:`case`," LABEL ",`indexes`:[{`name`:`by_home`,`fields`:[`home`,`amount`]}],`fields`:["
    REGISTER("on", "date", "N", "") "," REGISTER("at", "datetime", "N", "") ","
    REGISTER("until", "datetime", "N", "") ","
    REGISTER("kind", "enum", "N", ",`codes`:`kind`") ","
    FIELD("state", "state", "N", ",`values`:[`open`,`done`,`shut`],`contested`:[`done`]") ","
    REGISTER("home", "ref", "N", ",`targets`:[`home`],`index`:`plain`") ","
    REGISTER("person", "ref", "P", ",`targets`:[`home`]") ","
    REGISTER("born", "date", "P", "") ","
    REGISTER("ill", "bool", "S", "") "," REGISTER("cost", "money", "F", "") ","
    REGISTER("amount", "int", "N", "") "," FIELD("tries", "counter", "N", "") ","
    FIELD("tags", "set", "N", ",`type`:`text`") "]},"
    "{`name`:`metric`,`space`:`unit`," LABEL ",`fields`:["
    REGISTER("key", "text", "N", "") "," REGISTER("value", "int", "N", "") ","
    REGISTER("source", "text", "N", "") "," REGISTER("period", "text", "N", "") ","
    REGISTER("unit", "ref", "N", ",`targets`:[`unit`]") ","
    REGISTER("scale", "int", "N", "") "]}],"
    ,"`views`:["
    "{`name`:`months`,`collection`:`visit`,`where`:`state != shut`,"
    "`group`:[{`name`:`month`,`is`:`month(on)`},{`name`:`kind`,`is`:`kind`},{`name`:`home`,`is`:`home`}],"
    "`count`:true,`sum`:[{`name`:`amount`,`is`:`amount`},{`name`:`cost`,`is`:`cost`}],"
    "`distinct`:[{`name`:`homes`,`is`:`home`},{`name`:`people`,`is`:`person`},{`name`:`tags`,`is`:`tags`}]},"
    "{`name`:`quarters`,`collection`:`visit`,`group`:[{`name`:`quarter`,`is`:`quarter(on)`}],`count`:true},"
    "{`name`:`years`,`collection`:`visit`,`group`:[{`name`:`year`,`is`:`year(on)`}],`count`:true},"
    "{`name`:`days`,`collection`:`visit`,`group`:[{`name`:`day`,`is`:`date_of(at)`}],`count`:true},"
    "{`name`:`done`,`collection`:`visit`,`where`:`state = done`,`count`:true},"
    "{`name`:`ill`,`collection`:`visit`,`where`:`ill`,`count`:true},"
    "{`name`:`houses`,`collection`:`home`,`group`:[{`name`:`no`,`is`:`no`}],`count`:true,"
    "`sum`:[{`name`:`income`,`is`:`income`}],`distinct`:[{`name`:`ids`,`is`:`id`}]}],"
    "`due`:["
    "{`name`:`days`," LABEL ",`collection`:`visit`,`where`:`state = open`,`due`:`on`,"
    "`urgency`:`amount`,`risk`:`tries`,`show`:[`kind`,`home.no`],`by`:[`state`]},"
    "{`name`:`later`," LABEL ",`collection`:`visit`,`due`:`on`,`from`:`on - 30`,`overdue`:`on + 7`},"
    "{`name`:`hours`," LABEL ",`collection`:`visit`,`due`:`until`,`from`:`until - 24h`,`overdue`:`until + 72h`},"
    "{`name`:`ages`," LABEL ",`collection`:`visit`,`where`:`born is something`,`due`:`birthday(born, 70)`},"
    "{`name`:`ends`," LABEL ",`collection`:`visit`,`due`:`end_of_quarter(on)`},"
    "{`name`:`quarrels`," LABEL ",`open`:true},"
    "{`name`:`homes`," LABEL ",`open`:true,`collection`:`home`,`due`:`today`},"
    "{`name`:`houses`," LABEL ",`collection`:`home`,`due`:`latest(visit, on, home = this)`},"
    "{`name`:`near`," LABEL ",`collection`:`visit`,`where`:`home is something`,"
    "`due`:`if(home.no is something, on, today)`,`from`:`if(home.no = 'H-9', today, on - 1000)`,"
    "`overdue`:`if(home.income > 1, on, on + 7)`,`urgency`:`count(visit, home = this.home)`,"
    "`risk`:`count(visit, home = this.home and amount > 1)`,`show`:[`home.no`],`by`:[`home.no`]}],"
    ,"`reported`:{`collection`:`metric`,`key`:`key`,`value`:`value`,`source`:`source`,"
    "`period`:`period`,`unit`:`unit`,`scale`:`scale`},"
    "`figures`:["
    FIGURE("visits", "`view`:`months`,`take`:`count`,`period`:`month`,`metric`:`visits`") ","
    FIGURE("crisis", "`view`:`months`,`take`:`count`,`period`:`month`,`filter`:{`kind`:[`crisis`]}") ","
    FIGURE("amount", "`view`:`months`,`take`:`sum:amount`,`period`:`month`,`metric`:`amount`") ","
    FIGURE("cost", "`view`:`months`,`take`:`sum:cost`,`period`:`month`,`metric`:`cost`") ","
    FIGURE("homes", "`view`:`months`,`take`:`distinct:homes`,`period`:`month`") ","
    FIGURE("people", "`view`:`months`,`take`:`distinct:people`,`period`:`month`") ","
    FIGURE("tags", "`view`:`months`,`take`:`distinct:tags`,`period`:`month`") ","
    FIGURE("quarters", "`view`:`quarters`,`take`:`count`,`period`:`quarter`") ","
    FIGURE("years", "`view`:`years`,`take`:`count`,`period`:`year`") ","
    FIGURE("days", "`view`:`days`,`take`:`count`,`period`:`day`") ","
    FIGURE("done", "`view`:`done`,`take`:`count`") ","
    FIGURE("ill", "`view`:`ill`,`take`:`count`") ","
    ,FIGURE("each", "`ratio`:[`amount`,`visits`],`digits`:1,`metric`:`each`") ","
    FIGURE("share", "`ratio`:[`crisis`,`visits`],`digits`:0,`percent`:true") ","
    FIGURE("dear", "`ratio`:[`cost`,`visits`],`metric`:`dear`") ","
    FIGURE("asked", "`query`:{`collection`:`visit`,`where`:`state = done`,`on`:`at`}") ","
    FIGURE("asked_sum", "`query`:{`collection`:`visit`,`of`:`amount`,`on`:`at`},`take`:`sum`") ","
    FIGURE("asked_homes", "`query`:{`collection`:`visit`,`of`:`home`},`take`:`distinct`") ","
    FIGURE("asked_tags", "`query`:{`collection`:`visit`,`of`:`tags`},`take`:`distinct`") ","
    FIGURE("asked_rich", "`query`:{`collection`:`visit`,`where`:`home.income > 100`}") ","
    FIGURE("asked_near", "`query`:{`collection`:`visit`,`of`:`home.no`},`take`:`distinct`") ","
    FIGURE("houses", "`view`:`houses`,`take`:`count`") ","
    FIGURE("incomes", "`view`:`houses`,`take`:`sum:income`") ","
    FIGURE("different", "`view`:`houses`,`take`:`distinct:ids`") ","
    FIGURE("held", "`logs`:`logs`") "," FIGURE("deltas", "`logs`:`deltas`") ","
    FIGURE("verified", "`logs`:`verified`") "," FIGURE("unsigned", "`logs`:`unsigned`") ","
    FIGURE("gaps", "`logs`:`gaps`") "," FIGURE("refused", "`logs`:`refused`") "],"
    "`reports`:["
    "{`name`:`units`," LABEL ",`tables`:[{" LABEL ",`rows`:`unit`,`columns`:[`visits`,`amount`,`homes`,`each`,`share`],`total`:true}]},"
    "{`name`:`months`," LABEL ",`tables`:[{" LABEL ",`rows`:`period`,`columns`:[`visits`,`homes`]}]},"
    "{`name`:`rising`," LABEL ",`tables`:[{" LABEL ",`rows`:`period`,`columns`:[`visits`,`homes`,`each`],`cumulative`:true}]},"
    "{`name`:`kinds`," LABEL ",`tables`:[{" LABEL ",`rows`:`kind`,`columns`:[`visits`,`amount`]}]},"
    "{`name`:`places`," LABEL ",`tables`:[{" LABEL ",`rows`:`home`,`columns`:[`visits`]}]},"
    "{`name`:`spans`," LABEL ",`tables`:[{" LABEL ",`rows`:`period`,`columns`:[`quarters`]},"
    "{" LABEL ",`rows`:`period`,`columns`:[`years`]},{" LABEL ",`rows`:`period`,`columns`:[`days`]}]},"
    "{`name`:`secret`," LABEL ",`tables`:[{" LABEL ",`rows`:`unit`,`columns`:[`visits`,`done`,`people`,`cost`,`ill`,`dear`]}]},"
    "{`name`:`asked`," LABEL ",`tables`:[{" LABEL ",`rows`:`unit`,`columns`:[`asked`,`asked_sum`,`asked_homes`,`asked_tags`,`tags`]}]},"
    "{`name`:`rich`," LABEL ",`tables`:[{" LABEL ",`rows`:`unit`,`columns`:[`asked_rich`]}]},"
    "{`name`:`asked_months`," LABEL ",`tables`:[{" LABEL ",`rows`:`period`,`columns`:[`asked`,`asked_sum`]}]},"
    "{`name`:`houses`," LABEL ",`tables`:[{" LABEL ",`rows`:`unit`,`columns`:[`houses`,`incomes`,`different`,`asked_near`],`total`:true},"
    "{" LABEL ",`rows`:`no`,`columns`:[`houses`]}]},"
    "{`name`:`logs`," LABEL ",`tables`:[{" LABEL ",`rows`:`unit`,"
    "`columns`:[`held`,`deltas`,`verified`,`unsigned`,`gaps`,`refused`],`total`:true}]}]}"};
/* clang-format on */

struct bytes
office_pack(void)
{
	static struct buf json;

	if (json.n > 0)
		return buf_bytes(&json);
	for (size_t i = 0; i < COUNT_OF(text_of); i++)
		buf_add_text(&json, text_of[i]);
	for (size_t i = 0; i < json.n; i++)
		json.p[i] = json.p[i] == '`' ? '"' : json.p[i];
	return buf_bytes(&json);
}

void
office_follow(struct town *town, size_t i)
{
	struct store *store = town_store(town, i);

	slip_is(store_begin(store, true), ERR_OK, NULL);
	meta_put(store_txn(store), meta_pack, bytes_text("office"));
	slip_is(store_commit(store), ERR_OK, NULL);
	town_close(town, i);
	store = town_open(town, i);
	slip_is(store_begin(store, true), ERR_OK, NULL);
	slip_is(store_commit(store), ERR_OK, NULL);
}

int
office_make(void **state)
{
	static struct town town;

	tempdir_in_memory();
	town_init(&town, 61);
	office_follow(&town, 0);
	*state = &town;
	return 0;
}

int
office_remove(void **state)
{
	town_fini(*state);
	return 0;
}

/* ---- writes ------------------------------------------------------------- */

/* `desk` lends its store to a slip. */
static struct slip
begin(struct town *town, size_t i, const char *space, struct desk *desk)
{
	desk->store = town_store(town, i);
	town->now_ms += 1000;
	slip_is(store_begin(desk->store, true), ERR_OK, NULL);
	return (struct slip){.desk = desk, .space = space};
}

struct record_id
office_put(struct town *town, size_t i, const char *space,
    const char *collection, const char *const *words)
{
	static struct desk desk;
	struct slip slip = begin(town, i, space, &desk);
	struct record_id id;

	slip_is(slip_put(&slip, collection, words, &id), ERR_OK, NULL);
	slip_is(store_commit(desk.store), ERR_OK, NULL);
	return id;
}

void
office_patch(struct town *town, size_t i, const char *space,
    const struct record_id *id, const char *const *words)
{
	static struct desk desk;
	struct slip slip = begin(town, i, space, &desk);

	slip_is(slip_patch(&slip, id, words), ERR_OK, NULL);
	slip_is(store_commit(desk.store), ERR_OK, NULL);
}

const char *
office_ref(const char *field, const struct record_id *id)
{
	static struct buf texts[16];
	static size_t next;
	struct buf *text = &texts[next++ % COUNT_OF(texts)];

	buf_cut(text, 0);
	buf_add_format(text, "%s=", field);
	ascii_hex(bytes_of(id->b, sizeof(id->b)), text);
	return buf_text(text);
}

int64_t
office_time(const char *text)
{
	int64_t seconds;

	assert_true(calendar_read_time(bytes_text(text), &seconds));
	return seconds;
}

/* ---- reports ------------------------------------------------------------ */

void
office_open(struct town *town, size_t i, const struct office_ask *ask,
    struct office_report *report)
{
	struct report_ask wanted = {.now_seconds = ask->now_seconds};
	const char *prefix = ask->prefix == NULL ? "" : ask->prefix;
	const struct pack *pack;

	*report = (struct office_report){.store = town_store(town, i)};
	slip_is(store_begin(report->store, false), ERR_OK, NULL);
	pack = store_txn(report->store)->pack;
	for (size_t k = 0; k < pack->reports_n; k++)
		if (strcmp(pack->reports[k].name, ask->report) == 0)
			wanted.report = &pack->reports[k];
	assert_non_null(wanted.report);
	slip_is(id_prefix(bytes_text(prefix), &wanted.prefix), ERR_OK, NULL);
	assert_true(period_read(
	    bytes_text(ask->period == NULL ? "0001/9999-12-31" : ask->period),
	    &wanted.period));
	if (ask->period == NULL)
		wanted.period = (struct period){INT64_MIN, INT64_MAX};
	slip_is(report_make(store_txn(report->store), &wanted, &report->arena,
		    &report->report),
	    ERR_OK, NULL);
}

void
office_close(struct office_report *report)
{
	store_abort(report->store);
	arena_fini(&report->arena);
}

static void
numbers_add(const struct figure_number *numbers, size_t n, struct buf *text)
{
	for (size_t i = 0; i < n; i++) {
		if (numbers[i].too_large)
			buf_add_text(text, " >");
		else if (!numbers[i].is_there)
			buf_add_text(text, " -");
		else
			buf_add_format(text, " %lld", (long long)numbers[i].n);
	}
}

void
office_rows(const struct office_report *report, size_t i, struct buf *text)
{
	const struct report_table *table = &report->report.tables[i];
	size_t n = table->table->columns_n;

	for (size_t k = 0; k < table->rows_n; k++) {
		buf_add(text, table->rows[k].key);
		buf_add_text(text, ":");
		numbers_add(table->rows[k].cells, n, text);
		buf_add_text(text, "; ");
	}
	buf_add_text(text, "=");
	numbers_add(table->total, n, text);
}

void
office_rows_are(
    struct town *town, const struct office_ask *ask, const char *wanted)
{
	struct office_report report;
	struct buf text = {0};

	office_open(town, 0, ask, &report);
	for (size_t i = 0; i < report.report.tables[0].table->columns_n; i++)
		assert_int_equal(
		    report.report.tables[0].columns[i].left_out, 0);
	office_rows(&report, 0, &text);
	if (!bytes_is(buf_bytes(&text), wanted))
		fail_msg("%s of %s in %s:\n%s, not\n%s", ask->report,
		    ask->prefix == NULL ? "all" : ask->prefix,
		    ask->period == NULL ? "all" : ask->period, buf_text(&text),
		    wanted);
	buf_fini(&text);
	office_close(&report);
}

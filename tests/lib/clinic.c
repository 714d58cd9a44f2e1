/*
 * A small pack of format 2 that says something with every key there is, and
 * what becomes of it when a piece of it is written otherwise.
 */
#include "tests/lib/clinic.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* JSON with ` for every quote.  The layout is by hand: what belongs together
 * stands together. */
/* clang-format off */
static const char *const clinic[] = {
    "{`format`:2,`name`:`clinic`,`version`:1,`label`:{`ko`:`의원`,"
    "`en`:`Clinic`},`clock`:`+09:00`,"
    "`codes`:[{`name`:`kind`,`values`:[{`value`:`a`,`ko`:`가`,`en`:`A`,"
    "`from`:`2015-07-01`,`to`:`2019-06-30`,`rank`:3},{`value`:`b`},{`value`:`c`}]},"
    "{`name`:`steps`,`values`:[{`value`:`open`},{`value`:`doing`},"
    "{`value`:`done`},{`value`:`shut`}]},"
    "{`name`:`level`,`values`:[{`value`:`city`},{`value`:`house`}]}],"
    "`spaces`:[{`name`:`task`,`urgent`:true}],"
    "`units`:{`collection`:`unit`,`name`:`name`,`aliases`:`aliases`,"
    "`code`:`code`,`prefix`:`prefix`,`parent`:`parent`,`level`:`level`,"
    "`from`:`since`,`to`:`until`},"
    "`scopes`:[{`name`:`house`,`level`:`house`},{`name`:`city`,"
    "`level`:`city`,`label`:{`ko`:`시`,`en`:`City`}}],"
    "`fold`:{`drop`:[` `,`.`],`drop_before_digit`:[`제`]},"
    "`roles`:[{`name`:`의사`,`label`:{`ko`:`의사`,`en`:`Doctor`},"
    "`scope`:`house`,`read`:[`N`,`P`],`write`:[`task`],"
    "`hide`:[`task.secret`]}],"
    "`retention`:{`5y`:{`years`:5,`from`:`closed`},`K`:{`keep`:true}},"
    "`collections`:[",
    "{`name`:`unit`,`space`:`unit`,`label`:{`ko`:`기관`,`en`:`Unit`},"
    "`title`:`name`,`retention`:`K`,`fields`:["
    "{`name`:`name`,`label`:{`ko`:`이름`,`en`:`Name`},`kind`:`register`,"
    "`type`:`text`,`class`:`N`,`search`:true},"
    "{`name`:`aliases`,`label`:{`ko`:`별칭`,`en`:`Aliases`},`kind`:`set`,"
    "`type`:`text`,`class`:`N`,`search`:true},"
    "{`name`:`code`,`label`:{`ko`:`코드`,`en`:`Code`},`kind`:`register`,"
    "`type`:`text`,`class`:`N`},"
    "{`name`:`prefix`,`label`:{`ko`:`앞`,`en`:`Prefix`},`kind`:`register`,"
    "`type`:`text`,`class`:`N`},"
    "{`name`:`parent`,`label`:{`ko`:`상위`,`en`:`Parent`},"
    "`kind`:`register`,`type`:`ref`,`targets`:[`unit`],`class`:`N`},"
    "{`name`:`level`,`label`:{`ko`:`급`,`en`:`Level`},`kind`:`register`,"
    "`type`:`enum`,`codes`:`level`,`class`:`N`},"
    "{`name`:`since`,`label`:{`ko`:`부터`,`en`:`Since`},`kind`:`register`,"
    "`type`:`date`,`class`:`N`},"
    "{`name`:`until`,`label`:{`ko`:`까지`,`en`:`Until`},`kind`:`register`,"
    "`type`:`date`,`class`:`N`}]},"
    "{`name`:`task`,`space`:`task`,`label`:{`ko`:`일`,`en`:`Task`},"
    "`title`:`no`,`retention`:`5y`,`retention_from`:`closed_on`,"
    "`indexes`:[{`name`:`by_state_due`,`fields`:[`state`,`due_on`]},"
    "{`name`:`by_people`,`fields`:[`people`,`no`],`unique`:true}],"
    "`fields`:["
    "{`name`:`no`,`label`:{`ko`:`번호`,`en`:`No.`},`kind`:`register`,"
    "`type`:`text`,`class`:`N`,`index`:`unique`},"
    "{`name`:`state`,`label`:{`ko`:`상태`,`en`:`State`},`kind`:`state`,"
    "`codes`:`steps`,`class`:`N`,`required`:true,"
    "`transitions`:{`open`:[`doing`],`doing`:[`done`,`open`]},"
    "`start`:[`shut`],`end`:[`done`,`shut`],`contested`:[`done`,`doing`],"
    "`guards`:[{`to`:[`done`],`need`:`people is something`,"
    "`say`:{`ko`:`누가?`,`en`:`Who?`},`unless`:`kind = a`,"
    "`who`:[`의사`]}]},"
    "{`name`:`kind`,`label`:{`ko`:`종류`,`en`:`Kind`},`kind`:`register`,"
    "`type`:`enum`,`codes`:`kind`,`class`:`N`},"
    "{`name`:`due_on`,`label`:{`ko`:`기한`,`en`:`Due`},`kind`:`register`,"
    "`type`:`date`,`class`:`N`,`index`:`plain`},"
    "{`name`:`closed_on`,`label`:{`ko`:`종결`,`en`:`Closed`},"
    "`kind`:`register`,`type`:`date`,`class`:`N`,"
    "`when`:{`of`:`state`,`is`:[`done`]}},"
    "{`name`:`people`,`label`:{`ko`:`사람`,`en`:`People`},`kind`:`set`,"
    "`type`:`enum`,`values`:[`x`,`y`],`class`:`N`},"
    "{`name`:`tries`,`label`:{`ko`:`시도`,`en`:`Tries`},`kind`:`counter`,"
    "`class`:`N`,`grows`:true,`max`:10,`unit`:`회`},"
    "{`name`:`score`,`label`:{`ko`:`점수`,`en`:`Score`},`kind`:`register`,"
    "`type`:`int`,`class`:`N`,`min`:0,`max`:100},"
    "{`name`:`secret`,`label`:{`ko`:`비밀`,`en`:`Secret`},"
    "`kind`:`register`,`type`:`text`,`class`:`P`},"
    "{`name`:`born`,`label`:{`ko`:`생일`,`en`:`Birth`},`kind`:`register`,"
    "`type`:`date`,`class`:`P`,`not_after`:`now`},"
    "{`name`:`secret_key`,`label`:{`ko`:`키`,`en`:`Key`},`kind`:`register`,"
    "`type`:`hash`,`class`:`P`,`match`:{`of`:`secret`,`as`:`address`}}]},",
    "{`name`:`twin`,`space`:`match`,`label`:{`ko`:`쌍`,`en`:`Twin`},"
    "`fields`:["
    "{`name`:`of`,`label`:{`ko`:`원`,`en`:`Of`},`kind`:`register`,"
    "`type`:`ref`,`targets`:[`task`],`class`:`N`,`required`:true},"
    "{`name`:`key`,`label`:{`ko`:`키`,`en`:`Key`},`kind`:`register`,"
    "`type`:`hash`,`class`:`N`,`index`:`plain`}]},"
    "{`name`:`pair`,`space`:`match`,`label`:{`ko`:`후보`,`en`:`Pair`},"
    "`fields`:["
    "{`name`:`a`,`label`:{`ko`:`갑`,`en`:`A`},`kind`:`register`,"
    "`type`:`ref`,`targets`:[`task`,`twin`],`class`:`N`},"
    "{`name`:`b`,`label`:{`ko`:`을`,`en`:`B`},`kind`:`register`,"
    "`type`:`ref`,`targets`:[`task`],`class`:`N`},"
    "{`name`:`unit_a`,`label`:{`ko`:`갑의 곳`,`en`:`Unit of A`},"
    "`kind`:`register`,`type`:`text`,`class`:`N`},"
    "{`name`:`unit_b`,`label`:{`ko`:`을의 곳`,`en`:`Unit of B`},"
    "`kind`:`register`,`type`:`text`,`class`:`N`},"
    "{`name`:`score`,`label`:{`ko`:`점수`,`en`:`Score`},"
    "`kind`:`register`,`type`:`int`,`class`:`N`},"
    "{`name`:`keys`,`label`:{`ko`:`같은 것`,`en`:`Keys`},"
    "`kind`:`set`,`type`:`enum`,`values`:[`key`],`class`:`N`},"
    "{`name`:`members`,`label`:{`ko`:`구성원`,`en`:`Members`},"
    "`kind`:`set`,`type`:`bytes`,`class`:`N`},"
    "{`name`:`said`,`label`:{`ko`:`판정한 곳`,`en`:`Said`},"
    "`kind`:`set`,`type`:`text`,`class`:`N`},"
    "{`name`:`state`,`label`:{`ko`:`판정`,`en`:`Verdict`},"
    "`kind`:`state`,`values`:[`open`,`same`,`different`,`merged`,"
    "`unmerged`],`class`:`N`}]},"
    "{`name`:`match_key`,`space`:`keys`,`label`:{`ko`:`열쇠`,`en`:`Key`},"
    "`fields`:["
    "{`name`:`secret`,`label`:{`ko`:`열쇠`,`en`:`Key`},`kind`:`register`,"
    "`type`:`bytes`,`class`:`S`},"
    "{`name`:`valid_from`,`label`:{`ko`:`부터`,`en`:`From`},"
    "`kind`:`register`,`type`:`date`,`class`:`N`}]},"
    "{`name`:`metric`,`space`:`unit`,`label`:{`ko`:`지표`,`en`:`Metric`},"
    "`fields`:["
    "{`name`:`key`,`label`:{`ko`:`지표`,`en`:`Key`},`kind`:`register`,"
    "`type`:`text`,`class`:`N`},"
    "{`name`:`value`,`label`:{`ko`:`값`,`en`:`Value`},`kind`:`register`,"
    "`type`:`int`,`class`:`N`}]},"
    "{`name`:`looked`,`space`:`task`,`label`:{`ko`:`열람`,`en`:`Looked`},"
    "`fields`:["
    "{`name`:`who`,`label`:{`ko`:`누가`,`en`:`Who`},`kind`:`register`,"
    "`type`:`ref`,`targets`:[`person`],`class`:`N`,`required`:true},"
    "{`name`:`at`,`label`:{`ko`:`언제`,`en`:`At`},`kind`:`register`,"
    "`type`:`datetime`,`class`:`N`,`required`:true},"
    "{`name`:`deed`,`label`:{`ko`:`무엇을`,`en`:`Deed`},`kind`:`register`,"
    "`type`:`enum`,`values`:[`read`,`carried`],`class`:`N`,"
    "`required`:true},"
    "{`name`:`why`,`label`:{`ko`:`왜`,`en`:`Why`},`kind`:`register`,"
    "`type`:`text`,`class`:`N`,`required`:true},"
    "{`name`:`seat`,`label`:{`ko`:`어디서`,`en`:`Seat`},`kind`:`register`,"
    "`type`:`text`,`class`:`N`},"
    "{`name`:`notes`,`label`:{`ko`:`적바림`,`en`:`Notes`},`kind`:`notes`,"
    "`class`:`N`},"
    "{`name`:`before`,`label`:{`ko`:`앞`,`en`:`Before`},"
    "`kind`:`register`,`type`:`hash`,`class`:`N`}]}],",
    "`views`:[{`name`:`done`,`collection`:`task`,`where`:`state = done`,"
    "`group`:[{`name`:`month`,`is`:`month(due_on)`},{`name`:`kind`,"
    "`is`:`kind`}],`count`:true,"
    "`sum`:[{`name`:`tries`,`is`:`tries`}],`distinct`:[{`name`:`people`,"
    "`is`:`people`}]}],"
    "`due`:[{`name`:`DL-01`,`label`:{`ko`:`할 일`,`en`:`To do`},"
    "`collection`:`task`,`where`:`state != done`,`due`:`due_on`,"
    "`from`:`due_on - 30`,`overdue`:`due_on + 7`,"
    "`urgency`:`if(kind = a, 1, 0)`,`risk`:`score`,"
    "`show`:[`no`,{`label`:{`ko`:`급`,`en`:`Rank`},`is`:`rank(kind)`}],"
    "`by`:[`kind`]},"
    "{`name`:`DL-02`,`label`:{`ko`:`충돌`,`en`:`Conflicts`},`open`:true}],"
    "`reported`:{`collection`:`metric`,`key`:`key`,`value`:`value`},"
    "`figures`:[{`name`:`ratio`,`label`:{`ko`:`비`,`en`:`Ratio`},"
    "`ratio`:[`done`,`tried`],`digits`:2,`percent`:true},"
    "{`name`:`done`,`label`:{`ko`:`끝`,`en`:`Done`},`unit`:{`ko`:`건`,"
    "`en`:`tasks`},`view`:`done`,`take`:`count`,`filter`:{`kind`:[`a`,"
    "`b`]},`period`:`month`,`metric`:`done`},"
    "{`name`:`tried`,`label`:{`ko`:`시도`,`en`:`Tries`},`view`:`done`,"
    "`take`:`sum:tries`,`period`:`month`},"
    "{`name`:`who`,`label`:{`ko`:`명`,`en`:`People`},`view`:`done`,"
    "`take`:`distinct:people`},"
    "{`name`:`small`,`label`:{`ko`:`합`,`en`:`Sum`},"
    "`query`:{`collection`:`task`,`where`:`state = done`,`of`:`score`,"
    "`on`:`due_on`},`take`:`sum`}],"
    "`reports`:[{`name`:`RP-01`,`label`:{`ko`:`보고`,`en`:`Report`},"
    "`tables`:["
    "{`label`:{`ko`:`동별`,`en`:`By house`},`rows`:`unit`,"
    "`columns`:[`ratio`,`small`,`who`],`chart`:`bar`,`total`:true},"
    "{`label`:{`ko`:`종류`,`en`:`By kind`},`rows`:`kind`,`columns`:[`done`,"
    "`ratio`]},"
    "{`label`:{`ko`:`월별`,`en`:`By month`},`rows`:`period`,"
    "`columns`:[`done`,`small`],`chart`:`line`}]}],"
    "`match`:{`collection`:`match_key`,`secret`:`secret`,"
    "`from`:`valid_from`},"
    "`mirror`:[{`from`:`task`,`to`:`twin`,`source`:`of`,"
    "`fields`:{`key`:`secret_key`}}],"
    "`duplicates`:{`collection`:`twin`,`weights`:{`key`:350},`likely`:700,"
    "`review`:450,`candidate`:`pair`},"
    "`access`:{`collection`:`looked`,`who`:`who`,`at`:`at`,"
    "`action`:`deed`,`export`:`carried`,`reason`:`why`,`where`:`seat`,"
    "`before`:`before`}}"};
/* clang-format on */

void
clinic_json(const char *from, const char *to, struct buf *json)
{
	struct buf text = {0};
	const char *all;
	const char *at;

	for (size_t i = 0; i < COUNT_OF(clinic); i++)
		buf_add_text(&text, clinic[i]);
	all = buf_text(&text);
	at = from != NULL ? strstr(all, from) : all;
	if (at == NULL)
		fail_msg("the clinic says nowhere %s", from);
	buf_add(json, bytes_of(all, (size_t)(at - all)));
	if (from != NULL) {
		buf_add_text(json, to);
		at += strlen(from);
	}
	buf_add_text(json, at);
	for (size_t i = 0; i < json->n; i++) {
		if (json->p[i] == '`')
			json->p[i] = '"';
	}
	buf_fini(&text);
}

static void
add_quoted(const char *text, struct buf *json)
{
	for (; *text != '\0'; text++)
		buf_add_u8(json, *text == '`' ? '"' : (uint8_t)*text);
}

void
clinic_swap(const char *from, const char *to, struct buf *json)
{
	struct buf wanted = {0};
	struct buf all = {0};
	const char *start = buf_text(json);
	const char *at;

	add_quoted(from, &wanted);
	at = strstr(start, buf_text(&wanted));
	if (at == NULL)
		fail_msg("the clinic says nowhere %s", from);
	buf_add(&all, bytes_of(start, (size_t)(at - start)));
	add_quoted(to, &all);
	buf_add_text(&all, at + wanted.n);
	buf_fini(json);
	*json = all;
	buf_fini(&wanted);
}

struct pack *
clinic_pack(const char *from, const char *to)
{
	struct buf json = {0};
	struct pack *pack;

	clinic_json(from, to, &json);
	if (pack_parse(buf_bytes(&json), &pack) != ERR_OK)
		fail_msg("%s", err_text());
	buf_fini(&json);
	return pack;
}

void
clinic_refused(const char *from, const char *to, const char *why)
{
	struct buf json = {0};
	struct pack *pack;
	enum err e;

	clinic_json(from, to, &json);
	e = pack_parse(buf_bytes(&json), &pack);
	buf_fini(&json);
	if (e == ERR_OK)
		fail_msg("%s is not refused", to);
	assert_null(pack);
	assert_int_equal(e, ERR_INVALID);
	assert_string_equal(err_text(), why);
}

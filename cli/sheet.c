/*
 * Invitations for many.  `golmok invite --from` reads a table with it, makes
 * all of them in one transaction, and writes what is handed out.
 */
#include "cli/sheet.h"

#include <string.h>

#include "cli/object.h"
#include "cli/qr.h"
#include "cli/role.h"
#include "cli/commons.h"
#include "cli/show.h"
#include "core/file.h"
#include "proto/ascii.h"
#include "proto/csv.h"
#include "proto/mem.h"
#include "proto/text.h"

enum {
	/* A row for each possible member, each as long as its texts may be. */
	FILE_SIZE_MAX = 8 * 1024 * 1024,
	FILE_MODE = 0600, /* tokens are secret */
	/* Groups of a token in one line of a card. */
	GROUPS_OF_LINE = 6,
};

enum {
	COLUMN_NAME,
	COLUMN_ROLE,
	COLUMN_SPACE,
	COLUMN_EXPIRES,
	COLUMN_LABEL,
	COLUMN_N,
};
static const char *const columns[COLUMN_N] = {
    [COLUMN_NAME] = "name",
    [COLUMN_ROLE] = "role",
    [COLUMN_SPACE] = "space",
    [COLUMN_EXPIRES] = "expires",
    [COLUMN_LABEL] = "label",
};
enum { COLUMNS_NEEDED = COLUMN_SPACE + 1 };

/* One row: what it says, and the invitation. */
struct card {
	uint64_t line;
	struct bytes cells[COLUMN_N]; /* in the sheet's arena */
	struct invite invite;
};

struct sheet {
	struct arena arena;
	const char *expires;	 /* of rows that say nothing; borrowed */
	size_t places[COLUMN_N]; /* of a column in a row, plus 1; 0: none */
	struct card *cards;	 /* owned */
	size_t n;
	size_t room;
};

static enum err rows_read(struct sheet *sheet, struct csv *csv) MUST_USE;
static enum err head_read(
    struct sheet *sheet, const struct csv_row *row) MUST_USE;
static enum err card_read(
    struct sheet *sheet, const struct csv_row *row) MUST_USE;
static enum err spaces_read(struct sheet *sheet, struct card *card) MUST_USE;
static enum err twice_check(const struct sheet *sheet) MUST_USE;
static enum err card_html(
    const struct card *card, struct bytes city, struct buf *html) MUST_USE;
static void token_html(const struct card *card, struct buf *html);
static void escape(struct bytes text, struct buf *html);
static void until_text(const struct card *card, struct buf *text);

enum err
sheet_read(const char *path, const char *expires, struct sheet **out)
{
	struct sheet *sheet = mem_zeros(1, sizeof(*sheet));
	struct buf content = {0};
	struct csv *csv = NULL;
	enum err e = file_read(path, FILE_SIZE_MAX, &content);

	*out = sheet;
	sheet->expires = expires;
	if (e != ERR_OK)
		goto out;
	csv = csv_new(csv_detect(buf_bytes(&content)));
	csv_feed(csv, buf_bytes(&content));
	csv_end(csv);
	e = rows_read(sheet, csv);
	if (e == ERR_OK)
		e = twice_check(sheet);
	if (e == ERR_OK && sheet->n == 0)
		e = err_set(ERR_INVALID, "it has no rows");
	if (e != ERR_OK)
		e = err_wrap(e, "%s", path);
out:
	csv_free(csv);
	buf_fini(&content);
	return e;
}

static enum err
rows_read(struct sheet *sheet, struct csv *csv)
{
	struct csv_row row;
	bool found = true;
	bool head = true;
	enum err e = ERR_OK;

	while (e == ERR_OK && found) {
		e = csv_next(csv, &row, &found);
		if (e != ERR_OK || !found)
			break;
		e = head ? head_read(sheet, &row) : card_read(sheet, &row);
		if (e != ERR_OK)
			e = err_wrap(
			    e, "line %llu", (unsigned long long)row.line);
		head = false;
	}
	return e;
}

static enum err
head_read(struct sheet *sheet, const struct csv_row *row)
{
	for (size_t i = 0; i < row->n; i++) {
		size_t at = 0;

		while (at < COLUMN_N && !bytes_is(row->cells[i], columns[at]))
			at++;
		if (at == COLUMN_N)
			return err_set(ERR_INVALID,
			    "no column is called '%.*s'; there are name, role, "
			    "space, expires and label",
			    (int)row->cells[i].n, row->cells[i].p);
		if (sheet->places[at] != 0)
			return err_set(ERR_INVALID,
			    "the column %s is there twice", columns[at]);
		sheet->places[at] = i + 1;
	}
	for (size_t at = 0; at < COLUMNS_NEEDED; at++) {
		if (sheet->places[at] == 0)
			return err_set(
			    ERR_INVALID, "there is no column %s", columns[at]);
	}
	return ERR_OK;
}

static enum err
card_read(struct sheet *sheet, const struct csv_row *row)
{
	struct buf label = {0};
	struct card *card;
	char *expires = NULL;
	enum err e;

	if (sheet->n == LIMIT_TOKENS)
		return err_set(ERR_LIMIT, "more than %d rows", LIMIT_TOKENS);
	mem_room(
	    &sheet->cards, &sheet->room, sheet->n + 1, sizeof(*sheet->cards));
	card = &sheet->cards[sheet->n++];
	*card = (struct card){.line = row->line};
	for (size_t at = 0; at < COLUMN_N; at++) {
		if (sheet->places[at] != 0)
			card->cells[at] = arena_bytes(
			    &sheet->arena, row->cells[sheet->places[at] - 1]);
	}
	e = text_nfc(card->cells[COLUMN_NAME], &label);
	card->invite.label = arena_bytes(&sheet->arena, buf_bytes(&label));
	buf_fini(&label);
	if (e == ERR_OK && card->invite.label.n == 0)
		e = err_set(ERR_INVALID, "name: a centre without a name");
	if (card->cells[COLUMN_EXPIRES].n > 0)
		expires = arena_text(
		    &sheet->arena, card->cells[COLUMN_EXPIRES]);
	if (e == ERR_OK)
		e = invite_expires(expires != NULL ? expires : sheet->expires,
		    &card->invite.expires_s);
	return e == ERR_OK ? spaces_read(sheet, card) : e;
}

static enum err
spaces_read(struct sheet *sheet, struct card *card)
{
	struct role_wish wish = {
	    .role = arena_text(&sheet->arena, card->cells[COLUMN_ROLE])};
	struct bytes rest = card->cells[COLUMN_SPACE];
	bool more = true;

	while (more) {
		struct bytes word = bytes_first(rest, bytes_find(rest, ';'));
		struct invite *invite = &card->invite;
		enum err e;

		more = word.n < rest.n;
		rest = bytes_after(rest, more ? word.n + 1 : word.n);
		if (invite->grants_n == LIMIT_TOKEN_GRANTS)
			return err_set(ERR_LIMIT, "space: %d are the most",
			    LIMIT_TOKEN_GRANTS);
		e = role_grant(&wish,
		    word.n > 0 ? arena_text(&sheet->arena, word) : NULL,
		    &invite->grants[invite->grants_n++]);
		if (e != ERR_OK)
			return e;
	}
	return ERR_OK;
}

/* Two centres of one name could not be told apart, and are most likely one
 * row that was copied. */
static enum err
twice_check(const struct sheet *sheet)
{
	for (size_t i = 0; i < sheet->n; i++) {
		const struct card *card = &sheet->cards[i];

		for (size_t j = 0; j < i; j++) {
			if (!bytes_equal(card->invite.label,
				sheet->cards[j].invite.label))
				continue;
			return err_set(ERR_INVALID,
			    "line %llu: '%.*s' stands in line %llu already: "
			    "give each a name of its own, perhaps with its "
			    "district",
			    (unsigned long long)card->line,
			    (int)card->invite.label.n, card->invite.label.p,
			    (unsigned long long)sheet->cards[j].line);
		}
	}
	return ERR_OK;
}

void
sheet_free(struct sheet *sheet)
{
	if (sheet == NULL)
		return;
	for (size_t i = 0; i < sheet->n; i++)
		invite_fini(&sheet->cards[i].invite);
	mem_free(sheet->cards);
	arena_fini(&sheet->arena);
	mem_free(sheet);
}

enum err
sheet_make(
    struct sheet *sheet, struct opened *work, const struct invite_plan *plan)
{
	enum err e = ERR_OK;

	for (size_t i = 0; i < sheet->n && e == ERR_OK; i++) {
		struct invite *invite = &sheet->cards[i].invite;

		e = commons_grants(work, sheet->cards[i].cells[COLUMN_ROLE],
		    invite->grants, &invite->grants_n);
		if (e == ERR_OK)
			e = invite_make(work, plan, invite);
		if (e != ERR_OK)
			e = err_wrap(e, "line %llu",
			    (unsigned long long)sheet->cards[i].line);
	}
	return e;
}

static void
until_text(const struct card *card, struct buf *text)
{
	show_time((struct stamp){card->invite.expires_s * 1000 << 16}, text);
}

/* A card a page, so that a sheet that is lost loses one centre. */
static const char head[] =
    "<!DOCTYPE html>\n<html lang=\"ko\">\n<head>\n<meta charset=\"utf-8\">\n"
    "<title>골목 초대장</title>\n<style>\n"
    "body { font-family: sans-serif; margin: 0; color: #000; "
    "background: #fff; }\n"
    ".card { box-sizing: border-box; max-width: 18cm; margin: 1cm auto; "
    "padding: 1cm; border: 1px solid #000; break-inside: avoid; "
    "break-after: page; }\n"
    ".card:last-child { break-after: auto; }\n"
    "h1 { margin: 0 0 .2cm; font-size: 22pt; }\n"
    "dl { display: grid; grid-template-columns: 3cm 1fr; margin: .4cm 0; }\n"
    "dt, dd { margin: 0; padding: .05cm 0; }\n"
    ".qr { display: block; width: 9cm; height: 9cm; margin: .4cm auto; }\n"
    ".token { font: 11pt/1.7 monospace; text-align: center; }\n"
    "ol { padding-left: .7cm; line-height: 1.6; }\n"
    "@media print { .card { margin: 0 auto; border: 0; } }\n"
    "</style>\n</head>\n<body>\n";
static const char steps[] =
    "<ol>\n<li>새 컴퓨터에 골목을 설치하고 터미널을 엽니다.</li>\n"
    "<li><code>golmok join</code> 뒤에 QR 코드를 찍어 얻은 글자나 위의 글자를 "
    "넣고 실행합니다. 대소문자, 줄표, 빈칸은 달라도 됩니다.</li>\n"
    "<li>잘못 친 글자가 있으면 몇 번째 묶음인지 알려 줍니다. 도중에 끊기면 "
    "같은 "
    "명령을 다시 실행합니다.</li>\n"
    "<li>이 종이는 열쇠입니다. 한 번만 쓸 수 있으니, 쓴 뒤에는 "
    "파쇄합니다.</li>\n</ol>\n";

enum err
sheet_html(const struct sheet *sheet, struct opened *work, const char *path)
{
	const struct authority *authority;
	struct buf html = {0};
	enum err e = store_authority(work->store, &authority);

	buf_add_text(&html, head);
	for (size_t i = 0; i < sheet->n && e == ERR_OK; i++)
		e = card_html(&sheet->cards[i], authority->name, &html);
	buf_add_text(&html, "</body>\n</html>\n");
	if (e == ERR_OK)
		e = file_write(path, buf_bytes(&html), FILE_MODE);
	buf_wipe(&html);
	return e;
}

static enum err
card_html(const struct card *card, struct bytes city, struct buf *html)
{
	struct buf code = {0};
	struct buf until = {0};
	struct qr qr = {0};
	enum err e;

	token_code(buf_bytes(&card->invite.token), &code);
	e = qr_make(buf_bytes(&code), &qr);
	if (e != ERR_OK)
		goto out;
	until_text(card, &until);
	buf_add_text(html, "<section class=\"card\">\n<h1>");
	escape(card->invite.label, html);
	buf_add_text(html, "</h1>\n");
	if (card->cells[COLUMN_LABEL].n > 0) {
		buf_add_text(html, "<p>");
		escape(card->cells[COLUMN_LABEL], html);
		buf_add_text(html, "</p>\n");
	}
	buf_add_text(html, "<dl>\n<dt>도시</dt><dd>");
	escape(city, html);
	buf_add_text(html, "</dd>\n<dt>역할</dt><dd>");
	escape(bytes_text(role_korean(card->cells[COLUMN_ROLE])), html);
	buf_add_text(html, "</dd>\n<dt>공간</dt><dd>");
	escape(card->cells[COLUMN_SPACE], html);
	buf_add_text(html, "</dd>\n<dt>기한</dt><dd>");
	escape(buf_bytes(&until), html);
	buf_add_text(html, "</dd>\n<dt>번호</dt><dd>");
	ascii_hex(bytes_of(card->invite.id.b, 4), html);
	buf_add_text(html, "</dd>\n</dl>\n");
	qr_svg(&qr, html);
	buf_add_text(html, "\n");
	token_html(card, html);
	buf_add_text(html, steps);
	buf_add_text(html, "</section>\n");
out:
	qr_fini(&qr);
	buf_fini(&until);
	buf_wipe(&code);
	return e;
}

static void
token_html(const struct card *card, struct buf *html)
{
	struct bytes rest = buf_bytes(&card->invite.token);
	size_t groups = 0;

	buf_add_text(html, "<p class=\"token\">");
	while (rest.n > 0) {
		size_t n = bytes_find(rest, '-');

		if (groups++ > 0)
			buf_add_text(
			    html, groups % GROUPS_OF_LINE == 1 ? "<br>" : " ");
		buf_add(html, bytes_first(rest, n));
		rest = bytes_after(rest, n < rest.n ? n + 1 : n);
	}
	buf_add_text(html, "</p>\n");
}

static void
escape(struct bytes text, struct buf *html)
{
	for (size_t i = 0; i < text.n; i++) {
		switch (text.p[i]) {
		case '&':
			buf_add_text(html, "&amp;");
			break;
		case '<':
			buf_add_text(html, "&lt;");
			break;
		case '>':
			buf_add_text(html, "&gt;");
			break;
		case '"':
			buf_add_text(html, "&quot;");
			break;
		default:
			buf_add_u8(html, text.p[i]);
		}
	}
}

static void
cell_add(struct buf *rows, struct bytes text)
{
	struct buf cell = {0};

	csv_guard(text, &cell);
	csv_add_cell(rows, buf_bytes(&cell));
	buf_wipe(&cell);
}

enum err
sheet_csv(const struct sheet *sheet, const char *path)
{
	static const char *const titles[] = {
	    "id", "name", "role", "space", "expires", "token"};
	struct buf text = {0};
	enum err e;

	for (size_t i = 0; i < COUNT_OF(titles); i++)
		cell_add(&text, bytes_text(titles[i]));
	csv_add_row_end(&text);
	for (size_t i = 0; i < sheet->n; i++) {
		const struct card *card = &sheet->cards[i];
		struct buf id = {0};
		struct buf until = {0};

		ascii_hex(bytes_of(card->invite.id.b, 4), &id);
		until_text(card, &until);
		cell_add(&text, buf_bytes(&id));
		cell_add(&text, card->invite.label);
		cell_add(&text, card->cells[COLUMN_ROLE]);
		cell_add(&text, card->cells[COLUMN_SPACE]);
		cell_add(&text, buf_bytes(&until));
		cell_add(&text, buf_bytes(&card->invite.token));
		csv_add_row_end(&text);
		buf_fini(&until);
		buf_fini(&id);
	}
	e = file_write(path, buf_bytes(&text), FILE_MODE);
	buf_wipe(&text);
	return e;
}

void
sheet_say(const struct sheet *sheet, struct out *out)
{
	struct buf json = {0};

	object_begin(&json, NULL);
	object_number(&json, "invited", sheet->n);
	object_end(&json);
	out_json(out, buf_bytes(&json));
	out_say(out,
	    "%zu invitations, each good once: hand them out one by one",
	    sheet->n);
	buf_fini(&json);
}

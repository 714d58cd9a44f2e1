/*
 * report: which reports the pack has, and one of them as text, JSON, CSV or a
 * page.  core/report.c works it out.
 */
#include "cli/cmd_report.h"

#include <string.h>

#include "cli/host.h"
#include "cli/report_html.h"
#include "cli/report_text.h"
#include "cli/scope.h"
#include "core/file.h"

enum { STALE_DAYS = 7 };

static enum err
list_reports(struct opened *work)
{
	static const struct out_column columns[] = {
	    {.key = "report", .title = "REPORT"},
	    {.key = "ko", .title = "이름"}, {.key = "en", .title = "NAME"}};
	struct out_table *table = out_table_new(
	    work->out, columns, COUNT_OF(columns));

	for (size_t i = 0; i < work->pack->reports_n; i++)
		out_table_row(
		    table, (const struct bytes[]){
			       bytes_text(work->pack->reports[i].name),
			       bytes_text(work->pack->reports[i].label.ko),
			       bytes_text(work->pack->reports[i].label.en)});
	out_table_end(table, "no reports");
	return ERR_OK;
}

static enum err
report_named(const struct pack *pack, const char *name,
    const struct pack_report **report)
{
	struct buf known = {0};
	enum err e;

	for (size_t i = 0; i < pack->reports_n; i++) {
		*report = &pack->reports[i];
		if (strcmp(pack->reports[i].name, name) == 0) {
			buf_fini(&known);
			return ERR_OK;
		}
		buf_add_format(
		    &known, "%s%s", i > 0 ? ", " : "", pack->reports[i].name);
	}
	e = err_set(ERR_NOT_FOUND, "there is no report '%s'; there are %s",
	    name, buf_text(&known));
	buf_fini(&known);
	return e;
}

/* What the words ask for. */
static enum err
words_read(const struct args *args, struct report_words *words)
{
	const char *period = args_text(args, "period", 0);
	enum err e = report_named(
	    words->work->pack, args_word(args, 0), &words->ask.report);

	words->stale_days = STALE_DAYS;
	words->ask.now_seconds = host_now_seconds();
	words->ask.period = (struct period){INT64_MIN, INT64_MAX};
	if (e == ERR_OK)
		e = scope_prefix(
		    words->work, &words->ask.prefix, &words->scope);
	if (e == ERR_OK)
		e = args_number(args, "stale", UINT16_MAX, &words->stale_days);
	if (e == ERR_OK && period != NULL &&
	    !period_read(bytes_text(period), &words->ask.period))
		e = err_set(ERR_USAGE,
		    "--period %s is no time, or ends before it begins: say "
		    "2016, 2016-Q3, 2016-07 or 2015-07/2016-06",
		    period);
	buf_add_text(&words->period, period == NULL ? "전체" : period);
	return e;
}

static enum err
write_page(struct report_words *words, const char *path)
{
	struct buf page = {0};
	enum err e = report_html_write(words, &page);

	if (e == ERR_OK)
		e = file_write(path, buf_bytes(&page), 0600);
	if (e == ERR_OK)
		out_say(words->work->out, "%s", path);
	buf_fini(&page);
	return e;
}

static enum err
report_write(const struct args *args, struct report_words *words)
{
	const char *page = args_text(args, "html", 0);
	struct grid grid;
	bool csv;
	enum err e;

	if (page != NULL)
		return write_page(words, page);
	if (words->work->out->json && !args_has(args, "csv"))
		return report_text_json(words);
	e = grid_read(args, words->work->out, &csv, &grid);
	if (e == ERR_OK)
		e = csv ? report_text_csv(words, &grid)
			: report_text_write(words);
	grid_fini(&grid);
	return e;
}

/* Has what is counted counted anew, when the pack is another since; that is
 * what a writer does before all else. */
static enum err
count_anew(struct opened *work)
{
	enum err e;

	if (view_is_current(store_txn(work->store)))
		return ERR_OK;
	store_abort(work->store);
	e = store_begin(work->store, true);
	if (e == ERR_OK)
		e = store_commit(work->store);
	if (e == ERR_OK)
		e = open_read(work);
	return e == ERR_OK ? open_role(work) : e;
}

static enum err
report_run(const struct args *args, struct out *out)
{
	struct opened work = {0};
	struct report_words words = {.work = &work};
	enum err e = open_list(args, out, &work);

	if (e == ERR_OK && (work.pack == NULL || work.pack->reports_n == 0))
		e = err_set(ERR_INVALID, "the pack of this store has no "
					 "reports");
	/* Sums and counts are for every role; a wrong one is told all the
	 * same. */
	if (e == ERR_OK)
		e = open_role(&work);
	if (e == ERR_OK && args->words_n == 0) {
		e = list_reports(&work);
		goto out;
	}
	if (e == ERR_OK)
		e = count_anew(&work);
	if (e == ERR_OK)
		e = words_read(args, &words);
	if (e == ERR_OK)
		e = report_make(store_txn(work.store), &words.ask, &work.arena,
		    &words.report);
	if (e == ERR_OK)
		e = report_write(args, &words);
out:
	buf_fini(&words.period);
	buf_fini(&words.scope);
	open_end(&work);
	return e;
}

static const struct args_option report_options[] = {
    SCOPE_UNDER,
    OPEN_ROLE_OPTION,
    {.name = "period",
	.value = "TIME",
	.help = "2016, 2016-Q3, 2016-07, 2015-07/2016-06; all otherwise"},
    {.name = "stale",
	.value = "DAYS",
	.help = "name units of which nothing is newer than that (7)"},
    GRID_OPTIONS,
    {.name = "html",
	.value = "FILE",
	.help = "write a page for printing into FILE"},
};

const struct args_command cmd_report_commands[] = {
    {.name = "report",
	.scoped = true,
	.words = "[REPORT]",
	.words_max = 1,
	.help = "a report of the pack; without REPORT: which there are",
	.about = "A report says which logs it was made of, and of which units "
		 "the newest word is old: a partial\nsum is never taken for a "
		 "whole one. Published values stand beside what is worked out "
		 "here; ≠\nmarks where they differ.",
	.options = report_options,
	.options_n = COUNT_OF(report_options),
	.run = report_run},
};
const size_t cmd_report_commands_n = COUNT_OF(cmd_report_commands);

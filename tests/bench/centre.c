/*
 * Whether a person waits: five years of one invented centre, with the whole
 * pack and all that it has indexed and counted, imported by the program itself;
 * then each due list, each report and some searches.  What a person sees is a
 * command with the start of its process; beside it stands what core needs in a
 * process that has the store open, as a console would.  A command waits for
 * nothing but a core, so that it is its time on one that is held against the
 * limit: on a machine with nothing else to do both are the same.
 */
#include "tests/bench/centre.h"

#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/synth.h"
#include "core/due.h"
#include "core/lookup.h"
#include "core/report.h"
#include "proto/calendar.h"
#include "tests/bench/row.h"
#include "tests/bench/site.h"

extern char **environ;

enum {
	FIRST_YEAR = 2016,
	RUNS = 7,
	SHOWN = 40,
	WORDS_MAX = 12,
	LIST_MS = 50,
	SEARCH_MS = 20
};

static const char dong_code[] = "1129068500";
static const char list_day[] = "2020-06-30";
static const char report_year[] = "2019";

/* Searches: words with an index, and in texts that are personal and have none.
 */
static const struct search {
	const char *collection;
	const char *words;
} searches[] = {{"org_unit", "신당"}, {"org_unit", "신당제5동"},
    {"org_unit", "신당 5동"}, {"org_unit", "종로1·2·3·4가동"},
    {"org_unit", "종로1.2.3.4가동"}, {"org_unit", "쀍뢟"}, {"resource", "가게"},
    {"resource", "없는 말을 길게 찾으면"}, {"alley_meeting", "골목"},
    {"action_item", "안전"}, {"program", "교실"}, {"household", "가온"},
    {"household", "김가온17"}, {"household", "없는 말을 길게 찾으면"},
    {"person", "가온"}, {"person", "쀍뢟"}};

struct centre {
	struct site site;
	char prefix[SYNTH_PREFIX_SIZE]; /* of its spaces */
	const char *program;
	uint64_t rows;
	FILE *file; /* being written */
};

/* One thing that is asked for, as a command and of core. */
struct question {
	const char *words[WORDS_MAX]; /* behind the program; NULL ends them */
	const struct pack_due *list;
	const struct pack_report *report;
	const struct search *search;
	double limit_ms;
};

/* ---- the store ---------------------------------------------------------- */

static enum err
line_take(const struct synth_row *row, void *arg)
{
	struct centre *centre = arg;

	centre->rows++;
	assert(
	    fwrite(row->json.p, 1, row->json.n, centre->file) == row->json.n);
	return ERR_OK;
}

static void
part_write(struct centre *centre, const struct synth_city *city,
    enum synth_kind kind, int year)
{
	struct synth_part part = {.kind = kind,
	    .dong = synth_city_find(city, bytes_text(dong_code)),
	    .year = year};

	part.district = part.dong->district;
	if (kind == SYNTH_PART_CITY || kind == SYNTH_PART_DISTRICT)
		part.dong = NULL;
	site_must(synth_draw(city, &part, line_take, centre));
}

/* Ends when the command has; false when it failed.  What it says is lost. */
static bool
command_run(const struct centre *centre, const char *const *words)
{
	posix_spawn_file_actions_t files;
	char *argv[WORDS_MAX + 2];
	size_t n = 0;
	int status;
	pid_t pid;

	argv[n++] = strdup(centre->program);
	for (; words[n - 1] != NULL; n++)
		argv[n] = strdup(words[n - 1]);
	argv[n] = NULL;
	assert(posix_spawn_file_actions_init(&files) == 0);
	assert(posix_spawn_file_actions_addopen(
		   &files, STDOUT_FILENO, "/dev/null", O_WRONLY, 0) == 0);
	assert(posix_spawn_file_actions_adddup2(
		   &files, STDOUT_FILENO, STDERR_FILENO) == 0);
	assert(posix_spawn(
		   &pid, centre->program, &files, NULL, argv, environ) == 0);
	assert(waitpid(pid, &status, 0) == pid);
	(void)posix_spawn_file_actions_destroy(&files);
	while (n > 0)
		free(argv[--n]);
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static void
must_run(const struct centre *centre, const char *const *words)
{
	if (command_run(centre, words))
		return;
	(void)fprintf(stderr, "bench: golmok %s failed\n", words[0]);
	exit(1);
}

static double
children_seconds(void)
{
	struct rusage used;

	assert(getrusage(RUSAGE_CHILDREN, &used) == 0);
	return (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
	       (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
}

static void
centre_make(struct centre *centre)
{
	struct synth_city *city = synth_city_new(1);
	char path[2 * TEMPDIR_PATH_SIZE];
	double wall_s;
	double cpu_s;

	site_prepare(&centre->site, 1);
	(void)snprintf(path, sizeof(path), "%s",
	    tempdir_at(&centre->site.dir, "rows.jsonl"));
	centre->file = fopen(path, "w");
	assert(centre->file != NULL);
	part_write(centre, city, SYNTH_PART_CITY, 0);
	for (int year = SYNTH_YEAR_FIRST; year <= SYNTH_YEAR_LAST; year++)
		part_write(centre, city, SYNTH_PART_DISTRICT, year);
	centre->rows = 0;
	part_write(centre, city, SYNTH_PART_STANDING, 0);
	part_write(centre, city, SYNTH_PART_STOCK, FIRST_YEAR);
	for (int year = FIRST_YEAR; year <= SYNTH_YEAR_LAST; year++)
		part_write(centre, city, SYNTH_PART_YEAR, year);
	assert(fclose(centre->file) == 0);
	(void)snprintf(centre->prefix, sizeof(centre->prefix), "%s",
	    synth_city_find(city, bytes_text(dong_code))->prefix);
	synth_city_free(city);
	must_run(centre, (const char *[]){"init", centre->site.path, "--found",
			     "서울", "--label", "시청", NULL});
	wall_s = row_seconds();
	cpu_s = children_seconds();
	must_run(centre, (const char *[]){"import", "--store",
			     centre->site.path, "--update", path, NULL});
	wall_s = row_seconds() - wall_s;
	cpu_s = children_seconds() - cpu_s;
	printf("centre: %llu changes of the centre imported in %.1f s, "
	       "%.0f a second; %.0f a second on a core\n",
	    (unsigned long long)centre->rows, wall_s,
	    (double)centre->rows / wall_s, (double)centre->rows / cpu_s);
	(void)fflush(stdout);
}

/* ---- questions ---------------------------------------------------------- */

static int64_t
day_seconds(void)
{
	int64_t day;

	assert(calendar_read_day(bytes_text(list_day), &day));
	return day * 24 * 3600;
}

static void
list_ask(struct txn *txn, const struct pack_due *list)
{
	struct due_ask ask = {.list = list, .now_seconds = day_seconds()};
	struct due_items items = {0};
	struct arena arena = {0};

	site_must(due_find(txn, &ask, &items));
	for (size_t i = 0; !list->open && i < items.n && i < SHOWN; i++)
		site_must(due_show(txn, &ask, &items.p[i], &arena,
		    arena_array(&arena, list->show_n + list->by_n + 1,
			sizeof(struct expr_value))));
	arena_fini(&arena);
	due_fini(&items);
}

static void
report_ask(const struct centre *centre, const struct pack_report *wanted)
{
	struct report_ask ask = {
	    .report = wanted, .now_seconds = day_seconds()};
	struct report report;
	struct arena arena = {0};

	assert(period_read(bytes_text(report_year), &ask.period));
	site_must(id_prefix(bytes_text(centre->prefix), &ask.prefix));
	site_must(
	    report_make(store_txn(centre->site.store), &ask, &arena, &report));
	arena_fini(&arena);
}

static void
search_ask(struct txn *txn, const struct search *search)
{
	struct query query = {
	    .words = bytes_text(search->words), .now_seconds = day_seconds()};
	struct query_run run;
	bool found = true;

	site_must(pack_get_collection(
	    txn->pack, bytes_text(search->collection), &query.collection));
	site_must(query_begin(txn, &query, &run));
	while (found)
		site_must(query_next(&run, &found));
	query_end(&run);
}

static int
compare(const void *a, const void *b)
{
	double x = *(const double *)a;
	double y = *(const double *)b;

	return (x > y) - (x < y);
}

static double
median_ms(double *seconds)
{
	qsort(seconds, RUNS, sizeof(*seconds), compare);
	return seconds[RUNS / 2] * 1000;
}

/* Asks `question` by both ways, and says how long each took; false when the
 * command took more than it may. */
static bool
question_ask(struct centre *centre, const struct question *question)
{
	double in_process[RUNS];
	double command[RUNS];
	double core[RUNS];
	double core_ms;

	for (size_t i = 0; i < RUNS; i++) {
		double wall_s;
		double cpu_s;

		site_must(store_begin(centre->site.store, false));
		wall_s = row_seconds();
		if (question->list != NULL)
			list_ask(store_txn(centre->site.store), question->list);
		else if (question->report != NULL)
			report_ask(centre, question->report);
		else if (question->search != NULL)
			search_ask(
			    store_txn(centre->site.store), question->search);
		in_process[i] = row_seconds() - wall_s;
		store_abort(centre->site.store);
		wall_s = row_seconds();
		cpu_s = children_seconds();
		must_run(centre, question->words);
		command[i] = row_seconds() - wall_s;
		core[i] = children_seconds() - cpu_s;
	}
	core_ms = median_ms(core);
	printf("centre: %s %s%s%s: %.1f ms as a command, of which %.1f on a "
	       "core; %.1f with the store open; limit %.0f: %s\n",
	    question->words[0], question->words[1],
	    question->search != NULL ? " " : "",
	    question->search != NULL ? question->search->words : "",
	    median_ms(command), core_ms, median_ms(in_process),
	    question->limit_ms, core_ms < question->limit_ms ? "ok" : "ABOVE");
	(void)fflush(stdout);
	return core_ms < question->limit_ms;
}

static void
questions_ask(struct centre *centre, const struct pack *pack)
{
	const char *path = centre->site.path;
	size_t above = 0;

	for (size_t i = 0; i < pack->due_n; i++)
		above += !question_ask(centre,
		    &(struct question){.words = {"due", pack->due[i].name,
					   "--on", list_day, "--store", path},
			.list = &pack->due[i],
			.limit_ms = LIST_MS});
	above += !question_ask(
	    centre, &(struct question){
			.words = {"due", "--on", list_day, "--store", path},
			.limit_ms = LIST_MS});
	for (size_t i = 0; i < pack->reports_n; i++)
		above += !question_ask(
		    centre, &(struct question){
				.words = {"report", pack->reports[i].name,
				    "--period", report_year, "--store", path},
				.report = &pack->reports[i],
				.limit_ms = LIST_MS});
	for (size_t i = 0; i < COUNT_OF(searches); i++)
		above += !question_ask(centre,
		    &(struct question){
			.words = {"find", searches[i].collection, "--text",
			    searches[i].words, "--store", path},
			.search = &searches[i],
			.limit_ms = SEARCH_MS});
	printf("centre: %zu took longer than they may\n", above);
}

void
centre_row(void)
{
	struct centre centre = {.program = getenv("GOLMOK")};
	const struct pack *pack;
	struct txn *txn;

	if (centre.program == NULL)
		centre.program = "build/golmok";
	centre_make(&centre);
	site_open(&centre.site);
	site_must(store_begin(centre.site.store, false));
	txn = store_txn(centre.site.store);
	assert(lookup_is_current(txn) && view_is_current(txn));
	/* It is the store's. */
	pack = txn->pack;
	store_abort(centre.site.store);
	questions_ask(&centre, pack);
	site_fini(&centre.site);
}

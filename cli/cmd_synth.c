/*
 * synth: writes an invented city as files that import reads.  Knows no store;
 * what is in the files is drawn by cli/synth.
 */
#include "cli/cmd_synth.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/object.h"
#include "cli/out.h"
#include "cli/progress.h"
#include "cli/stop.h"
#include "cli/synth.h"
#include "cli/synth_files.h"
#include "cli/synth_tenant.h"
#include "core/file.h"
#include "proto/mem.h"

enum { COLLECTIONS_MAX = 64, FILE_MODE = 0600, SIZES_N = 5 };

struct counted {
	const char *collection; /* borrowed for ever */
	uint64_t records;
	uint64_t changes;
};

struct work {
	struct out *out;
	const char *dir;
	struct synth_city *city;
	struct synth_span spans[SYNTH_DONGS];
	bool city_too; /* what is of no dong */
	bool tenant;
	bool figures; /* only what those of the city are made of */
	struct progress progress;
	uint64_t parts_done;
	struct buf content; /* of the file under way */
	struct counted counted[COLLECTIONS_MAX];
	size_t counted_n;
	uint64_t rows;
	uint64_t files;
	uint64_t bytes;
	struct synth_files beside;
};

static const char *const sizes[SIZES_N] = {
    "tiny", "gu", "city-1y", "city-full", "figures"};

static enum err options_read(
    const struct args *args, struct work *work, uint64_t *seed) MUST_USE;
static enum err one_read(const struct args *args, struct work *work) MUST_USE;
static void spans_make(struct work *work, size_t size);
static enum err years_read(const struct args *args, struct work *work) MUST_USE;
static enum err city_write(struct work *work) MUST_USE;
static enum err dongs_write(struct work *work) MUST_USE;
static enum err tenant_write(struct work *work) MUST_USE;
static enum err header_write(struct work *work, uint64_t seed) MUST_USE;
static enum err unfinished(
    const struct work *work, bool made, enum err e) MUST_USE;
static void result_say(struct work *work, uint64_t seed);

static enum err
synth_run(const struct args *args, struct out *out)
{
	struct work *work = mem_zeros(1, sizeof(*work));
	uint64_t seed = 1;
	bool made = false;
	enum err e;

	work->out = out;
	work->dir = args_word(args, 0);
	e = options_read(args, work, &seed);
	if (e == ERR_OK) {
		stop_watch();
		e = file_make_dir(work->dir);
		made = e == ERR_OK;
		if (e == ERR_EXISTS && args_has(args, "dong"))
			e = ERR_OK;
	}
	if (e == ERR_OK)
		e = header_write(work, seed);
	if (e == ERR_OK && work->city_too && !work->figures)
		e = synth_files_open(&work->beside, work->dir);
	if (e == ERR_OK && work->city_too)
		e = city_write(work);
	if (e == ERR_OK)
		e = dongs_write(work);
	progress_end(&work->progress);
	if (e == ERR_OK && work->tenant)
		e = tenant_write(work);
	if (e == ERR_OK)
		e = synth_files_close(&work->beside, work->dir);
	if (e == ERR_OK)
		result_say(work, seed);
	synth_files_fini(&work->beside);
	if (e != ERR_OK)
		e = unfinished(work, made, e);
	buf_fini(&work->content);
	synth_city_free(work->city);
	mem_free(work);
	return e;
}

/* Takes away what is of no use, or says what it is. */
static enum err
unfinished(const struct work *work, bool made, enum err e)
{
	struct fault why;

	err_keep(&why, e);
	if (made && file_remove_tree(work->dir) == ERR_OK)
		return err_wrap(err_raise(&why), "%s is not made", work->dir);
	e = err_raise(&why);
	return work->files > 0
		   ? err_wrap(e,
			 "%s is not whole; the same command writes what it "
			 "wrote again",
			 work->dir)
		   : e;
}

/* ---- what is wished ----------------------------------------------------- */

static uint64_t
parts_count(const struct work *work)
{
	uint64_t n = 0;

	for (size_t i = 0; i < SYNTH_DONGS; i++)
		if (work->spans[i].first != 0)
			n += (uint64_t)(work->spans[i].last -
					work->spans[i].first + 1);
	return n;
}

static enum err
options_read(const struct args *args, struct work *work, uint64_t *seed)
{
	const char *size = args_text(args, "size", 0);
	size_t which = 0;
	enum err e = args_number(args, "seed", UINT64_MAX, seed);

	if (e != ERR_OK)
		return e;
	while (
	    size != NULL && which < SIZES_N && strcmp(size, sizes[which]) != 0)
		which++;
	if (which == SIZES_N)
		return err_set(ERR_USAGE,
		    "--size is tiny, gu, city-1y, city-full or figures, not "
		    "'%s'",
		    size);
	work->city = synth_city_new(*seed);
	if (args_has(args, "dong")) {
		e = one_read(args, work);
	} else if (args_has(args, "year")) {
		e = err_set(ERR_USAGE, "--year goes with --dong");
	} else {
		spans_make(work, which);
		work->city_too = true;
		work->tenant = which != 2;
		work->figures = which == SIZES_N - 1;
		e = years_read(args, work);
	}
	progress_init(&work->progress, work->out, "years of dongs",
	    parts_count(work), progress_now_ms());
	return e;
}

/* One dong alone, in one year or all. */
static enum err
one_read(const struct args *args, struct work *work)
{
	const char *code = args_text(args, "dong", 0);
	const struct synth_dong *dong = synth_city_find(
	    work->city, bytes_text(code));
	uint64_t year = 0;
	enum err e = args_number(args, "year", SYNTH_YEAR_LAST, &year);

	if (e != ERR_OK)
		return e;
	if (args_has(args, "size") || args_has(args, "years"))
		return err_set(
		    ERR_USAGE, "--dong is in place of --size and --years");
	if (dong == NULL)
		return err_set(ERR_NOT_FOUND,
		    "no dong has the code '%s': the ten digits are in "
		    "city/all/0000.jsonl",
		    code);
	if (year != 0 && synth_city_months(dong, (int)year) == 0)
		return err_set(ERR_NOT_FOUND,
		    "%s joined the programme later than in %u", dong->name,
		    (unsigned)year);
	work->spans[dong->number] = (struct synth_span){
	    .first = year != 0 ? (int)year : SYNTH_YEAR_FIRST,
	    .last = year != 0 ? (int)year : SYNTH_YEAR_LAST};
	return ERR_OK;
}

static void
spans_make(struct work *work, size_t size)
{
	static const struct {
		const char *code;
		struct synth_span span;
	} tiny[] = {{"1111061500", {2016, 2016}}, {"1111065000", {2015, 2016}},
	    {"1111068000", {2016, 2016}}};
	static const struct synth_span spans[SIZES_N] = {{0}, {2016, 2017},
	    {2020, 2020}, {SYNTH_YEAR_FIRST, SYNTH_YEAR_LAST},
	    {SYNTH_YEAR_FIRST, SYNTH_YEAR_LAST}};

	for (size_t i = 0; i < COUNT_OF(tiny) && size == 0; i++)
		work->spans[synth_city_find(
		    work->city, bytes_text(tiny[i].code))
				->number] = tiny[i].span;
	for (size_t i = 0; i < SYNTH_DONGS && size > 0; i++)
		if (size > 1 || work->city->dongs[i].district == 0)
			work->spans[i] = spans[size];
}

/* Other years than those of the size. */
static enum err
years_read(const struct args *args, struct work *work)
{
	const char *text = args_text(args, "years", 0);
	struct synth_span span = {0};
	int end = 0;

	if (text == NULL)
		return ERR_OK;
	if (sscanf(text, "%4d-%4d%n", &span.first, &span.last, &end) != 2 ||
	    text[end] != '\0' || span.first < SYNTH_YEAR_FIRST ||
	    span.last > SYNTH_YEAR_LAST || span.first > span.last)
		return err_set(ERR_USAGE,
		    "--years is FIRST-LAST within %d-%d, not '%s'",
		    SYNTH_YEAR_FIRST, SYNTH_YEAR_LAST, text);
	for (size_t i = 0; i < SYNTH_DONGS; i++)
		if (work->spans[i].first != 0)
			work->spans[i] = span;
	return ERR_OK;
}

/* ---- files -------------------------------------------------------------- */

static enum err
row_take(const struct synth_row *row, void *arg)
{
	struct work *work = arg;
	struct counted *counted = work->counted;

	while (counted < work->counted + work->counted_n &&
	       strcmp(counted->collection, row->collection) != 0)
		counted++;
	if (counted == work->counted + work->counted_n) {
		assert(work->counted_n < COLLECTIONS_MAX);
		work->counted_n++;
		counted->collection = row->collection;
	}
	*(row->change ? &counted->changes : &counted->records) += 1;
	work->rows++;
	buf_add(&work->content, row->json);
	return ERR_OK;
}

/* Makes the directories on the way to `path` below the one of the city. */
static enum err
dirs_make(const struct work *work, const char *path)
{
	struct buf dir = {0};
	enum err e = ERR_OK;

	for (size_t i = 0; path[i] != '\0' && e == ERR_OK; i++) {
		if (path[i] != '/')
			continue;
		buf_cut(&dir, 0);
		buf_add_format(&dir, "%s/%.*s", work->dir, (int)i, path);
		e = file_make_dir(buf_text(&dir));
		if (e == ERR_EXISTS)
			e = ERR_OK;
	}
	buf_fini(&dir);
	return e;
}

/* What was taken becomes the file `path`; nothing becomes none. */
static enum err
content_write(struct work *work, const char *path)
{
	char *whole;
	enum err e;

	if (stop_asked())
		return err_set(ERR_USAGE, "interrupted");
	if (work->content.n == 0)
		return ERR_OK;
	e = dirs_make(work, path);
	whole = file_path(work->dir, path);
	if (e == ERR_OK)
		e = file_write(whole, buf_bytes(&work->content), FILE_MODE);
	mem_free(whole);
	work->files++;
	work->bytes += work->content.n;
	buf_cut(&work->content, 0);
	return e;
}

static enum err
part_write(struct work *work, const struct synth_part *part, const char *where,
    const char *name)
{
	struct buf path = {0};
	enum err e = synth_draw(work->city, part, row_take, work);

	buf_add_format(&path, "%s/%s", where, name);
	if (e == ERR_OK)
		e = content_write(work, buf_text(&path));
	buf_fini(&path);
	return e;
}

static enum err
header_write(struct work *work, uint64_t seed)
{
	buf_add_format(&work->content,
	    "가상 데이터 / SYNTHETIC\n"
	    "\n"
	    "All of this is invented by golmok synth, seed %llu.\n"
	    "No person, household, street or telephone number exists;\n"
	    "names of dongs and published figures do.\n"
	    "이 자료는 모두 지어낸 것입니다. 실제 사람, 가구, 도로, "
	    "전화번호가 아닙니다.\n"
	    "동 이름과 공개된 통계만 실제입니다.\n\n"
	    "Import, with --update: city/all, then all of the district\n"
	    "(d01/all), then the files of a centre by name.\n"
	    "city/all, 자치구(d01/all), 센터 파일을 이름 순서대로\n"
	    "--update 로 가져옵니다.\n",
	    (unsigned long long)seed);
	return content_write(work, "SYNTHETIC.txt");
}

/* What a district knows of the years of `span`. */
static enum err
district_write(
    struct work *work, size_t district, const struct synth_span *span)
{
	struct synth_part part = {
	    .kind = SYNTH_PART_DISTRICT, .district = district};
	char where[2 * SYNTH_PREFIX_SIZE];
	char name[SYNTH_PREFIX_SIZE];
	enum err e = ERR_OK;

	(void)snprintf(where, sizeof(where), "d%02zu/all", district + 1);
	for (part.year = span->first; part.year <= span->last && e == ERR_OK;
	     part.year++) {
		(void)snprintf(name, sizeof(name), "%d.jsonl", part.year);
		e = part_write(work, &part, where, name);
	}
	return e;
}

static enum err
city_write(struct work *work)
{
	enum err e = part_write(work,
	    &(struct synth_part){.kind = SYNTH_PART_CITY}, "city/all",
	    "0000.jsonl");

	for (size_t i = 0; i < SYNTH_DISTRICTS && e == ERR_OK; i++) {
		const struct synth_district *of = &work->city->districts[i];
		const struct synth_span *span = &work->spans[of->first];
		struct synth_span all = {SYNTH_YEAR_LAST + 1, 0};

		for (size_t k = 0; k < of->dongs_n; k++, span++) {
			if (span->first != 0 && span->first < all.first)
				all.first = span->first;
			if (span->last > all.last)
				all.last = span->last;
		}
		if (all.last != 0 && !work->figures)
			e = district_write(work, i, &all);
	}
	return e;
}

static enum err
years_write(
    struct work *work, struct synth_part *part, const struct synth_span *span)
{
	char name[2 * SYNTH_PREFIX_SIZE];
	enum err e = ERR_OK;

	for (part->year = span->first; part->year <= span->last && e == ERR_OK;
	     part->year++) {
		(void)snprintf(name, sizeof(name), "%d.jsonl", part->year);
		e = part_write(work, part, part->dong->prefix, name);
		progress_step(
		    &work->progress, ++work->parts_done, progress_now_ms());
	}
	return e;
}

static enum err
dong_write(struct work *work, const struct synth_dong *dong,
    const struct synth_span *span)
{
	struct synth_part part = {.kind = SYNTH_PART_FIGURES, .dong = dong};
	char name[2 * SYNTH_PREFIX_SIZE];
	enum err e;

	if (work->figures)
		return years_write(work, &part, span);
	part.kind = SYNTH_PART_STANDING;
	e = part_write(work, &part, dong->prefix, "0000.jsonl");
	part.kind = SYNTH_PART_STOCK;
	part.year = span->first;
	(void)snprintf(name, sizeof(name), "%d-before.jsonl", span->first);
	if (e == ERR_OK)
		e = part_write(work, &part, dong->prefix, name);
	part.kind = SYNTH_PART_YEAR;
	return e == ERR_OK ? years_write(work, &part, span) : e;
}

static enum err
dongs_write(struct work *work)
{
	enum err e = ERR_OK;

	synth_files_city(&work->beside, work->spans);
	for (size_t i = 0; i < SYNTH_DONGS && e == ERR_OK; i++) {
		const struct synth_dong *dong = &work->city->dongs[i];

		if (work->spans[i].first == 0)
			continue;
		if (!work->city_too)
			e = district_write(
			    work, dong->district, &work->spans[i]);
		if (e == ERR_OK)
			e = dong_write(work, dong, &work->spans[i]);
		if (e == ERR_OK)
			synth_files_dong(
			    &work->beside, work->city, work->spans, dong);
	}
	return e;
}

static enum err
tenant_write(struct work *work)
{
	struct synth_city *tenant = synth_tenant_new(work->city->seed);
	enum err e = synth_draw_tenant(tenant, false, row_take, work);

	if (e == ERR_OK)
		e = content_write(work, "uijeongbu/city/all/0000.jsonl");
	if (e == ERR_OK)
		e = synth_draw_tenant(tenant, true, row_take, work);
	if (e == ERR_OK)
		e = content_write(work, "uijeongbu/z01/c001/2020.jsonl");
	synth_city_free(tenant);
	return e;
}

static int
counted_compare(const void *a, const void *b)
{
	const struct counted *x = a;
	const struct counted *y = b;

	return strcmp(x->collection, y->collection);
}

static void
result_say(struct work *work, uint64_t seed)
{
	struct buf json = {0};

	qsort(work->counted, work->counted_n, sizeof(*work->counted),
	    counted_compare);
	object_begin(&json, NULL);
	object_number(&json, "seed", seed);
	object_number(&json, "rows", work->rows);
	object_number(&json, "files", work->files);
	object_number(&json, "bytes", work->bytes);
	object_begin(&json, "collections");
	for (size_t i = 0; i < work->counted_n; i++) {
		const struct counted *counted = &work->counted[i];

		object_begin(&json, counted->collection);
		object_number(&json, "records", counted->records);
		object_number(&json, "changes", counted->changes);
		object_end(&json);
	}
	object_end(&json);
	object_end(&json);
	out_json(work->out, buf_bytes(&json));
	buf_fini(&json);
	out_say(work->out,
	    "%llu rows in %llu files (%llu bytes) in %s, seed %llu: all "
	    "invented",
	    (unsigned long long)work->rows, (unsigned long long)work->files,
	    (unsigned long long)work->bytes, work->dir,
	    (unsigned long long)seed);
}

static const struct args_option synth_options[] = {
    {.name = "size",
	.value = "tiny|gu|city-1y|city-full|figures",
	.help = "3 dongs, 17, all 424 for a year or six, or of those only what "
		"figures of the whole city are made of; tiny otherwise"},
    {.name = "seed", .value = "N", .help = "another city; 1 otherwise"},
    {.name = "years",
	.value = "FIRST-LAST",
	.help = "other years than those of the size, 2015-2020"},
    {.name = "dong",
	.value = "CODE",
	.help = "only this dong, as in the whole"},
    {.name = "year", .value = "YEAR", .help = "of that dong only this year"},
};

static const char synth_about[] =
    "Invents a city: the 424 real dongs of Seoul, and in them people, homes,\n"
    "visits and cases that do not exist, with the figures that were published\n"
    "(docs/synth.md).  DIR must not exist, but with --dong it may.  The same\n"
    "seed gives the same bytes on every machine.  A centre goes into a store\n"
    "with golmok import --update DIR/city/all/* DIR/d01/all/* DIR/d01/c012/*.";

const struct args_command cmd_synth_commands[] = {
    {.name = "synth",
	.words = "DIR",
	.words_min = 1,
	.words_max = 1,
	.help = "write an invented city as files that import reads",
	.about = synth_about,
	.options = synth_options,
	.options_n = COUNT_OF(synth_options),
	.run = synth_run},
};
const size_t cmd_synth_commands_n = COUNT_OF(cmd_synth_commands);

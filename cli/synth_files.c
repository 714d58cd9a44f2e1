/*
 * What is told of an invented city beside its rows.  Draws nothing by itself.
 */
#include "cli/synth_files.h"

#include <errno.h>

#include "cli/synth_truth.h"
#include "core/file.h"
#include "proto/mem.h"

static enum err
stream_open(const char *dir, const char *name, FILE **stream)
{
	char *path = file_path(dir, name);
	enum err e = ERR_OK;

	*stream = fopen(path, "w");
	if (*stream == NULL)
		e = file_error(errno, "open", path);
	mem_free(path);
	return e;
}

enum err
synth_files_open(struct synth_files *files, const char *dir)
{
	enum err e = stream_open(dir, "truth.csv", &files->truth);

	if (e == ERR_OK)
		e = stream_open(dir, "events.jsonl", &files->events);
	if (e == ERR_OK)
		(void)fputs("a,b,a_space,b_space,where,noise\n", files->truth);
	return e;
}

enum err
synth_files_close(struct synth_files *files, const char *dir)
{
	FILE *streams[2] = {files->truth, files->events};
	bool bad = false;

	*files = (struct synth_files){0};
	for (size_t i = 0; i < COUNT_OF(streams); i++)
		if (streams[i] != NULL) {
			bad |= ferror(streams[i]) != 0;
			bad |= fclose(streams[i]) != 0;
		}
	return bad ? file_error(errno, "write", dir) : ERR_OK;
}

void
synth_files_fini(struct synth_files *files)
{
	if (files->truth != NULL)
		(void)fclose(files->truth);
	if (files->events != NULL)
		(void)fclose(files->events);
	*files = (struct synth_files){0};
}

static bool
is_in(const struct synth_span *span, int year)
{
	return span->first != 0 && span->first <= year && span->last >= year;
}

static void
troubles_write(struct synth_files *files, const struct synth_plan *plan,
    const bool chosen[SYNTH_DONGS])
{
	struct buf text = {0};

	synth_truth_csv(plan, chosen, &text);
	(void)fwrite(text.p, 1, text.n, files->truth);
	buf_cut(&text, 0);
	synth_truth_events(plan, &text);
	(void)fwrite(text.p, 1, text.n, files->events);
	buf_fini(&text);
}

void
synth_files_dong(struct synth_files *files, const struct synth_city *city,
    const struct synth_span spans[SYNTH_DONGS], const struct synth_dong *dong)
{
	const struct synth_span *span = &spans[dong->number];
	bool chosen[SYNTH_DONGS];

	for (int year = span->first; files->truth != NULL && year <= span->last;
	     year++) {
		struct synth_plan plan;
		struct synth_plan before;

		for (size_t i = 0; i < SYNTH_DONGS; i++)
			chosen[i] = is_in(&spans[i], year);
		if (!synth_plan_make(city, dong, year, &plan))
			continue;
		if (synth_plan_make(city, dong, year - 1, &before))
			plan.before = &before;
		troubles_write(files, &plan, chosen);
	}
}

void
synth_files_city(
    struct synth_files *files, const struct synth_span spans[SYNTH_DONGS])
{
	struct buf text = {0};

	for (int year = SYNTH_YEAR_FIRST; year <= SYNTH_YEAR_LAST; year++) {
		bool any = false;

		for (size_t i = 0; i < SYNTH_DONGS; i++)
			any |= is_in(&spans[i], year);
		if (any)
			synth_truth_scripted(year, &text);
	}
	if (files->events != NULL)
		(void)fwrite(text.p, 1, text.n, files->events);
	buf_fini(&text);
}

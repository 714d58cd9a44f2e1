/*
 * Makes a run that fails smaller as long as it fails with the same words: the
 * steps at its end go, then kinds of trouble, nodes, and steps in pieces that
 * become smaller and smaller.  Each try is a process of its own, as a failure
 * ends the process.
 */
#include "tests/sim/shrink.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "proto/mem.h"
#include "tests/lib/tempdir.h"
#include "tests/sim/sim.h"

enum { WORDS_SIZE = 512 };

struct shrink {
	struct plan best;	/* owned: it fails */
	char words[WORDS_SIZE]; /* with which it does */
	char said[WORDS_SIZE];	/* whole */
	shrink_fn *run;
	unsigned runs;
};

/* How one run failed. */
struct failure {
	char words[WORDS_SIZE]; /* without what has a digit; "": it did not */
	char said[WORDS_SIZE];
	uint64_t step;
};

/* Appends what `plan` prints to `out`; gives the status it ended with. */
static int
run_apart(shrink_fn *run, const struct plan *plan, struct buf *out)
{
	struct tempdir dir;
	int ends[2];
	int status = 0;
	pid_t child;
	FILE *from;
	char piece[4096];
	size_t n;

	/* A process that was aborted leaves its stores. */
	tempdir_init(&dir);
	if (fflush(stdout) != 0 || pipe(ends) != 0)
		abort();
	child = fork();
	if (child < 0)
		abort();
	if (child == 0) {
		(void)setenv("TMPDIR", dir.path, 1);
		if (dup2(ends[1], STDOUT_FILENO) < 0 ||
		    dup2(ends[1], STDERR_FILENO) < 0 || close(ends[0]) != 0)
			_exit(3);
		status = run(plan);
		(void)fflush(stdout);
		_exit(status);
	}
	(void)close(ends[1]);
	from = fdopen(ends[0], "r");
	if (from == NULL)
		abort();
	while ((n = fread(piece, 1, sizeof(piece), from)) > 0)
		buf_add(out, bytes_of(piece, n));
	(void)fclose(from);
	if (waitpid(child, &status, 0) != child)
		abort();
	tempdir_fini(&dir);
	return status;
}

/* The line of `out` that says why: the simulator's own, or that of an assertion
 * or a sanitiser.  `size` bytes at `line` take it. */
static void
line_find(const char *out, char *line, size_t size)
{
	static const char *const marks[] = {
	    "FAILED at step", "ssertion", "Sanitizer", "runtime error"};

	line[0] = '\0';
	for (size_t i = 0; i < COUNT_OF(marks) && line[0] == '\0'; i++) {
		const char *at = strstr(out, marks[i]);

		while (at != NULL && at > out && at[-1] != '\n')
			at--;
		if (at != NULL)
			(void)snprintf(
			    line, size, "%.*s", (int)strcspn(at, "\n"), at);
	}
}

/* Words that have a digit differ from run to run. */
static void
words_make(const char *said, char *words)
{
	size_t n = 0;

	while (*said != '\0') {
		size_t word = strcspn(said, " ");

		if (strcspn(said, "0123456789") >= word) {
			memcpy(words + n, said, word);
			n += word;
			words[n++] = ' ';
		}
		said += word;
		said += *said == ' ';
	}
	words[n] = '\0';
}

static void
attempt(struct shrink *shrink, const struct plan *plan, struct failure *failure)
{
	struct buf out = {0};
	int status = run_apart(shrink->run, plan, &out);
	const char *number;

	shrink->runs++;
	*failure = (struct failure){.step = plan->steps};
	buf_add_u8(&out, 0);
	if (status != 0) {
		line_find((const char *)out.p, failure->said, WORDS_SIZE - 1);
		if (failure->said[0] == '\0')
			(void)snprintf(failure->said, WORDS_SIZE - 1,
			    "ended with status %d, and said nothing", status);
		words_make(failure->said, failure->words);
		number = strstr(failure->said, "at step ");
		if (number != NULL)
			failure->step = strtoull(number + 8, NULL, 10);
	}
	buf_fini(&out);
}

static void
adopt(struct shrink *shrink, struct plan *plan, const struct failure *failure)
{
	if (shrink->best.skips != plan->skips)
		plan_fini(&shrink->best);
	shrink->best = *plan;
	/* Steps that it did not come to. */
	if (failure->step > 0 && failure->step < plan->steps)
		shrink->best.steps = failure->step;
	memcpy(shrink->said, failure->said, sizeof(shrink->said));
}

/* Takes `plan` over when it fails in the same way, or ends it. */
static bool
fails(struct shrink *shrink, struct plan *plan)
{
	struct failure failure = {.step = 0};

	if (shrink->runs < shrink->best.runs)
		attempt(shrink, plan, &failure);
	if (failure.words[0] == '\0' ||
	    strcmp(failure.words, shrink->words) != 0) {
		plan_fini(plan);
		return false;
	}
	adopt(shrink, plan, &failure);
	return true;
}

static bool
is_spent(const struct shrink *shrink)
{
	return shrink->runs >= shrink->best.runs;
}

/* Fewer steps: without those at the end. */
static void
end_cut(struct shrink *shrink)
{
	uint64_t cut = shrink->best.steps / 2;
	struct plan less;

	while (cut > 0 && !is_spent(shrink)) {
		plan_copy(&less, &shrink->best);
		less.steps -= cut;
		if (!fails(shrink, &less) || cut >= shrink->best.steps)
			cut /= 2;
	}
}

static void
kinds_less(struct shrink *shrink)
{
	struct plan less;

	for (unsigned bit = 0; plan_kind(bit) != NULL; bit++) {
		if (!plan_has(&shrink->best, bit))
			continue;
		plan_copy(&less, &shrink->best);
		less.without |= UINT64_C(1) << bit;
		(void)fails(shrink, &less);
	}
}

/* A large city stays one. */
static void
nodes_less(struct shrink *shrink)
{
	size_t least = shrink->best.nodes > SIM_SMALL_MAX ? SIM_SMALL_MAX + 1
							  : SIM_NODES_MIN;
	size_t cut = shrink->best.nodes - least;
	struct plan less;

	while (cut > 0 && !is_spent(shrink)) {
		plan_copy(&less, &shrink->best);
		less.nodes -= cut;
		if (!fails(shrink, &less) || cut > shrink->best.nodes - least)
			cut /= 2;
	}
}

/* Leaves out `size` steps after the other, from the end on; gives whether any
 * could go. */
static bool
steps_thin(struct shrink *shrink, uint64_t size)
{
	uint64_t at = shrink->best.steps;
	bool less_now = false;

	while (at > 0 && !is_spent(shrink)) {
		struct plan less;
		uint64_t n = 0;

		plan_copy(&less, &shrink->best);
		at = at < less.steps ? at : less.steps;
		for (; at > 0 && n < size; at--) {
			n += less.skips[at] == 0;
			less.skips[at] = 1;
		}
		if (n == 0)
			plan_fini(&less);
		else
			less_now = fails(shrink, &less) || less_now;
	}
	return less_now;
}

static void
steps_less(struct shrink *shrink)
{
	uint64_t size = (plan_taken(&shrink->best) + 1) / 2;
	bool less = size > 0;

	while (less && !is_spent(shrink)) {
		less = steps_thin(shrink, size) || size > 1;
		size = size > 1 ? size / 2 : 1;
	}
}

static void
all_less(struct shrink *shrink)
{
	end_cut(shrink);
	kinds_less(shrink);
	nodes_less(shrink);
	steps_less(shrink);
	nodes_less(shrink);
	kinds_less(shrink);
	end_cut(shrink);
}

int
shrink_run(const struct plan *plan, shrink_fn *run)
{
	struct shrink shrink = {.run = run};
	struct failure failure;
	struct plan whole;
	struct buf line = {0};

	plan_copy(&whole, plan);
	whole.trace = false;
	attempt(&shrink, &whole, &failure);
	if (failure.words[0] == '\0') {
		printf("ok seed %llu does not fail\n",
		    (unsigned long long)plan->seed);
		plan_fini(&whole);
		return 0;
	}
	printf("# %s\n", failure.said);
	memcpy(shrink.words, failure.words, sizeof(shrink.words));
	shrink.best = whole;
	adopt(&shrink, &whole, &failure);
	all_less(&shrink);
	if (plan->trace) {
		shrink.best.trace = true;
		line.n = 0;
		(void)run_apart(run, &shrink.best, &line);
		(void)fwrite(line.p, 1, line.n, stdout);
	}
	buf_cut(&line, 0);
	plan_line(&shrink.best, &line);
	printf("# shrunk in %u runs: %llu of %llu steps, %zu of %zu nodes\n"
	       "%s\n%s",
	    shrink.runs, (unsigned long long)plan_taken(&shrink.best),
	    (unsigned long long)plan_taken(plan), shrink.best.nodes,
	    plan->nodes, shrink.said, (const char *)line.p);
	plan_fini(&shrink.best);
	buf_fini(&line);
	return 1;
}

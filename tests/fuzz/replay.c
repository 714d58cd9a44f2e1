/*
 * Gives every file of a corpus to its target, without libFuzzer.  Each target
 * has a process of its own, so that one that dies or hangs is told like one
 *that fails, and the others still run.  Prints TAP.
 *
 *	replay CORPUS [TARGET...]
 *
 * CORPUS has a directory for each target; each file there is an input.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/file.h"
#include "proto/mem.h"
#include "tests/fuzz/targets.h"

enum {
	INPUT_SIZE_MAX = 16 * 1024 * 1024,
	/* Of one input; the slowest takes some milliseconds. */
	INPUT_SECONDS = 60,
	CHILDREN = 2,
	PATH_SIZE = 1024,
};

typedef void target_fn(struct bytes in);

/* What dies, and what hangs: for the test of this program. */
static void planted(struct bytes in);

static const struct target {
	const char *name;
	target_fn *fn;
} targets[] = {
    {"codec", target_codec},
    {"delta", target_delta},
    {"expr", target_expr},
    {"fact", target_fact},
    {"body", target_body},
    {"note", target_note},
    {"msg", target_msg},
    {"noise", target_noise},
    {"channel", target_channel},
    {"token", target_token},
    {"squeeze", target_squeeze},
    {"beacon", target_beacon},
    {"block", target_block},
    {"json", target_json},
    {"text", target_text},
    {"csv", target_csv},
    {"map", target_map},
    {"pack", target_pack},
    {"merkle", target_merkle},
    {"parcel", target_parcel},
    {"bundle", target_bundle},
    {"session", target_session},
    {"keyfile", target_keyfile},
    {"safe", target_safe},
    {"share", target_share},
    {"aside", target_aside},
    {"dials", target_dials},
    {"pages", target_pages},
    {"rows", target_rows},
    {"planted", planted},
};

/* A target that is being replayed; `shared` is what its process says. */
struct run {
	const struct target *target;
	pid_t pid;
	struct shared {
		size_t done;
		char path[PATH_SIZE];
	} * shared;
};

static void
planted(struct bytes in)
{
	volatile bool on = true;

	assert(!bytes_is(in, "die\n"));
	if (bytes_is(in, "hang\n"))
		(void)alarm(1);
	while (bytes_is(in, "hang\n") && on)
		;
}

static int
name_order(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The names in the directory `path`, sorted; owned by the caller. */
static size_t
names_read(const char *path, char ***names)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	size_t room = 0;
	size_t n = 0;

	*names = NULL;
	while (dir != NULL && (entry = readdir(dir)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		mem_room(names, &room, n + 1, sizeof(**names));
		(*names)[n++] = mem_text(entry->d_name);
	}
	if (dir != NULL)
		(void)closedir(dir);
	if (n > 0)
		qsort(*names, n, sizeof(**names), name_order);
	return n;
}

static void
names_free(char **names, size_t n)
{
	for (size_t i = 0; i < n; i++)
		mem_free(names[i]);
	mem_free(names);
}

/* In a process of its own: all inputs of `run`. */
static void
inputs_take(const struct run *run, const char *corpus)
{
	char dir[PATH_SIZE];
	char **names;
	size_t n;

	(void)snprintf(dir, sizeof(dir), "%s/%s", corpus, run->target->name);
	n = names_read(dir, &names);
	for (size_t i = 0; i < n; i++) {
		struct buf input = {0};

		(void)snprintf(run->shared->path, sizeof(run->shared->path),
		    "%.480s/%.480s", dir, names[i]);
		assert(file_read(run->shared->path, INPUT_SIZE_MAX, &input) ==
		       ERR_OK);
		(void)alarm(INPUT_SECONDS);
		run->target->fn(buf_bytes(&input));
		(void)alarm(0);
		buf_fini(&input);
		run->shared->done++;
	}
	names_free(names, n);
}

static void
run_start(struct run *run, const char *corpus)
{
	int zero = open("/dev/zero", O_RDWR);

	assert(zero >= 0);
	run->shared = mmap(NULL, sizeof(*run->shared), PROT_READ | PROT_WRITE,
	    MAP_SHARED, zero, 0);
	assert(run->shared != MAP_FAILED);
	(void)close(zero);
	(void)fflush(stdout);
	run->pid = fork();
	assert(run->pid >= 0);
	if (run->pid != 0)
		return;
	inputs_take(run, corpus);
	exit(0);
}

/* Waits for its end; did it go well? */
static bool
run_end(struct run *run, size_t number)
{
	const struct shared *said = run->shared;
	const char *name = run->target->name;
	int status;
	bool good;

	assert(waitpid(run->pid, &status, 0) == run->pid);
	good = WIFEXITED(status) && WEXITSTATUS(status) == 0 && said->done > 0;
	if (good)
		(void)printf(
		    "ok %zu - %s: %zu inputs\n", number, name, said->done);
	else if (said->done == 0 && said->path[0] == '\0')
		(void)printf("not ok %zu - %s: no input\n", number, name);
	else
		(void)printf("not ok %zu - %s: %s\n# wait status %d\n", number,
		    name, said->path, status);
	(void)munmap(run->shared, sizeof(*run->shared));
	return good;
}

static const struct target *
target_find(const char *name)
{
	for (size_t i = 0; i < COUNT_OF(targets); i++) {
		if (strcmp(targets[i].name, name) == 0)
			return &targets[i];
	}
	return NULL;
}

int
main(int argc, char **argv)
{
	struct run runs[2 * COUNT_OF(targets)] = {{0}};
	size_t n = 0;
	size_t ended = 0;
	bool good = true;

	if (argc < 2) {
		(void)fprintf(stderr, "usage: replay CORPUS [TARGET...]\n");
		return 2;
	}
	for (int i = 2; i < argc && n < COUNT_OF(runs); i++) {
		runs[n++].target = target_find(argv[i]);
		if (runs[n - 1].target != NULL)
			continue;
		(void)fprintf(stderr, "replay: no target '%s'\n", argv[i]);
		return 2;
	}
	/* All but the last, which is planted. */
	for (size_t i = 0; argc == 2 && i + 1 < COUNT_OF(targets); i++)
		runs[n++].target = &targets[i];
	(void)printf("1..%zu\n", n);
	for (size_t i = 0; i < n; i++) {
		run_start(&runs[i], argv[1]);
		if (i + 1 >= CHILDREN) {
			good = run_end(&runs[ended], ended + 1) && good;
			ended++;
		}
	}
	for (; ended < n; ended++)
		good = run_end(&runs[ended], ended + 1) && good;
	return good ? 0 : 1;
}

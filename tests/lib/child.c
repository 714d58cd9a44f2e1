/*
 * Second processes of tests, and the two pipes between them.
 */
#include "tests/lib/child.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

void
child_start(struct child *child, child_main *run, void *arg)
{
	int up[2];
	int down[2];

	assert(pipe(up) == 0 && pipe(down) == 0);
	child->pid = fork();
	assert(child->pid >= 0);
	if (child->pid == 0) {
		struct child test = {.in = down[0], .out = up[1]};

		(void)close(up[0]);
		(void)close(down[1]);
		/* Not exit(): what the test buffered is not ours to print. */
		_exit(run(&test, arg) ? 0 : 1);
	}
	(void)close(up[1]);
	(void)close(down[0]);
	child->in = up[0];
	child->out = down[1];
}

void
child_signal(struct child *other)
{
	assert(write(other->out, "!", 1) == 1);
}

bool
child_await(struct child *other)
{
	char byte;
	ssize_t n;

	do {
		n = read(other->in, &byte, 1);
	} while (n < 0 && errno == EINTR);
	return n == 1;
}

bool
child_end(struct child *child)
{
	return child_status(child) == 0;
}

int
child_status(struct child *child)
{
	int status = 0;

	(void)close(child->out);
	(void)close(child->in);
	assert(waitpid(child->pid, &status, 0) == child->pid);
	if (WIFSIGNALED(status))
		return WTERMSIG(status);
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -1;
}

void
child_kill(struct child *child)
{
	assert(kill(child->pid, SIGKILL) == 0);
	assert(!child_end(child));
}

uint64_t
child_resident_kb(const struct child *child)
{
	char line[128];
	uint64_t kb = 0;
	FILE *file;

	(void)snprintf(
	    line, sizeof(line), "/proc/%ld/status", (long)child->pid);
	file = fopen(line, "r");
	assert(file != NULL);
	while (fgets(line, sizeof(line), file) != NULL) {
		if (strncmp(line, "RssAnon:", 8) == 0)
			kb = strtoull(line + 8, NULL, 10);
	}
	(void)fclose(file);
	assert(kb > 0);
	return kb;
}

bool
child_resident_within(uint64_t resident_kb, uint64_t most_kb)
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
	return true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
	return true;
#endif
#endif
	return resident_kb <= most_kb;
}

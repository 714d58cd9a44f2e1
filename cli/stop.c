/*
 * Signals that end long work.  Called by commands that store or write much, and
 * by cli/main.c at the end.
 */
#include "cli/stop.h"

#include <signal.h>
#include <stddef.h>

#include "proto/base.h"

static volatile sig_atomic_t came; /* the number of the signal; 0: none */

static void
on_signal(int number)
{
	came = number;
}

void
stop_watch(void)
{
	static const int numbers[] = {SIGINT, SIGTERM};
	struct sigaction old = {0};

	for (size_t i = 0; i < COUNT_OF(numbers); i++) {
		/* Who starts a program with a signal ignored means it. */
		(void)sigaction(numbers[i], NULL, &old);
		if (old.sa_handler == SIG_IGN)
			continue;
		(void)sigaction(numbers[i],
		    &(struct sigaction){.sa_handler = on_signal,
			.sa_flags = (int)(SA_RESETHAND | SA_RESTART)},
		    NULL);
	}
}

bool
stop_asked(void)
{
	return came != 0;
}

void
stop_leave(void)
{
	if (came == 0)
		return;
	(void)signal((int)came, SIG_DFL);
	(void)raise((int)came);
}

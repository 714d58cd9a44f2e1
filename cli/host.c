/*
 * The real clock and the real randomness, for core to be given as arguments.
 * The commands hand it to the store they open.  Nothing else in cli/ asks what
 * time it is.
 */
#include "cli/host.h"

#include <errno.h>
#include <sys/random.h>
#include <time.h>

#include "proto/calendar.h"

static uint64_t
now_ms(void *arg)
{
	struct timespec now;

	(void)arg;
	/* The only failures are a wrong clock or address, both ours. */
	if (clock_gettime(CLOCK_REALTIME, &now) != 0 || now.tv_sec < 0)
		return 0;
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void
draw(void *arg, uint8_t *p, size_t n)
{
	(void)arg;
	while (n > 0) {
		ssize_t got = getrandom(p, n, 0);

		/* A kernel without randomness must not give us keys. */
		assert(got > 0 || (got < 0 && errno == EINTR));
		if (got > 0) {
			p += got;
			n -= (size_t)got;
		}
	}
}

const struct host *
host_system(void)
{
	static const struct host host = {.now_ms = now_ms, .random = draw};

	return &host;
}

int64_t
host_now_seconds(void)
{
	const struct host *host = host_system();

	return calendar_seconds(host->now_ms(host->arg));
}

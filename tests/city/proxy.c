/*
 * A bad line between real processes: takes connections, dials for each where
 * they should have gone, and passes bytes on later and slowly, until it cuts
 * both ends.  tests/city/city.t runs it; it knows nothing of what it carries.
 *
 *	proxy PORT DELAY_MS RATE_BYTES_S CUT_MS SEED
 *
 * carries to PORT of 127.0.0.1, says "listening at HOST:PORT", and ends when
 *its input does.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "tests/lib/pipe.h"

enum {
	LINKS = 64,
	READ_SIZE = 4096,
	/* What may be under way before no more is read. */
	UNDER_WAY_MAX = 64 * 1024,
	/* Slots of poll: the input, the listener, two of each link. */
	SLOTS = 2 + 2 * LINKS,
};

/* One connection and the one behind it; bytes that come from i go to 1 - i. */
struct link {
	bool used;
	int fd[2];
	struct pipe pipe[2]; /* to end i */
	uint64_t cut_us;
};

struct proxy {
	struct sockaddr_in to;
	struct pipe_shape shape;
	uint64_t cut_ms;
	struct prng prng;
	int listener;
	struct link links[LINKS];
	unsigned cuts;
};

static uint64_t
now_us(void)
{
	struct timespec now;

	assert(clock_gettime(CLOCK_MONOTONIC, &now) == 0);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static void
link_close(struct proxy *proxy, struct link *link)
{
	for (int i = 0; i < 2; i++) {
		/* As a line that breaks does it: nobody reads an end. */
		struct linger hard = {.l_onoff = 1};

		(void)setsockopt(
		    link->fd[i], SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
		(void)close(link->fd[i]);
		pipe_fini(&link->pipe[i]);
	}
	link->used = false;
	proxy->cuts++;
}

static void
link_open(struct proxy *proxy)
{
	struct link *link = NULL;
	int fd = accept(proxy->listener, NULL, NULL);
	int behind = socket(AF_INET, SOCK_STREAM, 0);

	for (size_t i = 0; i < LINKS && link == NULL; i++)
		if (!proxy->links[i].used)
			link = &proxy->links[i];
	if (fd < 0 || behind < 0 || link == NULL ||
	    connect(behind, (struct sockaddr *)&proxy->to, sizeof(proxy->to)) !=
		0) {
		(void)close(fd);
		(void)close(behind);
		return;
	}
	*link = (struct link){.used = true,
	    .fd = {fd, behind},
	    .cut_us = now_us() +
		      prng_below(&proxy->prng, 2 * proxy->cut_ms * 1000 + 1)};
	for (int i = 0; i < 2; i++) {
		assert(fcntl(link->fd[i], F_SETFL, O_NONBLOCK) == 0);
		pipe_init(&link->pipe[i], &proxy->shape, &proxy->prng,
		    now_us() + 2 * proxy->shape.delay_ms * 1000);
	}
}

/* Reads from end `i`; false when it is over. */
static bool
link_read(struct link *link, int i)
{
	uint8_t p[READ_SIZE];
	ssize_t n = read(link->fd[i], p, sizeof(p));

	if (n > 0)
		pipe_add(
		    &link->pipe[1 - i], (struct bytes){.p = p, .n = (size_t)n});
	return n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR));
}

/* Hands on what has arrived on the way to end `i`; false when it is over. */
static bool
link_write(struct proxy *proxy, struct link *link, int i)
{
	struct pipe *pipe = &link->pipe[i];
	struct bytes out;

	(void)pipe_leave(pipe, &proxy->shape, &proxy->prng, now_us());
	while ((out = pipe_arrived(pipe, now_us())).n > 0) {
		ssize_t n = write(link->fd[i], out.p, out.n);

		/* A reader that is so far behind is cut off. */
		if (n != (ssize_t)out.n)
			return false;
		pipe_drop(pipe);
	}
	return true;
}

/* When to look again, in milliseconds; -1: when something comes. */
static int
wait_ms(const struct proxy *proxy)
{
	uint64_t at_us = UINT64_MAX;
	uint64_t now = now_us();

	for (size_t i = 0; i < LINKS; i++) {
		const struct link *link = &proxy->links[i];

		if (!link->used)
			continue;
		if (link->cut_us < at_us)
			at_us = link->cut_us;
		for (int k = 0; k < 2; k++)
			if (pipe_next_us(&link->pipe[k]) < at_us)
				at_us = pipe_next_us(&link->pipe[k]);
	}
	if (at_us == UINT64_MAX)
		return -1;
	return at_us <= now ? 0 : (int)((at_us - now) / 1000) + 1;
}

static void
proxy_turn(struct proxy *proxy, struct pollfd *slots)
{
	for (size_t i = 0; i < LINKS; i++) {
		struct link *link = &proxy->links[i];
		bool goes_on = link->used && now_us() < link->cut_us;

		if (!link->used)
			continue;
		for (int k = 0; k < 2; k++) {
			short got = slots[2 + 2 * i + (size_t)k].revents;

			if (got != 0 && !link_read(link, k))
				goes_on = false;
			if (!link_write(proxy, link, k))
				goes_on = false;
		}
		if (!goes_on)
			link_close(proxy, link);
	}
}

/* Until the input ends. */
static void
proxy_run(struct proxy *proxy)
{
	for (;;) {
		struct pollfd slots[SLOTS];

		for (size_t i = 0; i < SLOTS; i++)
			slots[i] = (struct pollfd){.fd = -1, .events = POLLIN};
		slots[0].fd = STDIN_FILENO;
		slots[1].fd = proxy->listener;
		for (size_t i = 0; i < LINKS; i++)
			for (size_t k = 0; k < 2; k++) {
				struct link *link = &proxy->links[i];

				if (link->used &&
				    link->pipe[1 - k].bytes.n < UNDER_WAY_MAX)
					slots[2 + 2 * i + k].fd = link->fd[k];
			}
		assert(poll(slots, SLOTS, wait_ms(proxy)) >= 0);
		if (slots[0].revents != 0)
			return;
		proxy_turn(proxy, slots);
		if (slots[1].revents != 0)
			link_open(proxy);
	}
}

int
main(int argc, char **argv)
{
	static struct proxy proxy;
	struct sockaddr_in here = {.sin_family = AF_INET};
	socklen_t n = sizeof(here);

	if (argc != 6) {
		(void)fprintf(stderr,
		    "usage: proxy PORT DELAY_MS RATE_BYTES_S CUT_MS SEED\n");
		return 2;
	}
	(void)signal(SIGPIPE, SIG_IGN);
	proxy.to = (struct sockaddr_in){.sin_family = AF_INET,
	    .sin_port = htons((uint16_t)strtoul(argv[1], NULL, 10)),
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	proxy.shape.delay_ms = strtoull(argv[2], NULL, 10);
	proxy.shape.rate_bytes_s = strtoull(argv[3], NULL, 10);
	proxy.cut_ms = strtoull(argv[4], NULL, 10);
	proxy.prng.seed = strtoull(argv[5], NULL, 10);
	here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	proxy.listener = socket(AF_INET, SOCK_STREAM, 0);
	assert(proxy.listener >= 0);
	assert(bind(proxy.listener, (struct sockaddr *)&here, n) == 0);
	assert(listen(proxy.listener, LINKS) == 0);
	assert(getsockname(proxy.listener, (struct sockaddr *)&here, &n) == 0);
	(void)printf("listening at 127.0.0.1:%d;\n", ntohs(here.sin_port));
	(void)fflush(stdout);
	proxy_run(&proxy);
	(void)printf("%u cut\n", proxy.cuts);
	return 0;
}

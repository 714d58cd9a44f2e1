/*
 * Hosts and ports as people write them, and the system's resolver.  The dialer
 * asks.  Knows nothing of connections.
 */
#include "net/place.h"

#include <stdio.h>
#include <string.h>

#include <uv.h>

#include "net/loop.h"
#include "proto/ascii.h"
#include "proto/mem.h"
#include "proto/text.h"

struct place_query {
	uv_getaddrinfo_t request;
	struct place_asker asker; /* fn NULL: forgotten */
	unsigned turn;
};

static void place_on_answer(
    uv_getaddrinfo_t *request, int status, struct addrinfo *answers);
static bool is_host(const char *host, struct bytes in);
static bool answer_text(
    const struct addrinfo *answers, unsigned turn, char *text);

enum err
place_read(const char *text, struct place *place)
{
	struct bytes all = bytes_text(text);
	struct bytes host = all;
	const char *colon = strrchr(text, ':');
	uint64_t port = PLACE_PORT;

	memset(place, 0, sizeof(*place));
	if (all.n > 0 && text[0] == '[') {
		size_t end = bytes_find(all, ']');

		if (end == all.n || (end + 1 < all.n && text[end + 1] != ':'))
			return err_set(ERR_USAGE,
			    "'%s' is no HOST:PORT: '[' without ']'", text);
		host = bytes_slice(all, 1, end - 1);
		colon = end + 1 < all.n ? text + end + 1 : NULL;
	} else if (colon != NULL && strchr(text, ':') != colon) {
		colon = NULL; /* an IPv6 address alone */
	} else if (colon != NULL) {
		host = bytes_first(all, (size_t)(colon - text));
	}
	if (colon != NULL &&
	    (ascii_from_decimal(bytes_text(colon + 1), &port) != ERR_OK ||
		port > UINT16_MAX))
		return err_set(ERR_USAGE,
		    "'%s' is no HOST:PORT: a port is a number up to 65535",
		    text);
	if (host.n > 0 && host.n < sizeof(place->host))
		bytes_copy(place->host, host);
	if (!is_host(place->host, host))
		return err_set(
		    ERR_USAGE, "'%s' is no HOST:PORT: the host", text);
	place->port = (uint16_t)port;
	return ERR_OK;
}

/* What stands in lines and goes to the resolver.  A colon is in numbers of IPv6
 * alone, else nobody could tell where the port begins. */
static bool
is_host(const char *host, struct bytes in)
{
	struct sockaddr_in6 v6;

	if (host[0] == '\0' || !text_is_plain(in) ||
	    strpbrk(host, " []") != NULL)
		return false;
	return strchr(host, ':') == NULL || uv_ip6_addr(host, 0, &v6) == 0;
}

void
place_text(const struct place *place, struct buf *text)
{
	buf_add_format(text,
	    strchr(place->host, ':') != NULL ? "[%s]:%u" : "%s:%u", place->host,
	    place->port);
}

bool
place_is_number(const struct place *place)
{
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;

	return uv_ip4_addr(place->host, place->port, &v4) == 0 ||
	       uv_ip6_addr(place->host, place->port, &v6) == 0;
}

enum err
place_find(struct loop *loop, const struct place *place, unsigned turn,
    const struct place_asker *asker, struct place_query **query)
{
	struct place_query *q = mem_zeros(1, sizeof(*q));
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
	int status;

	q->asker = *asker;
	q->turn = turn;
	q->request.data = q;
	status = uv_getaddrinfo(loop_uv(loop), &q->request, place_on_answer,
	    place->host, NULL, &hints);
	if (status != 0) {
		mem_free(q);
		return err_set(
		    ERR_IO, "find %s: %s", place->host, uv_strerror(status));
	}
	*query = q;
	return ERR_OK;
}

static void
place_on_answer(uv_getaddrinfo_t *request, int status, struct addrinfo *answers)
{
	struct place_query *q = request->data;
	struct place_asker asker = q->asker;
	char address[PLACE_ADDRESS_SIZE] = "";
	bool found = status == 0 && answer_text(answers, q->turn, address);
	enum err e = ERR_OK;

	uv_freeaddrinfo(answers);
	mem_free(q);
	if (asker.fn == NULL)
		return;
	if (!found)
		e = err_set(ERR_NOT_FOUND, "no address is known: %s",
		    status != 0 ? uv_strerror(status) : "no answer");
	asker.fn(asker.arg, e, found ? address : NULL);
}

static bool
answer_text(const struct addrinfo *answers, unsigned turn, char *text)
{
	const struct addrinfo *answer = answers;
	unsigned n = 0;

	for (; answer != NULL; answer = answer->ai_next)
		n++;
	if (n == 0)
		return false;
	answer = answers;
	for (turn %= n; turn > 0; turn--)
		answer = answer->ai_next;
	return uv_ip_name(answer->ai_addr, text, PLACE_ADDRESS_SIZE) == 0;
}

void
place_forget(struct place_query *query)
{
	if (query == NULL)
		return;
	/* The request itself ends in its own time, unheard. */
	query->asker.fn = NULL;
	(void)uv_cancel((uv_req_t *)&query->request);
}

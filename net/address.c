/*
 * IP addresses as numbers, for net/stream.c.  Asks no resolver: net/place.c
 * does.
 */
#include "net/address.h"

#include <stdio.h>

#include <uv.h>

enum err
address_parse(const char *text, uint16_t port, struct address *address)
{
	if (uv_ip4_addr(text, port, &address->as.v4) == 0 ||
	    uv_ip6_addr(text, port, &address->as.v6) == 0)
		return ERR_OK;
	return err_set(ERR_USAGE, "'%s' is no IP address", text);
}

/* The port stands at the same place in both families. */
void
address_text(const struct address *address, char text[ADDRESS_TEXT_SIZE])
{
	char name[INET6_ADDRSTRLEN] = "?";
	bool v6 = address->as.any.sa_family == AF_INET6;

	if (v6)
		(void)uv_ip6_name(&address->as.v6, name, sizeof(name));
	else
		(void)uv_ip4_name(&address->as.v4, name, sizeof(name));
	(void)snprintf(text, ADDRESS_TEXT_SIZE, v6 ? "[%s]:%u" : "%s:%u", name,
	    ntohs(address->as.v4.sin_port));
}

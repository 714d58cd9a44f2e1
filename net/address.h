#ifndef GOLMOK_NET_ADDRESS_H
#define GOLMOK_NET_ADDRESS_H

#include <netinet/in.h>
#include <sys/socket.h>

#include "proto/err.h"

/* An IP address with a port, as the system has it. */
struct address {
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
		struct sockaddr_storage room;
	} as;
};

enum { ADDRESS_TEXT_SIZE = 64 };

/* Reads `text`, numbers of either family.  ERR_USAGE when it is none. */
enum err address_parse(
    const char *text, uint16_t port, struct address *address) MUST_USE;
/* "192.0.2.1:4242" or "[2001:db8::1]:4242", for people. */
void address_text(const struct address *address, char text[ADDRESS_TEXT_SIZE]);

#endif

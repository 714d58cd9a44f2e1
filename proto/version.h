#ifndef GOLMOK_PROTO_VERSION_H
#define GOLMOK_PROTO_VERSION_H

/* The program and its version, as `golmok --version` says it. */
static const char version_text[] = "golmok 0.1";

#endif

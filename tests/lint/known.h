#ifndef GOLMOK_TESTS_LINT_KNOWN_H
#define GOLMOK_TESTS_LINT_KNOWN_H

#include "proto/err.h"

/*
 * What analysers cannot see, since they look at one file at a time: what these
 * return is what they were given, so ERR_OK is not among it.  Included before
 * each file but proto/err.c, by tests/lint/lint.t alone.
 */
#define err_set(code, ...) ((void)err_set(code, __VA_ARGS__), (code))
#define err_wrap(code, ...) ((void)err_wrap(code, __VA_ARGS__), (code))

#endif

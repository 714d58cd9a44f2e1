#ifndef GOLMOK_CORE_AUTHORITY_RESULT_H
#define GOLMOK_CORE_AUTHORITY_RESULT_H

#include "core/authority_settle.h"

/* Writes down what was settled: members, grants, revocations, outsiders. */
void authority_result_write(const struct authority_settling *settling);

#endif

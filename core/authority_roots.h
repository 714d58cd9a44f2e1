#ifndef GOLMOK_CORE_AUTHORITY_ROOTS_H
#define GOLMOK_CORE_AUTHORITY_ROOTS_H

#include "core/authority_settle.h"

/*
 * The root keys of a city: that of the founding record, and those that rotation
 * records lead to.
 */

/* Finds them, by the rotation records alone, and seats the tips of their logs.
 */
void authority_roots_find(struct authority_settling *settling);

#endif

#ifndef GOLMOK_TESTS_SIM_DEED_PACK_H
#define GOLMOK_TESTS_SIM_DEED_PACK_H

#include "proto/bytes.h"

/*
 * The pack of the outreach centres for the simulator: all collections lie in
 * the one class of spaces that it has, and beside them the cards of
 * tests/sim/act.c.  Lists and reports, which nobody here reads, are left out.
 * Of its two versions the second finds less fast and counts under other names.
 */
enum { DEED_PACK_FIRST = 4, DEED_PACK_LAST = 5 };

/* The text of `version`, kept to the end. */
struct bytes deed_pack(unsigned version);

#endif

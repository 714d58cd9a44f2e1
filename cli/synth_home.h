#ifndef GOLMOK_CLI_SYNTH_HOME_H
#define GOLMOK_CLI_SYNTH_HOME_H

#include "cli/synth_plan.h"

/* Households and who lives in them, each a function of its number. */
enum synth_home_kind {
	SYNTH_HOME_65,	 /* somebody turns 65 in the year, */
	SYNTH_HOME_70,	 /* or 70; */
	SYNTH_HOME_BORN, /* a child was born */
	SYNTH_HOME_POOR,
	SYNTH_HOME_CRISIS,
	SYNTH_HOME_ALONE, /* of middle age */
	SYNTH_HOME_ANY,
};

enum { SYNTH_TEXT_SIZE = 160 };

struct synth_home {
	const struct synth_plan *plan; /* of its year; borrowed */
	uint32_t n;
	struct record_id id;
	int64_t at; /* when it was entered */
	enum synth_home_kind kind;
	uint32_t persons_n;
	bool pair; /* nobody goes there alone */
};

/* What people typed of a household. */
struct synth_home_words {
	char name[SYNTH_TEXT_SIZE]; /* of the head */
	char phone[SYNTH_TEXT_SIZE];
	char address[SYNTH_TEXT_SIZE];
	int64_t birth_day;
};

/* Household `n` of the year of `plan`. */
void synth_home_get(
    const struct synth_plan *plan, uint32_t n, struct synth_home *home);
/* A household that was entered by `at`, of `kind` if there is one: of the year
 * of `plan`, or at times of the year before, but who turns 65 or 70 or is born
 * does so in this one. */
void synth_home_pick(const struct synth_plan *plan, struct synth_prng *prng,
    int64_t at, enum synth_home_kind kind, struct synth_home *home);
/* The id of person `k` of `home`, below home->persons_n; 0 is the head. */
struct record_id synth_home_person(const struct synth_home *home, uint32_t k);
void synth_home_words(
    const struct synth_home *home, struct synth_home_words *words);
/* A name that nobody has. */
void synth_home_name(struct synth_prng *prng, char name[SYNTH_TEXT_SIZE]);
/* A number that nobody has. */
void synth_home_phone(struct synth_prng *prng, char phone[SYNTH_TEXT_SIZE]);

/* Writes all households, persons and consents of the year, and what is noted of
 * them on the phone. */
void synth_home_rows(const struct synth_plan *plan);
/* Writes only the households and persons, as they were entered. */
void synth_home_stock(const struct synth_plan *plan);

#endif

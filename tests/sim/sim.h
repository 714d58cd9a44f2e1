#ifndef GOLMOK_TESTS_SIM_SIM_H
#define GOLMOK_TESTS_SIM_SIM_H

#include <stdio.h>

#include "core/founder.h"
#include "core/store.h"
#include "net/peer/session.h"
#include "proto/buf.h"
#include "tests/lib/prng.h"
#include "tests/lib/tempdir.h"
#include "tests/sim/model.h"
#include "tests/sim/plan.h"

/*
 * A whole city in one process and one thread: full stores on a real disk,
 * sessions over wires that lose and delay, crashes, restores and clones, all
 * drawn from one seed.  What the files of the simulator share.
 */
enum {
	SIM_NODES_MIN = 5,
	SIM_SMALL_MAX = 10,  /* with more it is a large city (large.h) */
	SIM_JUDGED_MAX = 64, /* with more it is not judged a second time */
	SIM_NODES_MAX = 424,
	SIM_CLONES_MAX = 2,
	SIM_KEYS_MAX = 2, /* persons who get a new key */
	SIM_OLD_ROOTS_MAX = 64,
	SIM_STORES_JUDGED = SIM_JUDGED_MAX + SIM_CLONES_MAX + SIM_KEYS_MAX,
	SIM_STORES_MAX = SIM_NODES_MAX + SIM_CLONES_MAX,
	SIM_WIRES_MAX = 16,
	SIM_STICKS_MAX = 8,
	SIM_TOKENS = 8,
	SIM_SEEDS_MAX = 1000 * 1000, /* in one process */
	SIM_PATH_SIZE = 2 * TEMPDIR_PATH_SIZE,
};

/* What every clock shows at first. */
#define SIM_BEGIN_MS UINT64_C(1700000000000)

enum sim_role {
	ROLE_FOUNDER,
	ROLE_CITY, /* of a large city: the aggregator of all districts */
	ROLE_DISTRICT,
	ROLE_CENTRE,
	ROLE_AUDITOR
};

struct sim;

/* What was shown to somebody at some time. */
struct sim_token {
	bool used;
	bool pending; /* of a transaction that has not ended */
	size_t space;
	struct record_id record;
	struct buf text; /* owned */
};

/* A copy of a node's data file. */
struct sim_snapshot {
	bool taken;
	char path[SIM_PATH_SIZE];
	struct model_held held; /* owned: what the store held then */
};

/* What the facts that a store holds give somebody in a space. */
struct sim_given {
	unsigned bits;	  /* enum right */
	unsigned classes; /* that it reads */
	bool member;	  /* some fact that names it counts */
	bool compromised; /* and it has no grant left */
};

/* What a node sent to a peer on one day, for a budget. */
struct sim_spent {
	uint64_t day;
	uint64_t bytes;
	uint64_t excused; /* of them: a crash took the count along */
};

struct sim_node {
	struct sim *sim;
	size_t number;
	size_t person; /* whose keys it has: its own number, or the original */
	size_t above;  /* with whom it has a line, where not all have: a person
			*/
	enum sim_role role;
	size_t centre; /* ROLE_CENTRE: counted from 0 */
	char dir[SIM_PATH_SIZE];
	struct host host;
	struct prng prng;    /* of this turn */
	struct store *store; /* owned; NULL while it is down */
	struct sign_key key;
	int64_t clock_ms; /* how far the wall's clock is off */
	bool clock_dead;  /* it shows 1970 */
	unsigned pack; /* the version that its program has; 0: none in force */
	bool is_full;  /* its disk, until somebody makes room */
	unsigned side; /* of the partition */
	uint64_t looked_txn; /* the transaction that was checked last */
	/* That was committed when `facts` were its own, among so many nodes;
	 * UINT64_MAX: none. */
	uint64_t judged_txn;
	size_t judged_n;
	struct hash facts; /* that `given` was made from */
	/* Of now, and of before the facts changed last: by person and space
	 * (sim_given), of sim->verdicts; unused where the plan says it. */
	const struct sim_given *given[2];
	/* Bits of spaces of which it took something while its facts let it,
	 * since it was looked at last: others may have come behind. */
	uint64_t took;
	struct sim_spent spent[SIM_STORES_JUDGED]; /* by person */
	struct model_held held; /* owned: what the store must hold */
	/* Owned: 1 for a log of its own that it got back some of. */
	struct model_held lost;
	bool takes;  /* what it commits comes from peers */
	bool unseen; /* it may have committed what it never said yes to */
	struct sim_snapshot snapshot;
	struct sim_token tokens[SIM_TOKENS];
};

/* Two sessions, and what is on its way between them. */
struct sim_wire {
	bool used;
	struct sim_node *node[2];
	struct session *session[2]; /* owned */
	bool gone[2];		    /* that side has ended */
	bool well[2];		    /* and it ended as it should */
	bool agreed[2];		    /* and both had the same, it said */
	bool plain[2];		    /* the run that it sends is of facts */
	uint64_t sent[2];	    /* bytes that left that side */
	bool dead[2];		    /* and not even its system knows of it */
	size_t pace[2];		    /* bytes made and not sent, at most */
	bool twists[2];		    /* it says what it likes (twist.h) */
	size_t slow_bytes;	    /* so many at a time; 0: any */
	bool damages;		    /* the next bytes will be changed */
	bool damaged;		    /* bytes were changed on the way */
	bool hurt[2];		    /* on the way to that side, */
	size_t hurt_at[2];	    /* behind so many more, */
	size_t hurt_fed[2];	    /* and so many of them arrived */
	struct buf pipe[2];	    /* owned: from that side to the other */
};

/* Which kinds of trouble this seed has, and how much (enum swarm_rate). */
struct sim_swarm {
	unsigned crash;
	unsigned restore;
	unsigned clone;
	unsigned clocks;
	unsigned partition;
	unsigned damage;
	unsigned disk;
	unsigned forge;
	unsigned rebuild;
	unsigned late;
	unsigned layers;   /* the district admits, below the founder */
	unsigned revoke;   /* rights are taken back, and given again */
	unsigned decide;   /* people adopt and void */
	unsigned rotate;   /* the next root key takes the place of the root key
			    */
	unsigned rollback; /* whole machines go back, so that logs fork */
	unsigned relay;	   /* only some have lines to each other */
	unsigned sticks;   /* bundles are carried about */
	unsigned packing;  /* old deltas go into blocks */
	unsigned budget;   /* some peers get few bytes a day */
	unsigned grow;	   /* somebody may read more than before */
	unsigned full;	   /* disks are full for a while */
	unsigned slow;	   /* some lines carry little at a time */
	unsigned twice;	   /* a new line beside one that died at one end */
	unsigned twist;	   /* sessions of a changed program (twist.h) */
	unsigned upgrade;  /* programs with another pack */
	unsigned tight;	   /* sessions take and make little at a time */
	unsigned city;	   /* rows of the invented city, and its pack */
};

struct sim_count {
	uint64_t writes;
	uint64_t deeds; /* rows of the invented city */
	uint64_t forged;
	uint64_t lies;
	uint64_t revocations;
	uint64_t decisions;
	uint64_t rekeys;
	uint64_t rotations;
	uint64_t splits; /* of the founder, whose copy rotates too */
	uint64_t commits;
	uint64_t wires;
	uint64_t lost;		      /* wires that broke */
	uint64_t halves;	      /* ... at one end only */
	uint64_t overtaken;	      /* ... while there was another one */
	uint64_t slow;		      /* wires with little room */
	uint64_t flipped;	      /* wires that changed a bit, */
	uint64_t doubled;	      /* carried some bytes twice, */
	uint64_t missing;	      /* not at all */
	uint64_t swapped;	      /* or in another order */
	uint64_t noticed;	      /* sessions that ended because of it */
	uint64_t twisted;	      /* messages that no honest session says */
	uint64_t ended[ERR_PART + 1]; /* sessions, by why */
	uint64_t crashes;
	uint64_t cut_answers; /* ... after a commit, before the answer */
	uint64_t unknown;     /* ... in a commit, which may have happened */
	uint64_t restores;
	uint64_t clones;
	uint64_t rollbacks;
	uint64_t forks;
	uint64_t faults;  /* commits that failed */
	uint64_t full;	  /* disks that were full for a while */
	uint64_t refused; /* commits on them */
	uint64_t partitions;
	uint64_t forbidden; /* writes, by a pack */
	uint64_t upgrades;  /* programs with another pack */
	uint64_t published; /* versions of it */
	uint64_t torn;	    /* bundles that were damaged */
	uint64_t jumps;
	uint64_t rebuilds;
	uint64_t rounds; /* of meetings until all agreed */
	uint64_t conflicts;
	uint64_t outside; /* changes seen that do not count */
	uint64_t said;	  /* of logs in data spaces, looked at on the way */
	uint64_t adopted; /* ... that count because somebody said so */
	uint64_t accords; /* sessions after which both had the same */
	uint64_t exports;
	uint64_t imports;
	uint64_t whole;	  /* imports after which nothing was missing */
	uint64_t answers; /* acknowledgements that went into a file */
	uint64_t packed;  /* deltas */
	uint64_t grown;
	uint64_t late; /* admissions in the middle of it */
	uint64_t days;
	uint64_t held; /* sessions that ended with a budget used up */
};

struct sim_stick; /* tests/sim/stick.h */

/* What some facts give everybody everywhere. */
struct sim_verdict {
	struct hash facts;
	struct sim_given *given; /* owned */
};

struct sim {
	const struct plan *plan;
	struct tempdir dir;
	struct prng prng; /* of this turn */
	struct squeeze squeeze;
	uint64_t step;
	uint64_t turn;	 /* the step, or PLAN_HEAL */
	uint64_t now_ms; /* monotonic */
	uint64_t hash;	 /* of all that happened */
	struct city_id city;
	struct sim_node nodes[SIM_STORES_MAX];
	size_t n;
	struct sim_verdict *verdicts; /* owned, and many nodes share them */
	size_t verdicts_n;
	size_t verdicts_room;
	size_t clones;
	size_t rekeys;
	bool admitted[SIM_STORES_MAX];
	bool rolled[SIM_STORES_MAX];   /* a whole machine went back once */
	bool restored[SIM_STORES_MAX]; /* any of its stores was, or copied */
	struct sim_wire wires[SIM_WIRES_MAX];
	struct sim_stick *sticks; /* owned: SIM_STICKS_MAX of them */
	uint64_t sticks_made;
	struct sim_swarm swarm;
	struct sim_count count;
	struct model model;
	struct space spaces[SIM_NODES_MAX];
	size_t deeds[SIM_NODES_MAX]; /* how far each is in the rows */
	size_t spaces_n;
	/* Records that were ever made, and where. */
	struct sim_record {
		size_t space;
		struct record_id id;
	} * records; /* owned */
	size_t records_n;
	size_t records_room;
	size_t twister; /* the person whose program was changed; 0: nobody */
	/* Root keys that were replaced, the last of them, which are stolen. */
	struct sign_seed old_roots[SIM_OLD_ROOTS_MAX];
	size_t old_roots_n;
	bool merciful; /* something was adopted: it may have been a lie */
	bool fooled;   /* a lie holds for who has not heard all yet */
	bool agreed;   /* all have heard all */
	/* How the session that ended last went, by side. */
	struct session_status last[2];
	bool healing; /* no more trouble: everybody must agree soon */
};

/* What `node` knows that `person` may have of `space`: now, or, with `before`,
 * before its facts changed last. */
const struct sim_given *sim_given(
    const struct sim_node *node, bool before, size_t person, size_t space);
/* Is there a line between them? */
bool sim_is_linked(const struct sim_node *a, const struct sim_node *b);
/* Is it a large city? */
bool sim_is_large(const struct sim *sim);
/* Are rights worked out a second time?  Else the plan says who may what. */
bool sim_is_judged(const struct sim *sim);
/* A number below `n`; true once in `n`. */
uint64_t sim_below(struct sim *sim, uint64_t n);
bool sim_once_in(struct sim *sim, uint64_t n);
/* `step` begins, or PLAN_HEAL: from now on its own numbers are drawn. */
void sim_turn(struct sim *sim, uint64_t step);
/* Something happened: it becomes part of the trace's hash. */
void sim_note(struct sim *sim, const char *what, uint64_t a, uint64_t b);
/* An invariant does not hold: says so and how to see it again, and ends the
 * program. */
void sim_fail(struct sim *sim, const char *format, ...) PRINTF(2, 3) NO_RETURN;
/* As sim_fail unless `e` is ERR_OK; `doing` says what. */
void sim_must(struct sim *sim, enum err e, const char *doing);

#endif

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

/*
 * A whole city in one process and one thread: full stores on a real disk,
 * sessions over wires that lose and delay, crashes, restores and clones, all
 * drawn from one seed.  What the files of the simulator share.
 */
enum {
	SIM_NODES_MIN = 5,
	SIM_NODES_MAX = 10,
	SIM_CLONES_MAX = 2,
	SIM_KEYS_MAX = 2, /* persons who get a new key */
	SIM_STORES_MAX = SIM_NODES_MAX + SIM_CLONES_MAX + SIM_KEYS_MAX,
	SIM_WIRES_MAX = 16,
	SIM_TOKENS = 8,
	SIM_PATH_SIZE = 2 * TEMPDIR_PATH_SIZE,
};

enum sim_role { ROLE_FOUNDER, ROLE_DISTRICT, ROLE_CENTRE, ROLE_AUDITOR };

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

struct sim_node {
	struct sim *sim;
	size_t number;
	size_t person; /* whose keys it has: its own number, or the original */
	enum sim_role role;
	size_t centre; /* ROLE_CENTRE: counted from 0 */
	char dir[SIM_PATH_SIZE];
	struct host host;
	struct prng prng;
	struct store *store; /* owned; NULL while it is down */
	struct sign_key key;
	int64_t clock_ms;    /* how far the wall's clock is off */
	bool clock_dead;     /* it shows 1970 */
	unsigned side;	     /* of the partition */
	uint64_t looked_txn; /* the transaction that was checked last */
	struct hash facts;   /* that `given` was made from */
	/* Of now, and of before the facts changed last; by person, space. */
	struct sim_given given[2][SIM_STORES_MAX][SIM_NODES_MAX];
	struct model_held held; /* owned: what the store must hold */
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
	bool damages;		    /* the next bytes will be changed */
	bool damaged;		    /* bytes were changed on the way */
	struct buf pipe[2];	    /* owned: from that side to the other */
};

/* Which kinds of trouble this seed has. */
struct sim_swarm {
	bool crash;
	bool restore;
	bool clone;
	bool clocks;
	bool partition;
	bool damage;
	bool disk;
	bool forge;
	bool rebuild;
	bool late;
	bool layers;   /* the district admits, below the founder */
	bool revoke;   /* rights are taken back, and given again */
	bool decide;   /* people adopt and void */
	bool rotate;   /* the next root key takes the place of the root key */
	bool rollback; /* whole machines go back, so that logs fork */
};

struct sim_count {
	uint64_t writes;
	uint64_t forged;
	uint64_t lies;
	uint64_t revocations;
	uint64_t decisions;
	uint64_t rekeys;
	uint64_t rotations;
	uint64_t commits;
	uint64_t wires;
	uint64_t lost;	  /* wires that broke */
	uint64_t damaged; /* wires that changed a byte */
	uint64_t crashes;
	uint64_t restores;
	uint64_t clones;
	uint64_t rollbacks;
	uint64_t forks;
	uint64_t faults; /* commits that failed */
	uint64_t jumps;
	uint64_t rebuilds;
	uint64_t rounds; /* of meetings until all agreed */
	uint64_t conflicts;
	uint64_t outside; /* changes seen that do not count */
	uint64_t said;	  /* of logs in data spaces, looked at on the way */
	uint64_t adopted; /* ... that count because somebody said so */
};

struct sim {
	uint64_t seed;
	size_t nodes_wanted;
	uint64_t steps;
	const char *rule; /* that is broken; NULL: none */
	bool trace;
	struct tempdir dir;
	struct prng prng;
	struct squeeze squeeze;
	uint64_t step;
	uint64_t now_ms; /* monotonic */
	uint64_t hash;	 /* of all that happened */
	struct city_id city;
	struct sim_node nodes[SIM_STORES_MAX];
	size_t n;
	size_t clones;
	size_t rekeys;
	bool admitted[SIM_STORES_MAX];
	bool rolled[SIM_STORES_MAX]; /* a whole machine went back once */
	struct sim_wire wires[SIM_WIRES_MAX];
	struct sim_swarm swarm;
	struct sim_count count;
	struct model model;
	struct space spaces[SIM_NODES_MAX];
	size_t spaces_n;
	/* Records that were ever made, and where. */
	struct sim_record {
		size_t space;
		struct record_id id;
	} * records; /* owned */
	size_t records_n;
	size_t records_room;
	bool stolen; /* a root key that was replaced since: */
	struct sign_seed old_root;
	bool merciful; /* something was adopted: it may have been a lie */
	bool fooled;   /* a lie holds for who has not heard all yet */
	bool agreed;   /* all have heard all */
	bool healing;  /* no more trouble: everybody must agree soon */
};

/* A number below `n`; true once in `n`. */
uint64_t sim_below(struct sim *sim, uint64_t n);
bool sim_once_in(struct sim *sim, uint64_t n);
/* Something happened: it becomes part of the trace's hash. */
void sim_note(struct sim *sim, const char *what, uint64_t a, uint64_t b);
/* An invariant does not hold: says so and how to see it again, and ends the
 * program. */
void sim_fail(struct sim *sim, const char *format, ...) PRINTF(2, 3) NO_RETURN;
/* As sim_fail unless `e` is ERR_OK; `doing` says what. */
void sim_must(struct sim *sim, enum err e, const char *doing);

#endif

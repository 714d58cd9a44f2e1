#ifndef GOLMOK_TESTS_LIB_PLANT_H
#define GOLMOK_TESTS_LIB_PLANT_H

#include "tests/lib/town.h"

/*
 * A place where one job is done again and again under faults, each time from
 * the same beginning: a town whose directories are put back, byte by byte and
 * inode by inode.  What fails in making, putting back and checking fails the
 * test; the jobs (struct job) fail nothing.
 */
enum { PLANT_FILES_MAX = 64, PLANT_IDS_MAX = 32 };

/* What lies in the town's directories at the beginning. */
struct plant_file {
	char path[3 * TEMPDIR_PATH_SIZE];
	struct buf content; /* owned; of the ballast only the size counts */
	uint64_t size;
};

/* What a job said while it ran; in memory that children share. */
struct plant_said {
	size_t steps; /* that said yes */
	struct record_id ids[PLANT_IDS_MAX];
	unsigned news;	/* a bit for each store_news that was heard */
	bool lied;	/* a yes that was none */
	unsigned calls; /* that a child counted */
	/* What the step that is no yes said. */
	struct fault fault;
};

struct plant {
	struct town town;
	struct plant_said *said; /* owned; shared with children */
	struct prng prng;	 /* of the town at the beginning */
	struct plant_file files[PLANT_FILES_MAX];
	size_t files_n;
	/* For jobs to use as they like; set up by `prepare`. */
	struct record_id id;
	struct ref ref;
	struct buf wanted; /* owned */
	struct buf found;  /* owned */
	struct buf parcel; /* owned */
	uint64_t number;
	const char
	    *medium; /* borrowed: where sticks are; NULL: with all else */
	bool again;  /* after the fault: what was done before is no failure */
	bool stuck;  /* until then nothing can be taken away again either */
};

/* Something that nodes do, in steps each of which is acknowledged or not. */
struct job {
	const char *name;
	size_t steps;
	/* Brings about what the job finds, in stores that are open. */
	void (*prepare)(struct plant *plant);
	/* Step `i`, from 0; only ERR_OK is a yes.  It gives back what it took,
	 * whatever happens. */
	enum err (*step)(struct plant *plant, size_t i);
	/* What the first `steps` steps did is there (asserted). */
	void (*holds)(struct plant *plant, size_t steps);
	/* `holds` writes, too. */
	bool holds_by_writing;
	/* Before anything else is done after a failure; or NULL. */
	void (*mend)(struct plant *plant);
	bool closed; /* stores are closed at its beginning */
	bool renews; /* it may notice that a store was restored or copied */
	bool forks;  /* it has logs with branches */
	bool costly; /* its steps take long: fewer of them are tried */
};

/* A town of a founder (0) and two members, who hold some records of each
 * other; then what `job` prepares.  Remembers that beginning. */
void plant_init(struct plant *plant, const struct job *job, uint64_t seed);
void plant_fini(struct plant *plant);
/* Puts everything back. */
void plant_reset(struct plant *plant, const struct job *job);
/* Goes on with `job` behind the last step that said yes, until one fails. */
enum err plant_run(struct plant *plant, const struct job *job) MUST_USE;
/* What was said yes to is there, in stores that are whole. */
void plant_assert(struct plant *plant, const struct job *job);
/* Derived tables of all stores are what a rebuild gives. */
void plant_assert_rebuilt(struct plant *plant);

/* Opens or closes all stores; opening fails the test. */
void plant_open(struct plant *plant);
void plant_close(struct plant *plant);
/* All records of node `i` as text.  ERR_OK only when it is all. */
enum err plant_text(struct plant *plant, size_t i, struct buf *text) MUST_USE;
/* One transaction that creates a record in `space`, named `name`. */
enum err plant_create(struct plant *plant, size_t i, const char *space,
    const char *name, struct record_id *id) MUST_USE;
/* Commits the open transaction of `store` if `e` says so, else aborts it. */
enum err plant_end(struct store *store, enum err e) MUST_USE;

#endif

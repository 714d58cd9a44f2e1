#ifndef GOLMOK_CORE_REPORT_H
#define GOLMOK_CORE_REPORT_H

#include "core/figure.h"

/*
 * A report of the pack: its tables, worked out from what is held here, with
 * all that says how far it can be trusted: which logs it was made of, of which
 * units the newest word is old, which figures could not be worked out, and what
 * others have published.
 */
struct report_ask {
	const struct pack_report *report; /* of the pack in force */
	struct space prefix; /* "", "d03", "d03/c017": what it is about */
	struct period period;
	int64_t now_seconds;
};

struct report_row {
	struct bytes key; /* of a unit, a period or a value of the group */
	const struct figure_number *cells; /* one for each column */
};

/* How far a column is what it seems. */
struct report_column {
	unsigned missing; /* data classes (bits) that are not wholly here */
	uint64_t missing_logs;
	uint64_t left_out;
	uint64_t cut;  /* as struct figure_parts has it */
	bool is_timed; /* it depends on the period that was asked for */
};

struct report_table {
	const struct pack_table *table;
	const struct report_row *rows;
	size_t rows_n;
	const struct figure_number *total; /* of each column */
	/* Of rows that are periods: the last over the first, with one digit
	 * behind the point. */
	const struct figure_number *change;
	const struct report_column *columns;
};

/* One log that a report was made of. */
struct report_log {
	const struct log *log; /* lives until the transaction ends */
};

/* What is held of one unit, the prefix of some spaces. */
struct report_unit {
	struct bytes prefix;
	size_t logs_n;	     /* 0: the pack's units have it, and no more */
	struct stamp newest; /* of all deltas held of it */
};

/* A published value of a figure. */
struct report_said {
	const struct pack_figure *figure;
	struct record_id id; /* of the record that says so */
	struct bytes period; /* as published; may be empty */
	struct bytes unit;   /* prefix of the unit; empty: all */
	int64_t value;	     /* times 10^scale */
	unsigned scale;
	struct bytes source;
	struct figure_number computed; /* times 10^scale */
	/* It is not what is worked out here, or another says otherwise of the
	 * same unit and period. */
	bool differs;
};

struct report {
	const struct report_table *tables; /* report->tables_n */
	const struct report_log *logs;	   /* by space, then id */
	size_t logs_n;
	struct hash frontier; /* SHA-256 over their ids, sizes and roots */
	/* By prefix: all that the logs are of, and those that the pack's units
	 * say are there today and of which nothing is held. */
	const struct report_unit *units;
	size_t units_n;
	const struct report_said *said;
	size_t said_n;
};

/* Works out `ask` into `report`, all of which lives in `arena` and until the
 * transaction ends.  Errors as figure_collect. */
enum err report_make(struct txn *txn, const struct report_ask *ask,
    struct arena *arena, struct report *report) MUST_USE;
/* What people call the value `key` of a group or period in the rows of `table`:
 * the Korean word of a code, the title of a record, or itself; in `arena`. */
enum err report_label(struct txn *txn, const struct pack_table *table,
    struct bytes key, struct arena *arena, struct bytes *label) MUST_USE;

#endif

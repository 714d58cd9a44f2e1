/*
 * The benchmark: `make bench` runs all rows, ROW=name one of them.  The figures
 * of docs/benchmarks.md come from here.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/crypto.h"
#include "tests/bench/city.h"
#include "tests/bench/centre.h"
#include "tests/bench/live.h"
#include "tests/bench/look.h"
#include "tests/bench/prices.h"
#include "tests/bench/put.h"
#include "tests/bench/scale.h"
#include "tests/bench/site.h"
#include "tests/bench/take.h"
#include "tests/bench/trip.h"
#include "tests/bench/views.h"
#include "tests/bench/weigh.h"

/* Is the row `name` asked for? */
static bool
wants(int argc, char **argv, const char *name)
{
	for (int i = 1; i < argc; i++)
		if (strcmp(argv[i], name) == 0)
			return true;
	return argc < 2;
}

int
main(int argc, char **argv)
{
	const char *text = getenv("FULL");
	bool full = text != NULL && strcmp(text, "1") == 0;

	site_must(crypto_start());
	/* First, before this process has memory of its own. */
	if (wants(argc, argv, "memory"))
		weigh_memory(100 * 1000);
	if (wants(argc, argv, "memory") && full)
		weigh_memory(1000 * 1000);
	if (wants(argc, argv, "disk"))
		weigh_disk();
	if (wants(argc, argv, "write"))
		put_rows();
	if (wants(argc, argv, "read"))
		look_rows();
	if (wants(argc, argv, "merge"))
		take_row(full);
	if (wants(argc, argv, "trip"))
		trip_row();
	if (wants(argc, argv, "scale"))
		scale_row(full ? 10 * 1000 * 1000 : 100 * 1000);
	if (wants(argc, argv, "each"))
		take_row_each();
	if (wants(argc, argv, "views"))
		views_row();
	if (wants(argc, argv, "city"))
		city_row(full);
	if (wants(argc, argv, "prices"))
		prices_row();
	if (wants(argc, argv, "centre"))
		centre_row();
	if (wants(argc, argv, "live"))
		live_row();
	return 0;
}

/*
 * Finds the name that a mistyped word was meant to be.  cli/args.c asks it for
 * commands and options.  Words of any length are fine; long ones have no
 * likeness.
 */
#include "cli/similar.h"

#include <string.h>

enum { SIMILAR_SIZE_MAX = 40 };

struct similar
similar_to(struct bytes word)
{
	return (struct similar){.word = word};
}

static size_t
smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* The optimal string alignment distance of `a` and `b`, row by row; only the
 * last three rows are kept. */
static size_t
distance(struct bytes a, struct bytes b)
{
	size_t rows[3][SIMILAR_SIZE_MAX + 1];

	assert(a.n <= SIMILAR_SIZE_MAX && b.n <= SIMILAR_SIZE_MAX);
	for (size_t j = 0; j <= b.n; j++)
		rows[0][j] = j;
	for (size_t i = 1; i <= a.n; i++) {
		const size_t *before = rows[(i + 1) % 3];
		const size_t *above = rows[(i - 1) % 3];
		size_t *row = rows[i % 3];

		row[0] = i;
		for (size_t j = 1; j <= b.n; j++) {
			size_t other = a.p[i - 1] != b.p[j - 1];

			row[j] = smaller(above[j] + 1, row[j - 1] + 1);
			row[j] = smaller(row[j], above[j - 1] + other);
			if (i > 1 && j > 1 && a.p[i - 1] == b.p[j - 2] &&
			    a.p[i - 2] == b.p[j - 1])
				row[j] = smaller(row[j], before[j - 2] + 1);
		}
	}
	return rows[a.n % 3][b.n];
}

void
similar_try(struct similar *similar, const char *name)
{
	struct bytes b = bytes_text(name);
	size_t allowed = similar->word.n / 3 > 0 ? similar->word.n / 3 : 1;
	size_t d;

	if (similar->word.n == 0 || similar->word.n > SIMILAR_SIZE_MAX ||
	    b.n > SIMILAR_SIZE_MAX)
		return;
	d = distance(similar->word, b);
	/* One letter for another in a name of one is no slip. */
	if (d > allowed || d >= b.n)
		return;
	if (similar->name == NULL || d < similar->distance) {
		similar->name = name;
		similar->distance = d;
	}
}

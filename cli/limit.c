/*
 * Rates and amounts of bytes as people write them.  Commands of cli/cmd_net.c
 * use it.  Units are those of who sells links: powers of
 * ten, bits for rates.
 */
#include "cli/limit.h"

#include <string.h>

#include "net/peer/budget.h"
#include "proto/ascii.h"
#include "proto/limits.h"

enum {
	/* Where one chunk with its bodies would use up a day at once. */
	BUDGET_MIN = 100 * 1000,
	DIGITS_MAX = 15, /* of which a product with any unit fits */
};
#define BUDGET_MAX (UINT64_C(1000) * 1000 * 1000 * 1000)

struct unit {
	const char *name;
	uint64_t times;
	uint64_t parts; /* units in a byte */
};

static const struct unit rate_units[] = {
    {"bps", 1, 8},
    {"kbps", 1000, 8},
    {"Mbps", 1000 * 1000, 8},
    {"B/s", 1, 1},
    {"kB/s", 1000, 1},
    {"MB/s", 1000 * 1000, 1},
};

static const struct unit byte_units[] = {
    {"B", 1, 1},
    {"kB", 1000, 1},
    {"MB", 1000 * 1000, 1},
    {"GB", 1000 * 1000 * 1000, 1},
};

/* The number in front of one of `units`; false: it is none. */
static bool
amount_read(
    const char *text, const struct unit *units, size_t n, uint64_t *bytes)
{
	size_t digits = strspn(text, "0123456789");
	uint64_t v;

	if (digits > DIGITS_MAX ||
	    ascii_from_decimal(bytes_of(text, digits), &v) != ERR_OK)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (strcmp(text + digits, units[i].name) != 0)
			continue;
		if (v > UINT64_MAX / units[i].times)
			v = UINT64_MAX / units[i].times;
		*bytes = v * units[i].times / units[i].parts;
		return true;
	}
	return false;
}

enum err
limit_rate(const char *text, uint64_t *rate_bytes)
{
	if (!amount_read(text, rate_units, COUNT_OF(rate_units), rate_bytes))
		return err_set(ERR_USAGE,
		    "--limit %s is no rate: write a whole number with bps, "
		    "kbps, Mbps, B/s, kB/s or MB/s behind it, such as 30kbps",
		    text);
	if (*rate_bytes < BUDGET_RATE_MIN)
		return err_set(ERR_USAGE,
		    "--limit %s is too little to keep a link alive: the least "
		    "is %dkbps",
		    text, BUDGET_RATE_MIN * 8 / 1000);
	if (*rate_bytes > LIMIT_RATE)
		return err_set(ERR_USAGE,
		    "--limit %s is more than can be held to: leave the option "
		    "out, or give at most %dMbps",
		    text, LIMIT_RATE / 1000 / 1000 * 8);
	return ERR_OK;
}

enum err
limit_bytes(const char *text, uint64_t *bytes)
{
	if (!amount_read(text, byte_units, COUNT_OF(byte_units), bytes))
		return err_set(ERR_USAGE,
		    "--budget %s is no amount: write a whole number with B, "
		    "kB, MB or GB behind it, such as 5MB",
		    text);
	if (*bytes < BUDGET_MIN || *bytes > BUDGET_MAX)
		return err_set(ERR_USAGE,
		    "--budget %s: it must be between %dkB and 1000GB", text,
		    BUDGET_MIN / 1000);
	return ERR_OK;
}

enum err
limit_read(const struct args *args, struct node_limits *limits)
{
	const char *rate = args_text(args, "limit", 0);
	const char *budget = args_text(args, "budget", 0);
	enum err e = ERR_OK;

	if (rate != NULL)
		e = limit_rate(rate, &limits->rate_bytes);
	if (budget != NULL && e == ERR_OK)
		e = limit_bytes(budget, &limits->day_bytes);
	return e;
}

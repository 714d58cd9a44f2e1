/*
 * The one table from outcomes to exit statuses.  cli/main.c asks it last.
 * Never gives two outcomes the same status.
 */
#include "cli/exit.h"

int
exit_status(enum err code)
{
	switch (code) {
	case ERR_OK:
		return 0;
	case ERR_IO:
		return 1;
	case ERR_USAGE:
		return 2;
	case ERR_NOT_FOUND:
		return 3;
	case ERR_EXISTS:
		return 4;
	case ERR_INVALID:
		return 5;
	case ERR_DENIED:
		return 6;
	case ERR_MALFORMED:
		return 7;
	case ERR_CORRUPT:
		return 8;
	case ERR_VERSION:
		return 9;
	case ERR_LIMIT:
		return 10;
	case ERR_BUSY:
		return 11;
	case ERR_FULL:
		return 12;
	case ERR_PEER:
		return 13;
	case ERR_FORKED:
		return 14;
	case ERR_PART:
		return 15;
	}
	assert(code == ERR_OK);
	return 1;
}

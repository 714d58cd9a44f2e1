/*
 * Notes which deltas were being taken in when the process died of a signal of
 * its own making.  core/intake.c asks and tells, cli/main.c calls from its
 * handlers.  A process that was killed from outside leaves nothing, for that is
 * no delta's doing.
 */
#include "core/aside.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "core/file.h"
#include "proto/mem.h"
#include "proto/version.h"

enum {
	/* A log's id, a seq, the program's version and a checksum of these. */
	LINE_SIZE = 16 + 8 + 8 + 8,
	/* Beyond it nothing is noted: some six thousand crashes. */
	CRASHES_SIZE_MAX = 256 * 1024,
	/* Once can be the machine's fault. */
	TIMES_MAX = 2,
};

static _Thread_local const struct aside *working;
static _Thread_local struct log_id working_log;
static _Thread_local uint64_t working_from;

static void line_make(
    const struct log_id *log, uint64_t from, uint8_t line[LINE_SIZE]);
static bool line_count(struct aside *aside, const uint8_t line[LINE_SIZE]);

/* A line that a full disk cut short, or that was lost, moves all behind it:
 * they are found by their checksums, wherever they begin. */
void
aside_init(struct aside *aside, const char *dir)
{
	struct buf text = {0};

	*aside = (struct aside){.path = file_path(dir, "crashes")};
	if (file_read(aside->path, CRASHES_SIZE_MAX + LINE_SIZE, &text) !=
	    ERR_OK)
		buf_cut(&text, 0);
	for (size_t at = 0; at + LINE_SIZE <= text.n;)
		at += line_count(aside, text.p + at) ? LINE_SIZE : 1;
	buf_fini(&text);
}

void
aside_fini(struct aside *aside)
{
	mem_free(aside->path);
	mem_free(aside->logs);
	*aside = (struct aside){0};
}

static void
line_make(const struct log_id *log, uint64_t from, uint8_t line[LINE_SIZE])
{
	memcpy(line, log->b, sizeof(log->b));
	bytes_put_be64(line + 16, from);
	bytes_put_be64(line + 24, bytes_checksum(bytes_text(version_text)));
	bytes_put_be64(line + 32, bytes_checksum(bytes_of(line, 32)));
}

/* Is it a line?  Of another program, or half written, it is none. */
static bool
line_count(struct aside *aside, const uint8_t line[LINE_SIZE])
{
	uint64_t from = bytes_be64(line + 16);
	uint8_t same[LINE_SIZE];
	struct aside_log *found = NULL;
	struct log_id log;

	memcpy(log.b, line, sizeof(log.b));
	line_make(&log, from, same);
	if (memcmp(line, same, LINE_SIZE) != 0)
		return false;
	for (size_t i = 0; i < aside->n && found == NULL; i++) {
		if (memcmp(&aside->logs[i].log, &log, sizeof(log)) == 0)
			found = &aside->logs[i];
	}
	if (found == NULL) {
		mem_room(&aside->logs, &aside->room, aside->n + 1,
		    sizeof(*aside->logs));
		found = &aside->logs[aside->n++];
		*found = (struct aside_log){.log = log, .from = from};
	}
	found->times++;
	found->from = from < found->from ? from : found->from;
	return true;
}

enum err
aside_check(const struct aside *aside, const struct log_id *log, uint64_t from,
    uint64_t end)
{
	for (size_t i = 0; aside != NULL && i < aside->n; i++) {
		const struct aside_log *found = &aside->logs[i];

		if (memcmp(&found->log, log, sizeof(*log)) != 0 ||
		    found->times < TIMES_MAX || end <= found->from)
			continue;
		return err_set(ERR_DENIED,
		    "deltas from %llu on of a log are set aside: taking them "
		    "in ended this program %u times; update it, or remove %s "
		    "to try again",
		    (unsigned long long)(from > found->from ? from
							    : found->from),
		    found->times, aside->path);
	}
	return ERR_OK;
}

void
aside_enter(const struct aside *aside, const struct log_id *log, uint64_t from)
{
	working = aside;
	working_log = *log;
	working_from = from;
}

void
aside_leave(void)
{
	working = NULL;
}

void
aside_crashed(void)
{
	uint8_t line[LINE_SIZE];
	int fd;

	if (working == NULL || working->path == NULL)
		return;
	fd = open(
	    working->path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
	line_make(&working_log, working_from, line);
	working = NULL;
	if (fd >= 0 && lseek(fd, 0, SEEK_END) < CRASHES_SIZE_MAX)
		(void)!write(fd, line, sizeof(line));
	if (fd >= 0)
		(void)close(fd);
}

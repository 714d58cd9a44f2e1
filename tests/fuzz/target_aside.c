/*
 * Any bytes as the file `crashes` beside a store.  Whatever stands there: what
 * ended this program twice from now on is set aside, what is told of a log is
 * told of no other, and the file stays within its size.
 */
#include "core/aside.h"

#include "core/file.h"
#include "proto/version.h"
#include "tests/fuzz/cost.h"
#include "tests/fuzz/disk.h"
#include "tests/fuzz/targets.h"

static const char name[] = "crashes";
enum { LINE_SIZE = 40, FILE_SIZE_MAX = 256 * 1024 };

/* The file as a disk has it that got full, or as several programs wrote it. */
static void
file_make(struct fuzz_input *input, struct buf *file)
{
	while (fuzz_more(input)) {
		uint8_t how = fuzz_u8(input);
		size_t begin = file->n;
		struct log_id log = {{0}};

		if (how >= 0xe0) {
			buf_add(file, fuzz_bytes(input, 64));
			continue;
		}
		log.b[0] = how % 4;
		buf_add(file, bytes_of(log.b, sizeof(log.b)));
		buf_add_be64(file, fuzz_number(input));
		buf_add_be64(file,
		    bytes_checksum(
			bytes_text(how >= 0xc0 ? "another" : version_text)));
		buf_add_be64(
		    file, bytes_checksum(bytes_after(buf_bytes(file), begin)));
		if (how >= 0x80 && how < 0xc0)
			buf_cut(file, begin + fuzz_u8(input) % LINE_SIZE);
	}
}

/* A crash at seq 9 of a log. */
static void
crash(const struct aside *aside, const struct log_id *log)
{
	aside_enter(aside, log, 9);
	aside_crashed();
}

static void
try(struct bytes file)
{
	static const struct cost_limit limit = {
	    {.allocations = 32,
		.allocated_bytes = 4 * COST_ARENA,
		.largest_bytes = 2 * COST_ARENA},
	    {.allocations = 1, .allocated_bytes = 16, .largest_bytes = 4}};
	const char *dir = disk_dir();
	const struct log_id log = {{0xff, 1}};
	const struct log_id other = {{0xff, 2}};
	struct aside aside;
	struct buf after = {0};

	(void)disk_put(name, file);
	cost_begin();
	aside_init(&aside, dir);
	cost_assert(&limit, file.n);
	assert(aside.n <= file.n / LINE_SIZE);
	assert(aside_check(&aside, &log, 0, UINT64_MAX) == ERR_OK);
	crash(&aside, &log);
	aside_fini(&aside);
	aside_init(&aside, dir);
	assert(aside_check(&aside, &log, 0, UINT64_MAX) == ERR_OK);
	crash(&aside, &log);
	aside_fini(&aside);
	aside_init(&aside, dir);
	assert(aside_check(&aside, &log, 0, 9) == ERR_OK);
	assert((aside_check(&aside, &log, 0, 10) == ERR_DENIED) ==
	       (file.n + LINE_SIZE < FILE_SIZE_MAX));
	assert(aside_check(&aside, &other, 0, UINT64_MAX) == ERR_OK);
	aside_fini(&aside);
	disk_get(name, &after);
	assert(bytes_begins(buf_bytes(&after), file));
	buf_fini(&after);
}

void
target_aside(struct bytes in)
{
	struct fuzz_input input = {.left = in};
	struct buf file = {0};

	fuzz_start();
	try(in);
	file_make(&input, &file);
	try(buf_bytes(&file));
	buf_fini(&file);
}

/*
 * Commands that make a store smaller: squeeze, compact.  core decides what may
 * be packed; here it is done to the end and told.
 */
#include "cli/cmd_upkeep.h"

#include "cli/host.h"
#include "cli/object.h"
#include "cli/open.h"
#include "cli/progress.h"
#include "core/compact.h"
#include "core/packing.h"

static void
say_packed(struct out *out, const struct packing *packing)
{
	struct buf json = {0};
	uint64_t before = packing->before_bytes;
	uint64_t after = packing->after_bytes;

	if (packing->deltas == 0)
		out_say(out, "nothing to pack");
	else
		out_say(out,
		    "packed %llu deltas into %llu blocks: %llu KiB instead of "
		    "%llu KiB; the room is used for what comes, and `golmok "
		    "compact` gives it back to the disk",
		    (unsigned long long)packing->deltas,
		    (unsigned long long)packing->blocks,
		    (unsigned long long)(after / 1024),
		    (unsigned long long)(before / 1024));
	object_begin(&json, NULL);
	object_number(&json, "deltas", packing->deltas);
	object_number(&json, "blocks", packing->blocks);
	object_number(&json, "before_bytes", before);
	object_number(&json, "after_bytes", after);
	object_end(&json);
	out_json(out, buf_bytes(&json));
	buf_fini(&json);
}

/* In steps of a transaction each: what was packed before an end stays so. */
static enum err
squeeze_run(const struct args *args, struct out *out)
{
	struct opened work = {0};
	struct packing packing = {.rest = true};
	struct progress progress;
	uint64_t due = 0;
	enum err e = open_begin(args, out, true, &work);

	if (e == ERR_OK)
		e = packing_due(store_txn(work.store), &due);
	progress_init(&progress, out, "deltas", due, progress_now_ms());
	while (e == ERR_OK && !packing.ended) {
		e = packing_some(store_txn(work.store), &packing, PACKING_STEP);
		if (e == ERR_OK)
			e = open_commit(&work);
		progress_step(&progress, packing.deltas, progress_now_ms());
		if (e == ERR_OK && !packing.ended)
			e = open_again(&work);
	}
	progress_end(&progress);
	if (e == ERR_OK)
		say_packed(out, &packing);
	open_end(&work);
	return e;
}

static enum err
compact_command_run(const struct args *args, struct out *out)
{
	struct compact_report report = {0};
	struct buf json = {0};
	enum err e = compact_run(open_dir(args), host_system(), &report);

	if (e != ERR_OK)
		return e;
	out_say(out, "the data file has %llu KiB; it had %llu KiB",
	    (unsigned long long)(report.after_bytes / 1024),
	    (unsigned long long)(report.before_bytes / 1024));
	object_begin(&json, NULL);
	object_number(&json, "before_bytes", report.before_bytes);
	object_number(&json, "after_bytes", report.after_bytes);
	object_end(&json);
	out_json(out, buf_bytes(&json));
	buf_fini(&json);
	return ERR_OK;
}

const struct args_command cmd_upkeep_commands[] = {
    {.name = "squeeze",
	.help = "pack old deltas, so that logs take less room",
	.run = squeeze_run},
    {.name = "compact",
	.help = "give room that is not used back to the disk; needs as much "
		"again meanwhile",
	.run = compact_command_run},
};
const size_t cmd_upkeep_commands_n = COUNT_OF(cmd_upkeep_commands);

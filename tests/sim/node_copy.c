/*
 * Copies of whole machines and of their data files: kept, put back, run beside
 * the original.
 */
#include <stdio.h>
#include <string.h>

#include "core/file.h"
#include "tests/sim/node.h"
#include "tests/sim/spend.h"

enum { FILE_SIZE_MAX = 1 << 30 };

/* Within a directory that nobody else has. */
static void
file_copy(struct sim *sim, const char *from, const char *to, bool same_file)
{
	struct buf content = {0};
	struct buf other = {0};

	sim_must(sim, file_read(from, FILE_SIZE_MAX, &content), "read a file");
	if (same_file) {
		FILE *f = fopen(to, "wb");

		if (f == NULL ||
		    fwrite(content.p, 1, content.n, f) != content.n ||
		    fclose(f) != 0)
			sim_fail(sim, "cannot write %s", to);
	} else {
		sim_must(sim, file_write(to, buf_bytes(&content), 0600),
		    "write a file");
	}
	buf_fini(&content);
	buf_fini(&other);
}

static const char *
path_in(const struct sim_node *node, const char *name)
{
	static char paths[4][SIM_PATH_SIZE + 32];
	static unsigned turn;
	char *path = paths[turn++ % 4];

	(void)snprintf(path, sizeof(paths[0]), "%s/%s", node->dir, name);
	return path;
}

/* What goes back with a whole machine, besides the data. */
static const char *const beside[] = {"mark", "root", "root-next"};

/* Of the file `name`. */
static const char *
copy_of(const struct sim_node *node, const char *name)
{
	static char path[SIM_PATH_SIZE + 32];

	(void)snprintf(path, sizeof(path), "%s/copy%03u.%s",
	    node->sim->dir.path, (unsigned)node->number % 1000, name);
	return path;
}

void
node_snapshot(struct sim_node *node)
{
	struct sim_snapshot *snapshot = &node->snapshot;
	struct file_stat stat;

	model_look(node);
	(void)snprintf(snapshot->path, sizeof(snapshot->path), "%s/copy%03u",
	    node->sim->dir.path, (unsigned)node->number % 1000);
	file_copy(node->sim, path_in(node, "data.mdb"), snapshot->path, true);
	for (size_t i = 0; i < COUNT_OF(beside); i++) {
		(void)remove(copy_of(node, beside[i]));
		if (file_stat(path_in(node, beside[i]), &stat) == ERR_OK)
			file_copy(node->sim, path_in(node, beside[i]),
			    copy_of(node, beside[i]), true);
	}
	model_copy(&snapshot->held, &node->held);
	snapshot->taken = true;
}

void
node_restore(struct sim_node *node, bool same_file, bool whole)
{
	struct file_stat stat;

	node->sim->restored[node->person] = true;
	spend_forget(node);
	if (whole) {
		same_file = true;
		node->sim->rolled[node->person] = true;
		for (size_t i = 0; i < COUNT_OF(beside); i++) {
			const char *copy = copy_of(node, beside[i]);

			(void)remove(path_in(node, beside[i]));
			if (file_stat(copy, &stat) == ERR_OK)
				file_copy(node->sim, copy,
				    path_in(node, beside[i]), true);
		}
	}
	assert(node->store == NULL && node->snapshot.taken);
	file_copy(node->sim, node->snapshot.path, path_in(node, "data.mdb"),
	    same_file);
	model_copy(&node->held, &node->snapshot.held);
	model_held_fini(&node->lost);
	for (size_t i = 0; i < SIM_TOKENS; i++)
		node->tokens[i].used = false;
	node->looked_txn = UINT64_MAX;
}

void
node_clone(struct sim_node *node)
{
	static const char *const files[] = {
	    "identity", "mark", "lock", "root", "root-next"};
	struct sim *sim = node->sim;
	struct sim_node *clone = &sim->nodes[sim->n];
	struct file_stat stat;

	assert(node->snapshot.taken && sim->n < SIM_STORES_MAX);
	sim->restored[node->person] = true;
	node_start(sim, clone, sim->n);
	clone->person = node->person;
	clone->role = node->role;
	clone->centre = node->centre;
	clone->key = node->key;
	clone->above = node->above;
	clone->pack = node->pack;
	clone->clock_ms = node->clock_ms;
	sim_must(sim, file_make_dir(clone->dir), "make a directory");
	file_copy(sim, node->snapshot.path, path_in(clone, "data.mdb"), true);
	for (size_t i = 0; i < COUNT_OF(files); i++) {
		const char *from = path_in(node, files[i]);

		if (file_stat(from, &stat) == ERR_OK)
			file_copy(sim, from, path_in(clone, files[i]), false);
	}
	model_copy(&clone->held, &node->snapshot.held);
	sim->n++;
	node_open(clone);
}

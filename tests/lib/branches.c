/*
 * Forks for tests.  Branches come to a store through the gate that peers have
 * to pass too, so that what is shown is core's own.
 */
#include "tests/lib/branches.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/file.h"
#include "core/forks.h"
#include "core/tree.h"

static const char *const files[] = {"data.mdb", "mark"};

static void
path_of(struct town *town, size_t i, size_t file, char *path, size_t n)
{
	(void)snprintf(path, n, "%s/%s", town->nodes[i].dir, files[file]);
}

void
backup_take(struct town *town, size_t i, struct backup *backup)
{
	*backup = (struct backup){0};
	town_close(town, i);
	for (size_t k = 0; k < COUNT_OF(files); k++) {
		char path[3 * TEMPDIR_PATH_SIZE];

		path_of(town, i, k, path, sizeof(path));
		assert_int_equal(
		    file_read(path, 1 << 30, &backup->files[k]), ERR_OK);
	}
	(void)town_open(town, i);
}

void
backup_put(struct town *town, size_t i, const struct backup *backup)
{
	town_close(town, i);
	for (size_t k = 0; k < COUNT_OF(files); k++) {
		const struct buf *from = &backup->files[k];
		char path[3 * TEMPDIR_PATH_SIZE];
		FILE *file;

		path_of(town, i, k, path, sizeof(path));
		file = fopen(path, "wb");
		assert_non_null(file);
		assert_int_equal(fwrite(from->p, 1, from->n, file), from->n);
		assert_int_equal(fclose(file), 0);
	}
	(void)town_open(town, i);
}

void
backup_fini(struct backup *backup)
{
	for (size_t k = 0; k < COUNT_OF(files); k++)
		buf_fini(&backup->files[k]);
}

void
branch_take_out(
    struct town *town, size_t i, const char *space, struct branch *branch)
{
	struct store *store = town_store(town, i);
	struct sign_key key = town_key(town, i);
	struct space name = town_space(space);
	const struct log *found = NULL;
	struct log **logs;
	struct txn *txn;
	size_t room = 0;
	size_t n;

	*branch = (struct branch){0};
	assert_int_equal(store_begin(store, false), ERR_OK);
	txn = store_txn(store);
	assert_int_equal(
	    oplog_all(txn, space_find(txn, &name), &logs, &n), ERR_OK);
	for (size_t k = 0; k < n; k++)
		if (memcmp(&logs[k]->name.author, &key, sizeof(key)) == 0 &&
		    (found == NULL ||
			logs[k]->frontier.size > found->frontier.size))
			found = logs[k];
	assert_non_null(found);
	branch->name = found->name;
	branch->id = found->trunk;
	branch->n = (size_t)found->frontier.size;
	branch->head = (struct note_head){.size = found->head_size,
	    .root = found->head_root,
	    .signature = found->head_signature};
	assert_int_equal(branch->head.size, branch->n);
	assert_true(branch->n <= BRANCHES_HEADERS_MAX);
	branch->bodies = arena_array(
	    &branch->arena, 4 * branch->n, sizeof(*branch->bodies));
	room = 4 * branch->n;
	for (size_t k = 0; k < branch->n; k++) {
		struct stored_delta stored;
		struct stored_body body;

		assert_int_equal(oplog_get(txn, found, k, &stored), ERR_OK);
		branch->headers[k] = arena_bytes(&branch->arena, stored.header);
		while (oplog_body_next(&stored.bodies, &body)) {
			struct msg_body *out =
			    &branch->bodies[branch->bodies_n++];

			assert_true(branch->bodies_n <= room);
			*out = (struct msg_body){.seq = k,
			    .change = body.change,
			    .class = body.class,
			    .is_open = body.form == BODY_OPEN,
			    .sealed = arena_bytes(&branch->arena, body.sealed)};
			memcpy(out->key, body.key, sizeof(out->key));
		}
	}
	store_abort(store);
}

void
branch_fini(struct branch *branch)
{
	arena_fini(&branch->arena);
}

/* Roots of subtrees, worked out from the headers. */
static enum err
node_get(void *arg, unsigned level, uint64_t index, struct hash *node)
{
	const struct branch *branch = arg;
	struct frontier frontier = {0};
	size_t n = (size_t)1 << level;

	for (size_t i = 0; i < n; i++) {
		struct hash leaf;

		merkle_leaf(branch->headers[(size_t)index * n + i], &leaf);
		merkle_append(&frontier, &leaf, NULL, NULL);
	}
	merkle_root(&frontier, node);
	return ERR_OK;
}

enum err
branch_bring(struct town *town, size_t i, const struct branch *branch,
    size_t from, size_t to, size_t step)
{
	struct store *store = town_store(town, i);
	struct branch copy = *branch;
	const struct authority *authority;
	struct msg_run run = {.name = branch->name,
	    .from = from,
	    .head_size = branch->head.size,
	    .head_root = branch->head.root,
	    .head_signature = branch->head.signature};
	size_t body = 0;
	struct log_id id;
	enum err e;

	assert_int_equal(store_begin(store, true), ERR_OK);
	e = store_authority(store, &authority);
	if (e == ERR_OK)
		e = intake_run(store_txn(store), authority, &run, &id);
	if (e == ERR_FORKED)
		e = ERR_OK;
	for (size_t at = from; at < to && e == ERR_OK; at += step) {
		size_t n = to - at < step ? to - at : step;
		struct merkle_proof proof = {0};
		struct intake_taken taken;
		struct intake_chunk chunk = {.run = &run,
		    .log = branch->id,
		    .from = at,
		    .headers = branch->headers + at,
		    .headers_n = n,
		    .proof = &proof,
		    .authority = authority,
		    .accept = {.hold = true, .classes = CLASSES_ALL}};

		while (body < branch->bodies_n && branch->bodies[body].seq < at)
			body++;
		chunk.bodies = branch->bodies + body;
		while (body + chunk.bodies_n < branch->bodies_n &&
		       branch->bodies[body + chunk.bodies_n].seq < at + n)
			chunk.bodies_n++;
		if (at + n < branch->n)
			assert_int_equal(merkle_consistency(at + n, branch->n,
					     node_get, &copy, &proof),
			    ERR_OK);
		e = intake_chunk(store_txn(store), &chunk, &taken);
		if (e == ERR_OK && taken.gap)
			e = ERR_NOT_FOUND;
	}
	if (e == ERR_OK)
		return store_commit(store);
	store_abort(store);
	return e;
}

static void
leaf_of(struct txn *txn, const struct log *log, uint64_t seq, struct hash *leaf)
{
	assert_int_equal(tree_node(txn, log, 0, seq, leaf), ERR_OK);
}

struct log *
branch_near(struct txn *from, const struct log *source, struct txn *to,
    uint64_t *shared)
{
	struct space_state *space = space_find(to, &source->name.space);
	struct log *near = NULL;
	struct log **tips;
	size_t n = 0;

	*shared = 0;
	if (space != NULL)
		assert_int_equal(
		    oplog_tips(to, space, &source->trunk, &tips, &n), ERR_OK);
	for (size_t i = 0; i < n; i++) {
		uint64_t size = tips[i]->frontier.size;
		uint64_t same = 0;
		struct hash ours;
		struct hash theirs;

		if (size > source->frontier.size)
			size = source->frontier.size;
		assert_int_equal(tree_root(to, tips[i], size, &ours), ERR_OK);
		assert_int_equal(
		    tree_root(from, source, size, &theirs), ERR_OK);
		if (memcmp(&ours, &theirs, sizeof(ours)) == 0)
			same = size;
		while (same < size) {
			leaf_of(to, tips[i], same, &ours);
			leaf_of(from, source, same, &theirs);
			if (memcmp(&ours, &theirs, sizeof(ours)) != 0)
				break;
			same++;
		}
		if (near == NULL || same > *shared) {
			near = tips[i];
			*shared = same;
		}
	}
	return near;
}

struct log *
branch_split(struct txn *from, const struct log *source, struct txn *to,
    struct log *near, uint64_t at)
{
	struct log *branch;
	struct hash leaf;

	leaf_of(from, source, at, &leaf);
	assert_int_equal(forks_split(to, near, at, &leaf, &branch), ERR_OK);
	return branch;
}

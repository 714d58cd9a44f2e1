/*
 * Any bytes as a parcel, and parcels that a member made of what it forged, with
 * sums that are right.
 */
#include "core/parcel.h"
#include "tests/fuzz/cost.h"
#include "tests/fuzz/forge.h"
#include "tests/fuzz/targets.h"

enum { MESSAGES_MAX = 40 };

static void
message_add(struct buf *parcel, struct bytes message)
{
	buf_add_be32(parcel, (uint32_t)message.n);
	buf_add(parcel, message);
}

static void
whole_add(struct forge *forge, struct buf *parcel)
{
	struct rogue_log *log = forge_log(forge);
	struct msg msgs[FORGE_WHOLE];
	struct buf message = {0};
	size_t n = log->n > 0 ? forge_whole(forge, log, msgs) : 0;

	for (size_t i = 0; i < n; i++) {
		buf_cut(&message, 0);
		msg_encode(&msgs[i], &message);
		message_add(parcel, buf_bytes(&message));
	}
	buf_fini(&message);
}

/* Messages as the input has them, between title and sum. */
static void
make(struct forge *forge, struct buf *parcel)
{
	struct fuzz_input *input = forge->input;
	struct buf message = {0};
	struct hash sum;
	uint8_t how = fuzz_u8(input);

	buf_add_text(parcel, "golmok/parcel/1\n");
	buf_add(parcel, bytes_of(forge->stage->town.city.b, 32));
	for (int i = 0; i < MESSAGES_MAX && fuzz_more(input); i++) {
		uint8_t what = fuzz_u8(input);

		buf_cut(&message, 0);
		if (what % 8 == 7) {
			forge_header(forge, forge_log(forge));
			continue;
		}
		if (what % 8 == 6) {
			whole_add(forge, parcel);
			continue;
		}
		forge_message(forge, &message);
		message_add(parcel, buf_bytes(&message));
	}
	if (how >= 0xe0)
		fuzz_mutate(input, parcel);
	crypto_sha256_two(
	    bytes_text("golmok/parcel/sum"), buf_bytes(parcel), &sum);
	buf_add(parcel, bytes_of(sum.b, sizeof(sum.b)));
	buf_fini(&message);
}

static void
take(struct stage *stage, struct bytes parcel)
{
	/* Each pass reads all, and there is one for each member at most. */
	static const struct cost_limit limit = {
	    {.allocations = 20000,
		.allocated_bytes = 24 * 1024 * 1024,
		.largest_bytes = 256 * 1024,
		.hashes = 20000,
		.hashed_bytes = 8 * 1024 * 1024,
		.curves = 64},
	    {.allocations = 16,
		.allocated_bytes = 16 * 1024,
		.largest_bytes = 8,
		.hashes = 16,
		.hashed_bytes = 4096,
		.curves = 1}};
	struct store *store = town_store(&stage->town, STAGE_VICTIM);
	struct parcel_taken taken;
	struct city_id city;
	enum err e;

	if (parcel_check(parcel, &city) != ERR_OK)
		return;
	assert(store_begin(store, true) == ERR_OK);
	cost_begin();
	e = parcel_take(store, parcel, &taken);
	cost_assert(&limit, parcel.n);
	fuzz_assert_theirs(e);
	if (e == ERR_OK)
		stage_assert_harmless(stage);
	store_abort(store);
}

void
target_parcel(struct bytes in)
{
	struct fuzz_input input = {.left = in};
	struct stage *stage;
	struct forge forge;
	struct buf parcel = {0};

	fuzz_start();
	stage = stage_get();
	stage_rewind(stage);
	take(stage, in);
	forge_begin(&forge, stage, &input);
	make(&forge, &parcel);
	take(stage, buf_bytes(&parcel));
	forge_end(&forge);
	buf_fini(&parcel);
}

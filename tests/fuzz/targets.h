#ifndef GOLMOK_TESTS_FUZZ_TARGETS_H
#define GOLMOK_TESTS_FUZZ_TARGETS_H

#include "proto/bytes.h"

/* The targets, each in a file of its name; each does with the input `in` what
 * its file says at its head. */
void target_codec(struct bytes in);
void target_delta(struct bytes in);
void target_expr(struct bytes in);
void target_fact(struct bytes in);
void target_body(struct bytes in);
void target_note(struct bytes in);
void target_msg(struct bytes in);
void target_noise(struct bytes in);
void target_channel(struct bytes in);
void target_token(struct bytes in);
void target_squeeze(struct bytes in);
void target_beacon(struct bytes in);
void target_block(struct bytes in);
void target_json(struct bytes in);
void target_text(struct bytes in);
void target_csv(struct bytes in);
void target_map(struct bytes in);
void target_pack(struct bytes in);
void target_merkle(struct bytes in);
void target_parcel(struct bytes in);
void target_bundle(struct bytes in);
void target_session(struct bytes in);
void target_keyfile(struct bytes in);
void target_safe(struct bytes in);
void target_share(struct bytes in);
void target_aside(struct bytes in);
void target_dials(struct bytes in);
void target_pages(struct bytes in);
void target_rows(struct bytes in);

#endif

/*
 * A peer that speaks Noise by itself, so that it can say what no channel would.
 */
#include "tests/lib/mole.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "net/peer/certificate.h"
#include "net/peer/preface.h"

void
mole_send(struct mole *mole, struct channel *to, enum err expected)
{
	assert_int_equal(channel_feed(to, buf_bytes(&mole->wire)), expected);
	buf_cut(&mole->wire, 0);
}

void
mole_frame(struct mole *mole, struct bytes b)
{
	buf_add_be16(&mole->wire, (uint16_t)b.n);
	buf_add(&mole->wire, b);
}

/* Runs a handshake with the responder of `line` that shows `certificate`, or
 * the right one when that is empty. */
void
mole_open(struct mole *mole, struct line *line, struct bytes certificate,
    enum err expected)
{
	struct dh_secret ephemeral;
	struct buf prologue = {0};
	struct buf own = {0};
	struct buf message = {0};
	struct buf payload = {0};
	struct bytes answer;

	*mole = (struct mole){0};
	identity_make(&line->host, &line->ids[0].city, &mole->id);
	prng_fill(&line->prng, &ephemeral, sizeof(ephemeral));
	line_dial(line);
	preface_put(false, &mole->wire);
	preface_put(false, &prologue);
	buf_add(&prologue, bytes_of(mole->id.city.b, 32));
	noise_init(&mole->noise, &(struct noise_config){
				     .initiator = true,
				     .own = &mole->id.dh,
				     .ephemeral = &ephemeral,
				     .prologue = buf_bytes(&prologue),
				 });
	assert_int_equal(
	    noise_write(&mole->noise, (struct bytes){0}, &message), ERR_OK);
	mole_frame(mole, buf_bytes(&message));
	mole_send(mole, line->ends[RESPONDER], ERR_OK);
	answer = channel_out(line->ends[RESPONDER]);
	assert_int_equal(
	    noise_read(&mole->noise, bytes_after(answer, 2), &payload), ERR_OK);
	channel_sent(line->ends[RESPONDER], answer.n);
	certificate_put(&mole->id, &own);
	buf_cut(&message, 0);
	assert_int_equal(
	    noise_write(&mole->noise,
		certificate.n > 0 ? certificate : buf_bytes(&own), &message),
	    ERR_OK);
	mole_frame(mole, buf_bytes(&message));
	mole_send(mole, line->ends[RESPONDER], expected);
	buf_fini(&prologue);
	buf_fini(&own);
	buf_fini(&message);
	buf_fini(&payload);
}

/* One transport message with `flags` and `content`. */
void
mole_fragment(struct mole *mole, unsigned flags, struct bytes content)
{
	struct buf plain = {0};
	struct buf sealed = {0};

	buf_add_u8(&plain, (uint8_t)flags);
	buf_add(&plain, content);
	assert_int_equal(
	    noise_seal(&mole->noise, buf_bytes(&plain), &sealed), ERR_OK);
	mole_frame(mole, buf_bytes(&sealed));
	buf_fini(&plain);
	buf_fini(&sealed);
}

void
mole_fini(struct mole *mole)
{
	identity_fini(&mole->id);
	noise_fini(&mole->noise);
	buf_fini(&mole->wire);
}

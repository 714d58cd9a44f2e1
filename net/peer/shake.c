/*
 * The handshake of a channel.  net/peer/channel.c cuts its messages out of the
 * stream; what happens behind it is not known here.  Never shows who we are
 * before the other side has shown who it is.
 */
#include "net/peer/shake.h"

#include <string.h>

#include "net/peer/certificate.h"
#include "proto/ascii.h"
#include "proto/mem.h"

enum { CITY_SHOWN = 8 /* bytes of a city's id in a sentence */ };

static enum err read_failed(const struct shake *shake, enum err e) MUST_USE;

/* Both ends must agree on how it opened and on the city. */
void
shake_begin(struct shake *shake, struct bytes opening, const struct secret *psk)
{
	const struct identity *identity = shake->identity;
	struct buf prologue = {0};

	buf_add(&prologue, opening);
	buf_add(
	    &prologue, bytes_of(identity->city.b, sizeof(identity->city.b)));
	noise_init(
	    &shake->noise, &(struct noise_config){
			       .initiator = shake->initiator,
			       .pattern = psk != NULL ? NOISE_XXPSK0 : NOISE_XX,
			       .own = &identity->dh,
			       .ephemeral = &shake->ephemeral,
			       .prologue = buf_bytes(&prologue),
			       .psk = psk,
			   });
	crypto_wipe(&shake->ephemeral, sizeof(shake->ephemeral));
	buf_fini(&prologue);
}

void
shake_refuse(struct shake *shake, struct bytes opening, enum err why)
{
	static const struct secret none;

	assert(shake->refused == NULL);
	shake->refused = mem_new(sizeof(*shake->refused));
	err_keep(shake->refused, why);
	shake_begin(shake, opening, &none);
}

enum err
shake_take(struct shake *shake, struct bytes message, struct buf *out)
{
	struct noise *noise = &shake->noise;
	const struct dh_key *key;
	struct buf payload = {0};
	enum err e;

	e = noise_read(noise, message, &payload);
	/* Whatever came of it: nobody may know the secret of no token. */
	if (shake->refused != NULL) {
		e = err_raise(shake->refused);
		goto out;
	}
	if (e != ERR_OK) {
		e = read_failed(shake, e);
		goto out;
	}
	/* The initiator judges who answers before it shows who it is. */
	key = noise_peer_key(noise);
	if (key != NULL) {
		e = certificate_check(
		    shake->identity, buf_bytes(&payload), key, &shake->peer);
		if (e != ERR_OK)
			goto out;
	}
	if (noise_is_turn(noise)) {
		e = shake_write(shake, out);
		if (e != ERR_OK)
			goto out;
	}
	if (noise_is_done(noise)) {
		struct bytes hash = noise_handshake_hash(noise);

		assert(hash.n == sizeof(shake->hash.b));
		bytes_copy(shake->hash.b, hash);
	}
out:
	buf_fini(&payload);
	return e;
}

static enum err
read_failed(const struct shake *shake, enum err e)
{
	struct buf city = {0};

	if (e == ERR_EXISTS)
		return err_wrap(e, "this node was connected to itself");
	/* Only the initiator can meet another city: it finds that the first
	 * answer was made for another prologue, and says no more. */
	if (!shake->initiator)
		return err_wrap(e, "handshake");
	ascii_hex(bytes_of(shake->identity->city.b, CITY_SHOWN), &city);
	e = err_wrap(e,
	    "the other side is no node of our city %s..., or its bytes were "
	    "changed on the way",
	    buf_text(&city));
	buf_fini(&city);
	return e;
}

/* A certificate goes in all messages but the first. */
enum err
shake_write(struct shake *shake, struct buf *out)
{
	struct buf payload = {0};
	struct buf message = {0};
	enum err e;

	if (shake->noise.written > 0)
		certificate_put(shake->identity, &payload);
	e = noise_write(&shake->noise, buf_bytes(&payload), &message);
	if (e == ERR_OK) {
		assert(message.n <= LIMIT_NOISE_HANDSHAKE_SIZE);
		buf_add_be16(out, (uint16_t)message.n);
		buf_add(out, buf_bytes(&message));
	}
	buf_fini(&payload);
	buf_fini(&message);
	return e;
}

void
shake_fini(struct shake *shake)
{
	noise_fini(&shake->noise);
	crypto_wipe(&shake->ephemeral, sizeof(shake->ephemeral));
	mem_free(shake->refused);
	shake->refused = NULL;
}

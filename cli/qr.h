#ifndef GOLMOK_CLI_QR_H
#define GOLMOK_CLI_QR_H

#include "proto/buf.h"
#include "proto/err.h"

/*
 * QR codes (ISO/IEC 18004) as pictures: for a terminal, and for a page.
 */
struct qr {
	size_t size;	  /* modules on a side, without the quiet zone */
	uint8_t *modules; /* owned; size * size, row by row: 1 is dark */
};

enum { QR_QUIET = 4 /* light modules that must lie around a code */ };

/* Makes the code of `text`, which is shortest in capitals and digits, with the
 * correction level M; ended with qr_fini.  ERR_LIMIT: too long for any. */
enum err qr_make(struct bytes text, struct qr *qr) MUST_USE;
void qr_fini(struct qr *qr);

/* Appends it to `text` as lines of half blocks with its quiet zone.  With
 * `colour` it is dark on light whatever the terminal's colours are; without,
 * for paper, it is so where ink is dark. */
void qr_lines(const struct qr *qr, bool colour, struct buf *text);
/* Appends it to `html` as an SVG element with its quiet zone, without a size of
 * its own. */
void qr_svg(const struct qr *qr, struct buf *html);

#endif

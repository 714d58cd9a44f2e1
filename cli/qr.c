/*
 * QR codes.  `golmok invite` draws tokens with it.  The only file that knows
 * libqrencode; what a code says is nobody's business here.
 */
#include "cli/qr.h"

#include <errno.h>
#include <qrencode.h>

#include "proto/crypto.h"
#include "proto/mem.h"

static bool is_dark(const struct qr *qr, size_t row, size_t column);
static const char *block(bool above, bool below);

enum err
qr_make(struct bytes text, struct qr *qr)
{
	struct buf copy = {0};
	QRcode *code;

	buf_add(&copy, text);
	code = QRcode_encodeString(
	    buf_text(&copy), 0, QR_ECLEVEL_M, QR_MODE_8, 1);
	*qr = (struct qr){0};
	buf_wipe(&copy);
	if (code == NULL)
		return err_set(errno == ENOMEM ? ERR_IO : ERR_LIMIT,
		    "no QR code holds %zu characters", text.n);
	qr->size = (size_t)code->width;
	qr->modules = mem_new(qr->size * qr->size);
	/* Its other bits tell what a module is part of. */
	for (size_t i = 0; i < qr->size * qr->size; i++)
		qr->modules[i] = code->data[i] & 1;
	QRcode_free(code);
	return ERR_OK;
}

void
qr_fini(struct qr *qr)
{
	if (qr->modules != NULL)
		crypto_wipe(qr->modules, qr->size * qr->size);
	mem_free(qr->modules);
	*qr = (struct qr){0};
}

/* In the quiet zone, whose width is added to both, nothing is. */
static bool
is_dark(const struct qr *qr, size_t row, size_t column)
{
	if (row < QR_QUIET || row >= QR_QUIET + qr->size || column < QR_QUIET ||
	    column >= QR_QUIET + qr->size)
		return false;
	return qr->modules[(row - QR_QUIET) * qr->size + column - QR_QUIET] !=
	       0;
}

void
qr_lines(const struct qr *qr, bool colour, struct buf *text)
{
	size_t side = qr->size + 2 * (size_t)QR_QUIET;

	for (size_t row = 0; row < side; row += 2) {
		/* Black and white of the cube of 256 colours: those of the
		 * first sixteen are what the terminal's owner likes. */
		if (colour)
			buf_add_text(text, "\033[38;5;16;48;5;231m");
		for (size_t column = 0; column < side; column++)
			buf_add_text(text, block(is_dark(qr, row, column),
					       is_dark(qr, row + 1, column)));
		buf_add_text(text, colour ? "\033[0m\n" : "\n");
	}
}

static const char *
block(bool above, bool below)
{
	if (above)
		return below ? "\u2588" : "\u2580";
	return below ? "\u2584" : " ";
}

void
qr_svg(const struct qr *qr, struct buf *html)
{
	size_t side = qr->size + 2 * (size_t)QR_QUIET;

	buf_add_format(html,
	    "<svg class=\"qr\" viewBox=\"0 0 %zu %zu\" role=\"img\" "
	    "shape-rendering=\"crispEdges\">"
	    "<path fill=\"#fff\" d=\"M0 0h%zuv%zuH0z\"/><path d=\"",
	    side, side, side, side);
	for (size_t row = 0; row < side; row++) {
		for (size_t column = 0; column < side; column++) {
			size_t n = 0;

			while (is_dark(qr, row, column + n))
				n++;
			if (n == 0)
				continue;
			buf_add_format(
			    html, "M%zu %zuh%zuv1h-%zuz", column, row, n, n);
			column += n;
		}
	}
	buf_add_text(html, "\"/></svg>");
}

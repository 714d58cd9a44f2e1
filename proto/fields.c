/*
 * Reads maps with numbered keys.  Called by what decodes facts and tokens;
 * knows none of them.  Pure.
 */
#include "proto/fields.h"

enum { KEY_IGNORABLE = 128, KEYS_MAX = 16 };

enum err
fields_get(struct bytes in, const struct fields *fields, void *into)
{
	struct reader r;
	int64_t last = -1;
	int64_t found = 0;
	size_t n;

	codec_begin(&r, in);
	n = codec_get_map(&r, KEYS_MAX);
	for (size_t i = 0; i < n && !r.bad; i++) {
		int64_t key = codec_get_key(&r, &last);

		if (r.bad)
			break;
		if (key >= KEY_IGNORABLE) {
			(void)codec_get_value(&r);
		} else if (key >= fields->known_n) {
			return err_set(ERR_VERSION,
			    "%s with key %d, which a newer program wrote",
			    fields->what, (int)key);
		} else {
			found += key < fields->needed_n;
			fields->field(&r, key, into);
		}
	}
	r.bad = r.bad || found != fields->needed_n;
	return codec_end(&r, fields->what);
}

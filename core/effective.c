/*
 * The value in effect.  Called by whoever evaluates, shows or changes a field;
 * merging knows nothing of it.
 */
#include "core/effective.h"

#include "proto/codec.h"

const struct record_value *
effective_value(const struct pack_field *field, const struct record *record,
    const struct record_field *content)
{
	size_t n = content->values != NULL && field != NULL &&
			   field->kind == content->kind
		       ? content->n
		       : 0;

	for (size_t i = 0; n > 1 && i < field->contested_n; i++)
		for (size_t k = 0; k < n; k++) {
			struct reader r;

			codec_begin(&r, content->values[k].value);
			if (bytes_is(codec_get_text(&r), field->contested[i]))
				return &content->values[k];
		}
	return merge_winner(record, content);
}

#ifndef GOLMOK_CLI_REPORT_HTML_H
#define GOLMOK_CLI_REPORT_HTML_H

#include "cli/report_words.h"

/* Appends `words` as one page of HTML that can be printed: tables, charts as
 * SVG, no scripts and nothing from elsewhere.  Errors as scope_label and
 * report_label. */
enum err report_html_write(
    struct report_words *words, struct buf *page) MUST_USE;

#endif

/*
 * An entry as text for programs: NDJSON, which is exact, and CSV (RFC 4180), which is for spreadsheets.
 *
 * A spreadsheet takes a cell that begins with = + - @ (or a tab, or a line's end) for a formula, and an event's text is what a stranger
 * wrote: such a text cell gets an apostrophe before it in the CSV. So CSV may differ from what is stored by that character; NDJSON never does.
 */
#ifndef AUDIT_EXPORT_H
#define AUDIT_EXPORT_H

#include "entry.h"

/* One entry with its line's end, to be freed; NULL when memory is out. */
typedef char *export_fn(const struct entry *entry, const struct link *link);

export_fn export_ndjson;
export_fn export_csv;

/* The columns' names, with their line's end. */
extern const char export_csv_header[];

#endif

/*
 * lines.h - what the programs of schedulers print, cut into pieces
 */
#ifndef CLUSTRIXFS_SCHEDULER_LINES_H
#define CLUSTRIXFS_SCHEDULER_LINES_H

#include "clustrixfs/buf.h"
#include "clustrixfs/error.h"
#include "clustrixfs/spec.h"

/* The last line of every answer: without it the answer was cut short. */
#define TEXT_END "cfx-end"

/* Up to and with the last newline, when the text ends in the line TEXT_END; without that line. */
bool text_whole(struct span text, struct span *lines);

bool        span_begins(struct span s, const char *prefix);
bool        span_has(struct span s, const char *words);
bool        span_is_number(struct span s);
bool        span_is_token(struct span s); /* as every job of ours is called */
struct span span_until(struct span *rest, char separator); /* cuts; all of it without one */
void        span_copy(char *to, size_t size, struct span s); /* control characters as blanks */

/* The next word as schedulers read a directive: quotes and backslashes taken away. */
bool span_next_quoted(struct span *rest, struct buf *word);

/* "1,3,7-9:2". Cut the next range: 1, 0 at the end, -EINVAL when that is no range. */
int  range_next(struct span *elements, struct spec_range *range) must_check;
bool ranges_have(struct span elements, uint32_t index);

#endif

/*
 * error.h - the number for the program and the sentence for the person
 *
 * A function that can fail returns an int:
 *
 *    0   it did what its comment says
 *   <0   a negative errno; nothing sensible can be decided here, pass it up unchanged
 *   >0   one of the outcomes listed at that very function; its caller must handle it and must
 *        not pass it up, since the number means nothing elsewhere
 *
 * "Certainly not done" and "cannot tell" are different numbers everywhere.
 *
 * The sentence goes into a struct error that the caller owns and may leave out (NULL). It ends up
 * in front of a person (jobs/<id>/reason, NAME.error, the terminal), so it says what is wrong,
 * where, and what to do.
 */
#ifndef CLUSTRIXFS_ERROR_H
#define CLUSTRIXFS_ERROR_H

#include "clustrixfs/base.h"

#define ERROR_TEXT_MAX 400

struct error {
    char text[ERROR_TEXT_MAX];
};

#define ERROR_INIT { .text = "" }

/* Write the sentence (cut at ERROR_TEXT_MAX) and return `code`. `e` may be NULL. */
int error_set(struct error *e, int code, const char *fmt, ...) printf_like(3, 4);

/* Put context before what is already there: "cluster hpc: " + text. Returns `code`. */
int error_prefix(struct error *e, int code, const char *fmt, ...) printf_like(3, 4);

#endif

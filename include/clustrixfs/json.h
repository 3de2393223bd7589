/*
 * json.h - reading JSON strictly, and writing it
 *
 * cJSON does the parsing; what it leaves out is done here: it cannot tell "not finished" from
 * "wrong", takes what comes after the end, keeps duplicate keys silently, accepts NULs and invalid
 * UTF-8, and makes 9007199254740993 a double. json_scan() is a pass over the bytes that finds all
 * that first.
 */
#ifndef CLUSTRIXFS_JSON_H
#define CLUSTRIXFS_JSON_H

#include <stdbool.h>
#include <stdint.h>

#include "clustrixfs/buf.h"
#include "clustrixfs/error.h"

struct cJSON;

enum {
    JSON_E_INCOMPLETE = 1, /* right so far, but not closed */
};

/* Line and column of a byte offset, both from 1, columns in bytes. */
void json_place(struct span text, size_t offset, unsigned *line, unsigned *column);

/*
 * 0: one complete, strictly valid JSON value (RFC 8259, valid UTF-8, depth <= 64, nothing but
 * blanks after it), and no object has a key twice. JSON_E_INCOMPLETE: what is there may be the
 * beginning of one. -EINVAL: it cannot; -ENOMEM. *offset is where the trouble is (the end of the
 * text, where it is incomplete); the sentence has no place in it.
 *
 * Also refused, since whoever reads it would get something else than was written: integers beyond
 * 2^53 - 1, numbers of more than 63 characters or too large for a double, U+0000, and halves of
 * surrogate pairs.
 */
int json_scan(struct span text, size_t *offset, struct error *e) must_check;

/*
 * Where the value of `key` of the top-level object begins (`key_at`: where the key itself does);
 * -ENOENT. Only in a text for which json_scan() gave 0, or in the rest of one from the value of a
 * key on: so an object in an object is searched by another call with what value_at says.
 */
int json_find(struct span text, const char *key, size_t *key_at, size_t *value_at) must_check;

/* Parse after a json_scan() that gave 0. NULL: out of memory. Free with json_free(). */
struct cJSON *json_parse(struct span text);
void          json_free(struct cJSON *j);
DEFINE_CLEANUP(jsonp, struct cJSON *, json_free);

/* An integer within bounds; -EINVAL when it is no number, has a fraction, or lies outside. */
int json_integer(const struct cJSON *j, int64_t least, int64_t most, int64_t *out) must_check;

/* Write a JSON string with its quotes; bytes that are not valid UTF-8 become U+FFFD. */
int json_add_string(struct buf *out, struct span s);
/* "key": then the value; a comma first unless the last byte written opens an object. */
int json_key(struct buf *out, const char *key);
int json_pair_string(struct buf *out, const char *key, const char *value); /* NULL is "" */
int json_pair_int(struct buf *out, const char *key, int64_t value);
int json_pair_bool(struct buf *out, const char *key, bool value);

#endif

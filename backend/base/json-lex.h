/*
 * json-lex.h - the blanks, words, numbers and strings of a JSON text
 *
 * Every int below is 0, with `at` behind what was read; JSON_E_INCOMPLETE, with `at` at the end of
 * the text; or -EINVAL, with `at` where the trouble is. The last two leave a sentence in `e`.
 */
#ifndef CLUSTRIXFS_BASE_JSON_LEX_H
#define CLUSTRIXFS_BASE_JSON_LEX_H

#include "clustrixfs/json.h"

struct json_lex {
    struct span   text;
    size_t        at;
    struct error *e;
};

bool json_lex_end(const struct json_lex *l);
char json_lex_peek(const struct json_lex *l); /* '\0' at the end */
void json_lex_blanks(struct json_lex *l);

int json_lex_word(struct json_lex *l); /* true, false, null */
int json_lex_number(struct json_lex *l);
int json_lex_string(struct json_lex *l); /* from its opening quote */

/* What to return for a mistake at `at`, and where something that is not `what` stands. */
int json_lex_wrong(struct json_lex *l, size_t at, const char *fmt, ...) printf_like(3, 4);
int json_lex_expected(struct json_lex *l, const char *what);

#endif

/*
 * json.c - values read from JSON, and JSON written
 *
 * The one place that calls cJSON's parser. What may go wrong there was found by json_scan()
 * before, so all that is left is running out of memory.
 */
#include "clustrixfs/json.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <math.h>
#include <string.h>

#include "clustrixfs/utf8.h"

struct cJSON *json_parse(struct span text)
{
    return cJSON_ParseWithLength(text.data, text.len);
}

void json_free(struct cJSON *j)
{
    cJSON_Delete(j);
}

int json_integer(const struct cJSON *j, int64_t least, int64_t most, int64_t *out)
{
    const double exact_most = 9007199254740991.0; /* 2^53 - 1 */

    if (!cJSON_IsNumber(j))
        return -EINVAL;
    double d = cJSON_GetNumberValue(j);
    if (d != trunc(d) || d > exact_most || d < -exact_most)
        return -EINVAL;
    int64_t n = (int64_t)d;
    if (n < least || n > most)
        return -EINVAL;
    *out = n;
    return 0;
}

/* What is written differently inside a JSON string; NULL for all else below 0x80. */
static const char *escape_of(char c)
{
    static const char *const named[] = {
        ['\b'] = "\\b", ['\f'] = "\\f", ['\n'] = "\\n", ['\r'] = "\\r",
        ['\t'] = "\\t", ['"'] = "\\\"", ['\\'] = "\\\\",
    };
    unsigned char u = (unsigned char)c;

    return u < ARRAY_SIZE(named) ? named[u] : NULL;
}

static void add_character(struct buf *out, const char *p, int len)
{
    const char *escape = escape_of(*p);

    if (len <= 0)
        buf_add_str(out, "\xef\xbf\xbd"); /* U+FFFD */
    else if (escape)
        buf_add_str(out, escape);
    else if ((unsigned char)*p < 0x20)
        buf_printf(out, "\\u%04x", (unsigned)*p);
    else
        buf_add(out, p, (size_t)len);
}

int json_add_string(struct buf *out, struct span s)
{
    buf_add_char(out, '"');
    for (size_t i = 0; i < s.len;) {
        int len = utf8_len(s.data + i, s.len - i);
        add_character(out, s.data + i, len);
        i += len > 0 ? (size_t)len : 1;
    }
    return buf_add_char(out, '"');
}

int json_key(struct buf *out, const char *key)
{
    if (out->len > 0 && !memchr("{[", out->data[out->len - 1], 2))
        buf_add_char(out, ',');
    json_add_string(out, span_str(key));
    return buf_add_char(out, ':');
}

int json_pair_string(struct buf *out, const char *key, const char *value)
{
    json_key(out, key);
    return json_add_string(out, span_str(value));
}

int json_pair_int(struct buf *out, const char *key, int64_t value)
{
    json_key(out, key);
    return buf_printf(out, "%lld", (long long)value);
}

int json_pair_bool(struct buf *out, const char *key, bool value)
{
    json_key(out, key);
    return buf_add_str(out, value ? "true" : "false");
}

/*
 * fuzz_directives.c - any bytes, taken for the directives of a script
 *
 * What fuzz_spec seldom reaches: the input stands between a first line and a command, so that all
 * of it is seen by the scanner of directives. The script must come out as it went in.
 */
#include <errno.h>
#include <string.h>

#include "clustrixfs/buf.h"
#include "clustrixfs/spec.h"
#include "fuzz.h"

#define NOW INT64_C(1764590400)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    _cleanup_(bufp) struct buf text = BUF_INIT;
    struct spec *spec = NULL;
    struct spec_place at;
    struct error e = ERROR_INIT;
    int r;

    buf_add_str(&text, "#!/bin/sh\n");
    buf_add(&text, data, size);
    buf_add_str(&text, "\ntrue\n");
    MUST(buf_error(&text) == 0);
    r = spec_parse(&spec, buf_span(&text), NOW, &at, &e);
    if (r != 0) {
        MUST((r == -EINVAL || r == -E2BIG) && !spec && e.text[0]);
        MUST(r != -EINVAL || at.line > 1 || at.column > 1);
        return 0;
    }
    MUST(spec_scan(buf_span(&text), NULL, NULL) == 0);
    MUST(spec->form == SPEC_SCRIPT && spec->script_len == text.len);
    MUST(memcmp(spec->script, text.data, text.len) == 0);
    MUST(!spec->command && !spec->argv.n && !spec->script_file);
    for (size_t i = 0; i < spec->n_native; i++)
        MUST(!strchr(spec->native[i].option, '\n'));
    spec_free(spec);
    return 0;
}

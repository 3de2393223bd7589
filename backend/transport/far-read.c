/*
 * far-read.c - the bytes of a file at the far side, as they come
 *
 * One request to the agent whose answer is handed on piece by piece. Its end and its errors stand
 * behind the bytes, after a nonce, so they cannot be taken for bytes, nor bytes for them.
 */
#include "far.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "clustrixfs/quote.h"

/* What never ends, and what waits for a writer, is no file. */
static const char opening[] = "\nif [ -e \"$p\" ] && [ ! -f \"$p\" ] && [ ! -d \"$p\" ]; then\n"
                              "    echo \"$p: Invalid argument\" >&2; exit 1\n"
                              "fi\n"
                              "exec dd if=\"$p\" bs=256k status=none iflag=skip_bytes,count_bytes";

static int read_script(struct buf *script, const char *path, off_t off, uint64_t size)
{
    int r = far_script(script);

    buf_add_str(script, "p=");
    r = r < 0 ? r : quote_word(script, span_str(path));
    buf_printf(script, "%s skip=%jd", opening, (intmax_t)off);
    if (size != UINT64_MAX)
        buf_printf(script, " count=%ju", (uintmax_t)size);
    return r < 0 ? r : buf_error(script);
}

int far_read(struct transport *t, const char *path, off_t off, uint64_t size, transport_sink *sink,
             void *arg, struct error *e)
{
    _cleanup_(requestp) struct request q = REQUEST_INIT;
    _cleanup_(answerp) struct answer a = ANSWER_INIT;
    int r;

    r = path[0] == '/' && off >= 0 ? read_script(&q.script, path, off, size) : -EINVAL;
    if (r < 0)
        return error_set(e, r, "cannot read %s: %s", path, strerror(-r));
    a.take = sink;
    a.arg = arg;
    a.streams = true;
    /* How far away it is says how much may be on its way; see ssh-window.c. */
    if (t->ops->nudge && t->up)
        t->ops->nudge(t->link);
    r = far_ask(t, &q, &a, e);
    if (r != 0 || a.stopped)
        return r;
    return far_verdict(&a, "cannot read that file", e);
}

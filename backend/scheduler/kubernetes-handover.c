/*
 * kubernetes-handover.c - pods that share no volume with their host: what goes in, what comes out
 *
 * A pod without a volume has an empty directory where the host has ROOT, so all that runs in it is
 * as on any other cluster. What it needs of its job is in a Secret. What it leaves is kept in the
 * pod by a second container until a process on the host, the porter, has brought it into the job's
 * directory there, the record of the end last. The scripts are kubernetes-*.sh; here they get the
 * words that this cluster needs. They go through the environment, and so are quoted once.
 */
#include "batch.h"
#include "clustrixfs/quote.h"
#include "kubernetes.h"

static void add_variable(struct buf *out, const char *name, struct span value)
{
    buf_printf(out, "%s=", name);
    quote_word(out, value);
    buf_add_char(out, '\n');
}

int kube_add_pack(struct buf *out, const struct cluster *c, const struct job_ref *ref)
{
    _cleanup_(bufp) struct buf dir = BUF_INIT;

    buf_printf(&dir, "%s/%s", c->root ? c->root : "", ref->token);
    add_variable(out, "root", span_str(c->root));
    add_variable(out, "dir", buf_span(&dir));
    add_variable(out, "keeper", span_str(c->keeper));
    buf_printf(out, "token=%s label=" KUBE_LABEL "=clustrixfs\n", ref->token);
    return buf_add_str(out, kube_pack_text);
}

static int add_take(struct buf *out, const struct cluster *c)
{
    _cleanup_(bufp) struct buf text = BUF_INIT;
    int                        r = kube_add_call(&text, c);

    if (r == 0)
        r = buf_add_str(&text, kube_take_text);
    add_variable(out, "cfx_take", buf_span(&text));
    return r;
}

static int add_watch(struct buf *out, const struct cluster *c)
{
    _cleanup_(bufp) struct buf text = BUF_INIT;
    int                        r;

    buf_add_str(&text, "setup()\n{\n");
    r = kube_add_setup(&text, c);
    buf_add_str(&text, "}\n");
    if (r == 0)
        r = buf_add_str(&text, kube_porter_text);
    add_variable(out, "cfx_porter", buf_span(&text));
    return r;
}

/* In a session of its own, which outlives the connection, and with nothing of ours open. */
static const char begin_porter[] =
    "export label grace cfx_take cfx_give cfx_porter\n"
    "apart=nohup\n"
    "! command -v setsid >/dev/null || apart=setsid\n"
    "$apart sh -c \"$cfx_porter\" cfx-porter \"$cfx_root\" </dev/null >/dev/null 2>&1 &\n";

int kube_add_porter(struct buf *out, const struct cluster *c)
{
    int r;

    add_variable(out, "cfx_root", span_str(c->root));
    add_variable(out, "cfx_give", span_str(kube_give_text));
    buf_printf(out, "label=" KUBE_LABEL "=clustrixfs grace=%u\n",
               c->grace_s + KUBE_GRACE_MARGIN_S);
    r = add_take(out, c);
    if (r == 0)
        r = add_watch(out, c);
    return r < 0 ? r : buf_add_str(out, begin_porter);
}

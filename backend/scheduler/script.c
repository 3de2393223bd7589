/*
 * script.c - the script that runs a spec
 *
 * A script of the user's is handed on byte for byte, so that line numbers in its error messages are
 * his. Anything else becomes a short script for /bin/sh that a person can read in check/ and paste
 * into a terminal.
 */
#include <errno.h>
#include <string.h>

#include "clustrixfs/quote.h"
#include "clustrixfs/scheduler.h"
#include "script.h"

/* Non-interactive shells often lack `module`; these are the places where it is defined. */
static const char module_init[] =
    "command -v module >/dev/null 2>&1 ||\n"
    "for init in /etc/profile.d/modules.sh /etc/profile.d/lmod.sh /etc/profile.d/z00_lmod.sh \\\n"
    "    /usr/share/modules/init/sh /usr/share/lmod/lmod/init/sh; do\n"
    "    [ -r \"$init\" ] && . \"$init\" && break\n"
    "done\n";

static int add_modules(struct buf *out, const struct strv *modules)
{
    if (modules->n > 0)
        buf_add_str(out, module_init);
    for (size_t i = 0; i < modules->n; i++) {
        int r;

        buf_add_str(out, "module load ");
        r = quote_word(out, span_str(modules->v[i]));
        if (r < 0)
            return r;
        /* Without what it asked for, the job would only fail later and less clearly. */
        buf_add_str(out, " || exit\n");
    }
    return buf_error(out);
}

bool script_has_prelude(const struct spec *spec)
{
    return spec->modules.n > 0 || spec->before.n > 0;
}

int script_prelude(const struct spec *spec, struct buf *out)
{
    int r;

    buf_add_str(out, "#!/bin/sh\n");
    r = add_modules(out, &spec->modules);
    if (r < 0)
        return r;
    for (size_t i = 0; i < spec->before.n; i++)
        buf_printf(out, "%s\n", spec->before.v[i]);
    return buf_error(out);
}

/* For /bin/sh: the words as they are, its arguments where a shell looks for them. */
static int add_shell_command(const struct spec *spec, struct buf *out)
{
    int r = 0;

    if (spec->args.n > 0) {
        buf_add_str(out, "set -- ");
        r = quote_argv(out, &spec->args);
        buf_add_char(out, '\n');
    }
    if (r < 0)
        return r;
    buf_add_str(out, spec->command);
    return buf_add_char(out, '\n');
}

static int add_args(const struct spec *spec, struct buf *out)
{
    if (spec->args.n == 0)
        return buf_add_char(out, '\n');
    buf_add_char(out, ' ');
    int r = quote_argv(out, &spec->args);
    return r < 0 ? r : buf_add_char(out, '\n');
}

static int add_argv(const struct spec *spec, struct buf *out)
{
    int r;

    buf_add_str(out, "exec ");
    r = quote_argv(out, &spec->argv);
    return r < 0 ? r : add_args(spec, out);
}

/* A file of the staged directory, which lies in the job's own: it need not be executable there. */
static int add_script_file(const struct spec *spec, struct buf *out)
{
    int r;

    buf_add_str(out, "file=\"$" SCRIPT_FILES_VARIABLE "\"/");
    r = quote_word(out, span_str(spec->script_file));
    if (r < 0)
        return r;
    buf_add_str(out, "\n[ -x \"$file\" ] || chmod u+x \"$file\" || exit\nexec \"$file\"");
    return add_args(spec, out);
}

int script_render(const struct spec *spec, struct buf *out)
{
    int r;

    if (spec->script)
        return buf_add(out, spec->script, spec->script_len);
    r = script_prelude(spec, out);
    if (r < 0)
        return r;
    if (spec->command)
        return add_shell_command(spec, out);
    if (spec->script_file)
        return add_script_file(spec, out);
    return spec->argv.n > 0 ? add_argv(spec, out) : -EINVAL;
}

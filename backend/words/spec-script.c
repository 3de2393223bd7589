/*
 * spec-script.c - a spec that is a script
 *
 * Directives are comments at the beginning of a line, from the second line up to the first line
 * of code; what looks like one after that has no meaning, for Slurm as for us. The script itself
 * is not looked into: it runs as it was written, byte for byte.
 */
#include "parse.h"

#include <errno.h>
#include <string.h>

#include "clustrixfs/json.h"

#define CLUSTRIX_SIGN "#CLUSTRIX"

static const struct dialect *const dialects[] = { &dialect_slurm, &dialect_pbs, &dialect_sge };

/* "#SBATCH -c 4" and "#$ -N x", but neither "#SBATCHES" nor "#$HOME": */
static bool has_sign(struct span line, const char *sign, bool option_follows)
{
    struct span rest;

    if (!span_starts(line, sign))
        return false;
    rest = span_from(line, strlen(sign));
    if (rest.len == 0 || rest.data[0] == '-')
        return rest.len > 0;
    if (rest.data[0] != ' ' && rest.data[0] != '\t')
        return false;
    return !option_follows || span_starts(span_trim(rest), "-");
}

static const struct dialect *dialect_of(struct span line)
{
    for (size_t i = 0; i < ARRAY_SIZE(dialects); i++)
        if (has_sign(line, dialects[i]->sign, false))
            return dialects[i];
    return NULL;
}

static bool is_directive(struct span line)
{
    return has_sign(line, CLUSTRIX_SIGN, false) || dialect_of(line);
}

static bool is_code(struct span line)
{
    line = span_trim(line);
    return line.len > 0 && line.data[0] != '#';
}

bool script_has_command(struct span text)
{
    struct span line;

    span_next_line(&text, &line);
    while (span_next_line(&text, &line))
        if (is_code(line))
            return true;
    return false;
}

static int take_directive(struct parse *p, struct span line)
{
    const struct dialect *dialect = dialect_of(line);

    p->at = (size_t)(line.data - p->text.data);
    if (!utf8_valid(line))
        return parse_fail(p, "a directive has to be valid UTF-8");
    if (dialect) {
        p->voice = VOICE_FOREIGN;
        return directive_line(p, dialect, line);
    }
    p->voice = VOICE_CLUSTRIX;
    return directive_clustrix(p, line);
}

/* The first line after the code begins that looks like a directive; one warning is enough. */
static int warn_of_late_ones(struct parse *p, struct span rest)
{
    struct span line;

    while (span_next_line(&rest, &line)) {
        p->line++;
        if (!has_sign(line, CLUSTRIX_SIGN, false) && !has_sign(line, "#SBATCH", true) &&
            !has_sign(line, "#PBS", true) && !has_sign(line, "#$", true))
            continue;
        p->at = (size_t)(line.data - p->text.data);
        return parse_warn(p, "this directive has no effect, since it comes after the first "
                             "command; move it up");
    }
    return 0;
}

int script_directives(struct parse *p)
{
    struct span rest = p->text, line;
    int r = 0;

    p->line = 1;
    span_next_line(&rest, &line);
    while (span_next_line(&rest, &line)) {
        p->line++;
        /* A last line without its end may still be in the writing. */
        bool ends = line.data + line.len < p->text.data + p->text.len;
        if (is_code(line)) {
            r = warn_of_late_ones(p, rest);
            break;
        }
        if (ends && is_directive(line))
            r = take_directive(p, line);
        if (r < 0)
            return r;
    }
    return r < 0 ? r : directives_settle(p);
}

/* A first line that is complete names a program to run the rest. */
static int check_interpreter(struct span text, size_t *at, struct error *e)
{
    struct span line;

    if (!memchr(text.data, '\n', text.len) || !span_next_line(&text, &line))
        return 0;
    line = span_trim(span_from(line, strlen("#!")));
    *at = strlen("#!");
    if (line.len == 0 || line.data[0] != '/')
        return error_set(e, -EINVAL,
                         "the first line has to name an interpreter by its full path, as in "
                         "#!/bin/sh");
    return 0;
}

int script_scan(struct span text, size_t *at, struct error *e)
{
    const char *crlf = memmem(text.data, text.len, "\r\n", 2);
    const char *nul = memchr(text.data, '\0', text.len);

    if (nul) {
        *at = (size_t)(nul - text.data);
        return error_set(e, -EINVAL, "there is a NUL byte here: a script is text");
    }
    if (crlf) {
        *at = (size_t)(crlf - text.data);
        return error_set(e, -EINVAL,
                         "this line ends in CR LF, as on Windows, which no shell understands; "
                         "convert the file with dos2unix, or with: sed -i 's/\\r$//' FILE");
    }
    return check_interpreter(text, at, e);
}

int script_read(struct parse *p)
{
    int r = script_scan(p->text, &p->at, p->e);

    if (r < 0)
        return r;
    p->spec->given |= KEY_BIT(KEY_SCRIPT);
    p->spec->script_len = p->text.len;
    r = set_string(&p->spec->script, p->text);
    if (r < 0)
        return r;
    r = script_directives(p);
    if (r < 0 || script_has_command(p->text))
        return r;
    p->at = AT_WHOLE;
    return error_set(p->e, SPEC_E_INCOMPLETE,
                     "the script has no command yet, only comments and empty lines");
}

/*
 * path.c - which inputs there may be
 *
 * Paths as people write them: absolute, from ~/ on, or relative, which is in the staged directory
 * and so is there already. Each gets the name that is the last component of its path.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "parts.h"

bool input_is_relative(const char *said)
{
    return said[0] != '/' && strncmp(said, "~/", 2) != 0 && strcmp(said, "~") != 0;
}

int input_path(struct buf *path, const char *said)
{
    const char *home = getenv("HOME");
    size_t      len;

    if (said[0] == '~') {
        if (!home || home[0] != '/')
            return -ENOENT;
        buf_add_str(path, home);
        said++;
    }
    buf_add_str(path, said);
    for (len = path->len; len > 1 && path->data[len - 1] == '/'; len--)
        ;
    return buf_error(path) ? -ENOMEM : buf_set_len(path, len);
}

struct span input_name(const char *path)
{
    return span_str(strrchr(path, '/') + 1);
}

static bool is_url(const char *said)
{
    const char *colon = strstr(said, "://");

    return colon && colon > said && !memchr(said, '/', (size_t)(colon - said));
}

static bool has_dots(const char *path)
{
    struct span rest = span_str(path);

    while (rest.len) {
        const char *slash = memchr(rest.data, '/', rest.len);
        size_t      len = slash ? (size_t)(slash - rest.data) : rest.len;

        if (span_is((struct span){ rest.data, len }, ".."))
            return true;
        rest.data += slash ? len + 1 : len;
        rest.len -= slash ? len + 1 : len;
    }
    return false;
}

static int check_words(const char *said, bool staged, struct error *e)
{
    if (is_url(said))
        return error_set(e, -EINVAL,
                         "inputs: \"%s\": nothing is fetched from the network; fetch it in the "
                         "job's command, or give the path of a file of this machine",
                         said);
    if (!input_is_relative(said))
        return 0;
    if (said[0] == '~')
        return error_set(e, -EINVAL, "inputs: \"%s\": only ~/ is known, for your own home", said);
    if (!staged)
        return error_set(e, -EINVAL,
                         "inputs: \"%s\" is relative, so it names a file of a staged directory, "
                         "and there is none: give an absolute path, or one from ~/",
                         said);
    if (has_dots(said))
        return error_set(e, -EINVAL, "inputs: \"%s\" leads out of the staged directory: give an "
                         "absolute path", said);
    return 0;
}

static int check_kind(const char *said, int fd, struct error *e)
{
    char        link[64];
    struct stat st;
    _cleanup_(bufp) struct buf text = BUF_INIT;

    if (fstat(fd, &st) < 0)
        return error_set(e, -EINVAL, "inputs: %s cannot be looked at: %s", said, strerror(errno));
    if (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode))
        return error_set(e, -EINVAL, "inputs: %s is neither a file nor a directory", said);
    buf_printf(&text, "/proc/self/fd/%d", fd);
    if (text.len >= sizeof(link))
        return -ENOMEM;
    if (access(text.data, S_ISDIR(st.st_mode) ? R_OK | X_OK : R_OK) < 0)
        return error_set(e, -EINVAL, "inputs: %s cannot be read: %s", said, strerror(errno));
    return 0;
}

static int check_there(const char *said, const char *path, struct error *e)
{
    _cleanup_(fdp) int fd = -1;
    int                r = look_at(path, &fd);

    if (r == -EXDEV)
        return error_set(e, -EINVAL,
                         "inputs: %s lies in a clustrixfs mount: copy it out of there first, or "
                         "name the file where it really is",
                         said);
    if (r < 0)
        return error_set(e, -EINVAL, "inputs: %s cannot be read: %s", said, strerror(-r));
    return fd < 0 ? 0 : check_kind(said, fd, e);
}

static int check_one(const char *said, struct strv *names, struct error *e)
{
    _cleanup_(bufp) struct buf path = BUF_INIT;
    struct span name;
    int         r = input_path(&path, said);

    if (r < 0)
        return r == -ENOMEM ? r : error_set(e, -EINVAL, "inputs: %s: HOME is not set", said);
    name = input_name(path.data);
    if (!name.len || span_is(name, ".") || span_is(name, ".."))
        return error_set(e, -EINVAL, "inputs: \"%s\" does not end in a name", said);
    if (strv_has(names, name.data))
        return error_set(e, -EINVAL,
                         "inputs: two of them are called %s, and would be one file: rename one, or "
                         "put them into directories",
                         name.data);
    r = strv_add_span(names, name);
    return r < 0 ? r : check_there(said, path.data, e);
}

int inputs_check(const struct strv *inputs, bool staged, struct error *e)
{
    _cleanup_(strvp) struct strv names = STRV_INIT;

    for (size_t i = 0; i < inputs->n; i++) {
        int r = check_words(inputs->v[i], staged, e);

        if (r == 0 && !input_is_relative(inputs->v[i]))
            r = check_one(inputs->v[i], &names, e);
        if (r < 0)
            return r;
    }
    return 0;
}

int inputs_check_staged(const struct strv *inputs, int dir, struct error *e)
{
    for (size_t i = 0; i < inputs->n; i++) {
        _cleanup_(bufp) struct buf path = BUF_INIT;
        const char *said = inputs->v[i];
        struct stat st;

        if (input_is_relative(said)) {
            if (fstatat(dir, said, &st, AT_SYMLINK_NOFOLLOW) < 0)
                return error_set(e, -EINVAL, "inputs: there is no %s in the directory", said);
            continue;
        }
        if (input_path(&path, said) < 0)
            return -ENOMEM;
        if (fstatat(dir, input_name(path.data).data, &st, AT_SYMLINK_NOFOLLOW) == 0)
            return error_set(e, -EINVAL,
                             "inputs: there is a %s in the directory already, and %s would take "
                             "its place: rename one of them",
                             input_name(path.data).data, said);
    }
    return 0;
}

bool inputs_to_bring(const struct strv *inputs)
{
    for (size_t i = 0; i < inputs->n; i++)
        if (!input_is_relative(inputs->v[i]))
            return true;
    return false;
}

bool inputs_are_local(const struct strv *inputs)
{
    bool local = true;

    for (size_t i = 0; local && i < inputs->n; i++) {
        _cleanup_(bufp) struct buf path = BUF_INIT;
        _cleanup_(fdp) int         fd = -1;

        if (!input_is_relative(inputs->v[i]))
            local = input_path(&path, inputs->v[i]) >= 0 && look_at(path.data, &fd) == 0 && fd >= 0;
    }
    return local;
}

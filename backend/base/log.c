/*
 * log.c - one line, one event, for whoever runs the daemon
 *
 * A line is put together first and written with one write() to a descriptor opened for appending,
 * so lines of several threads do not mix and need no lock.
 */
#include "clustrixfs/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "clustrixfs/buf.h"
#include "clustrixfs/clock.h"

#define LOG_TEXT_MAX 2048

static const char *const level_names[] = {
    [LOG_ERROR] = "error",
    [LOG_WARN] = "warn",
    [LOG_INFO] = "info",
    [LOG_DEBUG] = "debug",
};

/* The one thing here that changes: set by log_open() before there is a second thread. */
static struct {
    int            fd;
    enum log_level most;
} destination = { .fd = STDERR_FILENO, .most = LOG_INFO };

int log_open(const char *path, enum log_level most)
{
    int fd = STDERR_FILENO;

    destination.most = most;
    if (path) {
        fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (fd < 0)
            return -errno;
    }
    if (destination.fd != STDERR_FILENO)
        close(destination.fd);
    destination.fd = fd;
    return 0;
}

int log_fd(void)
{
    return destination.fd;
}

bool log_wants(enum log_level level)
{
    return level <= destination.most;
}

/* What was said may quote anything; a newline in it must not look like a line of ours. */
static void add_visible(struct buf *line, const char *text)
{
    for (const char *p = text; *p; p++) {
        unsigned char c = (unsigned char)*p;
        if (c < 0x20 || c == 0x7f)
            buf_printf(line, "\\x%02x", c);
        else
            buf_add_char(line, *p);
    }
}

void log_line(enum log_level level, const char *fmt, ...)
{
    _cleanup_(bufp) struct buf line = BUF_INIT;
    char                       text[LOG_TEXT_MAX] = "";
    int                        saved = errno;
    va_list                    ap;

    if (!log_wants(level))
        return;
    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);

    clock_format(&line, clock_now_ns());
    buf_printf(&line, " %s ", level_names[level]);
    add_visible(&line, text);
    buf_add_char(&line, '\n');
    /* A log that cannot be written is no reason to stop, and there is nobody else to tell. */
    ssize_t n unused_arg = buf_error(&line) < 0 ? 0 : write(destination.fd, line.data, line.len);
    errno = saved;
}

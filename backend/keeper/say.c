/*
 * say.c - the keeper's answers: one line for each run, written in one go
 *
 * A line that could not be written is a line that the asker does not get: it then knows nothing
 * of this run and asks again, which is right. So nothing is done about a failed write.
 */
#include "say.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "clustrixfs/error.h"
#include "run.h"

void say(const char *run, const char *fmt, ...)
{
    char    line[RUN_PATH_MAX + ERROR_TEXT_MAX];
    size_t  room = sizeof line - 1, len = (size_t)snprintf(line, room, "%.*s ", RUN_PATH_MAX, run);
    va_list args;

    va_start(args, fmt);
    vsnprintf(line + len, room - len, fmt, args);
    va_end(args);
    for (char *c = line; *c; c++)
        if ((unsigned char)*c < ' ')
            *c = ' ';
    len = strlen(line);
    line[len] = '\n';
    if (write(STDOUT_FILENO, line, len + 1) < 0)
        return;
}

/*
 * names.c - which names in submit/ stand for a spec
 *
 * Programs do not write a file, they write several: a swap file, a probe, a backup, a copy under
 * another name that is renamed at the end. All of them can be told by their names but those that
 * mkstemp() makes, which draft-io.c knows by how they are opened.
 */
#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

#include "clustrixfs/base.h"
#include "fs/names.h"

/* Shell patterns, and who uses them. */
static const char *const never_submits[] = {
    ".*",           /* hidden: .NAME.swp, .goutputstream-*, .nfs*, ._NAME, rsync's .NAME.XXXXXX */
    "*~",           /* backups of most editors, NAME.~1~ of cp, NAME.partial~ of Thunar         */
    "~$*",          /* the lock files of office programs                                        */
    "#*#",          /* emacs' automatic saves                                                   */
    "*.sw[a-px]",   /* vim's swap files: .swp, then .swo, .swn, ...; .swx is a probe            */
    "4913",         /* vim's probe whether it may write here                                    */
    "*.save",       /* what nano leaves when it is killed                                       */
    "*.save.[0-9]", /* and when that is there already                                           */
    "*.part",       /* KDE, Firefox, curl's front ends                                          */
    "*.filepart",   /* WinSCP                                                                   */
    "*.partial",    /* wget2, Internet Explorer's heirs                                         */
    "*.crdownload", /* Chromium                                                                 */
    "*.download",   /* Safari                                                                   */
    "*.tmp",
    "*.temp",
    "*.bak",
    "*.orig", /* patch and merge tools keep what was there before */
    "*.rej",  /* and what they could not apply                    */
};

bool name_submits(const char *name)
{
    for (size_t i = 0; i < ARRAY_SIZE(never_submits); i++) {
        if (fnmatch(never_submits[i], name, 0) == 0)
            return false;
    }
    return !name_is_error(name);
}

bool name_is_error(const char *name)
{
    size_t len = strlen(name), suffix = strlen(ERROR_SUFFIX);

    return len > suffix && strcmp(name + len - suffix, ERROR_SUFFIX) == 0;
}

void name_of_error(char draft[DRAFT_NAME_MAX + 1], const char *error_name)
{
    size_t len = strlen(error_name) - strlen(ERROR_SUFFIX);

    snprintf(draft, DRAFT_NAME_MAX + 1, "%.*s", (int)len, error_name);
}

/*
 * home.c - the home directory of whoever mounts
 *
 * It says where state, configuration and ssh's files lie, and jobs see it. What HOME says counts,
 * but not where it is somebody else's: mount(8) is set-user-id and drops it, and mount.fuse3 then
 * says /root, also where an ordinary user mounts a line of fstab. So a HOME that this user cannot
 * write to gives way to the home of the account, if that is better.
 */
#include "fs/home.h"

#include <errno.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

static bool is_usable(const char *home)
{
    return home && home[0] == '/' && access(home, W_OK | X_OK) == 0;
}

int home_settle(void)
{
    const struct passwd *account;

    if (is_usable(getenv("HOME")))
        return 0;
    account = getpwuid(getuid());
    if (!account || !is_usable(account->pw_dir))
        return 0;
    return setenv("HOME", account->pw_dir, 1) < 0 ? -errno : 0;
}

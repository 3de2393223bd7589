/*
 * ssh-config.c - what ~/.ssh/config says of a host
 *
 * libssh reads it: Host, HostName, User, Port, IdentityFile, ProxyJump and ProxyCommand,
 * UserKnownHostsFile, Ciphers and the like. What it cannot do is said in the log, not passed over.
 * What the cluster's own settings say comes after, and wins.
 */
#include "ssh.h"

#include <ctype.h>
#include <errno.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clustrixfs/log.h"

/* With AES in the processor the first two are several times as fast as the others. */
#define CIPHERS                                                                                    \
    "aes128-gcm@openssh.com,aes256-gcm@openssh.com,chacha20-poly1305@openssh.com,"                 \
    "aes128-ctr,aes192-ctr,aes256-ctr"

/* What libssh passes over, and we can do without. */
static const char *const harmless[] = {
    "AddKeysToAgent",
    "ClearAllForwardings",
    "ControlPersist",
    "EscapeChar",
    "ForwardAgent",
    "ForwardX11",
    "ForwardX11Trusted",
    "HashKnownHosts",
    "LocalCommand",
    "LocalForward",
    "PermitLocalCommand",
    "RemoteForward",
    "RequestTTY",
    "SendEnv",
    "SetEnv",
    "TCPKeepAlive",
    "VisualHostKey",
    "ServerAliveInterval",
    "ServerAliveCountMax",
    "UpdateHostKeys",
};

static bool is_harmless(const char *option)
{
    for (size_t i = 0; i < ARRAY_SIZE(harmless); i++) {
        size_t len = strlen(harmless[i]);

        if (strncasecmp(option, harmless[i], len) == 0 && !isalnum((unsigned char)option[len]))
            return true;
    }
    return false;
}

/* libssh says what it leaves out, and on which line, only to its log: "Unsupported option: X". */
static void hear_log(int priority, const char *function, const char *text, void *arg)
{
    const struct cluster *c = arg;
    const char *option = strstr(text, " option: ");

    (void)priority;
    (void)function;
    if (!option || !(strstr(text, "Unsupported") || strstr(text, "Unknown")))
        return;
    option += strlen(" option: ");
    if (!is_harmless(option))
        log_line(LOG_WARN,
                 "host=%s: libssh cannot do what the ssh configuration says: %s; the "
                 "transport openssh can",
                 c->host, option);
}

/* Whoever can write it decides which commands we run (ProxyCommand). */
static int check_owner(const char *path, struct error *e)
{
    struct stat st;

    if (stat(path, &st) < 0)
        return 1;
    if ((st.st_uid == geteuid() || st.st_uid == 0) && !(st.st_mode & 022))
        return 0;
    return error_set(e, -EPERM, "%s may be written by others: chmod go-w it", path);
}

static int read_file(struct link *l, const char *path, struct error *e)
{
    int r = check_owner(path, e);

    if (r != 0)
        return r < 0 ? r : 0;
    if (ssh_options_parse_config(l->session, path) < 0)
        return error_set(e, -EINVAL, "%s: %s", path, ssh_get_error(l->session));
    return 0;
}

static int read_files(struct link *l, const char *dir, bool aloud, struct error *e)
{
    _cleanup_(bufp) struct buf path = BUF_INIT;
    int r;

    if (aloud) {
        ssh_set_log_level(SSH_LOG_TRACE);
        ssh_set_log_userdata((void *)(uintptr_t)l->cluster);
        ssh_set_log_callback(hear_log);
    }
    r = buf_printf(&path, "%s/config", dir);
    if (r == 0)
        r = read_file(l, path.data, e);
    if (r == 0)
        r = read_file(l, "/etc/ssh/ssh_config", e);
    ssh_set_log_level(SSH_LOG_NOLOG);
    ssh_set_log_callback(NULL);
    return r;
}

/* Where the other files of ours are looked for too; the account's own home without it. */
static int add_dir(struct buf *dir)
{
    const char *home = getenv("HOME");
    const struct passwd *user;

    if (!home || *home != '/')
        home = (user = getpwuid(geteuid())) ? user->pw_dir : "";
    return buf_printf(dir, "%s/.ssh", home);
}

static int set_basics(struct link *l, const char *dir)
{
    const struct cluster *c = l->cluster;
    long alive_s = c->alive_s;
    int on = 1, off = 0, r;

    r = ssh_options_set(l->session, SSH_OPTIONS_HOST, c->host);
    r = r < 0 ? r : ssh_options_set(l->session, SSH_OPTIONS_PROCESS_CONFIG, &off);
    r = r < 0 ? r : ssh_options_set(l->session, SSH_OPTIONS_NODELAY, &on);
    r = r < 0 ? r : ssh_options_set(l->session, SSH_OPTIONS_TIMEOUT, &alive_s);
    r = r < 0 ? r : ssh_options_set(l->session, SSH_OPTIONS_CIPHERS_C_S, CIPHERS);
    r = r < 0 ? r : ssh_options_set(l->session, SSH_OPTIONS_CIPHERS_S_C, CIPHERS);
    return r < 0 ? r : ssh_options_set(l->session, SSH_OPTIONS_SSH_DIR, dir);
}

static int set_our_own(struct link *l)
{
    const struct cluster *c = l->cluster;
    unsigned port = c->port;
    int r = 0;

    if (c->user)
        r = ssh_options_set(l->session, SSH_OPTIONS_USER, c->user);
    if (r == 0 && port)
        r = ssh_options_set(l->session, SSH_OPTIONS_PORT, &port);
    return r;
}

int session_configure(struct link *l, struct error *e)
{
    _cleanup_(bufp) struct buf dir = BUF_INIT;
    int r;

    l->session = ssh_new();
    if (!l->session || add_dir(&dir) < 0)
        return error_set(e, TRANSPORT_E_NOT_RUN, "out of memory");
    ssh_set_blocking(l->session, 0);
    ssh_set_counters(l->session, &l->counter, NULL);
    if (set_basics(l, dir.data) < 0)
        return session_failed(l, TRANSPORT_E_NOT_RUN, -EIO, "prepare a connection to", e);
    r = read_files(l, dir.data, !l->told, e);
    l->told = true;
    if (r < 0)
        return TRANSPORT_E_LOGIN;
    if (set_our_own(l) < 0)
        return session_failed(l, TRANSPORT_E_NOT_RUN, -EIO, "prepare a connection to", e);
    return 0;
}

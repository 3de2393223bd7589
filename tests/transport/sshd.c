/*
 * sshd.c - a real sshd of the test's own
 *
 * It runs as whoever runs the test; nobody needs to be root for that. It is in the foreground and
 * leads a process group, so that all its connections can be stopped or killed together.
 */
#include "sshd.h"

#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <limits.h>
#include <netinet/in.h>
#include <pwd.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

int may(const char *fmt, ...)
{
    char command[8192];
    va_list ap;

    va_start(ap, fmt);
    ck_assert_int_lt(vsnprintf(command, sizeof command, fmt, ap), (int)sizeof command);
    va_end(ap);
    return system(command);
}

void must(const char *fmt, ...)
{
    char command[8192];
    va_list ap;

    va_start(ap, fmt);
    ck_assert_int_lt(vsnprintf(command, sizeof command, fmt, ap), (int)sizeof command);
    va_end(ap);
    ck_assert_msg(system(command) == 0, "this failed: %s", command);
}

const char *sshd_path(const struct sshd *s, const char *name)
{
    static __thread char paths[8][PATH_MAX];
    static int next;
    char *path = paths[next++ % 8];

    snprintf(path, PATH_MAX, "%s/%s", s->dir, name);
    return path;
}

static unsigned free_port(void)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof a;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    ck_assert_int_eq(bind(fd, (struct sockaddr *)&a, len), 0);
    ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&a, &len), 0);
    close(fd);
    return ntohs(a.sin_port);
}

/* sshd speaks first. */
static bool greets(unsigned port)
{
    struct sockaddr_in a = {.sin_family = AF_INET,
                            .sin_port = htons((in_port_t)port),
                            .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    char hello[4] = "";
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool yes = connect(fd, (struct sockaddr *)&a, sizeof a) == 0 &&
               recv(fd, hello, sizeof hello, 0) == 4 && memcmp(hello, "SSH-", 4) == 0;

    close(fd);
    return yes;
}

static void wait_greeting(const struct sshd *s)
{
    for (int i = 0; !greets(s->port); i++) {
        ck_assert_msg(i < 500 && waitpid(s->pid, NULL, WNOHANG) == 0, "sshd does not answer");
        usleep(10000);
    }
}

void sshd_begin(struct sshd *s)
{
    s->pid = fork();
    ck_assert_int_ge(s->pid, 0);
    if (s->pid == 0) {
        setpgid(0, 0);
        prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test that fails ends here and now */
        execl("/usr/sbin/sshd", "/usr/sbin/sshd", "-D", "-f", sshd_path(s, "sshd_config"), "-E",
              sshd_path(s, "sshd.log"), NULL);
        _exit(127);
    }
    setpgid(s->pid, s->pid);
    wait_greeting(s);
}

static void write_configs(const struct sshd *s, const char *more)
{
    FILE *f = fopen(sshd_path(s, "sshd_config"), "we");

    ck_assert_ptr_nonnull(f);
    /* The first of two lines for one thing counts. */
    fprintf(f,
            "%s\nPort %u\nListenAddress 127.0.0.1\nHostKey %s\nPidFile none\nStrictModes no\n"
            "AuthorizedKeysFile %s\nUsePAM no\nPermitRootLogin yes\nUseDNS no\nPrintMotd no\n"
            "PasswordAuthentication no\nKbdInteractiveAuthentication no\nMaxStartups 100\n"
            "LogLevel VERBOSE\nSetEnv SHLVL=5\n",
            more, s->port, sshd_path(s, "host"), sshd_path(s, "id.pub"));
    fclose(f);
    f = fopen(sshd_path(s, ".ssh/config"), "we");
    ck_assert_ptr_nonnull(f);
    fprintf(f,
            "Host far\n  HostName 127.0.0.1\n  Port %u\n  User %s\n  IdentityFile %s\n"
            "  UserKnownHostsFile %s\n  GlobalKnownHostsFile %s\n",
            s->port, s->user, sshd_path(s, "id"), sshd_path(s, ".ssh/known_hosts"),
            sshd_path(s, "global"));
    fclose(f);
}

void sshd_start(struct sshd *s, const char *user, const char *more)
{
    *s = (struct sshd){.dir = "/tmp/clustrixfs-sshd-XXXXXX", .port = free_port()};
    ck_assert_ptr_nonnull(mkdtemp(s->dir));
    chmod(s->dir, 0755);
    snprintf(s->user, sizeof s->user, "%s", user ? user : getpwuid(geteuid())->pw_name);
    setenv("HOME", s->dir, 1);
    unsetenv("SSH_AUTH_SOCK");
    ck_assert_int_eq(mkdir(sshd_path(s, ".ssh"), 0700), 0);
    if (geteuid() == 0)
        mkdir("/run/sshd", 0755); /* sshd wants it, where it is root */
    must("cd %s && ssh-keygen -q -t ed25519 -N '' -f host && ssh-keygen -q -t ed25519 -N '' -f id",
         s->dir);
    must("cd %s && printf '[127.0.0.1]:%u %%s\\n' \"$(cut -d' ' -f1,2 host.pub)\" "
         ">.ssh/known_hosts",
         s->dir, s->port);
    write_configs(s, more ? more : "");
    sshd_begin(s);
}

void sshd_end(struct sshd *s)
{
    if (s->pid <= 0)
        return;
    kill(s->pid, SIGTERM);
    kill(s->pid, SIGCONT);
    while (waitpid(s->pid, NULL, 0) < 0 && errno == EINTR)
        ;
}

/* The children of a process, and theirs. */
static void signal_below(pid_t pid, int signal)
{
    char path[64], line[4096] = "";
    FILE *f;

    snprintf(path, sizeof path, "/proc/%d/task/%d/children", (int)pid, (int)pid);
    f = fopen(path, "re");
    if (f && !fgets(line, sizeof line, f))
        line[0] = '\0';
    if (f)
        fclose(f);
    for (char *p = line, *end; *p; p = end) {
        pid_t child = (pid_t)strtol(p, &end, 10);

        if (end == p)
            break;
        signal_below(child, signal);
        kill(child, signal);
    }
}

void sshd_signal(const struct sshd *s, int signal)
{
    signal_below(s->pid, signal);
}

void sshd_stop(struct sshd *s)
{
    /* A connection leads a session of its own, and may not know yet that nobody is there. */
    sshd_signal(s, SIGKILL);
    kill(-s->pid, SIGKILL);
    while (waitpid(s->pid, NULL, 0) < 0 && errno == EINTR)
        ;
    must("rm -rf '%s'", s->dir);
}

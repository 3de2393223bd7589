/*
 * test_quote.c - a real shell reads back exactly the words that were quoted
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clustrixfs/quote.h"
#include "unit.h"

#define WORDS 4000

/*
 * Run a script in a shell and collect what it prints. The script goes in through a pipe from a
 * child of its own, so that neither side waits for the other.
 */
static void run_shell(const char *shell, struct span script, struct buf *out)
{
    int     in[2], back[2], status;
    char    chunk[65536];
    ssize_t n;

    ck_assert(pipe(in) == 0 && pipe(back) == 0);
    pid_t reader = fork();
    if (reader == 0) {
        dup2(in[0], 0);
        dup2(back[1], 1);
        close(in[0]), close(in[1]), close(back[0]), close(back[1]);
        execlp(shell, shell, (char *)NULL);
        _exit(127);
    }
    pid_t writer = fork();
    if (writer == 0) {
        close(in[0]), close(back[0]), close(back[1]);
        for (; script.len > 0; script.data += n, script.len -= (size_t)n)
            if ((n = write(in[1], script.data, script.len)) < 0)
                _exit(1);
        _exit(0);
    }
    close(in[0]), close(in[1]), close(back[1]);
    while ((n = read(back[0], chunk, sizeof(chunk))) > 0)
        buf_add(out, chunk, (size_t)n);
    close(back[0]);
    waitpid(writer, &status, 0);
    ck_assert_int_eq(status, 0);
    waitpid(reader, &status, 0);
    ck_assert_msg(status == 0, "%s: status 0x%x", shell, status);
}

static unsigned next_random(unsigned *state)
{
    *state = *state * 1664525 + 1013904223;
    return *state >> 10;
}

/* Half of them any bytes but NUL, half of them bytes that mean something to a shell. */
static int add_random_word(struct strv *words, unsigned *state)
{
    static const char loud[] = "'\"\\$`!*?[]{}()<>|&;~#=%^ \t\n\r-/.abAB0";
    char              word[40];
    size_t            len = next_random(state) % sizeof(word);
    bool              any = next_random(state) % 2;

    for (size_t i = 0; i < len; i++)
        word[i] = any ? (char)(1 + next_random(state) % 255)
                      : loud[next_random(state) % (sizeof(loud) - 1)];
    return strv_add_span(words, (struct span){ word, len });
}

static void make_words(struct strv *words)
{
    static const char *const by_hand[] = {
        "", " ", "'", "''", "\\", "\\'", "'\\''", "\n", "\r\n", "~", "~root", "-n", "--", "a=b",
        "if", "for", "!", "{", "}", "#", "*", "$HOME", "$(id)", "`id`", "\x81", "\x88", "\xff",
        "h\xc3\xa9", "a'b\"c", "-e", "x\\", "%s", "1>2", "%1",
    };
    unsigned state = 20261122;

    for (size_t i = 0; i < ARRAY_SIZE(by_hand); i++)
        ck_assert_int_eq(strv_add(words, by_hand[i]), 0);
    while (words->n < WORDS)
        ck_assert_int_eq(add_random_word(words, &state), 0);
}

/* One shell for all words: `printf '%s\0'` of each, and both lists must be the same bytes. */
static void echo_back(const char *shell)
{
    _cleanup_(strvp) struct strv words = STRV_INIT;
    _cleanup_(bufp) struct buf   script = BUF_INIT, want = BUF_INIT, got = BUF_INIT;

    make_words(&words);
    for (size_t i = 0; i < words.n; i++) {
        buf_add_str(&script, "printf '%s\\0' ");
        ck_assert_int_eq(quote_word(&script, span_str(words.v[i])), 0);
        buf_add_char(&script, '\n');
        buf_add(&want, words.v[i], strlen(words.v[i]) + 1);
    }
    run_shell(shell, buf_span(&script), &got);
    for (size_t i = 0; i < got.len && i < want.len; i++)
        ck_assert_msg(got.data[i] == want.data[i], "%s: byte %zu", shell, i);
    ck_assert_uint_eq(got.len, want.len);
}

START_TEST(dash_reads_the_same_bytes)
{
    echo_back("dash");
}
END_TEST

START_TEST(bash_reads_the_same_bytes)
{
    echo_back("bash");
}
END_TEST

START_TEST(bash_reads_the_same_bytes_in_utf8)
{
    setenv("LC_ALL", "C.UTF-8", 1);
    echo_back("bash");
}
END_TEST

/* A program of each name lies in the PATH and is called by its quoted name. */
START_TEST(the_first_word_is_a_command)
{
    static const char *const names[] = { "if", "A=b", "time", "while", "x y", "~", "sh" };

    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        _cleanup_(strvp) struct strv argv = STRV_INIT;
        _cleanup_(bufp) struct buf   script = BUF_INIT, got = BUF_INIT;
        char                         dir[] = "/tmp/clustrixfs-quote.XXXXXX", path[80];

        ck_assert_ptr_nonnull(mkdtemp(dir));
        snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
        ck_assert_int_eq(symlink("/bin/echo", path), 0);
        ck_assert_int_eq(strv_add(&argv, names[i]), 0);
        ck_assert_int_eq(strv_add(&argv, "$HOME; it's"), 0);
        buf_printf(&script, "PATH=%s\n", dir);
        ck_assert_int_eq(quote_argv(&script, &argv), 0);
        buf_add_char(&script, '\n');
        run_shell(i % 2 ? "/bin/bash" : "/bin/sh", buf_span(&script), &got);
        ck_assert_str_eq(got.data, "$HOME; it's\n");
        unlink(path);
        rmdir(dir);
    }
}
END_TEST

START_TEST(plain_words_stay_plain)
{
    _cleanup_(strvp) struct strv argv = STRV_INIT;
    _cleanup_(bufp) struct buf   b = BUF_INIT;

    ck_assert_int_eq(strv_add(&argv, "/usr/bin/env"), 0);
    ck_assert_int_eq(strv_add(&argv, "-x_1%+:,.@"), 0);
    ck_assert_int_eq(strv_add(&argv, "a b"), 0);
    ck_assert_int_eq(strv_add(&argv, ""), 0);
    ck_assert_int_eq(quote_argv(&b, &argv), 0);
    ck_assert_str_eq(b.data, "/usr/bin/env -x_1%+:,.@ 'a b' ''");
}
END_TEST

START_TEST(nul_is_refused)
{
    _cleanup_(bufp) struct buf b = BUF_INIT;

    ck_assert_int_eq(quote_word(&b, (struct span){ "a\0b", 3 }), -EINVAL);
    ck_assert_uint_eq(b.len, 0);
}
END_TEST

UNIT_MAIN("quote", { dash_reads_the_same_bytes, bash_reads_the_same_bytes,
                     bash_reads_the_same_bytes_in_utf8, the_first_word_is_a_command,
                     plain_words_stay_plain, nul_is_refused })

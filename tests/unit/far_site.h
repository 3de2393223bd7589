/*
 * far_site.h - a place where real jobs run under far-keeper.sh, in each of the shells it is for
 */
#ifndef CLUSTRIXFS_TESTS_FAR_SITE_H
#define CLUSTRIXFS_TESTS_FAR_SITE_H

#include <check.h>
#include <stdlib.h>

#include "clustrixfs/record.h"
#include "clustrixfs/scheduler.h"

#define TOKEN "cfxabcdefghijkl"
#define RUN TOKEN "/attempt1"

struct far {
    char              root[64], keeper[80];
    struct transport *transport;
    struct cluster    cluster;
};

/* The shells, and the programs that go with them: GNU's, or busybox's alone. */
enum { FAR_SHELLS = 4 };

/* ROOT with the script in it, for the shell of that number; false: it is not on this machine. */
bool fsite_open(struct far *f, int shell);
/* Ends what still runs, and removes everything. */
void farp_cleanup(struct far *f);

/* Put the job's files in place, as they are rendered for a far machine. */
void fsite_job(struct far *f, const char *token, const char *spec);
/* A file below ROOT, and the whole of one. */
void fsite_write(struct far *f, const char *path, mode_t mode, const char *text);
void fsite_read(struct far *f, const char *path, struct buf *out);
bool fsite_has(const struct far *f, const char *path);

/* "KEEPER verb [word] ROOT run...": what it printed. `runs` is ended by NULL. */
void fsite_ask(struct far *f, const char *verb, const char *word, const char *const *runs,
             struct buf *out);
/* The same for one run, and its answer compared; "%" in `answer` stands for any rest of it. */
void fsite_check(struct far *f, const char *verb, const char *word, const char *run,
               const char *answer);

/* Wait until a file below ROOT is there; for a run's end, and its record; start and wait. */
void fsite_await(const struct far *f, const char *path);
void fsite_end(struct far *f, const char *run, struct record *r);
void fsite_run(struct far *f, const char *run, struct record *r);
void fsite_record(struct far *f, const char *run, const char *which, struct record *r);

/* FAR_MAIN("title", { a, b }): each START_TEST() once a shell, as fsite_open(_i) has them. */
#define FAR_MAIN(title, ...)                                                                       \
    int main(void)                                                                                 \
    {                                                                                              \
        const TTest *tests[] = __VA_ARGS__;                                                        \
        Suite       *suite = suite_create(title);                                                  \
        SRunner     *runner = srunner_create(suite);                                               \
                                                                                                   \
        for (size_t i = 0; i < ARRAY_SIZE(tests); i++) {                                           \
            TCase *tcase = tcase_create(tests[i]->name);                                           \
            tcase_set_timeout(tcase, 120);                                                         \
            tcase_add_loop_test(tcase, tests[i], 0, FAR_SHELLS);                                   \
            suite_add_tcase(suite, tcase);                                                         \
        }                                                                                          \
        srunner_run_all(runner, CK_ENV);                                                           \
        int failed = srunner_ntests_failed(runner);                                                \
        srunner_free(runner);                                                                      \
        return failed > 0 ? EXIT_FAILURE : EXIT_SUCCESS;                                           \
    }

#endif

/*
 * unit.h - the main() of a unit test: every case on its own in a child process, results as TAP
 */
#ifndef CLUSTRIXFS_TESTS_UNIT_H
#define CLUSTRIXFS_TESTS_UNIT_H

#include <check.h>
#include <stdlib.h>

#include "clustrixfs/base.h"

/* UNIT_MAIN("title", { a, b, c }): the START_TEST()s a, b and c. */
#define UNIT_MAIN(title, ...)                                                                      \
    int main(void)                                                                                 \
    {                                                                                              \
        const TTest *tests[] = __VA_ARGS__;                                                        \
        Suite       *suite = suite_create(title);                                                  \
        SRunner     *runner = srunner_create(suite);                                               \
                                                                                                   \
        for (size_t i = 0; i < ARRAY_SIZE(tests); i++) {                                           \
            TCase *one = tcase_create(tests[i]->name);                                             \
            tcase_set_timeout(one, 30);                                                            \
            tcase_add_test(one, tests[i]);                                                         \
            suite_add_tcase(suite, one);                                                           \
        }                                                                                          \
        srunner_run_all(runner, CK_ENV);                                                           \
        int failed = srunner_ntests_failed(runner);                                                \
        srunner_free(runner);                                                                      \
        return failed > 0 ? EXIT_FAILURE : EXIT_SUCCESS;                                           \
    }

#endif

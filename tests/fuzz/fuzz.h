/*
 * fuzz.h - what a fuzzer and the program that runs its corpus agree upon
 */
#ifndef CLUSTRIXFS_TESTS_FUZZ_H
#define CLUSTRIXFS_TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

/* The name and the types are libFuzzer's. Returns 0; what must not be stops the program. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What has to hold for any input. */
#define MUST(condition)                                                                            \
    do {                                                                                           \
        if (!(condition))                                                                          \
            abort();                                                                               \
    } while (0)

#endif

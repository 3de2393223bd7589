/*
 * corpus.c - runs every file of a corpus once through a fuzzer's function
 *
 * The same function that libFuzzer calls, in a plain program that any compiler builds: what a
 * fuzzer ever found stays found. A directory without a file is an error, not a success.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clustrixfs/buf.h"
#include "fuzz.h"

/* In a block of just its size, so that a sanitizer or valgrind sees a read behind the end. */
static int run_file(int dir, const char *name)
{
    _cleanup_(fdp) int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
    struct stat st;

    if (fd < 0 || fstat(fd, &st) < 0)
        return -errno;
    _cleanup_(freep) uint8_t *data = malloc(st.st_size > 0 ? (size_t)st.st_size : 1);
    if (!data)
        return -ENOMEM;
    if (read(fd, data, (size_t)st.st_size) != st.st_size)
        return -EIO;
    /* Said first, so that the last line before a crash names the file. */
    printf("%s\n", name);
    fflush(stdout);
    return LLVMFuzzerTestOneInput(data, (size_t)st.st_size);
}

static int run_directory(const char *path, unsigned *n)
{
    DIR *dir = opendir(path);
    struct dirent *entry;
    int r = dir ? 0 : -errno;

    while (r == 0 && (entry = readdir(dir))) {
        if (entry->d_name[0] == '.')
            continue;
        r = run_file(dirfd(dir), entry->d_name);
        ++*n;
    }
    if (dir)
        closedir(dir);
    return r;
}

int main(int argc, char **argv)
{
    unsigned n = 0;

    for (int i = 1; i < argc; i++) {
        int r = run_directory(argv[i], &n);
        if (r < 0) {
            fprintf(stderr, "%s: %s\n", argv[i], strerror(-r));
            return EXIT_FAILURE;
        }
    }
    printf("%u files\n", n);
    return n > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

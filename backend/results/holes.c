/*
 * holes.c - which bytes of a placeholder are here: the file system knows
 *
 * SEEK_HOLE tells what was never written. Three things have to be kept from lying to it:
 *
 * A block of which only a part was written counts as written: so nothing but whole grains are
 * written, and where a file grows, the grain that its old end lies in is dropped.
 *
 * Between "it is held" and the read it may be dropped: so both are done under a guard, which who
 * writes or drops holds alone. The guards are a few, picked by inode number; each is held for one
 * read or write of the page cache, and none is taken while another one is held.
 *
 * After a crash a grain may have lost its bytes. Its size was set long before, by another change of
 * the inode; its blocks are allocated when it is written back, and ext4, XFS and btrfs each make
 * them part of the file only after their bytes have reached the disk (ordered data, unwritten
 * extents, copy on write). So what got lost is a hole again and is fetched again; a block of zeros
 * that nobody wrote does not come up. (ext4 with data=writeback gives that away for every program.)
 */
#include "mirror.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

static off_t grain_down(off_t off)
{
    return off - off % MIRROR_GRAIN;
}

static off_t grain_up(off_t off)
{
    return grain_down(off + MIRROR_GRAIN - 1);
}

static pthread_rwlock_t *guard_of(struct mirror *m, int fd)
{
    struct stat st;

    return fstat(fd, &st) < 0 ? NULL : &m->guards[st.st_ino % MIRROR_GUARDS];
}

bool holes_next(int fd, off_t off, off_t end, off_t *from, off_t *to)
{
    off_t hole = off < end ? lseek(fd, off, SEEK_HOLE) : -1;
    off_t data;

    if (hole < 0 || hole >= end)
        return false;
    data = lseek(fd, hole, SEEK_DATA);
    *from = hole;
    *to = data < 0 || data > end ? end : data;
    return true;
}

bool holes_held(int fd, off_t off, size_t size)
{
    struct stat st;
    off_t       end, from, to;

    if (fstat(fd, &st) < 0)
        return false;
    end = off > st.st_size || (off_t)size > st.st_size - off ? st.st_size : off + (off_t)size;
    return !holes_next(fd, off, end, &from, &to);
}

static ssize_t read_all(int fd, char *data, size_t size, off_t off)
{
    size_t got = 0;

    while (got < size) {
        ssize_t n = pread(fd, data + got, size - got, off + (off_t)got);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        if (n == 0)
            break;
        got += (size_t)n;
    }
    return (ssize_t)got;
}

ssize_t holes_read(struct mirror *m, int fd, void *data, size_t size, off_t off)
{
    pthread_rwlock_t *guard = guard_of(m, fd);
    ssize_t           n = -EAGAIN;

    if (!guard)
        return -EBADF;
    pthread_rwlock_rdlock(guard);
    if (holes_held(fd, off, size))
        n = read_all(fd, data, size, off);
    pthread_rwlock_unlock(guard);
    return n;
}

static int set_mtime(int fd, int64_t ns)
{
    struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, mtime_spec(ns) };

    return futimens(fd, times) < 0 ? -errno : 0;
}

static int write_all(int fd, struct span data, off_t off)
{
    while (data.len > 0) {
        ssize_t n = pwrite(fd, data.data, data.len, off);

        if (n < 0 && errno != EINTR)
            return -errno;
        if (n > 0) {
            data = (struct span){ data.data + n, data.len - (size_t)n };
            off += n;
        }
    }
    return 0;
}

/* Punch what can be punched in whole grains; -EIO where bytes are still there after that. */
static int punch(int fd, off_t from, off_t size)
{
    off_t to = grain_up(size);

    if (from < to && fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, from, to - from) < 0)
        return -errno;
    return from < size && lseek(fd, from, SEEK_DATA) >= 0 ? -EIO : 0;
}

/* What cannot be punched is cut off: the same, but that for a moment the file is seen empty. */
static int drop(int fd, off_t from)
{
    struct stat st;

    if (fstat(fd, &st) < 0)
        return -errno;
    if (punch(fd, grain_down(from), st.st_size) == 0)
        return 0;
    if (ftruncate(fd, 0) < 0 || ftruncate(fd, st.st_size) < 0)
        return -errno;
    return 0;
}

/*
 * The file may have grown since this was asked for: then what was its end lies within a grain. And
 * a part of a grain that was written (the disk is full) may not be taken for the whole.
 */
static int write_grains(int fd, struct span data, off_t off)
{
    struct stat st;
    off_t       end = off + (off_t)data.len;
    int         r;

    if (fstat(fd, &st) < 0)
        return -errno;
    if (end != st.st_size)
        end = grain_down(end < st.st_size ? end : st.st_size);
    if (end <= off)
        return 0;
    data.len = (size_t)(end - off);
    r = write_all(fd, data, off);

    if (r < 0)
        (void)drop(fd, 0);
    return r;
}

int holes_write(struct mirror *m, int fd, const atomic_uint *gen, unsigned expected,
                int64_t mtime_ns, struct span data, off_t off)
{
    pthread_rwlock_t *guard = guard_of(m, fd);
    int               r = -ESTALE, times;

    if (!guard)
        return -EBADF;
    pthread_rwlock_wrlock(guard);
    if (atomic_load(gen) == expected) {
        r = write_grains(fd, data, off);
        times = set_mtime(fd, mtime_ns);
        r = r < 0 ? r : times;
    }
    pthread_rwlock_unlock(guard);
    return r;
}

int holes_drop(struct mirror *m, int fd)
{
    pthread_rwlock_t *guard = guard_of(m, fd);
    struct stat       st;
    int               r;

    if (!guard)
        return -EBADF;
    pthread_rwlock_wrlock(guard);
    r = fstat(fd, &st) < 0 ? -errno : drop(fd, 0);
    if (r == 0)
        r = set_mtime(fd, stat_mtime_ns(&st));
    pthread_rwlock_unlock(guard);
    return r;
}

/*
 * The bytes go first: whatever moment a crash picks, a file of another size or time is all hole,
 * and what is fetched for a hole is compared with what the far side says then.
 */
static int resize(int fd, uint64_t size, int64_t mtime_ns, bool keep)
{
    struct stat st;
    int         r;

    if (fstat(fd, &st) < 0)
        return -errno;
    keep = keep && size >= (uint64_t)st.st_size;
    r = !keep || size > (uint64_t)st.st_size ? drop(fd, keep ? st.st_size : 0) : 0;
    if (r == 0 && ftruncate(fd, (off_t)size) < 0)
        r = -errno;
    return r < 0 ? r : set_mtime(fd, mtime_ns);
}

int holes_resize(struct mirror *m, int fd, uint64_t size, int64_t mtime_ns, bool keep)
{
    pthread_rwlock_t *guard = guard_of(m, fd);
    int               r;

    if (!guard)
        return -EBADF;
    pthread_rwlock_wrlock(guard);
    r = resize(fd, size, mtime_ns, keep);
    pthread_rwlock_unlock(guard);
    return r;
}

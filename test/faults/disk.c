/*
 * A disk between a process and its files, preloaded under it. It watches the files of one folder (VIGIE_DISK_FOLDER) and
 *
 * - writes down in VIGIE_DISK_LOG, in order, all that changes them, with the data, and all that the process acknowledges (its
 *   writes to standard output), so that disk.ts can rebuild the disk at any instant;
 * - fails on demand: VIGIE_DISK_FAULT="flush 12 5 1" answers the 12th flush with errno 5, once; "write 40 28 20" the 40th
 *   change and the 19 after it with errno 28;
 * - is slow on demand: each flush takes VIGIE_DISK_FLUSH_MS more, as on a memory card.
 *
 * An entry of the log: op (u32), length of the payload (u32), inode (u64), offset (u64), payload; this machine's byte order.
 * It is written under one lock with the call it tells of, so the log's order is the order of the calls. Only a flush runs
 * outside it, between two entries: what was written before the first is what it makes durable.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum op { CREATE = 1, WRITE, TRUNCATE, UNLINK, RENAME, FLUSH_BEGIN, FLUSH_END, FLUSH_FAILED, ACKNOWLEDGE, FOUND, UNSUPPORTED };

struct entry {
  uint32_t op, length;
  uint64_t inode, offset;
};

/* What an open descriptor is: 0 nothing of ours, else 1 + the inode; FOLDER for the folder itself. */
#define DESCRIPTORS 65536
#define FOLDER UINT64_MAX
static uint64_t known[DESCRIPTORS];
static char folder[4096];
static size_t folder_length;
static int log_descriptor = -1;
static long flush_ms;
static struct fault {
  char what[8];
  long first, code, times, seen;
} fault;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

__attribute__((constructor)) static void begin(void) {
  const char *of = getenv("VIGIE_DISK_FOLDER"), *to = getenv("VIGIE_DISK_LOG");
  const char *wanted = getenv("VIGIE_DISK_FAULT"), *slow = getenv("VIGIE_DISK_FLUSH_MS");
  if (of == NULL) return;
  strncpy(folder, of, sizeof folder - 1);
  folder_length = strlen(folder);
  if (to != NULL) log_descriptor = (int)syscall(SYS_openat, AT_FDCWD, to, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (to != NULL && log_descriptor < 0) abort();
  if (slow != NULL) flush_ms = atol(slow);
  if (wanted != NULL && sscanf(wanted, "%7s %ld %ld %ld", fault.what, &fault.first, &fault.code, &fault.times) != 4) abort();
  /* Whatever this process starts is another's doing. */
  unsetenv("LD_PRELOAD");
}

static void note(enum op op, uint64_t inode, uint64_t offset, const void *payload, size_t length) {
  if (log_descriptor < 0) return;
  struct entry entry = {op, (uint32_t)length, inode, offset};
  struct iovec parts[2] = {{&entry, sizeof entry}, {(void *)payload, length}};
  if (syscall(SYS_writev, log_descriptor, parts, 2) != (long)(sizeof entry + length)) abort();
}

/* Whether this call is one of those that are to fail; errno is then set. Under the lock. */
static int fails(const char *what) {
  if (strcmp(fault.what, what) != 0) return 0;
  fault.seen += 1;
  if (fault.seen < fault.first || fault.seen >= fault.first + fault.times) return 0;
  errno = (int)fault.code;
  return 1;
}

/* The name inside the folder, or NULL for a path elsewhere; "" for the folder itself. */
static const char *inside(const char *path) {
  if (folder_length == 0 || strncmp(path, folder, folder_length) != 0) return NULL;
  if (path[folder_length] == 0) return "";
  return path[folder_length] == '/' ? path + folder_length + 1 : NULL;
}

static uint64_t inode_of(int descriptor) {
  return descriptor >= 0 && descriptor < DESCRIPTORS && known[descriptor] != FOLDER ? known[descriptor] : 0;
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static int opened(const char *path, int flags, mode_t mode) {
  const char *name = inside(path);
  if (name == NULL) return (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
  pthread_mutex_lock(&lock);
  struct stat before, now;
  int absent = stat(path, &before) != 0;
  int descriptor = absent && (flags & O_CREAT) != 0 && fails("write") ? -1 : (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
  if (descriptor >= 0 && descriptor < DESCRIPTORS) {
    if (*name == 0) {
      known[descriptor] = FOLDER;
    } else if (fstat(descriptor, &now) == 0) {
      known[descriptor] = now.st_ino + 1;
      note(absent ? CREATE : FOUND, now.st_ino + 1, 0, name, strlen(name));
      if (!absent && (flags & O_TRUNC) != 0) note(TRUNCATE, now.st_ino + 1, 0, NULL, 0);
    }
  }
  pthread_mutex_unlock(&lock);
  return descriptor;
}

static mode_t mode_of(int flags, va_list more) {
  return (flags & (O_CREAT | O_TMPFILE)) != 0 ? (mode_t)va_arg(more, int) : 0;
}

#define OPEN(name, extra)                  \
  int name(const char *path, int flags, ...) { \
    va_list more;                          \
    va_start(more, flags);                 \
    mode_t mode = mode_of(flags, more);    \
    va_end(more);                          \
    return opened(path, flags | (extra), mode); \
  }
OPEN(open, 0)
OPEN(open64, O_LARGEFILE)

#define OPENAT(name)                                          \
  int name(int at, const char *path, int flags, ...) {        \
    va_list more;                                             \
    va_start(more, flags);                                    \
    mode_t mode = mode_of(flags, more);                       \
    va_end(more);                                             \
    if (at == AT_FDCWD || *path == '/') return opened(path, flags, mode); \
    return (int)syscall(SYS_openat, at, path, flags, mode);   \
  }
OPENAT(openat)
OPENAT(openat64)

int creat(const char *path, mode_t mode) { return opened(path, O_WRONLY | O_CREAT | O_TRUNC, mode); }
int creat64(const char *path, mode_t mode) { return opened(path, O_WRONLY | O_CREAT | O_TRUNC, mode); }

int close(int descriptor) {
  if (descriptor >= 0 && descriptor < DESCRIPTORS) known[descriptor] = 0;
  return REAL(close)(descriptor);
}

ssize_t write(int descriptor, const void *data, size_t length) {
  uint64_t inode = inode_of(descriptor);
  if (inode == 0 && descriptor != STDOUT_FILENO) return syscall(SYS_write, descriptor, data, length);
  pthread_mutex_lock(&lock);
  off_t offset = inode == 0 ? 0 : lseek(descriptor, 0, SEEK_CUR);
  ssize_t written = inode != 0 && fails("write") ? -1 : syscall(SYS_write, descriptor, data, length);
  if (written > 0) note(inode == 0 ? ACKNOWLEDGE : WRITE, inode, (uint64_t)offset, data, (size_t)written);
  pthread_mutex_unlock(&lock);
  return written;
}

#define PWRITE(name, type)                                                      \
  ssize_t name(int descriptor, const void *data, size_t length, type offset) {  \
    uint64_t inode = inode_of(descriptor);                                      \
    if (inode == 0) return syscall(SYS_pwrite64, descriptor, data, length, offset); \
    pthread_mutex_lock(&lock);                                                  \
    ssize_t written = fails("write") ? -1 : syscall(SYS_pwrite64, descriptor, data, length, offset); \
    if (written > 0) note(WRITE, inode, (uint64_t)offset, data, (size_t)written); \
    pthread_mutex_unlock(&lock);                                                \
    return written;                                                             \
  }
PWRITE(pwrite, off_t)
PWRITE(pwrite64, off64_t)

#define FTRUNCATE(name, type)                                    \
  int name(int descriptor, type size) {                          \
    uint64_t inode = inode_of(descriptor);                       \
    pthread_mutex_lock(&lock);                                   \
    int result = inode != 0 && fails("write") ? -1 : (int)syscall(SYS_ftruncate, descriptor, size); \
    if (result == 0 && inode != 0) note(TRUNCATE, inode, (uint64_t)size, NULL, 0); \
    pthread_mutex_unlock(&lock);                                 \
    return result;                                               \
  }
FTRUNCATE(ftruncate, off_t)
FTRUNCATE(ftruncate64, off64_t)

static int flush(int descriptor, long call) {
  int ours = descriptor >= 0 && descriptor < DESCRIPTORS && known[descriptor] != 0;
  uint64_t inode = inode_of(descriptor);
  if (!ours) return (int)syscall(call, descriptor);
  pthread_mutex_lock(&lock);
  note(FLUSH_BEGIN, inode, 0, NULL, 0);
  int failed = fails("flush");
  pthread_mutex_unlock(&lock);
  struct timespec slow = {flush_ms / 1000, flush_ms % 1000 * 1000000};
  if (flush_ms > 0) nanosleep(&slow, NULL);
  int result = failed ? -1 : (int)syscall(call, descriptor);
  note(result == 0 ? FLUSH_END : FLUSH_FAILED, inode, 0, NULL, 0);
  if (failed) errno = (int)fault.code;
  return result;
}
int fsync(int descriptor) { return flush(descriptor, SYS_fsync); }
int fdatasync(int descriptor) { return flush(descriptor, SYS_fdatasync); }

int unlink(const char *path) {
  const char *name = inside(path);
  pthread_mutex_lock(&lock);
  int result = name != NULL && fails("write") ? -1 : (int)syscall(SYS_unlinkat, AT_FDCWD, path, 0);
  if (result == 0 && name != NULL) note(UNLINK, 0, 0, name, strlen(name));
  pthread_mutex_unlock(&lock);
  return result;
}

int rename(const char *from, const char *to) {
  const char *old = inside(from), *new = inside(to);
  pthread_mutex_lock(&lock);
  int result = (old != NULL || new != NULL) && fails("write") ? -1 : (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
  if (result == 0 && (old != NULL) != (new != NULL)) note(UNSUPPORTED, 0, 0, "rename", 6);
  if (result == 0 && old != NULL && new != NULL) {
    char both[8192];
    size_t length = strlen(old) + 1 + strlen(new);
    memcpy(both, old, strlen(old) + 1);
    memcpy(both + strlen(old) + 1, new, strlen(new));
    note(RENAME, 0, 0, both, length);
  }
  pthread_mutex_unlock(&lock);
  return result;
}

/* Calls that would change the files behind the log's back: none is expected, so one that comes spoils the log by name. */
static void refuse(int descriptor, const char *name) {
  if (descriptor >= 0 && descriptor < DESCRIPTORS && known[descriptor] != 0) note(UNSUPPORTED, 0, 0, name, strlen(name));
}
#define UNSUPPORTED_CALL(type, name, parameters, arguments) \
  type name parameters {                                    \
    refuse(descriptor, #name);                              \
    return REAL(name) arguments;                            \
  }
UNSUPPORTED_CALL(ssize_t, writev, (int descriptor, const struct iovec *parts, int count), (descriptor, parts, count))
UNSUPPORTED_CALL(ssize_t, pwritev, (int descriptor, const struct iovec *parts, int count, off_t offset), (descriptor, parts, count, offset))
UNSUPPORTED_CALL(ssize_t, pwritev64, (int descriptor, const struct iovec *parts, int count, off64_t offset), (descriptor, parts, count, offset))
UNSUPPORTED_CALL(int, fallocate, (int descriptor, int mode, off_t from, off_t length), (descriptor, mode, from, length))
UNSUPPORTED_CALL(int, fallocate64, (int descriptor, int mode, off64_t from, off64_t length), (descriptor, mode, from, length))
UNSUPPORTED_CALL(int, posix_fallocate, (int descriptor, off_t from, off_t length), (descriptor, from, length))
UNSUPPORTED_CALL(int, posix_fallocate64, (int descriptor, off64_t from, off64_t length), (descriptor, from, length))

#define MMAP(name, type)                                                                                 \
  void *name(void *address, size_t length, int protection, int flags, int descriptor, type offset) {     \
    if ((flags & MAP_SHARED) != 0 && (protection & PROT_WRITE) != 0) refuse(descriptor, "mmap");          \
    return (void *)syscall(SYS_mmap, address, length, protection, flags, descriptor, offset);            \
  }
MMAP(mmap, off_t)
MMAP(mmap64, off64_t)

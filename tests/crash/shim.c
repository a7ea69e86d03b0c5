// Preloaded into a test's child process (LD_PRELOAD): counts the calls that change files below a root, and lets one of them fail, or
// the process die there; or records them all, so that what a loss of power leaves can be built from every prefix.
//
// The n-th call, from 0, after shim_arm(root, n, mode, code):
//     'k'  the process is killed before it        'K'  it takes half its effect (a write) or all of it, then the process is killed
//     'e'  it fails with errno `code`             'f'  so do all that follow, but for those that remove something
//     's'  a write writes half, and says so       'S'  the same, and the next write fails with errno `code`
// Record of shim_record(root, descriptor): u8 operation, u32 id, u64 offset, u32 length of a, u32 length of b, a, b. Ids number files
// by their making; calls by name carry 0.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

enum { kMaxDescriptors = 4096 };

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static char root[PATH_MAX];
static size_t root_length = 0;
static long calls = 0, fail_at = -1;
static char mode = 0;
static int code = 0, fired = 0, failing = 0, short_before = 0;
static int record_to = -1;
static uint32_t last_id = 0;
static uint32_t id_of[kMaxDescriptors];  // of files and folders below the root; folders have the highest bit set
static char* folder_of[kMaxDescriptors];

#define REAL(name, type, ...)                         \
  static type (*real)(__VA_ARGS__) = 0;               \
  if (!real) real = (type(*)(__VA_ARGS__))dlsym(RTLD_NEXT, name)

static int below(const char* path) {
  return root_length && path && strncmp(path, root, root_length) == 0 && (path[root_length] == '/' || path[root_length] == 0);
}
static uint32_t id(int fd) { return fd >= 0 && fd < kMaxDescriptors ? id_of[fd] : 0; }

static void put(const void* bytes, size_t n) {
  const char* at = bytes;
  while (n > 0) {
    const ssize_t done = syscall(SYS_write, record_to, at, n);
    if (done <= 0) abort();
    at += done;
    n -= (size_t)done;
  }
}
static void record(char operation, uint32_t file, uint64_t offset, const void* a, size_t a_length, const char* b) {
  if (record_to < 0) return;
  const uint32_t lengths[2] = {(uint32_t)a_length, b ? (uint32_t)strlen(b) : 0};
  put(&operation, 1);
  put(&file, 4);
  put(&offset, 8);
  put(lengths, 8);
  put(a, a_length);
  put(b, lengths[1]);
}

enum Verdict { kGoOn, kFail, kHalf, kDieAfter, kDieHalf };
// Under the mutex. `removes`: the call frees space; `writes`: it can be done by half.
static enum Verdict judge(int removes, int writes) {
  if (record_to >= 0 || !root_length) return kGoOn;
  const long at = calls++;
  if (short_before && writes) {
    short_before = 0;
    errno = code;
    return kFail;
  }
  if (failing && !removes) {
    errno = code;
    return kFail;
  }
  if (at != fail_at) return kGoOn;
  fired = 1;
  switch (mode) {
    case 'k': raise(SIGKILL); return kGoOn;
    case 'K': return writes ? kDieHalf : kDieAfter;
    case 'f': failing = 1;  // fall through
    case 'e': errno = code; return kFail;
    case 'S': short_before = writes;  // fall through
    case 's': return writes ? kHalf : kGoOn;
  }
  return kGoOn;
}

__attribute__((visibility("default"))) void shim_arm(const char* at, long n, int how, int with) {
  pthread_mutex_lock(&mutex);
  strncpy(root, at, sizeof root - 1);
  root_length = strlen(root);
  calls = 0, fail_at = n, mode = (char)how, code = with, fired = failing = short_before = 0;
  pthread_mutex_unlock(&mutex);
}
__attribute__((visibility("default"))) void shim_record(const char* at, int descriptor) {
  shim_arm(at, -1, 0, 0);
  record_to = descriptor;
}
__attribute__((visibility("default"))) long shim_disarm(void) {
  root_length = 0;
  return calls;
}
__attribute__((visibility("default"))) int shim_fired(void) { return fired; }
__attribute__((visibility("default"))) void shim_mark(const char* text) {
  pthread_mutex_lock(&mutex);
  record('!', 0, 0, text, strlen(text), 0);
  pthread_mutex_unlock(&mutex);
}

// A changing call of one or two names.
#define NAMED(letter, removes, a, b, call)                                    \
  pthread_mutex_lock(&mutex);                                                 \
  const enum Verdict verdict = judge(removes, 0);                             \
  int result = verdict == kFail ? -1 : (call);                                \
  if (result == 0) record(letter, 0, 0, a, strlen(a), b);                     \
  if (verdict == kDieAfter) raise(SIGKILL);                                   \
  const int kept = errno;                                                     \
  pthread_mutex_unlock(&mutex);                                               \
  errno = kept;                                                               \
  return result

int rename(const char* from, const char* to) {
  REAL("rename", int, const char*, const char*);
  if (!below(from) && !below(to)) return real(from, to);
  NAMED('r', 0, from, to, real(from, to));
}
int link(const char* from, const char* to) {
  REAL("link", int, const char*, const char*);
  if (!below(from) && !below(to)) return real(from, to);
  NAMED('l', 0, from, to, real(from, to));
}
int unlink(const char* path) {
  REAL("unlink", int, const char*);
  if (!below(path)) return real(path);
  NAMED('u', 1, path, 0, real(path));
}
int rmdir(const char* path) {
  REAL("rmdir", int, const char*);
  if (!below(path)) return real(path);
  NAMED('R', 1, path, 0, real(path));
}
int mkdir(const char* path, mode_t mode_bits) {
  REAL("mkdir", int, const char*, mode_t);
  if (!below(path)) return real(path, mode_bits);
  struct stat there;
  if (stat(path, &there) == 0) return real(path, mode_bits);  // changes nothing
  NAMED('m', 0, path, 0, real(path, mode_bits));
}

int linkat(int from_folder, const char* from, int to_folder, const char* to, int flags) {
  REAL("linkat", int, int, const char*, int, const char*, int);
  if (!below(to)) return real(from_folder, from, to_folder, to, flags);
  pthread_mutex_lock(&mutex);
  const enum Verdict verdict = judge(0, 0);
  const int result = verdict == kFail ? -1 : real(from_folder, from, to_folder, to, flags);
  int fd = -1;
  if (sscanf(from, "/proc/self/fd/%d", &fd) != 1) fd = -1;
  if (result == 0) record('L', id(fd), 0, to, strlen(to), fd < 0 ? from : 0);
  if (verdict == kDieAfter) raise(SIGKILL);
  const int kept = errno;
  pthread_mutex_unlock(&mutex);
  errno = kept;
  return result;
}

static int opened(const char* path, int flags, int fd) {
  if (fd < 0 || fd >= kMaxDescriptors) return fd;
  const int makes_unnamed = (flags & O_TMPFILE) == O_TMPFILE;
  if (makes_unnamed || (flags & O_CREAT)) {
    id_of[fd] = ++last_id;
    record(makes_unnamed ? 't' : 'c', last_id, 0, path, strlen(path), 0);
  } else if ((flags & O_ACCMODE) == O_WRONLY) {
    id_of[fd] = ++last_id;
    record('o', last_id, 0, path, strlen(path), 0);
  } else if (flags & O_DIRECTORY) {
    id_of[fd] = 1u << 31;
    free(folder_of[fd]);
    folder_of[fd] = strdup(path);
  }
  return fd;
}
// The mode that follows the flags of a call that may make a file.
#define MODE_AFTER(flags, bits)                  \
  mode_t bits = 0;                               \
  if ((flags) & (O_CREAT | O_TMPFILE)) {         \
    va_list list;                                \
    va_start(list, flags);                       \
    bits = va_arg(list, mode_t);                 \
    va_end(list);                                \
  }

int open(const char* path, int flags, ...) {
  static int (*real)(const char*, int, ...) = 0;
  if (!real) real = (int (*)(const char*, int, ...))dlsym(RTLD_NEXT, "open");
  MODE_AFTER(flags, bits)
  if (!below(path)) return real(path, flags, bits);
  pthread_mutex_lock(&mutex);
  const int makes = (flags & O_CREAT) || (flags & O_TMPFILE) == O_TMPFILE;
  const enum Verdict verdict = makes ? judge(0, 0) : kGoOn;
  const int fd = verdict == kFail ? -1 : opened(path, flags, real(path, flags, bits));
  if (verdict == kDieAfter) raise(SIGKILL);
  const int kept = errno;
  pthread_mutex_unlock(&mutex);
  errno = kept;
  return fd;
}
int open64(const char* path, int flags, ...) {
  MODE_AFTER(flags, bits)
  return open(path, flags, bits);
}
int close(int fd) {
  REAL("close", int, int);
  if (fd >= 0 && fd < kMaxDescriptors) id_of[fd] = 0;
  return real(fd);
}

ssize_t write(int fd, const void* bytes, size_t n) {
  REAL("write", ssize_t, int, const void*, size_t);
  if (!id(fd)) return real(fd, bytes, n);
  pthread_mutex_lock(&mutex);
  const enum Verdict verdict = judge(0, 1);
  const off_t at = lseek(fd, 0, SEEK_CUR);
  const size_t wanted = verdict == kHalf || verdict == kDieHalf ? n / 2 : n;
  const ssize_t done = verdict == kFail ? -1 : wanted == 0 ? 0 : real(fd, bytes, wanted);
  if (done > 0) record('w', id(fd), (uint64_t)at, bytes, (size_t)done, 0);
  if (verdict == kDieHalf || verdict == kDieAfter) raise(SIGKILL);
  const int kept = errno;
  pthread_mutex_unlock(&mutex);
  errno = kept;
  return done;
}

static int sync_with(int fd, const char* name) {
  int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, name);
  if (!id(fd)) return real(fd);
  pthread_mutex_lock(&mutex);
  const enum Verdict verdict = judge(0, 0);
  const int result = verdict == kFail ? -1 : real(fd);
  const int is_folder = (id(fd) & (1u << 31)) != 0;
  if (result == 0 && is_folder) record('d', 0, 0, folder_of[fd], strlen(folder_of[fd]), 0);
  if (result == 0 && !is_folder) record('s', id(fd), 0, 0, 0, 0);
  if (verdict == kDieAfter) raise(SIGKILL);
  const int kept = errno;
  pthread_mutex_unlock(&mutex);
  errno = kept;
  return result;
}
int fsync(int fd) { return sync_with(fd, "fsync"); }
int fdatasync(int fd) { return sync_with(fd, "fdatasync"); }

// Calls that the engine does not make today: a sweep that overlooked them would prove nothing.
#define UNKNOWN(name)                                                          \
  do {                                                                         \
    if (root_length) {                                                         \
      fprintf(stderr, "shim: %s is not watched\n", name);                      \
      abort();                                                                 \
    }                                                                          \
  } while (0)
ssize_t pwrite(int fd, const void* bytes, size_t n, off_t at) {
  REAL("pwrite", ssize_t, int, const void*, size_t, off_t);
  if (id(fd)) UNKNOWN("pwrite");
  return real(fd, bytes, n, at);
}
ssize_t pwrite64(int fd, const void* bytes, size_t n, off64_t at) { return pwrite(fd, bytes, n, at); }
ssize_t writev(int fd, const struct iovec* parts, int n) {
  REAL("writev", ssize_t, int, const struct iovec*, int);
  if (id(fd)) UNKNOWN("writev");
  return real(fd, parts, n);
}
int ftruncate(int fd, off_t size) {
  REAL("ftruncate", int, int, off_t);
  if (id(fd)) UNKNOWN("ftruncate");
  return real(fd, size);
}
int ftruncate64(int fd, off64_t size) { return ftruncate(fd, size); }
int openat(int folder, const char* path, int flags, ...) {
  MODE_AFTER(flags, bits)
  static int (*real)(int, const char*, int, ...) = 0;
  if (!real) real = (int (*)(int, const char*, int, ...))dlsym(RTLD_NEXT, "openat");
  if (below(path) && (flags & (O_CREAT | O_TRUNC))) UNKNOWN("openat");
  return real(folder, path, flags, bits);
}
ssize_t copy_file_range(int from, off64_t* from_at, int to, off64_t* to_at, size_t n, unsigned flags) {
  REAL("copy_file_range", ssize_t, int, off64_t*, int, off64_t*, size_t, unsigned);
  if (id(to)) UNKNOWN("copy_file_range");
  return real(from, from_at, to, to_at, n, flags);
}

/* Stands between a process and the kernel, for tests: loaded with LD_PRELOAD into the gateway
 * alone (its workers start with an empty environment).
 *
 * It counts the calls by which a process changes the world or waits for it, and kills the
 * process before or after the n-th; fails chosen calls on chosen files; shifts the wall clock;
 * and keeps a journal of what was written and what was synced, from which a power cut can be
 * replayed. All of that is steered through one shared page while the process runs. `mod.rs`
 * is the other side; the offsets here and there must agree.
 *
 * Every interposed function makes the system call itself: no symbol has to be looked up, so
 * the shim works before anything else is initialised.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum call { READ, WRITE, SEND, RECV, SYNC, TRUNCATE, RENAME, UNLINK, OPEN, SOCKET, ACCEPT, CONNECT, WAIT };

struct rule {
  _Atomic uint32_t active;
  uint32_t calls;        /* 1 << enum call */
  int32_t error;         /* errno; 0: cut the call short */
  uint32_t at_most;      /* bytes that a call cut short moves */
  uint64_t skip;         /* matching calls that pass first */
  uint64_t times;        /* then so many fail; 0: all */
  _Atomic uint64_t met;
  char path[216];        /* part of where the descriptor leads; empty: anywhere */
};

struct control {
  _Atomic uint32_t armed;
  uint32_t after;        /* kill after the call instead of before it */
  _Atomic uint64_t seen;
  uint64_t kill_at;      /* 0: never */
  _Atomic uint32_t killed_by;
  _Atomic int64_t clock_offset;
  _Atomic uint32_t journal;
  char pad[20];
  struct rule rules[8];
  char journalled[256];  /* part of the paths in the journal */
};

_Static_assert(sizeof(struct rule) == 256, "mod.rs knows the size");
_Static_assert(offsetof(struct control, clock_offset) == 32, "mod.rs knows the place");
_Static_assert(offsetof(struct control, rules) == 64, "mod.rs knows the place");

static struct control *control;
static int journal_file = -1;
static pthread_mutex_t journal_turn = PTHREAD_MUTEX_INITIALIZER;

__attribute__((constructor)) static void load(void) {
  const char *path = getenv("FAULTS");
  if (!path) return;
  int file = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC, 0);
  if (file < 0) abort();
  void *page = mmap(NULL, sizeof(struct control), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  if (page == MAP_FAILED) abort();
  syscall(SYS_close, file);
  char journal[PATH_MAX];
  strncpy(journal, path, sizeof journal - 9);
  journal[sizeof journal - 9] = 0;
  strcat(journal, ".journal");
  journal_file = (int)syscall(SYS_openat, AT_FDCWD, journal,
                              O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
  control = page;
}

/* Dies, unless the test has disarmed meanwhile: it looks at `killed_by` after that, so what it
 * has not seen then must not happen. */
static void die(enum call call) {
  uint32_t armed = 1;
  atomic_store(&control->killed_by, call + 1);
  if (!atomic_compare_exchange_strong(&control->armed, &armed, 2)) {
    if (armed == 0) atomic_store(&control->killed_by, 0);
    return;
  }
  syscall(SYS_kill, syscall(SYS_getpid), SIGKILL);
  for (;;) syscall(SYS_sched_yield);
}

/* Counts a call; whether the process must die after it. */
static int enter(enum call call) {
  if (!control || !atomic_load(&control->armed)) return 0;
  if (atomic_fetch_add(&control->seen, 1) + 1 != control->kill_at) return 0;
  if (!control->after) die(call);
  return 1;
}

static long leave(enum call call, int doomed, long result) {
  int error = errno;
  if (doomed) die(call);
  errno = error;
  return result;
}

static const char *target_of(int file, char *room) {
  char name[40] = "/proc/self/fd/", digits[12];
  int n = 0;
  if (file < 0) return "";
  do { digits[n++] = (char)('0' + file % 10); file /= 10; } while (file);
  char *end = name + strlen(name);
  while (n) *end++ = digits[--n];
  *end = 0;
  long length = syscall(SYS_readlinkat, AT_FDCWD, name, room, PATH_MAX - 1);
  room[length < 0 ? 0 : length] = 0;
  return room;
}

/* The rule that a call falls under: by the path, or by where the descriptor leads. */
static struct rule *rule_for(enum call call, int file, const char *path) {
  if (!control) return NULL;
  char room[PATH_MAX];
  for (int i = 0; i < 8; i++) {
    struct rule *rule = &control->rules[i];
    if (!atomic_load(&rule->active) || !(rule->calls & (1u << call))) continue;
    if (rule->path[0]) {
      if (!path) path = target_of(file, room);
      if (!strstr(path, rule->path)) continue;
    }
    uint64_t met = atomic_fetch_add(&rule->met, 1);
    if (met < rule->skip || (rule->times && met >= rule->skip + rule->times)) continue;
    return rule;
  }
  return NULL;
}

/* Fails the call if a rule says so. */
#define FAIL(call, file, path)                                                   \
  struct rule *rule = rule_for(call, file, path);                                \
  if (rule && rule->error) { errno = rule->error; return leave(call, doomed, -1); }

#define CUT(length) (rule && !rule->error && rule->at_most < (length) ? rule->at_most : (length))

enum { WROTE = 1, SYNCED, TRUNCATED, UNLINKED, RENAMED };

static void note(uint32_t kind, const char *path, int64_t offset, const void *data, uint64_t length) {
  struct { uint32_t kind, path; int64_t offset; uint64_t length; } head = {
    kind, (uint32_t)strlen(path), offset, length};
  struct iovec parts[3] = {{&head, sizeof head}, {(void *)path, head.path}, {(void *)data, length}};
  syscall(SYS_writev, journal_file, parts, data ? 3 : 2);
}

/* The path if the descriptor's writes belong into the journal; the caller then has the turn. */
static const char *journalled(int file, const char *path, char *room) {
  if (!control || !atomic_load(&control->journal)) return NULL;
  if (!path) path = target_of(file, room);
  if (!strstr(path, control->journalled)) return NULL;
  pthread_mutex_lock(&journal_turn);
  return path;
}

static void recorded(const char *path) {
  if (path) pthread_mutex_unlock(&journal_turn);
}

static ssize_t write_at(enum call call, int file, const void *data, size_t length, int64_t offset) {
  int doomed = enter(call);
  FAIL(call, file, NULL);
  size_t part = CUT(length);
  char room[PATH_MAX];
  const char *path = journalled(file, NULL, room);
  int64_t place = offset >= 0 || !path ? offset : (int64_t)syscall(SYS_lseek, file, 0, SEEK_CUR);
  long done = offset < 0 ? syscall(SYS_write, file, data, part)
                         : syscall(SYS_pwrite64, file, data, part, offset);
  int error = errno;
  if (path && done > 0) note(WROTE, path, place, data, (uint64_t)done);
  recorded(path);
  errno = error;
  return leave(call, doomed, done);
}

ssize_t write(int file, const void *data, size_t length) { return write_at(WRITE, file, data, length, -1); }
ssize_t pwrite64(int file, const void *data, size_t length, off64_t at) { return write_at(WRITE, file, data, length, at); }
ssize_t pwrite(int file, const void *data, size_t length, off_t at) { return write_at(WRITE, file, data, length, at); }

ssize_t writev(int file, const struct iovec *parts, int count) {
  int doomed = enter(WRITE);
  FAIL(WRITE, file, NULL);
  if (rule) { /* Cut short: some of the first part that has anything. */
    while (count > 1 && !parts->iov_len) { parts++; count--; }
    return leave(WRITE, doomed, syscall(SYS_write, file, parts->iov_base, CUT(parts->iov_len)));
  }
  return leave(WRITE, doomed, syscall(SYS_writev, file, parts, count));
}

static ssize_t read_at(int file, void *data, size_t length, int64_t offset) {
  int doomed = enter(READ);
  FAIL(READ, file, NULL);
  size_t part = CUT(length);
  return leave(READ, doomed, offset < 0 ? syscall(SYS_read, file, data, part)
                                        : syscall(SYS_pread64, file, data, part, offset));
}

ssize_t read(int file, void *data, size_t length) { return read_at(file, data, length, -1); }
ssize_t pread64(int file, void *data, size_t length, off64_t at) { return read_at(file, data, length, at); }
ssize_t pread(int file, void *data, size_t length, off_t at) { return read_at(file, data, length, at); }

ssize_t readv(int file, const struct iovec *parts, int count) {
  int doomed = enter(READ);
  FAIL(READ, file, NULL);
  return leave(READ, doomed, syscall(SYS_readv, file, parts, count));
}

ssize_t sendto(int file, const void *data, size_t length, int flags, const struct sockaddr *to, socklen_t size) {
  int doomed = enter(SEND);
  FAIL(SEND, file, NULL);
  return leave(SEND, doomed, syscall(SYS_sendto, file, data, CUT(length), flags, to, size));
}
ssize_t send(int file, const void *data, size_t length, int flags) { return sendto(file, data, length, flags, NULL, 0); }

ssize_t sendmsg(int file, const struct msghdr *message, int flags) {
  int doomed = enter(SEND);
  FAIL(SEND, file, NULL);
  return leave(SEND, doomed, syscall(SYS_sendmsg, file, message, flags));
}

ssize_t recvfrom(int file, void *data, size_t length, int flags, struct sockaddr *from, socklen_t *size) {
  int doomed = enter(RECV);
  FAIL(RECV, file, NULL);
  return leave(RECV, doomed, syscall(SYS_recvfrom, file, data, CUT(length), flags, from, size));
}
ssize_t recv(int file, void *data, size_t length, int flags) { return recvfrom(file, data, length, flags, NULL, NULL); }

ssize_t recvmsg(int file, struct msghdr *message, int flags) {
  int doomed = enter(RECV);
  FAIL(RECV, file, NULL);
  return leave(RECV, doomed, syscall(SYS_recvmsg, file, message, flags));
}

static int sync_file(long number, int file) {
  int doomed = enter(SYNC);
  FAIL(SYNC, file, NULL);
  char room[PATH_MAX];
  const char *path = journalled(file, NULL, room);
  long done = syscall(number, file);
  if (path && done == 0) note(SYNCED, path, 0, NULL, 0);
  recorded(path);
  return (int)leave(SYNC, doomed, done);
}

int fsync(int file) { return sync_file(SYS_fsync, file); }
int fdatasync(int file) { return sync_file(SYS_fdatasync, file); }

int ftruncate64(int file, off64_t length) {
  int doomed = enter(TRUNCATE);
  FAIL(TRUNCATE, file, NULL);
  char room[PATH_MAX];
  const char *path = journalled(file, NULL, room);
  long done = syscall(SYS_ftruncate, file, length);
  if (path && done == 0) note(TRUNCATED, path, length, NULL, 0);
  recorded(path);
  return (int)leave(TRUNCATE, doomed, done);
}
int ftruncate(int file, off_t length) { return ftruncate64(file, length); }

int renameat(int from_dir, const char *from, int to_dir, const char *to) {
  int doomed = enter(RENAME);
  FAIL(RENAME, -1, from);
  char room[PATH_MAX];
  const char *path = journalled(-1, from, room);
  long done = syscall(SYS_renameat2, from_dir, from, to_dir, to, 0);
  if (path && done == 0) note(RENAMED, path, 0, to, strlen(to));
  recorded(path);
  return (int)leave(RENAME, doomed, done);
}
int rename(const char *from, const char *to) { return renameat(AT_FDCWD, from, AT_FDCWD, to); }

int unlinkat(int directory, const char *name, int flags) {
  int doomed = enter(UNLINK);
  FAIL(UNLINK, -1, name);
  char room[PATH_MAX];
  const char *path = journalled(-1, name, room);
  long done = syscall(SYS_unlinkat, directory, name, flags);
  if (path && done == 0) note(UNLINKED, path, 0, NULL, 0);
  recorded(path);
  return (int)leave(UNLINK, doomed, done);
}
int unlink(const char *name) { return unlinkat(AT_FDCWD, name, 0); }

static int open_at(int directory, const char *name, int flags, mode_t mode) {
  int doomed = enter(OPEN);
  FAIL(OPEN, -1, name);
  return (int)leave(OPEN, doomed, syscall(SYS_openat, directory, name, flags, mode));
}

#define MODE_OF(flags)                                                           \
  va_list rest;                                                                  \
  va_start(rest, flags);                                                         \
  mode_t mode = (flags & O_CREAT) || (flags & O_TMPFILE) == O_TMPFILE ? (mode_t)va_arg(rest, int) : 0;   \
  va_end(rest)

int open(const char *path, int flags, ...) { MODE_OF(flags); return open_at(AT_FDCWD, path, flags, mode); }
int open64(const char *path, int flags, ...) { MODE_OF(flags); return open_at(AT_FDCWD, path, flags, mode); }
int openat(int at, const char *path, int flags, ...) { MODE_OF(flags); return open_at(at, path, flags, mode); }
int openat64(int at, const char *path, int flags, ...) { MODE_OF(flags); return open_at(at, path, flags, mode); }

int socket(int domain, int type, int protocol) {
  int doomed = enter(SOCKET);
  FAIL(SOCKET, -1, "");
  return (int)leave(SOCKET, doomed, syscall(SYS_socket, domain, type, protocol));
}

int socketpair(int domain, int type, int protocol, int pair[2]) {
  int doomed = enter(SOCKET);
  FAIL(SOCKET, -1, "");
  return (int)leave(SOCKET, doomed, syscall(SYS_socketpair, domain, type, protocol, pair));
}

int accept4(int file, struct sockaddr *from, socklen_t *size, int flags) {
  int doomed = enter(ACCEPT);
  FAIL(ACCEPT, file, NULL);
  return (int)leave(ACCEPT, doomed, syscall(SYS_accept4, file, from, size, flags));
}
int accept(int file, struct sockaddr *from, socklen_t *size) { return accept4(file, from, size, 0); }

int connect(int file, const struct sockaddr *to, socklen_t size) {
  int doomed = enter(CONNECT);
  FAIL(CONNECT, file, NULL);
  return (int)leave(CONNECT, doomed, syscall(SYS_connect, file, to, size));
}

int epoll_wait(int file, struct epoll_event *events, int most, int millis) {
  int doomed = enter(WAIT);
  return (int)leave(WAIT, doomed, syscall(SYS_epoll_pwait, file, events, most, millis, NULL, 8));
}

int clock_gettime(clockid_t clock, struct timespec *now) {
  long done = syscall(SYS_clock_gettime, clock, now);
  if (done == 0 && control && clock == CLOCK_REALTIME) now->tv_sec += atomic_load(&control->clock_offset);
  return (int)done;
}

/*
 * The shim beside every task: starts it, keeps its output, tells how it ended. README.md has the formats.
 * It needs nobody: the agent may die and come back. Nothing is allocated, nothing is parsed but numbers.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "shim.h"

#define SPEC_MAX (8 << 20)   /* argv and environment; the kernel's own bound on exec is lower */
#define DRAIN_MS 1000        /* after the main process ended, output of others is kept this long */
#define REAP_MS 10000        /* processes that survive SIGKILL this long are left behind */
#define EXIT_RESERVE 4096    /* bytes kept on disk from the start, so that a full disk can't hide the end */

struct stream {
  const char *name;
  int pipe, file;
  unsigned long long max, size, dropped, dropped_total;
  int files;
};

int sandbox_fd = -1, rows, cols;
const char *sandbox;
pid_t main_pid;
struct task task;
static int runtime_fd = -1, reserve_fd = -1;
static struct stream out[2] = {{.name = "stdout", .pipe = -1, .file = -1}, {.name = "stderr", .pipe = -1, .file = -1}};
static char buffer[16384];

/* What the spec says. Strings point into the mapped file, which is unmapped once the task runs. */
static char *spec;
static size_t spec_size, pointers_size;
static char **pointers;
/* Kept while the task runs: how to kill a cgroup. */
static char procs_path[PATH_BOUND], freezer_path[PATH_BOUND], kill_path[PATH_BOUND];

int put(const char *path, const char *text) {
  int fd = open(path, O_WRONLY | O_CLOEXEC);
  if (fd < 0) return -1;
  int code = write(fd, text, strlen(text)) < 0 ? errno : 0;
  close(fd);
  return code ? errno = code, -1 : 0;
}

/* Reads a small file; always ends it with NUL. */
static ssize_t slurp(const char *path, char *to, size_t size) {
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return -1;
  ssize_t n = read(fd, to, size - 1);
  close(fd);
  to[n > 0 ? n : 0] = 0;
  return n;
}

static int number(const char *text, unsigned *value) {
  int end = 0;
  return *text >= '0' && *text <= '9' && sscanf(text, "%u%n", value, &end) == 1 && text[end] == 0 ? 0 : -1;
}

static int mask(const char *text, int *has, unsigned long long *value) {
  int end = 0;
  return sscanf(text, "%16llx%n", value, &end) == 1 && text[end] == 0 ? (*has = 1, 0) : -1;
}

/* ---- the spec: records of one letter and a text, each ended by NUL ---- */

static int rotation(struct stream *s, const char *text) {
  return sscanf(text, "%llu:%d", &s->max, &s->files) == 2 && s->max > 0 && s->files >= 0 && s->files <= 1000 ? 0 : -1;
}

static int record(char kind, char *text, size_t *argc, size_t *envc) {
  char *keep_path = kind == 'P' ? procs_path : kind == 'F' ? freezer_path : kill_path;
  switch (kind) {
    case 'X': task.program = text; return 0;
    case 'A': task.argv[(*argc)++] = text; return 0;
    case 'V': task.env[(*envc)++] = text; return 0;
    case 'D': sandbox = text; return 0;
    case 'U': task.has_uid = 1; return number(text, &task.uid);
    case 'G': return number(text, &task.gid);
    case 'g': return task.ngroups < GROUPS_MAX ? number(text, &task.groups[task.ngroups++]) : -1;
    case 'R': return task.nlimits < LIST_MAX ? (task.limits[task.nlimits++] = text, 0) : -1;
    case 'M': task.oom_score = text; return 0;
    case 'N': task.network = text; return 0;
    case 'I': task.ipc = text; return 0;
    case 'B': return mask(text, &task.has_bounding, &task.bounding);
    case 'H': return mask(text, &task.has_held, &task.held);
    case 'S': task.filter = text; return 0;
    case 'r': task.root = text; return 0;
    case 'o': task.overlay = text; return 0;
    case 'm': return task.nmounts < MOUNTS_MAX ? (task.mounts[task.nmounts++] = text, 0) : -1;
    case 'n': return mask(text, &task.has_namespaces, &task.new_namespaces);
    case 'h': task.hostname = text; return 0;
    case 'W': task.directory = text; return 0;
    case 'J': task.joins_of = text; return 0;
    case 'O': return rotation(&out[0], text);
    case 'E': return rotation(&out[1], text);
    case 'C': return task.joins < LIST_MAX ? (task.join[task.joins++] = text, 0) : -1;
    case 'T': return sscanf(text, "%d:%d", &rows, &cols) == 2 && rows > 0 && cols > 0 ? 0 : -1;
    case 'P': case 'F': case 'K': return strlen(text) < PATH_BOUND ? (strcpy(keep_path, text), 0) : -1;
    default: return -1; /* a record this version does not know changes the meaning of the rest */
  }
}

int read_spec(int fd) {
  struct stat st;
  if (fd < 0 || fstat(fd, &st) < 0) return -1;
  errno = EINVAL;
  if (st.st_size < (off_t)sizeof MAGIC || st.st_size > SPEC_MAX) return -1;
  spec_size = (size_t)st.st_size;
  spec = mmap(0, spec_size, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
  close(fd);
  if (spec == MAP_FAILED) return -1;
  errno = EINVAL;
  if (spec[spec_size - 1] != 0 || strcmp(spec, MAGIC) != 0) return -1;
  size_t args = 0, envs = 0;
  for (size_t i = sizeof MAGIC; i < spec_size; i += strlen(spec + i) + 1) args += spec[i] == 'A', envs += spec[i] == 'V';
  pointers_size = (args + envs + 2) * sizeof *pointers;
  pointers = mmap(0, pointers_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (pointers == MAP_FAILED) return -1;
  task.argv = pointers;
  task.env = pointers + args + 1;
  args = envs = 0;
  for (size_t i = sizeof MAGIC; i < spec_size; i += strlen(spec + i) + 1)
    if (spec[i] == 0 || record(spec[i], spec + i + 1, &args, &envs) < 0) return errno = EINVAL, -1;
  return task.program && args && sandbox ? 0 : (errno = EINVAL, -1);
}

/* Taking the spec is one rename: whoever gets it first (a shim, or an agent that gives up) has it. */
static int take_spec(void) {
  if (renameat(runtime_fd, "spec", runtime_fd, "spec.taken") < 0) return -1;
  if (read_spec(openat(runtime_fd, "spec.taken", O_RDONLY | O_CLOEXEC | O_NOFOLLOW)) < 0) return -1;
  return out[0].max && out[1].max ? 0 : (errno = EINVAL, -1);
}

void forget_spec(void) { munmap(spec, spec_size), munmap(pointers, pointers_size); }

/* ---- output: size-rotated files in a directory that belongs to the task, so no name is trusted ---- */

static int open_file(struct stream *s) {
  unlinkat(sandbox_fd, s->name, 0);
  int fd = openat(sandbox_fd, s->name, O_WRONLY | O_APPEND | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0640);
  if (fd < 0 || (task.has_uid && fchown(fd, task.uid, task.gid) < 0)) return -1;
  if (s->file >= 0) close(s->file);
  s->file = fd;
  s->size = 0;
  return 0;
}

static void rotate(struct stream *s) {
  char from[32], to[32];
  for (int i = s->files; i > 0; i--) {
    snprintf(from, sizeof from, i > 1 ? "%s.%d" : "%s", s->name, i - 1);
    snprintf(to, sizeof to, "%s.%d", s->name, i);
    renameat(sandbox_fd, from, sandbox_fd, to);
  }
  /* No new file (no inodes, a directory in the way): go on in the old one rather than lose output. */
  if (open_file(s) < 0) s->size = 0;
}

/* Says in the log what is missing from it. Tried before every later write and at the end. */
static int mark(struct stream *s) {
  char text[96];
  int n = snprintf(text, sizeof text, "\n[keelson: %llu bytes of output dropped: disk full]\n", s->dropped);
  ssize_t written = write(s->file, text, (size_t)n);
  if (written == n) return s->size += (unsigned)n, s->dropped = 0, 0;
  if (written > 0 && ftruncate(s->file, lseek(s->file, 0, SEEK_END) - written) < 0) s->size += (unsigned long long)written;
  return -1;
}

/* Never waits for space: what the disk refuses is counted and dropped, and the task goes on. */
static void keep(struct stream *s, const char *data, size_t n) {
  while (n > 0) {
    if (s->size >= s->max) rotate(s);
    size_t part = n < s->max - s->size ? n : (size_t)(s->max - s->size);
    ssize_t written = s->dropped && mark(s) < 0 ? -1 : write(s->file, data, part);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) {
      s->dropped += n, s->dropped_total += n;
      return;
    }
    s->size += (unsigned long long)written, data += written, n -= (size_t)written;
  }
}

static void copy(struct stream *s) {
  ssize_t n = read(s->pipe, buffer, sizeof buffer);
  if (n > 0) keep(s, buffer, (size_t)n);
  else if (n == 0 || (errno != EINTR && errno != EAGAIN)) close(s->pipe), s->pipe = -1;
}

unsigned long long start_time(pid_t pid) {
  char path[32], text[1024], *at;
  snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
  if (slurp(path, text, sizeof text) <= 0 || !(at = strrchr(text, ')'))) return 0;
  for (int field = 2; at && field < 22; field++) at = strchr(at + 1, ' ');
  return at ? strtoull(at + 1, 0, 10) : 0;
}

static int write_pid(void) {
  char boot[64], text[256];
  if (slurp("/proc/sys/kernel/random/boot_id", boot, sizeof boot) <= 0) return -1;
  boot[strcspn(boot, "\n")] = 0;
  int n = snprintf(text, sizeof text, "version 1\nboot %s\nmain %d %llu\nshim %d %llu\n", boot, (int)main_pid,
                   start_time(main_pid), (int)getpid(), start_time(getpid()));
  int fd = openat(runtime_fd, "pid.tmp", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (fd < 0) return -1;
  ssize_t written = write(fd, text, (size_t)n);
  close(fd);
  /* Not synced: after a reboot the boot id differs and the file says nothing any more. */
  return written == n ? renameat(runtime_fd, "pid.tmp", runtime_fd, "pid") : -1;
}

static int reserve_exit(void) {
  static const char zeros[EXIT_RESERVE];
  reserve_fd = openat(runtime_fd, "exit.tmp", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  return reserve_fd >= 0 && write(reserve_fd, zeros, sizeof zeros) == (ssize_t)sizeof zeros ? 0 : -1;
}

static void write_exit(const char *text, size_t n) {
  for (int tries = 0; tries < 100; tries++) {
    if (pwrite(reserve_fd, text, n, 0) == (ssize_t)n && ftruncate(reserve_fd, (off_t)n) == 0 && fsync(reserve_fd) == 0 &&
        renameat(runtime_fd, "exit.tmp", runtime_fd, "exit") == 0) {
      fsync(runtime_fd);
      return;
    }
    poll(0, 0, 100);
  }
}

/* Tells whoever started us; nobody may be there, and nobody is waited for. */
void tell(char kind, const char *dir) {
  char text[PATH_BOUND + 32];
  int n = snprintf(text, sizeof text, "%c%d %s", kind, (int)main_pid, dir);
  if (write(1, text, (size_t)n + 1) < 0) { /* the files say the same */ }
}

static int fail(const char *dir, const char *stage, int code) {
  char text[256];
  int n = snprintf(text, sizeof text, "version 1\nfailed %s %d %s\n", stage, code, strerror(code));
  if (reserve_fd >= 0) write_exit(text, (size_t)n);
  tell('F', dir);
  return 1;
}

/* SIGKILL to whatever is left. Children of ours can't be somebody else's: only we reap them. */
void sweep(void) {
  char path[64], text[8192], *at;
  if (*freezer_path) put(freezer_path, "FROZEN");
  if (*kill_path) put(kill_path, "1");
  snprintf(path, sizeof path, "/proc/self/task/%d/children", (int)getpid());
  const char *lists[2] = {path, procs_path};
  for (int i = 0; i < 2; i++) {
    if (!*lists[i] || slurp(lists[i], text, sizeof text) <= 0) continue;
    /* A number cut off by the end of the buffer would be another process. */
    size_t whole = strlen(text);
    while (whole && text[whole - 1] != ' ' && text[whole - 1] != '\n') whole--;
    text[whole] = 0;
    for (char *p = text; *p; p = at) {
      long pid = strtol(p, &at, 10);
      if (at == p) break;
      if (pid > 1 && pid != getpid()) kill((pid_t)pid, SIGKILL);
      while (*at == ' ' || *at == '\n') at++;
    }
  }
  if (*freezer_path) put(freezer_path, "THAWED");
}

/* Reaps; true when no child is left. The group is killed before its leader is reaped, while its number is ours. */
int reap(int *ended, int *status) {
  siginfo_t info;
  for (;;) {
    info.si_pid = 0;
    if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) < 0) return errno == ECHILD;
    if (info.si_pid == 0) return 0;
    int is_main = info.si_pid == main_pid && !*ended;
    if (is_main) kill(-main_pid, SIGKILL), *ended = 1;
    waitpid(info.si_pid, is_main ? status : 0, 0);
  }
}

/* Its output is kept as stdout. Kept open here too, so that a task that closes it for a while can have it again. */
static int serve_terminal(void) {
  close(out[0].pipe);
  out[0].pipe = feed.to = master;
  return ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
}

static int watch(void) {
  sigset_t mask;
  sigemptyset(&mask);
  int ended = 0, status = 0, alone = 0, kept_open = master < 0 ? -1 : serve_terminal();
  long long end = 0;
  for (;;) {
    alone = reap(&ended, &status);
    if (ended) {
      if (!end) end = now_ms(CLOCK_MONOTONIC), close(kept_open), feed.from = sizes = -1, feed.held = 0;
      long long past = now_ms(CLOCK_MONOTONIC) - end;
      if (!alone) sweep();
      int dry = (out[0].pipe < 0 && out[1].pipe < 0) || past > DRAIN_MS;
      if (dry && (alone || past > REAP_MS)) return status;
    }
    struct pollfd fds[5] = {{out[0].pipe, POLLIN, 0}, {out[1].pipe, POLLIN, 0}, {feed.held ? -1 : feed.from, POLLIN, 0},
                            {feed.held ? feed.to : -1, POLLOUT, 0}, {sizes, POLLIN, 0}};
    struct timespec pause = {0, 10000000};
    if (ppoll(fds, 5, ended ? &pause : 0, &mask) <= 0) continue;
    for (int i = 0; i < 2; i++)
      if (fds[i].revents) copy(&out[i]);
    if ((fds[2].revents || fds[3].revents) && !pump(&feed, fds[2].revents, fds[3].revents)) feed.from = -1, feed.held = 0;
    if (fds[4].revents) take_size();
  }
}

int run(const char *dir) {
  int pipes[2][2], go[2], error[2], code = 0;
  char text[512], stage[32] = "";
  for (int i = 1; i < NSIG; i++)
    if (i != SIGCHLD) signal(i, SIG_IGN);
  sigaction(SIGCHLD, &(struct sigaction){.sa_handler = on_child}, 0);
  sigset_t mask;
  sigemptyset(&mask), sigaddset(&mask, SIGCHLD), sigprocmask(SIG_SETMASK, &mask, 0);
  close_from(3);
  setsid();
  umask(022);
  if ((runtime_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0) return fail(dir, "runtime", errno);
  if (faccessat(runtime_fd, "exit", F_OK, 0) == 0 || faccessat(runtime_fd, "pid", F_OK, 0) == 0) return 1;
  if (faccessat(runtime_fd, "spec", F_OK, 0) < 0) return 1; /* given up by the agent */
  if (reserve_exit() < 0) return fail(dir, "runtime", errno);
  if (take_spec() < 0) return fail(dir, "spec", errno);
  if (prctl(PR_SET_CHILD_SUBREAPER, 1) < 0) return fail(dir, "subreaper", errno);
  if ((sandbox_fd = open(sandbox, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW)) < 0) return fail(dir, "sandbox", errno);
  if (open_file(&out[0]) < 0 || open_file(&out[1]) < 0) return fail(dir, "log", errno);
  if (pipe2(pipes[0], O_CLOEXEC) < 0 || pipe2(pipes[1], O_CLOEXEC) < 0 || pipe2(go, O_CLOEXEC) < 0 ||
      socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, error) < 0) return fail(dir, "pipe", errno);
  if (rows && open_feed(runtime_fd) < 0) return fail(dir, "terminal", errno);
  /* So that the task may open them again by name, as /dev/stdout. */
  for (int i = 0; i < 2; i++)
    if (task.has_uid && fchown(pipes[i][1], task.uid, task.gid) < 0) return fail(dir, "pipe", errno);
  long long started = now_ms(CLOCK_REALTIME);
  pid_t shim = getpid();
  if ((main_pid = fork_task()) < 0) return fail(dir, "fork", errno);
  if (main_pid == 0) {
    close(go[1]);
    int zero = open("/dev/null", O_RDONLY);
    dup2(zero, 0), dup2(pipes[0][1], 1), dup2(pipes[1][1], 2);
    if (zero > 2) close(zero);
    char byte;
    if (read(go[0], &byte, 1) != 1) _exit(1); /* the shim ended before it had written who we are */
    const char *where = become_task(shim, error[1]);
    int n = snprintf(text, sizeof text, "%d %s", errno, where);
    _exit(write(error[1], text, (size_t)n + 1) < 0 ? 2 : 1);
  }
  close(go[0]), close(error[1]), close(pipes[0][1]), close(pipes[1][1]);
  for (int i = 0; i < 2; i++) fcntl(out[i].pipe = pipes[i][0], F_SETFL, O_NONBLOCK);
  if (write_pid() < 0) snprintf(stage, sizeof stage, "runtime"), code = errno; /* closing `go` ends the child */
  else if (write(go[1], "", 1) != 1) snprintf(stage, sizeof stage, "fork"), code = errno;
  close(go[1]);
  if (!code) code = hear(error[0], stage);
  close(error[0]);
  forget_spec();
  if (code) return kill(main_pid, SIGKILL), waitpid(main_pid, 0, 0), fail(dir, stage, code);
  tell('S', dir);
  int null = open("/dev/null", O_RDWR | O_CLOEXEC);
  for (int fd = 0; fd < 3; fd++) dup2(null, fd);
  close(null);
  if (chdir("/") < 0) { /* a mount is kept busy; nothing else */ }
  int status = watch();
  for (int i = 0; i < 2; i++) if (out[i].dropped) mark(&out[i]);
  struct rusage usage;
  getrusage(RUSAGE_CHILDREN, &usage);
  int n = snprintf(text, sizeof text,
                   "version 1\nstatus %d\nstarted_ms %lld\nended_ms %lld\nuser_us %lld\nsystem_us %lld\nmaxrss_kib %ld\n"
                   "dropped_stdout %llu\ndropped_stderr %llu\n",
                   status, started, now_ms(CLOCK_REALTIME), usage.ru_utime.tv_sec * 1000000LL + usage.ru_utime.tv_usec,
                   usage.ru_stime.tv_sec * 1000000LL + usage.ru_stime.tv_usec, usage.ru_maxrss, out[0].dropped_total,
                   out[1].dropped_total);
  write_exit(text, (size_t)n);
  return 0;
}

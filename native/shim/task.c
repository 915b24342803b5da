/* What the child becomes before it is the task. README.md has the records of the spec that it goes by. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <linux/securebits.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "shim.h"

#define FILTER_MAX 4096 /* instructions; the kernel's own bound */

static int limit(const char *text) {
  unsigned what;
  unsigned long long soft, hard;
  if (sscanf(text, "%u:%llu:%llu", &what, &soft, &hard) != 3) return errno = EINVAL, -1;
  return setrlimit((int)what, &(struct rlimit){(rlim_t)soft, (rlim_t)hard});
}

/* No program that the task starts can have more than these, whatever its file says. */
static int bound_capabilities(void) {
  for (int i = 0; i < 64; i++)
    if (!(task.bounding >> i & 1) && prctl(PR_CAPBSET_READ, i, 0, 0, 0) == 1 && prctl(PR_CAPBSET_DROP, i, 0, 0, 0) < 0)
      return -1;
  return 0;
}

/* Exactly these, also after exec: the ambient set hands them on. Root would get all that is not bounded. */
static int hold_capabilities(void) {
  struct __user_cap_header_struct head = {_LINUX_CAPABILITY_VERSION_3, 0};
  struct __user_cap_data_struct data[2];
  for (int i = 0; i < 2; i++) data[i].effective = data[i].permitted = data[i].inheritable = (__u32)(task.held >> 32 * i);
  if (getuid() == 0 && prctl(PR_SET_SECUREBITS, SECBIT_NOROOT, 0, 0, 0) < 0) return -1;
  if (syscall(SYS_capset, &head, data) < 0) return -1;
  for (int i = 0; i < 64; i++)
    if (task.held >> i & 1 && prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, i, 0, 0) < 0) return -1;
  return 0;
}

static int digit(char c) { return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1; }

/* From hexadecimal, in place: eight bytes an instruction, as the kernel takes them. */
static int load_filter(char *text) {
  size_t n = strlen(text) / 2;
  if (strlen(text) % 16 || n < 8 || n > FILTER_MAX * 8) return errno = EINVAL, -1;
  for (size_t i = 0; i < n; i++) {
    int high = digit(text[2 * i]), low = digit(text[2 * i + 1]);
    if (high < 0 || low < 0) return errno = EINVAL, -1;
    text[i] = (char)(high << 4 | low);
  }
  struct sock_fprog program = {(unsigned short)(n / 8), (struct sock_filter *)(void *)text};
  if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) == 0) return 0;
  /* Who is not mighty may only bind itself for good. */
  if (errno != EACCES || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) return -1;
  return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program);
}

/* Whoever made the namespace keeps it at this path. */
static int enter(const char *path, int kind) {
  int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  if (fd < 0) return -1;
  int code = setns(fd, kind) < 0 ? errno : 0;
  close(fd);
  return code ? errno = code, -1 : 0;
}

const char *become_task(pid_t shim, int channel) {
  if (setsid() < 0) return "setsid";
  for (int i = 0; i < task.joins; i++)
    if (put(task.join[i], "0") < 0) return "cgroup";
  if (task.network && enter(task.network, CLONE_NEWNET) < 0) return "network";
  if (task.ipc && enter(task.ipc, CLONE_NEWIPC) < 0) return "ipc";
  if (task.oom_score && put("/proc/self/oom_score_adj", task.oom_score) < 0) return "oom_score";
  const char *failed = enter_namespaces();
  if (failed) return failed;
  /* In its own mounts, so that it finds it by its name. */
  if (rows && take_terminal(channel) < 0) return "terminal";
  for (int i = 0; i < task.nlimits; i++)
    if (limit(task.limits[i]) < 0) return "rlimit";
  if (task.has_bounding && bound_capabilities() < 0) return "capabilities";
  if (task.has_held) prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0);
  if (task.has_uid && (setgroups((size_t)task.ngroups, task.groups) < 0 || setresgid(task.gid, task.gid, task.gid) < 0 ||
                       setresuid(task.uid, task.uid, task.uid) < 0)) return "user";
  if (task.directory ? chdir(task.directory) < 0 : fchdir(sandbox_fd) < 0) return "sandbox";
  if (task.has_held && hold_capabilities() < 0) return "capabilities";
  /* After setresuid, which takes it away again. */
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != shim && getppid() != 0) _exit(1); /* 0: a parent outside of its numbers of processes */
  for (int i = 1; i < NSIG; i++) signal(i, SIG_DFL);
  sigset_t none;
  sigemptyset(&none), sigprocmask(SIG_SETMASK, &none, 0);
  umask(022);
  environ = task.env;
  /* The last: what it forbids is forbidden to this function too. */
  if (task.filter && load_filter(task.filter) < 0) return "seccomp";
  execvp(task.program, task.argv);
  return "exec";
}

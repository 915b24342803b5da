/* What a container sees of the machine: namespaces and a root filesystem of its own. README.md has the records. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "shim.h"

#define PROPAGATION (MS_SHARED | MS_SLAVE)

struct entry { unsigned long flags; char *type, *source, *target, *data; int tree, is_directory; };

static int joined[4] = {-1, -1, -1, -1};

/* Those of the process `PID START`; its processes' numbers at once, for children, the others by become_task. */
int find_namespaces(const char *text) {
  static const char *names[] = {"ipc", "uts", "net", "mnt"};
  int pid;
  unsigned long long start;
  char path[64];
  if (sscanf(text, "%d %llu", &pid, &start) != 2) return errno = EINVAL, -1;
  for (int i = 0; i < 4; i++) {
    snprintf(path, sizeof path, "/proc/%d/ns/%s", pid, names[i]);
    if ((joined[i] = open(path, O_RDONLY | O_CLOEXEC)) < 0) return -1;
  }
  snprintf(path, sizeof path, "/proc/%d/ns/pid", pid);
  int numbers = open(path, O_RDONLY | O_CLOEXEC);
  if (numbers < 0) return -1;
  if (start_time(pid) != start) return errno = ESRCH, -1; /* another process by now */
  int code = setns(numbers, CLONE_NEWPID) < 0 ? errno : 0;
  close(numbers);
  return code ? errno = code, -1 : 0;
}

/* The next part of a record, which ends with a line or with the record. */
static char *part(char **rest) {
  char *text = *rest, *end = text ? strchr(text, '\n') : 0;
  if (end) *end = 0;
  *rest = end ? end + 1 : 0;
  return text;
}

/* `flags type source target data`, a line each. */
static int parse(char *text, struct entry *entry) {
  char *flags = part(&text);
  *entry = (struct entry){.tree = -1};
  entry->type = part(&text), entry->source = part(&text), entry->target = part(&text), entry->data = part(&text);
  return entry->data && !text && entry->target[0] && strlen(entry->target) < PATH_BOUND &&
                 sscanf(flags, "%lu", &entry->flags) == 1 ? 0 : (errno = EINVAL, -1);
}

/* In the new root, so that no link of the image leads out of it. What is there already stays. */
static int make_way(const struct entry *entry) {
  char path[PATH_BOUND];
  strcpy(path, entry->target);
  for (char *at = strchr(path + 1, '/'); at; at = strchr(at + 1, '/')) {
    *at = 0;
    if (mkdir(path, 0755) < 0 && errno != EEXIST) return -1;
    *at = '/';
  }
  int made = entry->is_directory ? mkdir(path, 0755) : mknod(path, S_IFREG | 0644, 0);
  return made < 0 && errno != EEXIST ? -1 : 0;
}

/* What is mounted below what nobody may write to is written to by nobody either; Linux before 5.12 takes the uppermost only. */
static int restrict_tree(const struct entry *entry) {
  struct mount_attr how = {.attr_set = MOUNT_ATTR_RDONLY};
  if (!(entry->flags & MS_RDONLY)) return 0;
  return syscall(SYS_mount_setattr, entry->tree, "", AT_EMPTY_PATH | AT_RECURSIVE, &how, sizeof how) < 0 && errno != ENOSYS ? -1 : 0;
}

static int attach(const struct entry *entry, int target) {
  unsigned to = target < 0 ? MOVE_MOUNT_T_SYMLINKS : MOVE_MOUNT_T_EMPTY_PATH;
  if (restrict_tree(entry) < 0 || syscall(SYS_move_mount, entry->tree, "", target < 0 ? AT_FDCWD : target,
                                          target < 0 ? entry->target : "", MOVE_MOUNT_F_EMPTY_PATH | to) < 0) return -1;
  close(entry->tree);
  if (entry->flags & MS_SLAVE && mount(0, entry->target, 0, MS_SLAVE | MS_REC, 0) < 0) return -1;
  unsigned long flags = entry->flags & ~(unsigned long)(MS_REC | PROPAGATION);
  return flags ? mount(0, entry->target, 0, MS_REMOUNT | MS_BIND | flags, 0) : 0;
}

static int mount_new(const struct entry *entry) {
  return mount(entry->source, entry->target, entry->type, entry->flags, *entry->data ? entry->data : 0);
}

static int fill(const struct entry *entry) {
  if (entry->target[0] != '/') return errno = EINVAL, -1;
  if (make_way(entry) < 0) return -1;
  return entry->tree >= 0 ? attach(entry, -1) : mount_new(entry);
}

/* Held open, so that it is found whatever else is mounted. */
static int hold_tree(struct entry *entry) {
  struct stat st;
  unsigned deep = entry->flags & MS_REC ? AT_RECURSIVE : 0;
  entry->tree = (int)syscall(SYS_open_tree, AT_FDCWD, entry->source, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | deep);
  if (entry->tree < 0 || fstat(entry->tree, &st) < 0) return -1;
  entry->is_directory = S_ISDIR(st.st_mode);
  return 0;
}

/* Those that share mounts with the machine are taken while the ones here still do; the others after. */
static const char *hold_trees(struct entry *entries, unsigned long propagation) {
  for (int i = 0; i < task.nmounts; i++) {
    if (parse(task.mounts[i], &entries[i]) < 0) return "spec";
    entries[i].is_directory = 1;
  }
  for (int early = 1; early >= 0; early--) {
    if (!early && mount(0, "/", 0, MS_REC | propagation, 0) < 0) return "mounts";
    for (int i = 0; i < task.nmounts; i++) {
      int shares = (entries[i].flags & PROPAGATION) != 0;
      if (shares == early && strcmp(entries[i].type, "bind") == 0 && hold_tree(&entries[i]) < 0) return "volume";
    }
  }
  return 0;
}

/* Over the machine's own files, where only the container sees it. Relative targets are below the sandbox, where no link
   is followed: those are the task's. */
static const char *cover_files(void) {
  struct entry entries[MOUNTS_MAX];
  const char *failed = hold_trees(entries, MS_SLAVE);
  if (failed) return failed;
  if (chdir(sandbox) < 0) return "sandbox";
  for (int i = 0; i < task.nmounts; i++) {
    int is_below = entries[i].target[0] != '/';
    if (entries[i].tree < 0) {
      if (is_below || mount_new(&entries[i]) < 0) return "mount";
      continue;
    }
    struct open_how how = {.flags = O_PATH | O_CLOEXEC, .resolve = is_below ? RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS : 0};
    int target = (int)syscall(SYS_openat2, AT_FDCWD, entries[i].target, &how, sizeof how);
    if (target < 0 || attach(&entries[i], target) < 0) return "volume";
    close(target);
  }
  return 0;
}

/* What is bound into it is held open before the way to it is lost, and put there after. */
static const char *change_root(void) {
  struct entry entries[MOUNTS_MAX];
  const char *failed = hold_trees(entries, MS_PRIVATE);
  if (failed) return failed;
  if (task.overlay ? mount("overlay", task.root, "overlay", 0, task.overlay) < 0
                   : mount(task.root, task.root, 0, MS_BIND, 0) < 0) return "root";
  if (chdir(task.root) < 0 || syscall(SYS_pivot_root, ".", ".") < 0 || umount2(".", MNT_DETACH) < 0 || chdir("/") < 0)
    return "root";
  for (int i = 0; i < task.nmounts; i++)
    if (fill(&entries[i]) < 0) return "mount";
  return 0;
}

const char *enter_namespaces(void) {
  for (int i = 0; i < 4; i++)
    if (joined[i] >= 0 && setns(joined[i], 0) < 0) return "namespace";
  /* Numbers of processes are not for who asks, but for its children: that one was cloned. */
  if (task.new_namespaces & ~(unsigned long long)CLONE_NEWPID &&
      unshare((int)(task.new_namespaces & ~(unsigned long long)CLONE_NEWPID)) < 0) return "namespace";
  if (task.hostname && sethostname(task.hostname, strlen(task.hostname)) < 0) return "hostname";
  const char *failed = task.root ? change_root() : task.nmounts ? cover_files() : 0;
  if (failed || task.root) return failed;
  /* The sandbox that was opened before is the one that nothing is mounted over. */
  if ((task.nmounts || joined[3] >= 0) && !task.directory &&
      (sandbox_fd = open(sandbox, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW)) < 0) return "sandbox";
  return 0;
}

pid_t fork_task(void) {
  if (!(task.new_namespaces & CLONE_NEWPID)) return fork();
  return (pid_t)syscall(SYS_clone, CLONE_NEWPID | SIGCHLD, 0, 0, 0, 0);
}

/* What a container sees of the machine: namespaces and a root filesystem of its own. README.md has the records. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "shim.h"

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
  return entry->data && !text && entry->target[0] == '/' && strlen(entry->target) < PATH_BOUND &&
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

static int attach(const struct entry *entry) {
  if (make_way(entry) < 0) return -1;
  if (entry->tree < 0)
    return mount(entry->source, entry->target, entry->type, entry->flags, *entry->data ? entry->data : 0);
  if (syscall(SYS_move_mount, entry->tree, "", AT_FDCWD, entry->target, MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_SYMLINKS) < 0)
    return -1;
  close(entry->tree);
  unsigned long flags = entry->flags & ~(unsigned long)MS_REC;
  return flags ? mount(0, entry->target, 0, MS_REMOUNT | MS_BIND | flags, 0) : 0;
}

/* What is bound into it is held open before the way to it is lost, and put there after. */
static const char *change_root(void) {
  struct entry entries[MOUNTS_MAX];
  struct stat st;
  if (mount(0, "/", 0, MS_REC | MS_PRIVATE, 0) < 0) return "mounts";
  if (task.overlay ? mount("overlay", task.root, "overlay", 0, task.overlay) < 0
                   : mount(task.root, task.root, 0, MS_BIND, 0) < 0) return "root";
  for (int i = 0; i < task.nmounts; i++) {
    if (parse(task.mounts[i], &entries[i]) < 0) return "spec";
    entries[i].is_directory = 1;
    if (strcmp(entries[i].type, "bind") != 0) continue;
    unsigned deep = entries[i].flags & MS_REC ? AT_RECURSIVE : 0;
    entries[i].tree = (int)syscall(SYS_open_tree, AT_FDCWD, entries[i].source, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | deep);
    if (entries[i].tree < 0 || fstat(entries[i].tree, &st) < 0) return "volume";
    entries[i].is_directory = S_ISDIR(st.st_mode);
  }
  if (chdir(task.root) < 0 || syscall(SYS_pivot_root, ".", ".") < 0 || umount2(".", MNT_DETACH) < 0 || chdir("/") < 0)
    return "root";
  for (int i = 0; i < task.nmounts; i++)
    if (attach(&entries[i]) < 0) return "mount";
  return 0;
}

const char *enter_namespaces(void) {
  for (int i = 0; i < 4; i++)
    if (joined[i] >= 0 && setns(joined[i], 0) < 0) return "namespace";
  /* Numbers of processes are not for who asks, but for its children: that one was cloned. */
  if (task.new_namespaces & ~(unsigned long long)CLONE_NEWPID &&
      unshare((int)(task.new_namespaces & ~(unsigned long long)CLONE_NEWPID)) < 0) return "namespace";
  if (task.hostname && sethostname(task.hostname, strlen(task.hostname)) < 0) return "hostname";
  return task.root ? change_root() : 0;
}

pid_t fork_task(void) {
  if (!(task.new_namespaces & CLONE_NEWPID)) return fork();
  return (pid_t)syscall(SYS_clone, CLONE_NEWPID | SIGCHLD, 0, 0, 0, 0);
}

/* What main.c, shim.c, session.c, task.c, root.c and terminal.c share. */
#include <sys/types.h>
#include <time.h>

#define MAGIC "keelson-shim 1" /* first record of a spec */
#define PATH_BOUND 4000        /* longest path, its NUL included */

#define LIST_MAX 16            /* cgroups and rlimits */
#define MOUNTS_MAX 128
#define GROUPS_MAX 256

/* From the spec: working directory, and size of the terminal (0: none). */
extern const char *sandbox;
extern int sandbox_fd, rows, cols;
extern pid_t main_pid;

/* From the spec: what the child is to become. */
extern struct task {
  char **argv, **env, *filter;
  const char *program, *oom_score, *network, *ipc, *join[LIST_MAX], *limits[LIST_MAX];
  int joins, nlimits, ngroups, has_uid, has_bounding, has_held;
  unsigned long long bounding, held; /* capabilities, one bit each */
  /* What it sees of the machine: a root of its own, and below that a working directory. */
  const char *root, *overlay, *directory, *hostname, *joins_of;
  char *mounts[MOUNTS_MAX];
  int nmounts, has_namespaces;
  unsigned long long new_namespaces; /* CLONE_NEW… */
  uid_t uid;
  gid_t gid, groups[GROUPS_MAX];
} task;

/* Runs the container whose runtime directory is `dir`, to its end. */
int run(const char *dir);
/* Runs one more command in a container, for whoever holds the other end of fd 3. */
int session(void);
/* One message to fd 1: 'S' started or 'F' failed, the main process, the directory, NUL. */
void tell(char kind, const char *dir);

/* Reads and checks a spec, and closes it. The strings live until forget_spec. 0, or -1 with errno. */
int read_spec(int fd);
void forget_spec(void);
/* In the child: a session of its own, cgroups, limits, user, capabilities, directory, filter, then exec. Answers what
   failed, with errno. `channel` leads to the parent. */
const char *become_task(pid_t parent, int channel);
/* In the child: opens a terminal and has it as its own, in 0, 1 and 2; the other side goes to the parent. 0, or -1. */
int take_terminal(int channel);
/* In the parent: the terminal's other side, -1 without; it does not wait. */
extern int master;
/* Listens to the child until it is the task: 0, or an errno and what failed (32 bytes). */
int hear(int channel, char *stage);
/* `R rows cols`: the terminal's size from now on. */
void resize(const char *text);
/* From one side to the other; false when `from` has ended. What `to` can't take now waits in `held`. */
struct flow { int from, to; char bytes[16384]; size_t at, held; };
int pump(struct flow *flow, short can_read, short can_write);
/* What a task's terminal is fed from: pipes with names in the runtime directory, for input and for sizes. */
extern struct flow feed;
extern int sizes;
int open_feed(int dir);
void take_size(void);
/* fork, and into new numbers of processes where the spec says so. */
pid_t fork_task(void);
/* In the child: what it joins, what it has of its own, and its root. Answers what failed, with errno; 0 is well. */
const char *enter_namespaces(void);
/* Opens those of the process that a session is to be with. 0, or -1 with errno. */
int find_namespaces(const char *text);
/* Field 22 of /proc/PID/stat; 0 when there is none. */
unsigned long long start_time(pid_t pid);
/* SIGKILL to every child, and to what the spec's cgroup still holds. */
void sweep(void);
/* Reaps what ended; true when no child is left. `ended` and `status` are those of main_pid. */
int reap(int *ended, int *status);
/* Writes a small file that is there. 0, or -1 with errno. */
int put(const char *path, const char *text);
void on_child(int signal);
void close_from(int first);
long long now_ms(clockid_t clock);

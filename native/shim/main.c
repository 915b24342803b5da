/*
 *   shim DIR         run the container whose runtime directory is DIR
 *   shim --session   run one more command in a container: control on fd 3, spec on fd 4
 *   shim --spawner   read NUL-ended DIRs from fd 0 and start a shim for each; ends when fd 0 ends
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "shim.h"

long long now_ms(clockid_t clock) {
  struct timespec t;
  clock_gettime(clock, &t);
  return t.tv_sec * 1000LL + t.tv_nsec / 1000000;
}

void close_from(int first) {
  if (close_range((unsigned)first, ~0U, 0) < 0)
    for (int fd = first; fd < 65536; fd++) close(fd); /* Linux before 5.9 */
}

void on_child(int signal) { (void)signal; }

static char *self;

/* One small process that forks instead of the agent, whose heap may be large. */
static int spawner(void) {
  static char path[PATH_BOUND], buffer[4096];
  size_t used = 0;
  signal(SIGCHLD, SIG_IGN), signal(SIGPIPE, SIG_IGN);
  fcntl(1, F_SETFL, O_NONBLOCK); /* a stopped agent must not stop a shim */
  for (;;) {
    ssize_t n = read(0, buffer, sizeof buffer);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return 0;
    for (ssize_t i = 0; i < n; i++) {
      if (used == sizeof path) return 2; /* not our agent */
      if ((path[used++] = buffer[i]) != 0) continue;
      used = 0;
      pid_t pid = fork();
      if (pid == 0) execve(self, (char *[]){self, path, 0}, (char *[]){0});
      if (pid <= 0) tell('F', path); /* no fork, or no exec */
      if (pid == 0) _exit(127);
    }
  }
}

int main(int argc, char **argv) {
  self = argv[0];
  if (argc == 2 && strcmp(argv[1], "--spawner") == 0) return spawner();
  if (argc == 2 && strcmp(argv[1], "--session") == 0) return session();
  if (argc == 2 && argv[1][0] == '/' && strlen(argv[1]) < PATH_BOUND) return run(argv[1]);
  static const char usage[] = "usage: shim DIR | shim --spawner | shim --session   (" MAGIC ")\n";
  return write(2, usage, sizeof usage - 1) < 0 ? 3 : 2;
}

/*
 * One more command inside of a container that runs: a person's terminal, or a check. README.md has the protocol.
 * Whoever asked holds the other end of fd 3; when it goes, everything of the session is killed.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "shim.h"

#define CONTROL 3
#define SPEC 4
#define DRAIN_MS 1000 /* after the command ended, what its terminal still holds is passed on this long */
#define REAP_MS 10000
#define LINGER_MS 1000 /* for the other side to take what was said last */

/* Never waits: a peer that does not read its few bytes is as good as gone. */
static void say(const char *text) {
  if (write(CONTROL, text, strlen(text)) < 0) { /* its end is seen by reading */ }
}

/* The last line. Gone at once, it would be lost with a write of the other side that finds nobody: that side goes first. */
static void say_last(const char *text) {
  char rest[256];
  struct pollfd peer = {CONTROL, POLLIN, 0};
  say(text);
  shutdown(CONTROL, SHUT_WR);
  while (poll(&peer, 1, LINGER_MS) > 0 && read(CONTROL, rest, sizeof rest) > 0) { /* nobody obeys any more */ }
}

static int fail(const char *stage, int code) {
  char text[256];
  snprintf(text, sizeof text, "F %s %d %s\n", stage, code, strerror(code));
  say_last(text);
  return 1;
}

/* Lines `R rows cols` and `S signal`. False when the other side is gone or sends what is none of these. */
static int obey(void) {
  static char line[64];
  static size_t used;
  ssize_t n = read(CONTROL, line + used, sizeof line - 1 - used);
  if (n < 0 && (errno == EINTR || errno == EAGAIN)) return 1;
  if (n <= 0) return 0;
  line[used += (size_t)n] = 0;
  for (char *end; (end = strchr(line, '\n')); memmove(line, end + 1, used = strlen(end + 1)), line[used] = 0) {
    int number;
    *end = 0;
    if (*line == 'R') resize(line);
    else if (sscanf(line, "S %d", &number) == 1 && number > 0 && number < NSIG) {
      /* With a terminal: to what is in front of it, as its keys would. */
      pid_t front = master >= 0 ? tcgetpgrp(master) : main_pid;
      kill(-(front > 1 ? front : main_pid), number);
    } else return 0;
  }
  return used < sizeof line - 1;
}

static struct flow in = {.from = -1, .to = -1}, out = {.from = -1, .to = -1};

/* Answers the wait status, or -1 when the other side went before the end. */
static int serve(void) {
  sigset_t mask;
  sigemptyset(&mask);
  int ended = 0, status = 0, here = 1, dry = master < 0;
  long long end = 0;
  for (;;) {
    int alone = reap(&ended, &status);
    if (!here && !end) end = now_ms(CLOCK_MONOTONIC);
    if (ended && !end) end = now_ms(CLOCK_MONOTONIC);
    if (end) {
      long long past = now_ms(CLOCK_MONOTONIC) - end;
      if (!alone) sweep();
      if (!here && (alone || past > REAP_MS)) return -1;
      if (ended && (alone || past > REAP_MS) && (dry || past > DRAIN_MS)) return status;
    }
    struct pollfd fds[5] = {{here ? CONTROL : -1, POLLIN, 0},
                            {in.held || ended ? -1 : in.from, POLLIN, 0}, {in.held ? in.to : -1, POLLOUT, 0},
                            {out.held || dry ? -1 : out.from, POLLIN, 0}, {out.held ? out.to : -1, POLLOUT, 0}};
    struct timespec pause = {0, 10000000};
    if (ppoll(fds, 5, end ? &pause : 0, &mask) <= 0) continue;
    if (fds[0].revents && !obey()) here = 0;
    if ((fds[1].revents || fds[2].revents) && !pump(&in, fds[1].revents, fds[2].revents)) in.from = -1, in.held = 0;
    if ((fds[3].revents || fds[4].revents) && !pump(&out, fds[3].revents, fds[4].revents)) dry = 1;
  }
}

int session(void) {
  int error[2], code = 0;
  char text[256], stage[32] = "";
  for (int i = 1; i < NSIG; i++)
    if (i != SIGCHLD) signal(i, SIG_IGN);
  sigaction(SIGCHLD, &(struct sigaction){.sa_handler = on_child}, 0);
  sigset_t mask;
  sigemptyset(&mask), sigaddset(&mask, SIGCHLD), sigprocmask(SIG_SETMASK, &mask, 0);
  fcntl(CONTROL, F_SETFD, FD_CLOEXEC);
  close_from(SPEC + 1);
  umask(022);
  if (read_spec(SPEC) < 0) return fail("spec", errno);
  if (prctl(PR_SET_CHILD_SUBREAPER, 1) < 0) return fail("subreaper", errno);
  if ((sandbox_fd = open(sandbox, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW)) < 0) return fail("sandbox", errno);
  if (task.joins_of && find_namespaces(task.joins_of) < 0) return fail("namespace", errno);
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, error) < 0) return fail("pipe", errno);
  pid_t self = getpid();
  if ((main_pid = fork_task()) < 0) return fail("fork", errno);
  if (main_pid == 0) {
    const char *where = become_task(self, error[1]);
    int n = snprintf(text, sizeof text, "%d %s", errno, where);
    _exit(write(error[1], text, (size_t)n + 1) < 0 ? 2 : 1);
  }
  close(error[1]);
  code = hear(error[0], stage);
  close(error[0]);
  forget_spec();
  if (code) return kill(main_pid, SIGKILL), waitpid(main_pid, 0, 0), fail(stage, code);
  snprintf(text, sizeof text, "S %d\n", (int)main_pid);
  say(text);
  if (master >= 0) in.from = 0, in.to = master, out.from = master, out.to = 1, fcntl(1, F_SETFL, O_NONBLOCK);
  /* Without a terminal the command has them; held here too, they would never end. */
  else close(0), close(1), close(2);
  if (chdir("/") < 0) { /* a mount is kept busy; nothing else */ }
  int status = serve();
  if (status < 0) return 1;
  snprintf(text, sizeof text, "X %d\n", status);
  say_last(text);
  return 0;
}

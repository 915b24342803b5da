/* Terminals of sessions and of tasks: opened by the child, where it has become what it is; the other side is its parent's. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "shim.h"

int master = -1, sizes = -1;
struct flow feed = {.from = -1, .to = -1};

struct parcel { struct msghdr head; struct iovec part; char byte[256]; _Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int))]; };

static struct msghdr *wrap(struct parcel *parcel, size_t bytes) {
  parcel->part = (struct iovec){parcel->byte, bytes};
  parcel->head = (struct msghdr){.msg_iov = &parcel->part, .msg_iovlen = 1, .msg_control = parcel->control,
                                 .msg_controllen = sizeof parcel->control};
  return &parcel->head;
}

static int hand_over(int channel, int fd) {
  struct parcel parcel = {.byte = "T"};
  struct msghdr *head = wrap(&parcel, 1);
  struct cmsghdr *control = CMSG_FIRSTHDR(head);
  *control = (struct cmsghdr){.cmsg_len = CMSG_LEN(sizeof fd), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
  memcpy(CMSG_DATA(control), &fd, sizeof fd);
  return sendmsg(channel, head, MSG_NOSIGNAL) == 1 ? 0 : -1;
}

int take_terminal(int channel) {
  struct winsize size = {.ws_row = (unsigned short)rows, .ws_col = (unsigned short)cols};
  int unlocked = 0, slave, other = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (other < 0 || ioctl(other, TIOCSPTLCK, &unlocked) < 0) return -1;
  if ((slave = ioctl(other, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC)) < 0) return -1;
  if (ioctl(slave, TIOCSWINSZ, &size) < 0 || (task.has_uid && fchown(slave, task.uid, (gid_t)-1) < 0) ||
      ioctl(slave, TIOCSCTTY, 0) < 0 || hand_over(channel, other) < 0) return -1;
  for (int fd = 0; fd < 3; fd++)
    if (dup2(slave, fd) < 0) return -1;
  if (slave > 2) close(slave);
  return close(other);
}

int hear(int channel, char *stage) {
  for (;;) {
    struct parcel parcel;
    struct msghdr *head = wrap(&parcel, sizeof parcel.byte - 1);
    ssize_t n = recvmsg(channel, head, MSG_CMSG_CLOEXEC);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return 0; /* it has become another program */
    struct cmsghdr *control = CMSG_FIRSTHDR(head);
    int code = EPROTO;
    parcel.byte[n] = 0;
    if (!control) return sscanf(parcel.byte, "%d %31s", &code, stage) < 2 ? EPROTO : code;
    memcpy(&master, CMSG_DATA(control), sizeof master);
    fcntl(master, F_SETFL, O_NONBLOCK);
  }
}

void resize(const char *text) {
  unsigned short r, c;
  if (master >= 0 && sscanf(text, "R %hu %hu", &r, &c) == 2)
    ioctl(master, TIOCSWINSZ, &(struct winsize){.ws_row = r, .ws_col = c});
}

int pump(struct flow *f, short can_read, short can_write) {
  if (!f->held && can_read) {
    ssize_t n = read(f->from, f->bytes, sizeof f->bytes);
    if (n < 0 && (errno == EINTR || errno == EAGAIN)) return 1;
    if (n <= 0) return 0; /* a terminal whose last process has closed it answers EIO */
    f->at = 0, f->held = (size_t)n, can_write = 1;
  }
  if (f->held && can_write) {
    ssize_t n = write(f->to, f->bytes + f->at, f->held);
    if (n < 0 && errno != EINTR && errno != EAGAIN) return 0;
    if (n > 0) f->at += (size_t)n, f->held -= (size_t)n;
  }
  return 1;
}

/* Opened for both, so that they never end: whoever writes may come and go. */
static int open_fifo(int dir, const char *name) {
  return mkfifoat(dir, name, 0600) < 0 ? -1 : openat(dir, name, O_RDWR | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW);
}

int open_feed(int dir) { return (feed.from = open_fifo(dir, "input")) < 0 || (sizes = open_fifo(dir, "size")) < 0 ? -1 : 0; }

void take_size(void) {
  char text[256];
  ssize_t n = read(sizes, text, sizeof text - 1);
  text[n > 0 ? n : 0] = 0;
  char *last = strrchr(text, 'R');
  if (last) resize(last);
}

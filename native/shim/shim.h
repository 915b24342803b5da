/* What main.c and shim.c share. */
#define MAGIC "keelson-shim 1" /* first record of a spec */
#define PATH_BOUND 4000        /* longest path, its NUL included */

/* Runs the container whose runtime directory is `dir`, to its end. */
int run(const char *dir);
/* One message to fd 1: 'S' started or 'F' failed, the main process, the directory, NUL. */
void tell(char kind, const char *dir);

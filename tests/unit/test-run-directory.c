/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "process/run-directory.h"

#include "base/file-tree.h"
#include <fcntl.h>
#include <linux/magic.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <cmocka.h>

#define SOCKET_ROOM 56 /* bytes; as an embedded libvirt needs them */

static char base[] = "/tmp/vlt-rundir.XXXXXX";

static struct sandbox own(void)
{
    return (struct sandbox){.drop = false, .uid = geteuid(), .gid = getegid()};
}

static int set_up(void **state)
{
    (void)state;
    strcpy(strrchr(base, '.'), ".XXXXXX");
    if (!mkdtemp(base))
        return -1;
    unsetenv("XDG_RUNTIME_DIR");
    prctl(PR_SET_CHILD_SUBREAPER, 1); /* orphans are ours to reap */
    return setenv("TMPDIR", base, 1);
}

static int tear_down(void **state)
{
    (void)state;
    unsetenv("XDG_RUNTIME_DIR");
    return file_tree_remove(AT_FDCWD, base);
}

static unsigned count_in_base(void)
{
    unsigned count = 0;
    AUTO_DIR DIR *directory = opendir(base);
    assert_non_null(directory);
    for (struct dirent *entry; (entry = readdir(directory));)
        count += entry->d_name[0] != '.';
    return count;
}

static run_directory *make(void)
{
    struct sandbox box = own();
    run_directory *run = run_directory_new(&box, SOCKET_ROOM, NULL);
    assert_non_null(run);
    return run;
}

/* What is below an open-file limit that lets it begin and not end. */
static void one_that_cannot_be_made_leaves_nothing(void **state)
{
    struct rlimit before, now;
    struct sandbox box = own();
    (void)state;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    for (rlim_t files = 3; files < 12; files++) {
        AUTO_ERROR error *err = NULL;
        now = (struct rlimit){files, before.rlim_max};
        setrlimit(RLIMIT_NOFILE, &now);
        run_directory *run = run_directory_new(&box, SOCKET_ROOM, &err);
        setrlimit(RLIMIT_NOFILE, &before);
        run_directory_free(run);
        assert_int_equal(count_in_base(), 0);
    }
}

static void it_is_ours_alone_and_goes_in_the_end(void **state)
{
    struct stat st;
    (void)state;
    run_directory *run = make();
    assert_memory_equal(run_directory_path(run), base, strlen(base));
    assert_int_equal(stat(run_directory_path(run), &st), 0);
    assert_int_equal(st.st_mode & 07777, 0700);
    run_directory_free(run);
    assert_int_equal(count_in_base(), 0);
}

static void the_runtime_directory_comes_first(void **state)
{
    char runtime[64];
    (void)state;
    snprintf(runtime, sizeof runtime, "%s/r", base);
    mkdir(runtime, 0700);
    setenv("XDG_RUNTIME_DIR", runtime, 1);
    run_directory *run = make();
    assert_memory_equal(run_directory_path(run), runtime, strlen(runtime));
    run_directory_free(run);
}

/* Where one is made that $TMPDIR does not name: in memory if there is room, else in /tmp. */
static void assert_elsewhere(const run_directory *run)
{
    static const char *const bases[] = {"/run", "/dev/shm"};
    struct statfs fs;
    const char *expected = "/tmp";
    for (size_t i = 0; i < 2 && strcmp(expected, "/tmp") == 0; i++)
        if (statfs(bases[i], &fs) == 0 && fs.f_type == TMPFS_MAGIC && access(bases[i], W_OK) == 0 &&
            (uint64_t)fs.f_bavail * (uint64_t)fs.f_bsize >= (uint64_t)192 << 20)
            expected = bases[i];
    const char *path = run_directory_path(run);
    assert_memory_equal(path, expected, strlen(expected));
    assert_memory_equal(path + strlen(expected), "/virt-live-", 11);
}

static void a_directory_too_long_for_sockets_is_passed_over(void **state)
{
    char longer[128];
    (void)state;
    snprintf(longer, sizeof longer, "%s/%060d", base, 0);
    mkdir(longer, 0700);
    setenv("TMPDIR", longer, 1);
    run_directory *run = make();
    assert_elsewhere(run);
    run_directory_free(run);
}

static void one_that_cannot_be_used_is_passed_over(void **state)
{
    (void)state;
    setenv("TMPDIR", "relative", 1);
    run_directory *run = make();
    assert_elsewhere(run);
    run_directory_free(run);
    setenv("TMPDIR", "/nonexistent/directory", 1);
    run = make();
    assert_elsewhere(run);
    run_directory_free(run);
}

/* Stands before the C library's. Between the look at a process and its end its number may have come
 * to be another's, so nothing is ended by its number. */
static int ended_by_number;

int kill(pid_t pid, int number)
{
    ended_by_number += pid != getpid();
    return (int)syscall(SYS_kill, pid, number);
}

static bool is_sh(pid_t pid)
{
    char path[64], name[16] = "";
    snprintf(path, sizeof path, "/proc/%d/comm", pid);
    AUTO_FILE FILE *file = fopen(path, "re");
    return file && fgets(name, sizeof name, file) && strcmp(name, "sh\n") == 0;
}

/* A run that ends without a chance to clean up, and a process of it that does not end. */
static pid_t leave_one_behind(bool with_process)
{
    int pipe_fds[2];
    assert_int_equal(pipe(pipe_fds), 0);
    pid_t child = fork();
    if (child == 0) {
        run_directory *run = make();
        char *path = run_directory_subdirectory(run, "w0", NULL);
        pid_t left = with_process ? fork() : -1;
        if (left == 0) {
            close_range(3, ~0u, 0);
            execlp("sh", "sh", "-c", "sleep 120; :", path, (char *)NULL);
            _exit(127);
        }
        while (with_process && !is_sh(left))
            usleep(1000);
        assert_int_equal(write(pipe_fds[1], &left, sizeof left), sizeof left);
        kill(getpid(), SIGKILL);
    }
    pid_t left = -1;
    assert_int_equal(read(pipe_fds[0], &left, sizeof left), sizeof left);
    waitpid(child, NULL, 0);
    close(pipe_fds[0]);
    close(pipe_fds[1]);
    return left;
}

static void what_a_killed_run_left_is_swept_by_the_next(void **state)
{
    (void)state;
    leave_one_behind(false);
    assert_int_equal(count_in_base(), 1);
    run_directory *run = make();
    assert_int_equal(count_in_base(), 1);
    run_directory_free(run);
    assert_int_equal(count_in_base(), 0);
}

static void a_process_that_works_there_is_ended(void **state)
{
    (void)state;
    pid_t left = leave_one_behind(true);
    assert_int_equal(kill(left, 0), 0);
    ended_by_number = 0;
    run_directory_free(make());
    assert_int_equal(ended_by_number, 0);
    for (int i = 0; i < 30000 && waitpid(left, NULL, WNOHANG) == 0; i++)
        usleep(1000);
    assert_int_not_equal(kill(left, 0), 0);
}

static void one_in_use_is_left_alone(void **state)
{
    (void)state;
    run_directory *first = make(), *second = make();
    assert_int_equal(access(run_directory_path(first), F_OK), 0);
    run_directory_free(second);
    assert_int_equal(access(run_directory_path(first), F_OK), 0);
    run_directory_free(first);
}

struct made {
    char path[256];
    pid_t child; /* of who made it, which has ended */
};

static void one_that_a_child_uses_is_left_alone(void **state)
{
    (void)state;
    struct made made;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    pid_t maker = fork();
    if (maker == 0) {
        snprintf(made.path, sizeof made.path, "%s", run_directory_path(make()));
        made.child = fork();
        while (made.child == 0)
            pause();
        _exit(write(ends[1], &made, sizeof made) != sizeof made);
    }
    waitpid(maker, NULL, 0);
    assert_int_equal(read(ends[0], &made, sizeof made), sizeof made);
    close(ends[0]);
    close(ends[1]);
    run_directory_free(make());
    assert_int_equal(access(made.path, F_OK), 0);
    kill(made.child, SIGKILL);
    waitpid(made.child, NULL, 0);
    run_directory_free(make());
    assert_int_not_equal(access(made.path, F_OK), 0);
}

static void what_is_not_a_run_is_left_alone(void **state)
{
    char path[128];
    (void)state;
    snprintf(path, sizeof path, "%s/virt-live-nolock", base);
    mkdir(path, 0700);
    snprintf(path, sizeof path, "%s/virt-live-link", base);
    assert_int_equal(symlink("/", path), 0);
    run_directory_free(make());
    assert_int_equal(count_in_base(), 2);
}

static void make_old(const char *name, const char *inside)
{
    char path[128], file[160];
    const struct timespec times[] = {{.tv_sec = 1000000000}, {.tv_sec = 1000000000}};
    snprintf(path, sizeof path, "%s/%s", base, name);
    assert_int_equal(mkdir(path, 0700), 0);
    if (inside) {
        snprintf(file, sizeof file, "%s/%s", path, inside);
        close(open(file, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    }
    assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

/* Their makers were killed before they had their lock. */
static void those_that_were_never_finished_are_removed(void **state)
{
    (void)state;
    make_old("virt-live-abcdef", NULL);
    make_old("virt-live-ghijkl", "lock.new");
    run_directory_free(make());
    assert_int_equal(count_in_base(), 0);
}

static void they_are_removed_also_where_this_run_does_not_go(void **state)
{
    char runtime[64];
    (void)state;
    make_old("virt-live-abcdef", NULL);
    snprintf(runtime, sizeof runtime, "%s/r", base);
    mkdir(runtime, 0700);
    setenv("XDG_RUNTIME_DIR", runtime, 1);
    run_directory_free(make());
    assert_int_equal(count_in_base(), 1); /* the runtime directory */
}

static void a_directory_that_only_has_such_a_name_stays(void **state)
{
    (void)state;
    make_old("virt-live-abcdef", "README");
    make_old("virt-live-tools", NULL);
    run_directory_free(make());
    assert_int_equal(count_in_base(), 2);
}

/* An appliance of virt-hotplug may be called "lock". */
static void virt_hotplugs_place_stays(void **state)
{
    char path[128];
    (void)state;
    make_old("virt-live-tools", NULL);
    make_old("virt-live-tools-1000", NULL);
    make_old("virt-live-abcdef", NULL);
    const char *places[] = {"virt-live-tools", "virt-live-tools-1000", "virt-live-abcdef"};
    for (size_t i = 0; i < 3; i++) {
        snprintf(path, sizeof path, "%s/%s/lock", base, places[i]);
        assert_int_equal(mkdir(path, 0700), 0);
    }
    run_directory_free(make());
    assert_int_equal(count_in_base(), 3);
}

static void runs_that_start_together_leave_each_other_alone(void **state)
{
    pid_t children[8];
    int status;
    (void)state;
    for (int i = 0; i < 8; i++) {
        children[i] = fork();
        if (children[i] != 0)
            continue;
        for (int round = 0; round < 40; round++) {
            run_directory *run = make();
            if (access(run_directory_path(run), F_OK) < 0)
                _exit(1);
            run_directory_free(run);
        }
        _exit(0);
    }
    for (int i = 0; i < 8; i++) {
        waitpid(children[i], &status, 0);
        assert_int_equal(status, 0);
    }
    assert_int_equal(count_in_base(), 0);
}

static void subdirectories_belong_to_the_sandbox(void **state)
{
    struct stat st;
    struct sandbox box = {.drop = true, .uid = 65534, .gid = 65534};
    (void)state;
    if (geteuid() != 0)
        skip(); /* only root can give files away */
    run_directory *run = run_directory_new(&box, SOCKET_ROOM, NULL);
    assert_non_null(run);
    AUTO_FREE char *path = run_directory_subdirectory(run, "w0", NULL);
    assert_non_null(path);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_uid, 65534);
    assert_int_equal(st.st_mode & 07777, 0700);
    assert_int_equal(stat(run_directory_path(run), &st), 0);
    assert_int_equal(st.st_uid, 0);
    assert_int_equal(st.st_mode & 07777, 0711);
    assert_int_equal(run_directory_remove_subdirectory(run, "w0"), 0);
    assert_int_not_equal(access(path, F_OK), 0);
    run_directory_free(run);
}

static void a_name_is_given_once(void **state)
{
    AUTO_ERROR error *err = NULL;
    (void)state;
    run_directory *run = make();
    free(run_directory_subdirectory(run, "w0", NULL));
    assert_null(run_directory_subdirectory(run, "w0", &err));
    assert_int_equal(error_errno(err), EEXIST);
    run_directory_free(run);
}

int main(void)
{
#define RUN(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        RUN(it_is_ours_alone_and_goes_in_the_end),
        RUN(one_that_cannot_be_made_leaves_nothing),
        RUN(the_runtime_directory_comes_first),
        RUN(a_directory_too_long_for_sockets_is_passed_over),
        RUN(one_that_cannot_be_used_is_passed_over),
        RUN(what_a_killed_run_left_is_swept_by_the_next),
        RUN(a_process_that_works_there_is_ended),
        RUN(one_in_use_is_left_alone),
        RUN(one_that_a_child_uses_is_left_alone),
        RUN(what_is_not_a_run_is_left_alone),
        RUN(those_that_were_never_finished_are_removed),
        RUN(they_are_removed_also_where_this_run_does_not_go),
        RUN(a_directory_that_only_has_such_a_name_stays),
        RUN(virt_hotplugs_place_stays),
        RUN(runs_that_start_together_leave_each_other_alone),
        RUN(subdirectories_belong_to_the_sandbox),
        RUN(a_name_is_given_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

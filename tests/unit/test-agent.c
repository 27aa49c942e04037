/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The agent as a process of the host, over a socketpair: framing, malformed requests, waiting for
 * devices, probing. $AGENT is its program. Its sysfs is a made-up tree, its uevents come from here
 * in the kernel's format, its disks are image files. It mounts nothing in this mode
 * (mount_ops_pretend): that real filesystems are mounted and measured is for tests with a virtual
 * machine. */
#include "frame.h"
#include "slots.h"
#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cmocka.h> /* needs the above */

#define IMAGE_SIZE (1 << 20)
#define DEVICES "devices/pci0000:00/0000:00:02.0/virtio1/host0"

struct fixture {
    char directory[64];
    int channel;
    int uevents;
    pid_t agent;
    frame_reader *reader;
    unsigned serial;
};

/* ---- the made-up machine ---- */

static void make_path(const struct fixture *f, char *path, size_t size, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

static void make_path(const struct fixture *f, char *path, size_t size, const char *format, ...)
{
    va_list arguments;
    int length = snprintf(path, size, "%s/", f->directory);
    va_start(arguments, format);
    vsnprintf(path + length, size - (size_t)length, format, arguments);
    va_end(arguments);
}

static void make_directories(const struct fixture *f, const char *below)
{
    char path[512];
    make_path(f, path, sizeof path, "%s", below);
    for (char *p = path + strlen(f->directory) + 1; *p; p++) {
        if (*p != '/')
            continue;
        *p = '\0';
        mkdir(path, 0700);
        *p = '/';
    }
    mkdir(path, 0700);
}

static void write_bytes(const char *path, off_t offset, const void *bytes, size_t length)
{
    AUTO_FD int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, bytes, length, offset), (ssize_t)length);
}

/* An image file as the node; `signature`: enough of an ext2 superblock for libblkid. */
static void make_image(const struct fixture *f, const char *node, off_t size, bool signature)
{
    char path[512];
    make_path(f, path, sizeof path, "dev/%s", node);
    write_bytes(path, 0, "", 0);
    assert_int_equal(truncate(path, size), 0);
    if (signature) {
        write_bytes(path, 1024 + 0x38, "\x53\xef", 2);
        write_bytes(path, 1024 + 0x78, "\x80 label", 7);
    }
}

static void make_serial(const struct fixture *f, unsigned slot, const char *serial)
{
    char path[512];
    char below[256];
    snprintf(below, sizeof below, "sys/" DEVICES "/target0:0:%u/0:0:%u:0", slot, slot);
    make_directories(f, below);
    make_path(f, path, sizeof path, "%s/rev", below);
    write_bytes(path, 0, serial, strlen(serial));
}

static void say(const struct fixture *f, const char *action, const char *path, const char *more,
                size_t more_length)
{
    char message[1024];
    int length = snprintf(message, sizeof message, "%s@/%s%cACTION=%s%cDEVPATH=/%s", action, path,
                          0, action, 0, path) +
                 1;
    memcpy(message + length, more, more_length);
    assert_true(send(f->uevents, message, (size_t)length + more_length, 0) > 0);
}

static void say_device(const struct fixture *f, const char *action, unsigned slot)
{
    char path[256];
    snprintf(path, sizeof path, DEVICES "/target0:0:%u/0:0:%u:0", slot, slot);
    say(f, action, path, "SUBSYSTEM=scsi", 15);
}

static void say_disk(const struct fixture *f, const char *action, unsigned slot)
{
    static const char more[] = "SUBSYSTEM=block\0MAJOR=8\0MINOR=0\0DEVTYPE=disk";
    char path[256];
    snprintf(path, sizeof path, DEVICES "/target0:0:%u/0:0:%u:0/block/sdx", slot, slot);
    say(f, action, path, more, sizeof more);
}

static void say_partition(const struct fixture *f, unsigned slot, unsigned number)
{
    char path[256], more[64];
    snprintf(path, sizeof path, DEVICES "/target0:0:%u/0:0:%u:0/block/sdx/sdx%u", slot, slot,
             number);
    int length = snprintf(more, sizeof more, "MAJOR=8%cMINOR=%u%cPARTN=%u", 0, number, 0, number);
    say(f, "add", path, more, (size_t)length + 1);
}

static void appear(const struct fixture *f, unsigned slot)
{
    say_device(f, "add", slot);
    say_disk(f, "add", slot);
    say_device(f, "bind", slot);
}

/* ---- the agent ---- */

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *where)
{
    (void)status;
    (void)type;
    (void)where;
    return remove(path);
}

static void call(const struct fixture *f)
{
    assert_int_equal(write(f->channel, FRAME_CALL, FRAME_CALL_LENGTH), (ssize_t)FRAME_CALL_LENGTH);
}

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    int channel[2], uevents[2];
    char arguments[5][128];
    const char *program = getenv("AGENT");
    assert_non_null(program);
    strcpy(f->directory, "/tmp/test-agent.XXXXXX");
    assert_non_null(mkdtemp(f->directory));
    make_directories(f, "sys/block");
    make_directories(f, "dev");
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, channel), 0);
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, uevents), 0);
    snprintf(arguments[0], 128, "--channel=%d", channel[1]);
    snprintf(arguments[1], 128, "--uevents=%d", uevents[1]);
    snprintf(arguments[2], 128, "--sys=%s/sys", f->directory);
    snprintf(arguments[3], 128, "--dev=%s/dev", f->directory);
    snprintf(arguments[4], 128, "--modules=%s/modules", f->directory);
    f->agent = fork();
    if (f->agent == 0) {
        close(channel[0]);
        close(uevents[0]);
        execl(program, program, "--host", arguments[0], arguments[1], arguments[2], arguments[3],
              arguments[4], (char *)NULL);
        _exit(127);
    }
    close(channel[1]);
    close(uevents[1]);
    f->channel = channel[0];
    f->uevents = uevents[0];
    f->reader = frame_reader_new();
    call(f);
    *state = f;
    return 0;
}

/* How the agent ended: it must, once its channel is closed. */
static int ended(struct fixture *f)
{
    int status;
    if (f->channel >= 0)
        close(steal_fd(&f->channel));
    assert_int_equal(waitpid(f->agent, &status, 0), f->agent);
    f->agent = 0;
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    int result = f->agent > 0 ? ended(f) : 0;
    frame_reader_free(f->reader);
    if (f->channel >= 0)
        close(f->channel);
    close(f->uevents);
    nftw(f->directory, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    free(f);
    return result;
}

static void ask(struct fixture *f, request *asked)
{
    AUTO_FREE void *frame = NULL;
    size_t length;
    asked->serial = ++f->serial;
    assert_int_equal(frame_encode((xdrproc_t)xdr_request, asked, &frame, &length), 0);
    assert_int_equal(write(f->channel, frame, length), (ssize_t)length);
}

static void ask_scan(struct fixture *f, unsigned slot, uint64_t size, const char *serial)
{
    disk one = {.slot = slot, .size = size};
    request asked = {.body.op = OP_SCAN};
    one.serial.serial_val = (char *)(uintptr_t)serial;
    one.serial.serial_len = (u_int)strlen(serial);
    asked.body.request_body_u.scan.disks.disks_val = &one;
    asked.body.request_body_u.scan.disks.disks_len = 1;
    ask(f, &asked);
}

static void ask_gone(struct fixture *f, unsigned slot)
{
    request asked = {.body.op = OP_GONE};
    asked.body.request_body_u.gone.slots.slots_val = &slot;
    asked.body.request_body_u.gone.slots.slots_len = 1;
    ask(f, &asked);
}

static void ask_hello(struct fixture *f, unsigned version)
{
    request asked = {.body.op = OP_HELLO};
    asked.body.request_body_u.protocol_version = version;
    ask(f, &asked);
}

/* The next answer; it must be to request `serial`. The caller frees it. */
static answer expect(struct fixture *f, unsigned serial, op kind)
{
    answer reply = {0};
    const void *body;
    size_t length;
    int got;
    while ((got = frame_reader_next(f->reader, &body, &length)) == 0)
        assert_true(frame_reader_fill(f->reader, f->channel) > 0);
    assert_int_equal(got, 1);
    assert_int_equal(frame_decode((xdrproc_t)xdr_answer, &reply, sizeof reply, body, length), 0);
    assert_int_equal(reply.serial, serial);
    assert_int_equal(reply.body.op, kind);
    return reply;
}

static void drop(answer *reply)
{
    xdr_free((xdrproc_t)xdr_answer, reply);
}

/* Nothing to read, now that the agent has answered everything before an extra HELLO. */
static void expect_silence(const struct fixture *f)
{
    char byte;
    assert_int_equal(recv(f->channel, &byte, 1, MSG_DONTWAIT | MSG_PEEK), -1);
}

/* ---- tests ---- */

static void hello(void **state)
{
    struct fixture *f = *state;
    ask_hello(f, PROTOCOL_VERSION);
    answer reply = expect(f, 1, OP_HELLO);
    assert_int_equal(reply.body.answer_body_u.hello.protocol_version, PROTOCOL_VERSION);
    assert_true(reply.body.answer_body_u.hello.kernel.kernel_len > 0);
    assert_false(reply.body.answer_body_u.hello.prepared);
    drop(&reply);
}

static void prepare(void **state)
{
    struct fixture *f = *state;
    request asked = {.body.op = OP_PREPARE};
    ask(f, &asked);
    answer reply = expect(f, 1, OP_PREPARE);
    assert_int_equal(reply.body.answer_body_u.prepare.message.message_len, 0);
    drop(&reply);
    ask_hello(f, PROTOCOL_VERSION);
    reply = expect(f, 2, OP_HELLO);
    assert_true(reply.body.answer_body_u.hello.prepared);
    drop(&reply);
}

static void other_version(void **state)
{
    struct fixture *f = *state;
    ask_hello(f, PROTOCOL_VERSION + 1);
    answer reply = expect(f, 1, OP_HELLO);
    assert_int_equal(reply.body.answer_body_u.hello.protocol_version, PROTOCOL_VERSION);
    drop(&reply);
    ask_gone(f, 0);
    assert_int_equal(ended(f), 1);
}

static void send_raw(void **state, const char *bytes, size_t length)
{
    struct fixture *f = *state;
    assert_int_equal(write(f->channel, bytes, length), (ssize_t)length);
    assert_int_equal(ended(f), 1);
}

static void oversized_frame(void **state)
{
    send_raw(state, "\x00\x10\x00\x01", 4);
}

static void garbage_frame(void **state)
{
    send_raw(state, "\0\0\0\x08garbage!", 12);
}

static void empty_frame(void **state)
{
    send_raw(state, "\0\0\0\0", 4);
}

static void trailing_garbage(void **state)
{
    send_raw(state, "\0\0\0\x0c\0\0\0\1\0\0\0\4\0\0\0\0", 16);
}

static void slot_out_of_range(void **state)
{
    struct fixture *f = *state;
    ask_scan(f, SLOT_COUNT, IMAGE_SIZE, "");
    assert_int_equal(ended(f), 1);
}

static void same_slot_twice(void **state)
{
    struct fixture *f = *state;
    disk both[2] = {{.slot = 3}, {.slot = 3}};
    request asked = {.body.op = OP_SCAN};
    asked.body.request_body_u.scan.disks.disks_val = both;
    asked.body.request_body_u.scan.disks.disks_len = 2;
    ask(f, &asked);
    assert_int_equal(ended(f), 1);
}

static void half_a_frame_and_the_end(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(write(f->channel, "\0\0\0\x08half", 8), 8);
    assert_int_equal(ended(f), 0);
}

static void a_filesystem(void **state)
{
    struct fixture *f = *state;
    make_image(f, "sdc", IMAGE_SIZE, true);
    make_serial(f, 2, "two");
    appear(f, 2);
    ask_scan(f, 2, IMAGE_SIZE, "two");
    answer reply = expect(f, 1, OP_SCAN);
    const scan_ret *result = &reply.body.answer_body_u.scan;
    assert_int_equal(result->status, STATUS_OK);
    assert_int_equal(result->volumes.volumes_len, 1);
    const volume *found = result->volumes.volumes_val;
    assert_int_equal(found->kind, VOLUME_DISK);
    assert_int_equal(found->content, CONTENT_FILESYSTEM);
    assert_int_equal(found->size, IMAGE_SIZE);
    assert_int_equal(found->fstype.fstype_len, 4);
    assert_memory_equal(found->fstype.fstype_val, "ext2", 4);
    /* Bytes as they are, UTF-8 or not. */
    assert_int_equal(found->label.label_len, 7);
    assert_memory_equal(found->label.label_val, "\x80 label", 7);
    assert_true(found->mounted);
    drop(&reply);
}

static void partitions_in_order(void **state)
{
    struct fixture *f = *state;
    make_image(f, "sda", IMAGE_SIZE, true); /* not looked at: there are partitions */
    make_image(f, "sda14", IMAGE_SIZE / 4, false);
    make_image(f, "sda1", IMAGE_SIZE / 2, true);
    make_image(f, "sda2", 1024, false); /* an extended partition is a container */
    say_device(f, "add", 0);
    say_disk(f, "add", 0);
    say_partition(f, 0, 14);
    say_partition(f, 0, 1);
    say_partition(f, 0, 2);
    say_device(f, "bind", 0);
    ask_scan(f, 0, IMAGE_SIZE, "");
    answer reply = expect(f, 1, OP_SCAN);
    const scan_ret *result = &reply.body.answer_body_u.scan;
    assert_int_equal(result->status, STATUS_OK);
    assert_int_equal(result->volumes.volumes_len, 2);
    assert_int_equal(result->volumes.volumes_val[0].partition, 1);
    assert_int_equal(result->volumes.volumes_val[0].kind, VOLUME_PARTITION);
    assert_int_equal(result->volumes.volumes_val[1].partition, 14);
    assert_int_equal(result->volumes.volumes_val[1].content, CONTENT_UNKNOWN);
    assert_int_equal(result->volumes.volumes_val[1].status, STATUS_OK);
    drop(&reply);
}

static void status_of(struct fixture *f, unsigned slot, uint64_t size, const char *serial,
                      enum status expected)
{
    ask_scan(f, slot, size, serial);
    answer reply = expect(f, f->serial, OP_SCAN);
    assert_int_equal(reply.body.answer_body_u.scan.status, expected);
    assert_true(reply.body.answer_body_u.scan.message.message_len > 0);
    drop(&reply);
}

static void empty_and_unknown(void **state)
{
    struct fixture *f = *state;
    char path[512];
    make_image(f, "sda", IMAGE_SIZE, false);
    make_image(f, "sdb", IMAGE_SIZE, false);
    make_path(f, path, sizeof path, "dev/sdb");
    write_bytes(path, IMAGE_SIZE - 1, "x", 1);
    appear(f, 0);
    appear(f, 1);
    status_of(f, 0, IMAGE_SIZE, "", STATUS_EMPTY);
    status_of(f, 1, IMAGE_SIZE, "", STATUS_UNSUPPORTED);
}

static void not_the_disk_announced(void **state)
{
    struct fixture *f = *state;
    make_image(f, "sda", IMAGE_SIZE, true);
    make_serial(f, 0, "zero");
    appear(f, 0);
    status_of(f, 0, IMAGE_SIZE + 512, "zero", STATUS_CRASHED);
    status_of(f, 0, IMAGE_SIZE, "zer", STATUS_CRASHED);
    status_of(f, 0, IMAGE_SIZE, "zer\n", STATUS_CRASHED);
}

static void node_missing(void **state)
{
    struct fixture *f = *state;
    appear(f, 4);
    status_of(f, 4, IMAGE_SIZE, "", STATUS_UNREADABLE);
}

/* The second is there first, and waits for its turn all the same. */
static void answers_in_order(void **state)
{
    struct fixture *f = *state;
    make_image(f, "sda", IMAGE_SIZE, true);
    make_image(f, "sdb", IMAGE_SIZE, true);
    ask_scan(f, 0, IMAGE_SIZE, "");
    ask_scan(f, 1, IMAGE_SIZE, "");
    ask_hello(f, PROTOCOL_VERSION);
    appear(f, 1);
    say_device(f, "add", 0);
    say_disk(f, "add", 0); /* partitions might still follow */
    expect_silence(f);
    say_device(f, "bind", 0);
    answer reply = expect(f, 1, OP_SCAN);
    drop(&reply);
    reply = expect(f, 2, OP_SCAN);
    drop(&reply);
    reply = expect(f, 3, OP_HELLO);
    drop(&reply);
}

static void gone(void **state)
{
    struct fixture *f = *state;
    make_image(f, "sda", IMAGE_SIZE, true);
    appear(f, 0);
    ask_scan(f, 0, IMAGE_SIZE, "");
    answer reply = expect(f, 1, OP_SCAN);
    drop(&reply);
    ask_gone(f, 0);
    say_disk(f, "remove", 0);
    expect_silence(f);
    say_device(f, "remove", 0);
    reply = expect(f, 2, OP_GONE);
    assert_int_equal(reply.body.answer_body_u.gone.message.message_len, 0);
    drop(&reply);
    ask_gone(f, 7); /* never was there */
    reply = expect(f, 3, OP_GONE);
    drop(&reply);
}

static void nonsense_events(void **state)
{
    struct fixture *f = *state;
    static const char *const paths[] = {"",
                                        "devices",
                                        DEVICES "/target0:0:999/0:0:999:0",
                                        DEVICES "/target0:0:1/0:0:2:0",
                                        DEVICES "/target0:0:1/0:0:1:1",
                                        DEVICES "/target0:1:1/0:1:1:0",
                                        DEVICES "/target0:0:1/0:0:1:0/",
                                        "devices/pci/ata1/host0/target0:0:1/0:0:1:0",
                                        DEVICES "/target::/:::"};
    assert_int_equal(send(f->uevents, "libudev", 8, 0), 8);
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        say(f, "add", paths[i], "", 0);
        say(f, "bind", paths[i], "", 0);
    }
    ask_gone(f, 1);
    answer reply = expect(f, 1, OP_GONE);
    drop(&reply);
}

#define AGENT_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        AGENT_TEST(hello),
        AGENT_TEST(prepare),
        AGENT_TEST(other_version),
        AGENT_TEST(oversized_frame),
        AGENT_TEST(garbage_frame),
        AGENT_TEST(empty_frame),
        AGENT_TEST(trailing_garbage),
        AGENT_TEST(slot_out_of_range),
        AGENT_TEST(same_slot_twice),
        AGENT_TEST(half_a_frame_and_the_end),
        AGENT_TEST(a_filesystem),
        AGENT_TEST(partitions_in_order),
        AGENT_TEST(empty_and_unknown),
        AGENT_TEST(not_the_disk_announced),
        AGENT_TEST(node_missing),
        AGENT_TEST(answers_in_order),
        AGENT_TEST(gone),
        AGENT_TEST(nonsense_events),
    };
    signal(SIGPIPE, SIG_IGN);
    if (!getenv("AGENT")) {
        fprintf(stderr, "AGENT: not set to the agent's program\n");
        return 1;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}

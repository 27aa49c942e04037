/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image-files.h"

#include "base/file-tree.h"
#include "image-maker.h"
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#define QCOW2_FILE_BYTES 0x40000 /* up to the end of the cluster of its L1 table */

char image_directory[] = "/tmp/test-image.XXXXXX";
static int outside = -1; /* where the test was started */

int enter_image_directory(void **state)
{
    (void)state;
    outside = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (outside < 0 || !mkdtemp(image_directory) || chdir(image_directory) < 0)
        return -1;
    return mkdir("sub", 0755) == 0 && chmod(".", 0755) == 0 ? 0 : -1;
}

int leave_image_directory(void **state)
{
    (void)state;
    if (fchdir(outside) < 0)
        return -1;
    close(steal_fd(&outside));
    return file_tree_remove(AT_FDCWD, image_directory);
}

void make_raw(const char *path, off_t size)
{
    AUTO_FD int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

    assert_true(fd >= 0);
    assert_int_equal(ftruncate(fd, size), 0);
}

/* Writes the header that has been made, as a qcow2 of 1 MiB. */
static void write_qcow2(const char *path)
{
    AUTO_FILE FILE *file = fopen(path, "wb");

    be64(24, MIB);
    assert_non_null(file);
    assert_int_equal(fwrite(header, sizeof header, 1, file), 1);
    assert_int_equal(fflush(file), 0);
    assert_int_equal(ftruncate(fileno(file), QCOW2_FILE_BYTES), 0);
}

void make_qcow2_file(const char *path, const char *backing, const char *format)
{
    make_qcow2(3);
    if (format)
        qcow2_extension(112, QCOW2_BACKING_FORMAT, format);
    if (backing)
        qcow2_backing(512, backing, (uint32_t)strlen(backing));
    write_qcow2(path);
}

void make_qcow2_with_data_file(const char *path, const char *data_file)
{
    make_qcow2(3);
    be64(72, 4); /* the incompatible feature that says so */
    qcow2_extension(112, QCOW2_DATA_FILE, data_file);
    write_qcow2(path);
}

void make_text(const char *path, const char *text)
{
    AUTO_FILE FILE *file = fopen(path, "wb");

    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
}

struct image_chain *open_chain(const char *path, enum backing_policy policy)
{
    struct image_chain *chain = NULL;
    AUTO_ERROR error *err = NULL;

    if (image_chain_open(path, IMAGE_DETECT, 512, policy, &chain, &err) < 0)
        fail_msg("%s: %s", path, error_message(err));
    assert_non_null(chain);
    assert_null(err);
    return chain;
}

/* How many descriptors are open: none may be left by a failure. */
static int count_fds(void)
{
    int count = 0;

    for (int fd = 0; fd < 256; fd++)
        count += fcntl(fd, F_GETFD) >= 0;
    return count;
}

void assert_refused_as(const char *path, enum image_format format, unsigned block_size,
                       enum backing_policy policy, enum error_kind kind, const char *part)
{
    struct image_chain *chain = NULL;
    AUTO_ERROR error *err = NULL;
    int fds = count_fds();

    assert_int_equal(image_chain_open(path, format, block_size, policy, &chain, &err), -1);
    assert_null(chain);
    assert_int_equal(count_fds(), fds);
    if (!strstr(error_message(err), part))
        fail_msg("\"%s\" is not in \"%s\"", part, error_message(err));
    assert_int_equal(error_kind(err), kind);
}

void assert_refused(const char *path, enum error_kind kind, const char *part)
{
    for (int policy = BACKING_DENY; policy <= BACKING_ALLOW; policy++)
        assert_refused_as(path, IMAGE_DETECT, 512, (enum backing_policy)policy, kind, part);
}

void assert_policy_refuses(const char *path, enum backing_policy policy, enum error_kind kind,
                           const char *part)
{
    assert_refused_as(path, IMAGE_DETECT, 512, policy, kind, part);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* linear_groups_read() on physical volumes whose checksums are right: the first byte says whether
 * the rest is the text that describes the group, or lies over label and area of a sound one. What
 * is read is within the device, and nothing of it twice. clang -fsanitize=fuzzer, or with replay.c.
 */
#include "programs/linear-groups.h"

#include "lib/put-physical-volume.h"
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define SECTORS ((uint64_t)16384)
#define UUID "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define TEXT_MAX 32768

/* A group with nothing in it, for the bytes that lie over its label and area. */
static const char sound[] =
    "vg {\nid = \"" UUID "\"\nseqno = 1\nmax_lv = 0\nmax_pv = 0\nstatus = [\"RESIZEABLE\", "
    "\"READ\", \"WRITE\"]\nextent_size = 128\n"
    "physical_volumes {\npv0 {\nid = \"" UUID "\"\nstatus = [\"ALLOCATABLE\"]\n"
    "dev_size = 16384\npe_start = 256\npe_count = 126\n}\n}\n}\n"
    "contents = \"Text Format Volume Group\"\nversion = 1\n";

static void put(unsigned char *device, const uint8_t *data, size_t size)
{
    char text[TEXT_MAX + 1] = {0};
    if (data[0] & 1) {
        memcpy(text, data + 1, size - 1 < TEXT_MAX ? size - 1 : TEXT_MAX);
        put_physical_volume(device, UUID, text, 512);
        return;
    }
    put_physical_volume(device, UUID, sound, 512);
    size = size - 1 < 512 + 72 ? size - 1 : 512 + 72;
    for (size_t i = 0; i < size; i++)
        device[i < 512 ? PV_LABEL + i : PV_AREA + i - 512] ^= data[1 + i];
    put_label_checksum(device);
    put_area_checksum(device);
}

static void check(const struct linear_groups *found)
{
    for (size_t i = 0; i < found->pieces; i++) {
        const struct linear_piece *one = &found->piece[i];
        if (one->member != 0 || one->sectors == 0 || one->start >= SECTORS ||
            one->sectors > SECTORS - one->start)
            abort();
        for (size_t j = 0; j < i; j++)
            if (one->start < found->piece[j].start + found->piece[j].sectors &&
                found->piece[j].start < one->start + one->sectors)
                abort();
    }
    for (size_t i = 0; i < found->volumes; i++)
        if (!strchr(found->volume[i].name, '/') || found->volume[i].count == 0 ||
            found->volume[i].first + found->volume[i].count > found->pieces)
            abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static unsigned char device[PV_BYTES];
    static struct linear_groups found;
    int fd = memfd_create("physical-volume", MFD_CLOEXEC);
    if (size == 0) {
        close(fd);
        return 0;
    }
    memset(device, 0, sizeof device);
    put(device, data, size);
    if (fd < 0 || ftruncate(fd, SECTORS * 512) < 0 ||
        pwrite(fd, device, sizeof device, 0) != sizeof device)
        abort();
    if (linear_groups_read(&fd, 1, &found))
        check(&found);
    close(fd);
    return 0;
}

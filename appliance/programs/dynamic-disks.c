/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Windows dynamic disks for the agent: which volumes there are, and of which pieces.
 *
 *   dynamic-disks DEVICE…
 *
 * libldm reads the databases, those of all these disks together. Nothing is made of them here:
 * libldm would open the disks for writing, which they refuse, and believes all that stands in a
 * database. The agent checks each piece and makes the devices. What it gets is in
 * agent/ldm-record.h.
 *
 * libldm 0.2.5 does not check what it reads: an offset may point anywhere. So it runs as nobody,
 * with nothing but descriptors of the disks, which this guest's data are on anyway, and with little
 * memory and time. A crash costs the guest its volumes. */
#define _GNU_SOURCE 1
#include "agent/volume/ldm-record.h"
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <ldm.h>
#include <linux/fs.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#define DISKS_MAX 255
#define NOBODY 65534

/* A database is read as a whole, of whatever size it says it is; they have 1 MiB. */
#define MEMORY_MAX (128ul << 20)
/* Enough under emulation. */
#define SECONDS_MAX 20

static LDM *ldm;
static char **paths;
static int count;

static void write_record(struct ldm_record *record, const char *text)
{
    g_strlcpy(record->text, text ? text : "", sizeof record->text);
    if (fwrite(record, sizeof *record, 1, stdout) != 1)
        _exit(1);
}

static void write_disk(int disk, enum ldm_disk_state state, const char *why)
{
    write_record(&(struct ldm_record){.kind = LDM_DISK, .disk = disk, .what = state}, why);
}

/* ---- disks ---- */

static int index_of(const char *path)
{
    for (int i = 0; path && i < count; i++)
        if (strcmp(paths[i], path) == 0)
            return i;
    return -1;
}

/* How many disks of all groups are here; whether the one of that path is. */
static unsigned found(const char *path, bool *present)
{
    unsigned disks_found = 0;
    GArray *groups = ldm_get_disk_groups(ldm);
    *present = false;
    for (guint i = 0; i < groups->len; i++) {
        GArray *disks = ldm_disk_group_get_disks(g_array_index(groups, LDMDiskGroup *, i));
        for (guint j = 0; j < disks->len; j++) {
            char *device = ldm_disk_get_device(g_array_index(disks, LDMDisk *, j));
            disks_found += device != NULL;
            *present = *present || (device && strcmp(device, path) == 0);
            g_free(device);
        }
        g_array_unref(disks);
    }
    g_array_unref(groups);
    return disks_found;
}

/* libldm takes the descriptor over. */
static void add_disk(int disk, int fd, int sector)
{
    GError *error = NULL;
    char text[64];
    bool present;
    if (fd < 0 || sector != 512) {
        /* libldm's sectors are the disk's, the kernel's have 512 bytes: it mixes them. */
        g_snprintf(text, sizeof text, "it has sectors of %d bytes", sector);
        write_disk(disk, LDM_DISK_REFUSED, fd < 0 ? strerror(-fd) : text);
        return;
    }
    unsigned before = found(paths[disk], &present);
    if (!ldm_add_fd(ldm, fd, (guint)sector, paths[disk], &error)) {
        bool contradicts = g_error_matches(error, LDM_ERROR, LDM_ERROR_INCONSISTENT);
        write_disk(disk, contradicts ? LDM_DISK_CONTRADICTS : LDM_DISK_REFUSED,
                   contradicts ? "its database is not of the same time" : error->message);
    } else if (found(paths[disk], &present) > before) {
        write_disk(disk, LDM_DISK_READ, NULL);
    } else if (present) {
        write_disk(disk, LDM_DISK_CONTRADICTS, "another says that it is the same disk");
    } else {
        write_disk(disk, LDM_DISK_REFUSED, "it is not in its own database");
    }
}

/* ---- volumes ---- */

static void write_piece(LDMPartition *part)
{
    LDMDisk *disk = ldm_partition_get_disk(part);
    char *device = ldm_disk_get_device(disk), *name = ldm_disk_get_name(disk);
    write_record(
        &(struct ldm_record){.kind = LDM_PIECE,
                             .disk = index_of(device),
                             .start = ldm_disk_get_data_start(disk) + ldm_partition_get_start(part),
                             .size = ldm_partition_get_size(part)},
        name);
    g_free(device);
    g_free(name);
    g_object_unref(disk);
}

static void write_volume(LDMVolume *volume)
{
    static const enum ldm_volume_type types[] = {
        [LDM_VOLUME_TYPE_SIMPLE] = LDM_SIMPLE,   [LDM_VOLUME_TYPE_SPANNED] = LDM_SPANNED,
        [LDM_VOLUME_TYPE_STRIPED] = LDM_STRIPED, [LDM_VOLUME_TYPE_MIRRORED] = LDM_MIRRORED,
        [LDM_VOLUME_TYPE_RAID5] = LDM_RAID5,
    };
    GString *name = ldm_volume_dm_get_name(volume);
    GArray *parts = ldm_volume_get_partitions(volume);
    write_record(&(struct ldm_record){.kind = LDM_VOLUME,
                                      .what = types[ldm_volume_get_voltype(volume)],
                                      .disk = -1,
                                      .size = ldm_volume_get_size(volume),
                                      .chunk = ldm_volume_get_chunk_size(volume)},
                 name->str);
    for (guint i = 0; i < parts->len; i++)
        write_piece(g_array_index(parts, LDMPartition *, i));
    g_array_unref(parts);
    g_string_free(name, TRUE);
}

static void write_volumes(void)
{
    GArray *groups = ldm_get_disk_groups(ldm);
    for (guint i = 0; i < groups->len; i++) {
        GArray *volumes = ldm_disk_group_get_volumes(g_array_index(groups, LDMDiskGroup *, i));
        for (guint j = 0; j < volumes->len; j++)
            write_volume(g_array_index(volumes, LDMVolume *, j));
        g_array_unref(volumes);
    }
    g_array_unref(groups);
}

/* ---- */

static bool limit(__rlimit_resource_t what, rlim_t value)
{
    return setrlimit(what, &(struct rlimit){value, value}) == 0;
}

static bool give_up_rights(void)
{
    return setgroups(0, NULL) == 0 && setgid(NOBODY) == 0 && setuid(NOBODY) == 0 &&
           prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && limit(RLIMIT_AS, MEMORY_MAX) &&
           limit(RLIMIT_CPU, SECONDS_MAX) && limit(RLIMIT_NPROC, 0) && limit(RLIMIT_FSIZE, 0) &&
           limit(RLIMIT_CORE, 0);
}

/* What libldm says of each error comes with the error. */
static void be_silent(const gchar *domain, GLogLevelFlags level, const gchar *message,
                      gpointer data)
{
    (void)domain;
    (void)level;
    (void)message;
    (void)data;
}

int main(int argc, char **argv)
{
    int fds[DISKS_MAX], sectors[DISKS_MAX];
    count = argc - 1;
    paths = argv + 1;
    if (count > DISKS_MAX)
        return 1;
    for (int i = 0; i < count; i++) {
        sectors[i] = 512;
        fds[i] = open(paths[i], O_RDONLY | O_CLOEXEC);
        if (fds[i] < 0)
            fds[i] = -errno;
        else
            ioctl(fds[i], BLKSSZGET, &sectors[i]);
    }
    /* As root it may also be tried on files. */
    if (geteuid() == 0 && !give_up_rights())
        return 1;
    g_log_set_default_handler(be_silent, NULL);
    ldm = ldm_new();
    for (int i = 0; i < count; i++)
        add_disk(i, fds[i], sectors[i]);
    write_volumes();
    write_record(&(struct ldm_record){.kind = LDM_END, .disk = -1}, NULL);
    return fflush(stdout) == 0 ? 0 : 1;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Disks go through QEMU's monitor: that is the one way to give an unprivileged QEMU nothing but a
 * descriptor (docs/security.md). A disk is three things in QEMU, each on top of the
 * one before: an fd set for each layer, a tree of block nodes, and the device. */
#include "hypervisor-libvirt-internal.h"

#include "appliance/qmp-blockdev.h"
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>

#define SECTOR 512
#define NO_FDSET (-1)
#define CLEAR_TRIES 500 /* 10 ms each, and a question */

static int blame_appliance(error **err, error *why)
{
    error_set(err, ERROR_HOST, "%s", error_message(why));
    error_free(why);
    return -1;
}

/* --- fd sets --- */

static void remove_files(libvirt_hypervisor *self, int64_t fdset)
{
    hypervisor_libvirt_monitor_do(self, "remove-fd",
                                  json_pack("{s:I}", "fdset-id", (json_int_t)fdset), -1, NULL);
}

/* Gives a descriptor to QEMU; QEMU numbers the fd set. Told whose it is, it remembers: that takes
 * time (qmp-blockdev.c), so only those tell that want to know later. */
static int pass_layer(libvirt_hypervisor *self, const struct hypervisor_disk *disk, size_t layer,
                      int fd, error **err)
{
    json_t *arguments = NULL;
    if (disk->record) {
        arguments = qmp_blockdev_tag(disk->slot, layer == 0 ? disk->record : NULL);
        if (!arguments)
            return error_set(err, ERROR_HOST, "the record of a disk is not text");
    }
    json_t *set = hypervisor_libvirt_monitor(self, "add-fd", arguments, fd, err);
    if (!set)
        return -1;
    self->files[disk->slot].fdsets[layer] = json_integer_value(json_object_get(set, "fdset-id"));
    json_decref(set);
    return 0;
}

/* What QEMU is to see of a layer with extents: a file in memory. -1 and *err. */
static int make_descriptor(const struct hypervisor_disk *disk, size_t layer, const int64_t *fdsets,
                           error **err)
{
    AUTO_FREE char *text = qmp_blockdev_descriptor(disk->chain, layer, fdsets);
    AUTO_FD int fd = memfd_create("descriptor", MFD_CLOEXEC);
    char path[64];

    if (!text)
        return error_no_memory(err);
    size_t length = strlen(text);
    /* QEMU wants a descriptor that is open for reading only. */
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    /* … and of whole sectors, for ends_in_sector(). */
    off_t size = (off_t)(length + SECTOR - 1) / SECTOR * SECTOR;
    int reader = fd < 0 || write(fd, text, length) != (ssize_t)length || ftruncate(fd, size) < 0
                     ? -1
                     : open(path, O_RDONLY | O_CLOEXEC);
    return reader >= 0 ? reader
                       : error_set_errno(err, ERROR_HOST, errno, "cannot make a descriptor");
}

/* It is under its name until blockdev-add takes it away. */
static int pass_socket(libvirt_hypervisor *self, unsigned slot, int fd, error **err)
{
    char name[QMP_BLOCKDEV_NAME_MAX];
    return hypervisor_libvirt_monitor_do(
        self, "getfd", json_pack("{s:s}", "fdname", qmp_blockdev_name(slot, name)), fd, err);
}

/* From the last to the first: those with extents name the fd sets of these. */
static int pass_files(libvirt_hypervisor *self, const struct hypervisor_disk *disk, error **err)
{
    struct slot_files *files = &self->files[disk->slot];
    const struct image_chain *chain = disk->chain;
    if (chain->nbd_export) {
        files->count = 0;
        return pass_socket(self, disk->slot, chain->layers[0].fd, err);
    }
    for (files->count = 0; files->count < chain->count; files->count++)
        files->fdsets[files->count] = NO_FDSET;
    for (size_t i = chain->count; i-- > 0;) {
        AUTO_FD int made = -1;
        if (qmp_blockdev_has_extents(chain, i) &&
            (made = make_descriptor(disk, i, files->fdsets, err)) < 0)
            return -1;
        if (pass_layer(self, disk, i, made >= 0 ? made : chain->layers[i].fd, err) < 0)
            return -1;
    }
    return 0;
}

/* The slot and the record of an fd set, from what its descriptor was tagged with. -1: not ours. */
static int read_tag(const json_t *set, const char **record)
{
    const char *tag = json_string_value(
        json_object_get(json_array_get(json_object_get(set, "fds"), 0), "opaque"));
    return tag ? qmp_blockdev_read_tag(tag, record) : -1;
}

static int remove_tagged_files(libvirt_hypervisor *self, unsigned slot, error **err)
{
    const char *record;
    size_t i;
    json_t *set, *sets = hypervisor_libvirt_monitor(self, "query-fdsets", NULL, -1, err);
    if (!sets)
        return -1;
    json_array_foreach(sets, i, set)
    {
        if (read_tag(set, &record) == (int)slot)
            remove_files(self, json_integer_value(json_object_get(set, "fdset-id")));
    }
    json_decref(sets);
    return 0;
}

/* Those that this process made. */
static void remove_own_files(libvirt_hypervisor *self, unsigned slot)
{
    struct slot_files *files = &self->files[slot];
    for (size_t i = 0; i < files->count; i++)
        if (files->fdsets[i] != NO_FDSET)
            remove_files(self, files->fdsets[i]);
    files->count = 0;
}

/* The present ones are those of a disk that is being replaced. QEMU goes on reading them until the
 * next one is in its place. */
static int retire_files(libvirt_hypervisor *self, unsigned slot, error **err)
{
    struct slot_files *files = &self->files[slot];
    size_t count = files->retired_count + files->count;
    int64_t *all = reallocarray(files->retired, count + 1, sizeof *all);
    if (!all)
        return error_no_memory(err);
    for (size_t i = 0; i < files->count; i++)
        all[files->retired_count + i] = files->fdsets[i];
    files->retired = all;
    files->retired_count = count;
    files->count = 0;
    return 0;
}

/* --- nodes --- */

static int drop_named(libvirt_hypervisor *self, const char *name, error **err)
{
    return hypervisor_libvirt_monitor_do(self, "blockdev-del",
                                         json_pack("{s:s}", "node-name", name), -1, err);
}

static int drop_node(libvirt_hypervisor *self, unsigned slot, error **err)
{
    char name[QMP_BLOCKDEV_NAME_MAX];
    return drop_named(self, qmp_blockdev_name(slot, name), err);
}

/* Of all that have taken the first one's place, when the device has gone: a command for each is
 * saved where the appliance ends before. */
static void drop_successors(libvirt_hypervisor *self, unsigned slot)
{
    struct slot_files *files = &self->files[slot];
    char name[QMP_BLOCKDEV_SUCCESSOR_MAX];
    for (; files->replaced > 0; files->replaced--)
        drop_named(self, qmp_blockdev_successor_name(slot, files->replaced, name), NULL);
    for (size_t i = 0; i < files->retired_count; i++)
        if (files->retired[i] != NO_FDSET)
            remove_files(self, files->retired[i]);
    free(STEAL(files->retired));
    files->retired_count = 0;
}

/* 1: there is a node of that slot; 0: there is none; -1 and *err. */
static int has_node(libvirt_hypervisor *self, unsigned slot, error **err)
{
    char name[QMP_BLOCKDEV_NAME_MAX];
    size_t i;
    int found = 0;
    json_t *node, *nodes = hypervisor_libvirt_monitor(self, "query-named-block-nodes",
                                                      json_pack("{s:b}", "flat", 1), -1, err);
    if (!nodes)
        return -1;
    qmp_blockdev_name(slot, name);
    json_array_foreach(nodes, i, node)
    {
        const char *other = json_string_value(json_object_get(node, "node-name"));
        if (other && strcmp(name, other) == 0)
            found = 1;
    }
    json_decref(nodes);
    return found;
}

/* --- what is encrypted --- */

#define SECRET "secret" /* its id: there is one at a time */

struct secret {
    int64_t fdset;
    bool made;
};

static void drop_secret(libvirt_hypervisor *self, const struct secret *secret)
{
    if (secret->made)
        hypervisor_libvirt_monitor_do(self, "object-del", json_pack("{s:s}", "id", SECRET), -1,
                                      NULL);
    if (secret->fdset != NO_FDSET)
        remove_files(self, secret->fdset);
}

/* A file in memory, which QEMU opens as its own descriptor of it. */
static int write_passphrase(const key *one, error **err)
{
    AUTO_FD int fd = memfd_create("secret", MFD_CLOEXEC);
    size_t length = one->passphrase.passphrase_len;

    if (fd < 0 || write(fd, one->passphrase.passphrase_val, length) != (ssize_t)length)
        return error_set_errno(err, ERROR_HOST, errno, "cannot pass a key on");
    return steal_fd(&fd);
}

static int make_secret(libvirt_hypervisor *self, const key *one, struct secret *secret, error **err)
{
    AUTO_FD int fd = write_passphrase(one, err);
    json_t *set = fd < 0 ? NULL : hypervisor_libvirt_monitor(self, "add-fd", NULL, fd, err);

    if (!set)
        return -1;
    secret->fdset = json_integer_value(json_object_get(set, "fdset-id"));
    json_t *arguments = qmp_blockdev_secret(SECRET, json_integer_value(json_object_get(set, "fd")));
    json_decref(set);
    secret->made = hypervisor_libvirt_monitor_do(self, "object-add", arguments, -1, err) == 0;
    return secret->made ? 0 : -1;
}

/* Of QEMU 7.2: crypto/block-luks.c and crypto/secret_common.c. */
static bool does_not_fit(const error *why)
{
    const char *message = error_message(why);
    return strstr(message, "Invalid password") || strstr(message, "is not valid UTF-8");
}

/* QEMU 7.2 may lose a read by io_uring that ends in the middle of a sector, and then the disk
 * hangs: a file that ends there is read by threads. */
static bool ends_in_sector(const struct image_chain *chain)
{
    struct stat st;
    for (size_t i = 0; i < chain->count; i++)
        if (fstat(chain->layers[i].fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size % SECTOR != 0)
            return true;
    return false;
}

/* The first line of what the human monitor printed that is no warning (QEMU does not like the empty
 * name that stands for no backing file there). */
static const char *first_complaint(const char *text)
{
    while (strncmp(text, "warning: ", 9) == 0) {
        text += strcspn(text, "\n");
        text += *text == '\n';
    }
    return text;
}

/* The human monitor prints what went wrong, and warnings; with "Error: " in front, or not. */
static int add_by_options(libvirt_hypervisor *self, json_t *node, error **err)
{
    json_t *said = hypervisor_libvirt_monitor(self, "human-monitor-command",
                                              qmp_blockdev_as_options(node), -1, err);
    if (!said)
        return -1;
    const char *text = json_string_value(said);
    text = first_complaint(text ? text : "");
    text += strncmp(text, "Error: ", 7) == 0 ? 7 : 0;
    int length = (int)strcspn(text, "\r\n");
    int result = length == 0 ? 0 : error_set(err, ERROR_REFUSED, "%.*s", length, text);
    json_decref(said);
    return result;
}

static int add_node_now(libvirt_hypervisor *self, const struct hypervisor_disk *disk,
                        const char *secret, error **err)
{
    bool io_uring = self->io_uring && !ends_in_sector(disk->chain);
    const struct slot_files *files = &self->files[disk->slot];
    json_t *node = qmp_blockdev_chain(disk->chain, files->fdsets, disk->slot, io_uring,
                                      disk->writable, secret);
    if (files->occupied)
        node = qmp_blockdev_successor(node, disk->slot, files->replaced + 1);
    if (node && qmp_blockdev_wants_option(disk->chain))
        return add_by_options(self, node, err);
    return hypervisor_libvirt_monitor_do(self, "blockdev-add", node, -1, err);
}

/* Whether it may use io_uring, a QEMU that an earlier command has started and confined knows alone.
 */
static int add_node(libvirt_hypervisor *self, const struct hypervisor_disk *disk,
                    const char *secret, error **err)
{
    AUTO_ERROR error *why = NULL;
    if (add_node_now(self, disk, secret, &why) == 0)
        return 0;
    if (!self->io_uring || !qmp_blockdev_lacks_io_uring(error_message(why)))
        return error_propagate(err, STEAL(why));
    self->io_uring = false;
    return add_node_now(self, disk, secret, err);
}

static int try_key(libvirt_hypervisor *self, const struct hypervisor_disk *disk, const key *one,
                   error **err)
{
    struct secret secret = {.fdset = NO_FDSET};
    AUTO_ERROR error *why = NULL;
    int result = make_secret(self, one, &secret, &why);

    if (result == 0)
        result = add_node(self, disk, SECRET, err);
    else if (does_not_fit(why))
        error_propagate(err, STEAL(why));
    else
        blame_appliance(err, STEAL(why));
    drop_secret(self, &secret); /* the node has what it needs */
    return result;
}

static int add_encrypted(libvirt_hypervisor *self, const struct hypervisor_disk *disk, error **err)
{
    for (size_t i = 0; i < disk->key_count; i++) {
        AUTO_ERROR error *why = NULL;
        if (try_key(self, disk, disk->keys[i], &why) == 0)
            return 0;
        if (!does_not_fit(why))
            return error_propagate(err, STEAL(why));
    }
    return error_set(err, ERROR_ENCRYPTED, "the image is encrypted, and %s",
                     disk->key_count > 0 ? "no key that was given for it fits"
                                         : "no key was given for it");
}

/* --- attaching --- */

static bool ends_with_error(const char *message, int number)
{
    const char *why = strerror(number);
    size_t length = strlen(message), end = strlen(why);
    return length >= end && strcmp(message + length - end, why) == 0;
}

/* Newer versions of QEMU (10.0) do not say why they could not duplicate a descriptor of ours: they
 * have too many. */
static bool is_short_of_something(const char *message)
{
    return ends_with_error(message, EMFILE) || ends_with_error(message, ENOMEM) ||
           strstr(message, "Failed to dup() given file descriptor");
}

/* QEMU looked into the file, or at what it is to be, and did not like it: that is the image's
 * fault, or its server's. Any other failure is the appliance's, and so is one for want of
 * descriptors or memory: QEMU refuses the command then, too. */
static int blame(error **err, error *why, const struct hypervisor_disk *disk)
{
    const char *message = error_message(why);
    if (error_kind(why) != ERROR_REFUSED)
        return error_propagate(err, why);
    if (!disk->chain->nbd_export && is_short_of_something(message))
        return blame_appliance(err, why);
    if (strstr(message, "Failed to get \""))
        error_set(err, ERROR_REFUSED, "the image is in use, by another disk or a running guest: %s",
                  message);
    else if (disk->chain->nbd_export)
        error_set(err, ERROR_UNREADABLE, "%s", message);
    else
        error_set(err, ERROR_CORRUPT, "%s", message);
    error_free(why);
    return -1;
}

/* The disk's files and its nodes; on failure nothing is left of them. */
static int add_disk(libvirt_hypervisor *self, const struct hypervisor_disk *disk, error **err)
{
    error *why = NULL;
    if (pass_files(self, disk, &why) < 0) {
        /* QEMU has not looked into them yet. */
        remove_own_files(self, disk->slot);
        return blame_appliance(err, why);
    }
    if ((image_chain_check_open(disk->chain, NULL) < 0 ? add_encrypted(self, disk, &why)
                                                       : add_node(self, disk, NULL, &why)) == 0)
        return 0;
    remove_own_files(self, disk->slot);
    return blame(err, why, disk);
}

int hypervisor_libvirt_attach(hypervisor *base, const struct hypervisor_disk *disk, error **err)
{
    libvirt_hypervisor *self = libvirt_self(base);
    error *why = NULL;
    if ((disk->writable && hypervisor_libvirt_let_write(self, disk->chain, err) < 0) ||
        add_disk(self, disk, err) < 0)
        return -1;
    hypervisor_libvirt_forget_events(self, disk->slot);
    json_t *device =
        qmp_blockdev_device(disk->slot, disk->serial, disk->block_size, disk->writable);
    if (hypervisor_libvirt_monitor_do(self, "device_add", device, -1, &why) < 0)
        goto drop;
    self->files[disk->slot].occupied = disk->replaceable;
    /* The numbers of what is tagged are not kept: another process may take it away, and QEMU gives
     * numbers anew. */
    if (disk->record)
        self->files[disk->slot].count = 0;
    return 0;
drop:
    drop_node(self, disk->slot, NULL);
    remove_own_files(self, disk->slot);
    return blame(err, why, disk);
}

int hypervisor_libvirt_replace(hypervisor *base, const struct hypervisor_disk *disk, error **err)
{
    libvirt_hypervisor *self = libvirt_self(base);
    struct slot_files *files = &self->files[disk->slot];
    char name[QMP_BLOCKDEV_SUCCESSOR_MAX];
    error *why = NULL;
    if (retire_files(self, disk->slot, err) < 0 || add_disk(self, disk, err) < 0)
        return -1;
    json_t *arguments = qmp_blockdev_replace(disk->slot, files->replaced + 1);
    if (hypervisor_libvirt_monitor_do(self, "qom-set", arguments, -1, &why) == 0) {
        files->replaced++;
        return 0;
    }
    drop_named(self, qmp_blockdev_successor_name(disk->slot, files->replaced + 1, name), NULL);
    remove_own_files(self, disk->slot);
    return blame_appliance(err, why);
}

/* --- detaching --- */

int hypervisor_libvirt_detach(hypervisor *base, unsigned slot, error **err)
{
    char name[QMP_BLOCKDEV_NAME_MAX];
    return hypervisor_libvirt_monitor_do(libvirt_self(base), "device_del",
                                         json_pack("{s:s}", "id", qmp_blockdev_name(slot, name)),
                                         -1, err);
}

/* The node first: QEMU forgets the tags of an fd set whose descriptor has been removed, even while
 * a node still uses it. A node that cannot be dropped has a device again: its files stay too. */
static int take_away(libvirt_hypervisor *self, unsigned slot, error **err)
{
    AUTO_ERROR error *why = NULL;
    if (drop_node(self, slot, &why) < 0 && has_node(self, slot, err) != 0)
        return error_propagate(err, STEAL(why));
    self->files[slot].occupied = false;
    if (self->files[slot].count == 0 && self->files[slot].retired_count == 0)
        return remove_tagged_files(self, slot, err);
    drop_successors(self, slot);
    remove_own_files(self, slot);
    return 0;
}

void hypervisor_libvirt_disk_removed(libvirt_hypervisor *self, unsigned slot)
{
    take_away(self, slot, NULL);
}

/* --- what another process left --- */

static int find_devices(libvirt_hypervisor *self, struct hypervisor_slot table[], error **err)
{
    size_t i;
    json_t *entry,
        *entries = hypervisor_libvirt_monitor(
            self, "qom-list", json_pack("{s:s}", "path", "/machine/peripheral"), -1, err);
    if (!entries)
        return -1;
    json_array_foreach(entries, i, entry)
    {
        const char *name = json_string_value(json_object_get(entry, "name"));
        int slot = name ? qmp_blockdev_slot(name) : -1;
        if (slot >= 0)
            table[slot].device = true;
    }
    json_decref(entries);
    return 0;
}

static int find_files(libvirt_hypervisor *self, struct hypervisor_slot table[], error **err)
{
    const char *record;
    size_t i;
    int result = 0;
    json_t *set, *sets = hypervisor_libvirt_monitor(self, "query-fdsets", NULL, -1, err);
    if (!sets)
        return -1;
    json_array_foreach(sets, i, set)
    {
        int slot = read_tag(set, &record);
        if (slot < 0)
            continue;
        table[slot].files = true;
        if (record && !table[slot].record) {
            table[slot].record = strdup(record);
            if (!table[slot].record)
                result = error_no_memory(err);
        }
        if (result < 0)
            break;
    }
    json_decref(sets);
    return result;
}

int hypervisor_libvirt_inspect(hypervisor *base, struct hypervisor_slot table[], error **err)
{
    libvirt_hypervisor *self = libvirt_self(base);
    memset(table, 0, SLOT_COUNT * sizeof *table);
    if (find_devices(self, table, err) == 0 && find_files(self, table, err) == 0)
        return 0;
    for (unsigned slot = 0; slot < SLOT_COUNT; slot++)
        free(STEAL(table[slot].record));
    return -1;
}

static int has_device(libvirt_hypervisor *self, unsigned slot, error **err)
{
    AUTO_FREE struct hypervisor_slot *table = calloc(SLOT_COUNT, sizeof *table);
    if (!table)
        return error_no_memory(err);
    return find_devices(self, table, err) < 0 ? -1 : table[slot].device;
}

/* QEMU forgets a device's name first; the device itself goes, and lets go of its node, when no
 * thread of QEMU can be looking at it any more. It says so once, and that may have been to the
 * command before us: so this asks, for as long as that takes on a busy host. */
int hypervisor_libvirt_clear(hypervisor *base, unsigned slot, error **err)
{
    libvirt_hypervisor *self = libvirt_self(base);
    for (int tries = 0;; tries++) {
        AUTO_ERROR error *why = NULL;
        if (take_away(self, slot, &why) == 0) {
            hypervisor_libvirt_forget_events(self, slot);
            return 0;
        }
        if (error_kind(why) != ERROR_REFUSED || tries == CLEAR_TRIES ||
            has_device(self, slot, NULL) != 0)
            return error_propagate(err, STEAL(why));
        nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
    }
}

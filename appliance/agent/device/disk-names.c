/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "disk-names.h"
#include "disk-release.h"
#include <string.h>
#include <sys/wait.h>

struct disk_names {
    device_table *disks;
    const char *proc;
    pid_t flusher; /* 0: none */
    bool flushed;  /* it has ended, so: */
    int errnum;
    struct listed list[SLOT_COUNT];
    char serials[SLOT_COUNT][MAX_SERIAL];
    char message[MAX_MESSAGE];
};

disk_names *disk_names_new(device_table *disks, const char *proc)
{
    disk_names *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    self->disks = disks;
    self->proc = proc;
    return self;
}

/* ---- OP_NAME ---- */

static bool valid_label(const char *label, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if ((label[i] < 'a' || label[i] > 'z') && (label[i] < 'A' || label[i] > 'Z'))
            return false;
    return length <= MAX_SLOT_LABEL;
}

const char *disk_names_assign(disk_names *self, const name_args *args)
{
    char label[MAX_SLOT_LABEL + 1] = "";
    uint64_t size = 0;
    unsigned slot = args->disk.slot;
    self->message[0] = '\0';
    if (!valid_label(args->label.label_val, args->label.label_len)) {
        snprintf(self->message, sizeof self->message, "a label is 1 to %d letters, a-z and A-Z",
                 MAX_SLOT_LABEL);
        return self->message;
    }
    if (args->label.label_len > 0)
        memcpy(label, args->label.label_val, args->label.label_len);
    int result = device_table_size(self->disks, slot, &size);
    if (result < 0) {
        snprintf(self->message, sizeof self->message, "slot %u: size: %s", slot, strerror(-result));
        return self->message;
    }
    if (!device_table_match(self->disks, &args->disk, size, self->message, sizeof self->message))
        return self->message;
    int holder = label[0] ? device_table_find(self->disks, label) : -1;
    if (holder >= 0 && (unsigned)holder != slot)
        snprintf(self->message, sizeof self->message, "label %s is that of slot %d", label, holder);
    else
        device_table_name(self->disks, slot, label);
    return self->message;
}

/* ---- OP_RELEASE ---- */

void disk_names_drop(disk_names *self)
{
    self->flusher = 0;
    self->flushed = false;
}

bool disk_names_reaped(disk_names *self, pid_t pid, int status)
{
    if (self->flusher != pid)
        return false;
    self->flusher = 0;
    self->flushed = true;
    self->errnum = WIFEXITED(status) ? WEXITSTATUS(status) : EIO;
    return true;
}

static const char *flushed(disk_names *self, const release_args *args)
{
    char node[NODE_MAX];
    int errnum = self->errnum;
    self->flushed = false;
    self->message[0] = '\0';
    if (errnum != 0 && !args->force)
        snprintf(self->message, sizeof self->message, "%.512s cannot be written out: %s",
                 device_table_node(self->disks, args->slot, 0, node), strerror(errnum));
    else
        device_table_unname(self->disks, args->slot);
    return self->message;
}

const char *disk_names_release(disk_names *self, const release_args *args)
{
    if (self->flusher > 0)
        return NULL;
    if (self->flushed)
        return flushed(self, args);
    if (device_table_absent(self->disks, args->slot)) {
        snprintf(self->message, sizeof self->message, "there is no disk in slot %u", args->slot);
        return self->message;
    }
    if (!args->force &&
        disk_release_held(self->disks, self->proc, args->slot, self->message, sizeof self->message))
        return self->message;
    if (args->discard) {
        self->errnum = 0;
        return flushed(self, args);
    }
    pid_t pid = disk_release_flush(self->disks, args->slot);
    if (pid < 0) {
        self->errnum = (int)-pid;
        return flushed(self, args);
    }
    self->flusher = pid;
    return NULL;
}

/* ---- OP_LIST ---- */

void disk_names_list(disk_names *self, list_ret *answer)
{
    u_int count = 0;
    for (unsigned slot = 0; slot < SLOT_COUNT; slot++) {
        struct listed *one = &self->list[count];
        uint64_t size = 0;
        if (device_table_absent(self->disks, slot))
            continue;
        memset(one, 0, sizeof *one);
        const char *label = device_table_label(self->disks, slot);
        int length = device_table_serial(self->disks, slot, self->serials[count], MAX_SERIAL);
        device_table_size(self->disks, slot, &size);
        one->disk.slot = slot;
        one->disk.size = size;
        one->disk.serial.serial_val = self->serials[count];
        one->disk.serial.serial_len = length > 0 ? (u_int)length : 0;
        one->named = label != NULL;
        one->label.label_val = (char *)(uintptr_t)(label ? label : "");
        one->label.label_len = label ? (u_int)strlen(label) : 0;
        count++;
    }
    answer->disks.disks_val = self->list;
    answer->disks.disks_len = count;
}

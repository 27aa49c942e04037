/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The appliance: finds its three files, and starts one until its agent answers. */
#ifndef VLT_APPLIANCE_H
#define VLT_APPLIANCE_H

#include "agent-client.h"
#include "architecture.h"
#include "hypervisor.h"

struct appliance_files {
    char *kernel, *initrd, *root_drive; /* absolute paths, owned */
    const struct architecture *architecture;
};

/* Looks in `directory` (--appliance); if that is NULL, beside the running program: ../appliance
 * (the build tree), then ../lib/virt-live-tools/appliance (installed). The root drive is the file
 * `root`, or `tools` for an appliance that lives between commands (`hotplug`). Which processor
 * it is for is in the file `manifest` beside them. 0 or -1 and *err, which says where it looked. */
int appliance_find(const char *directory, bool hotplug, struct appliance_files *files, error **err);
void appliance_files_clear(struct appliance_files *files);

#define APPLIANCE_MEMORY_MIN 256 /* MiB; less does not boot */
#define APPLIANCE_MEMORY_MAX 65536
#define APPLIANCE_MEMORY_DEFAULT 512
/* The default where keys are given: argon2id, which derives LUKS2's keys from passphrases, takes up
 * to 1 GiB (cryptsetup's DEFAULT_LUKS2_MEMORY_KB). */
#define APPLIANCE_MEMORY_KEYS 1792

/* Where a guest takes more than it has, to replay a large journal: then one is booted with that
 * much for it. */
#define APPLIANCE_MEMORY_LARGE 2048

/* An appliance's files and hardware; a template is valid for one such set. */
struct appliance_config {
    struct appliance_files files;
    const char *accel; /* "kvm" or "tcg" */
    unsigned memory_mib;
    bool hotplug; /* it lives between commands: its root drive has tools, and commands run in it */
};

/* Reserved slots of an appliance that scans: as many as disks of a wave are under way at once
 * (WORKER_GUESTS_MAX, if each guest has one). Each costs QEMU's start 0.2 ms
 * (docs/performance-history.md). */
#define APPLIANCE_RESERVED 12

static inline unsigned appliance_reserved(const struct appliance_config *config)
{
    return config->hotplug ? 0 : APPLIANCE_RESERVED;
}

/* Paths and identity of one appliance. */
struct appliance_paths {
    const char *root;        /* a directory of its own, short; made for it */
    const char *memory_path; /* the file that is its memory; NULL: it has none */
    bool memory_read_only;   /* these six as in struct machine_spec */
    const char *name;
    const char *uuid;
    const struct launch_settings *settings;
    uid_t uid;
    gid_t gid;
    int state_fd; /* ≥ 0: restore this state, with the memory mapped privately; -1: boot */
};

/* Opens the saved state in a template's directory, for state_fd. -1 and *err. */
int appliance_open_state(const char *template_dir, error **err);

/* Starts an appliance on hv and waits for its agent's first answer. *agent is the caller's.
 * 0 or -1 and *err, with the console's last lines where it died. */
int appliance_start(hypervisor *hv, const struct appliance_config *config,
                    const struct appliance_paths *place, uint64_t deadline, agent_client **agent,
                    error **err);

/* The end of the appliance's console under root, at most `length` - 1 bytes, as C string: from the
 * kernel's panic on, if there was one, else the last lines. */
void appliance_console_tail(const char *root, char *buffer, size_t length);

#endif

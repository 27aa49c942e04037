/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The appliances' directories: one for each, below one that other users cannot enter.
 *
 *   BASE/NAME               locked by the command that works on the appliance
 *   BASE/NAME/session-N     locked by the command that uses the session port N
 *   BASE/NAME/uuid          its domain's: a daemon may have others of that name
 *   BASE/NAME/uri           the hypervisor's daemon that has it, where there is one
 *   BASE/NAME/without-kvm   its QEMU, and libvirt for it, may not open /dev/kvm
 *   BASE/NAME/launched      launch has come to its end
 *   BASE/NAME/root          the hypervisor's and QEMU's: they belong to the sandboxed user
 *
 * BASE is $VIRT_LIVE_TOOLS_RUNTIME, else root's /run/virt-live-tools, else
 * $XDG_RUNTIME_DIR/virt-live-tools, else /tmp/virt-live-tools-UID. These files are written at the
 * launch and never change; none describes a slot. */
#ifndef VHP_APPLIANCE_DIRECTORY_H
#define VHP_APPLIANCE_DIRECTORY_H

#include "appliance/hypervisor.h"
#include "process/sandbox.h"

/* What all appliances run on. */
extern const struct hypervisor_driver *const appliance_directory_driver;

/* Letters, digits, - and _, the first a letter or a digit. */
#define APPLIANCE_DIRECTORY_NAME_MAX 24

typedef struct appliance_directory appliance_directory;

/* Whether it is a valid name. 0 or -1 and *err. */
int appliance_directory_check_name(const char *name, error **err);

/* Makes one, for an appliance in that sandbox. `name` NULL: an unused name. NULL and *err (the name
 * is in use). */
appliance_directory *appliance_directory_new(const char *name, const struct sandbox *box,
                                             const char *uri, error **err);

/* The appliance of that name, locked: waits while another command works on it. NULL and *err. */
appliance_directory *appliance_directory_open(const char *name, error **err);

/* The same without the lock. */
appliance_directory *appliance_directory_find(const char *name, error **err);

/* Gives up the lock, and takes it again. 0; 1: it was shut down meanwhile; -1 and *err. */
void appliance_directory_unlock(appliance_directory *self);
int appliance_directory_lock(appliance_directory *self, error **err);

/* Whether a command has the lock. */
bool appliance_directory_busy(const appliance_directory *self);

/* Gives up the lock. The appliance stays. */
void appliance_directory_free(appliance_directory *self);

/* Removes the directory. The appliance must have ended. 0 or -1 and *err. */
int appliance_directory_remove(appliance_directory *self, error **err);

const char *appliance_directory_name(const appliance_directory *self);
const char *appliance_directory_root(const appliance_directory *self); /* its path */
const char *appliance_directory_uri(const appliance_directory *self);  /* or NULL */
const char *appliance_directory_uuid(
    const appliance_directory *self); /* NULL: its launch has not come so far */
bool appliance_directory_without_kvm(const appliance_directory *self); /* as the sandbox was */
char *appliance_directory_memory(
    const appliance_directory *self); /* the path of the file that is its memory; new memory */

/* From now on other commands may use it. 0 or -1 and *err. */
int appliance_directory_launched(appliance_directory *self, error **err);

/* Whether it was launched and its QEMU lives. With a daemon, true:
 * only the daemon knows whether QEMU lives.
 */
bool appliance_directory_alive(const appliance_directory *self);

/* The process of its QEMU: hypervisor_driver.find_process(). */
pid_t appliance_directory_qemu(const appliance_directory *self);

/* Takes a session port that is not in use. *lock is held until it is closed. -1 and *err. */
int appliance_directory_take_session(const appliance_directory *self, int *lock, error **err);

/* The names of all appliances, sorted; *names and each is new memory. 0 or -1 and *err. */
int appliance_directory_list(char ***names, size_t *count, error **err);

static inline void cleanup_appliance_directory(appliance_directory **self)
{
    appliance_directory_free(*self);
}
#define AUTO_APPLIANCE_DIRECTORY CLEANUP(cleanup_appliance_directory)

#endif

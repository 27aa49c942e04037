/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where the appliances live: a directory for each, below one that others cannot get into.
 *
 *   BASE/NAME               locked by the command that works on the appliance
 *   BASE/NAME/session-N     locked by the command that uses the session port N
 *   BASE/NAME/uuid          its domain's: a daemon may have others of that name
 *   BASE/NAME/uri           the libvirt daemon that has it, where there is one
 *   BASE/NAME/launched      launch has come to its end
 *   BASE/NAME/root          libvirt's and QEMU's: they belong to the sandboxed user
 *
 * BASE is $VIRT_LIVE_TOOLS_RUNTIME, else root's /run/virt-live-tools, else
 * $XDG_RUNTIME_DIR/virt-live-tools, else /tmp/virt-live-tools-UID. What is in these files was
 * settled at the launch; none says what is in a slot. */
#ifndef VHP_PLACE_H
#define VHP_PLACE_H

#include "sandbox.h"

/* Letters, digits, - and _, the first a letter or a digit. */
#define PLACE_NAME_MAX 24

typedef struct place place;

/* Whether an appliance can be called so. 0 or -1 and *err. */
int place_check_name(const char *name, error **err);

/* A new one. `name` NULL: a name that nobody has. NULL and *err (there is one of that name). */
place *place_new(const char *name, const struct sandbox *box, const char *uri, error **err);

/* The appliance of that name, locked: waits while another command works on it. NULL and *err. */
place *place_open(const char *name, error **err);

/* The same without the lock, for what needs none. */
place *place_find(const char *name, error **err);

/* Gives up the lock, and takes it again. 0; 1: it was shut down meanwhile; -1 and *err. */
void place_unlock(place *self);
int place_lock(place *self, error **err);

/* Whether a command has the lock. */
bool place_busy(const place *self);

/* Gives up the lock. The appliance stays. */
void place_free(place *self);

/* Removes the directory. The appliance must have ended. 0 or -1 and *err. */
int place_remove(place *self, error **err);

const char *place_name(const place *self);
const char *place_root(const place *self); /* its path */
const char *place_uri(const place *self);  /* or NULL */
const char *place_uuid(const place *self); /* NULL: its launch has not come so far */
char *place_memory(const place *self);     /* the path of the file that is its memory; new memory */

/* From now on other commands may use it. 0 or -1 and *err. */
int place_launched(place *self, error **err);

/* Whether it was launched and its QEMU lives. With a daemon nobody but that knows the latter: true.
 */
bool place_alive(const place *self);

/* The process of its QEMU, if that lives: it holds a lock on its pid file. 0: it does not; -1: what
 * stands there is no process. */
pid_t place_qemu(const place *self);

/* Takes a session port that nobody uses. *lock is held until it is closed. -1 and *err. */
int place_take_session(const place *self, int *lock, error **err);

/* The names of all appliances, sorted; *names and each is new memory. 0 or -1 and *err. */
int place_list(char ***names, size_t *count, error **err);

static inline void cleanup_place(place **self)
{
    place_free(*self);
}
#define AUTO_PLACE CLEANUP(cleanup_place)

#endif

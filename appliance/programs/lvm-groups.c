/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define _GNU_SOURCE 1
#include "lvm-groups.h"

#include <libdevmapper.h>
#include <lvm2cmd.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define ACTIVATE "vgchange --activate y --yes --poll n --ignoremonitoring"
/* "lv_role=public" are those that a user sees, not what they are made of; those to be skipped at
 * activation (thin snapshots, usually) are not active in the guest either. */
#define REPORT                                                                                     \
    "lvs --noheadings --nameprefixes --foreign --shared "                                          \
    "-o vg_name,lv_name,lv_kernel_major,lv_kernel_minor,lv_health_status "                         \
    "-S 'lv_role=public && lv_skip_activation!=yes'"

/* Costs as much again, so it is only asked where it can say something. What an image can choose
 * freely stands last. */
#define MEMBERS                                                                                    \
    "pvs --noheadings --nameprefixes --foreign --shared "                                          \
    "-o pv_name,pv_in_use,pv_mda_count,vg_uuid,vg_exported,vg_clustered,vg_lock_type,"             \
    "vg_systemid,vg_name"

/* Groups of which it is learnt whether something stands in their way. */
#define GROUPS_MAX 64

#define UUID_LENGTH 38 /* with its dashes */
#define NAME_MAX_LVM 127

struct group {
    char uuid[UUID_LENGTH + 1];
    char name[NAME_MAX_LVM + 1];
    char system[NAME_MAX_LVM + 1]; /* whose it is; "": everybody's */
    bool exported;
    bool shared; /* it has locks of a cluster's */
};

/* What is learnt of a request's commands. Their processes share it. */
struct seen {
    unsigned groups;     /* that have volumes */
    unsigned active;     /* volumes, as vgchange counts them */
    unsigned complaints; /* errors of LVM */
    bool done;           /* the command succeeded */
    bool quiet;          /* what it says is learnt, and not told */
    size_t count;        /* of `list` */
    struct group list[GROUPS_MAX];
};

static struct seen *seen;
static FILE *answer_to; /* NULL: nothing is asked of LVM */
static char group[256]; /* the last one that has a volume: they come sorted by it */

/* A line of the answer. The text has names that an image chose: a newline in one would begin a line
 * of its own. */
static void tell(char kind, const char *text)
{
    fputc(kind, answer_to);
    for (; *text; text++)
        fputc((unsigned char)*text < ' ' || *text == 0x7f ? '?' : *text, answer_to);
    fputc('\n', answer_to);
}

/* The value of LVM2_NAME='VALUE'; false where there is none that is whole and fits. */
static bool read_field(const char *line, const char *name, char *value, size_t size)
{
    char start[64];
    snprintf(start, sizeof start, "LVM2_%s='", name);
    const char *at = strstr(line, start);
    if (!at)
        return false;
    at += strlen(start);
    size_t length = strcspn(at, "'");
    if (at[length] != '\'' || length >= size)
        return false;
    snprintf(value, size, "%.*s", (int)length, at);
    return true;
}

/* Notes the group of a physical volume, once. */
static void learn(const char *line)
{
    struct group group = {.exported = false};
    char exported[32], clustered[32], lock[64];
    bool whole = read_field(line, "VG_UUID", group.uuid, sizeof group.uuid) &&
                 read_field(line, "VG_EXPORTED", exported, sizeof exported) &&
                 read_field(line, "VG_CLUSTERED", clustered, sizeof clustered) &&
                 read_field(line, "VG_LOCK_TYPE", lock, sizeof lock) &&
                 read_field(line, "VG_SYSTEMID", group.system, sizeof group.system) &&
                 read_field(line, "VG_NAME", group.name, sizeof group.name);
    if (!whole || strlen(group.uuid) != UUID_LENGTH || seen->count == GROUPS_MAX)
        return;
    for (size_t i = 0; i < seen->count; i++)
        if (strcmp(seen->list[i].uuid, group.uuid) == 0)
            return;
    group.exported = *exported != '\0';
    group.shared = *clustered || (*lock && strcmp(lock, "none") != 0);
    seen->list[seen->count++] = group;
}

static void hear(int level, const char *file, int line, int errnum, const char *message)
{
    (void)file;
    (void)line;
    (void)errnum;
    if (!answer_to)
        return;
    message += strspn(message, " ");
    size_t length = strcspn(message, " ");
    unsigned active;
    int end = 0;
    if (strncmp(message, "LVM2_VG_NAME=", 13) == 0) {
        tell('V', message);
        if (length < sizeof group && (strncmp(group, message, length) != 0 || group[length])) {
            seen->groups++;
            snprintf(group, sizeof group, "%.*s", (int)length, message);
        }
    } else if (strncmp(message, "LVM2_PV_NAME=", 13) == 0) {
        learn(message);
        if (!seen->quiet)
            tell('P', message);
    } else if (level <= LVM2_LOG_ERROR) {
        seen->complaints++;
        if (!seen->quiet)
            tell('E', message);
    } else if (sscanf(message, "%u logical volume(s) in volume group %n", &active, &end) == 1 &&
               end > 0) {
        seen->active += active;
        seen->groups++;
    } else if (level <= LVM2_LOG_PRINT) {
        seen->complaints++; /* such as a physical volume that is missing */
    }
}

/* On these devices and no others, without locks: no other LVM runs here. */
static int run(void *lvm, const char *what, const char *devices)
{
    static char command[LVM_GROUPS_DEVICES_MAX + 512];
    int length = snprintf(command, sizeof command, "%s --devices %s --nolocking", what, devices);
    if (length < 0 || (size_t)length >= sizeof command)
        return LVM2_INVALID_PARAMETERS;
    return lvm2_run(lvm, command);
}

/* The same, in a process of its own. Whether it came to its end. */
static bool run_apart(void *lvm, const char *what, const char *devices, bool quiet)
{
    int status = 0;
    fflush(answer_to);
    *seen = (struct seen){.quiet = quiet};
    pid_t pid = fork();
    if (pid == 0) {
        seen->done = run(lvm, what, devices) == LVM2_COMMAND_SUCCEEDED;
        fflush(answer_to);
        _exit(0);
    }
    return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
}

/* ---- what the kernel says ---- */

/* "LVM-", the group's and the volume's; a volume that only LVM uses has a suffix. */
#define PUBLIC_UUID_LENGTH (4 + 32 + 32)

/* A line like lvs' for the device, if it is a logical volume that a user sees. */
static bool tell_device(struct dm_pool *pool, const char *name)
{
    char line[512];
    struct dm_info info;
    char *vg = NULL, *lv = NULL, *layer = NULL;
    struct dm_task *task = dm_task_create(DM_DEVICE_INFO);
    bool public = task && dm_task_set_name(task, name) && dm_task_run(task) &&
                  dm_task_get_info(task, &info) && info.exists &&
                  strncmp(dm_task_get_uuid(task), "LVM-", 4) == 0 &&
                  strlen(dm_task_get_uuid(task)) == PUBLIC_UUID_LENGTH &&
                  dm_split_lvm_name(pool, name, &vg, &lv, &layer) && *vg && *lv && !*layer;
    if (public) {
        snprintf(line, sizeof line,
                 "LVM2_VG_NAME='%s' LVM2_LV_NAME='%s' LVM2_LV_KERNEL_MAJOR='%u' "
                 "LVM2_LV_KERNEL_MINOR='%u'",
                 vg, lv, info.major, info.minor);
        tell('V', line);
    }
    if (task)
        dm_task_destroy(task);
    return public;
}

/* How many logical volumes the kernel has: of each a line. */
static unsigned tell_each(const struct dm_names *names)
{
    unsigned count = 0;
    struct dm_pool *pool = dm_pool_create("names", 1024);
    while (pool && names && names->dev) {
        count += tell_device(pool, names->name);
        names = names->next
                    ? (const struct dm_names *)(const void *)((const char *)names + names->next)
                    : NULL;
    }
    if (pool)
        dm_pool_destroy(pool);
    return count;
}

static void free_text(char **text)
{
    free(*text);
}

#define AUTO_TEXT __attribute__((cleanup(free_text)))

/* The lines about all logical volumes, if they are as many as vgchange says; else NULL. */
static char *list_devices(unsigned expected)
{
    char *lines = NULL;
    size_t size = 0;
    unsigned count = 0;
    FILE *answer = answer_to;
    struct dm_task *task = dm_task_create(DM_DEVICE_LIST);
    answer_to = open_memstream(&lines, &size);
    if (answer_to && task && dm_task_run(task))
        count = tell_each(dm_task_get_names(task));
    bool complete = answer_to && fclose(answer_to) == 0 && count == expected;
    answer_to = answer;
    if (task)
        dm_task_destroy(task);
    if (complete)
        return lines;
    free(lines);
    return NULL;
}

/* ---- what stands in a group's way ---- */

/* Whether LVM's own command line takes the text as it is. */
static bool is_word(const char *text)
{
    static const char word[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.+-";
    return *text && *text != '-' && strspn(text, word) == strlen(text);
}

static bool has_twin(const struct group *groups, size_t index)
{
    for (size_t i = 0; i < index; i++)
        if (strcmp(groups[i].name, groups[index].name) == 0)
            return true;
    return false;
}

/* A group of another host's. The command gives LVM that host's name, and LVM exports the group: now
 * no host owns it. */
static bool take_over(void *lvm, const struct group *group, const char *devices)
{
    char command[512];
    if (!is_word(group->system) || !is_word(group->uuid))
        return false;
    snprintf(command, sizeof command,
             "vgexport --select vg_uuid=%s --config "
             "'global/system_id_source=\"lvmlocal\" local/system_id=\"%s\"'",
             group->uuid, group->system);
    return run_apart(lvm, command, devices, true);
}

/* The second group of a name gets one of its own, of which the first characters of its UUID are a
 * part: a user can tell which it is. */
static bool rename_twin(void *lvm, const struct group *group, const char *devices)
{
    char command[512];
    size_t room = NAME_MAX_LVM - 7;
    if (!is_word(group->name) || !is_word(group->uuid) || strlen(group->name) > room)
        return false;
    snprintf(command, sizeof command, "vgrename --yes %s %s-%.6s", group->uuid, group->name,
             group->uuid);
    return run_apart(lvm, command, devices, true);
}

static bool unlock(void *lvm, const struct group *group, const char *devices)
{
    char command[512];
    if (!is_word(group->name))
        return false;
    snprintf(command, sizeof command, "vgchange --yes --locktype none --lockopt force %s",
             group->name); /* it takes no --select */
    return run_apart(lvm, command, devices, true);
}

/* Whether anything was tried. */
static bool mend(void *lvm, const char *devices)
{
    static struct group groups[GROUPS_MAX];
    bool tried = false, exported = false;
    size_t count = seen->count; /* each command begins it anew */
    memcpy(groups, seen->list, sizeof groups);
    for (size_t i = 0; i < count; i++) {
        bool foreign = *groups[i].system && take_over(lvm, &groups[i], devices);
        bool locked = groups[i].shared && unlock(lvm, &groups[i], devices);
        tried = tried || foreign || locked;
        exported = exported || foreign || groups[i].exported;
    }
    if (exported)
        tried = run_apart(lvm, "vgimport --yes --all", devices, true) || tried;
    /* Last: what cannot be read cannot be renamed. */
    for (size_t i = 0; i < count; i++)
        if (has_twin(groups, i))
            tried = rename_twin(lvm, &groups[i], devices) || tried;
    return tried;
}

/* ---- activation ---- */

static bool tell_members(void *lvm, const char *devices)
{
    fputs("P\n", answer_to); /* devices that do not follow belong to no group */
    return run_apart(lvm, MEMBERS, devices, false);
}

/* A group that cannot be activated as a whole is reported all the same. */
static bool activate(void *lvm, const char *devices)
{
    unsigned members = 1;
    bool mended = false;
    for (const char *p = devices; *p; p++)
        members += *p == ',';
    if (!run_apart(lvm, ACTIVATE, devices, false))
        return false;
    unsigned groups = seen->groups;
    AUTO_TEXT char *lines = seen->done && seen->complaints == 0 ? list_devices(seen->active) : NULL;
    if ((!lines || groups < members) && !tell_members(lvm, devices))
        return false;
    if (!lines || groups < members)
        mended = mend(lvm, devices);
    if (mended) {
        fputs("A\n", answer_to); /* what was complained about so far counts no more */
        if (!run_apart(lvm, ACTIVATE, devices, false))
            return false;
    }
    if (lines && !mended)
        fputs(lines, answer_to);
    else if (!run_apart(lvm, REPORT, devices, false))
        return false;
    if (mended && !tell_members(lvm, devices))
        return false;
    return fputs(".\n", answer_to) >= 0;
}

void *lvm_groups_start(void)
{
    void *lvm = lvm2_init();
    seen = mmap(NULL, sizeof *seen, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (!lvm || seen == MAP_FAILED)
        return NULL;
    lvm2_log_fn(hear);
    lvm2_log_level(lvm, LVM2_LOG_PRINT);
    return lvm;
}

void lvm_groups_activate(void *lvm, const char *devices, FILE *answer)
{
    answer_to = answer;
    activate(lvm, devices);
    answer_to = NULL;
}

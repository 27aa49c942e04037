/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "appliance.h"
#include "base/text-format.h"
#include "time-stamp-counter.h"

#include "wire/port-name.h"
#include <fcntl.h>
#include <limits.h>
#include <string.h>

static bool complete(const struct appliance_files *files)
{
    return access(files->kernel, R_OK) == 0 && access(files->initrd, R_OK) == 0 &&
           access(files->root_drive, R_OK) == 0;
}

void appliance_files_clear(struct appliance_files *files)
{
    free(files->kernel);
    free(files->initrd);
    free(files->root_drive);
    *files = (struct appliance_files){0};
}

static const char *root_drive(bool hotplug)
{
    return hotplug ? "tools" : "root";
}

/* 1: all three are there; 0: not; -1 and *err. */
static int try_directory(const char *directory, bool hotplug, struct appliance_files *files,
                         error **err)
{
    AUTO_FREE char *real = realpath(directory, NULL);
    if (!real)
        return 0;
    AUTO_FREE char *manifest = text_format("%s/manifest", real);
    if (!manifest || !(files->kernel = text_format("%s/kernel", real)) ||
        !(files->initrd = text_format("%s/initrd", real)) ||
        !(files->root_drive = text_format("%s/%s", real, root_drive(hotplug))))
        return error_no_memory(err);
    if (complete(files)) {
        files->architecture = architecture_of_manifest(manifest, err);
        return files->architecture ? 1 : -1;
    }
    appliance_files_clear(files);
    return 0;
}

/* Where the appliance is, seen from the program: in the build tree, and as installed under any
 * PREFIX. */
static const char *const beside_program[] = {"../appliance", "../lib/virt-live-tools/appliance"};

/* The directory that the running program is in. */
static int program_directory(char path[PATH_MAX])
{
    ssize_t length = readlink("/proc/self/exe", path, PATH_MAX - 1);
    if (length < 0)
        return -1;
    path[length] = 0;
    char *slash = strrchr(path, '/');
    if (slash)
        *slash = 0;
    return slash ? 0 : -1;
}

static int find_beside_program(bool hotplug, struct appliance_files *files, error **err)
{
    char program[PATH_MAX] = "";
    int found = 0;
    if (program_directory(program) < 0)
        *program = 0;
    for (size_t i = 0; found == 0 && i < sizeof beside_program / sizeof *beside_program; i++) {
        AUTO_FREE char *place = text_format("%s/%s", program, beside_program[i]);
        if (!place)
            return error_no_memory(err);
        found = try_directory(place, hotplug, files, err);
    }
    if (found != 0)
        return found > 0 ? 0 : -1;
    return error_set(err, ERROR_APPLIANCE,
                     "no appliance (kernel, initrd, %s) in %s/%s or %s/%s: run `make appliance`, "
                     "or name one with --appliance",
                     root_drive(hotplug), program, beside_program[0], program, beside_program[1]);
}

int appliance_find(const char *directory, bool hotplug, struct appliance_files *files, error **err)
{
    *files = (struct appliance_files){0};
    if (!directory)
        return find_beside_program(hotplug, files, err);
    int found = try_directory(directory, hotplug, files, err);
    if (found != 0)
        return found > 0 ? 0 : -1;
    return error_set(err, ERROR_APPLIANCE,
                     "no appliance (kernel, initrd, %s) in %s: `make appliance` builds one",
                     root_drive(hotplug), directory);
}

int appliance_open_state(const char *template_dir, error **err)
{
    AUTO_FREE char *path = text_format("%s/state", template_dir);
    if (!path)
        return error_no_memory(err);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    return fd < 0 ? error_set_errno(err, ERROR_HOST, errno, "cannot open %s", path) : fd;
}

static struct machine_spec make_spec(const struct appliance_config *config,
                                     const struct appliance_paths *place, const char *console,
                                     const char *port)
{
    bool restore = place->state_fd >= 0;
    /* KVM tells its guests; the kernel of a saved appliance has been told. */
    bool boots_emulated = !restore && strcmp(config->accel, "tcg") == 0;
    return (struct machine_spec){
        .name = place->name,
        .uuid = place->uuid,
        .accel = config->accel,
        .memory_mib = config->memory_mib,
        .kernel = config->files.kernel,
        .initrd = config->files.initrd,
        .root_drive = config->files.root_drive,
        .architecture = config->files.architecture,
        .counter_khz = boots_emulated ? time_stamp_counter_khz() : 0,
        /* One that lives for hours would fill the file system: no limit holds for what its QEMU
         * writes, which may be images. */
        .console_path = config->hotplug && restore ? NULL : console,
        .port_path = port,
        .memory_path = place->memory_path,
        .memory_private = restore,
        .memory_read_only = place->memory_read_only,
        .incoming = restore,
        .sessions = config->hotplug,
        .reserved = appliance_reserved(config),
        .settings = place->settings,
        .uid = place->uid,
        .gid = place->gid,
    };
}

/* Puts what the kernel said last into the message: it is the only witness. */
static int died(const char *root, error **err)
{
    char tail[400];
    appliance_console_tail(root, tail, sizeof tail);
    return error_prefix(err, "the appliance did not come up%s%s",
                        *tail ? "; its console ends with: " : "", tail);
}

int appliance_start(hypervisor *hv, const struct appliance_config *config,
                    const struct appliance_paths *place, uint64_t deadline, agent_client **agent,
                    error **err)
{
    AUTO_FREE char *console = text_format("%s/console", place->root);
    AUTO_FREE char *port = text_format("%s/agent", place->root);
    if (!console || !port)
        return error_no_memory(err);
    struct machine_spec spec = make_spec(config, place, console, port);
    if (hv->ops->launch(hv, &spec, place->state_fd, err) < 0)
        return -1;
    int fd = hv->ops->open_port(hv, AGENT_PORT_NAME, err);
    AUTO_AGENT_CLIENT agent_client *opened = fd < 0 ? NULL : agent_client_new(fd, err);
    if (!opened)
        return -1;
    if (agent_client_greet(opened, deadline, err) < 0)
        return died(place->root, err);
    *agent = STEAL(opened);
    return 0;
}

/* What a kernel says when it panics fits into half of that. */
#define CONSOLE_READ 16384

/* The last `room` - 1 bytes of the file, as C string; empty where it cannot be read. */
static void read_end(const char *path, char *text, size_t room)
{
    AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    off_t size = fd < 0 ? 0 : lseek(fd, 0, SEEK_END);
    off_t from = size > (off_t)room - 1 ? size - ((off_t)room - 1) : 0;
    ssize_t got = fd < 0 ? 0 : pread(fd, text, room - 1, from);
    text[got > 0 ? got : 0] = 0;
}

/* The line in which the kernel panics, the last time that it does; NULL: it does not. */
static const char *find_panic(const char *text)
{
    const char *panic = NULL;
    for (const char *line = text; line; line = strchr(line, '\n')) {
        line += *line == '\n';
        const char *found = strstr(line, "Kernel panic");
        if (found && !memchr(line, '\n', (size_t)(found - line)))
            panic = line;
    }
    return panic;
}

/* Where the last `room` bytes begin, at a line's beginning if there is one. */
static const char *find_last_lines(const char *text, size_t room)
{
    size_t length = strlen(text);
    if (length <= room)
        return text;
    const char *newline = strchr(text + length - room, '\n');
    return newline && newline[1] ? newline + 1 : text + length - room;
}

void appliance_console_tail(const char *root, char *buffer, size_t length)
{
    static char text[CONSOLE_READ];
    AUTO_FREE char *path = text_format("%s/console", root);
    *buffer = 0;
    if (!path)
        return;
    read_end(path, text, sizeof text);
    const char *panic = find_panic(text);
    snprintf(buffer, length, "%s", panic ? panic : find_last_lines(text, length - 1));
}

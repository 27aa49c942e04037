/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "libvirt-root.h"

#include "base/text-format.h"
#include "domain-xml.h"
#include "process/pid-file.h"
#include <ctype.h>
#include <string.h>
#include <sys/stat.h>

/* libvirt looks for its per-user directories even when it is given a root. All of them are in
 * there, so that nothing of the user's own libvirt is read or written. */
static int set_environment(const char *root)
{
    AUTO_FREE char *log = text_format("3:file:%s/libvirt.log", root);
    if (!log)
        return -1;
    if (setenv("HOME", root, 1) || setenv("XDG_CACHE_HOME", root, 1) ||
        setenv("XDG_CONFIG_HOME", root, 1) || setenv("XDG_RUNTIME_DIR", root, 1) ||
        setenv("XDG_DATA_HOME", root, 1) || setenv("LIBVIRT_LOG_OUTPUTS", log, 0))
        return -1;
    return 0;
}

/* stdio_handler: without "file" libvirt wants virtlogd, a daemon. max_core: by default libvirt 11
 * lets QEMU dump core without a limit, which only a privileged process may raise; and a core has
 * what images have. */
static const char configuration[] = "stdio_handler = \"file\"\n"
                                    "max_core = 0\n";

static int write_configuration(const char *root, error **err)
{
    AUTO_FREE char *directory = text_format("%s/etc", root);
    AUTO_FREE char *path = text_format("%s/etc/qemu.conf", root);
    if (!directory || !path)
        return error_no_memory(err);
    if ((mkdir(root, 0700) < 0 && errno != EEXIST) ||
        (mkdir(directory, 0700) < 0 && errno != EEXIST))
        return error_set_errno(err, ERROR_HOST, errno, "cannot make %s", directory);
    AUTO_FILE FILE *file = fopen(path, "we");
    if (!file || fputs(configuration, file) < 0 || fflush(file) != 0)
        return error_set_errno(err, ERROR_HOST, errno, "cannot write %s", path);
    return 0;
}

int libvirt_root_make(const char *root, error **err)
{
    if (write_configuration(root, err) < 0)
        return -1;
    return set_environment(root) < 0 ? error_no_memory(err) : 0;
}

char *libvirt_root_pid_path(const char *root)
{
    return text_format("%s/run/qemu/" DOMAIN_XML_NAME ".pid", root);
}

char *libvirt_root_monitor_path(const char *root)
{
    return text_format("%s/monitor", root);
}

pid_t libvirt_root_find_process(const char *root)
{
    AUTO_FREE char *path = libvirt_root_pid_path(root);
    return path ? pid_file_read(path) : 0;
}

/* A path in a URI's query: everything but the unreserved characters of RFC 3986 and "/" as %XX. */
char *libvirt_root_uri(const char *root)
{
    static const char prefix[] = "qemu:///embed?root=";
    char *uri = malloc(sizeof prefix + 3 * strlen(root));
    if (!uri)
        return NULL;
    char *to = stpcpy(uri, prefix);
    for (const unsigned char *from = (const unsigned char *)root; *from; from++)
        to += isalnum(*from) || strchr("-._~/", *from) ? sprintf(to, "%c", *from)
                                                       : sprintf(to, "%%%02X", *from);
    *to = 0;
    return uri;
}

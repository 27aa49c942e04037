/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "uevent.h"
#include <errno.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define VOLUMES "/devices/virtual/block/"

/* 255 disks at once are about 2000 messages, each charged 2 KiB or less. */
#define RECEIVE_BUFFER (16 << 20)

static bool parse_number(const char **text, char end, unsigned max, unsigned *value)
{
    unsigned number = 0;
    const char *p = *text;
    if (*p < '0' || *p > '9')
        return false;
    for (; *p >= '0' && *p <= '9'; p++) {
        number = number * 10 + (unsigned)(*p - '0');
        if (number > max)
            return false;
    }
    if (*p != end)
        return false;
    *text = p + (end != '\0');
    *value = number;
    return true;
}

/* "H:C:T" and the terminator, of ours: C is 0, T is at most 255. */
static bool parse_address(const char **text, char end, unsigned *host, unsigned *target)
{
    unsigned channel;
    return parse_number(text, ':', 65535, host) && parse_number(text, ':', 0, &channel) &&
           parse_number(text, end, 255, target);
}

void uevent_locate(const char *devpath, struct uevent *event)
{
    unsigned host, target, host_again, target_again, lun;
    event->object = UEVENT_OF_OTHER;
    if (strstr(devpath, "/virtio-ports/")) {
        event->object = UEVENT_OF_PORT;
        return;
    }
    if (strncmp(devpath, VOLUMES, strlen(VOLUMES)) == 0) {
        event->object = UEVENT_OF_VOLUME;
        return;
    }
    const char *p = strstr(devpath, "/target");
    /* Only what sits on a virtio device: an IDE or USB disk of the machine is not a slot. */
    const char *virtio = strstr(devpath, "/virtio");
    if (!p || !virtio || virtio > p)
        return;
    p += strlen("/target");
    if (!parse_address(&p, '/', &host, &target) ||
        !parse_address(&p, ':', &host_again, &target_again) || host != host_again ||
        target != target_again)
        return;
    const char *end = p + strcspn(p, "/");
    char terminator = *end;
    if (!parse_number(&p, terminator, 0, &lun))
        return;
    event->target = target;
    event->device_length = (size_t)(end - devpath);
    if (terminator == '\0') {
        event->object = UEVENT_OF_DEVICE;
        return;
    }
    if (strncmp(end, "/block/", 7) != 0 || end[7] == '\0')
        return;
    const char *below = strchr(end + 7, '/');
    if (!below)
        event->object = UEVENT_OF_DISK;
    else if (below[1] != '\0' && !strchr(below + 1, '/'))
        event->object = UEVENT_OF_PARTITION;
}

bool uevent_volume_name(const char *name)
{
    static const char *const prefixes[] = {"dm-", "md", "loop"};
    for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++) {
        size_t length = strlen(prefixes[i]);
        if (strncmp(name, prefixes[i], length) != 0)
            continue;
        const char *rest = name + length;
        size_t allowed =
            strspn(rest, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");
        return allowed > 0 && rest[allowed] == '\0';
    }
    return false;
}

static enum uevent_action parse_action(const char *name, size_t length)
{
    static const struct {
        const char *name;
        enum uevent_action action;
    } actions[] = {
        {"add", UEVENT_ADD},
        {"remove", UEVENT_REMOVE},
        {"change", UEVENT_CHANGE},
        {"bind", UEVENT_BIND},
    };
    for (size_t i = 0; i < sizeof actions / sizeof *actions; i++)
        if (strlen(actions[i].name) == length && memcmp(actions[i].name, name, length) == 0)
            return actions[i].action;
    return UEVENT_OTHER;
}

static void parse_pair(const char *pair, struct uevent *event)
{
    static const struct {
        const char *key;
        size_t length;
        size_t offset;
    } keys[] = {
        {"MAJOR=", 6, offsetof(struct uevent, major)},
        {"MINOR=", 6, offsetof(struct uevent, minor)},
        {"PARTN=", 6, offsetof(struct uevent, partition)},
    };
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        const char *value = pair + keys[i].length;
        if (strncmp(pair, keys[i].key, keys[i].length) == 0)
            parse_number(&value, '\0', 1u << 20, (unsigned *)((char *)event + keys[i].offset));
    }
    if (event->object == UEVENT_OF_VOLUME && strncmp(pair, "DEVNAME=", 8) == 0)
        event->name = pair + 8;
}

bool uevent_parse(const char *message, size_t length, struct uevent *event)
{
    memset(event, 0, sizeof *event);
    const char *at = strchr(message, '@');
    if (!at || at[1] != '/')
        return false;
    event->action = parse_action(message, (size_t)(at - message));
    event->devpath = at + 1;
    if (event->action != UEVENT_OTHER)
        uevent_locate(event->devpath, event);
    if (event->object != UEVENT_OF_DISK && event->object != UEVENT_OF_PARTITION &&
        event->object != UEVENT_OF_VOLUME)
        return true;
    const char *end = message + length;
    for (const char *p = message + strlen(message) + 1; p < end; p += strlen(p) + 1)
        parse_pair(p, event);
    if (event->object == UEVENT_OF_PARTITION && event->partition == 0)
        event->object = UEVENT_OF_OTHER;
    if (event->object == UEVENT_OF_VOLUME && !(event->name && uevent_volume_name(event->name)))
        event->object = UEVENT_OF_OTHER;
    return true;
}

int uevent_open(void)
{
    struct sockaddr_nl address = {.nl_family = AF_NETLINK, .nl_groups = 1};
    int size = RECEIVE_BUFFER;
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_KOBJECT_UEVENT);
    if (fd < 0)
        return -errno;
    /* A smaller buffer only means that an overrun, and so a rescan, comes earlier. */
    setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size);
    if (bind(fd, (struct sockaddr *)&address, sizeof address) < 0) {
        int saved = errno;
        close(fd);
        return -saved;
    }
    return fd;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "keys.h"

#include "base/drive-name.h"
#include "base/secret.h"
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

void keys_clear(key_list *keys)
{
    for (u_int i = 0; i < keys->key_list_len; i++) {
        key *one = &keys->key_list_val[i];
        secret_free(STEAL(one->passphrase.passphrase_val));
        one->passphrase.passphrase_len = 0;
    }
    xdr_free((xdrproc_t)xdr_key_list, keys);
    memset(keys, 0, sizeof *keys);
}

bool keys_fit(const key_list *some, const key_list *others)
{
    return some->key_list_len + others->key_list_len <= MAX_KEYS &&
           xdr_sizeof((xdrproc_t)xdr_key_list, (void *)some) +
                   xdr_sizeof((xdrproc_t)xdr_key_list, (void *)others) <=
               KEYS_MAX;
}

/* Copies both. */
static int append(key_list *keys, const char *id, size_t id_length, const char *passphrase,
                  size_t length, error **err)
{
    if (keys->key_list_len == MAX_KEYS)
        return error_set(err, ERROR_USAGE, "more than %d keys", MAX_KEYS);
    if (length == 0)
        return error_set(err, ERROR_USAGE, "the key is empty");
    if (length > MAX_PASSPHRASE)
        return error_set(err, ERROR_USAGE, "the key has more than %d bytes", MAX_PASSPHRASE);
    key *list = reallocarray(keys->key_list_val, keys->key_list_len + 1, sizeof *list);
    if (!list)
        return error_no_memory(err);
    keys->key_list_val = list;
    key *one = &list[keys->key_list_len++];
    *one = (key){.id = {(u_int)id_length, strndup(id, id_length)},
                 .passphrase = {(u_int)length, secret_copy(passphrase, length)}};
    if (!one->id.id_val || !one->passphrase.passphrase_val) {
        one->id.id_len = one->passphrase.passphrase_len = 0;
        return error_no_memory(err);
    }
    if (xdr_sizeof((xdrproc_t)xdr_key_list, keys) > KEYS_MAX)
        return error_set(err, ERROR_USAGE, "the keys have more than %d bytes together", KEYS_MAX);
    return 0;
}

/* As much of the file as fits, in new secret memory; its length or -1 and *err. */
static ssize_t read_all(int fd, char **into, size_t size, const char *what, error **err)
{
    size_t length = 0;
    char *buffer = *into = secret_resize(NULL, size);
    if (!buffer)
        return error_no_memory(err);
    while (length < size) {
        ssize_t got = read(fd, buffer + length, size - length);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return error_set_errno(err, ERROR_HOST, errno, "%s", what);
        if (got == 0)
            break;
        length += (size_t)got;
    }
    return (ssize_t)length;
}

static int add_open_file(key_list *keys, const char *id, size_t id_length, int fd, const char *path,
                         error **err)
{
    AUTO_SECRET char *buffer = NULL;
    /* A newline, and one more to see that there is more. */
    ssize_t length = read_all(fd, &buffer, MAX_PASSPHRASE + 2, path, err);
    if (length < 0)
        return -1;
    /* An editor's newline is none of the passphrase; one that cryptsetup's --key-file read is. */
    bool newline = length > 0 && buffer[length - 1] == '\n';
    int added = append(keys, id, id_length, buffer, (size_t)(length - newline), err);
    if (added == 0 && newline && length <= MAX_PASSPHRASE)
        added = append(keys, id, id_length, buffer, (size_t)length, err);
    return added < 0 ? error_prefix(err, "key file %s", path) : 0;
}

static int add_file(key_list *keys, const char *id, size_t id_length, const char *path, error **err)
{
    AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        return error_set_errno(err, ERROR_HOST, errno, "key file %s", path);
    return add_open_file(keys, id, id_length, fd, path, err);
}

int keys_add_file(key_list *keys, const char *path, error **err)
{
    struct stat st;
    AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0 || fstat(fd, &st) < 0)
        return error_set_errno(err, ERROR_REFUSED, errno, "key file %s", path);
    if (!S_ISREG(st.st_mode))
        return error_set(err, ERROR_REFUSED, "key file %s: it is not a regular file", path);
    return add_open_file(keys, "", 0, fd, path, err);
}

int keys_add(key_list *keys, const char *selector, error **err)
{
    const char *kind = strchr(selector, ':');
    const char *value = kind ? strchr(kind + 1, ':') : NULL;
    size_t id_length = kind ? (size_t)(kind - selector) : 0;
    /* What the selector says is not repeated: a slip may have put the passphrase anywhere. */
    if (!value || id_length == 0)
        return error_set(err, ERROR_USAGE,
                         "--key: not ID:key:PASSPHRASE nor ID:file:PATH; ID is a device of the "
                         "guest, a UUID, or \"all\"");
    if (id_length > MAX_DEVICE_NAME)
        return error_set(err, ERROR_USAGE, "--key: the ID has more than %d bytes", MAX_DEVICE_NAME);
    if (id_length == 3 && strncmp(selector, "all", 3) == 0)
        id_length = 0;
    size_t kind_length = (size_t)(value - kind - 1);
    value++;
    int added;
    if (kind_length == 3 && strncmp(kind + 1, "key", 3) == 0)
        added = append(keys, selector, id_length, value, strlen(value), err);
    else if (kind_length == 4 && strncmp(kind + 1, "file", 4) == 0)
        added = add_file(keys, selector, id_length, value, err);
    else
        return error_set(err, ERROR_USAGE,
                         "--key: what stands behind the ID is neither \"key\" nor \"file\"");
    return added < 0 ? error_prefix(err, "--key") : 0;
}

int keys_add_lines(key_list *keys, int fd, error **err)
{
    AUTO_SECRET char *buffer = NULL;
    int added = 0;
    ssize_t length = read_all(fd, &buffer, KEYS_MAX, "--keys-from-stdin", err);
    if (length < 0)
        return -1;
    if (length == KEYS_MAX)
        added = error_set(err, ERROR_USAGE, "stdin has more than %d bytes", KEYS_MAX - 1);
    for (const char *line = buffer, *end = buffer + length; added == 0 && line < end;) {
        const char *newline = memchr(line, '\n', (size_t)(end - line));
        const char *stop = newline ? newline : end;
        added = append(keys, "", 0, line, (size_t)(stop - line), err);
        line = stop + 1;
    }
    return added < 0 ? error_prefix(err, "--keys-from-stdin") : 0;
}

size_t keys_for_disk(const key_list *keys, unsigned index, const key **out)
{
    char name[DRIVE_NAME_MAX], device[sizeof "/dev/" + DRIVE_NAME_MAX];
    size_t count = 0;

    snprintf(device, sizeof device, "/dev/%s", drive_name(index, name));
    for (u_int i = 0; keys && i < keys->key_list_len; i++) {
        const key *one = &keys->key_list_val[i];
        if (one->id.id_len == 0 || (one->id.id_len == strlen(device) &&
                                    memcmp(one->id.id_val, device, one->id.id_len) == 0))
            out[count++] = one;
    }
    return count;
}

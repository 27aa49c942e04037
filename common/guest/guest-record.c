/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "guest-record.h"

#include "base/text.h"
#include "keys.h"
#include <jansson.h>
#include <stddef.h>
#include <string.h>

/* --- jansson, with memory that is overwritten when it is freed: a URI may have a password --- */

struct block {
    size_t size;
    max_align_t bytes[];
};

static void *block_new(size_t size)
{
    struct block *block = malloc(sizeof *block + size);

    if (!block)
        return NULL;
    block->size = size;
    return block->bytes;
}

static void block_free(void *bytes)
{
    if (!bytes)
        return;
    struct block *block = (struct block *)((char *)bytes - offsetof(struct block, bytes));
    explicit_bzero(block->bytes, block->size);
    free(block);
}

/* What jansson allocated before. */
struct allocation {
    json_malloc_t allocate;
    json_free_t release;
};

static void begin(struct allocation *before)
{
    json_get_alloc_funcs(&before->allocate, &before->release);
    json_set_alloc_funcs(block_new, block_free);
}

static void end(const struct allocation *before)
{
    json_set_alloc_funcs(before->allocate, before->release);
}

/* --- members --- */

/* What --json writes besides guests: what it found in a volume or a directory, and sums. */
static bool is_passed_over(const char *type)
{
    static const char *const types[] = {"filesystem", "swap",  "unknown", "member",
                                        "encrypted",  "total", "file",    "problem"};

    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (strcmp(type, types[i]) == 0)
            return true;
    return false;
}

static int check_members(json_t *record, error **err)
{
    static const char *const known[] = {"name",       "name_b64",      "images",
                                        "images_b64", "format",        "blocksize",
                                        "key_files",  "key_files_b64", "type"};
    const char *key;
    json_t *value;

    json_object_foreach(record, key, value)
    {
        bool found = false;
        for (size_t i = 0; i < sizeof known / sizeof *known; i++)
            found |= strcmp(key, known[i]) == 0;
        if (!found)
            return error_set(err, ERROR_REFUSED, "a guest has no member \"%.64s\"", key);
    }
    return 0;
}

/* 1; 0: it is passed over. */
static int check_type(json_t *record, bool *ours, error **err)
{
    json_t *type = json_object_get(record, "type");
    const char *word = json_string_value(type);

    *ours = word && strcmp(word, "guest") == 0;
    if (!type || *ours)
        return *ours || check_members(record, err) == 0 ? 1 : -1;
    if (word && is_passed_over(word))
        return 0;
    return error_set(err, ERROR_REFUSED, "\"type\" is not \"guest\"");
}

static int read_format(json_t *record, enum image_format *format, error **err)
{
    json_t *value = json_object_get(record, "format");
    const char *word = json_string_value(value);

    if (!value)
        return 0;
    *format = word ? image_format_from_name(word) : IMAGE_DETECT;
    if (*format == IMAGE_DETECT)
        return error_set(err, ERROR_REFUSED,
                         "\"format\" is not the name of a format, as --format has them");
    return 0;
}

static int read_block_size(json_t *record, unsigned *block_size, error **err)
{
    json_t *value = json_object_get(record, "blocksize");

    if (!value)
        return 0;
    if (json_integer_value(value) != 512 && json_integer_value(value) != 4096)
        return error_set(err, ERROR_REFUSED, "\"blocksize\" is neither 512 nor 4096");
    *block_size = (unsigned)json_integer_value(value);
    return 0;
}

/* --- names --- */

/* Text, or bytes in base64; NULL and *err. *length is without the NUL behind it. block_free()s. */
static char *read_bytes(json_t *value, bool encoded, const char *key, size_t *length, error **err)
{
    const char *text = json_string_value(value);
    size_t size = json_string_length(value);
    char *bytes = text ? block_new(size + 1) : NULL;

    if (text && !bytes) {
        error_no_memory(err);
    } else if (!text) {
        error_set(err, ERROR_REFUSED, "\"%s\" has something else than text", key);
    } else if (!encoded) {
        *length = size;
        memcpy(bytes, text, size + 1);
        return bytes;
    } else if (text_base64_decode(text, size, bytes, length) == 0) {
        bytes[*length] = '\0';
        return bytes;
    } else {
        error_set(err, ERROR_REFUSED, "\"%s\" has something else than base64", key);
    }
    block_free(bytes);
    return NULL;
}

static void cleanup_bytes(char **bytes)
{
    block_free(*bytes);
}

static int read_images(json_t *record, enum image_format format, unsigned block_size,
                       struct guest *guest, error **err)
{
    json_t *encoded = json_object_get(record, "images_b64");
    const char *key = encoded ? "images_b64" : "images";
    json_t *names = json_object_get(record, key), *value;
    size_t i;

    if (json_array_size(names) == 0)
        return error_set(err, ERROR_REFUSED, "\"%s\" is not a list of images", key);
    json_array_foreach(names, i, value)
    {
        size_t length = 0;
        CLEANUP(cleanup_bytes) char *path = read_bytes(value, encoded, key, &length, err);
        if (!path || guest_add_image(guest, path, length, format, block_size, err) < 0)
            return -1;
    }
    return 0;
}

/* A key that cannot be had is this guest's failure alone. */
static int add_key(struct guest *guest, const char *path, error **err)
{
    AUTO_ERROR error *why = NULL;
    if (keys_add_file(&guest->keys, path, &why) == 0)
        return 0;
    if (error_is_of_guest(why) || error_kind(why) == ERROR_MEMORY)
        return error_propagate(err, STEAL(why));
    return error_set(err, ERROR_REFUSED, "%s", error_message(why));
}

/* Each holds a key for all that is encrypted in the guest. */
static int read_key_files(json_t *record, struct guest *guest, error **err)
{
    json_t *encoded = json_object_get(record, "key_files_b64");
    const char *key = encoded ? "key_files_b64" : "key_files";
    json_t *names = encoded ? encoded : json_object_get(record, key), *value;
    size_t i;

    if (names && !json_is_array(names))
        return error_set(err, ERROR_REFUSED, "\"%s\" is not a list of files", key);
    json_array_foreach(names, i, value)
    {
        size_t length = 0;
        CLEANUP(cleanup_bytes) char *path = read_bytes(value, encoded, key, &length, err);
        if (!path)
            return -1;
        if (length == 0 || strlen(path) != length)
            return error_set(err, ERROR_REFUSED,
                             "the name of a key file is empty, or has a NUL byte in it");
        if (add_key(guest, path, err) < 0)
            return -1;
    }
    return 0;
}

static int read_name(json_t *record, const char *key, struct guest *guest, error **err)
{
    char encoded_key[16];
    size_t length = 0;

    snprintf(encoded_key, sizeof encoded_key, "%s_b64", key);
    json_t *encoded = json_object_get(record, encoded_key);
    json_t *value = encoded ? encoded : json_object_get(record, key);
    if (!value)
        return 0;
    CLEANUP(cleanup_bytes)
    char *name = read_bytes(value, encoded, encoded ? encoded_key : key, &length, err);
    if (!name)
        return -1;
    if (length == 0 || strlen(name) != length)
        return error_set(err, ERROR_REFUSED, "the name is empty, or has a NUL byte in it");
    return guest_set_name(guest, name, err);
}

static int read_record(json_t *record, enum image_format format, unsigned block_size,
                       struct guest *guest, error **err)
{
    bool ours = false;

    if (!json_is_object(record))
        return error_set(err, ERROR_REFUSED, "it is not a JSON object");
    int type = check_type(record, &ours, err);
    if (type <= 0)
        return type;
    if (read_format(record, &format, err) < 0 || read_block_size(record, &block_size, err) < 0 ||
        read_images(record, format, block_size, guest, err) < 0 ||
        read_key_files(record, guest, err) < 0 ||
        read_name(record, ours ? "guest" : "name", guest, err) < 0)
        return -1;
    return 1;
}

int guest_record_read(const char *line, size_t length, enum image_format format,
                      unsigned block_size, struct guest *guest, error **err)
{
    struct allocation before;
    json_error_t why;

    begin(&before);
    /* U+0000 is refused by jansson, and so is what is not UTF-8. */
    json_t *record = json_loadb(line, length, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &why);
    int result;
    if (record)
        result = read_record(record, format, block_size, guest, err);
    else if (json_error_code(&why) == json_error_out_of_memory)
        result = error_no_memory(err);
    else /* why.text would have a part of the line in it */
        result = error_set(err, ERROR_REFUSED, "it is not JSON (wrong at byte %d)", why.position);
    json_decref(record);
    end(&before);
    return result;
}

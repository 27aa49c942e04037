/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lookup-record.h"
#include "wire/status.h"

#include "base/secret.h"
#include <limits.h>
#include <string.h>

_Static_assert(MAX_FOUND_PATH == PATH_MAX - 1, "a path fits into a record");
_Static_assert(MAX_FOUND_SOURCE == REMOTE_URI_MAX, "a URI fits into a record");
_Static_assert(MAX_FOUND_LAYERS == IMAGE_CHAIN_MAX - 1, "what backs an image fits into a record");

/* opaque<> of lookup.x, not copied. */
#define TEXT(to, field, bytes, maximum)                                                            \
    do {                                                                                           \
        size_t whole_ = strlen(bytes);                                                             \
        (to)->field.field##_len = (u_int)(whole_ < (maximum) ? whole_ : (maximum));                \
        (to)->field.field##_val = (char *)(uintptr_t)(bytes);                                      \
    } while (0)

/* --- to the wire --- */

static void write_encryption(const struct guest_encryption *encryption, found_image *record)
{
    record->encrypted = encryption != NULL;
    if (encryption && encryption->passphrase) {
        record->passphrase.passphrase_val = encryption->passphrase;
        record->passphrase.passphrase_len = (u_int)encryption->length;
    } else if (encryption && encryption->missing) {
        TEXT(record, missing, encryption->missing, MAX_FOUND_TEXT);
    }
}

/* What is too long does not come here: domain_disks() refuses it. */
static int write_image(const struct guest_image *image, found_image *record)
{
    const struct image_backing *backing = image->backing;
    const char *place = image->remote ? image->remote->text : image->path;

    TEXT(record, source, place, MAX_FOUND_SOURCE);
    record->format = image->format;
    record->block_size = image->block_size;
    record->optional = image->optional;
    write_encryption(image->encryption, record);
    if (image->target)
        TEXT(record, target, image->target, MAX_TARGET);
    if (!backing)
        return 0;
    record->complete = backing->complete;
    record->layers.layers_val = calloc(backing->count + 1, sizeof *record->layers.layers_val);
    if (!record->layers.layers_val)
        return -1;
    record->layers.layers_len = (u_int)backing->count;
    for (size_t i = 0; i < backing->count; i++) {
        TEXT(&record->layers.layers_val[i], path, backing->layers[i].path, MAX_FOUND_PATH);
        record->layers.layers_val[i].format = backing->layers[i].format;
    }
    return 0;
}

int lookup_record_write(const struct guest *guest, found_guest *record)
{
    *record = (found_guest){.status = STATUS_OK};
    TEXT(record, name, guest->name, MAX_FOUND_NAME);
    TEXT(record, uuid, guest->uuid, sizeof guest->uuid - 1);
    if (guest->refused) {
        record->status = status_of_error(error_kind(guest->refused));
        TEXT(record, message, error_message(guest->refused), MAX_FOUND_TEXT);
        return 0;
    }
    record->live = guest->live;
    record->images.images_val = calloc(guest->image_count + 1, sizeof *record->images.images_val);
    if (!record->images.images_val)
        return -1;
    for (size_t i = 0; i < guest->image_count; i++) {
        record->images.images_len = (u_int)i + 1;
        if (write_image(&guest->images[i], &record->images.images_val[i]) < 0) {
            lookup_record_clear(record);
            return -1;
        }
    }
    return 0;
}

void lookup_record_clear(found_guest *record)
{
    for (u_int i = 0; i < record->images.images_len; i++)
        free(record->images.images_val[i].layers.layers_val);
    free(record->images.images_val);
    *record = (found_guest){0};
}

/* --- from the wire --- */

static int refuse(error **err)
{
    return error_set(err, ERROR_REFUSED, "the record of a guest is not valid");
}

static bool is_format(int format)
{
    return format > IMAGE_DETECT && format < IMAGE_FORMAT_COUNT;
}

static bool is_path(const char *text, u_int length)
{
    return length > 0 && length <= MAX_FOUND_PATH && text[0] == '/' && !memchr(text, '\0', length);
}

static bool is_layer(const found_layer *layer)
{
    return is_format(layer->format) && is_path(layer->path.path_val, layer->path.path_len);
}

/* Where the format is still to be detected, libvirt has not said what backs the image. */
static bool may_be_detected(const found_image *image)
{
    return image->format == IMAGE_DETECT && image->layers.layers_len == 0 && !image->complete;
}

/* guest_add_image() looks closer at what begins like a URI. */
static bool is_image(const found_image *image)
{
    const char *source = image->source.source_val;
    u_int length = image->source.source_len;

    return (may_be_detected(image) || is_format(image->format)) &&
           (is_path(source, length) ||
            (remote_uri_is(source, length) && image->layers.layers_len == 0)) &&
           (image->block_size == 0 || image->block_size == 512 || image->block_size == 4096);
}

static int read_backing(const found_image *record, struct guest_image *image, error **err)
{
    if (record->layers.layers_len == 0 && !record->complete)
        return 0;
    AUTO_IMAGE_BACKING struct image_backing *backing = calloc(1, sizeof *backing);
    if (!backing)
        return error_no_memory(err);
    backing->complete = record->complete;
    for (u_int i = 0; i < record->layers.layers_len; i++) {
        const found_layer *layer = &record->layers.layers_val[i];
        if (!is_layer(layer))
            return refuse(err);
        AUTO_FREE char *path = strndup(layer->path.path_val, layer->path.path_len);
        if (!path)
            return error_no_memory(err);
        if (image_backing_add(backing, path, (enum image_format)layer->format, err) < 0)
            return -1;
    }
    image->backing = STEAL(backing);
    return 0;
}

static int read_encryption(const found_image *record, struct guest_image *image, error **err)
{
    u_int length = record->passphrase.passphrase_len;
    AUTO_GUEST_ENCRYPTION struct guest_encryption *encryption = NULL;

    if (!record->encrypted)
        return length > 0 || record->missing.missing_len > 0 ? refuse(err) : 0;
    if (image->remote)
        return refuse(err);
    encryption = calloc(1, sizeof *encryption);
    if (encryption && length > 0)
        encryption->passphrase = secret_copy(record->passphrase.passphrase_val, length);
    else if (encryption)
        encryption->missing = record->missing.missing_len ? strndup(record->missing.missing_val,
                                                                    record->missing.missing_len)
                                                          : strdup("libvirt knows no key");
    if (!encryption || !(encryption->passphrase || encryption->missing))
        return error_no_memory(err);
    encryption->length = length;
    image->encryption = STEAL(encryption);
    return 0;
}

static int read_target(const found_image *record, struct guest_image *image, error **err)
{
    if (record->target.target_len == 0)
        return 0;
    if (memchr(record->target.target_val, '\0', record->target.target_len))
        return refuse(err);
    image->target = strndup(record->target.target_val, record->target.target_len);
    return image->target ? 0 : error_no_memory(err);
}

static int read_images(const found_guest *record, struct guest *guest, error **err)
{
    if (record->images.images_len == 0)
        return refuse(err);
    for (u_int i = 0; i < record->images.images_len; i++) {
        const found_image *image = &record->images.images_val[i];
        if (!is_image(image))
            return refuse(err);
        if (guest_add_image(guest, image->source.source_val, image->source.source_len,
                            (enum image_format)image->format, image->block_size, err) < 0 ||
            read_backing(image, &guest->images[i], err) < 0 ||
            read_encryption(image, &guest->images[i], err) < 0 ||
            read_target(image, &guest->images[i], err) < 0)
            return -1;
        guest->images[i].optional = image->optional;
    }
    return record->live ? guest_set_live(guest, err) : 0;
}

static int read_reason(const found_guest *record, struct guest *guest, error **err)
{
    if (record->status < STATUS_OK || record->status > STATUS_CRASHED ||
        record->images.images_len > 0)
        return refuse(err);
    error_set(&guest->refused, status_error_kind((enum status)record->status), "%.*s",
              (int)record->message.message_len, record->message.message_val);
    return 0;
}

void lookup_record_wipe(found_guest *record)
{
    for (u_int i = 0; i < record->images.images_len; i++) {
        found_image *image = &record->images.images_val[i];
        if (image->source.source_len > 0)
            explicit_bzero(image->source.source_val, image->source.source_len);
        if (image->passphrase.passphrase_len > 0)
            explicit_bzero(image->passphrase.passphrase_val, image->passphrase.passphrase_len);
    }
}

struct guest *lookup_record_read(const found_guest *record, error **err)
{
    AUTO_GUEST struct guest *guest = guest_new(0);
    AUTO_FREE char *name =
        record->name.name_len ? strndup(record->name.name_val, record->name.name_len) : NULL;

    if (!guest || (record->name.name_len && !name)) {
        error_no_memory(err);
        return NULL;
    }
    if (!name || !*name) {
        refuse(err);
        return NULL;
    }
    if (guest_set_name(guest, name, err) < 0)
        return NULL;
    /* Bounded by lookup.x. */
    if (record->uuid.uuid_len)
        memcpy(guest->uuid, record->uuid.uuid_val, record->uuid.uuid_len);
    if ((record->status == STATUS_OK ? read_images(record, guest, err)
                                     : read_reason(record, guest, err)) < 0)
        return NULL;
    return STEAL(guest);
}

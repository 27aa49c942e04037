/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image-package.h"

#include "image-file.h"
#include "image-header.h"
#include <fcntl.h>
#include <unistd.h>

struct package {
    enum image_package kind;
    uint64_t offset;
    const char *bytes;
    size_t size;
    const char *what, *how;
};

/* Sources: RFC 1952 (gzip), the .xz file format, RFC 8878 (zstd), POSIX ustar, and where no
 * standard says it, the file(1) magic of the format; of Acronis, Gary Kessler's table. */
static const struct package packages[] = {
    {IMAGE_PACKAGE_GZIP, 0, "\x1f\x8b\x08", 3, "compressed by gzip", "gunzip -k"},
    {IMAGE_PACKAGE_XZ, 0, "\xfd\x37zXZ", 6, "compressed by xz", "unxz -k"},
    {IMAGE_PACKAGE_ZSTD, 0, "\x28\xb5\x2f\xfd", 4, "compressed by zstd", "unzstd"},
    {IMAGE_PACKAGE_BZIP2, 4, "1AY&SY", 6, "compressed by bzip2", "bunzip2 -k"},
    {IMAGE_PACKAGE_TAR, 257, "ustar", 5, "a tar archive, as an OVA is one", "tar -xf"},
    {IMAGE_PACKAGE_OTHER, 0, "PK\x03\x04", 4, "a zip archive", "unzip"},
    {IMAGE_PACKAGE_OTHER, 0, "\x04\x22\x4d\x18", 4, "compressed by lz4", "unlz4"},
    {IMAGE_PACKAGE_OTHER, 0, "\x89LZO\0\r\n\x1a\n", 9, "compressed by lzop", "lzop -d"},
    {IMAGE_PACKAGE_OTHER, 0, "LZIP\x01", 5, "compressed by lzip", "lzip -dk"},
    {IMAGE_PACKAGE_OTHER, 0, "7z\xbc\xaf\x27\x1c", 6, "a 7-Zip archive", "7z x"},
    {IMAGE_PACKAGE_OTHER, 0, "Rar!\x1a\x07", 6, "a RAR archive", "unrar x"},
    {IMAGE_PACKAGE_OTHER, 0, "VMA", 4, "a backup of Proxmox VE", "vma extract"},
    {IMAGE_PACKAGE_OTHER, 0, "EVF\x09\x0d\x0a\xff", 8, "an EnCase image (EWF)",
     "ewfexport, or ewfmount"},
    {IMAGE_PACKAGE_OTHER, 0, "EVF2\x0d\x0a\x81", 8, "an EnCase image (EWF)",
     "ewfexport, or ewfmount"},
    {IMAGE_PACKAGE_OTHER, 0, "\xb4nhD", 4, "a backup of Acronis", "by Acronis' own program"},
    {IMAGE_PACKAGE_OTHER, 0, "\xce\x24\xb9\xa2\x20\0\0\0", 8, "a backup of Acronis",
     "by Acronis' own program"},
    {IMAGE_PACKAGE_OTHER, 0, "AFF10\r\n", 8, "an AFF image", "affconvert -r"},
    {IMAGE_PACKAGE_OTHER, 0, "MSWIM\0\0", 8, "a Windows image (WIM)", "wimapply"},
};

static const struct package *find(const void *bytes, size_t length)
{
    const struct header header = {.bytes = bytes, .length = length, .file_size = length};

    for (size_t i = 0; i < sizeof packages / sizeof packages[0]; i++)
        if (image_header_is(&header, packages[i].offset, packages[i].bytes, packages[i].size))
            return &packages[i];
    return NULL;
}

enum image_package image_package_detect(const void *header, size_t length)
{
    const struct package *package = find(header, length);

    return package ? package->kind : IMAGE_PACKAGE_NONE;
}

const char *image_package_describe(const void *header, size_t length)
{
    const struct package *package = find(header, length);

    return package ? package->what : "no archive";
}

int image_package_refuse(const struct header *header, error **err)
{
    const struct package *package = find(header->bytes, header->length);

    if (!package)
        return 0;
    return error_set(err, package->kind == IMAGE_PACKAGE_OTHER ? ERROR_UNSUPPORTED : ERROR_PACKED,
                     "it is %s: unpack it (%s) and name what is in it, or say --format=raw where "
                     "it is a disk all the same",
                     package->what, package->how);
}

int image_package_open(const char *path, uint64_t *size, enum image_package *package, error **err)
{
    char first[512];
    AUTO_IMAGE_FILE struct image_file file = {
        .path = path, .directory = AT_FDCWD, .name = path, .fd = -1};

    if (image_file_open(&file, err) < 0)
        return -1;
    ssize_t got = pread(file.fd, first, sizeof first, 0);
    if (got < 0)
        return error_set_errno(err, ERROR_UNREADABLE, errno, "cannot be read");
    *size = file.size;
    *package = image_package_detect(first, (size_t)got);
    return steal_fd(&file.fd);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Runs a fuzz target over files: a corpus becomes a regression test without a fuzzer. */
#include "base/cleanup.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Headers are read, not images: more is cut off. */
#define INPUT_MAX (1 << 20)

static int replay(const char *path)
{
    AUTO_FILE FILE *file = fopen(path, "rb");
    AUTO_FREE uint8_t *room = malloc(INPUT_MAX);
    if (!file || !room)
        return -1;
    size_t size = fread(room, 1, INPUT_MAX, file);
    if (ferror(file))
        return -1;

    /* Exactly as large as the input, so that a sanitizer sees an overrun. */
    AUTO_FREE uint8_t *exact = malloc(size + !size);
    if (!exact)
        return -1;
    memcpy(exact, room, size);
    LLVMFuzzerTestOneInput(exact, size);
    return 0;
}

int main(int argc, char **argv)
{
    int failed = 0;

    for (int i = 1; i < argc; i++)
        if (replay(argv[i]) < 0) {
            fprintf(stderr, "%s: %s: %s\n", argv[0], argv[i], strerror(errno));
            failed = 1;
        }
    printf("%d inputs\n", argc - 1);
    return failed;
}

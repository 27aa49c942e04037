/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Parsing of option values that several commands share. Each returns 0; or -1 and *err, which names
 * the valid values. */
#ifndef VLT_OPTION_VALUES_H
#define VLT_OPTION_VALUES_H

#include "base/error.h"
#include "image/image-probe.h"

#include <stdbool.h>
#include <stddef.h>

/* One of `count` words: its index in *chosen. *err names all of them. `what` is the option. */
int option_value_choose(const char *what, const char *word, const char *const *words, size_t count,
                        unsigned *chosen, error **err);

/* minimum ≤ *number ≤ maximum. */
int option_value_number(const char *what, const char *word, unsigned minimum, unsigned maximum,
                        unsigned *number, error **err);

/* --format. NULL and the empty word: IMAGE_DETECT. */
int option_value_format(const char *word, enum image_format *format, error **err);

/* --blocksize, in bytes. NULL and the empty word: 0, not given. */
int option_value_block_size(const char *word, unsigned *bytes, error **err);

/* --backing */
int option_value_backing(const char *word, enum backing_policy *policy, error **err);

/* --accel: "kvm" or "tcg", which are static; NULL is auto. */
int option_value_accel(const char *word, const char **accel, error **err);

/* Options without a value: each sets the bool at `offset` in the command's options. */
struct option_flag {
    int code;
    size_t offset;
};

/* Sets the bool of the flag with that code. false: none has it. */
bool option_value_flag(const struct option_flag *flags, size_t count, int code, void *options);

#endif

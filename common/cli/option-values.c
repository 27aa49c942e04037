/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "option-values.h"

#include "base/text.h"

#include <glib.h>
#include <string.h>

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

int option_value_choose(const char *what, const char *word, const char *const *words, size_t count,
                        unsigned *chosen, error **err)
{
    g_autoptr(GString) known = g_string_new(NULL);

    for (size_t i = 0; i < count; i++) {
        if (strcmp(word, words[i]) == 0) {
            *chosen = (unsigned)i;
            return 0;
        }
        g_string_append_printf(known, "%s%s", i ? ", " : "", words[i]);
    }
    return error_set(err, ERROR_USAGE, "%s: \"%s\" is none of %s", what, word, known->str);
}

int option_value_number(const char *what, const char *word, unsigned minimum, unsigned maximum,
                        unsigned *number, error **err)
{
    uint64_t value;

    if (text_parse_number(word, what, minimum, maximum, &value, err) < 0)
        return -1;
    *number = (unsigned)value;
    return 0;
}

int option_value_format(const char *word, enum image_format *format, error **err)
{
    const char *words[IMAGE_FORMAT_COUNT - 1];
    unsigned chosen = 0;

    *format = IMAGE_DETECT;
    if (!word || !*word)
        return 0;
    for (unsigned i = IMAGE_RAW; i < IMAGE_FORMAT_COUNT; i++)
        words[i - IMAGE_RAW] = image_format_name((enum image_format)i);
    if (option_value_choose("--format", word, words, ARRAY_SIZE(words), &chosen, err) < 0)
        return -1;
    *format = (enum image_format)(chosen + IMAGE_RAW);
    return 0;
}

int option_value_block_size(const char *word, unsigned *bytes, error **err)
{
    static const char *const words[] = {"512", "4096"};
    static const unsigned sizes[] = {512, 4096};
    unsigned chosen = 0;

    *bytes = 0;
    if (!word || !*word)
        return 0;
    if (option_value_choose("--blocksize", word, words, ARRAY_SIZE(words), &chosen, err) < 0)
        return -1;
    *bytes = sizes[chosen];
    return 0;
}

int option_value_backing(const char *word, enum backing_policy *policy, error **err)
{
    static const char *const words[] = {
        [BACKING_DENY] = "deny", [BACKING_SAME_DIR] = "same-dir", [BACKING_ALLOW] = "allow"};
    unsigned chosen = 0;

    if (option_value_choose("--backing", word, words, ARRAY_SIZE(words), &chosen, err) < 0)
        return -1;
    *policy = (enum backing_policy)chosen;
    return 0;
}

int option_value_accel(const char *word, const char **accel, error **err)
{
    static const char *const words[] = {"auto", "kvm", "tcg"};
    unsigned chosen = 0;

    if (option_value_choose("--accel", word, words, ARRAY_SIZE(words), &chosen, err) < 0)
        return -1;
    *accel = chosen == 0 ? NULL : words[chosen];
    return 0;
}

bool option_value_flag(const struct option_flag *flags, size_t count, int code, void *options)
{
    for (size_t i = 0; i < count; i++)
        if (flags[i].code == code) {
            *(bool *)((char *)options + flags[i].offset) = true;
            return true;
        }
    return false;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "output-file.h"

#include <glib.h>

int output_file_write(const char *option, const char *path, const char *text, size_t length,
                      error **err)
{
    g_autoptr(GError) why = NULL;

    if (g_file_set_contents_full(path, text, (gssize)length,
                                 G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE, 0644,
                                 &why))
        return 0;
    return error_set(err, ERROR_HOST, "%s: %s", option, why->message);
}

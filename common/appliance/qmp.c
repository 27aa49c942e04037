/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "qmp.h"

#include <string.h>

char *qmp_command(const char *command, json_t *arguments)
{
    json_t *object = json_pack("{s:s, s:o*}", "execute", command, "arguments", arguments);
    char *text = object ? json_dumps(object, JSON_COMPACT) : NULL;
    json_decref(object);
    return text;
}

json_t *qmp_return(const char *reply, error **err)
{
    json_t *object = json_loads(reply, 0, NULL);
    if (object)
        return qmp_result(object, err);
    error_set(err, ERROR_APPLIANCE, "QEMU's reply is not JSON");
    return NULL;
}

json_t *qmp_result(json_t *object, error **err)
{
    json_t *result = json_incref(json_object_get(object, "return"));
    if (!result) {
        const char *why =
            json_string_value(json_object_get(json_object_get(object, "error"), "desc"));
        error_set(err, ERROR_REFUSED, "%s",
                  why ? why : "QEMU's reply is neither a result nor an error");
    }
    json_decref(object);
    return result;
}

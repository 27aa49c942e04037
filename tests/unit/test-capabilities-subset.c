/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is left out of what libvirt has found out about QEMU. */
#include "libvirt/capabilities-subset.h"

#include "base/cleanup.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h> /* needs the above */

/* As libvirt 9.0 writes it, with much less of each. */
static const char whole[] =
    "<qemuCaps>\n"
    "  <emulator>/usr/bin/qemu-system-x86_64</emulator>\n"
    "  <qemuctime>1796048193</qemuctime>\n"
    "  <flag name='kvm'/>\n"
    "  <hostCPU type='kvm' model='base' migratability='yes'>\n"
    "    <property name='pku' type='boolean' value='true'/>\n"
    "  </hostCPU>\n"
    "  <cpu type='kvm' name='qemu64' typename='qemu64-x86_64-cpu' usable='no'>\n"
    "    <blocker name='svm'/>\n"
    "  </cpu>\n"
    "  <machine type='kvm' name='pc-q35-7.2' alias='q35' maxCpus='288'/>\n"
    "  <hostCPU type='tcg' model='base' migratability='yes'>\n"
    "    <property name='smap' type='boolean' value='true'/>\n"
    "  </hostCPU>\n"
    "  <cpu type='tcg' name='Denverton' typename='Denverton-x86_64-cpu' usable='no'>\n"
    "    <blocker name='x2apic'/>\n"
    "  </cpu>\n"
    "  <cpu type='tcg' name='max' typename='max-x86_64-cpu' usable='yes'/>\n"
    "  <machine type='tcg' name='pc-q35-7.2' alias='q35' maxCpus='288'/>\n"
    "  <machine type='tcg' name='isapc' maxCpus='1'/>\n"
    "</qemuCaps>\n";

static char *subset(const char *accel, const char *machine, const char *text)
{
    const struct capabilities_subset use = {accel, machine};
    return capabilities_subset_make(&use, text, strlen(text));
}

static void assert_has(const char *text, const char *wanted)
{
    if (!strstr(text, wanted))
        fail_msg("\"%s\" is not in:\n%s", wanted, text);
}

static void assert_has_not(const char *text, const char *unwanted)
{
    if (strstr(text, unwanted))
        fail_msg("\"%s\" is in:\n%s", unwanted, text);
}

static void the_other_accelerators_part_goes(void **state)
{
    (void)state;
    AUTO_FREE char *tcg = subset("tcg", "q35", whole), *kvm = subset("kvm", "q35", whole);
    assert_non_null(tcg);
    assert_non_null(kvm);
    assert_has_not(tcg, "type=\"kvm\"");
    assert_has_not(tcg, "pku");
    assert_has(tcg, "smap");
    assert_has(tcg, "<cpu type=\"tcg\" name=\"max\"");
    assert_has_not(kvm, "type=\"tcg\"");
    assert_has(kvm, "pku");
}

static void other_machines_go(void **state)
{
    (void)state;
    AUTO_FREE char *by_alias = subset("tcg", "q35", whole);
    AUTO_FREE char *by_name = subset("tcg", "pc-q35-7.2", whole);
    assert_non_null(by_alias);
    assert_has(by_alias, "pc-q35-7.2");
    assert_has_not(by_alias, "isapc");
    assert_string_equal(by_alias, by_name);
}

static void a_processors_model_stays_without_what_it_lacks(void **state)
{
    (void)state;
    AUTO_FREE char *text = subset("tcg", "q35", whole);
    assert_non_null(text);
    assert_has(text, "Denverton");
    assert_has_not(text, "blocker");
}

/* What libvirt compares, and what a later one may add. */
static void all_else_stays(void **state)
{
    (void)state;
    AUTO_FREE char *text = subset("tcg", "q35", whole);
    assert_non_null(text);
    assert_has(text, "<qemuctime>1796048193</qemuctime>");
    assert_has(text, "<flag name=\"kvm\"/>");
    AUTO_FREE char *later = subset("tcg", "q35",
                                   "<qemuCaps><machine type='tcg' name='q35'/>"
                                   "<news type='kvm'/></qemuCaps>");
    assert_non_null(later);
    assert_has(later, "<news type=\"kvm\"/>");
}

static void what_cannot_be_used_is_left_alone(void **state)
{
    (void)state;
    assert_null(subset("tcg", "virt", whole)); /* no such machine */
    assert_null(subset("hvf", "q35", whole));
    assert_null(subset("tcg", "q35", ""));
    assert_null(subset("tcg", "q35", "<qemuCaps>"));
    assert_null(subset("tcg", "q35", "<domain><machine type='tcg' name='q35'/></domain>"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_other_accelerators_part_goes),
        cmocka_unit_test(other_machines_go),
        cmocka_unit_test(a_processors_model_stays_without_what_it_lacks),
        cmocka_unit_test(all_else_stays),
        cmocka_unit_test(what_cannot_be_used_is_left_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/common-options.h"

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define OPT_OWN COMMON_OPTIONS_COMMAND

static struct poptOption table[] = {
    {"own", 'o', POPT_ARG_STRING, NULL, OPT_OWN, "the command's own", "VALUE"},
    {NULL, 0, POPT_ARG_INCLUDE_TABLE, common_options_popt, 0, "Common:", NULL},
    POPT_TABLEEND};

static char own[32];

static int take(void *data, int code, const char *value, error **err)
{
    (void)data;
    assert_int_equal(code, OPT_OWN);
    if (strcmp(value, "wrong") == 0)
        return error_set(err, ERROR_APPLIANCE, "own: wrong");
    snprintf(own, sizeof own, "%s", value);
    return 0;
}

/* Reads words up to a NULL, as a command line. */
static int parse(struct common_options *options, const char *const *words, error **err)
{
    char *argv[16] = {(char *)"test"};
    int argc = 1;

    for (; words[argc - 1]; argc++)
        argv[argc] = (char *)words[argc - 1];
    common_options_init(options);
    return common_options_parse(options, argc, argv, table, take, NULL, err);
}

#define WORDS(...)                                                                                 \
    (const char *const[])                                                                          \
    {                                                                                              \
        __VA_ARGS__, NULL                                                                          \
    }

static struct guest *next_guest(struct common_options *options)
{
    struct guest *guest = NULL;

    assert_int_equal(guest_list_next(options->guests, &guest, NULL), GUEST_LIST_GUEST);
    return guest;
}

static void expect_image(struct common_options *options, const char *path, enum image_format format,
                         unsigned block_size)
{
    AUTO_GUEST struct guest *guest = next_guest(options);

    assert_int_equal(guest->image_count, 1);
    assert_string_equal(guest->images[0].path, path);
    assert_int_equal(guest->images[0].format, format);
    assert_int_equal(guest->images[0].block_size, block_size);
}

static void expect_no_more(struct common_options *options)
{
    struct guest *guest = NULL;

    assert_int_equal(guest_list_next(options->guests, &guest, NULL), GUEST_LIST_END);
}

static void expect_usage_error(const char *const *words, const char *message)
{
    AUTO_COMMON_OPTIONS struct common_options options;
    AUTO_ERROR error *err = NULL;

    assert_int_equal(parse(&options, words, &err), -1);
    if (!strstr(error_message(err), message))
        fail_msg("\"%s\" is not in \"%s\"", message, error_message(err));
}

static void defaults_are_those_of_the_contract(void **state)
{
    AUTO_COMMON_OPTIONS struct common_options options;

    (void)state;
    assert_int_equal(parse(&options, WORDS("a.img"), NULL), 0);
    assert_int_equal(options.config.isolation, ISOLATE_OWNER);
    assert_int_equal(options.config.backing, BACKING_SAME_DIR);
    assert_int_equal(options.config.wave, 255);
    assert_int_equal(options.config.parallel, 0);
    assert_int_equal(options.config.timeout, 60);
    assert_null(options.config.accel);
    assert_null(options.config.appliance);
    assert_int_equal(options.progress, PROGRESS_AUTO);
    assert_false(options.quiet || options.stats || options.verbose || options.config.trace);
}

static void a_point_in_time_is_for_libvirt_guests(void **state)
{
    AUTO_COMMON_OPTIONS struct common_options options, without;

    (void)state;
    assert_int_equal(
        parse(&options, WORDS("--consistent", "-c", "test:///default", "-d", "g", "a"), NULL), 0);
    assert_ptr_equal(options.config.backups, &backup_libvirt);
    assert_string_equal(options.config.backups_uri, "test:///default");
    assert_int_equal(parse(&without, WORDS("-d", "g"), NULL), 0);
    assert_null(without.config.backups);
    expect_usage_error(WORDS("--consistent", "a"), "--consistent is for libvirt guests");
}

static void every_option_is_read(void **state)
{
    AUTO_COMMON_OPTIONS struct common_options options;

    (void)state;
    assert_int_equal(
        parse(&options,
              WORDS("-qvx", "--stats", "--isolate=guest", "--wave", "1", "-P2", "--timeout=0",
                    "--accel=kvm", "--memsize=1024", "--appliance=/x", "--backing=deny",
                    "--filesystems=safe", "--progress=never", "-oyes", "a"),
              NULL),
        0);
    assert_true(options.quiet && options.stats && options.verbose && options.config.trace);
    assert_int_equal(options.config.isolation, ISOLATE_GUEST);
    assert_int_equal(options.config.wave, 1);
    assert_int_equal(options.config.parallel, 2);
    assert_int_equal(options.config.timeout, 0);
    assert_string_equal(options.config.accel, "kvm");
    assert_int_equal(options.config.memory_mib, 1024);
    assert_string_equal(options.config.appliance, "/x");
    assert_int_equal(options.config.backing, BACKING_DENY);
    assert_true(options.safe);
    assert_int_equal(options.progress, PROGRESS_NEVER);
    assert_string_equal(own, "yes");
}

/* popt would put the next word there, and take it away. */
static void a_value_may_hold_what_popt_replaces(void **state)
{
    AUTO_COMMON_OPTIONS struct common_options options, attached;

    (void)state;
    assert_int_equal(parse(&options,
                           WORDS("-o!#:+", "b", "-a", "x!#:+!#:+", "--appliance=!#\1:+",
                                 "--images-from", "no!#:+list", "y!#:+!", "--", "-!#:+"),
                           NULL),
                     0);
    assert_string_equal(own, "!#:+");
    assert_string_equal(options.config.appliance, "!#\1:+");
    assert_string_equal(options.lists->pdata[0], "no!#:+list");
    expect_image(&options, "b", IMAGE_DETECT, 0);
    expect_image(&options, "x!#:+!#:+", IMAGE_DETECT, 0);
    expect_image(&options, "y!#:+!", IMAGE_DETECT, 0);
    expect_image(&options, "-!#:+", IMAGE_DETECT, 0);
    assert_int_equal(parse(&attached, WORDS("--add=!#!#:+", "-a!#", "b"), NULL), 0);
    AUTO_GUEST struct guest *guest = next_guest(&attached);
    assert_int_equal(guest->image_count, 2);
    assert_string_equal(guest->images[0].path, "!#!#:+");
    assert_string_equal(guest->images[1].path, "!#");
    expect_image(&attached, "b", IMAGE_DETECT, 0);
    expect_no_more(&attached);
}

static void format_holds_for_what_follows(void **state)
{
    AUTO_COMMON_OPTIONS struct common_options options;

    (void)state;
    assert_int_equal(parse(&options,
                           WORDS("--format=raw", "a", "--blocksize=4096", "b", "--format", "c",
                                 "--blocksize", "d", "--format=qcow2", "e"),
                           NULL),
                     0);
    expect_image(&options, "a", IMAGE_RAW, 0);
    expect_image(&options, "b", IMAGE_RAW, 4096);
    expect_image(&options, "c", IMAGE_DETECT, 4096);
    expect_image(&options, "d", IMAGE_DETECT, 0);
    expect_image(&options, "e", IMAGE_QCOW2, 0);
    expect_no_more(&options);
}

static void format_takes_no_word_of_its_own(void **state)
{
    AUTO_COMMON_OPTIONS struct common_options options;

    (void)state;
    assert_int_equal(parse(&options, WORDS("--format", "raw", "--blocksize", "512"), NULL), 0);
    expect_image(&options, "raw", IMAGE_DETECT, 0);
    expect_image(&options, "512", IMAGE_DETECT, 0);
    expect_no_more(&options);
}

static void several_disks_are_one_guest(void **state)
{
    AUTO_COMMON_OPTIONS struct common_options options;

    (void)state;
    assert_int_equal(parse(&options, WORDS("x", "-a", "a", "y", "--format=raw", "--add=b"), NULL),
                     0);
    expect_image(&options, "x", IMAGE_DETECT, 0);
    AUTO_GUEST struct guest *guest = next_guest(&options);
    assert_string_equal(guest->name, "a+");
    assert_int_equal(guest->image_count, 2);
    assert_int_equal(guest->images[0].format, IMAGE_DETECT);
    assert_string_equal(guest->images[1].path, "b");
    assert_int_equal(guest->images[1].format, IMAGE_RAW);
    expect_image(&options, "y", IMAGE_DETECT, 0);
    expect_no_more(&options);
}

static void names_that_look_like_options_are_possible(void **state)
{
    AUTO_COMMON_OPTIONS struct common_options options;

    (void)state;
    assert_int_equal(parse(&options, WORDS("./--format", "--", "--format", "-q", "--"), NULL), 0);
    expect_image(&options, "./--format", IMAGE_DETECT, 0);
    expect_image(&options, "--format", IMAGE_DETECT, 0);
    expect_image(&options, "-q", IMAGE_DETECT, 0);
    expect_image(&options, "--", IMAGE_DETECT, 0);
    assert_false(options.quiet);
}

static void lists_count_as_images(void **state)
{
    AUTO_COMMON_OPTIONS struct common_options options;

    (void)state;
    assert_int_equal(parse(&options, WORDS("--images-from", "-", "--images-from=b", "-0"), NULL),
                     0);
    assert_int_equal(options.lists->len, 2);
    assert_string_equal(options.lists->pdata[0], "-");
    assert_string_equal(options.lists->pdata[1], "b");
}

static void help_and_version_need_nothing_else(void **state)
{
    static const struct {
        const char *word;
        enum common_options_show show;
    } words[] = {{"--help", SHOW_HELP},
                 {"--usage", SHOW_USAGE},
                 {"--version", SHOW_VERSION},
                 {"-V", SHOW_VERSION}};

    (void)state;
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        AUTO_COMMON_OPTIONS struct common_options options;
        assert_int_equal(parse(&options, WORDS(words[i].word, "--nonsense"), NULL), 0);
        assert_int_equal(options.show, words[i].show);
    }
}

static void wrong_usage_is_named(void **state)
{
    (void)state;
    expect_usage_error(WORDS("-q"), "no image given");
    expect_usage_error(WORDS("--foo", "a"), "--foo: unknown option");
    expect_usage_error(WORDS("-?", "a"), "unknown option");
    expect_usage_error(WORDS("-a"), "-a: missing argument");
    expect_usage_error(WORDS("--stats=1", "a"), "--stats");
    expect_usage_error(WORDS("-o", "wrong", "a"), "own: wrong");
    expect_usage_error(WORDS("-d", ""), "-d: the name of a guest is empty");
    expect_usage_error(WORDS("-c", "test:///default"), "no image given");
    expect_usage_error(WORDS(""), "the name of an image is empty");
    expect_usage_error(WORDS("-a", ""), "the name of an image is empty");
    expect_usage_error(WORDS("-a", "nbd+unix:///x?sock=y"), "ends with ?socket=PATH");
    expect_usage_error(WORDS("-a", "ftp://u:secret@h/x"),
                       "image \"ftp://...\": ftp:// is not read");
    expect_usage_error(WORDS("--format=nonsense", "a"), "--format: \"nonsense\" is none of raw");
    expect_usage_error(WORDS("--blocksize=513", "a"), "is none of 512, 4096");
    expect_usage_error(WORDS("--isolate=owners", "a"), "is none of none, owner");
    expect_usage_error(WORDS("--accel=hvf", "a"), "is none of auto, kvm, tcg");
    expect_usage_error(WORDS("--backing=", "a"), "--backing: \"\" is none of");
    expect_usage_error(WORDS("--progress=yes", "a"), "--progress");
}

/* They may be in cron's mail. */
static void values_of_unknown_options_are_not_repeated(void **state)
{
    static const char *const slips[] = {"--keyz=all:key:hunter2", "--keys-from-stdin=hunter2",
                                        "-kall:key:hunter2", "-Y=hunter2"};

    (void)state;
    for (size_t i = 0; i < sizeof slips / sizeof slips[0]; i++) {
        AUTO_COMMON_OPTIONS struct common_options options;
        AUTO_ERROR error *err = NULL;
        assert_int_equal(parse(&options, WORDS(slips[i], "a"), &err), -1);
        assert_null(strstr(error_message(err), "hunter2"));
    }
    expect_usage_error(WORDS("--keyz=all:key:hunter2"), "--keyz: unknown option");
    expect_usage_error(WORDS("--key!#=x"), "--key!#: unknown option");
}

static void numbers_are_strict(void **state)
{
    (void)state;
    expect_usage_error(WORDS("--wave=0", "a"), "--wave: 0 is not between 1 and 255");
    expect_usage_error(WORDS("--wave=256", "a"), "not between");
    expect_usage_error(WORDS("--wave=1k", "a"), "not a number");
    expect_usage_error(WORDS("-P", "-1", "a"), "not a number");
    expect_usage_error(WORDS("--timeout= 1", "a"), "not a number");
    expect_usage_error(WORDS("--timeout=99999999999999999999", "a"), "not between");
    expect_usage_error(WORDS("--memsize=1", "a"), "not between");
}

static void a_guest_has_at_most_as_many_disks_as_there_are_slots(void **state)
{
    enum { TOO_MANY = SLOT_COUNT + 1 };
    char *argv[1 + 2 * TOO_MANY + 1] = {(char *)"test"};
    AUTO_COMMON_OPTIONS struct common_options options;
    AUTO_ERROR error *err = NULL;

    (void)state;
    for (int i = 0; i < TOO_MANY; i++) {
        argv[1 + 2 * i] = (char *)"-a";
        argv[2 + 2 * i] = (char *)"x";
    }
    common_options_init(&options);
    assert_int_equal(
        common_options_parse(&options, 1 + 2 * SLOT_COUNT, argv, table, take, NULL, NULL), 0);
    common_options_clear(&options);
    assert_int_equal(
        common_options_parse(&options, 1 + 2 * TOO_MANY, argv, table, take, NULL, &err), -1);
    assert_non_null(strstr(error_message(err), "more than 255 images"));
}

/* A guest that libvirt was asked for: one of its test driver, which needs no hypervisor. */
static struct guest *wait_for_guest(struct common_options *options)
{
    struct guest *guest = NULL;

    while (guest_list_next(options->guests, &guest, NULL) == GUEST_LIST_WAIT)
        poll(&(struct pollfd){guest_list_fd(options->guests), POLLIN, 0}, 1, 10000);
    assert_non_null(guest);
    return guest;
}

static void each_domain_is_a_guest_in_its_place(void **state)
{
    AUTO_COMMON_OPTIONS struct common_options options;

    (void)state;
    assert_int_equal(
        parse(&options,
              WORDS("-d", "test", "-a", "a", "-c", "test:///default", "-a", "b", "--domain=nobody"),
              NULL),
        0);
    AUTO_GUEST struct guest *known = wait_for_guest(&options);
    AUTO_GUEST struct guest *files = wait_for_guest(&options);
    AUTO_GUEST struct guest *unknown = wait_for_guest(&options);
    assert_string_equal(known->name, "test");
    assert_string_equal(known->images[0].path, "/guest/diskimage1");
    assert_string_equal(files->name, "a+");
    assert_string_equal(unknown->name, "nobody");
    assert_non_null(strstr(error_message(unknown->refused), "Domain not found"));
    expect_no_more(&options);
}

static void all_domains_where_nothing_is_named(void **state)
{
    const char *words[] = {"test", "-c", "test:///default", "a"};

    (void)state;
    for (int count = 3; count <= 4; count++) {
        AUTO_COMMON_OPTIONS struct common_options options;
        common_options_init(&options);
        options.all_by_default = options.uuids = true;
        assert_int_equal(common_options_parse(&options, count, (char **)(uintptr_t)words, table,
                                              take, NULL, NULL),
                         0);
        AUTO_GUEST struct guest *guest = wait_for_guest(&options);
        assert_string_equal(guest->name, count == 3 ? "6695eb01-f6a4-8304-79aa-97f2502e193f" : "a");
        assert_int_equal(guest_list_total(options.guests), count == 3 ? 0 : 1);
    }
}

static void progress_says_how_fast_and_how_long(void **state)
{
    char buffer[PROGRESS_FIGURES_MAX];

    (void)state;
    assert_string_equal(progress_figures(0, 0, 42000000, buffer), "0 done");
    assert_string_equal(progress_figures(84, 0, 42000000, buffer), "84 done 2.0/s");
    assert_string_equal(progress_figures(1, 100, 60000000, buffer), "1/100 1% 1.0/min 99:00 left");
    assert_string_equal(progress_figures(500, 1000, 10000000, buffer),
                        "500/1000 50% 50/s 0:10 left");
    assert_string_equal(progress_figures(3, 3, 1000000, buffer), "3/3 100% 3.0/s");
    progress_figures(UINT64_MAX, UINT64_MAX, UINT64_MAX, buffer); /* fits */
    progress_figures(UINT64_MAX - 1, UINT64_MAX, 1, buffer);
}

static void progress_text_fits_its_width(void **state)
{
    char buffer[41];

    (void)state;
    assert_string_equal(progress_text(3, 0, 0, 40, buffer), "3 done");
    assert_string_equal(progress_text(0, 4, 0, 20, buffer), "[...........] 0/4 0%");
    assert_string_equal(progress_text(1, 2, 42000000, 40, buffer),
                        "[######......] 1/2 50% 1.4/min 0:42 left");
    assert_string_equal(progress_text(9, 2, 0, 20, buffer), "2/2 100%");
    assert_string_equal(progress_text(1, 2, 42000000, 5, buffer), "1/2 5");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_are_those_of_the_contract),
        cmocka_unit_test(a_point_in_time_is_for_libvirt_guests),
        cmocka_unit_test(every_option_is_read),
        cmocka_unit_test(a_value_may_hold_what_popt_replaces),
        cmocka_unit_test(format_holds_for_what_follows),
        cmocka_unit_test(format_takes_no_word_of_its_own),
        cmocka_unit_test(several_disks_are_one_guest),
        cmocka_unit_test(names_that_look_like_options_are_possible),
        cmocka_unit_test(lists_count_as_images),
        cmocka_unit_test(help_and_version_need_nothing_else),
        cmocka_unit_test(wrong_usage_is_named),
        cmocka_unit_test(values_of_unknown_options_are_not_repeated),
        cmocka_unit_test(numbers_are_strict),
        cmocka_unit_test(a_guest_has_at_most_as_many_disks_as_there_are_slots),
        cmocka_unit_test(each_domain_is_a_guest_in_its_place),
        cmocka_unit_test(all_domains_where_nothing_is_named),
        cmocka_unit_test(progress_says_how_fast_and_how_long),
        cmocka_unit_test(progress_text_fits_its_width),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

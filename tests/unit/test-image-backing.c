/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* image_chain_open() on images that name a backing file: what each policy follows. */
#include "lib/image-files.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

static void deny_follows_nothing(void **state)
{
    (void)state;
    make_raw("base.raw", 1 << 20);
    make_qcow2_file("over.qcow2", "base.raw", "raw");
    assert_policy_refuses("over.qcow2", BACKING_DENY, ERROR_REFUSED,
                          "the image names a backing file, \"base.raw\"; --backing=same-dir or "
                          "--backing=allow would follow it");
}

static void a_backing_file_beside_the_image_is_followed(void **state)
{
    (void)state;
    make_raw("base.raw", 1 << 20);
    make_qcow2_file("over.qcow2", "base.raw", "raw");
    for (int policy = BACKING_SAME_DIR; policy <= BACKING_ALLOW; policy++) {
        AUTO_IMAGE_CHAIN struct image_chain *chain =
            open_chain("over.qcow2", (enum backing_policy)policy);
        assert_int_equal(chain->count, 2);
        assert_int_equal(chain->layers[0].format, IMAGE_QCOW2);
        assert_int_equal(chain->layers[1].format, IMAGE_RAW);
        assert_string_equal(chain->layers[1].path, "base.raw");
        assert_int_equal(chain->size, 1 << 20);
    }
}

static void names_are_relative_to_the_image_that_has_them(void **state)
{
    (void)state;
    make_raw("base.raw", 512);
    make_raw("sub/deep.raw", 512);
    make_qcow2_file("sub/mid.qcow2", "deep.raw", "raw");
    make_qcow2_file("sub/up.qcow2", "../base.raw", "raw");
    make_qcow2_file("down.qcow2", "sub/mid.qcow2", "qcow2");
    make_qcow2_file("downup.qcow2", "sub/up.qcow2", "qcow2");
    for (int policy = BACKING_SAME_DIR; policy <= BACKING_ALLOW; policy++) {
        AUTO_IMAGE_CHAIN struct image_chain *down =
            open_chain("./down.qcow2", (enum backing_policy)policy);
        AUTO_IMAGE_CHAIN struct image_chain *up =
            open_chain("./downup.qcow2", (enum backing_policy)policy);
        assert_int_equal(down->count, 3);
        assert_string_equal(down->layers[2].path, "./sub/deep.raw");
        assert_int_equal(up->count, 3);
        assert_string_equal(up->layers[2].path,
                            policy == BACKING_ALLOW ? "./sub/../base.raw" : "./base.raw");
    }
}

static void absolute_names_in_the_same_directory_are_followed(void **state)
{
    AUTO_FREE char *base = NULL, *top = NULL;

    (void)state;
    assert_true(asprintf(&base, "%s/base.raw", image_directory) > 0);
    assert_true(asprintf(&top, "%s/abs.qcow2", image_directory) > 0);
    make_raw("base.raw", 512);
    make_qcow2_file("abs.qcow2", base, "raw");
    AUTO_IMAGE_CHAIN struct image_chain *by_path = open_chain(top, BACKING_SAME_DIR);
    AUTO_IMAGE_CHAIN struct image_chain *by_name = open_chain("abs.qcow2", BACKING_SAME_DIR);
    assert_int_equal(by_path->count, 2);
    assert_int_equal(by_name->count, 2);
}

static void same_dir_never_leaves_the_directory(void **state)
{
    static const char *const ways[] = {
        "/etc/passwd", "../base.raw",          "../../../../etc/passwd",
        "..",          "./../sub/../base.raw", "file:/etc/passwd"};
    AUTO_FREE char *sibling = NULL, *dots = NULL;

    (void)state;
    make_raw("base.raw", 512);
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        make_qcow2_file("sub/over.qcow2", ways[i], "raw");
        assert_policy_refuses("sub/over.qcow2", BACKING_SAME_DIR, ERROR_REFUSED,
                              "--backing=allow would follow it");
    }
    assert_true(asprintf(&sibling, "%s/subway", image_directory) > 0);
    assert_true(asprintf(&dots, "%s/sub/../base.raw", image_directory) > 0);
    make_raw("subway", 512);
    make_qcow2_file("sub/over.qcow2", sibling, "raw");
    assert_policy_refuses("sub/over.qcow2", BACKING_SAME_DIR, ERROR_REFUSED, "outside");
    make_qcow2_file("sub/over.qcow2", dots, "raw");
    assert_policy_refuses("sub/over.qcow2", BACKING_SAME_DIR, ERROR_REFUSED, "outside");
}

static void same_dir_follows_no_symlink(void **state)
{
    (void)state;
    make_raw("sub/inside.raw", 512);
    assert_int_equal(symlink("inside.raw", "sub/harmless"), 0);
    assert_int_equal(symlink("/etc", "sub/etc"), 0);
    make_qcow2_file("sub/over.qcow2", "harmless", "raw");
    assert_policy_refuses("sub/over.qcow2", BACKING_SAME_DIR, ERROR_REFUSED, "symbolic link");
    make_qcow2_file("sub/over.qcow2", "etc/passwd", "raw");
    assert_policy_refuses("sub/over.qcow2", BACKING_SAME_DIR, ERROR_REFUSED, "symbolic link");
}

static void same_dir_is_that_of_the_named_image_for_the_whole_chain(void **state)
{
    (void)state;
    make_raw("base.raw", 512);
    make_qcow2_file("sub/mid.qcow2", "../../base.raw", "raw");
    make_qcow2_file("over.qcow2", "sub/mid.qcow2", "qcow2");
    assert_policy_refuses("over.qcow2", BACKING_SAME_DIR, ERROR_REFUSED,
                          "backing file sub/mid.qcow2: the image names a backing file, "
                          "\"../../base.raw\", outside its directory");
}

#define STRANGER 4321

/* A backing file of root's that everybody may read, in sub/private/. */
static void make_private_base(void)
{
    mkdir("sub/private", 0700);
    mkdir("sub/mine", 0700);
    make_raw("sub/private/base.raw", 512);
    assert_int_equal(chmod("sub/private/base.raw", 0644), 0);
}

static void make_strangers_image(const char *backing, const char *format)
{
    make_qcow2_file("over.qcow2", backing, format);
    assert_int_equal(chown("over.qcow2", STRANGER, STRANGER), 0);
}

static void same_dir_follows_where_the_images_owner_can_go(void **state)
{
    static const char *const ways[] = {"sub/private/base.raw", "./sub//private/./base.raw",
                                       "sub/mine/../private/base.raw"};

    (void)state;
    if (geteuid() != 0)
        skip();
    make_private_base();
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        assert_int_equal(chmod("sub/private", 0700), 0);
        make_strangers_image(ways[i], "raw");
        assert_policy_refuses("over.qcow2", BACKING_SAME_DIR, ERROR_REFUSED,
                              "backing file sub/private/base.raw: a directory on the way to it "
                              "belongs to another user than the image");
        assert_int_equal(chmod("sub/private", 0711), 0);
        AUTO_IMAGE_CHAIN struct image_chain *chain = open_chain("over.qcow2", BACKING_SAME_DIR);
        assert_int_equal(chain->count, 2);
    }
    assert_int_equal(chmod("sub/private", 0700), 0);
    assert_int_equal(chown("sub/private", STRANGER, STRANGER), 0);
    AUTO_IMAGE_CHAIN struct image_chain *own = open_chain("over.qcow2", BACKING_SAME_DIR);
    assert_int_equal(own->count, 2);
    assert_int_equal(chown("sub/private", 0, 0), 0);
    assert_int_equal(unlink("over.qcow2"), 0);
}

static void what_is_there_is_not_said_where_the_owner_cannot_go(void **state)
{
    (void)state;
    if (geteuid() != 0)
        skip();
    make_private_base();
    make_strangers_image("sub/private/nothing", "raw");
    assert_policy_refuses("over.qcow2", BACKING_SAME_DIR, ERROR_REFUSED, "a directory on the way");
    /* Nor what a header says. */
    make_qcow2_file("sub/secret.qcow2", "../../name", "raw");
    assert_int_equal(chmod("sub/secret.qcow2", 0600), 0);
    make_strangers_image("sub/secret.qcow2", "qed");
    assert_policy_refuses("over.qcow2", BACKING_SAME_DIR, ERROR_REFUSED,
                          "it belongs to another user than the image, and not everybody may read");
    assert_int_equal(chmod("sub/secret.qcow2", 0644), 0);
    assert_policy_refuses("over.qcow2", BACKING_SAME_DIR, ERROR_CORRUPT, "no QED");
    assert_int_equal(unlink("over.qcow2"), 0);
}

static void allow_follows_anywhere(void **state)
{
    AUTO_IMAGE_CHAIN struct image_chain *up = NULL, *through = NULL;

    (void)state;
    make_raw("base.raw", 512);
    make_qcow2_file("sub/up.qcow2", "../base.raw", "raw");
    up = open_chain("sub/up.qcow2", BACKING_ALLOW);
    assert_string_equal(up->layers[1].path, "sub/../base.raw");
    assert_int_equal(symlink("../base.raw", "sub/to-base"), 0);
    make_qcow2_file("sub/link.qcow2", "to-base", "raw");
    through = open_chain("sub/link.qcow2", BACKING_ALLOW);
    assert_int_equal(through->count, 2);
}

/* With " for '; new memory. */
static char *quoted(const char *text)
{
    char *copy = strdup(text);
    for (char *p = copy; *p; p++)
        if (*p == '\'')
            *p = '"';
    return copy;
}

static void names_that_are_no_plain_files_are_unsupported(void **state)
{
    static const char *const names[] = {"nbd://host/export", "json:{\"driver\":\"raw\"}",
                                        "http://host/x",     "fat:dir",
                                        "ssh://host/x",      "a:b"};

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        make_qcow2_file("over.qcow2", names[i], "raw");
        assert_refused("over.qcow2", ERROR_UNSUPPORTED, names[i]);
    }
}

static void a_colon_behind_a_slash_or_file_is_a_plain_name(void **state)
{
    static const char *const names[] = {"./a:b", "file:a:b"};

    (void)state;
    make_raw("a:b", 512);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        make_qcow2_file("over.qcow2", names[i], "raw");
        AUTO_IMAGE_CHAIN struct image_chain *chain = open_chain("over.qcow2", BACKING_SAME_DIR);
        assert_int_equal(chain->count, 2);
    }
}

static void a_json_name_may_be_no_more_than_a_file(void **state)
{
    static const char *const names[] = {
        "json:{'driver':'raw','file':{'driver':'file','filename':'j.raw'}}",
        "json:{'driver':'raw','file':{'filename':'j.raw'}}",
        "json:{'driver':'raw','file.driver':'host_device','file.filename':'j.raw'}",
        "json:{'driver':'file','filename':'j.raw'}",
        "json:{'filename':'j.raw'}",
    };

    (void)state;
    make_raw("j.raw", 512);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        AUTO_FREE char *name = quoted(names[i]);
        make_qcow2_file("over.qcow2", name, "raw");
        AUTO_IMAGE_CHAIN struct image_chain *chain = open_chain("over.qcow2", BACKING_SAME_DIR);
        assert_int_equal(chain->count, 2);
        assert_string_equal(chain->layers[1].path, "j.raw");
        assert_int_equal(chain->layers[1].format, IMAGE_RAW);
        assert_policy_refuses("over.qcow2", BACKING_DENY, ERROR_REFUSED, name);
    }
}

static void the_format_of_a_json_name_is_taken_at_its_word(void **state)
{
    (void)state;
    make_qcow2_file("guest.raw", "/etc/shadow", "raw");
    AUTO_FREE char *name = quoted("json:{'driver':'raw','file':{'filename':'guest.raw'}}");
    make_qcow2_file("over.qcow2", name, NULL);
    AUTO_IMAGE_CHAIN struct image_chain *chain = open_chain("over.qcow2", BACKING_ALLOW);
    assert_int_equal(chain->count, 2);
}

static void a_json_name_that_is_more_than_a_file_is_unsupported(void **state)
{
    static const char *const names[] = {
        "json:",
        "json:{",
        "json:[]",
        "json:{'driver':'nbd','host':'x'}",
        "json:{'driver':'raw','file':{'driver':'nbd','filename':'base.raw'}}",
        "json:{'driver':'raw','offset':512,'file':{'driver':'file','filename':'base.raw'}}",
        "json:{'driver':'raw','file':{'driver':'file','filename':'base.raw','aio':'native'}}",
        "json:{'driver':'blkdebug','file':{'driver':'file','filename':'base.raw'}}",
        "json:{'driver':'qcow2','file':'node'}",
        "json:{'driver':'file','filename':7}",
        "json:{'filename':'base.raw','filename':'base.raw'}",
    };

    (void)state;
    make_raw("base.raw", 512);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        AUTO_FREE char *name = quoted(names[i]);
        make_qcow2_file("over.qcow2", name, "raw");
        assert_refused("over.qcow2", ERROR_UNSUPPORTED, "that is not a plain file");
    }
}

static void json_names_do_not_leave_the_directory_either(void **state)
{
    (void)state;
    AUTO_FREE char *name = quoted("json:{'driver':'file','filename':'/etc/shadow'}");
    make_qcow2_file("over.qcow2", name, "raw");
    assert_policy_refuses("over.qcow2", BACKING_SAME_DIR, ERROR_REFUSED, "outside its directory");
}

static void a_stated_backing_format_is_taken_at_its_word(void **state)
{
    AUTO_IMAGE_CHAIN struct image_chain *chain = NULL;

    (void)state;
    /* The attack: what the guest wrote into its raw disk looks like a qcow2 that names a file. */
    make_qcow2_file("guest.raw", "/etc/shadow", "raw");
    make_qcow2_file("over.qcow2", "guest.raw", "raw");
    chain = open_chain("over.qcow2", BACKING_ALLOW);
    assert_int_equal(chain->count, 2);
    assert_int_equal(chain->layers[1].format, IMAGE_RAW);
}

static void an_unstated_backing_format_is_detected_and_judged_again(void **state)
{
    (void)state;
    make_qcow2_file("guest.raw", "/etc/shadow", "raw");
    make_qcow2_file("over.qcow2", "guest.raw", NULL);
    assert_policy_refuses("over.qcow2", BACKING_SAME_DIR, ERROR_REFUSED,
                          "backing file guest.raw: the image names a backing file, "
                          "\"/etc/shadow\", outside its directory");
}

#define DOUBTED "neither its own name nor the user says that it is qcow2"

/* The guest of a raw disk writes what it likes into it, but does not name the file. */
static void what_only_the_image_itself_says_it_is_names_nothing(void **state)
{
    static const char *const names[] = {
        "guest", "guest.raw", "guest.img", "qcow2", "guest.qcow3", "guestqcow2", ".qcow21",
        "x.qcow2/guest", "guest.vmdk", "guest.qcow2b", "guest-qcow2",
        /* The last word counts, and none but numbers may stand behind it. */
        "web.qcow2.raw", "web.qcow2.1.raw", "web.qcow2-raw", "web.qcow2.img", "web.qcow2.old",
        "web.qcow2.vmdk", "web.qcow2~", "web.qcow2.T", "web.qcow2 1"};
    (void)state;
    assert_int_equal(mkdir("x.qcow2", 0700), 0);
    make_raw("base.raw", 1024);
    make_raw("x.qcow2/base.raw", 1024);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        make_qcow2_file(names[i], "base.raw", "raw");
        assert_policy_refuses(names[i], BACKING_SAME_DIR, ERROR_REFUSED, DOUBTED);
    }
    assert_policy_refuses("guest", BACKING_SAME_DIR, ERROR_REFUSED,
                          "--format=qcow2 or --backing=allow would follow it");
}

static void its_name_the_user_or_what_names_it_may_say_so(void **state)
{
    static const char *const names[] = {"a.qcow2",
                                        "a.QCOW2",
                                        ".qcow2.1",
                                        "a.qcow2-1",
                                        "a.b.qcow",
                                        "a.raw.qcow2",
                                        "a.qcow2.007",
                                        "a.raw.1.qcow2.2",
                                        "a.qcow2-2026-11-29",
                                        "a.qcow2.20261129T031500Z"};

    (void)state;
    make_raw("base.raw", 1024);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        make_qcow2_file(names[i], "base.raw", "raw");
        AUTO_IMAGE_CHAIN struct image_chain *chain = open_chain(names[i], BACKING_SAME_DIR);
        assert_int_equal(chain->count, 2);
    }
    make_qcow2_file("guest", "base.raw", "raw");
    make_qcow2_file("over.qcow2", "guest", "qcow2");
    AUTO_IMAGE_CHAIN struct image_chain *told = open_chain("over.qcow2", BACKING_SAME_DIR);
    AUTO_IMAGE_CHAIN struct image_chain *any = open_chain("guest", BACKING_ALLOW);
    AUTO_IMAGE_CHAIN struct image_chain *said = NULL;
    assert_int_equal(told->count, 3);
    assert_int_equal(any->count, 2);
    assert_int_equal(image_chain_open("guest", IMAGE_QCOW2, 512, BACKING_SAME_DIR, &said, NULL), 0);
    assert_int_equal(said->count, 2);
    /* What stands below, too. */
    make_qcow2_file("over.qcow2", "guest", NULL);
    assert_policy_refuses("over.qcow2", BACKING_SAME_DIR, ERROR_REFUSED,
                          "backing file guest: the image names a backing file, \"base.raw\", "
                          "but " DOUBTED);
}

static void a_missing_backing_file_is_named(void **state)
{
    (void)state;
    make_qcow2_file("over.qcow2", "gone.raw", "raw");
    for (int policy = BACKING_SAME_DIR; policy <= BACKING_ALLOW; policy++)
        assert_policy_refuses("over.qcow2", (enum backing_policy)policy, ERROR_UNREADABLE,
                              "backing file gone.raw: open gone.raw: No such file or directory");
}

static void a_backing_file_is_a_file_too(void **state)
{
    static const char *const names[] = {"sub", "backing-fifo", "."};

    (void)state;
    assert_int_equal(mkfifo("backing-fifo", 0600), 0);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        make_qcow2_file("over.qcow2", names[i], "raw");
        for (int policy = BACKING_SAME_DIR; policy <= BACKING_ALLOW; policy++)
            assert_policy_refuses("over.qcow2", (enum backing_policy)policy, ERROR_REFUSED,
                                  "not an image");
    }
    make_qcow2_file("over.qcow2", "/dev/null", "raw");
    assert_policy_refuses("over.qcow2", BACKING_ALLOW, ERROR_REFUSED,
                          "backing file /dev/null: it is a character device");
}

static void a_loop_is_corrupt(void **state)
{
    (void)state;
    make_qcow2_file("self.qcow2", "self.qcow2", "qcow2");
    make_qcow2_file("a.qcow2", "b.qcow2", "qcow2");
    make_qcow2_file("b.qcow2", "sub/../a.qcow2", "qcow2");
    for (int policy = BACKING_SAME_DIR; policy <= BACKING_ALLOW; policy++) {
        assert_policy_refuses("self.qcow2", (enum backing_policy)policy, ERROR_CORRUPT, "a loop");
        assert_policy_refuses("a.qcow2", (enum backing_policy)policy, ERROR_CORRUPT, "a loop");
    }
}

static void a_chain_has_at_most_64_layers(void **state)
{
    char name[32], next[32];

    (void)state;
    make_raw("chain64.qcow2", 512);
    for (int i = 0; i < 64; i++) {
        snprintf(name, sizeof name, "chain%d.qcow2", i);
        snprintf(next, sizeof next, "chain%d.qcow2", i + 1);
        make_qcow2_file(name, next, i == 63 ? "raw" : "qcow2");
    }
    AUTO_IMAGE_CHAIN struct image_chain *chain = open_chain("chain1.qcow2", BACKING_SAME_DIR);
    assert_int_equal(chain->count, IMAGE_CHAIN_MAX);
    assert_policy_refuses("chain0.qcow2", BACKING_SAME_DIR, ERROR_REFUSED, "more than 64 files");
}

static void the_size_is_that_of_the_image_not_of_its_backing(void **state)
{
    AUTO_IMAGE_CHAIN struct image_chain *chain = NULL;

    (void)state;
    make_raw("small.raw", 700); /* QEMU pads a backing file */
    make_qcow2_file("over.qcow2", "small.raw", "raw");
    chain = open_chain("over.qcow2", BACKING_SAME_DIR);
    assert_int_equal(chain->size, 1 << 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test(name)
        T(deny_follows_nothing),
        T(a_backing_file_beside_the_image_is_followed),
        T(names_are_relative_to_the_image_that_has_them),
        T(absolute_names_in_the_same_directory_are_followed),
        T(same_dir_never_leaves_the_directory),
        T(same_dir_follows_no_symlink),
        T(same_dir_is_that_of_the_named_image_for_the_whole_chain),
        T(same_dir_follows_where_the_images_owner_can_go),
        T(what_is_there_is_not_said_where_the_owner_cannot_go),
        T(allow_follows_anywhere),
        T(names_that_are_no_plain_files_are_unsupported),
        T(a_colon_behind_a_slash_or_file_is_a_plain_name),
        T(a_json_name_may_be_no_more_than_a_file),
        T(the_format_of_a_json_name_is_taken_at_its_word),
        T(a_json_name_that_is_more_than_a_file_is_unsupported),
        T(json_names_do_not_leave_the_directory_either),
        T(a_stated_backing_format_is_taken_at_its_word),
        T(what_only_the_image_itself_says_it_is_names_nothing),
        T(its_name_the_user_or_what_names_it_may_say_so),
        T(an_unstated_backing_format_is_detected_and_judged_again),
        T(a_missing_backing_file_is_named),
        T(a_backing_file_is_a_file_too),
        T(a_loop_is_corrupt),
        T(a_chain_has_at_most_64_layers),
        T(the_size_is_that_of_the_image_not_of_its_backing),
    };
    return cmocka_run_group_tests(tests, enter_image_directory, leave_image_directory);
}

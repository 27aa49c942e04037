#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# What is printed does not depend on the user's language, and neither the commands nor what they start need more of the environment
# than a caller such as sudo leaves.

load ../lib/helpers

setup() { requires_appliance; setup_test; image ext4.img a.img; image gpt.qcow2; }

# The locales that tests use, in a directory of the test file's own; glibc looks there where LOCPATH is set.
make_locales()
{
    local name

    requires localedef
    [[ -e /usr/share/i18n/locales/tr_TR ]] || skip "Debian's package locales is not installed"
    export LOCPATH=$BATS_FILE_TMPDIR/locales
    mkdir -p "$LOCPATH"
    for name in de_DE tr_TR; do
        [[ -d $LOCPATH/$name.UTF-8 ]] || localedef -i "$name" -f UTF-8 "$LOCPATH/$name.UTF-8"
        assert_equal "$(LC_ALL=$name.UTF-8 locale charmap)" UTF-8
    done
    # A number has a comma there, and a name of a month is another.
    [[ $(LC_ALL=de_DE.UTF-8 locale decimal_point) == , ]]
}

# everything [NAME=VALUE | -u NAME]...: in that environment, of each kind of output, in columns and not, with numbers, sizes, times
# and messages; elapsed times are left out. (bash would complain of a locale that is not there.)
everything()
{
    (
        set +e # some fail, and say why
        env "$@" virt-df-live a.img gpt.qcow2
        env "$@" virt-df-live -h --total -o guest,device,size,use% a.img gpt.qcow2
        env "$@" virt-df-live --csv a.img
        env "$@" virt-df-live --json a.img missing.img
        env "$@" virt-df-live --check warn=2,crit=99 a.img
        env "$@" virt-ls -a a.img -m /dev/sda -lR -h --times --time-days --checksum=sha256 /
        env "$@" virt-ls --key sda:nokind:x -a a.img /
    ) 2>&1 | sed 's/"elapsed_s":[0-9.]*//'
}

# bats test_tags=slow
@test "German, Turkish, C, a locale that is not there, none: the same is printed" {
    local name
    make_locales
    everything LC_ALL=C.UTF-8 > want
    assert_contains "$(< want)" "a.img:/dev/sda" "missing.img" "DF WARNING"
    for name in de_DE.UTF-8 tr_TR.UTF-8 xx_XX.UTF-8 C; do
        everything "LC_ALL=$name" | diff want - || { echo "LC_ALL=$name"; return 1; }
    done
    everything -u LC_ALL LANG=tr_TR.UTF-8 | diff want -
    everything -u LC_ALL -u LANG -u LC_CTYPE | diff want -
}

@test "sudo: its PATH, and the environment that it leaves" {
    requires_root
    requires sudo
    run -0 --separate-stderr sudo -n "$USER_BIN/virt-df-live" --csv --noheadings --accel=tcg a.img
    assert_equal "$(cut -d , -f 1,2 <<< "$output")" "a.img,/dev/sda"
    # It looks its host up, which a chroot's resolver may not know.
    assert_equal "$(grep -v '^sudo: unable to resolve host' <<< "$stderr")" ""
    run -0 --separate-stderr sudo -n -u nobody "$USER_BIN/virt-df-live" --version
}

@test "a PATH without the directories of root's programs, and without any" {
    local path
    for path in /usr/bin:/bin /nowhere; do
        run -0 --separate-stderr env PATH="$path" "$BUILD/bin/virt-df-live" --csv --noheadings a.img
        assert_equal "$(cut -d , -f 1,2 <<< "$output")" "a.img,/dev/sda"
        assert_equal "$stderr" ""
    done
}

# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# bats runs this once, before the first file and after the last one. What all files share:
#   SUITE      a directory that everybody may read
#   IMAGES     the images of make-images.sh, in it; a test that changes one copies it first
#   USER_BIN   the commands, where the ordinary user of as_user() can run them

# The images are kept below BUILD, so that only the first run makes them.
make_images()
{
    local kept=$1 script=$TOP/tests/images/make-images.sh name
    local -a missing=()

    [[ ! $script -nt $kept ]] || rm -rf "$kept"
    for name in $("$script" --list); do
        [[ -e $kept/$name ]] || missing+=("$name")
    done
    [[ ${#missing[@]} -eq 0 ]] || "$script" "$kept" "${missing[@]}"
}

# Other users cannot enter a tree below a home directory: they get a copy.
provide_for_user()
{
    local build=$1 name

    USER_BIN=$build/bin
    if [[ $(id -u) -ne 0 ]] ||
        as_user test -x "$USER_BIN/virt-df-live" -a -r "$build/appliance/kernel"; then
        return 0
    fi
    USER_BIN=$SUITE/built/bin
    mkdir -p "$USER_BIN" "$SUITE/built/appliance"
    cp "$build"/bin/* "$USER_BIN"
    for name in kernel initrd root tools; do
        cp --sparse=always "$build/appliance/$name" "$SUITE/built/appliance" || return 0
    done
    chmod -R a+rX "$SUITE/built"
}

setup_suite()
{
    # bats 1.8 leaves it a comma where it was given --filter-tags (bats-exec-suite).
    local build IFS=$' \t\n'

    # shellcheck source=tests/lib/helpers.bash
    source "$(dirname "${BASH_SOURCE[0]}")/lib/helpers.bash"
    build=$BUILD
    SUITE=$(mktemp -d /tmp/vlt-suite.XXXXXX)
    IMAGES=$SUITE/images
    make_images "$build/test-images"
    cp -r --sparse=always "$build/test-images" "$IMAGES"
    mkdir "$SUITE/cache"
    chmod -R a+rX "$SUITE"
    if [[ $(id -u) -eq 0 ]]; then chown nobody: "$SUITE/cache"; fi
    provide_for_user "$build"
    export SUITE IMAGES USER_BIN
}

teardown_suite()
{
    rm -rf "$SUITE"
}

#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# The spec file has what `make install` installs, no more and no less. `make check-rpm` builds the packages.

load ../lib/helpers

setup()
{
    requires rpmspec pod2man "$BUILD/bin/virt-df-live" "$BUILD/appliance/manifest"
    [[ $BUILD == "$TOP/build" ]] || skip "make install installs what is in build/"
    setup_test
}

# What rpmspec makes of a part of the spec: the files of package NAME, with what pages are packed by left out. rpm's own names of
# directories are those of the host that it is on.
files_of()
{
    rpmspec --parse --define '_unitdir /usr/lib/systemd/system' --define '_sysusersdir /usr/lib/sysusers.d' \
        "$TOP/docs/packaging/rpm/virt-live-tools.spec" | sed -n '/^%files/,$p' | grep ^/ | sed 's/\*$//' | sort
}

@test "every file that is installed is in a package, and every file of a package is installed" {
    local file
    run -0 make -C "$TOP" --no-print-directory install DESTDIR="$PWD/root" PREFIX=/usr unitdir=/usr/lib/systemd/system
    find root -type f | sed 's|^root||' | sort > installed
    files_of > packaged
    [[ -s packaged ]]
    while read -r file; do
        [[ -e root$file ]] || { echo "not installed: $file"; return 1; }
    done < packaged
    # A directory brings what is below it.
    while read -r file; do
        grep -qxF -e "$file" packaged || grep -q '^/usr/lib/virt-live-tools/' <<< "$file" ||
            { echo "in no package: $file"; return 1; }
    done < installed
}

@test "its version is that of the Makefile" {
    assert_equal "$(rpmspec -q --queryformat '%{version}\n' "$TOP/docs/packaging/rpm/virt-live-tools.spec" | sort -u)" \
        "$(sed -n 's/^VERSION := //p' "$TOP/Makefile")"
}

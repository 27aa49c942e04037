#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Packages for the appliance as other distributions have them, from repositories that are made here of small packages of our own: no
# server of those distributions is asked. `make check-distributions` installs what this needs.

load ../lib/helpers

setup()
{
    setup_test
    unset APT_CONFIG APPLIANCE_ARCH
    mkdir bin repository packages
    PATH=$PWD/bin:$PATH
    export GNUPGHOME=$PWD/gnupg RPM_KEYS=$PWD/keys
}

# --- packages ---

# A library without libc, and a program that is linked with it.
make_programs()
{
    echo 'int own(void) { return 7; }' > own.c
    echo 'int own(void); void start(void) { own(); }' > tool.c
    gcc -shared -fPIC -nostdlib -Wl,-soname,libown.so.1,--hash-style=sysv -o libown.so.1 own.c
    gcc -fPIC -pie -nostdlib -Wl,-e,start,--hash-style=sysv -o tool tool.c ./libown.so.1
}

# make_rpm NAME ARCHITECTURE TREE [REQUIRED...], signed where there is a key; $PROVIDES has more that it provides
make_rpm()
{
    local name=$1 arch=$2 tree=$PWD/$3
    shift 3
    {
        printf '%s\n' '%global debug_package %{nil}' '%global __os_install_post %{nil}' "Name: $name" 'Version: 1.0' \
            'Release: 1.fc42' 'Summary: -' 'License: -' "${@/#/Requires: }" ${PROVIDES:+"Provides: $PROVIDES"} \
            '%description' '%install' "cp -a $tree/. %{buildroot}" '%files'
        (cd "$tree" && find . ! -type d -printf '/%P\n')
    } > "$name.spec"
    rpmbuild --quiet -bb --target "$arch" --define "_topdir $PWD/rpm" --define '_build_id_links none' \
        --define '_binary_payload w1.gzdio' "$name.spec" > rpmbuild.log 2>&1 || { cat rpmbuild.log; return 1; }
    [[ ! -d $GNUPGHOME ]] || sign "rpm/RPMS/$arch/$name-1.0-1.fc42.$arch.rpm"
    mv "rpm/RPMS/$arch/$name-1.0-1.fc42.$arch.rpm" repository/
}

sign()
{
    rpmsign --define '_gpg_name test@example.org' --define "__gpg $(command -v gpg)" --addsign "$@" > sign.log 2>&1 ||
        { cat sign.log; return 1; }
}

make_key()
{
    mkdir -m 700 "$GNUPGHOME" "$RPM_KEYS"
    on_cleanup gpgconf --homedir "$GNUPGHOME" --kill all
    gpg --batch --quiet --passphrase '' --quick-generate-key test@example.org rsa2048 sign never
    gpg --batch --armor --export test@example.org > "$RPM_KEYS/RPM-GPG-KEY-test"
}

# The host's dnf, which knows no repository but this one.
make_repository()
{
    createrepo_c --quiet repository
    cat > bin/dnf <<END
#!/bin/sh
echo "\$*" >> "$PWD/asked"
exec /usr/bin/dnf --setopt=reposdir=$PWD/none --repofrompath=own,file://$PWD/repository --setopt=cachedir=$PWD/cache \
    --setopt=logdir=$PWD --setopt=persistdir=$PWD/persist --releasever=42 "\$@"
END
    chmod +x bin/dnf
}

fedora()
{
    requires dnf rpmbuild rpmsign createrepo_c bsdtar gpg gcc
    [[ $(dpkg --print-architecture 2> /dev/null || uname -m) == @(amd64|x86_64) ]] || skip "the packages are for x86-64"
    dnf download --help > /dev/null 2>&1 || skip "dnf has no download (dnf-plugins-core)"
    make_key
}

# tool needs libown by its name, and `words`, which has no library.
make_fedora()
{
    fedora
    make_programs
    mkdir -p tool.tree/usr/bin libown.tree/usr/lib64 words.tree/usr/share other.tree/usr/lib
    mv tool tool.tree/usr/bin/
    cp libown.so.1 libown.tree/usr/lib64/
    ln -s libown.so.1 libown.tree/usr/lib64/libown.so
    echo word > words.tree/usr/share/words
    make_rpm tool x86_64 tool.tree words
    make_rpm libown x86_64 libown.tree
    make_rpm words noarch words.tree
}

fetch_fedora() { "$TOP/appliance/fedora/fetch-fedora.sh" "$@"; }

@test "Fedora: a package and those with libraries that it needs, and no others" {
    make_fedora
    make_repository
    run -0 --separate-stderr fetch_fedora --with-libraries packages tool
    assert_equal "$output" "$(printf '%s\n' packages/libown-1.0-1.fc42.x86_64.rpm packages/tool-1.0-1.fc42.x86_64.rpm)"
    run -0 --separate-stderr fetch_fedora packages words
    assert_equal "$output" packages/words-1.0-1.fc42.noarch.rpm
    assert_equal "$(find packages -name '*.rpm' | wc -l)" 3
}

@test "Fedora: once it was downloaded dnf is not asked" {
    make_fedora
    make_repository
    run -0 --separate-stderr fetch_fedora --with-libraries packages tool
    local first=$output
    rm asked
    run -0 --separate-stderr fetch_fedora --with-libraries packages tool
    assert_equal "$output" "$first"
    run -0 fetch_fedora --choose packages tool none
    assert_equal "$output" tool
    [[ ! -e asked ]]
    rm packages/libown-*
    run -0 --separate-stderr fetch_fedora --with-libraries packages tool
    assert_equal "$output" "$first"
}

@test "Fedora: a package that no key has signed is not taken" {
    make_fedora
    mv gnupg kept
    make_rpm bare noarch words.tree
    mv kept gnupg
    make_repository
    run -1 fetch_fedora packages bare
    assert_contains "$output" "not signed by a key"
    assert_equal "$(find packages -name '*.rpm')" ""
    run -0 fetch_fedora packages words
}

@test "Fedora: a name that dnf does not know is an error" {
    make_fedora
    make_repository
    run -1 fetch_fedora packages tool nothing
    assert_equal "$(find packages -type f)" ""
}

@test "Fedora: names, versions and trees of packages" {
    make_fedora
    run -0 fetch_fedora --describe repository/tool-1.0-1.fc42.x86_64.rpm
    assert_equal "$output" "tool 1.0-1.fc42"
    fetch_fedora --tar repository/libown-1.0-1.fc42.x86_64.rpm > libown.tar
    assert_equal "$(tar -tf libown.tar | grep -v '/$' | sort | tr '\n' ' ')" "./usr/lib64/libown.so ./usr/lib64/libown.so.1 "
}

@test "Fedora: a program's libraries get into the tree" {
    make_fedora
    make_repository
    mkdir -p tree/usr/bin
    cp tool.tree/usr/bin/tool tree/usr/bin/
    cp tool.tree/usr/bin/tool tree/usr/bin/busybox # which tells that readelf works
    fetch_fedora --with-libraries packages tool > files
    mapfile -t files < files
    run -0 env APPLIANCE_DISTRIBUTION=fedora "$TOP/appliance/build/add-libraries.sh" "$PWD/tree" "" "${files[@]}"
    assert_equal "$output" "package libown: 1.0-1.fc42"
    assert_equal "$(find tree -name '*.so*')" tree/usr/lib64/libown.so.1
}

# --- apt ---

# make_deb NAME TREE [FIELD...]
make_deb()
{
    local name=$1 tree=$PWD/$2
    shift 2
    mkdir -p "$tree/DEBIAN"
    printf '%s\n' "Package: $name" 'Version: 1.0' 'Architecture: amd64' 'Maintainer: test <test@example.org>' "$@" 'Description: -' \
        > "$tree/DEBIAN/control"
    dpkg-deb --root-owner-group -Znone --build "$tree" "repository/${name}_1.0_amd64.deb" > dpkg-deb.log
    rm -r "$tree/DEBIAN"
}

# An apt that knows no repository but this one, and nothing of what is installed.
make_apt()
{
    (cd repository && dpkg-scanpackages . > Packages 2> ../scan.log)
    mkdir -p apt/state/lists/partial apt/cache/archives/partial
    : > apt/status
    echo "deb [trusted=yes] file:$PWD/repository ./" > apt/sources.list
    printf '%s\n' "Dir::State \"$PWD/apt/state\";" "Dir::State::status \"$PWD/apt/status\";" "Dir::Cache \"$PWD/apt/cache\";" \
        "Dir::Etc::sourcelist \"$PWD/apt/sources.list\";" 'Dir::Etc::sourceparts "-";' 'APT::Sandbox::User "root";' > apt/conf
    export APT_CONFIG=$PWD/apt/conf
    apt-get -qq update
}

ubuntu()
{
    requires apt-get dpkg-scanpackages
    [[ $(dpkg --print-architecture) == amd64 ]] || skip "the packages are for x86-64"
    export APPLIANCE_DISTRIBUTION=ubuntu
}

# The kernel as Ubuntu has it: a package that is empty, the image, modules, more modules.
make_ubuntu_kernel() # IMAGE-TREE MODULES-TREE EXTRA-TREE
{
    mkdir empty
    make_deb linux-image-generic empty \
        'Depends: linux-image-6.8.0-31-generic, linux-modules-extra-6.8.0-31-generic, linux-firmware' 'Section: kernel'
    make_deb linux-image-6.8.0-31-generic "$1" 'Depends: linux-modules-6.8.0-31-generic, kmod' 'Section: kernel'
    make_deb linux-modules-6.8.0-31-generic "$2" 'Section: kernel'
    make_deb linux-modules-extra-6.8.0-31-generic "$3" 'Depends: linux-modules-6.8.0-31-generic' 'Section: kernel'
    make_deb linux-firmware empty 'Section: kernel'
    make_deb kmod empty 'Section: admin'
}

names() { sed 's|.*/||; s|_.*||' | tr '\n' ' '; }

@test "Ubuntu: the kernel is its image and the packages with its modules, and no firmware" {
    ubuntu
    mkdir image modules extra
    make_ubuntu_kernel image modules extra
    make_apt
    # shellcheck disable=SC2016 # for the shell within
    run -0 --separate-stderr bash -ec 'here=$TOP/appliance/build; . "$here/lists.sh"; . "$here/distribution.sh"
        "$fetch" packages $(section "$package_list" kernel)'
    assert_equal "$(names <<< "$output")" \
        "linux-image-6.8.0-31-generic linux-modules-6.8.0-31-generic linux-modules-extra-6.8.0-31-generic "
}

@test "Ubuntu: libraries of all parts of the archive" {
    ubuntu
    mkdir -p tool libown/usr/lib more words
    make_deb tool tool 'Depends: libown1, libmore1, words' 'Section: universe/admin'
    make_deb libown1 libown 'Section: libs'
    make_deb libmore1 more 'Section: universe/libs'
    make_deb words words 'Section: text'
    make_apt
    run -0 --separate-stderr "$TOP/appliance/debian/fetch-debian.sh" --with-libraries packages tool
    assert_equal "$(names <<< "$output")" "libmore1 libown1 tool "
}

# --- lists ---

# In a tree with nothing but these lists: `section` and `sections` of a distribution.
of() { bash -ec '. "$TOP/appliance/build/lists.sh"; "$@"' sh "$@"; }

@test "a list has its own sections, and the others of the one that it is like" {
    mkdir -p a b c
    printf '%s\n' '[one]' 'a1' '[two]' 'a2' '[three]' 'a3' > a/packages
    printf '%s\n' '# of b' 'like a' '[two]' 'b2' '[four]' 'b4' > b/packages
    printf '%s\n' 'like b # as it is' '[one]' 'c1' > c/packages
    assert_equal "$(of sections c/packages | tr '\n' ' ')" "one two three four "
    assert_equal "$(for name in one two three four five; do of section c/packages "$name"; done | tr '\n' ' ')" "c1 b2 a3 b4 "
}

@test "each distribution has a list without gaps: the sections of Debian's, none of them empty" {
    local list name
    for list in "$TOP"/appliance/*/packages; do
        assert_equal "$(of sections "$list" | tr '\n' ' ')" "$(of sections "$TOP/appliance/debian/packages" | tr '\n' ' ')"
        for name in $(of sections "$list"); do [[ $(of section "$list" "$name") ]] || { echo "$list: [$name] is empty"; return 1; }; done
    done
}

# What distribution.sh says of a system with that /etc/os-release.
distribution_of()
{
    printf '%s\n' "$@" > os-release
    bash -ec 'here=$TOP/appliance/build; . "$here/lists.sh"; . "$here/distribution.sh"; host_distribution os-release'
}

@test "the host's distribution, or what it is like, or Debian" {
    assert_equal "$(distribution_of ID=debian)" debian
    assert_equal "$(distribution_of ID=ubuntu ID_LIKE=debian)" ubuntu
    assert_equal "$(distribution_of ID=linuxmint 'ID_LIKE="ubuntu debian"')" ubuntu
    assert_equal "$(distribution_of ID=nobara 'ID_LIKE="rhel centos fedora"')" fedora
    assert_equal "$(distribution_of ID=void)" debian
    rm os-release
    assert_equal "$(bash -ec 'here=$TOP/appliance/build; . "$here/lists.sh"; . "$here/distribution.sh"; host_distribution none')" debian
}

@test "a distribution that there is not is an error" {
    run -1 env APPLIANCE_DISTRIBUTION=hurd "$TOP/appliance/build/build-kernel.sh" out packages
    assert_contains "$output" hurd
}

# --- the kernel, in packages of another cut ---

# Debian's, of which the appliance was made: its image in image/, its modules, packed by "$@", in modules/, those of filesystems in extra/.
cut_kernel()
{
    local deb release dir patterns=('./boot/vmlinuz-*' './*lib/modules/*/modules.*')
    requires "$BUILD/appliance/kernel"
    grep -q '^kernel= ' "$BUILD/appliance/choice" || skip "the appliance has another kernel than a package's"
    deb=$(compgen -G "$BUILD/appliance/debs/linux-image-*.deb") || skip "the appliance was not made of a package linux-image-…"
    mkdir -p image modules extra
    # no drivers of graphics, networks, sound: packing those takes minutes
    for dir in fs lib crypto block arch drivers/{block,cdrom,char,dax,md,mtd,scsi,virtio}; do
        patterns+=("./*lib/modules/*/kernel/$dir/*")
    done
    dpkg-deb --fsys-tarfile "${deb%%$'\n'*}" | tar -x -C modules --transform 's,^\./usr/,./,' --wildcards "${patterns[@]}"
    release=$(basename modules/lib/modules/*)
    mv modules/boot image/
    mkdir -p "extra/lib/modules/$release/kernel"
    find modules -name '*.ko.xz' -exec unxz {} +
    find modules -name '*.ko' -print0 | xargs -0 -P 2 -n 100 "$@"
    mv "modules/lib/modules/$release/kernel/fs" "extra/lib/modules/$release/kernel/"
}

# Kernel and orders of modules are what the build has made of Debian's package.
same_kernel()
{
    cmp out/kernel "$BUILD/appliance/kernel"
    diff -r out/modules "$BUILD/appliance/modules"
}

# bats test_tags=slow
@test "Ubuntu: a kernel of several packages, with modules packed by zstd" {
    ubuntu
    requires zstd
    cut_kernel zstd -q --rm -1
    chmod 600 image/boot/vmlinuz-*
    make_ubuntu_kernel image modules extra
    make_apt
    run -0 "$TOP/appliance/build/build-kernel.sh" out packages
    same_kernel
}

@test "Fedora: a kernel beside its modules, in several packages" {
    local release
    fedora
    cut_kernel xz -0
    mkdir -p core/lib
    mv image/boot/vmlinuz-* "modules/lib/modules/$(basename modules/lib/modules/*)/vmlinuz"
    release=$(basename modules/lib/modules/*)
    mkdir -p "core/lib/modules/$release" "hfs/lib/modules/$release/kernel/fs"
    mv "modules/lib/modules/$release"/{vmlinuz,modules.*} "core/lib/modules/$release/"
    mv "extra/lib/modules/$release/kernel/fs/"{hfs,hfsplus} "hfs/lib/modules/$release/kernel/fs/"
    make_rpm kernel-core x86_64 core kernel-modules-core
    make_rpm kernel-modules-core x86_64 modules kernel-core
    make_rpm kernel-modules x86_64 extra
    make_rpm kernel-modules-extra x86_64 hfs
    make_repository
    run -0 env APPLIANCE_DISTRIBUTION=fedora "$TOP/appliance/build/build-kernel.sh" out packages
    same_kernel
}

# --- a whole appliance ---

# What of all/ the word of a list means, as build-root.sh reads it: paths relative to all/.
meant()
{
    local paths
    case $1 in
    /*) paths=(-path "all$1" -o -path "all/usr$1") ;;
    *)  paths=(-path "all/usr/bin/$1" -o -path "all/usr/sbin/$1") ;;
    esac
    find all ! -type d \( "${paths[@]}" \) -printf '%P\n'
}

# move_to PACKAGE: the files of all/ that stdin names, as links to them, into the package's tree
move_to()
{
    mkdir -p "trees/$1"
    sort -u | (cd all && cpio --quiet -pdl "../trees/$1")
}

# Debian's files in packages with the names of Fedora's list: the programs that it says, and the libraries in three.
make_fedora_of_debian()
{
    local deb name word list=$TOP/appliance/fedora/packages
    mkdir -p all/usr/{bin,sbin,lib,lib64} trees
    for word in bin sbin lib lib64; do ln -s "usr/$word" "all/$word"; done
    for deb in "$BUILD"/appliance/debs/*.deb; do
        [[ $deb != */linux-* && $deb != */busybox_* ]] || continue
        dpkg-deb --fsys-tarfile "$deb" | tar -x -C all --keep-directory-symlink --exclude='./usr/share/doc' --exclude='./usr/share/locale'
    done
    for name in shell filesystems volumes tools-shell tools-partitions tools-filesystems tools-volumes; do
        of section "$list" "$name"
    done > lines
    while read -r -a words; do
        for word in "${words[@]:1}"; do meant "$word"; done | move_to "${words[0]}"
    done < lines
    find all -name '*.so*' ! -type d -printf '%P\n' > libraries
    grep liblvm2cmd libraries | move_to lvm2-libs
    grep 'libldm-' libraries | move_to libldm
    grep -v 'liblvm2cmd\|libldm-\|/gconv/' libraries | move_to libraries
}

# Also what Fedora's packages provide without being asked.
make_fedora_repository()
{
    local tree
    make_fedora_of_debian
    for tree in trees/*; do
        case $tree in
        trees/libraries) PROVIDES='rtld(GNU_HASH)' make_rpm libraries x86_64 "$tree" ;;
        trees/bash)      PROVIDES='/bin/bash /bin/sh' make_rpm bash x86_64 "$tree" ;;
        *)               make_rpm "${tree#trees/}" x86_64 "$tree" ;;
        esac
    done
    make_repository
}

@test "Fedora: an appliance of packages with its names scans" {
    fedora
    requires cpio "$BUILD/appliance/manifest" "$BUILD/bin/virt-df-live" "$IMAGES/ext4.img"
    make_fedora_repository
    mkdir out
    cp -a "$BUILD"/appliance/{kernel,kernel.manifest,initrd,modules,volume-groups,dynamic-disks} out/
    export APPLIANCE_DISTRIBUTION=fedora
    run -0 "$TOP/appliance/build/build-root.sh" out packages root
    run -0 "$TOP/appliance/build/build-root.sh" out packages tools
    run -0 "$TOP/appliance/build/build-manifest.sh" out
    run -0 grep -c '^package .*: 1\.0-1\.fc42$' out/manifest
    [[ $output -gt 20 ]]
    run -0 --separate-stderr env VIRT_LIVE_TOOLS_CACHE="$PWD/cache" \
        virt-df-live --appliance "$PWD/out" --csv "$IMAGES/ext4.img" "$IMAGES/ntfs.img"
    assert_equal "$output" "$(virt-df-live --csv "$IMAGES/ext4.img" "$IMAGES/ntfs.img")"
}

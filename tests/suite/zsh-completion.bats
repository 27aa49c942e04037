#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# zsh's completion is made of --help: it has every option of it, and zsh completes by it.

load ../lib/helpers

setup()
{
    requires zsh perl "$BUILD/bin/virt-df-live" "$BUILD/bin/virt-hotplug"
    setup_test
    mkdir functions
    for command in virt-df-live virt-ls virt-hotplug; do
        "$TOP/common/cli/zsh-completion.pl" "$BUILD/bin/$command" > "functions/_$command"
    done
}

# completed WORDS: what a line that begins so has become after TAB; in a terminal of zsh's own, where a bell or a list would show, too.
completed()
{
    cat > complete.zsh << 'END'
zmodload zsh/zpty
zpty shell zsh -f -i
zpty -w shell "PS1=; PS2=; unsetopt zle_bracketed_paste; stty cols 500; TERM=dumb; fpath=($PWD/functions \$fpath); autoload -Uz compinit; compinit -u -d $PWD/dump; setopt no_beep no_auto_menu"
zpty -w shell 'show() { print -r -- "<$BUFFER>" > shown; zle send-break }; zle -N show; bindkey "^X" show; print ready > ready'
until [[ -s ready ]]; do sleep 0.1; done
zpty -w -n shell "$1"$'\t\x18'
for ((i = 0; i < 600; i++)); do [[ ! -s shown ]] || break; sleep 0.1; done
cat shown
zpty -d shell
END
    rm -f ready shown
    timeout 120 zsh -f complete.zsh "$1"
}

@test "every option of --help, and of each sub-command's" {
    local command option sub
    for command in virt-df-live virt-ls; do
        for option in $("$command" --help | grep -oP '^ +\K-[^\s,]+(, --\S+)?' | tr -d , | sed 's/[=[][^ ]*//g'); do
            grep -qP -- "'[^']*[)*]\Q$option\E[][+=]" "functions/_$command" || { echo "$command: $option is not in its completion"; return 1; }
        done
    done
    for sub in launch attach detach list run shutdown; do
        sed -n "/^$sub)/,/;;/p" functions/_virt-hotplug > part
        for option in $(virt-hotplug $sub --help | grep -oP '^ +\K-[^\s,]+(, --[a-z-]+)?' | tr -d , | sed 's/[=[][^ ]*//g'); do
            grep -qP -- "'[^']*[)*]\Q$option\E[][+=]" part || { echo "virt-hotplug $sub: $option is not in its completion"; return 1; }
        done
    done
}

@test "zsh completes options, their words, columns, files and sub-commands" {
    touch image.qcow2
    assert_equal "$(completed 'virt-df-live --fail')" "<virt-df-live --fail-above=>"
    assert_equal "$(completed 'virt-df-live --isolate=dir')" "<virt-df-live --isolate=directory >"
    assert_equal "$(completed 'virt-df-live --total=own')" "<virt-df-live --total=owner >"
    assert_equal "$(completed 'virt-df-live --sort MOUNT')" "<virt-df-live --sort MOUNTPOINT >"
    assert_equal "$(completed 'virt-df-live -o GUEST,MOUNT')" "<virt-df-live -o GUEST,MOUNTPOINT,>" # which goes when a space is typed
    assert_equal "$(completed 'virt-df-live ima')" "<virt-df-live image.qcow2 >"
    assert_equal "$(completed 'virt-hotplug lau')" "<virt-hotplug launch >"
    assert_equal "$(completed 'virt-hotplug launch --accel=tc')" "<virt-hotplug launch --accel=tcg >"
}

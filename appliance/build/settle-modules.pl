#!/usr/bin/perl
# SPDX-License-Identifier: LGPL-2.1-or-later
#
#   settle-modules.pl MODULE…
#
# Does once, in the files, what the kernel does with a module's text at every load, for a kernel that runs with
# mitigations=off and that nobody traces: a call of __fentry__ becomes a no-op, a jump to __x86_return_thunk a return. The
# tables of those places (__mcount_loc, .return_sites) are of no use then. Exit status 2: a module is not for x86-64, and
# nothing was changed.

use strict;
use warnings;

# elf(5)
use constant { SHT_RELA => 4, SHF_EXECINSTR => 4, EM_X86_64 => 62, R_X86_64_NONE => 0, R_X86_64_PC32 => 2, R_X86_64_PLT32 => 4 };
use constant { RELA_SIZE => 24, SYMBOL_SIZE => 24 };

# What is called: the instruction as the compiler left it (the place is filled in by a relocation), and what it becomes.
# The kernel's own patches: ftrace_nop_replace() and apply_returns() of arch/x86/kernel.
my %settled = (
    __fentry__          => ["\xe8\0\0\0\0", "\x0f\x1f\x44\0\0"],    # call; nopl 0(%rax,%rax)
    __x86_return_thunk  => ["\xe9\0\0\0\0", "\xc3\xcc\xcc\xcc\xcc"], # jmp; ret, int3
);

my $path;

sub fail { die "settle-modules: $path: @_\n" }

sub get
{
    my ($elf, $template, $offset, $length) = @_;
    fail("it is cut short") if $offset + $length > length $$elf;
    return unpack $template, substr $$elf, $offset, $length;
}

sub sections
{
    my ($elf) = @_;
    my ($table) = get($elf, 'Q<', 0x28, 8);
    my ($size, $count) = get($elf, 'S<2', 0x3a, 4);
    my @sections;
    for my $i (0 .. $count - 1) {
        my %section;
        @section{qw(name type flags addr offset size link info)} = get($elf, 'L<2 Q<4 L<2', $table + $i * $size, 48);
        push @sections, \%section;
    }
    return @sections;
}

# The numbers of the symbols that %settled names, and their names.
sub wanted
{
    my ($elf, $symbols, $strings) = @_;
    my %wanted;
    for my $i (0 .. $symbols->{size} / SYMBOL_SIZE - 1) {
        my ($name) = get($elf, 'L<', $symbols->{offset} + $i * SYMBOL_SIZE, 4);
        my $text = unpack 'Z*', substr $$elf, $strings->{offset} + $name, 32;
        $wanted{$i} = $text if $settled{$text};
    }
    return %wanted;
}

sub settle_section
{
    my ($elf, $relocations, $text, %wanted) = @_;
    for my $i (0 .. $relocations->{size} / RELA_SIZE - 1) {
        my $entry = $relocations->{offset} + $i * RELA_SIZE;
        my ($offset, $type, $symbol) = get($elf, 'Q< L<2', $entry, 16);
        next if !$wanted{$symbol} || ($type != R_X86_64_PC32 && $type != R_X86_64_PLT32);
        my ($before, $after) = @{$settled{$wanted{$symbol}}};
        my $place = $text->{offset} + $offset - 1;    # the relocation is of the operand
        next if substr($$elf, $place, 5) ne $before;  # a conditional jump or the like: it goes to the thunk, which returns
        substr($$elf, $place, 5) = $after;
        substr($$elf, $entry + 8, 8) = pack 'Q<', R_X86_64_NONE;
    }
}

sub settle
{
    open my $in, '<:raw', $path or fail($!);
    my $elf = do { local $/; <$in> };
    close $in;
    fail("not an ELF file") if get(\$elf, 'a4', 0, 4) ne "\x7fELF";
    exit 2 if get(\$elf, 'S<', 0x12, 2) != EM_X86_64;
    my @sections = sections(\$elf);
    for my $section (grep { $_->{type} == SHT_RELA } @sections) {
        my $text = $sections[$section->{info}];
        my $symbols = $sections[$section->{link}];
        settle_section(\$elf, $section, $text, wanted(\$elf, $symbols, $sections[$symbols->{link}]))
            if $text->{flags} & SHF_EXECINSTR;
    }
    open my $out, '>:raw', $path or fail($!);
    print $out $elf or fail($!);
    close $out or fail($!);
}

for (@ARGV) {
    $path = $_;
    settle();
}

#!/usr/bin/perl
# SPDX-License-Identifier: LGPL-2.1-or-later
#
#   zsh-completion.pl COMMAND > _NAME
#
# zsh's completion of a command, of what its --help says: options, values, columns, sub-commands. So it has what the program has.
use strict;
use warnings;

my $path = shift or die "usage: zsh-completion.pl COMMAND\n";
my ($name) = $path =~ m{([^/]+)$};
my $appliances = '$(virt-hotplug list --noheadings 2> /dev/null | cut -d " " -f 1)';

sub help_of
{
    my @words = (@_, '--help');
    open(my $from, '-|', $path, @words) or die "$path: $!\n";
    my @lines = <$from>;
    close $from or die "$path @words failed\n";
    return @lines;
}

# What completes a value that --help calls so.
sub action_for
{
    my ($value, @columns) = @_;
    return '_files -/' if $value =~ /^DIR/;
    return '_files' if $value =~ /^FILE/;
    return "_sequence compadd - @columns" if $value eq 'COLS';
    return "(@columns)" if $value eq 'COL[:desc]';
    my @words = grep { /^[a-z0-9][a-z0-9-]*$/ } split /\|/, $value;
    return $value =~ /\|/ && @words ? "(@words)" : ' ';
}

sub quoted { my $text = shift; $text =~ s/'/'\\''/g; return "'$text'" }

# "-o, --output=COLS  text", "--total[=owner|directory]  text", "-P N  text", "-x  text"; each as an argument of _arguments.
sub specification
{
    my ($short, $long, $optional, $value, $text, @columns) = @_;
    $text =~ s/([\[\]\\])/\\$1/g;
    my @names = grep { defined } $short, $long;
    return map { quoted("(@names)$_" . "[$text]") } @names unless defined $value;
    my $behind = sprintf '[%s]:%s%s:%s', $text, $optional ? ':' : '', lc($value) =~ s/[^a-z].*//r || 'value', action_for($value, @columns);
    return map { quoted('*' . $_ . (/^--/ ? ($optional ? '=-' : '=') : '+') . $behind) } @names;
}

sub options_of
{
    my ($columns, @lines) = @_;
    my @found;
    for (@lines) {
        if (/^ {2,6}(?:(-\w), )?(?:(--[\w-]+)|(-\w))(?:(\[?)=(\S+)| (\S+))? {2,}(\S.*)$/) {
            my ($short, $long, $optional, $value, $text) = ($1 // $3, $2, $4, $5 // $6, $7);
            $value =~ s/\]$// if $optional;
            push @found, [$short, $long, $optional, $value, $text];
        } elsif (@found && /^ {20,}(\S.*)$/) {
            $found[-1][4] .= " $1";
        } elsif (/^Columns/) {
            last;
        }
    }
    die "$name --help names no options\n" unless @found;
    return map { specification(@$_, @$columns) } @found;
}

# What stands behind the options in "Usage: …".
sub arguments_of
{
    my $usage = shift;
    my @found;
    push @found, quoted("1:name:($appliances)") if $usage =~ /\bNAME\b/;
    push @found, quoted('*:image:_files') if $usage =~ /\bIMAGE/;
    push @found, quoted('*: : ') unless @found;
    return @found;
}

sub put_arguments { my ($indent, @arguments) = @_; print "${indent}_arguments -s -S \\\n", join(" \\\n", map { "$indent    $_" } @arguments), "\n" }

my @help = help_of();
my @commands = map { /^  \Q$name\E ([a-z]+) / ? $1 : () } @help;
my @columns = map { /^  ([A-Z%]+) +\S/ ? $1 : () } grep { /^Columns/ .. /^$/ } @help;
print "#compdef $name\n# Made of what `$name --help` says, by common/cli/zsh-completion.pl.\n\n";
if (@commands) {
    print "local curcontext=\$curcontext state\nlocal -A opt_args\n",
        "_arguments -C '(-V --version)'{-V,--version}'[print the version]' '--help[print help]' '1:command:(@commands)' '*::argument:->argument' && return\n",
        "case \$words[1] in\n";
    for my $command (@commands) {
        my @lines = help_of($command);
        print "$command)\n";
        put_arguments('    ', options_of([], @lines), arguments_of($lines[0]));
        print "    ;;\n";
    }
    print "esac\n";
} else {
    put_arguments('', options_of(\@columns, @help), arguments_of($help[0]));
}

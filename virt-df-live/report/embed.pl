#!/usr/bin/perl
# SPDX-License-Identifier: LGPL-2.1-or-later
#
#   embed.pl PAGE STYLE SCRIPT > report-page.c
#
# Puts style and script into the page, and their hashes, which are all that the page's Content-Security-Policy
# lets a browser use; then the page into a C file. The hash is of exactly what stands between the tags.
use strict;
use warnings;
use Digest::SHA qw(sha256_base64);

@ARGV == 3 or die "usage: $0 PAGE STYLE SCRIPT\n";
my ($page, $style, $script) = map {
    open my $file, '<:raw', $_ or die "$0: $_: $!\n";
    local $/;
    <$file>;
} @ARGV;

sub hash
{
    my $base64 = sha256_base64($_[0]);
    return $base64 . '=' x (-length($base64) % 4);
}

# A template's marks would be filled in there, too; and "</" would end the element.
for ([$style, $ARGV[1]], [$script, $ARGV[2]]) {
    die "$0: $_->[1] has {{ or </\n" if $_->[0] =~ m(\{\{|</);
}
my %part = (STYLE => $style, SCRIPT => $script, STYLE_HASH => hash($style), SCRIPT_HASH => hash($script));
my $marks = $page =~ s/\@(STYLE|SCRIPT|STYLE_HASH|SCRIPT_HASH)\@/$part{$1}/g;
$marks == 4 or die "$0: $ARGV[0]: each of the four marks has to stand once\n";

print "/* Made by $0. */\n#include <stddef.h>\n\nextern const char report_page[];\nextern const size_t report_page_length;\n\nconst char report_page[] = {\n";
print join(',', unpack 'C*', $1), ",\n" while $page =~ /(.{1,32})/gs;
print "0};\nconst size_t report_page_length = sizeof report_page - 1;\n";

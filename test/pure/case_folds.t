#!/usr/bin/env perl
# test/pure/case_folds.t: letters are folded as Unicode does one by one (CaseFolding.txt, statuses C
# and S), by Perl's copy of its tables.
use strict;
use warnings;

use FindBin;
use Test::More;
use Unicode::UCD qw(casefold);

my %folds = map { /^(\w+) (\w+)$/ ? (hex $1 => hex $2) : () } qx(sh "$FindBin::Bin/compile-and-run.sh" case_folds);
is($?, 0, 'the test program runs');
cmp_ok(scalar keys %folds, '>', 1400, 'some characters are folded');

# What stands for whom, turned to the small letter.
my %small = (0x23a => 0x2c65, 0x23e => 0x2c66);
my %later = (0x1fd3 => 0x390, 0x1fe3 => 0x3b0, 0xfb05 => 0xfb06); # since Unicode 15.1
my @wrong;
for my $character (grep { $_ < 0xd800 || $_ > 0xdfff } 0 .. 0x10ffff)
{
	next if chr($character) !~ /\p{Present_In: 14.0}/;
	my $fold = casefold($character);
	my $wanted = $fold && $fold->{simple} ne '' ? hex $fold->{simple} : $later{$character} // $character;
	my $got = $folds{$character} // $character;
	push @wrong, sprintf '%04X to %04X, not %04X', $character, $got, $wanted if ($small{$got} // $got) != $wanted;
}
is("@wrong[0 .. ($#wrong < 9 ? $#wrong : 9)]", '', 'every character is folded as Unicode folds it');
is(join(' ', grep { length(do { my $s = chr $folds{$_}; utf8::encode($s); $s }) > length(do { my $s = chr $_; utf8::encode($s); $s }) } keys %folds), '', 'to one that is no longer');

done_testing;

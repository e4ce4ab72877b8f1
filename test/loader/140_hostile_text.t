#!/usr/bin/env perl
# test/loader/140_hostile_text.t: names, options and the database's words may be anybody's: none
# moves the terminal, hides, or passes for a message.
use strict;
use warnings;

use FindBin ();
use lib "$FindBin::Bin/../lib";
use Encode ();
use JSON::PP ();
use Nachet::Test qw(gif write_file slurp);
use Test::More;

my $store = Nachet::Test->new;
my @who = ('--email', 'someone@example.org', '--zoom', 20, '--nb-seeds', 5);
my @required = (@who, '--seed', 'Brassica napus');
my $scratch = $store->tempdir;

# A title for the terminal, a line of its own, an 8-bit control, an override of direction, and a byte that is no UTF-8.
my $escapes = "E\e]0;pwned\aX";
my $line = "\nnachet-load: all is well";
my $c1 = "\xc2\x9b31m";
my $bidi = "\xe2\x80\xaegnp\xf3\xa0\x81\x81"; # and a tag character, beyond U+FFFF
my $byte = "\xff";

sub is_visible
{
	my ($text, $what) = @_;
	my $hidden = $text =~ /[\x00-\x09\x0b-\x1f\x7f]|\xc2[\x80-\x9f]|\xe2\x80[\x8b-\x8f\xa8-\xae]|\xf3\xa0/ ? sprintf '%vd', $& : '';
	is($hidden, '', "$what: all is visible") or diag($text =~ s/[^ -~\n]/?/gr);
	ok(eval { Encode::decode('UTF-8', my $copy = $text, Encode::FB_CROAK); 1 }, "$what: UTF-8");
	unlike($text, qr/^nachet-load: all is well/m, "$what: nothing passes for a message");
	return;
}

sub load
{
	my ($what, $wanted, @args) = @_;
	my ($status, $out, $err) = $store->run_load(@args);
	is($status, $wanted, "$what: status $wanted") or diag($err =~ s/[^ -~\n]/?/gr);
	isnt($err, '', "$what: a message");
	is_visible($err, $what);
	return ($out, $err);
}

my $all = "$escapes$line$c1$bidi$byte";
my $folder = "$scratch/$all";
write_file("$folder/a.gif", gif('a'));
write_file("$folder/bad.gif", 'text');
write_file("$folder/\@eaDir/b.gif", gif('b'));
write_file("$folder/sub$escapes/c.gif", gif('c'));
symlink 'a.gif', "$folder/link.gif" or die $!;

load('a folder', 1, @required, '--name', 'n', $folder);
load('a folder, of which bad files are passed over', 3, @required, '--name', 'n', '--on-error=skip', '--verbose', '--exclude', 'sub*', $folder);
my (undef, $err) = load('a folder that gives no name', 1, @required, $folder);
like($err, qr/E\\x1b\]0;pwned\\x07X\\x0anachet-load: all is well\\xc2\\x9b31m\\xe2\\x80\\xaegnp\\xf3\\xa0\\x81\\x81\\xff: can't name the set after this folder: its name is not valid UTF-8; name the set with --name$/m,
	'a folder that gives no name is shown, with the flaw and what to do');
mkdir "$scratch/new\nline" or die $!;
write_file("$scratch/new\nline/a.gif", gif('a'));
for my $how ([], ['--sql'])
{
	(undef, $err) = load("a folder of two lines (@$how)", 1, @required, @$how, "$scratch/new\nline");
	like($err, qr/error: \Q$scratch\E\/new\\x0aline: can't name the set after this folder: its name has a control character; name the set with --name$/m,
		"a folder of two lines (@$how): the message says what to do");
	(undef, $err) = load("a file in it (@$how)", 1, @required, @$how, "$scratch/new\nline/a.gif");
	like($err, qr/a\.gif: can't name the set after the folder that contains it: its name has a control character; name the set with --name$/m,
		"a file in it (@$how): the message says what to do");
}
write_file("$scratch/a\nb.gif", gif('named'));
(undef, $err) = load('a file with a name of two lines', 1, @required, "$scratch/a\nb.gif");
like($err, qr/a\\x0ab\.gif: its name has a control character$/m, 'a file with a name of two lines is refused for its name');
load('such a folder, and a name', 0, @required, '--name', 'n', "$scratch/new\nline");
(undef, $err) = load("a name of two lines", 2, @required, '--name', "a\nb", "$scratch/new\nline");
like($err, qr/error: --name: the name 'a\\x0ab' has a control character$/m,
	'a name of two lines is wrong usage');
(undef, $err) = load('such a folder as a seed', 1, @who, '--seed-from-folder', '--include', 'new*', $scratch);
like($err, qr/new\\x0aline: its name has a control character, so it can't be the name of a seed$/m,
	'such a folder as a seed is named');
load('a folder that is not there', 1, @required, '--name', 'n', "$folder.not");
load('a folder and no folder', 2, @required, '--files-from', 'x', "$folder/a.gif");
load('a file that is not there', 1, @required, '--name', 'n', "$folder/$all");
load('single files', 1, @required, '--name', 'n', "$folder/bad.gif");
load('a list that is not there', 1, @required, '--name', 'n', '--files-from', "$scratch/$all.list", $folder);
load('a list', 1, @required, '--name', 'n', '--files-from', write_file("$scratch/list$escapes", "a.gif\n$escapes.gif\n$byte\n"), $folder);
load('a report that is none', 2, @required, '--report', write_file("$scratch/report$all", 'text'), $folder);
load('a report that can not be', 1, @required, '--report', "$scratch/nowhere$all/report.csv", $folder);
load('a pattern', 2, @required, '--include', "$all//", $folder);
load('an option', 2, @required, '--retries', $all, $folder);
load('an unknown option', 2, @required, "--$escapes", $folder);
load('folders that are seeds', 1, @who, '--seed-from-folder', $scratch);

# The database's words: they tell what they were given.
(undef, $err) = load('a seed', 1, @who, '--seed', "$escapes$line", "$folder/a.gif", '--name', 'n');
like($err, qr/E\\x1b\]0;pwned\\x07X\n    nachet-load: all is well/, 'a seed: the lines of the message are kept, indented');
load('an e-mail address', 1, @who, '--seed', 'Brassica napus', '--email', "$escapes$c1\@example.org", '--name', 'n', "$folder/a.gif");
load('a database', 4, @required, '-d', "host=/nowhere dbname=$escapes", '--name', 'n', "$folder/a.gif");

# The report and JSON are for programs: valid UTF-8, and the names of pictures as they are.
my $good = "$scratch/good";
write_file("$good/$bidi.gif", gif('bidi'));
write_file("$good/$c1.gif", gif('c1'));
my ($status, $out) = $store->run_load(@required, '--json', '--on-error=skip', '--report', "$scratch/r.csv", $good);
is($status, 3, 'a name with a control character is refused, one with an override of direction is not');
my $csv = slurp("$scratch/r.csv");
ok(eval { Encode::decode('UTF-8', my $copy = $csv, Encode::FB_CROAK); 1 }, 'the report is UTF-8');
like($csv, qr{^\Q$good/$bidi\E\.gif,imported,}m, 'the report is UTF-8: with the name of a picture as it is');
like($csv, qr{^\Q$good\E/\\xc2\\x9b31m\.gif,rejected,}m,
	'the report is UTF-8: a control character escaped whole');
is_visible($out, 'JSON');
my @items = map { $_->{item} // () } map { JSON::PP->new->utf8->decode($_) } split /\n/, $out;
is_deeply(\@items, ["$good/\\xc2\\x9b31m.gif"], 'the report is UTF-8, which names it so');
($status, $out) = $store->run_load(@required, '--json', write_file("$scratch/bad/$bidi.gif", 'text'));
is_visible($out, 'JSON');
@items = map { $_->{item} // () } map { JSON::PP->new->utf8->decode($_) } split /\n/, $out;
is_deeply(\@items, [ Encode::decode('UTF-8', "$scratch/bad/$bidi.gif") ],
	'the report is UTF-8: has a valid name as it is');

done_testing;

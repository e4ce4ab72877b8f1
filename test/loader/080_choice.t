#!/usr/bin/env perl
# test/loader/080_choice.t: which files are imported: --include and --exclude, --files-from,
# symbolic links, and files that become others meanwhile.
use strict;
use warnings;

use FindBin ();
use lib "$FindBin::Bin/../lib";
use Nachet::Loader qw(@required);
use Nachet::Test qw(gif tiff write_file start_command poll_until file_faults);
use POSIX ();
use Test::More;

my $store = Nachet::Test->new;

# What a run would make a set of: imports it, and gives the names, sorted.
sub names
{
	my ($id) = @_;
	chomp $id;
	return [ split /\n/, $store->psql("SELECT name FROM nachet.picture WHERE picture_set_id = '$id' ORDER BY name COLLATE \"C\"") ];
}

sub imports_ok
{
	my ($args, $names, $what, %options) = @_;
	my $wanted = delete $options{status} // 0;
	my ($status, $out, $err) = $store->run_load(\%options, @required, @$args);
	if ($status != $wanted) { fail($what); diag("status $status: $err"); return }
	is_deeply(names($out), [ sort @$names ], $what) or diag($err);
	return $err;
}

my $folder = $store->tempdir . '/pictures';
my @all = ('a.gif', 'b.png', '.hidden.gif', 'sub/a.gif', 'sub/b.png', 'sub/deep/a.gif', 'sub/deep/c.tif', 'other/sub/a.gif',
	'thumbs/t.gif', "\xc3\xa9.gif", 'x[1].gif');
write_file("$folder/$_", gif($_)) for @all;

# --- patterns --------------------------------------------------------------------------------------
sub matching { my ($regex) = @_; return [ grep { /$regex/ } @all ] }
sub without { my ($regex) = @_; return [ grep { !/$regex/ } @all ] }

imports_ok([ '--include', '*.gif', $folder ], matching(qr/\.gif$/), 'a pattern without a slash meets base names at any depth');
imports_ok([ '--include', '*.png', '--include', '*.tif', $folder ], matching(qr/\.(?:png|tif)$/),
	'a pattern without a slash meets base names at any depth: several, any of them');
imports_ok([ '--exclude', '*.gif', $folder ], without(qr/\.gif$/), '--exclude leaves out');
imports_ok([ '--include', '*.gif', '--exclude', 'a.*', $folder ], [ grep { /\.gif$/ && !m{(?:^|/)a\.} } @all ],
	'--exclude leaves out: goes before --include');
imports_ok([ '--exclude', 'a.*', '--include', '*.gif', $folder ], [ grep { /\.gif$/ && !m{(?:^|/)a\.} } @all ],
	'--exclude leaves out: in whichever order');
imports_ok([ '--include', '/a.gif', $folder ], ['a.gif'], 'a slash at the beginning: only at the top');
imports_ok([ '--include', 'sub/*', $folder ], matching(qr{^sub/}), 'a slash within: the whole path; a folder that is met brings what is below');
imports_ok([ '--include', 'sub/*.gif', $folder ], ['sub/a.gif'], 'a slash within: a star crosses no slash');
imports_ok([ '--include', '**/a.gif', $folder ], matching(qr{(?:^|/)a\.gif$}), 'two stars cross any number of slashes, none too');
imports_ok([ '--include', 'sub/**/a.gif', $folder ], [ 'sub/a.gif', 'sub/deep/a.gif' ],
	'two stars cross any number of slashes, none too: in the middle');
imports_ok([ '--include', 'sub/**', $folder ], matching(qr{^sub/}),
	'two stars cross any number of slashes, none too: at the end');
imports_ok([ '--exclude', 'thumbs', $folder ], without(qr{^thumbs/}), 'a folder is excluded by its name');
imports_ok([ '--exclude', 'sub/', $folder ], without(qr{(?:^|/)sub/}), 'a slash at the end: folders, anywhere');
imports_ok([ '--exclude', 'a.gif/', $folder ], \@all, 'a slash at the end: no files');
imports_ok([ '--include', 'deep/', $folder ], matching(qr{/deep/}),
	'a slash at the end: included with all below');
imports_ok([ '--exclude', '/sub/', $folder ], without(qr{^sub/}), 'a slash at the end: at the top only');
imports_ok([ '--include', '?.gif', $folder ], matching(qr{(?:^|/)(?:.|\xc3\xa9)\.gif$}), 'a question mark is a character, also one of two bytes');
imports_ok([ '--include', '[ab].*', $folder ], matching(qr{(?:^|/)[ab]\.}), 'brackets are a choice of characters');
imports_ok([ '--include', 'x\\[1\\].gif', $folder ], ['x[1].gif'], 'brackets after a backslash are meant as such');
imports_ok([ $folder ], matching(qr/png|tif/), 'patterns from the environment, one a line',
	env => { NACHET_INCLUDE => "*.png\n*.tif\n" });
imports_ok([ '--include', '*.png', $folder ], matching(qr/png/), 'patterns from the environment, one a line: give way to those of the command line',
	env => { NACHET_INCLUDE => "*.tif" });
my $deep = $store->tempdir;
my $long = join '/', ('d') x 60, 'e.gif';
write_file("$deep/$_", gif($_)) for $long, 'a.gif';
imports_ok([ '--exclude', join('/', ('**') x 30, 'd', 'f.gif'), $deep ], [ $long, 'a.gif' ], 'many **/ are no matter, however deep the folders');
imports_ok([ '--exclude', join('/', ('**') x 30, 'd', 'e.gif'), $deep ], ['a.gif'],
	'many **/ are no matter, however deep the folders: match');
imports_ok([ '--exclude', 'b.*', "$folder/a.gif", "$folder/b.png" ], ['a.gif'], 'patterns hold for single files too');

my ($status, $out, $err) = $store->run_load(@required, '--include', '*.xyz', $folder);
is($status, 1, 'patterns that leave nothing make no set');
like($err, qr/it contains no picture/, 'patterns that leave nothing make no set: say so');

# What is excluded is not even looked at.
write_file("$folder/notes.txt", 'text');
POSIX::mkfifo("$folder/pipe", 0600) or die $!;
symlink 'a.gif', "$folder/link.gif" or die $!;
symlink 'thumbs', "$folder/linked" or die $!;
$err = imports_ok([ '--exclude', '*.txt', '--exclude', 'pipe', '--exclude', 'link*', $folder ], \@all, 'what is excluded may be anything');
unlike($err, qr/warning|error/, 'what is excluded may be anything: is not complained about') if defined $err;
unlink "$folder/notes.txt", "$folder/pipe";

# --- symbolic links --------------------------------------------------------------------------------
$err = imports_ok([$folder], \@all, 'symbolic links are left out', status => 3);
like($err, qr{warning: \S+/\Q$_\E: left out: is a symbolic link},
	"symbolic links are left out: naming $_") for 'link.gif', 'linked';
imports_ok([ '-L', $folder ], [ @all, 'link.gif', 'linked/t.gif' ],
	'symbolic links are left out: followed with -L');
symlink '..', "$folder/sub/up" or die $!;
symlink '.', "$folder/self" or die $!;
$err = imports_ok([ '--follow', $folder ], [ @all, 'link.gif', 'linked/t.gif' ], 'links that lead in circles end nothing', status => 3);
like($err, qr{warning: \S+/\Q$_\E: left out: leads back to a folder},
	"links that lead in circles end nothing: naming $_") for 'sub/up', 'self';
unlink "$folder/sub/up", "$folder/self";
symlink '/nowhere/at/all', "$folder/dangling.gif" or die $!;
($status, $out, $err) = $store->run_load(@required, '-L', $folder);
is($status, 1, 'with -L a link that leads nowhere stops the import');
like($err, qr{error: \S+/dangling\.gif: No such file or directory},
	'with -L a link that leads nowhere stops the import: is named');
imports_ok([$folder], \@all, 'with -L a link that leads nowhere stops the import: without it, it is left out like any', status => 3);
unlink "$folder/dangling.gif";
symlink '/dev/zero', "$folder/zero.gif" or die $!;
($status, $out, $err) = $store->run_load({ timeout => 60 }, @required, '-L', $folder);
is($status, 1, 'with -L a link to a device stops the import');
like($err, qr{error: \S+/zero\.gif: is not a regular file},
	'with -L a link to a device stops the import: is named, and not read');
unlink "$folder/zero.gif";

# --- --files-from ----------------------------------------------------------------------------------
my $scratch = $store->tempdir;
my $list = "$scratch/list";
write_file($list, "a.gif\nsub/deep/c.tif\r\n\n# b.png\n; b.png\n./sub/../sub/b.png\n");
($status, $out, $err) = $store->run_load(@required, '--files-from', $list, $folder);
is($status, 1, "a list with '..' in it is refused");
like($err, qr{sub/\.\./sub/b\.png: must not contain '\.\.'}, "a list with '..' in it is refused: naming it");
write_file($list, "a.gif\nsub/deep/c.tif\r\n\n# b.png\n; b.png\n./sub/.//b.png\n/thumbs/t.gif\na.gif\n.hidden.gif");
imports_ok([ '--files-from', $list, $folder ], [ 'a.gif', 'sub/deep/c.tif', 'sub/b.png', 'thumbs/t.gif', '.hidden.gif' ],
	'--files-from takes what a file lists, once');
imports_ok([ '--files-from', '-', $folder ], [ 'a.gif', 'b.png' ], '--files-from takes what a file lists, once: or standard input', stdin => "a.gif\nb.png\n");
imports_ok([ '--files-from=-', '-0', $folder ], [ 'a.gif', 'b.png' ], '--files-from takes what a file lists, once: parted by NUL', stdin => "./a.gif\0b.png\0");
imports_ok([ '--files-from=-', '--exclude', 'b.*', $folder ], ['a.gif'], '--files-from takes what a file lists, once, of which patterns take away', stdin => "a.gif\nb.png\n");
write_file("$folder/#1.gif", gif('hash'));
write_file("$folder/ spaced .gif", gif('spaced'));
imports_ok([ '--files-from=-', '--from0', $folder ], [ '#1.gif', ' spaced .gif' ], '--files-from takes what a file lists, once: taken as they are', stdin => "#1.gif\0 spaced .gif\0");
imports_ok([ '--files-from=-', $folder ], ['#1.gif'], '--files-from takes what a file lists, once: ./ hides a hash', stdin => "./#1.gif\n");
unlink "$folder/#1.gif", "$folder/ spaced .gif";
($status, $out, $err) = $store->run_load({ stdin => "a.gif\nnot-there.gif\nthumbs/neither.gif\n" }, @required, '--files-from=-', $folder);
is($status, 1, 'a listed file that is not there stops the import');
like($err, qr{error: \S+/\Q$_\E: does not exist: paths in a list are relative to the folder},
	"a listed file that is not there stops the import: naming $_") for 'not-there.gif', 'thumbs/neither.gif';
($status, $out, $err) = $store->run_load({ stdin => "$folder/a.gif\n" }, @required, '--files-from=-', $folder);
is($status, 1, 'so does an absolute path');
like($err, qr{: does not exist: paths in a list are relative to the folder$}m,
	'so does an absolute path, which is told what it should be');
imports_ok([ '--files-from=-', $folder ], [ 'a.gif', 'b.png' ], 'the mark of Windows before UTF-8 is no part of a path', stdin => "\xef\xbb\xbfa.gif\r\nb.png\r\n");
imports_ok([ '--files-from=-', $folder ], ['b.png'], 'the mark of Windows before UTF-8 is no part of a path: nor of a comment', stdin => "\xef\xbb\xbf# a.gif\nb.png\n");
write_file("$folder/\xef\xbb\xbf.gif", gif('mark'));
imports_ok([ '--files-from=-', '-0', $folder ], ["\xef\xbb\xbf.gif"], 'the mark of Windows before UTF-8 is no part of a path: but with --from0 it is', stdin => "\xef\xbb\xbf.gif\0");
imports_ok([ '--files-from=-', $folder ], [ 'a.gif', "\xef\xbb\xbf.gif" ], 'the mark of Windows before UTF-8 is no part of a path: on another line', stdin => "a.gif\n\xef\xbb\xbf.gif\n");
unlink "$folder/\xef\xbb\xbf.gif";
for my $case ([ "\xff\xfea\0.\0g\0i\0f\0\r\0\n\0", qr/path 1 is UTF-16: a list must be UTF-8/ ], [ "\xfe\xff\0a\0.\0g\0i\0f\0\n", qr/path 1 is UTF-16: a list must be UTF-8/ ],
	[ "a\0.\0g\0i\0f\0\n\0", qr/path 1 contains a NUL: is --from0 missing, or is the list UTF-16\?/ ])
{
	($status, $out, $err) = $store->run_load({ stdin => $case->[0] }, @required, '--files-from=-', $folder);
	is($status, 1, 'a list in UTF-16 is an error');
	like($err, $case->[1], 'a list in UTF-16 is an error: that says so');
}
$err = imports_ok([ '--files-from=-', $folder ], ['a.gif'], 'a listed folder is left out, and so is a link and what lies behind one',
	stdin => "a.gif\nsub\nlink.gif\nlinked/t.gif\n", status => 3);
like($err, qr{warning: \S+/sub: left out: is a folder},
	'a listed folder is left out, and so is a link and what lies behind one: naming the folder');
like($err, qr{warning: \S+/\Q$_\E: left out: .*symbolic link},
	"a listed folder is left out, and so is a link and what lies behind one: naming $_") for 'link.gif', 'linked/t.gif';
imports_ok([ '--files-from=-', '-L', $folder ], [ 'link.gif', 'linked/t.gif' ], 'a listed folder is left out, and so is a link and what lies behind one: but with -L', stdin => "link.gif\nlinked/t.gif\n");
($status, $out, $err) = $store->run_load({ stdin => "a.gif\0b.png\0" }, @required, '--files-from=-', $folder);
is($status, 1, 'a NUL without --from0 is an error');
like($err, qr/standard input: path 1 contains a NUL: is --from0 missing/,
	'a NUL without --from0 is an error: that tells');
($status, $out, $err) = $store->run_load({ stdin => 'x' x 20000 }, @required, '--files-from=-', $folder);
is($status, 1, 'a line that no path can be is an error');
like($err, qr/standard input: path 1 is too long/, 'a line that no path can be is an error: that tells');
($status, $out, $err) = $store->run_load({ stdin => "a.gif\r\nb.png\r\nx\0" }, @required, '--files-from=-', $folder);
like($err, qr/standard input: path 3 contains a NUL/,
	'a line that no path can be is an error: counting lines that end with CR and LF once');
# Longer than a name may be, and than what is reserved at first.
($status, $out, $err) = $store->run_load({ stdin => 'x' x 16000 }, @required, '--files-from=-', $folder);
is($status, 1, 'a very long line is an error');
like($err, qr/error: \S+x: .*long/, 'a very long line is an error: that names it');
($status, $out, $err) = $store->run_load({ stdin => '' }, @required, '--files-from=-', $folder);
is($status, 1, 'an empty list makes no set');
($status, $out, $err) = $store->run_load(@required, '--files-from', "$scratch/nowhere", $folder);
is($status, 1, 'a list that is not there is an error');
like($err, qr{\Q$scratch\E/nowhere: No such file or directory},
	'a list that is not there is an error: that names it');

# A list that never comes can be interrupted.
POSIX::mkfifo("$scratch/pipe", 0600) or die $!;
open my $kept, '+<', "$scratch/pipe" or die $!;
for my $fault ({}, { POLL => 1 })
{
	my $loader = start_command({ env => { $store->env('importer'), file_faults(%$fault) }, stdin_file => "$scratch/pipe" },
		$store->nachet_load, @required, '--files-from=-', $folder);
	poll_until(sub { $store->psql("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'nachet-load' AND state = 'idle'") == 1 }, 60)
		or die $loader->err;
	$loader->signal('INT');
	is($loader->wait(60), 130, 'waiting for a list can be interrupted' . (%$fault ? ', also when each wait is' : ''));
	poll_until(sub { $store->psql("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'nachet-load'") == 0 }, 60) or die 'a session stays';
}
close $kept;

# --- files that become others ------------------------------------------------------------------------
for my $case (
	[ 'a pipe', sub { POSIX::mkfifo($_[0], 0600) or die $! }, qr/is not a regular file/ ],
	[ 'a link', sub { symlink '/etc/passwd', $_[0] or die $! }, qr/has become a symbolic link, or is reached through one/ ],
	[ 'nothing', sub { }, qr/No such file or directory/ ],
	[ 'a newer file of the same size', sub { write_file($_[0], tiff(12_000_000, 'newer')) }, qr/changed while it was being imported/ ],
	[ 'a shorter file', sub { write_file($_[0], tiff(11_000_000, 'shorter')) }, qr/changed while it was being imported/ ])
{
	my ($what, $become, $words) = @$case;
	my $place = $store->tempdir . '/changing';
	write_file("$place/a.gif", gif("changing $what"));
	write_file("$place/x-large.tif", tiff(12_000_000, $what));
	my $holder = start_command({ env => { $store->env } }, 'psql', '-X', '-q', '-c', "SET application_name = 'holder'", '-c',
		'BEGIN; LOCK TABLE nachet.content_chunk IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep(600)');
	poll_until(sub { $store->psql("SELECT count(*) FROM pg_locks WHERE relation = 'nachet.content_chunk'::regclass
		AND mode = 'AccessExclusiveLock' AND granted") > 0 }, 60) or die 'no lock: ' . $holder->err;
	my $loader = $store->start_load(@required, '-j', 1, '--json', $place);
	poll_until(sub { $store->psql("SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'nachet.content_chunk'::regclass") > 0 }, 60)
		or die 'no waiting loader: ' . $loader->err;
	unlink "$place/x-large.tif";
	$become->("$place/x-large.tif");
	$store->psql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'holder'");
	$holder->wait(60);
	is($loader->wait(60), 1, "a file that becomes $what after it was checked stops the import");
	like($loader->err, qr{x-large\.tif: $words},
		"a file that becomes $what after it was checked stops the import: is named");
	like($loader->out, qr/"message_type":"summary".*"outcome":"failed".*"rejected":1,/,
		"a file that becomes $what after it was checked stops the import: counted");
}

done_testing;

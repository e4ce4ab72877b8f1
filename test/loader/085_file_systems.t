#!/usr/bin/env perl
# test/loader/085_file_systems.t: file systems that tell no types of their entries, or that fail:
# every entry is imported, excluded or named.
use strict;
use warnings;

use FindBin ();
use lib "$FindBin::Bin/../lib";
use Nachet::Test qw(gif write_file file_faults);
use Errno qw(EACCES ESTALE);
use POSIX ();
use Test::More;

my $store = Nachet::Test->new;
my @who = ('--email', 'someone@example.org', '--zoom', 20, '--nb-seeds', 5);
my @required = (@who, '--seed', 'Brassica napus');

sub load
{
	my ($fault, @args) = @_;
	return $store->run_load({ env => { file_faults(%$fault) }, timeout => 60 }, @args);
}

sub names
{
	my ($id) = @_;
	chomp $id;
	return $store->psql("SELECT string_agg(name, ' ' ORDER BY name COLLATE \"C\") FROM nachet.picture WHERE picture_set_id = '$id'");
}

my $folder = $store->tempdir . '/pictures';
write_file("$folder/$_", gif($_)) for 'a.gif', 'lost.gif', 'sub/b.gif', 'sub/deep/c.gif';

my ($status, $out, $err) = load({ NO_TYPES => 1 }, @required, $folder);
is($status, 0, 'a file system that tells no types is imported') or diag($err);
is(names($out), 'a.gif lost.gif sub/b.gif sub/deep/c.gif',
	'a file system that tells no types is imported: with every file');

# What can't be looked at is named, be it a file or, for all we know, a folder.
for my $case (
	[ 'lost.gif', [], 'a file' ], [ 'lost.gif', ['-L'], 'a file, with -L' ], [ 'sub', [], 'a folder' ],
	[ 'sub', [ '--include', '*.gif' ], 'a folder whose name no --include meets' ],
	[ 'sub', [ '--include', '*.gif', '-L' ], 'the same with -L' ],
	[ 'lost.gif', [ '--exclude', 'lost.gif/' ], 'a file, and a pattern that excludes folders alone' ],
	[ 'lost.gif', ['--on-error=skip'], 'a file, with --on-error=skip' ])
{
	my ($name, $options, $what) = @$case;
	for my $error (EACCES, ESTALE)
	{
		my $words = POSIX::strerror($error);
		my $report = $store->tempdir . '/report.csv';
		($status, $out, $err) = load({ NO_TYPES => 1, STAT => $name, ERRNO => $error }, @required, @$options, '--report', $report, $folder);
		is($status, 1, "$what, of which stat says '$words', stops the import");
		is($out, '', "$what, of which stat says '$words', stops the import: makes no set");
		like($err, qr{error: \Q$folder/$name\E: $words$}m,
			"$what, of which stat says '$words', stops the import: is named");
		like(Nachet::Test::slurp($report), qr{^\Q$folder/$name\E,rejected,,,,,,$words\r$}m,
			"$what, of which stat says '$words', stops the import: in the report too");
	}
}
($status, $out, $err) = load({ NO_TYPES => 1, STAT => 'lost' }, @required, '--exclude', 'lost.*', $folder);
is($status, 0, 'what is excluded whatever it is need not be looked at') or diag($err);
is(names($out), 'a.gif sub/b.gif sub/deep/c.gif',
	'what is excluded whatever it is need not be looked at: the rest is imported');

# Symbolic links are asked about whatever the file system tells.
symlink '/etc', "$folder/other" or die $!;
symlink '/etc/passwd', "$folder/notes.txt" or die $!;
symlink '/nowhere', "$folder/dangling.txt" or die $!;
($status, $out, $err) = load({ STAT => 'other', ERRNO => ESTALE }, @required, '-L', '--exclude', '*.txt', '--include', '*.gif', $folder);
is($status, 1, 'a link that can not be followed may lead to a folder: it stops the import');
like($err, qr{error: \Q$folder\E/other: Stale file handle$}m,
	'a link that can not be followed may lead to a folder: is named');
($status, $out, $err) = load({}, @required, '--include', '*.gif', $folder);
like($err, qr{warning: \Q$folder\E/other: left out: is a symbolic link}, 'a link to a folder is named, though no --include meets its name');
unlike($err, qr/notes/,
	'a link to a folder is named, though no --include meets its name: one to a file is not');
($status, $out, $err) = load({}, @required, '--include', '*.gif', '--exclude', 'other', $folder);
unlike($err, qr/other/,
	'a link to a folder is named, though no --include meets its name: nor one that is excluded');
unlink map { "$folder/$_" } 'other', 'notes.txt', 'dangling.txt';

# Folders that name seeds.
my $seeds = $store->tempdir . '/seeds';
write_file("$seeds/Brassica $_/a.gif", gif($_)) for 'napus', 'nigra';
$store->psql("SELECT nachet.register_seed('Brassica nigra')");
($status, $out, $err) = load({ NO_TYPES => 1, STAT => 'nigra', ERRNO => EACCES }, @who, '--seed-from-folder', $seeds);
is($status, 1, 'a folder that can not be looked at, with --seed-from-folder, stops it all');
like($err, qr{error: \Q$seeds\E/Brassica nigra: Permission denied$}m,
	'a folder that can not be looked at, with --seed-from-folder, stops it all: is named for what it is');
is($out, '',
	'a folder that can not be looked at, with --seed-from-folder, stops it all: nothing is imported');
($status, $out, $err) = load({ NO_TYPES => 1, STAT => 'nigra' }, @who, '--seed-from-folder', '--include', '*.gif', $seeds);
is($status, 1,
	'a folder that can not be looked at, with --seed-from-folder, stops it all: also if no --include meets its name');
symlink 'Brassica napus', "$seeds/linked" or die $!;
($status, $out, $err) = load({}, @who, '--seed-from-folder', '--include', '*.gif', $seeds);
like($err, qr{warning: \Q$seeds\E/linked: left out: is a symbolic link}, 'a link to a folder of pictures is named, though no --include meets its name');

# A list of files.
($status, $out, $err) = load({ STAT => 'lost', ERRNO => EACCES }, @required, '--files-from', write_file($store->tempdir . '/list', "a.gif\nlost.gif\n"), $folder);
is($status, 1, 'a listed file that can not be looked at stops the import');
like($err, qr{error: \Q$folder\E/lost\.gif: Permission denied},
	'a listed file that can not be looked at stops the import: is named');
my $list = write_file($store->tempdir . '/list', "a.gif\nsub\n");
($status, $out, $err) = load({}, @required, '--files-from', $list, '--include', '*.gif', $folder);
like($err, qr{warning: \Q$folder\E/sub: left out: is a folder}, 'a listed folder is named, though no --include meets its name');

done_testing;

#!/usr/bin/env perl
# test/loader/057_failing_calls.t: what the loader does when memory runs out, in itself and in the
# libraries that it uses, and when its files fail.
use strict;
use warnings;

use FindBin ();
use lib "$FindBin::Bin/../lib";
use Errno qw(EAGAIN EIO ENOMEM);
use File::Basename qw(dirname);
use File::Path qw(remove_tree);
use Nachet::CallFaults ();
use Nachet::Loader qw(@required);
use Nachet::Test qw(gif tiff_file write_file slurp run_command);
use Test::More;

my $store = Nachet::Test->new;
my $work = $store->tempdir;
write_file("$work/pictures/$_.gif", gif($_)) for 1 .. 5;

# libpq that has no memory for the answer to a COPY waits for bytes that never come, because the server waits too: the loader
# looks again, and goes on. Here the first results of a COPY that begins get no memory.
write_file("$work/fault.c", <<'END_C');
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <libpq-fe.h>

PGresult *
PQmakeEmptyPGresult(PGconn *connection, ExecStatusType status)
{
	static atomic_int failures;
	PGresult *(*real)(PGconn *, ExecStatusType) =
	    (PGresult * (*) (PGconn *, ExecStatusType)) dlsym(RTLD_NEXT, "PQmakeEmptyPGresult");

	if (status == PGRES_COPY_IN && atomic_fetch_add(&failures, 1) < 3)
	{
		FILE *note = fopen(getenv("FAULT_NOTE"), "a");

		fputs("no memory\n", note);
		fclose(note);
		return NULL;
	}
	return real(connection, status);
}
END_C
my ($status, $out, $err) = run_command('sh', '-c', 'exec "$@" $(pkg-config --cflags libpq)', 'sh', $ENV{CC} // 'cc', '-shared', '-fPIC',
	'-o', "$work/fault.so", "$work/fault.c", '-ldl');
die "fault.c: $err" if $status != 0;

($status, $out, $err) = run_command({ timeout => 60, env => { $store->env('importer'), LD_PRELOAD => "$work/fault.so",
			FAULT_NOTE => "$work/note", ASAN_OPTIONS => join(':', $ENV{ASAN_OPTIONS} // (), 'verify_asan_link_order=0') } },
	$store->nachet_load, @required, "$work/pictures");
SKIP: {
	skip 'this libpq can not be hindered', 3 if !-e "$work/note";
	is($status, 0, 'an import goes on when there is memory again') or diag($err);
	is(slurp("$work/note"), "no memory\n" x 3,
		'an import goes on when there is memory again, which there was not');
	is($store->psql('SELECT count(*) FROM nachet.picture'), 5,
		'an import goes on when there is memory again: with all pictures');
}

# Every allocation of its own fails once, in every way to import; then what the libraries do for it. Whatever fails, it ends by
# itself, says why, and a set is whole or not there.
my @who = ('--email', 'someone@example.org', '--zoom', 20, '--nb-seeds', 5, '--retries', 0);
my @seed = ('--seed', 'Brassica napus');
my $http = $store->start_http;
my @url = ('--url', $http->url);
my @files = ('a.gif', 'sub/b.gif', 'sub/c.gif', 'x.tif');

# A folder with four pictures, of which one is too large for a buffer of -j 32, and with something of each kind that is not
# imported; all its own.
my $run = 0;

sub make_folder
{
	$run++;
	my $folder = "$work/run $run/Brassica napus";
	write_file("$folder/$_", gif("$run $_")) for @files[ 0 .. 2 ];
	tiff_file("$folder/$files[3]", 2_200_000, $run);
	write_file("$folder/.DS_Store", 'a machine');
	write_file("$folder/notes.txt", 'no picture');
	symlink 'a.gif', "$folder/link.gif" or die $!;
	return $folder;
}

sub count_sets { return $store->psql('SELECT count(*) FROM nachet.picture_set') }
sub count_pictures { return $store->psql('SELECT count(*) FROM nachet.picture') }

# Walks through the calls of a group. The arguments are a function of the run's folder; pictures are a set's. If it is in doubt,
# the set may have been made though its id was lost.
sub walk
{
	my ($name, $what, %way) = @_;
	my $faults = Nachet::CallFaults->new(@{ $way{callers} // [] });
	my ($sets, $pictures) = (count_sets(), count_pictures());
	my @ends = $faults->walk($what, $way{errno} // ENOMEM,
		sub {
			my $folder = make_folder();
			my @end = run_command({ timeout => 60, env => { $store->env('importer'), $faults->env } },
				$store->nachet_load, @who, $way{args}->($folder));
			remove_tree(dirname($folder));
			return @end;
		}, lasting => $way{lasting}, step => $way{step});
	my $uuid = qr/[0-9a-f]{8}-[0-9a-f-]{27}/;
	my $made = grep { "$_->[1]$_->[2]" =~ $uuid } @ends;
	my $done = $way{done} // 3;
	is_deeply([ map { "$_->[0]: $_->[2]" } grep { $_->[0] > 5 } @ends ], [], "$name: it always ends by itself");
	is_deeply([ map { "$_->[0]: $_->[2]" } grep { $_->[0] != $done && $_->[2] !~ /^nachet-load: error: .*(?:$way{words})/m } @ends ], [],
		"$name: says why it fails");
	cmp_ok(scalar(grep { $_->[0] != $done } @ends), '>', 0, "$name, which it does");
	is($ends[-1][0], $done, "$name: until no call fails any more") or diag($ends[-1][2]);
	is_deeply([ map { "$_->[1]$_->[2]" } grep { $_->[0] == $done && "$_->[1]$_->[2]" !~ ($way{proof} // $uuid) } @ends ], [],
		"$name: each success has its id");
	$sets = count_sets() - $sets;
	cmp_ok($sets, $way{in_doubt} ? '>=' : '==', $way{proof} ? 0 : $made, "$name: there are as many sets")
		or diag(map { "$_->[0]: $_->[1]$_->[2]" } @ends);
	is(count_pictures() - $pictures, $sets * ($way{pictures} // 4), "$name: each has all its pictures");
	return;
}

my $memory = qr/memory|strange answer/;
my @skip = ('--on-error', 'skip', '-j', 32);
my $report = "$work/report.csv";
walk('no memory', 'memory', words => $memory, args => sub { (@seed, @skip, '-v', '--json', '--report', $report, '--exclude', 'y/**', @_) });
is(scalar(() = slurp($report) =~ /^\Q$work\E[^,]+,(?:imported,[0-9a-f]{64}|rejected|left_out|machine_made),/mg), 7,
	'no memory: the report names every file');
walk('no memory for good', 'memory', words => $memory, lasting => 1, args => sub { (@seed, @skip, '--report', $report, @_) });
walk('no memory, through the service', 'memory', in_doubt => 1, words => $memory, args => sub { (@url, @seed, @skip, @_) });
walk('no memory, of a list', 'memory', words => $memory, pictures => 5,
	args => sub { (@seed, @skip, '-L', '--files-from', write_file("$work/list", join "\n", @files, 'notes.txt', 'link.gif'), @_) });
walk('no memory, of given files', 'memory', words => $memory,
	args => sub { my ($folder) = @_; (@seed, @skip, '--name', 'given', map { "$folder/$_" } @files, 'notes.txt') });
walk('no memory, of folders that name seeds', 'memory', words => $memory,
	args => sub { (@skip, '--seed-from-folder', dirname($_[0])) });
walk('no memory for a script', 'memory', words => $memory, proof => qr/^\\endif$/m, args => sub { (@seed, @skip, '--sql', @_) });

walk('libpq fails', 'libpq', words => qr/memory|no reason|could not continue/, args => sub { (@seed, @skip, '-v', @_) });
walk('libcrypto fails', 'libcrypto', words => qr/SHA-256/, args => sub { (@seed, @skip, @_) });
walk('libcrypto fails for a script', 'libcrypto', words => qr/SHA-256/, proof => qr/^\\endif$/m, args => sub { (@seed, @skip, '--sql', @_) });
walk('libcurl fails', 'libcurl', in_doubt => 1, words => qr/[Mm]emory|is not a URL/, args => sub { (@url, @seed, @skip, @_) });
walk('libjansson fails', 'libjansson', in_doubt => 1, words => qr/memory|not respond like nachet-http/, args => sub { (@url, @seed, @skip, @_) });

# What jansson has no memory for is not left out of a request.
{
	my $faults = Nachet::CallFaults->new('libjansson');
	my $folder = make_folder();
	my @told = map {
		$faults->arm('memory', $_, ENOMEM);
		(run_command({ timeout => 60, env => { $store->env('importer'), $faults->env } }, $store->nachet_load, @who, @url, @seed, @skip, '-n', $folder))[2]
	} 1 .. 12;
	is_deeply([ grep { !/^nachet-load: error: .*(?:memory|not respond like nachet-http)/m } @told ], [], 'no memory for JSON: no request goes without the address');
}
walk('no thread starts', 'threads', errno => EAGAIN, words => qr/no thread/, args => sub { (@seed, @skip, @_) });

my $io = qr{Input/output error};
walk('files fail', 'files', errno => EIO, words => $io, args => sub { (@seed, @skip, '--report', $report, @_) });
walk('files of a list fail', 'files', errno => EIO, words => $io, pictures => 5, step => 2,
	args => sub { (@seed, @skip, '-L', '--files-from', write_file("$work/list", join "\n", @files, 'notes.txt', 'link.gif'), @_) });
walk('files of folders that name seeds fail', 'files', errno => EIO, words => $io, step => 2,
	args => sub { (@skip, '--seed-from-folder', dirname($_[0])) });
walk('files for a script fail', 'files', errno => EIO, words => $io, proof => qr/^\\endif$/m, step => 2, args => sub { (@seed, @skip, '--sql', @_) });
walk('no random bytes for the name of a report', 'random', errno => EAGAIN, words => qr/--report: .*unavailable/,
	args => sub { (@seed, @skip, '--report', $report, @_) });

done_testing;

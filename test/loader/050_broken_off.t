#!/usr/bin/env perl
# test/loader/050_broken_off.t: an import that is broken off, or that the world changes under: what
# is half done shows nowhere, and running it again completes it.
#
# A lock that another session holds stops the loader at a known place; nothing here depends on timing.
use strict;
use warnings;

use FindBin ();
use lib "$FindBin::Bin/../lib";
use Nachet::Loader qw(@required hold is_whole let_go make_folder wait_until_stopped);
use Nachet::Test qw(start_command tiff write_file);
use Test::More;

my $store = Nachet::Test->new;

sub count_rows { my ($table) = @_; return $store->psql("SELECT count(*) FROM nachet.$table") }

# Interrupts: while sending, and while the set is made.
for my $case ([ 'INT', 'nachet.content_chunk' ], [ 'TERM', 'nachet.content_chunk' ], [ 'HUP', 'nachet.content_chunk' ], [ 'INT', 'nachet.users' ])
{
	my ($signal, $table) = @$case;
	my ($folder, $files) = make_folder($store, "$signal $table");
	my $sets = count_rows('picture_set');
	my $first = hold($store, 'nachet.content_chunk');
	my $held = $first;
	my $reports = $store->tempdir;
	my $loader = $store->start_load(@required, '-j', 1, '--report', "$reports/r.csv", $folder);
	wait_until_stopped($store, $loader, 'nachet.content_chunk');
	if ($table ne 'nachet.content_chunk')
	{
		$held = hold($store, $table);
		let_go($first);
		wait_until_stopped($store, $loader, $table);
	}
	$loader->signal($signal);
	is($loader->wait(60), 130, "SIG$signal while it waits for $table: status 130, though the lock is still held");
	is($loader->out, '', "SIG$signal while it waits for $table: no id");
	like($loader->err, qr/interrupted: no set was made.*running the same import again sends only the others/,
		"SIG$signal while it waits for $table: says what to do");
	is_deeply([ glob "$reports/{*,.nachet*}" ], ["$reports/r.csv"],
		"SIG$signal while it waits for $table: the report is there, and nothing unfinished");
	let_go($held);
	is(count_rows('picture_set'), $sets, "SIG$signal while it waits for $table: no set is there");
	my ($status, $out, $err) = $store->run_load(@required, $folder);
	is($status, 0, "SIG$signal while it waits for $table: running it again completes it") or diag($err);
	like($err, $table eq 'nachet.users' ? qr/; sent 0,/ : qr/; sent 21,/,
		"SIG$signal while it waits for $table: sending only what was not stored");
	is_whole($store, $out, $files, "SIG$signal while it waits for $table: with every byte");
}

# nohup's processes, and a shell's background jobs, ignore a signal from the start: it does not end them.
for my $signal ('HUP', 'INT')
{
	my ($folder, $files) = make_folder($store, "ignored $signal");
	my $held = hold($store, 'nachet.content_chunk');
	my $loader = start_command({ env => { $store->env('importer') } }, 'sh', '-c', "trap '' $signal; exec \"\$@\"", 'sh', $store->nachet_load, @required, '-j', 1, $folder);
	wait_until_stopped($store, $loader, 'nachet.content_chunk');
	$loader->signal($signal);
	let_go($held);
	is($loader->wait(60), 0, "SIG$signal that was ignored from the start does not end it");
	is_whole($store, $loader->out, $files,
		"SIG$signal that was ignored from the start does not end it: it imports every byte");
}

# A file that changes after it was checked.
{
	my ($folder, $files) = make_folder($store, 'changes');
	my $held = hold($store, 'nachet.content_chunk');
	my $loader = $store->start_load(@required, '-j', 1, $folder);
	wait_until_stopped($store, $loader, 'nachet.content_chunk');
	write_file("$folder/x-large.tif", tiff(12_000_001, 'changed'));
	let_go($held);
	is($loader->wait(60), 1, 'a file that changes meanwhile stops the import');
	like($loader->err, qr{x-large\.tif: changed while it was being imported},
		'a file that changes meanwhile stops the import: is named');
	is($loader->out, '', 'a file that changes meanwhile stops the import: no id');
	$files->{'x-large.tif'} = tiff(12_000_001, 'changed');
	my ($status, $out, $err) = $store->run_load(@required, $folder);
	is($status, 0,
		'a file that changes meanwhile stops the import: running it again imports it as it is now')
			or diag($err);
	like($err, qr/; sent 1,/,
		'a file that changes meanwhile stops the import: sending only the changed file');
	is_whole($store, $out, $files, 'a file that changes meanwhile stops the import: with every byte');
}

# Contents that are swept away between their sending and their set.
{
	my ($folder, $files) = make_folder($store, 'swept');
	my $first = hold($store, 'nachet.content_chunk');
	my $loader = $store->start_load(@required, '-v', '-j', 1, $folder);
	wait_until_stopped($store, $loader, 'nachet.content_chunk');
	my $held = hold($store, 'nachet.users');
	let_go($first);
	wait_until_stopped($store, $loader, 'nachet.users');
	my $swept = $store->psql("SELECT contents FROM nachet.sweep_contents('0 s')");
	let_go($held);
	is($loader->wait(120), 0, 'an import whose contents are swept away goes on') or diag($loader->err);
	cmp_ok($swept, '>=', 21, 'an import whose contents are swept away goes on: they were swept');
	like($loader->err, qr/a sweep removed contents during the import: sending them again/,
		'an import whose contents are swept away goes on: sent again');
	is_whole($store, $loader->out, $files,
		'an import whose contents are swept away goes on: with every byte');
}

# A server that dies.
{
	my ($folder, $files) = make_folder($store, 'crash');
	my $sets = count_rows('picture_set');
	my $held = hold($store, 'nachet.content_chunk');
	my $loader = $store->start_load(@required, '-j', 1, '--retries', 0, $folder, $folder);
	wait_until_stopped($store, $loader, 'nachet.content_chunk');
	$store->stop('immediate');
	is($loader->wait(60), 4, 'a server that dies meanwhile, without retries: status 4');
	is($loader->out, '', 'a server that dies meanwhile, without retries: no id');
	like($loader->err, qr/^nachet-load: error: /m,
		'a server that dies meanwhile, without retries: one says so');
	$store->start;
	is(count_rows('picture_set'), $sets, 'a server that dies meanwhile, without retries: no set is there');
	my ($status, $out, $err) = $store->run_load(@required, $folder);
	is($status, 0,
		'a server that dies meanwhile, without retries: running it again completes it') or diag($err);
	is_whole($store, $out, $files, 'a server that dies meanwhile, without retries: with every byte');
}

done_testing;

#!/usr/bin/env perl
# test/loader/040_outcomes.t: several folders, several loaders, no database, and what would be done.
use strict;
use warnings;

use FindBin ();
use lib "$FindBin::Bin/../lib";
use Nachet::Loader qw(@required is_whole);
use Nachet::Test qw(gif jpeg write_file run_command);
use Test::More;

my $store = Nachet::Test->new;

sub count_rows { my ($table) = @_; return $store->psql("SELECT count(*) FROM nachet.$table") }

# Dry run.
my $root = $store->tempdir;
write_file("$root/one/$_.gif", gif("one $_")) for 1 .. 3;
write_file("$root/two/$_.gif", gif("two $_")) for 1 .. 3;
write_file("$root/bad/text.gif", 'text');
my ($status, $out, $err) = $store->run_load(@required, '--dry-run', "$root/one");
is($status, 0, 'a dry run succeeds') or diag($err);
is($out, '', 'a dry run succeeds: has no id');
like($err, qr/3 pictures.*would send 3,/, 'a dry run succeeds: says what would be sent');
is(count_rows($_), 0,
	"a dry run succeeds: stores no row in $_") for qw(content_chunk content picture picture_set);
($status, $out, $err) = $store->run_load(@required, '-n', "$root/bad");
is($status, 1, 'a dry run finds bad files');
like($err, qr/text\.gif: not a picture/, 'a dry run finds bad files: names them');

# Several folders.
($status, $out, $err) = $store->run_load(@required, "$root/one", "$root/bad", "$root/nowhere", "$root/two");
is($status, 5, 'some folders imported and some failed: status 5');
like($out, qr/\A[0-9a-f-]{36}\n[0-9a-f-]{36}\n\z/, 'some folders imported and some failed: two ids');
like($err, qr/text\.gif/, 'some folders imported and some failed: the bad file is named');
is(count_rows('picture'), 6, 'some folders imported and some failed: the good folders are there');
my $ids = $out;
($status, $out, $err) = $store->run_load(@required, "$root/one", "$root/two");
is($status, 0, 'several folders, all good: status 0');
is($out, $ids, 'several folders, all good: the ids in the order of the folders');
($status, $out, $err) = $store->run_load(@required, "$root/bad", "$root/nowhere");
is($status, 1, 'several folders, none good: status 1');
is($out, '', 'several folders, none good: no id');
write_file("$root/three/good.gif", gif('three'));
write_file("$root/three/text.gif", 'text');
($status, $out, $err) = $store->run_load(@required, '--on-error=skip', "$root/one", "$root/three");
is($status, 3, 'all imported, one without its bad file: status 3');
($status, $out, $err) = $store->run_load(@required, '--on-error=skip', "$root/one", "$root/three", "$root/nowhere");
is($status, 5, 'all imported, one without its bad file: one more that failed: status 5');

# Standard output that can't be written.
SKIP: {
	skip 'no /dev/full', 1 if !-w '/dev/full';
	($status, $out, $err) = run_command({ env => { $store->env('importer') } },
		'sh', '-c', 'exec "$@" > /dev/full', 'sh', $store->nachet_load, @required, "$root/one");
	is($status, 1, 'an id that could not be written is a failure') or diag($err);
}

# A file that may not grow further (ulimit -f) is an error in words, and no signal ends the loader.
{
	my $many = "$root/many";
	write_file("$many/a picture of the many $_.gif", gif("many $_")) for 1 .. 60;
	my @limited = ({ env => { $store->env('importer') }, cwd => $root }, 'sh', '-c', 'ulimit -f 4; exec "$@"', 'sh', $store->nachet_load, @required);
	($status, $out, $err) = run_command(@limited, '--report', 'report.csv', $many);
	is($status, 1, 'a report that may not grow is a failure') or diag($err);
	like($out, qr/\A[0-9a-f-]{36}\n\z/, 'a report that may not grow is a failure: though the set is made');
	like($err, qr/^nachet-load: error: report\.csv: .*: File too large$/m,
		'a report that may not grow is a failure: says why');
	$limited[3] = 'ulimit -f 4; exec "$@" > script.sql';
	($status, $out, $err) = run_command(@limited, '--sql', $many);
	is($status, 1, 'a script that may not grow is a failure') or diag($err);
	like($err, qr/^nachet-load: error: standard output: File too large$/m,
		'a script that may not grow is a failure: says why');
}

# Two loaders at once, over folders that share most of their pictures, in opposite order and with copies.
for my $round (1 .. 5)
{
	my $folder = $store->tempdir;
	my (%first, %second);
	for my $i (1 .. 150)
	{
		my $shared = jpeg("round $round shared $i", 2_000 + 700 * $i);
		$first{ sprintf '%04d.jpg', $i } = $shared;
		$second{ sprintf '%04d.jpg', 1000 - $i } = $shared;
		$second{ sprintf 'copy/%04d.jpg', $i } = $shared if $i % 10 == 0;
	}
	$first{'own.gif'} = gif("round $round first");
	$second{'own.gif'} = gif("round $round second");
	write_file("$folder/first/$_", $first{$_}) for keys %first;
	write_file("$folder/second/$_", $second{$_}) for keys %second;
	my $before = count_rows('content');
	my @loaders = map {
		$store->start_load(@required, '-j', 2, "$folder/$_")
	} 'first', 'second';
	is($_->wait(120), 0, "round $round: a loader among two succeeds") or diag($_->err) for @loaders;
	is(count_rows('content') - $before, 152, "round $round: each distinct content is stored once");
	for my $set ([ \%first, $loaders[0] ], [ \%second, $loaders[1] ])
	{
		is_whole($store, $set->[1]->out, $set->[0], "round $round: with every byte");
	}
}
is($store->psql('SELECT count(*) FROM nachet.content_chunk k WHERE NOT EXISTS
	(SELECT FROM nachet.content c WHERE c.id = k.content_id)'), 0, 'no chunk is left without its content');

# No database.
my $conninfo = $store->conninfo('importer');
$store->stop;
($status, $out, $err) = $store->run_load(@required, "$root/one");
is($status, 4, 'a database that can not be reached: status 4');
is($out, '', 'a database that can not be reached: no id');
like($err, qr/^nachet-load: error: no connection to the database: /,
	'a database that can not be reached: one says so');
unlike($err, qr/\\x09/, 'a database that can not be reached: without an escaped tab');
$store->start;
($status, $out, $err) = $store->run_load({ env => { PGDATABASE => 'nothing' } }, @required, "$root/one");
is($status, 4, 'a database that is not there: status 4');
$store->psql('CREATE DATABASE bare', db => 'postgres');
($status, $out, $err) = $store->run_load({ env => { PGDATABASE => 'bare' } }, @required, "$root/one");
is($status, 1, 'a database without the datastore: status 1');
like($err, qr/schema "nachet" does not exist/, 'a database without the datastore: one says so');

done_testing;

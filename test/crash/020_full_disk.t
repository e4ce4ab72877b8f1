#!/usr/bin/env perl
# test/crash/020_full_disk.t: the database's disk is full, and the service's: a clear failure,
# nothing half done, and room helps.
use strict;
use warnings;

use FindBin ();
use lib "$FindBin::Bin/../lib";
use Nachet::Http qw(multipart post_body is_problem count_of);
use Nachet::Intact qw(is_intact);
use Nachet::Loader qw(@required);
use Nachet::Test qw(poll_until small_disk tempdir tiff write_file);
use Test::More;

my $disk = small_disk(224) // plan skip_all => 'a disk can only be mounted by root';
my $ballast = write_file("$disk/ballast", 'x' x 60_000_000);
my $store = Nachet::Test->new(dir => $disk, set => { min_wal_size => '32MB', max_wal_size => '32MB', shared_buffers => '16MB' });
my @options = (@required, '--retries', 1);

my $folder = tempdir();
write_file("$folder/small/$_.tif", tiff(20_000, "small $_")) for 1 .. 5;
write_file("$folder/large/$_.tif", tiff(2_000_000, "large $_")) for 1 .. 100;

sub wait_for_server
{
	poll_until(
		sub {
			my ($status) = $store->psql_result('SELECT 1');
			$store->start if $status != 0 && !$store->server_pid;
			return $status == 0;
		}, 120) or die 'the server does not come back';
	return;
}

my ($status, $out, $err) = $store->run_load(@options, "$folder/small");
is($status, 0, 'there is room for a small folder') or diag($err);

# PostgreSQL ends by itself where it can't write its log ahead: then nobody is reached any more.
($status, $out, $err) = $store->run_load(@options, "$folder/large");
like($status, qr/\A[14]\z/, 'a folder that is larger than the disk fails');
like($err, qr/No space left on device|connection/i, 'a folder that is larger than the disk fails: says why');
is($out, '', 'a folder that is larger than the disk fails: without an id');

# A server that is up and finds no room must not fall over again.
unlink $ballast;
wait_for_server();
is_intact($store, 'the datastore is intact');
is(count_of($store), '1 5', 'the datastore is intact: holds the small folder alone');
$store->psql("SELECT nachet.sweep_contents('0 s')");
$store->psql('VACUUM nachet.content_chunk');
write_file("$folder/next/$_.tif", tiff(100_000, "next $_")) for 1 .. 20;
($status, $out, $err) = $store->run_load(@options, "$folder/next");
is($status, 0, 'with room again, imports go on') or diag($err);
is_intact($store, 'with room again, imports go on: all is intact');

# The service's spool.
my $spool = small_disk(8);
my $http = $store->start_http(args => [ '--spool-dir', $spool, '--spool-memory', '1MB', '--spool-reserve', '1MB' ]);
my $answer = post_body($http, multipart([ 'large.tif', tiff(20_000_000, 'spooled') ]));
is_problem($answer, 503, qr/space/, 'a picture that the spool has no room for');
ok($answer->{headers}{'retry-after'}, 'a picture that the spool has no room for: with a time to try again');
is(count_of($store), '2 25', 'a picture that the spool has no room for: nothing of it is there');
is(post_body($http, multipart([ 'a.tif', tiff(3_000_000, 'fits') ]))->{status}, 201, 'the service goes on');
is(post_body($http, multipart([ 'b.tif', tiff(3_000_000, 'fits too') ]))->{status}, 201,
	'the service goes on: nothing is left in the spool');
is_intact($store, 'all is intact');

done_testing;

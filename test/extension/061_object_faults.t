#!/usr/bin/env perl
# test/extension/061_object_faults.t: stores that are busy, lines that break, bytes that are
# damaged: nothing is lost, nothing wrong is read.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Nachet::FaultProxy ();
use Nachet::Loader qw(@required);
use Nachet::ObjectStore ();
use Nachet::Session ();
use Nachet::Test qw(poll_until png tempdir tiff write_file);
use Test::More;
use Time::HiRes ();

my $folder = tempdir();
my $right = 'SELECT count(*) FROM nachet.picture p JOIN nachet.content c ON c.id = p.content_id'
	. ' WHERE sha256(nachet.picture_content(p.id)) = c.sha256';
my $moved = 'SELECT count(*) FROM nachet.content WHERE object_url IS NOT NULL';
my $whole = 'SELECT count(*) FROM nachet.content c WHERE object_url IS NULL AND byte_size ='
	. ' (SELECT sum(octet_length(data)) FROM nachet.content_chunk WHERE content_id = c.id)';

for my $kind (qw(azure s3))
{
	my $objects = Nachet::ObjectStore->new($kind);
	my $proxy = Nachet::FaultProxy->new($objects->port);
	my $store = Nachet::Test->new;
	my $number = 0;
	$objects->use_by($store, port => $proxy->port);
	# Azurite checks MD5 itself; see below for CRC-64.
	$store->psql("ALTER DATABASE nachet SET nachet.object_store_checksum = 'md5'");
	$store->psql("ALTER DATABASE nachet SET nachet.object_store_part_size = '5MB'; ALTER DATABASE nachet SET nachet.object_store_timeout = '60s'");

	# Imports so many new pictures, and returns how many are waiting then.
	my $import = sub {
		my (@pictures) = @_;
		my $set = "$folder/$kind-" . ++$number;
		write_file("$set/$_", $pictures[$_]) for 0 .. $#pictures;
		my ($status, undef, $err) = $store->run_load(@required, $set);
		die $err if $status != 0;
		return;
	};
	my $offload = sub { my (undef, $out, $err) = $store->psql_result('SELECT contents, failed FROM nachet.offload_contents()'); return wantarray ? ($out, $err) : $out };
	my $all = sub { return $store->psql('SELECT count(*) FROM nachet.picture') };

	# Faults that pass; some hit a content that goes in parts.
	for my $fault ('status 503', 'status 429', 'reset request', 'lose answer', 'corrupt request')
	{
		my @pictures = (png(20, 20, "$kind $fault"), $fault =~ /corrupt|lose/ ? tiff(5_500_000, "$kind $fault") : png(20, 20, "$kind other $fault"));
		$import->(@pictures);
		$proxy->fault(PUT => $fault, 3);
		is($offload->(), '2|0', "$kind: $fault: is tried again");
		is($proxy->left, 0, 'it happened');
		is($store->psql($right), $all->(), 'all is right');
	}

	# What a store asks for: to wait no time at all, and longer than nachet.object_store_timeout.
	$import->(png(20, 20, "$kind retry after"));
	$proxy->fault(PUT => 'retry after -5', 2);
	is($offload->(), '1|0', "$kind: a time to wait that is below 0 is none");
	is($proxy->left, 0, 'it happened');
	my $asked = () = $proxy->requests;
	$proxy->fault(GET => 'retry after 100');
	is($store->sqlstate($right), 'NC008', "$kind: a time to wait that is too long ends a read");
	is(scalar(() = $proxy->requests) - $asked, 1, 'at once');
	$asked = () = $proxy->requests;
	$proxy->fault(GET => 'status 400 Bad Request.');
	is($store->sqlstate($right), 'NC008', "$kind: so does what the store does not understand");
	is(scalar(() = $proxy->requests) - $asked, 1, 'which is not sent again');
	$proxy->clear;

	# Those that stay: what can't be moved stays where it is.
	$import->(png(20, 20, "$kind stays"));
	for my $fault ('status 403', 'corrupt request')
	{
		$proxy->fault(PUT => $fault);
		my $before = $store->psql($moved);
		my ($out, $err) = $offload->();
		$proxy->clear;
		like($err, qr/nothing could be moved to.*DETAIL:  HTTP status 40/s, "$kind: $fault: is told in the end");
		is($store->psql($moved), $before, 'nothing is taken for moved');
		is($store->psql($whole), 1, 'its bytes are in the database');
	}
	is($offload->(), '1|0', "$kind: once that is over it is moved");

	subtest "$kind: a store that refuses everything" => sub {
		$import->(map { png(20, 20, "$kind refused $_") } 1 .. 6);
		my $before = () = $proxy->requests;
		$proxy->fault(PUT => 'status 403');
		my (undef, undef, $err) = $store->psql_result("SELECT nachet.chunk_size(); SET nachet.object_store_connections = 2; SELECT nachet.offload_contents()");
		like($err, qr/nothing could be moved to/, 'is told');
		cmp_ok(scalar(() = $proxy->requests) - $before, '<=', 4, 'once each connection has failed, nothing more is sent');
		$proxy->clear;
		is($store->psql('SELECT contents FROM nachet.offload_contents(100, 1)'), 1, 'max_bytes ends a run as well');
		is($offload->(), '5|0', 'and the next goes on');
	};

	subtest "$kind: contents that are damaged in the database" => sub {
		$import->(map { png(20, 20, "$kind damaged $_") } 1 .. 8);
		my $damage = 'UPDATE nachet.content_chunk SET data = set_byte(data, 70, get_byte(data, 70) # 1) WHERE content_id IN (SELECT id FROM nachet.content WHERE object_url IS NULL ORDER BY id LIMIT 7)';
		$store->psql($damage);
		my ($out, $err) = $offload->();
		is($out, '1|7', 'stay, and what is whole moves');
		is(scalar(() = $err =~ /WARNING:  content \d+ could not be moved to .*\nDETAIL:  bytes of content \d+ in the database do not match its SHA-256\./g), 5, 'five are named');
		is($store->psql('SELECT count(*) FROM nachet.content c JOIN nachet.content_chunk k ON k.content_id = c.id WHERE object_url IS NULL'), 7, 'none loses its bytes');
		like(($offload->())[1], qr/nothing could be moved to/, 'where all are damaged it fails');
		$store->psql($damage);
		is($offload->(), '7|0', 'mended, they move');
		is($store->psql($right), $all->(), 'all is right');
	};

	if ($kind eq 'azure')
	{
		$store->psql("ALTER DATABASE nachet SET nachet.object_store_checksum = 'crc64'");
		$import->(png(20, 20, 'crc64'), tiff(5_500_000, 'crc64'));
		$proxy->fault(PUT => 'corrupt request', 3);
		is($offload->(), '2|0', 'azure: by CRC-64: what was damaged on the way is refused, and sent again');
		is($proxy->left, 0, 'it happened');
		$import->(png(20, 20, 'crc64 stays'));
		$proxy->fault(PUT => 'corrupt request');
		like(($offload->())[1], qr/DETAIL:  HTTP status 400 Crc64Mismatch: The bytes/, 'what is damaged each time is told');
		$proxy->clear;
		is($store->psql($whole), 1, 'and stays in the database');
		is($offload->(), '1|0', 'until that is over');
		is($store->psql($right), $all->(), 'all is right');
	}

	for my $fault ('status 503', 'reset answer', 'corrupt answer', 'cut answer', 'lose answer')
	{
		next if $kind eq 's3' && $fault eq 'cut answer'; # Swift answers in chunks, which the fault leaves alone.
		$proxy->fault(GET => $fault, 1);
		is($store->psql($right), $all->(), "$kind: $fault: a read is tried again");
		is($proxy->left, 0, 'it happened');
	}
	$proxy->fault(GET => 'corrupt answer');
	is($store->sqlstate($right), 'XX001', "$kind: corrupt answer: wrong bytes are never returned");
	$proxy->clear;
	if ($kind eq 'azure')
	{
		my $range = "SELECT count(*) FROM nachet.picture p JOIN nachet.content c ON c.id = p.content_id"
			. " WHERE nachet.content_read(sha256, 10, 20) = substring(nachet.picture_content(p.id), 11, 20)";
		$proxy->fault(GET => 'corrupt answer', 1);
		is($store->psql($range), $all->(), 'azure: corrupt answer: nor as a range');
		is($proxy->left, 0, 'it happened');
	}

	subtest "$kind: contents that come back over a line that breaks" => sub {
		my $were = $store->psql($moved);
		$proxy->fault(GET => 'reset answer', 3);
		my ($out, $err) = ($store->psql_result('SELECT contents, failed FROM nachet.restore_contents()'))[ 1, 2 ];
		is($out, "$were|0", 'do, at another try') or diag($err);
		is($proxy->left, 0, 'it happened');
		is($store->psql($whole), $all->(), 'with each chunk once');
		$proxy->clear;
		is($offload->(), "$were|0", 'and move again');
		is($store->psql($right), $all->(), 'all is right');
	};

	subtest "$kind: a store that never answers" => sub {
		$import->(png(20, 20, "$kind slow"));
		$proxy->fault($_ => 'stall') for qw(PUT);
		my $began = Time::HiRes::time();
		is($store->sqlstate("SET statement_timeout = '500ms'; SELECT nachet.offload_contents()"), '57014', 'statement_timeout ends it');
		my $session = Nachet::Session->new($store);
		$session->send('SELECT nachet.offload_contents()');
		ok(poll_until(sub { $store->psql("SELECT 1 FROM pg_stat_activity WHERE pid = $session->{backend} AND state = 'active'") }), 'another waits');
		$store->psql("SELECT pg_cancel_backend($session->{backend})");
		like($session->answer, qr/57014/, 'cancelling ends it');
		cmp_ok(Time::HiRes::time() - $began, '<', 50, 'before nachet.object_store_timeout is over');
		like($session->run("SET nachet.object_store_timeout = '300ms'; SELECT nachet.offload_contents()"), qr/NC008/, 'which ends it as well');
		$proxy->clear;
		is($session->run('RESET nachet.object_store_timeout; SELECT contents FROM nachet.offload_contents()'), 1, 'the session goes on');
		is($store->psql($right), $all->(), 'all is right');
	};

	subtest "$kind: a store that sends a byte now and then" => sub {
		$proxy->fault(GET => 'trickle answer');
		my (undef, undef, $err) = $store->psql_result("\\set VERBOSITY verbose\nSELECT nachet.chunk_size(); SET nachet.object_store_timeout = '1s'; $right");
		$proxy->clear;
		like($err, qr/NC008.*could not read.*less than 1 kB\/s was transferred for 1000 ms/s, 'is given up');
		is($store->psql($right), $all->(), 'once that is over all is read');
	};

	subtest "$kind: deletions that fail" => sub {
		$proxy->fault(DELETE => 'status 403');
		$store->psql('SELECT nachet.delete_picture_set(id) FROM nachet.picture_set');
		my $queued = $store->psql('SELECT count(*) FROM nachet.object_deletion');
		my ($out, $err) = $offload->();
		like($err, qr/WARNING:  \d+ objects could not be deleted/, 'are told');
		is($store->psql('SELECT queued_deletions, failed_deletions FROM nachet.storage'), "$queued|$queued", 'and stay queued');
		$proxy->clear;
		$store->psql('UPDATE nachet.object_deletion SET next_try = now()');
		$proxy->fault(DELETE => 'lose answer', 2);
		ok(poll_until(sub { $offload->(); return !$store->psql('SELECT count(*) FROM nachet.object_deletion') }), 'then are done');
		is(scalar(my @left = $objects->list), 0, 'no object is left');
	};
}

done_testing;

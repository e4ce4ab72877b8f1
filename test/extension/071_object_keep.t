#!/usr/bin/env perl
# test/extension/071_object_keep.t: objects outlive their contents as long as a backup or a crash
# can bring those back.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Nachet::FaultProxy ();
use Nachet::Loader qw(@required);
use Nachet::ObjectStore ();
use Nachet::Session ();
use Nachet::Test qw(png poll_until tempdir write_file);
use Test::More;

my $objects = Nachet::ObjectStore->new('s3');
my $proxy = Nachet::FaultProxy->new($objects->port);
my $store = Nachet::Test->new(set => { autovacuum => 'off', wal_writer_delay => '10s' });
my $folder = tempdir();
my $sets = 0;
$objects->use_by($store, port => $proxy->port);
$store->psql('ALTER DATABASE nachet RESET nachet.object_store_keep');
$store->create_role('admin', 'nachet_admin');

sub import_moved
{
	my ($db) = @_;
	my $set = "$folder/" . ++$sets;
	write_file("$set/$_.png", png(20, 20, "$sets $_")) for 1 .. 3;
	my ($status, $id, $err) = $store->run_load(@required, $set);
	die $err if $status != 0;
	chomp $id;
	$store->psql('SELECT nachet.offload_contents()');
	return $id;
}
sub queued { return $store->psql('SELECT count(*) FROM nachet.object_deletion') }
sub offload { my (%options) = @_; return $store->psql('SELECT deleted FROM nachet.offload_contents()', %options) }
sub work_off { return poll_until(sub { offload(); return !queued() }) }

subtest 'how long' => sub {
	is($store->psql('SELECT nachet.chunk_size(); SHOW nachet.object_store_keep'), "8120\n7d", 'a week unless told otherwise');
	is($store->sqlstate("SELECT nachet.chunk_size(); SET nachet.object_store_keep = 0", role => 'admin'), '42501', 'it is the superuser\'s to set');
	my $set = import_moved();
	$store->psql("SELECT nachet.delete_picture_set('$set')");
	is(queued(), 3, 'what is deleted is queued');
	is(offload(), 0, 'nothing is deleted at first');
	is(scalar(my @kept = $objects->list), 3, 'the objects stay');

	$store->psql("UPDATE nachet.object_deletion SET queued_at = now() - interval '6 days'");
	is(offload(), 0, 'nor after six days');
	$store->psql("UPDATE nachet.object_deletion SET queued_at = now() - interval '8 days'");
	$proxy->fault(DELETE => 'status 403');
	ok(poll_until(sub { $store->psql_result('SELECT nachet.offload_contents()'); return $store->psql('SELECT min(tries) FROM nachet.object_deletion') == 1 }), 'after eight it is tried');
	$proxy->clear;
	is($store->psql('SELECT bool_and(next_try > now()) FROM nachet.object_deletion'), 't', 'and again later, where it fails');
	$store->psql("UPDATE nachet.object_deletion SET next_try = now()");
	is($store->psql("SELECT nachet.chunk_size(); SET nachet.object_store_keep = '9d'; SELECT deleted FROM nachet.offload_contents()"), "8120\n0", 'a longer time holds for what is queued already');
	ok(work_off(), 'then they are deleted');
	is(scalar(my @none = $objects->list), 0, 'the objects are gone');
};

subtest 'restored contents' => sub {
	import_moved();
	is($store->psql('SELECT contents FROM nachet.restore_contents()'), 3, 'contents come back');
	is(offload(), 0, 'their objects stay as long');
	is(scalar(my @kept = $objects->list), 6, 'beside those of the next move');
};
$store->psql('ALTER DATABASE nachet SET nachet.object_store_keep = 0');
ok(work_off(), 'with 0 they go at once');

subtest 'a long queue' => sub {
	my $prefix = $store->psql("SELECT location || '/' || prefix FROM nachet.object_store");
	$store->psql("INSERT INTO nachet.object_deletion (object_url) SELECT '$prefix/' || n FROM generate_series(1, 20000) n; ANALYZE nachet.object_deletion");
	my $read = $store->psql(<<'SQL');
SET nachet.object_store_keep = '1d';
BEGIN;
SELECT nachet.offload_contents();
SELECT sum(seq_tup_read + idx_tup_fetch) + (SELECT sum(pg_stat_get_xact_tuples_returned(indexrelid)) FROM pg_index WHERE indrelid = 'nachet.object_deletion'::regclass)
	FROM pg_stat_xact_all_tables WHERE relid = 'nachet.object_deletion'::regclass;
ROLLBACK;
SQL
	like($read, qr/\A\(0,0,0,0\)\n\d{1,2}\z/, 'costs nothing before its time');
	$store->psql('TRUNCATE nachet.object_deletion');
};

# The object goes before this transaction ends, and nothing else has written the deletion to disk.
subtest 'a crash after a deletion that was not yet on disk' => sub {
	my $set = import_moved();
	my @before = $objects->list;
	$proxy->fault(DELETE => 'lose answer');
	my $asked = () = $proxy->requests;
	$store->psql("SET synchronous_commit = off; SELECT nachet.delete_picture_set('$set')");
	my $session = Nachet::Session->new($store);
	$session->send('SELECT nachet.offload_contents()');
	my $deleted = poll_until(sub {
		if ($session->finished) { $session->answer; $session->send('SELECT nachet.offload_contents()') }
		my @requests = $proxy->requests;
		return grep { /^DELETE/ } @requests[ $asked .. $#requests ];
	});
	ok($deleted, 'an object is deleted');
	ok(poll_until(sub { my @left = $objects->list; return @left < @before }), 'at the store');
	$store->stop('immediate');
	undef $session;
	$proxy->clear;
	$store->start;
	is($store->psql('SELECT count(*) FROM nachet.content WHERE object_url IS NOT NULL AND octet_length(nachet.content_read(sha256, 0, 8)) <> 8'), 0, 'no content is there without its object');
	is($store->psql("SELECT count(*) FROM nachet.picture_set WHERE id = '$set'"), 0, 'the set is deleted');
	ok(work_off(), 'and the queue is worked off');
};

subtest 'a copy in place of its original' => sub {
	is($store->psql('SELECT nachet.adopt_object_store() IS NULL'), 'f', 'adopting what is one\'s own already changes nothing');
	my $set = import_moved();
	my @objects = $objects->list;
	my $prefix = $store->psql('SELECT prefix FROM nachet.object_store');
	$store->psql('CREATE DATABASE copy TEMPLATE nachet', db => 'postgres');
	$objects->use_by($store, port => $proxy->port, db => 'copy');
	is($store->sqlstate('SELECT nachet.offload_contents()', db => 'copy'), '55000', 'moves nothing before it is told what it is');
	is($store->sqlstate('SELECT nachet.adopt_object_store()', db => 'copy', role => 'importer'), '42501', 'which is an administrator\'s to say');
	is($store->psql('SELECT nachet.adopt_object_store()', db => 'copy', role => 'admin'), $prefix, 'as the original it keeps the prefix');
	$store->psql("SELECT nachet.delete_picture_set('$set')", db => 'copy');
	ok(poll_until(sub { offload(db => 'copy'); return !$store->psql('SELECT count(*) FROM nachet.object_deletion', db => 'copy') }), 'and deletes what the original has moved');
	is(scalar(my @left = $objects->list), @objects - 3, 'in the store');
	is($store->sqlstate('SELECT nachet.offload_contents()'), '', 'the original does not know');
	$store->psql('UPDATE nachet.object_store SET system_identifier = system_identifier + 1');
	like(($store->psql_result("\\set VERBOSITY verbose\nSELECT nachet.offload_contents()"))[2], qr/ERROR:  55000: .*DETAIL:  The prefix was created by a database of another cluster/s, 'one that came from another cluster moves nothing either');
	is($store->psql('SELECT nachet.adopt_object_store()'), $prefix, 'unless it adopts the objects');
	$store->psql('CREATE DATABASE fresh', db => 'postgres');
	$store->psql('CREATE EXTENSION nachet_datastore', db => 'fresh');
	is($store->psql("SELECT nachet.$_() IS NULL", db => 'fresh'), 't', "$_ before anything was moved") for qw(adopt_object_store renew_object_store_prefix);
};

done_testing;

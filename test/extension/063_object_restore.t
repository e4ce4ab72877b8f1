#!/usr/bin/env perl
# test/extension/063_object_restore.t: contents come back from the object store; background workers
# move them by themselves.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Nachet::Loader qw(@required);
use Nachet::ObjectStore ();
use Nachet::Test qw(poll_until png tempdir tiff write_file);
use Test::More;

my $folder = tempdir();
write_file("$folder/one/$_.png", png(30, 30, "one $_")) for 1 .. 10;
write_file("$folder/one/large.tiff", tiff(6_000_000, 'one'));
write_file("$folder/two/$_.png", png(30, 30, "two $_")) for 1 .. 5;

my $objects = Nachet::ObjectStore->new('azure');
my $store = Nachet::Test->new;
$objects->use_by($store);
my @sets = map { my ($status, $id) = $store->run_load(@required, "$folder/$_"); chomp $id; $id } qw(one two);
my $right = 'SELECT count(*) FROM nachet.picture p JOIN nachet.content c ON c.id = p.content_id'
	. ' WHERE sha256(nachet.picture_content(p.id)) = c.sha256';
my $where = 'SELECT contents, database_contents, store_contents, waiting_contents, orphaned_contents, queued_deletions FROM nachet.storage';

subtest 'restoring' => sub {
	is($store->psql($where), '16|16|0|16|0|0', 'all wait to be moved');
	$store->psql('SELECT nachet.offload_contents()');
	is($store->psql($where), '16|0|16|0|0|0', 'all are in the store');
	my @names = $objects->list;
	is($store->psql("SELECT contents, failed FROM nachet.restore_contents(picture_set_id => '$sets[1]')"), '5|0', 'one set comes back');
	is($store->psql($where), '16|5|11|5|0|5', 'its objects are queued');
	is($store->psql('SELECT contents FROM nachet.restore_contents(max_count => 3)'), 3, 'some come back');
	is($store->psql('SELECT contents, bytes > 6000000 FROM nachet.restore_contents()'), '8|t', 'the others come back');
	is($store->psql('SELECT count(*) FROM nachet.content c WHERE byte_size <> (SELECT sum(octet_length(data)) FROM nachet.content_chunk WHERE content_id = c.id)'), 0, 'as chunks');
	is($store->psql($right), 16, 'with the right bytes');
	is($store->psql('SELECT count(*) FROM nachet.verify_contents()'), 0, 'in which nothing is amiss');
	ok(poll_until(sub { $store->psql('SELECT nachet.offload_contents()'); $store->psql($where) eq '16|0|16|0|0|0' }), 'they move again');
	my %was = map { $_ => 1 } @names;
	is(scalar(grep { $was{$_} } $objects->list), 0, 'under names that were never used before');
	is($store->psql($right), 16, 'and are right');
	my $url = $store->psql('SELECT min(object_url) FROM nachet.content');
	$objects->put($objects->key($url), 'something else');
	my $verify = 'SELECT detail FROM nachet.verify_contents()';
	is($store->psql($verify), '', 'verifying leaves objects alone unless asked');
	like($store->psql("SELECT nachet.chunk_size(); SET nachet.verify_objects = 'size'; $verify") , qr/\A8120\n"\Q$url\E": the object has 14 bytes instead of \d+\z/, 'by size it finds another size');
	my $same_size = $store->psql("SELECT byte_size FROM nachet.content WHERE object_url = '$url'");
	$objects->put($objects->key($url), 'x' x $same_size);
	is($store->psql("SELECT nachet.chunk_size(); SET nachet.verify_objects = 'size'; $verify"), 8120, 'of the same size it finds nothing');
	like($store->psql("SELECT nachet.chunk_size(); SET nachet.verify_objects = 'read'; $verify"), qr/\A8120\n"\Q$url\E": its bytes do not match the SHA-256/, 'by reading it does');
	$objects->delete($objects->key($url));
	like($store->psql("SELECT nachet.chunk_size(); SET nachet.verify_objects = 'size'; $verify"), qr/does not exist\z/, 'one that is gone is found');
	$objects->put($objects->key($url), 'something else');
	my (undef, $out, $err) = $store->psql_result('SELECT contents, failed FROM nachet.restore_contents()');
	is($out, '15|1', 'an object that was overwritten does not come back');
	like($err, qr/WARNING:.*could not be restored.*\Q$url\E/s, 'which is told');
	is($store->psql("SELECT count(*) FROM nachet.content_chunk k JOIN nachet.content c ON c.id = content_id WHERE object_url IS NOT NULL"), 0, 'and nothing of it is kept');
};

subtest 'objects that are gone' => sub {
	is($store->sqlstate("SELECT nachet.restore_contents($_)"), '22023', "restore_contents($_)") for '0', 'NULL', '1, 0', '1, NULL';
	$store->psql('SELECT nachet.offload_contents()');
	my $prefix = $store->psql("SELECT location || '/' || prefix FROM nachet.object_store");
	$store->psql("INSERT INTO nachet.content (id, sha256, byte_size, chunk_size, format, object_url) SELECT -n, sha256(n::text::bytea), 1, 8120, 'PNG', '$prefix/' || n FROM generate_series(1, 120) n");
	my (undef, $out, $err) = $store->psql_result('SELECT contents, failed FROM nachet.restore_contents(1)');
	is($out, '0|100', 'a hundred in a row end a run');
	is(scalar(() = $err =~ /WARNING:  content -\d+ could not be restored\nDETAIL:  "[^"]+": the object does not exist/g), 5, 'five are named');
	is($store->psql('SELECT count(*) FROM nachet.content_chunk'), 0, 'nothing of them is kept');
	$store->psql('DELETE FROM nachet.content WHERE id < 0');
	is($store->psql('SELECT contents FROM nachet.restore_contents()'), 15, 'the others come back');
};

subtest 'background workers' => sub {
	$store->psql("SELECT nachet.delete_picture_set('$sets[0]')");
	my $was = $store->psql('SELECT count(*) FROM nachet.content WHERE object_url IS NULL');
	cmp_ok($was, '>', 0, 'something waits');
	my $data = $store->data_folder;
	open my $file, '>>', "$data/postgresql.conf" or die $!;
	print {$file} "shared_preload_libraries = 'nachet_datastore'\nnachet.object_store_databases = 'nachet, absent'\nnachet.object_store_naptime = 1\n";
	close $file;
	$store->restart;
	ok(poll_until(sub { $store->psql($where) =~ /\A(\d+)\|0\|\1\|0\|0\|0\z/ }, 60), 'a worker moves it, and works off the queue');
	ok(poll_until(sub { $store->log =~ /database "absent" in nachet.object_store_databases does not exist/ }), 'a database that is not there is reported');
	is($store->psql("SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'nachet launcher' AND datname IS NULL"), 1, 'by a launcher that is connected to none');
	$objects->stop;
	write_file("$folder/three/1.png", png(30, 30, 'three'));
	$store->run_load(@required, "$folder/three");
	ok(poll_until(sub { $store->log =~ /nothing could be moved to/ }, 60), 'where the store is down it says so in the log');
	$objects->start;
	ok(poll_until(sub { $store->psql('SELECT waiting_contents FROM nachet.storage') == 0 }, 90), 'and goes on once it is back');
	is($store->psql($right), $store->psql('SELECT count(*) FROM nachet.picture'), 'all is right');
};

done_testing;

#!/usr/bin/env perl
# test/extension/069_object_scale.t: moving and restoring read as many rows of a large datastore as
# of a small one.
#
# The rows are made by SQL: contents of a few bytes whose objects were never written, but for those that a test moves itself.
# PostgreSQL's own counters tell what a statement has read, so that no time is measured.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Nachet::ObjectStore ();
use Nachet::Test ();
use Test::More;

my $objects = Nachet::ObjectStore->new('s3');
my $store = Nachet::Test->new(set => { autovacuum => 'off' });
$objects->use_by($store);
my $location = $objects->location;
my ($small, $large) = (1_000, 20_000);

# A set of so many pictures, of which the first have moved; returns the set's id.
sub make_set
{
	my ($count, $moved) = @_;
	my $set = $store->psql(<<"SQL");
SET session_replication_role = replica;
INSERT INTO nachet.picture_set (picture_set, owner_id, name) VALUES ('{}', '${\ $store->user_id}', 'of $count') RETURNING id;
SQL
	$store->psql(<<"SQL");
SET session_replication_role = replica;
WITH new AS (
	SELECT n, nextval('nachet.content_id_seq') AS id, convert_to('$set ' || n, 'UTF8') AS data FROM generate_series(1, $count) AS n
), content AS (
	INSERT INTO nachet.content (id, sha256, byte_size, chunk_size, format, width, height, object_url)
	SELECT id, sha256(data), length(data), 8120, 'PNG', 1, 1, CASE WHEN n <= $moved THEN '$location/none/' || encode(sha256(data), 'hex') || '-' || id END FROM new
), chunk AS (
	INSERT INTO nachet.content_chunk (content_id, chunk_no, data) SELECT id, 0, data FROM new WHERE n > $moved
)
INSERT INTO nachet.picture (picture, picture_set_id, nb_obj, name, content_id) SELECT '{}', '$set', 1, n, id FROM new ORDER BY n;
ANALYZE nachet.content, nachet.picture;
SQL
	return $set;
}

# What a call returns, and how many rows or index entries of pictures and contents it has read.
sub counted
{
	my ($call) = @_;
	my ($status, $out, $err) = $store->psql_result(<<"SQL");
BEGIN;
SELECT * FROM nachet.$call;
SELECT sum(seq_tup_read + coalesce(idx_tup_fetch, 0)) + (SELECT sum(pg_stat_get_xact_tuples_returned(indexrelid)) FROM pg_index
	WHERE indrelid IN ('nachet.picture'::regclass, 'nachet.content'::regclass)) FROM pg_stat_xact_all_tables WHERE relid IN ('nachet.picture'::regclass, 'nachet.content'::regclass);
ROLLBACK;
SQL
	die $err if $status != 0;
	my ($result, $read) = split /\n/, $out;
	return ($result, $read, scalar(() = $err =~ /WARNING/g));
}

my %read;
for my $count ($small, $large)
{
	my $set = make_set($count, int($count * 0.8));
	my ($result, $read) = counted('offload_contents(1)');
	like($result, qr/\A1\|/, "$count pictures, most of which have moved: the next one moves");
	$read{$count} = $read;
	$store->psql("TRUNCATE nachet.picture_set, nachet.picture, nachet.picture_seed, nachet.content, nachet.content_chunk");
}
cmp_ok($read{$small}, '<', 500, "of $small, $read{$small} rows and index entries are read");
cmp_ok($read{$large}, '<', $read{$small} + 100, "of $large, $read{$large}");

for my $count ($small, $large)
{
	my $set = make_set($count, $count);
	my ($id, $key, $data) = split /\|/, $store->psql("SELECT content_id, object_url, p.picture_set_id || ' ' || name FROM nachet.picture p JOIN nachet.content c ON c.id = content_id WHERE name = '1'");
	$objects->put($objects->key($key), $data);
	my ($result, $read) = counted("restore_contents(1, 1000, '$set')");
	like($result, qr/\A1\|\d+\|0\z/, "a set of $count pictures: the first comes back");
	$read{$count} = $read;
	($result) = counted("restore_contents(1, 1000)");
	like($result, qr/\A1\|\d+\|0\z/, 'without a set as well');

	$objects->delete($objects->key($key));
	($result, $read, my $warnings) = counted("restore_contents(1, 1000, '$set')");
	is("$result|$warnings", '0|0|100|5', 'where all objects are gone, a hundred failures end the run, and the first are named');
	is((counted("restore_contents(250, 1000, '$set')"))[0], '0|0|250', 'or as many as contents were asked for');
	$store->psql("TRUNCATE nachet.picture_set, nachet.picture, nachet.picture_seed, nachet.content, nachet.content_chunk");
}
cmp_ok($read{$small}, '<', 1000, "of a set of $small, $read{$small} rows and index entries are read");
cmp_ok($read{$large}, '<', $read{$small} + 500, "of a set of $large, $read{$large}");

done_testing;

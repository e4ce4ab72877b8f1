#!/usr/bin/env perl
# test/extension/060_object_store.t: contents move to real object stores and are read from there;
# what is changed there is noticed.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Nachet::Loader qw(@required);
use Nachet::ObjectStore ();
use Nachet::Session ();
use Nachet::Test qw(poll_until png sha256 tempdir tiff write_file);
use Test::More;

my $folder = tempdir();
write_file("$folder/small/$_.png", png(50, 40, "small $_")) for 1 .. 20;
write_file("$folder/small/window.tiff", tiff(4_200_000, 'more than a window'));
write_file("$folder/small/parts.tiff", tiff(12_000_000, 'three parts'));
my $all = 22;

my $right = 'SELECT count(*) FROM nachet.picture p JOIN nachet.content c ON c.id = p.content_id'
	. ' WHERE sha256(nachet.picture_content(p.id)) = c.sha256';
my $parts = 'SELECT sha256 FROM nachet.content WHERE byte_size = 12000000';

sub import_all
{
	my ($store) = @_;
	my ($status, $out, $err) = $store->run_load(@required, "$folder/small");
	is($status, 0, 'the pictures are imported') or diag($err);
	chomp $out;
	return $out;
}

sub offload { my ($store, %options) = @_; return $store->psql('SELECT * FROM nachet.offload_contents()', %options) }
sub error_of { my ($store, $sql) = @_; my (undef, undef, $err) = $store->psql_result("\\set VERBOSITY verbose\n$sql"); return $err }

# Runs until no older snapshot holds objects back, as that of a test's own connection that is just ending may.
sub work_off
{
	my ($store) = @_;
	return poll_until(sub { offload($store); return !$store->psql('SELECT count(*) FROM nachet.object_deletion') }, 30);
}

for my $kind (qw(azure s3))
{
	my $objects = Nachet::ObjectStore->new($kind);
	my $store = Nachet::Test->new;
	$store->create_role('admin', 'nachet_admin');
	$store->create_role('reader', 'nachet_reader');
	$store->psql("ALTER DATABASE nachet SET nachet.object_store_part_size = '5MB'");

	subtest "$kind: moving and reading" => sub {
		is($store->sqlstate('SELECT nachet.offload_contents()'), '55000', 'without a store nothing moves');
		$objects->use_by($store);
		my $id = import_all($store);
		is(offload($store, role => 'admin'), "$all|" . $store->psql('SELECT sum(byte_size) FROM nachet.content') . '|0|0', 'all are moved');
		is($store->psql('SELECT count(*) FROM nachet.content_chunk'), 0, 'no chunk is left');
		is(scalar(my @keys = $objects->list), $all, 'each is an object');
		ok((grep { /\/[0-9a-f]{64}-\d+\z/ } @keys) == $all, 'named by prefix, SHA-256 and id');
		is($store->psql($right, role => 'reader'), $all, 'a reader gets the right bytes');
		is(offload($store), '0|0|0|0', 'a second run finds nothing to do');
		is($store->psql("SELECT count(*) FROM ($parts) c, (VALUES (0, 1), (4999999, 3), (5000000, 7000000), (11999999, 10), (12000000, 5)) AS r (f, l)"
			. " WHERE nachet.content_read(sha256, f, l) = substring((SELECT nachet.picture_content(p.id) FROM nachet.picture p WHERE name = 'parts.tiff'), f + 1, l)"),
			5, 'ranges are right');
		is(import_all($store), $id, 'the same folder again is the same set');
		is($store->psql('SELECT count(*) FROM nachet.content_chunk'), 0, 'of which nothing is stored again');
	};

	subtest "$kind: what is changed in the store is noticed" => sub {
		my $row = sub { return split /\|/, $store->psql("SELECT p.id, c.object_url FROM nachet.picture p JOIN nachet.content c ON c.id = content_id WHERE p.name = '$_[0]'") };
		my $range = "SELECT nachet.content_read(sha256, 100, 5) FROM nachet.picture p JOIN nachet.content c ON c.id = content_id WHERE p.name = ";
		my $whole = sub { return "SELECT nachet.picture_content('$_[0]')" };
		my ($id, $url) = $row->('1.png');
		my $key = $objects->key($url);
		my $bytes = $objects->get($key);

		$objects->put($key, $bytes);
		is($store->psql("SELECT sha256(nachet.picture_content('$id')) = '\\x" . sha256($bytes) . "'"), 't', 'the same bytes written anew are right');
		is($store->sqlstate("$range'1.png'"), '', 'also as a range');
		substr($bytes, 200, 1) ^= "\1";
		$objects->put($key, $bytes);
		is($store->sqlstate($whole->($id)), 'XX001', 'another byte is noticed');
		is($store->sqlstate("$range'1.png'"), 'XX001', 'also by a range that it is not in');
		$objects->put($key, "$bytes and more");
		is($store->sqlstate($whole->($id)), 'XX001', 'more bytes are noticed');
		$objects->put($key, substr $bytes, 0, 1000);
		is($store->sqlstate($whole->($id)), 'XX001', 'fewer bytes are noticed');
		is($store->sqlstate("$range'1.png'"), 'XX001', 'also by a range that is whole');
		$objects->delete($key);
		like(error_of($store, $whole->($id)), qr/XX001.*is missing or damaged in the object store.*\Q$url\E.*does not exist.*404/s, 'that it is gone is said clearly');
		substr($bytes, 200, 1) ^= "\1";
		$objects->put($key, $bytes);
		is($store->psql($right), $all, 'what is put back right is right');
	};

	subtest "$kind: deleting" => sub {
		my ($gone) = $store->psql('SELECT id FROM nachet.picture_set');
		$store->psql("BEGIN; SELECT nachet.delete_picture_set('$gone'); ROLLBACK");
		offload($store);
		is($store->psql('SELECT count(*) FROM nachet.object_deletion'), 0, 'an aborted transaction queues nothing');
		is($store->psql($right), $all, 'and deletes nothing');
		my $reader = Nachet::Session->new($store);
		$reader->run('BEGIN ISOLATION LEVEL REPEATABLE READ');
		$reader->run('SELECT count(*) FROM nachet.picture');
		$store->psql("SELECT nachet.delete_picture_set('$gone')");
		is($store->psql('SELECT count(*) FROM nachet.object_deletion'), $all, 'what goes is queued');
		offload($store);
		is($reader->run($right), $all, 'one who began before still reads all');
		$reader->run('COMMIT');
		ok(work_off($store), 'then the queue is worked off');
		is(scalar(my @none = $objects->list), 0, 'no object is left');
		import_all($store);
		offload($store);
		is($store->psql($right), $all, 'the same bytes can be imported and moved again');
	};

	subtest "$kind: the store is down" => sub {
		$objects->stop;
		$store->psql("ALTER DATABASE nachet SET nachet.object_store_timeout = '2s'");
		write_file("$folder/later/1.png", png(30, 30, 'later'));
		my ($status) = $store->run_load(@required, "$folder/later");
		is($status, 0, 'imports go on');
		my $started = time;
		like(error_of($store, $right), qr/NC008.*could not read content \d+ from the object store.*http:.*connect/si, 'reads say clearly that it is not there');
		like(error_of($store, 'SELECT nachet.offload_contents()'), qr/WARNING.*NC008.*nothing could be moved/s, 'so does moving');
		is($store->psql("SELECT count(nachet.picture_content(p.id)) FROM nachet.picture p JOIN nachet.content c ON c.id = content_id WHERE object_url IS NULL"), 1, 'what is in the database is read');
		is($store->psql("SELECT count(*) FROM nachet.object_deletion"), 0, 'the database is as it was');
		$objects->start;
		$store->psql('ALTER DATABASE nachet RESET nachet.object_store_timeout');
		is(offload($store), "1|" . $store->psql('SELECT max(byte_size) FROM nachet.content WHERE width = 30') . '|0|0', 'once it is back all goes on')
			if $kind eq 'azure';
		is($store->psql($right), $all + 1, 'all is read, without a restart') if $kind eq 'azure';
	};
	next if $kind eq 's3'; # Its objects were in memory.

	subtest "$kind: wrong keys and tokens" => sub {
		write_file("$folder/key/1.png", png(31, 30, 'key'));
		write_file("$folder/key/parts.tiff", tiff(12_000_000, 'key'));
		$store->run_load(@required, "$folder/key");
		$objects->use_by($store, key => 'd3Jvbmcga2V5IG9mIHRlc3Rz');
		my $error = error_of($store, 'SELECT nachet.offload_contents()');
		like($error, qr/NC008.*HTTP status 403/s, 'a wrong key is refused, and the answer shown');
		unlike($error, qr/d3Jvbmc|Signature=/, 'no secret is shown');
		is($store->psql("SELECT count(*) FROM nachet.content WHERE object_url IS NULL"), 2, 'the bytes stay');
		my $token = $objects->token;
		$objects->use_by($store, token => $token);
		is($store->psql('SELECT contents FROM nachet.offload_contents()'), 2, 'a shared access signature serves, also for a content in parts');
		is($store->psql($right), $all + 3, 'also to read');
		unlike($store->psql('SELECT string_agg(object_url, E\'\n\') FROM nachet.content'), qr/sig=/, 'and is in no URL');
		$objects->use_by($store, token => $token =~ s/sig=../sig=AA/r);
		$error = error_of($store, $right);
		like($error, qr/NC008.*HTTP status 403/s, 'a wrong one is refused');
		unlike($error . $store->log, qr/sig=/, 'and is neither in the error nor in the log');
		$objects->use_by($store);
	};

	subtest "$kind: several at once, and cancelled ones" => sub {
		write_file("$folder/many/$_.png", png(40, 50, "many $_")) for 1 .. 60;
		my ($status, $id) = $store->run_load(@required, "$folder/many");
		my @sessions = map { Nachet::Session->new($store) } 1 .. 3;
		$_->send('SELECT contents FROM nachet.offload_contents()') for @sessions;
		my $sum = 0;
		$sum += $_->answer for @sessions;
		is($sum, 60, 'three sessions move each content once');
		is($store->psql($right), $all + 63, 'and all is right');
	};

	subtest "$kind: a copy of the database" => sub {
		$store->psql('CREATE DATABASE copy TEMPLATE nachet', db => 'postgres');
		$objects->use_by($store, db => 'copy');
		my @before = $objects->list;
		is($store->psql($right, db => 'copy'), $all + 63, 'reads');
		$store->psql('SELECT nachet.delete_picture_set(id) FROM nachet.picture_set LIMIT 1', db => 'copy');
		is($store->sqlstate('SELECT nachet.offload_contents()', db => 'copy'), '55000', 'neither moves nor deletes');
		my (undef, undef, $error) = $store->psql_result('SELECT nachet.offload_contents()', db => 'copy');
		like($error, qr/another database of this cluster.*adopt_object_store.*renew_object_store_prefix/s, 'and says what to do');
		isnt($store->psql('SELECT nachet.renew_object_store_prefix()', db => 'copy'), $store->psql('SELECT prefix FROM nachet.object_store'), 'gets a prefix of its own');
		is($store->psql('SELECT * FROM nachet.offload_contents()', db => 'copy'), '0|0|0|0', 'then moves');
		is($store->psql('SELECT count(*) FROM nachet.object_deletion', db => 'copy'), 0, 'forgets what was not its own to delete');
		is_deeply([ $objects->list ], \@before, 'and has deleted nothing');
		is($store->psql($right), $all + 63, 'the original is whole');
	};
}

done_testing;

#!/usr/bin/env perl
# test/extension/068_object_text.t: whatever text a store answers with, what is kept of it is valid,
# and a dump can be restored.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Nachet::FaultProxy ();
use Nachet::Loader qw(@required);
use Nachet::ObjectStore ();
use Nachet::Test qw(png run_command tempdir tiff write_file);
use Test::More;

my $objects = Nachet::ObjectStore->new('s3');
my $proxy = Nachet::FaultProxy->new($objects->port);
my $store = Nachet::Test->new;
my $folder = tempdir();
my $sets = 0;
$objects->use_by($store, port => $proxy->port);
$store->psql("ALTER DATABASE nachet SET nachet.object_store_part_size = '5MB'");

my $right = 'SELECT count(*) FROM nachet.picture p JOIN nachet.content c ON c.id = p.content_id'
	. ' WHERE sha256(nachet.picture_content(p.id)) = c.sha256';

sub import_pictures
{
	my (@pictures) = @_;
	my $set = "$folder/" . ++$sets;
	write_file("$set/$_", $pictures[$_]) for 0 .. $#pictures;
	my ($status, $id, $err) = $store->run_load(@required, $set);
	die $err if $status != 0;
	chomp $id;
	return $id;
}

# Dumps a database and restores it into a new one; returns the new one's name.
sub copy_of
{
	my ($db) = @_;
	my %env = $store->env;
	my $copy = "copy_of_$db";
	my ($status, undef, $err) = run_command({ env => \%env }, 'pg_dump', '-f', "$folder/$db.sql", $db);
	is($status, 0, "$db is dumped") or diag($err);
	$store->psql("CREATE DATABASE $copy", db => 'postgres');
	($status, undef, $err) = run_command({ env => \%env }, 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-o', '/dev/null', '-f', "$folder/$db.sql", $copy);
	is($status, 0, 'and restored') or diag($err);
	return $copy;
}

my %etags = ('Latin-1' => "\"\xe9tag\"", 'a blank' => '"a tag"', 'a tab' => "\"a\ttag\"", 'an escape' => "\"\x1b[31m\"", 'the character after the last' => "\"\x7f\"", 'XML' => '"<tag>"');
for my $name (sort keys %etags)
{
	import_pictures(png(20, 20, $name));
	$proxy->fault(PUT => "etag $etags{$name}", 1);
	is($store->psql('SELECT contents, failed FROM nachet.offload_contents()'), '1|0', "an ETag with $name: the content moves");
	is($proxy->left, 0, 'it happened');
	is($store->psql("SELECT object_etag IS NULL FROM nachet.content WHERE object_url IS NOT NULL ORDER BY id DESC LIMIT 1"), 't', 'the ETag counts as none');
	import_pictures(tiff(6_000_000, $name));
	$proxy->fault(POST => "etag $etags{$name}");
	is($store->psql('SELECT contents, failed FROM nachet.offload_contents()'), '1|0', 'also at the end of an upload in parts');
	$proxy->clear;
	is($store->psql("SELECT count(*) FROM nachet.content WHERE object_url IS NOT NULL AND object_etag IS NOT NULL"), 0, 'where it counts as none too');
}
is($store->psql($right), 12, 'all pictures are read');
is($store->psql('SELECT count(*) FROM nachet.content WHERE octet_length(nachet.content_read(sha256, 10, 20)) = 20'), 12, 'and ranges of them');

import_pictures(png(20, 20, 'with its ETag'));
is($store->psql('SELECT contents FROM nachet.offload_contents()'), 1, 'another moves');
like($store->psql('SELECT string_agg(object_etag, E\'\n\') FROM nachet.content'), qr/\A"[0-9a-f]{32}"\z/, 'an ordinary ETag is kept');

# What libcurl and XML leave around an ETag is no part of it; one without end is none.
for my $case ([ 'blanks around it', PUT => " \t \"tag\" \t ", '"tag"' ], [ 'entities', POST => '&quot;tag&#34;', '"tag"' ], [ '300 characters', PUT => '"' . 'x' x 300 . '"', '' ])
{
	my ($name, $method, $etag, $kept) = @$case;
	import_pictures($method eq 'PUT' ? png(20, 20, $name) : tiff(6_000_000, $name));
	$proxy->fault($method => "etag $etag", $method eq 'PUT' ? 1 : -1);
	is($store->psql('SELECT contents FROM nachet.offload_contents()'), 1, "an ETag with $name: the content moves");
	$proxy->clear;
	is($store->psql('SELECT coalesce(object_etag, \'\') FROM nachet.content ORDER BY id DESC LIMIT 1'), $kept,
		"an ETag with $name: kept is " . ($kept || 'none'));
}
is($store->psql($right), $store->psql('SELECT count(*) FROM nachet.picture'), 'all pictures are read');

# Messages: cut within a character, in another encoding, with terminal sequences, with a NUL.
my %messages = (
	'cut' => [ 'a' x 299 . "\xc3\xa9 refus\xc3\xa9", 'a' x 299 ],
	'whole' => [ "refus\xc3\xa9e \xe2\x80\x93 encore", "refus\xc3\xa9e \xe2\x80\x93 encore" ],
	'Latin-1' => [ "refus\xe9 encore", 'refus? encore' ],
	'too long a form' => [ "a\xc0\xafb", 'a??b' ],
	'control characters' => [ "a\x1b[31mb\x7f\tc", 'a?[31mb??c' ],
	'a surrogate' => [ "a\xed\xa0\x80b", 'a???b' ],
);
for my $name (sort keys %messages)
{
	my ($sent, $kept) = @{ $messages{$name} };
	my $id = import_pictures(png(20, 20, "message $name"));
	$store->psql('SELECT nachet.offload_contents()');
	$store->psql("SELECT nachet.delete_picture_set('$id')");
	$proxy->fault(DELETE => "status 403 Denied\xe9 $sent");
	my $done = Nachet::Test::poll_until(sub {
		$store->psql('SELECT nachet.offload_contents()');
		return $store->psql("SELECT last_error FROM nachet.object_deletion WHERE tries > 0");
	});
	$proxy->clear;
	is($done, "HTTP status 403 Denied?: $kept", "a message: $name");
	is($store->psql('SELECT length(last_error) > 0, convert_from(convert_to(last_error, \'UTF8\'), \'UTF8\') = last_error FROM nachet.object_deletion'), 't|t', 'is text');
	$store->psql('UPDATE nachet.object_deletion SET next_try = now()');
	Nachet::Test::poll_until(sub { $store->psql('SELECT nachet.offload_contents()'); return !$store->psql('SELECT count(*) FROM nachet.object_deletion') });
	import_pictures(png(20, 20, "waits $name"));
	$proxy->fault(PUT => "status 403 Denied\xe9 $sent");
	my (undef, undef, $err) = $store->psql_result('SELECT nachet.offload_contents()');
	$proxy->clear;
	like($err, qr/DETAIL:  HTTP status 403 Denied\?: \Q$kept\E\.\n/, 'in an error too');
	is($store->psql('SELECT failed FROM nachet.offload_contents()'), 0, 'and what waited moves');
}

# A message whose end has no room, so that it has none.
import_pictures(png(20, 20, 'endless'));
$proxy->fault(PUT => 'status 403 Denied ' . 'a' x 5000);
like(($store->psql_result('SELECT nachet.offload_contents()'))[2], qr/DETAIL:  HTTP status 403 Denied\.\n/, 'a message without end is none');
$proxy->clear;
is($store->psql('SELECT failed FROM nachet.offload_contents()'), 0, 'and what waited moves');

# The queue's own texts are dumped as well.
my $gone = import_pictures(png(20, 20, 'queued'));
$store->psql('SELECT nachet.offload_contents()');
$store->psql("SELECT nachet.delete_picture_set('$gone')");
$proxy->fault(DELETE => 'status 403 Denied ' . 'a' x 299 . "\xc3\xa9");
Nachet::Test::poll_until(sub { $store->psql('SELECT nachet.offload_contents()'); return $store->psql('SELECT count(*) FROM nachet.object_deletion WHERE tries > 0') });
$proxy->clear;
my $all = $store->psql('SELECT count(*) FROM nachet.picture');
my $copy = copy_of('nachet');
is($store->psql('SELECT count(*) FROM nachet.picture', db => $copy), $all, 'all pictures come back');
is($store->psql('SELECT count(*) FROM nachet.object_deletion WHERE last_error IS NOT NULL', db => $copy), 1, 'and the queue');

# Rows that earlier versions wrote.
$store->psql('CREATE DATABASE earlier', db => 'postgres');
$store->psql("CREATE EXTENSION nachet_datastore VERSION '1.1.0'", db => 'earlier');
$store->psql(<<'SQL', db => 'earlier');
CREATE CAST (bytea AS text) WITHOUT FUNCTION;
INSERT INTO nachet.content (id, sha256, byte_size, chunk_size, object_url, object_etag)
	SELECT n, sha256(etag), 1, 8120, 'http://127.0.0.1/' || n, etag::text
	FROM unnest(ARRAY['"\351tag"', '"tag\303"', '"a' || chr(10)::bytea || 'b"', '"good"', 'W/"it''s good too"', '"\\\\303"']::bytea[]) WITH ORDINALITY AS t (etag, n);
UPDATE nachet.content SET object_etag = 'W/"it''s_good_too"' WHERE id = 5;
INSERT INTO nachet.content (id, sha256, byte_size, chunk_size) SELECT 7, sha256('none'), 1, 8120;
INSERT INTO nachet.object_deletion (object_url, tries, last_error)
	SELECT 'http://127.0.0.1/' || n, 1, error::text FROM unnest(ARRAY['HTTP status 403: aaa\303', 'HTTP status 403: refus\303\251', 'HTTP status 503']::bytea[])
		WITH ORDINALITY AS t (error, n);
DROP CAST (bytea AS text);
SQL
$store->psql("SET client_encoding = 'LATIN1'; ALTER EXTENSION nachet_datastore UPDATE", db => 'earlier');
is($store->psql('SELECT string_agg(id || coalesce(object_etag, \'\'), \' \' ORDER BY id) FROM nachet.content', db => 'earlier'), "1 2 3 4\"good\" 5W/\"it's_good_too\" 6 7",
	'an update of the extension takes away the ETags that are none');
is($store->psql('SELECT string_agg(last_error, \'|\' ORDER BY object_url) FROM nachet.object_deletion', db => 'earlier'),
	q(HTTP status 403: aaa\303|HTTP status 403: refus\303\251|HTTP status 503), 'and writes messages in ASCII');
is($store->psql('SELECT count(*) FROM nachet.content', db => copy_of('earlier')), 7, 'with all contents');

done_testing;

#!/usr/bin/env perl
# test/extension/065_object_s3.t: what is S3's own: requests signed with another's key are refused,
# and a bucket may be named in the host.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Nachet::FaultProxy ();
use Nachet::Loader qw(@required);
use Nachet::ObjectStore ();
use IO::Socket::INET ();
use Nachet::Test qw(png poll_until run_command start_command tempdir tiff write_file);
use Test::More;

my $objects = Nachet::ObjectStore->new('s3');
my $proxy = Nachet::FaultProxy->new($objects->port);
my $port = $proxy->port;
my $store = Nachet::Test->new;
$store->psql("ALTER DATABASE nachet SET nachet.object_store_part_size = '5MB'");

# Reads each content once: OFFSET keeps the planner from making a join's condition of it, which is evaluated more often.
my $right = 'SELECT count(*) FROM (SELECT sha256(nachet.picture_content(p.id)) AS found, c.sha256 FROM nachet.picture p'
	. ' JOIN nachet.content c ON c.id = p.content_id OFFSET 0) AS pictures WHERE found = sha256';
my $whole = 'SELECT count(*) FROM nachet.content c WHERE object_url IS NULL AND byte_size ='
	. ' (SELECT sum(octet_length(data)) FROM nachet.content_chunk WHERE content_id = c.id)';
my $telltale = qr/(?:wrong|secret)[\/%]|Signature=|x-amz-/i;
my $folder = tempdir();

sub import_pictures
{
	my ($name, @pictures) = @_;
	write_file("$folder/$name/$_", $pictures[$_]) for 0 .. $#pictures;
	my ($status, $id, $err) = $store->run_load(@required, "$folder/$name");
	die $err if $status != 0;
	chomp $id;
	return $id;
}

# What an administrator is told, warnings and hints as well.
sub told { my ($sql) = @_; my (undef, undef, $err) = $store->psql_result("\\set VERBOSITY verbose\n$sql"); return $err }
sub offload { return $store->psql('SELECT contents, failed FROM nachet.offload_contents()') }

# The requests that come while a piece of code runs.
sub asked
{
	my ($code) = @_;
	my $before = () = $proxy->requests;
	$code->();
	my @requests = $proxy->requests;
	return @requests[ $before .. $#requests ];
}

subtest 'a key that is not the account\'s' => sub {
	my $set = import_pictures('moved', map { png(40, 30, "moved $_") } 1 .. 3);
	$objects->use_by($store, port => $port);
	is(offload(), '3|0', 'with the right key contents move');
	my @objects = $objects->list;
	import_pictures('waiting', (map { png(30, 40, "waiting $_") } 1 .. 3), tiff(12_000_000, 'parts'));

	my %wrong = ('another secret' => { key => 'wrong/secret+of=tests' }, 'an unknown account' => { user => 'nobody:unknown', key => 'wrong/secret+of=tests' });
	for my $name (sort keys %wrong)
	{
		$objects->use_by($store, port => $port, %{ $wrong{$name} });
		my ($moving, $reading);
		my @asked = asked(sub { $moving = told('SELECT nachet.offload_contents()') });
		like($moving, qr/ERROR:  NC008: nothing could be moved.*HTTP status 403 \w+/s, "$name: moving fails, with the store's answer");
		is(scalar(@asked), 4, 'after one request a content: none is tried again in vain');
		$reading = told($right);
		like($reading, qr/ERROR:  NC008: could not read content \d+ from the object store.*HTTP status 403/s, 'so does reading');
		unlike("$moving$reading", $telltale, 'neither secrets nor signatures are told');
		is($store->psql($whole), 4, 'the bytes stay in the database');
		is_deeply([ $objects->list ], \@objects, 'the store is as it was');
	}

	$store->psql("SELECT nachet.delete_picture_set('$set')");
	like(told('SELECT nachet.offload_contents()'), qr/NC008/, 'deleting fails as well');
	is_deeply([ $objects->list ], \@objects, 'and deletes nothing');
	is($store->psql('SELECT queued_deletions FROM nachet.storage'), 3, 'but stays queued');
	unlike($store->log, $telltale, 'the log tells them neither');

	$objects->use_by($store, port => $port);
	is(offload(), '4|0', 'with the right key all moves');
	$store->psql('UPDATE nachet.object_deletion SET next_try = now()');
	ok(poll_until(sub { offload(); return !$store->psql('SELECT queued_deletions FROM nachet.storage') }, 30), 'and what was queued is deleted');
	is($store->psql($right), 4, 'all is read');
};

subtest 'a bucket named in the host' => sub {
	$objects->use_by($store, port => $port, by_host => 1);
	like(told($right), qr/ERROR:  55000: object "http:\/\/127.0.0.1.*is not in the configured object store/, 'another address is another store');
	$objects->use_by($store, port => $port);
	is($store->psql('SELECT contents FROM nachet.restore_contents()'), 4, 'contents come back');
	$objects->use_by($store, port => $port, by_host => 1);

	my @asked = asked(sub { is(offload(), '4|0', 'and move') });
	my $key = qr{[0-9a-f-]+/[0-9a-f]{64}-\d+};
	my @puts = grep { /^PUT/ } @asked;
	is(scalar(@puts), 6, 'three whole, one in three parts');
	is(scalar(grep { m{^PUT pictures\.localhost:$port /$key(?:\?partNumber=\d&uploadId=[^&]+)?\z} } @puts), 6, 'the host names the bucket, and the path the object alone');
	is(scalar(grep { m{^POST pictures\.localhost:$port /$key\?upload} } @asked), 2, 'also where parts are begun and joined');
	is(scalar(grep { m{^http://localhost:$port/pictures/} } split /\n/, $store->psql('SELECT object_url FROM nachet.content')), 4, 'what is noted of an object is the same in both styles');

	@asked = asked(sub { is($store->psql($right), 4, 'all is read') });
	is(scalar(grep { m{^GET pictures\.localhost:$port /$key\z} } @asked), 4, 'from there');
	@asked = asked(sub {
		is($store->psql('SELECT length(nachet.content_read(sha256, 6000000, 1000)) FROM nachet.content WHERE byte_size = 12000000'), 1000, 'a range as well');
	});
	is(scalar(@asked), 1, 'by one request');
	$store->psql('ALTER DATABASE nachet SET nachet.object_store_path_style = on');
	@asked = asked(sub { is($store->psql($right), 4, 'the path style reads what the other has written') });
	is(scalar(grep { m{^GET localhost:$port /pictures/$key\z} } @asked), 4, 'by its own requests');
};

subtest 'certificates' => sub {
	my ($tls, $key) = map { "$folder/tls.$_" } qw(pem key);
	my ($status, undef, $err) = run_command('openssl', qw(req -x509 -newkey rsa:2048 -nodes -days 30 -subj /CN=store -addext subjectAltName=IP:127.0.0.1), '-keyout', $key, '-out', $tls);
	is($status, 0, 'there is a certificate') or diag($err);
	my $secure = Nachet::Test::free_port();
	my $server = start_command({}, 'openssl', 's_server', '-accept', "127.0.0.1:$secure", '-cert', $tls, '-key', $key, '-www');
	ok(poll_until(sub { IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $secure) }), 'and a server that has it') or diag($server->err);
	my $read = "BEGIN; SELECT nachet.chunk_size(); UPDATE nachet.content SET object_url = replace(object_url, 'http://localhost:$port', 'https://127.0.0.1:$secure'), object_etag = NULL;"
		. " SET nachet.object_store_endpoint = 'https://127.0.0.1:$secure'; SELECT nachet.content_read(sha256, 0, 10) FROM nachet.content LIMIT 1";
	like(told($read), qr/ERROR:  NC008: could not read.*certificate/s, 'one that the system does not know is refused');
	like(told("SELECT nachet.chunk_size(); SET nachet.object_store_ca_file = '$folder/none'; $read"), qr{ERROR:  NC008: could not read.*\Q$folder\E/none}s, 'a file of certificates that is not there is named');
	like(told("SELECT nachet.chunk_size(); SET nachet.object_store_ca_file = '$tls'; $read"), qr/ERROR:  XX001:.*is missing or damaged in the object store/s, 'one of that file is believed: what comes has another size');
	unlike(join("\n", $server->out, $server->err), $telltale, 'neither secrets nor signatures are told');
};

# 0.0.0.0 leads to this machine too, but is none of the addresses that do so for certain.
subtest 'a store that may be beyond this machine' => sub {
	my $read = "BEGIN; SELECT nachet.chunk_size(); UPDATE nachet.content SET object_url = replace(object_url, 'http://localhost:$port', 'http://0.0.0.0:$port');"
		. " SET nachet.object_store_endpoint = 'http://0.0.0.0:$port'; SELECT length(nachet.content_read(sha256, 0, 10)) FROM nachet.content LIMIT 1";
	like(told($read), qr/ERROR:  F0000: object store "http:\/\/0\.0\.0\.0:$port" does not use https/, 'is not spoken to without TLS');
	is($store->psql("SELECT nachet.chunk_size(); SET nachet.object_store_allow_http = on; $read"), "8120\n8120\n10", 'unless that is allowed');
};

subtest 'uploads in parts that fail' => sub {
	my @objects = $objects->list;
	import_pictures('parts that fail', tiff(12_000_000, 'parts that fail'));
	$proxy->fault(PUT => 'status 403 AccessDenied No.');
	my $told;
	my @asked = asked(sub { $told = told('SELECT nachet.offload_contents()') });
	$proxy->clear;
	like($told, qr/ERROR:  NC008.*HTTP status 403 AccessDenied: No\./s, 'a part that is refused ends its upload');
	is(scalar(grep { /^DELETE \S+ \S+\?uploadId=/ } @asked), 1, 'and what was begun is given up in the store');
	is_deeply([ $objects->list ], \@objects, 'which has nothing of it');
	is($store->psql($whole), 1, 'the bytes stay in the database');

	$proxy->fault('PUT,DELETE' => 'status 403 AccessDenied No.');
	like(told('SELECT nachet.offload_contents()'), qr/NC008.*HTTP status 403 AccessDenied: No\./s, 'where giving up fails too, the first error is told');
	$proxy->fault(POST => 'status 200');
	like(told('SELECT nachet.offload_contents()'), qr/NC008.*the response of the store has no upload ID/s, 'an upload without a name is none');
	$proxy->fault(POST => 'status 200 InternalError Once more.', 1);
	is(offload(), '1|0', 'an error within an answer of 200 is tried again');
	is($proxy->left, 0, 'it happened');
	$proxy->clear;
	is($store->psql($right), $store->psql('SELECT count(*) FROM nachet.picture'), 'all is read');
};

subtest 'more connections than a backend may have files' => sub {
	$store->psql('ALTER SYSTEM SET max_files_per_process = 80');
	$store->restart;
	import_pictures('many', map { png(20, 20, "many $_") } 1 .. 60);
	my $many = 'SELECT nachet.chunk_size(); SET nachet.object_store_connections = 64;';
	$proxy->fault(PUT => 'stall');
	my $told;
	my @asked = asked(sub { $told = told("$many SET nachet.object_store_timeout = '3s'; SELECT nachet.offload_contents()") });
	$proxy->clear;
	like($told, qr/NC008: nothing could be moved/, 'where none answers, nothing moves');
	cmp_ok(scalar(@asked), '<', 60, 'not all have got a connection');
	# One that gets none, again and again, is left for the next run.
	my $moved = poll_until(sub { $store->psql_result("$many SELECT nachet.offload_contents()"); return $store->psql('SELECT waiting_contents FROM nachet.storage') == 0 }, 120);
	ok($moved, 'those that get none at first move later');
	is($store->psql($right), $store->psql('SELECT count(*) FROM nachet.picture'), 'all is read');
	unlike($store->log, qr/out of file descriptors/, 'PostgreSQL had files enough');
};

subtest 'requests that are changed on the way' => sub {
	my $range = 'SELECT nachet.content_read(sha256, 100, 50) FROM nachet.content WHERE byte_size = 12000000 LIMIT 1';
	for my $change ([ 'another range', 'bytes=100-149 bytes=200-249' ], [ 'another path', '/pictures/ /pictures/x' ], [ 'another version', 'If-Match: If-None-Match:' ])
	{
		my ($name, $what) = @$change;
		$proxy->fault(GET => "tamper $what");
		like(told($range), qr/NC008.*HTTP status 403 SignatureDoesNotMatch/s, "$name is refused by the signature");
		$proxy->clear;
	}
	is($store->sqlstate($range), '', 'as it was sent it is read');
};

done_testing;

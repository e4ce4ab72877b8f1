#!/usr/bin/env perl
# test/extension/049_no_hashes.t: if the server's OpenSSL computes no hashes, nothing is stored, and
# nothing counts as damaged.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Nachet::Intact qw(is_intact);
use Nachet::Test qw(png sha256 tempdir write_file);
use Test::More;

my $store = Nachet::Test->new;
my $folder = tempdir();
my $user = $store->user_id;
my $data = q{'{"seed_name": "Brassica napus", "zoom_level": 20, "nb_seeds": 5}'};

sub literal { my ($bytes) = @_; return q{'\x} . unpack('H*', $bytes) . q{'::bytea} }

my ($stored, $new) = map { png(20, 20, $_) } qw(stored new);
$store->psql("SELECT nachet.upload_picture_set(ARRAY[" . literal($stored) . "], '$user', $data)");

# Nothing listens there: hashes come before the first request.
my $credentials = write_file("$folder/credentials", "AWS_ACCESS_KEY_ID=a\nAWS_SECRET_ACCESS_KEY=b\n");
my (undef, undef, undef, undef, $owner, $group) = stat $store->data_folder;
chmod 0600, $credentials;
chown $owner, $group, $credentials if $> == 0;
my %settings = (object_store => 's3://pictures', object_store_credentials => $credentials, object_store_endpoint => 'http://127.0.0.1:1');
$store->psql("ALTER DATABASE nachet SET nachet.$_ = '$settings{$_}'") for keys %settings;

# As on a system that allows FIPS algorithms alone and has no module with them. Random numbers are still to be had.
my $config = write_file("$folder/openssl.cnf", <<'CONFIG');
openssl_conf = init
[init]
alg_section = algorithms
random = random
[algorithms]
default_properties = fips=yes
[random]
properties = -fips
seed_properties = -fips
CONFIG
{
	local $ENV{OPENSSL_CONF} = $config;
	$store->restart;
}
isnt($store->sqlstate(q{SELECT sha256('a')}), '', 'PostgreSQL itself computes no hash');

my $id = $store->psql('SELECT id FROM nachet.content');
my %calls = (
	'pictures from memory' => 'SELECT nachet.upload_picture_set(ARRAY[' . literal($new) . "], '$user', $data)",
	'pictures that are stored' => "SELECT nachet.upload_picture_set(ARRAY['new name.png'], ARRAY[" . literal(pack 'H*', sha256($stored)) . "], '$user', $data)",
	'chunks' => 'INSERT INTO nachet.content_chunk (chunk_no, data) VALUES (0, ' . literal($new) . ')',
	'verifying' => 'SELECT * FROM nachet.verify_contents()',
	'offloading' => 'SELECT nachet.offload_contents()',
	'reading from the store' => "BEGIN; UPDATE nachet.content SET object_url = 'http://127.0.0.1:1/pictures/a/b-1'; SELECT nachet.picture_content(id) FROM nachet.picture",
);
for my $name (sort keys %calls)
{
	my (undef, $out, $err) = $store->psql_result("\\set VERBOSITY verbose\n$calls{$name}");
	like($err, qr/ERROR:  38000: could not compute (?:a hash|an HMAC): /, "$name: the statement fails") or diag($out);
	is($out, '', "$name: answers nothing");
}

$store->restart;
is($store->psql('SELECT count(*) FROM nachet.content WHERE id = ' . $id . ' AND object_url IS NULL'), 1, 'with hashes again, the content is as it was');
is($store->psql('SELECT count(*) FROM nachet.picture_set'), 1, 'no set was made');
is($store->psql('SELECT * FROM nachet.verify_contents()'), '', 'nothing is damaged');
is_intact($store, 'all is intact');
unlike($store->log, qr/terminated by signal|PANIC|leak/, 'no backend crashed, and nothing leaked');

done_testing;

#!/usr/bin/env perl
# test/extension/062_object_settings.t: what the object store's settings and credentials refuse, and
# that they tell no secret.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Nachet::Test qw(png tempdir write_file);
use POSIX ();
use Test::More;

my $store = Nachet::Test->new;
my $folder = tempdir();
my $secret = 'c2VjcmV0LXNlY3JldA';
my (undef, undef, undef, undef, $owner, $group) = stat $store->data_folder;
my $count = 0;

sub credentials
{
	my ($content, $mode) = @_;
	my $path = write_file("$folder/" . ++$count, $content);
	chmod $mode // 0600, $path;
	chown $owner, $group, $path if $> == 0;
	return $path;
}

# What the first use says to some settings.
sub said
{
	my (%settings) = @_;
	my $sql = join '', map { "SET nachet.$_ = '$settings{$_}';\n" } sort keys %settings;
	my ($status, undef, $err) = $store->psql_result("\\set VERBOSITY verbose\nSELECT nachet.chunk_size();\n${sql}SELECT nachet.offload_contents()");
	unlike($err, qr/\Q$secret\E/, 'no secret is told');
	return $err;
}

my $azure = "AZURE_STORAGE_CONNECTION_STRING=AccountName=a;AccountKey=$secret";
my $s3 = "AWS_ACCESS_KEY_ID=a\nAWS_SECRET_ACCESS_KEY=$secret\n";
for my $bad ('ftp://x', 'azure://', 's3://A', 's3://a/b', 's3://..', 's3://-pictures', 's3://.pictures', "s3://" . 'a' x 64, 'pictures')
{
	like(said(object_store => $bad), qr/ERROR:  22023: invalid value for parameter "nachet.object_store"/, "nachet.object_store = '$bad'");
}
like(said(object_store_endpoint => $_), qr/ERROR:  22023: invalid value/, "an endpoint '$_'")
	for 'example.org', 'file:///etc/passwd', 'https://user:pw@example.org', 'https://example.org/?a=b';
like(said(object_store_region => $_), qr/ERROR:  22023: invalid value.*letters, digits, hyphens and underscores/s, "a region '$_'") for 'eu west', 'eu/s3', "eu\xc3\xa9";

my %azure = (object_store => 'azure://pictures');
like(said(%azure), qr/F0000: no credentials are set/, 'no file');
like(said(%azure, object_store_credentials => "$folder/none"), qr/F0000: could not open credentials file.*No such file/, 'a file that is not there');
like(said(%azure, object_store_credentials => $folder), qr/F0000:.*not a regular file/, 'a folder');
like(said(%azure, object_store_credentials => credentials($azure, $_)), qr/F0000:.*is accessible to other users.*HINT/s, sprintf 'mode %o', $_)
	for 0644, 0640, 0604, 0620;
like(said(%azure, object_store_credentials => credentials($azure . "\n#" x 40_000)), qr/F0000:.*has more than 65536 bytes/, 'a file that is too large');
# As the server's own memory, which is a regular file and cannot be read from its beginning.
like(said(%azure, object_store_credentials => '/proc/self/mem'), qr/F0000: could not read credentials file.*Input\/output error/, 'a file that cannot be read');
POSIX::mkfifo("$folder/pipe", 0600) or die $!;
chown $owner, $group, "$folder/pipe" if $> == 0;
like(said(%azure, object_store_credentials => "$folder/pipe"), qr/F0000:.*not a regular file/, 'a pipe, which nobody writes to');
SKIP: {
	skip 'files of others can be made by root alone', 5 if $> != 0;
	my $other = credentials('AZURE_STORAGE_CONNECTION_STRING=AccountName=a;AccountKey=a2V5');
	chown $owner + 1, $group, $other;
	like(said(%azure, object_store_credentials => $other), qr/F0000:.*(?:could not open|must be owned by)/, "another user's file");
	chmod 0644, $other;
	like(said(%azure, object_store_credentials => $other), qr/F0000:.*must be owned by the server's user or root/, 'also if it can be read');
	chown 0, $group, $other;
	like(said(%azure, object_store_credentials => $other), qr/F0000:.*is accessible to other users/, "root's, that all can read");
	chmod 0660, $other;
	like(said(%azure, object_store_credentials => $other), qr/F0000:.*is accessible to other users/, "root's, that the group can change");
	chmod 0640, $other;
	is(said(%azure, object_store_credentials => $other), '', "root's, that the server's group can read");
}
like(said(%azure, object_store_credentials => credentials("$azure\n$secret\n")), qr/F0000: line 2 of.*is not NAME=VALUE/, 'a line that says nothing');
like(said(%azure, object_store_credentials => credentials("=$secret\n")), qr/F0000: line 1 of.*is not NAME=VALUE/, 'a value without a name');
like(said(%azure, object_store_credentials => credentials($s3)), qr/F0000:.*has no line AZURE_STORAGE_CONNECTION_STRING/, "another store's");
like(said(%azure, object_store_credentials => credentials("AZURE_STORAGE_CONNECTION_STRING=$_")), qr/F0000:.*is incomplete/, "half a connection string: $_")
	for 'AccountKey=a2V5', 'AccountName=a', 'SharedAccessSignature=sig', 'AccountKey=a2V5;BlobEndpoint=https://example.org', 'BlobEndpoint=https://example.org';
like(said(%azure, object_store_credentials => credentials("AZURE_STORAGE_CONNECTION_STRING=AccountName=a;AccountKey=!$secret")), qr/F0000:.*not base64/, 'a key that is none');
like(said(%azure, object_store_credentials => credentials("AZURE_STORAGE_CONNECTION_STRING=$_;AccountKey=a2V5")), qr/F0000:.*not a valid URL/, 'an address that is no URL')
	for "AccountName=a\xe9", 'AccountName=a b', "AccountName=a;BlobEndpoint=https://example.org/\xc3\xa9", 'AccountName=a;BlobEndpoint=https://example.org/?a=b';
like(said(%azure, object_store_credentials => credentials("AZURE_STORAGE_CONNECTION_STRING=AccountName=a;AccountKey=a2V5;BlobEndpoint=ftp://example.org")), qr/F0000:.*must begin with "https/, 'an address of another protocol');
like(said(%azure, object_store_credentials => credentials("AZURE_STORAGE_CONNECTION_STRING=AccountName=a;SharedAccessSignature=sig=$secret x")), qr/F0000:.*not a query string/, 'a token that is none');
# The emulator's account is public: pictures go there only if that is what is asked for. Nothing is sent: where the objects would go is noted first.
for my $use (['true', 'http://127.0.0.1:10000/devstoreaccount1'], ['TRUE', 'http://127.0.0.1:10000/devstoreaccount1'], ['false', 'http://127.0.0.1:1'], ['', 'http://127.0.0.1:1'])
{
	$store->psql('TRUNCATE nachet.object_store');
	said(%azure, object_store_credentials => credentials("AZURE_STORAGE_CONNECTION_STRING=UseDevelopmentStorage=$use->[0];AccountName=a;AccountKey=a2V5;BlobEndpoint=http://127.0.0.1:1"));
	is($store->psql('SELECT location FROM nachet.object_store'), "$use->[1]/pictures", "UseDevelopmentStorage=$use->[0]");
}
like(said(object_store => 's3://pictures', object_store_credentials => credentials("AWS_ACCESS_KEY_ID=a\n$_")), qr/F0000:.*has no line AWS_SECRET/, 'half of S3\'s') for '', 'AWS_SECRET_ACCESS_KEY=';

# Where objects would go, by settings and credentials.
sub goes
{
	my ($expected, $content, %settings) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	$store->psql('TRUNCATE nachet.object_store');
	is(said(%settings, object_store_credentials => credentials($content)), '', "$expected: is a store");
	return is($store->psql('SELECT location FROM nachet.object_store'), $expected, "$expected: objects go there");
}
my $account = 'AZURE_STORAGE_CONNECTION_STRING=AccountName=a;AccountKey=a2V5';
goes('https://a.blob.core.windows.net/pictures', $account, %azure);
goes('https://a.blob.example.org/pictures', "$account;EndpointSuffix=example.org", %azure);
goes('https://example.org/pictures', "$account;BlobEndpoint=https://a.example.org", %azure, object_store_endpoint => 'https://example.org/');
goes('https://example.org/a/pictures', "$account;BlobEndpoint=https://example.org/a//", %azure);
goes('https://a.blob.core.windows.net/pictures', 'AZURE_STORAGE_CONNECTION_STRING=AccountName=a;SharedAccessSignature=?sig=a', %azure);
goes('https://s3.eu-west-3.amazonaws.com/pictures', "# a comment\n\n \tAWS_ACCESS_KEY_ID = 'a' \r\nAWS_SECRET_ACCESS_KEY=\"$secret\"\t\n",
	object_store => 's3://pictures', object_store_region => 'eu-west-3');
goes('https://s3.us-east-1.amazonaws.com/pictures', "${s3}AWS_SESSION_TOKEN=$_", object_store => 's3://pictures') for '', $secret;
like(said(%azure, object_store_credentials => credentials("$account;DefaultEndpointsProtocol=http")), qr/F0000: object store "http:\/\/a\.blob\.core\.windows\.net" does not use https/, 'a protocol without TLS');
for my $host (qw(example.org 127.0.0.1.example.org localhost.example.org 10.0.0.1 [::2]))
{
	like(said(object_store => 's3://pictures', object_store_endpoint => "http://$host", object_store_credentials => credentials($s3)),
		qr/F0000:.*does not use https.*HINT/s, "http to $host");
}
like(said(object_store => 's3://pictures', object_store_endpoint => "http://$_", object_store_credentials => credentials($s3)), qr/0\|0|\A\z/, "http to $_")
	for qw(127.0.0.1:1 localhost:1 [::1]:1);
like(said(object_store => 's3://pictures', object_store_allow_http => 'on', object_store_endpoint => 'http://10.0.0.1', object_store_credentials => credentials($s3)), qr/\A\z/, 'http where it is allowed');

$store->create_role('someone', qw(nachet_admin nachet_reader nachet_importer));
is($store->sqlstate("SELECT nachet.chunk_size(); SET nachet.$_ = ''", role => 'someone'), '42501', "$_ is the superuser's to set")
	for qw(object_store object_store_credentials object_store_endpoint object_store_region object_store_ca_file);
is($store->sqlstate("SET nachet.object_store_endpoint = 'http://127.0.0.1:1'; SELECT nachet.offload_contents()", role => 'someone'), '55000',
	'also before the library is loaded');
is($store->sqlstate($_, role => 'importer'), '42501', "an importer may not: $_")
	for 'SELECT nachet.offload_contents()', 'SELECT nachet.restore_contents()', 'SELECT nachet.adopt_object_store()',
	'SELECT nachet.renew_object_store_prefix()', 'SELECT FROM nachet.storage', 'SELECT FROM nachet.object_store', 'SELECT FROM nachet.object_deletion';
is($store->sqlstate("SELECT nachet.offload_contents($_)"), '22023', "offload_contents($_)") for '0', '1, 0', '-1';

done_testing;

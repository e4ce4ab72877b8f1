#!/usr/bin/env perl
# test/extension/062_object_settings.t: what the object store's settings and credentials refuse, and that they tell no secret.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Nachet::Test qw(png tempdir write_file);
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
for my $bad ('ftp://x', 'azure://', 's3://A', 's3://a/b', 's3://..', "s3://" . 'a' x 64, 'pictures')
{
	like(said(object_store => $bad), qr/ERROR:  22023: invalid value for parameter "nachet.object_store"/, "nachet.object_store = '$bad'");
}
like(said(object_store_endpoint => $_), qr/ERROR:  22023: invalid value/, "an endpoint '$_'")
	for 'example.org', 'file:///etc/passwd', 'https://user:pw@example.org', 'https://example.org/?a=b';

my %azure = (object_store => 'azure://pictures');
like(said(%azure), qr/F0000: no credentials are set/, 'no file');
like(said(%azure, object_store_credentials => "$folder/none"), qr/F0000: could not open credentials file.*No such file/, 'a file that is not there');
like(said(%azure, object_store_credentials => $folder), qr/F0000:.*not a regular file/, 'a folder');
like(said(%azure, object_store_credentials => credentials($azure, $_)), qr/F0000:.*can be read or changed by others.*HINT/s, sprintf 'mode %o', $_)
	for 0644, 0640, 0604, 0620;
like(said(%azure, object_store_credentials => credentials("$azure\n$secret\n")), qr/F0000: line 2 of.*is not NAME=VALUE/, 'a line that says nothing');
like(said(%azure, object_store_credentials => credentials($s3)), qr/F0000:.*has no line AZURE_STORAGE_CONNECTION_STRING/, "another store's");
like(said(%azure, object_store_credentials => credentials("AZURE_STORAGE_CONNECTION_STRING=AccountKey=$secret")), qr/F0000:.*not complete/, 'half a connection string');
like(said(%azure, object_store_credentials => credentials("AZURE_STORAGE_CONNECTION_STRING=AccountName=a;AccountKey=!$secret")), qr/F0000:.*not base64/, 'a key that is none');
like(said(%azure, object_store_credentials => credentials("AZURE_STORAGE_CONNECTION_STRING=$_;AccountKey=a2V5")), qr/F0000:.*address is no URL/, 'an address that is no URL')
	for "AccountName=a\xe9", 'AccountName=a b', "AccountName=a;BlobEndpoint=https://example.org/\xc3\xa9", 'AccountName=a;BlobEndpoint=https://example.org/?a=b';
like(said(%azure, object_store_credentials => credentials("AZURE_STORAGE_CONNECTION_STRING=AccountName=a;SharedAccessSignature=sig=$secret x")), qr/F0000:.*not a URL's query/, 'a token that is none');
# The emulator's account is public: pictures go there only if that is what is asked for. Nothing is sent: where the objects would go is noted first.
for my $use (['true', 'http://127.0.0.1:10000/devstoreaccount1'], ['TRUE', 'http://127.0.0.1:10000/devstoreaccount1'], ['false', 'http://127.0.0.1:1'], ['', 'http://127.0.0.1:1'])
{
	$store->psql('TRUNCATE nachet.object_store');
	said(%azure, object_store_credentials => credentials("AZURE_STORAGE_CONNECTION_STRING=UseDevelopmentStorage=$use->[0];AccountName=a;AccountKey=a2V5;BlobEndpoint=http://127.0.0.1:1"));
	is($store->psql('SELECT location FROM nachet.object_store'), "$use->[1]/pictures", "UseDevelopmentStorage=$use->[0]");
}
like(said(object_store => 's3://pictures', object_store_credentials => credentials("AWS_ACCESS_KEY_ID=a\n")), qr/F0000:.*has no line AWS_SECRET/, 'half of S3\'s');
for my $host (qw(example.org 127.0.0.1.example.org localhost.example.org 10.0.0.1 [::2]))
{
	like(said(object_store => 's3://pictures', object_store_endpoint => "http://$host", object_store_credentials => credentials($s3)),
		qr/F0000:.*not reached by https.*HINT/s, "http to $host");
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

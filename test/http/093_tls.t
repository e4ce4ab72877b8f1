#!/usr/bin/env perl
# test/http/093_tls.t: nachet-http over TLS: certificates, keys, versions, and renewal by SIGHUP.
use strict;
use warnings;
use Test::More;

use lib 'test/lib';
use Nachet::Test qw(run_command start_command poll_until free_port png write_file);
use Nachet::Http qw(curl wait_for_log form_fields is_problem);
use Nachet::Prometheus qw(parse_metrics);

my $program = Nachet::Test::nachet_http();
my $store = Nachet::Test->new;
my $folder = $store->tempdir;
my @database = ('-d', $store->conninfo('importer'));

sub openssl
{
	my ($status, $out, $err) = run_command({ cwd => $folder }, 'openssl', @_);
	die "openssl @_: $err" if $status != 0;
	return $out;
}

# An authority, and certificates by it: name.pem with what leads to its root, and name.key.
openssl(qw(req -x509 -newkey rsa:2048 -nodes -days 3650 -keyout root.key -out root.pem -subj), '/CN=Test root');
openssl(qw(req -new -newkey rsa:2048 -nodes -keyout middle.key -out middle.csr -subj), '/CN=Test authority');
write_file("$folder/middle.ext", "basicConstraints=critical,CA:TRUE\n");
openssl(qw(x509 -req -in middle.csr -CA root.pem -CAkey root.key -set_serial 2 -days 3650 -extfile middle.ext -out middle.pem));
my $serial = 100;

sub make_certificate
{
	my ($name, $algorithm, $days) = @_;
	$serial++;
	openssl('req', '-new', '-nodes', @$algorithm, '-keyout', "$name.key", '-out', "$name.csr", '-subj', "/CN=$name");
	write_file("$folder/$name.ext", "subjectAltName=DNS:localhost,IP:127.0.0.1\n");
	openssl('x509', '-req', '-in', "$name.csr", qw(-CA middle.pem -CAkey middle.key -extfile), "$name.ext", '-set_serial', $serial,
		'-days', $days // 30, '-out', "$name.leaf");
	write_file("$folder/$name.pem", Nachet::Test::slurp("$folder/$name.leaf") . Nachet::Test::slurp("$folder/middle.pem"));
	chmod 0600, "$folder/$name.key";
	return;
}
my @RSA = ('-newkey', 'rsa:2048');
my @EC = (qw(-newkey ec -pkeyopt ec_paramgen_curve:prime256v1));
make_certificate('first', \@RSA);
make_certificate('second', \@EC);
make_certificate('expired', \@EC, 0);
my $expired_since = time;

sub install { my ($name) = @_; for my $kind (qw(pem key)) { system('cp', '-p', "$folder/$name.$kind", "$folder/used.$kind") == 0 or die } return }
sub tls { my ($name) = @_; return ('--tls-cert', "$folder/$name.pem", '--tls-key', "$folder/$name.key") }

sub start
{
	my ($name, @args) = @_;
	my $http = start_command($program, @database, '--listen', '127.0.0.1:0', tls($name), @args);
	poll_until(sub { $http->err =~ m{listening on (https://127\.0\.0\.1:(\d+))$}m && ($http->{url} = $1) && ($http->{port} = $2) || !$http->is_running });
	die $http->err if !$http->url;
	return $http;
}
sub ask { my ($http, @args) = @_; return curl('--cacert', "$folder/root.pem", @args) }

# What the service shows to who connects.
sub shown
{
	my ($http, @args) = @_;
	my (undef, $out) = run_command({ stdin => '', timeout => 30 }, 'openssl', 's_client', '-connect', '127.0.0.1:' . $http->port, '-CAfile',
		"$folder/root.pem", @args);
	return $out;
}

# --- service --------------------------------------------------------------------------------------------
install('first');
my $http = start('used', '--admin-listen', '127.0.0.1:0', '--header-timeout', '3');
is(ask($http, $http->url . '/')->{status}, 200, 'https is served, with all that leads to the root');
write_file("$folder/a.png", png(64, 48, 'a'));
is(ask($http, form_fields(), '-F', "pictures=\@$folder/a.png", $http->url . '/batch-import')->{status}, 201, 'an import');
write_file("$folder/large.tif", Nachet::Test::tiff(20_000_000, 'large'));
is(ask($http, form_fields(), '-F', "pictures=\@$folder/large.tif", $http->url . '/batch-import')->{status}, 201, 'a large one');
my $plain = curl('-m', 20, 'http://127.0.0.1:' . $http->port . '/');
is($plain->{status}, 0, 'plain HTTP is not');
like(shown($http, '-tls1_3'), qr/TLSv1\.3/, 'TLS 1.3');
like(shown($http, '-tls1_2'), qr/TLSv1\.2/, 'TLS 1.2');
like(shown($http, '-tls1_2', '-cipher', $_), qr/Cipher is \Q$_\E/, "TLS 1.2 with $_") for qw(ECDHE-RSA-AES128-GCM-SHA256 ECDHE-RSA-AES256-GCM-SHA384 ECDHE-RSA-CHACHA20-POLY1305);
like(shown($http, '-tls1_2', '-cipher', "$_\@SECLEVEL=0"), qr/Cipher is \(NONE\)/, "not with $_")
	for qw(AES128-SHA AES128-GCM-SHA256 AES256-GCM-SHA384 ECDHE-RSA-AES128-SHA ECDHE-RSA-AES256-SHA);
like(shown($http, '-tls1_1', '-cipher', 'ALL:@SECLEVEL=0'), qr/Cipher is \(NONE\)/, 'nothing older');
my $json = '{"email": "someone@example.org"}';
my @form = ('-H', 'Content-Type: application/json', '-d', $json, $http->url . '/picture-form');
is(ask($http, '-H', 'Origin: ' . $http->url, @form)->{status}, 200, "the service's own pages are of https");
is_problem(ask($http, '-H', 'Origin: http://127.0.0.1:' . $http->port, @form), 403, qr/origin/, 'those of http at the same address are not');

my $silent = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $http->port) or die;
ok(defined sysread($silent, my $bytes, 100), 'a client that begins no TLS is dropped in time');

# --- renewal --------------------------------------------------------------------------------------------
my ($admin) = $http->err =~ m{operators' endpoints on (\S+)};
my $expiry = parse_metrics(curl("$admin/metrics")->{body})->{value}{nachet_http_certificate_expiry_timestamp_seconds};
cmp_ok(abs($expiry - time - 30 * 86400), '<', 3600, 'the metrics tell when the certificate expires');
like(shown($http), qr/CN ?= ?first/, 'the first certificate');
my $slow = start_command('curl', '-sS', '-i', '--cacert', "$folder/root.pem", '--limit-rate', '1000000', form_fields(), '-F',
	"pictures=\@$folder/large.tif", $http->url . '/batch-import');
poll_until(sub { parse_metrics(curl("$admin/metrics")->{body})->{value}{nachet_http_requests_in_progress} == 1 }) or die;
install('second');
$http->signal('HUP');
ok(wait_for_log($http, qr/the certificate was reloaded/), 'SIGHUP has it read again');
like(shown($http), qr/CN ?= ?second/, 'the second one, of another kind of key');
write_file("$folder/used.key", 'nonsense');
$http->signal('HUP');
ok(wait_for_log($http, qr/warning: the certificate was not reloaded: .*no private key/), 'what can not be used is not taken');
like(shown($http), qr/CN ?= ?second/, 'the second one stays');
is($slow->wait(120), 0, 'an upload goes on over all that');
like($slow->out, qr/"picture_set_id"/, 'and ends well');
is($http->stop, 0, 'SIGTERM ends it');
unlike($http->err, qr/PRIVATE|nonsense/, 'no key is in the log');

# --- refusals -------------------------------------------------------------------------------------------
sub fails
{
	my ($status, $pattern, $name, @args) = @_;
	my ($got, $out, $err) = run_command({ timeout => 30 }, $program, @database, '--listen', '127.0.0.1:0', @args);
	is($got, $status, "$name: exit status");
	like($err, $pattern, "$name: message");
	unlike($err, qr/PRIVATE KEY/, "$name: no key in it");
	return;
}
fails(2, qr/--tls-cert and --tls-key require each other/, 'a certificate alone', '--tls-cert', "$folder/first.pem");
fails(2, qr/--tls-cert and --tls-key require each other/, 'a key alone', '--tls-key', "$folder/first.key");
fails(2, qr/loopback/, 'all addresses: TLS does not authenticate', '--listen', '0.0.0.0:0', tls('first'));
fails(1, qr/can't read the certificate file .*No such file/, 'no certificate', '--tls-cert', "$folder/none", '--tls-key', "$folder/first.key");
fails(1, qr/do not match/, 'a key of another', '--tls-cert', "$folder/first.pem", '--tls-key', "$folder/second.key");
fails(1, qr/contains no certificates/, 'a key as certificate', '--tls-cert', "$folder/first.key", '--tls-key', "$folder/first.key");
fails(1, qr/contains no private key/, 'a certificate as key', '--tls-cert', "$folder/first.pem", '--tls-key', do { system "cp $folder/first.pem $folder/x.key; chmod 600 $folder/x.key"; "$folder/x.key" });
openssl(qw(pkey -in first.key -aes256 -passout pass:geheim -out locked.key));
chmod 0600, "$folder/locked.key";
fails(1, qr/without a password/, 'a key under a password', '--tls-cert', "$folder/first.pem", '--tls-key', "$folder/locked.key");
chmod 0644, "$folder/first.key";
fails(1, qr/other users can read the private key in .*chmod 600/, 'a key that others may read', tls('first'));
chmod 0600, "$folder/first.key";
write_file("$folder/empty.pem", '');
fails(1, qr/contains no certificates/, 'an empty certificate', '--tls-cert', "$folder/empty.pem", '--tls-key', "$folder/first.key");
poll_until(sub { time > $expired_since + 1 }) or die;
$http = start('expired');
like($http->err, qr/warning: the certificate of --tls-cert has expired/, 'an expired certificate is told');
$http->stop;

done_testing;

#!/usr/bin/env perl
# test/loader/128_url_tls.t: nachet-load --url over TLS: a service is believed where a known
# authority vouches for its name, and not else.
use strict;
use warnings;

use FindBin ();
use lib "$FindBin::Bin/../lib";
use Nachet::Front ();
use Nachet::Jwt qw(claims hs256);
use Nachet::Test qw(gif tiff write_file run_command);
use Test::More;

my $store = Nachet::Test->new;
my $scratch = $store->tempdir;

# One that signs itself for the given names, as authority and certificate in one.
sub make_certificate
{
	my ($name, $names, @args) = @_;
	my ($status, undef, $err) = run_command('openssl', qw(req -x509 -newkey rsa:2048 -nodes -days 30 -subj), "/CN=$name", '-addext',
		"subjectAltName=$names", '-keyout', "$scratch/$name.key", '-out', "$scratch/$name.pem");
	die "openssl: $err" if $status != 0;
	chmod 0600, "$scratch/$name.key";
	return;
}
make_certificate('right', 'IP:127.0.0.1,DNS:localhost');
make_certificate('other', 'DNS:other.example');
write_file("$scratch/nothing.pem", "nothing\n");

my $secret = 'a secret of the test, longer than 32 bytes';
chmod 0600, write_file("$scratch/secret", $secret), write_file("$scratch/token", hs256($secret, claims()));

sub start
{
	my ($name) = @_;
	my $http = $store->start_http(args => [ '--tls-cert', "$scratch/$name.pem", '--tls-key', "$scratch/$name.key",
		'--auth', 'jwt', '--jwt-secret', "$scratch/secret" ]);
	return ($http, $http->url =~ s/^http:/https:/r);
}
my ($http, $url) = start('right');
my $folder = "$scratch/pictures";
write_file("$folder/$_.gif", gif($_)) for 1 .. 20;
write_file("$folder/large.tif", tiff(12_000_000, 'large'));

sub load
{
	my ($env, @args) = @_;
	return run_command(
		{ env => { PGHOST => '/nonexistent', no_proxy => '*', CURL_CA_BUNDLE => undef, SSL_CERT_FILE => undef, %$env } },
		$store->nachet_load, '--token-file', "$scratch/token", '--seed', 'Brassica napus', '--zoom', 20, '--nb-seeds', 5, @args, $folder);
}

my ($status, $id, $err) = load({}, '--url', $url, '--cacert', "$scratch/right.pem");
is($status, 0, 'a service whose authority is named is believed') or diag($err);
like($err, qr/; sent 21,/,
	'a service whose authority is named is believed: takes the pictures, and the token');
for my $variable (qw(CURL_CA_BUNDLE SSL_CERT_FILE NACHET_CACERT))
{
	($status, my $again, $err) = load({ $variable => "$scratch/right.pem" }, '--url', $url);
	is($again, $id, "$variable names the authority too") or diag($err);
}

my ($other, $other_url) = start('other');
for my $case (
	[ 'an authority that nobody named', $url, [], qr/certificate/ ],
	[ 'another authority', $url, [ '--cacert', "$scratch/other.pem" ], qr/certificate/ ],
	[ 'a certificate for another name', $other_url, [ '--cacert', "$scratch/other.pem" ], qr/127\.0\.0\.1/ ],
	[ 'a file of authorities that holds none', $url, [ '--cacert', "$scratch/nothing.pem" ], qr/nothing\.pem/ ],
	[ 'a file of authorities that is not there', $url, [ '--cacert', "$scratch/nowhere.pem" ], qr/nowhere\.pem/ ],
	[ 'a service that speaks no TLS', ($store->start_http)->url =~ s/^http:/https:/r, [ '--cacert', "$scratch/right.pem" ], qr/SSL|TLS/ ])
{
	my ($what, $at, $args, $words) = @$case;
	($status, my $out, $err) = load({}, '--url', $at, @$args);
	is($status, 4, "$what: status 4");
	like($err, qr/\Anachet-load: error: no connection to the service: .*$words/, "$what: in words");
	unlike($err, qr/retrying/, "$what: at once");
	is($out, '', "$what: no id");
}
unlike($other->err, qr/POST/, 'no request went to a service that was not believed');

# A proxy opens the way to another machine and sees neither token nor pictures; to this machine none is asked.
my $proxy = Nachet::Front->new($http->port, sub { return "HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n" });
my %proxies = (no_proxy => undef, NO_PROXY => undef, map { $_ => $proxy->url } qw(https_proxy HTTPS_PROXY all_proxy ALL_PROXY));
($status, my $out, $err) = load(\%proxies, '--url', $url, '--cacert', "$scratch/right.pem", '--retries', 0);
is($out, $id, 'no proxy is asked for the way to this machine') or diag($err);
is($proxy->requests, '', 'no proxy is asked for the way to this machine: for nothing');
($status, $out, $err) = load(\%proxies, '--url', 'https://nachet.example', '--retries', 0);
is($status, 4, 'a proxy is asked for the way to another machine') or diag($err);
like($proxy->requests, qr/\ACONNECT nachet\.example:443 /,
	'a proxy is asked for the way to another machine: by its name');
unlike($proxy->requests, qr/Authorization/i,
	'a proxy is asked for the way to another machine: is shown no token');

done_testing;

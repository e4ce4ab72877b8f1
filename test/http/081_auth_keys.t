#!/usr/bin/env perl
# test/http/081_auth_keys.t: the files of --jwt-key and --jwt-secret: which are refused, and how
# keys are changed while the service runs.
use strict;
use warnings;
use MIME::Base64 ();
use POSIX ();
use Test::More;

use lib 'test/lib';
use Nachet::Test qw(run_command poll_until write_file slurp tempdir noise);
use Nachet::Http qw(post_json wait_for_log connect_to read_answer curl);
use Nachet::Jwt qw(claims hs256 rs256 rsa_pair bearer);

my $folder = tempdir();
my ($private, $public) = rsa_pair("$folder/rsa");

sub file
{
	my ($name, $bytes, $mode) = @_;
	write_file("$folder/$name", $bytes);
	chmod $mode // 0600, "$folder/$name" or die $!;
	return "$folder/$name";
}

# --- files that are refused at the start ----------------------------------------------------------------
sub fails
{
	my ($pattern, $name, @options) = @_;
	my ($status, undef, $err) =
		run_command({ timeout => 30 }, Nachet::Test::nachet_http(), '--listen', '127.0.0.1:0', '--auth', 'jwt', @options);
	is($status, 1, "$name: exit status");
	like($err, $pattern, "$name: message");
	return $err;
}
sub openssl
{
	my ($status, $out, $err) = run_command('openssl', @_);
	die "openssl: $err" if $status != 0;
	return $out;
}

my $secret = 'a secret of the test, longer than 32 bytes';
for my $option ('--jwt-key', '--jwt-secret')
{
	fails(qr/can't read .*none': No such file/, "$option: a file that is not there", $option, "$folder/none");
	fails(qr/not a regular file/, "$option: a folder", $option, $folder);
	POSIX::mkfifo("$folder/pipe", 0600);
	fails(qr/not a regular file/, "$option: a pipe that nobody writes to", $option, "$folder/pipe");
	fails(qr{file '.*' is too long}, "$option: a long file", $option, file('long', 'x' x 70_000));
}
fails(qr/has 0 bytes, but must have at least 32/, 'an empty secret', '--jwt-secret', file('empty', ''));
my $message = fails(qr/has 5 bytes, but must have at least 32/, 'a short secret', '--jwt-secret', file('short', 'short'));
unlike($message, qr/short[^']/, 'the secret is not told');
fails(qr/has 31 bytes/, 'a newline is not part of a text', '--jwt-secret', file('text', 'x' x 31 . "\n"));
for my $mode (0640, 0604, 0660, 0622)
{
	my $open = file('open', $secret, $mode);
	chown 65534, 65534, $open if $> == 0;
	fails(qr/other users can read the secret .*chmod 600/, sprintf('a secret of mode %04o', $mode), '--jwt-secret', $open);
}
SKIP: {
	skip 'not root', 2 if $> != 0;
	fails(qr/other users can read the secret/, "root's secret that all may read", '--jwt-secret', file('root', $secret, 0644));
}
fails(qr/contains a private key/, 'a private key', '--jwt-key', $private);
fails(qr/PUBLIC KEY that can't be read|damaged PEM/, 'a broken PEM', '--jwt-key', file('broken', slurp($public) =~ s/A/?/gr));
fails(qr/damaged PEM/, 'half a PEM', '--jwt-key', file('half', substr slurp($public), 0, 200));
fails(qr/damaged PEM/, 'a whole PEM and half of one', '--jwt-key', file('half2', slurp($public) . substr slurp($public), 0, 200));
fails(qr/other users can change/, 'a public key that all may change', '--jwt-key', file('writable', slurp($public), 0666));
fails(qr/has 1024 bits, but must have at least 2048/, 'a short RSA key', '--jwt-key', (rsa_pair("$folder/weak", 1024))[1]);
fails(qr/damaged PEM: .*before -----BEGIN/, 'a key of two that begins within a line', '--jwt-key',
	file('line', slurp($public) . 'key: ' . slurp($public)));
openssl('ecparam', '-name', 'prime256v1', '-genkey', '-noout', '-out', "$folder/ec.key");
openssl('pkey', '-in', "$folder/ec.key", '-pubout', '-out', "$folder/ec.pem");
fails(qr/not an RSA key/, 'a key of an elliptic curve', '--jwt-key', "$folder/ec.pem");
fails(qr/not an RSA key/, 'one behind a key of RSA', '--jwt-key', file('rsa_ec', slurp($public) . slurp("$folder/ec.pem")));
openssl('req', '-x509', '-new', '-key', $private, '-subj', '/CN=x', '-out', "$folder/certificate");
openssl('req', '-new', '-key', $private, '-subj', '/CN=x', '-out', "$folder/request");
fails(qr/contains a CERTIFICATE REQUEST, which is not a public key/, 'what is asked of an authority', '--jwt-key', "$folder/request");
fails(qr/short/, 'the second of two', '--jwt-key', $public, '--jwt-secret', "$folder/short");
$message = fails(qr/no public key in PEM; use --jwt-secret/, 'a secret for --jwt-key', '--jwt-key',
	file('secret', $secret));
unlike($message, qr/\Q$secret\E/, 'the secret is not told there');
fails(qr/is empty|no public key in PEM/, 'an empty key file', '--jwt-key', "$folder/empty");

# --- what issuers publish is no secret -------------------------------------------------------------------
my ($base64) = slurp($public) =~ /\A-----BEGIN PUBLIC KEY-----\n(.*)-----END PUBLIC KEY-----\n\z/s;
my $modulus = MIME::Base64::encode_base64url(pack 'H*', openssl('rsa', '-pubin', '-in', $public, '-noout', '-modulus') =~ s/^Modulus=(\w+)\n/$1/r);
my $hex = uc unpack 'H*', MIME::Base64::decode_base64url($modulus);
my $jwk = qq({"kty": "RSA", "use": "sig", "kid": "1", "e": "AQAB", "n": "$modulus"});
my $der = openssl('x509', '-in', "$folder/certificate", '-outform', 'DER');
my ($status, $ssh) = run_command('ssh-keygen', '-i', '-m', 'PKCS8', '-f', $public);
$ssh = 'ssh-rsa ' . MIME::Base64::encode_base64("\0\0\0\7ssh-rsa" . 'x' x 270, '') if $status != 0; # no ssh-keygen here
my %published = (
	'a JWK' => [ $jwk, qr/JSON, as JWK and JWKS are/ ],
	'a JWKS' => [ qq(\n {"keys": [$jwk]}\n), qr/JSON.*x5c/ ],
	'a list' => [ "[$jwk]", qr/JSON/ ],
	'a key of OpenSSH' => [ "$ssh\n", qr/OpenSSH public key.*ssh-keygen -e -m PKCS8/ ],
	'an elliptic one' => [ 'ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTY', qr/OpenSSH public key/ ],
	'a key of SSH' => [ "---- BEGIN SSH2 PUBLIC KEY ----\nAAAA\n---- END SSH2 PUBLIC KEY ----\n", qr/ssh-keygen -i/ ],
	'XML' => [ "<RSAKeyValue><Modulus>$modulus</Modulus></RSAKeyValue>", qr/XML/ ],
	'an address' => [ 'https://login.example.org/discovery/v2.0/keys', qr/an address/ ],
	'a key in DER' => [ openssl('pkey', '-pubin', '-in', $public, '-outform', 'DER'), qr/DER/ ],
	'a certificate in DER' => [ $der, qr/openssl x509 -inform DER/ ],
	'a key in base64' => [ $base64, qr/base64.*-----BEGIN PUBLIC KEY-----/ ],
	'an entry of x5c' => [ MIME::Base64::encode_base64($der, ''), qr/base64/ ],
	'a key in DER and a line end' => [ openssl('pkey', '-pubin', '-in', $public, '-outform', 'DER') . "\n", qr/DER/ ],
	'a quoted entry of x5c' => [ '"' . MIME::Base64::encode_base64($der, '') . '",', qr/base64/ ],
	'x5c with its name' => [ '"x5c": ["' . MIME::Base64::encode_base64($der, '') . '"]', qr/base64/ ],
	'the number of a JWK' => [ $modulus, qr/number of an RSA key.*PEM/ ],
	'the number of a JWK with its name' => [ qq("n": "$modulus",), qr/number of an RSA key/ ],
	'a line of an indented JWK' => [ qq(      "n": "$modulus",\n), qr/number of an RSA key/ ],
	'a line of a JWK with a blank before the colon' => [ qq("n" : "$modulus"\n), qr/number of an RSA key/ ],
	'the number of a JWK with a zero before it' => [ MIME::Base64::encode_base64url("\0" . MIME::Base64::decode_base64url($modulus)), qr/number of an RSA key/ ],
	(map { my $hex = $_->[1]; ("the number of a key in hexadecimal, $_->[0]" => [ $hex, qr/number of an RSA key/ ]) }
		[ 'bare' => $hex ], [ 'small' => lc $hex ], [ 'with a zero before it' => "00$hex\n" ], [ 'with colons' => join ':', "00$hex" =~ /../g ],
		[ 'in lines' => join '', map { "    $_:\n" } "00$hex" =~ /.{1,30}/g ], [ 'with its name' => "n: $hex\n" ],
		[ 'with its name and an equals sign' => "n=$hex" ], [ 'as openssl names it' => "modulus:\n    $hex\n" ]),
	'a quoted number of a JWK, in base64' => [ '"' . MIME::Base64::encode_base64(MIME::Base64::decode_base64url($modulus), '') . '"', qr/number of an RSA key/ ],
	'DER in base64url' => [ MIME::Base64::encode_base64url($der), qr/base64/ ],
	'PEM in base64' => [ MIME::Base64::encode_base64(slurp($public), ''), qr/base64/ ],
	"a key of OpenSSH without its type" => [ ($ssh =~ /(AAAA\S+)/)[0], qr/base64/ ],
	'a line of known_hosts' => [ "git.example.org $ssh", qr/OpenSSH public key/ ],
	'a modulus' => [ openssl('rsa', '-pubin', '-in', $public, '-noout', '-modulus'), qr/what openssl prints/ ],
	'a key as text' => [ openssl('rsa', '-pubin', '-in', $public, '-noout', '-text'), qr/what openssl prints/ ],
	'a fingerprint' => [ openssl('x509', '-in', "$folder/certificate", '-noout', '-fingerprint', '-sha256'), qr/what openssl prints/ ],
	'text of Windows' => [ "\xff\xfe" . join('', map { "$_\0" } split //, $jwk), qr/byte order mark/ ],
	'text with a mark' => [ "\xef\xbb\xbf$jwk", qr/byte order mark/ ]);
for my $name (sort keys %published)
{
	my ($bytes, $pattern) = @{ $published{$name} };
	my $file = file('published', $bytes);
	fails(qr/'\Q$file\E' contains .*$pattern/, "$name for --jwt-secret", '--jwt-secret', $file);
	fails(qr/'\Q$file\E' contains .*$pattern/, "$name for --jwt-key", '--jwt-key', $file);
	fails($pattern, "$name beside a right key", '--jwt-key', $public, '--jwt-secret', $file);
}
for my $pem ($public, "$folder/certificate", $private, "$folder/ec.pem")
{
	fails(qr/contains PEM instead of a secret .*--jwt-key/, 'PEM for --jwt-secret', '--jwt-secret', file('pem', slurp $pem));
	fails(qr/contains PEM instead of a secret/, 'PEM behind words', '--jwt-secret', file('pem', "Here it is:\n\n" . slurp $pem));
}

# --- keys that are changed ------------------------------------------------------------------------------
my $store = Nachet::Test->new;

# All keys of a file count, whatever they are written as.
my @pairs = map { [ rsa_pair("$folder/pair$_") ] } 1 .. 4;
openssl('req', '-x509', '-new', '-key', $pairs[2][0], '-subj', '/CN=y', '-out', "$folder/pair3.crt");
my $pkcs1 = openssl('rsa', '-pubin', '-in', $pairs[3][1], '-RSAPublicKey_out');
my $many = file('many.pem', "The keys of 2026:\n" . slurp($pairs[0][1]) . slurp($pairs[1][1]) =~ s/\n/\r\n/gr . "\nA certificate:\n"
	. slurp("$folder/pair3.crt") . $pkcs1);
my $http = $store->start_http(args => [ '--auth', 'jwt', '--jwt-key', $many ]);
my $status_of = sub { return post_json($http, '{}', bearer($_[0]))->{status} };
is($status_of->(rs256($pairs[$_][0], claims())), 200, "key $_ of a file") for 0 .. 3;
is($status_of->(rs256($private, claims())), 401, 'and no other');
is($http->stop, 0, 'it stops');

# What can't be told from a number of a key, or is none.
for my $bytes (map({ MIME::Base64::encode_base64(pack('H*', $_), '') } 'f1' x 32, 'f1' x 64, 'f1' x 257, '71' . 'f1' x 255, 'f1' x 255 . 'f0'), 'f1' x 128)
{
	my $service = $store->start_http(args => [ '--auth', 'jwt', '--jwt-secret', file('random', $bytes) ]);
	is($service->stop, 0, 'a secret of ' . length($bytes) . ' letters and digits is taken');
}

my $key = file('key', "$secret\n");
my $public_file = file('key.pem', slurp($public), 0644);
$http = $store->start_http(args => [ '--auth', 'jwt', '--jwt-secret', $key, '--jwt-key', $public_file ]);
my $reload = sub {
	my $before = () = $http->err =~ /^.*(?:keys were reloaded|keys were not reloaded).*$/mg;
	kill 'HUP', $http->pid;
	my $told = poll_until(sub { return (my $now = () = $http->err =~ /keys were reloaded|keys were not reloaded/g) > $before }, 30);
	ok($told, 'SIGHUP: the log tells');
	return (split /\n/, $http->err)[-1];
};
my $old = hs256($secret, claims());

is($status_of->($old), 200, 'the first secret, without the newline of its file');
is($status_of->(hs256("$secret\n", claims())), 401, 'and not with it');

my $bytes = noise(40, 'key') . "\n";
file('key', $bytes);
is($status_of->($old), 200, 'a new file alone changes nothing');
like($reload->(), qr/keys were reloaded/, 'it is read');
is($status_of->($old), 401, 'the first secret is no longer taken');
is($status_of->(hs256($bytes, claims())), 200, 'the second one, of any bytes and its newline too, is');

file('key', 'short');
like($reload->(), qr/warning: the keys were not reloaded: .*5 bytes/, 'a broken file');
is($status_of->(hs256($bytes, claims())), 200, 'leaves the secret in force');
unlink $key;
like($reload->(), qr/warning: the keys were not reloaded: .*No such file/, 'no file');
is($status_of->(hs256($bytes, claims())), 200, 'leaves it too');
file('key', slurp($public));
like($reload->(), qr/warning: the keys were not reloaded: .*contains PEM instead of a secret/, 'a public key in the place of the secret');
is($status_of->(hs256(slurp($public), claims())), 401, 'does not become one');
is($status_of->(hs256($bytes, claims())), 200, 'and leaves the secret');
file('key', $bytes);
file('key.pem', slurp($pairs[1][1]), 0644);
like($reload->(), qr/keys were reloaded/, 'a new public key');
is($status_of->(rs256($private, claims())), 401, 'takes the place of the old one');
is($status_of->(rs256($pairs[1][0], claims())), 200, 'and is taken');
file('key.pem', slurp($public), 0644);
like($reload->(), qr/keys were reloaded/, 'the old one again');

# Keys change under requests.
my $right = rs256($private, claims());
my $client = connect_to($http);
my %statuses;
for (1 .. 200)
{
	kill 'HUP', $http->pid;
	print {$client} "POST /picture-form HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
		. "Authorization: Bearer $right\r\nContent-Length: 2\r\n\r\n{}";
	$statuses{ read_answer($client)->{status} }++;
}
is_deeply(\%statuses, { 200 => 200 }, 'requests are served while keys are read again');

# A further SIGHUP does not cut a shutdown short.
my $slow = connect_to($http);
print {$slow} "POST /picture-form HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
	. "Authorization: Bearer $right\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n";
sysread $slow, my $interim, 1000;
like($interim, qr/\AHTTP\/1.1 100 /, 'a request has begun');
kill 'TERM', $http->pid;
ok(wait_for_log($http, qr/stopping: 1 request/), 'it waits for a request under way');
kill 'HUP', $http->pid;
print {$slow} '{}';
is(read_answer($slow)->{status}, 200, 'which is answered');
is($http->wait(30), 0, 'then it stops with 0');

done_testing;

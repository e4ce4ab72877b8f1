# The files of --jwt-key: which are refused, and how keys are changed while the service runs.
use strict;
use warnings;
use POSIX ();
use Test::More;

use lib 'test/lib';
use Nachet::Test qw(run_command poll_until write_file slurp tempdir noise);
use Nachet::Http qw(post_json wait_for_log connect_to read_answer);
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
	my ($pattern, $name, @keys) = @_;
	my ($status, undef, $err) = run_command({ timeout => 30 }, Nachet::Test::nachet_http(), '--listen', '127.0.0.1:0',
		'--auth', 'jwt', map { ('--jwt-key', $_) } @keys);
	is($status, 1, "$name: exit status");
	like($err, $pattern, "$name: message");
	return $err;
}

my $secret = 'a secret of the test, longer than 32 bytes';
fails(qr/can't read .*none': No such file/, 'a file that is not there', "$folder/none");
fails(qr/no regular file/, 'a folder', $folder);
POSIX::mkfifo("$folder/pipe", 0600);
fails(qr/no regular file/, 'a pipe that nobody writes to', "$folder/pipe");
fails(qr/is of 0 bytes, and must be of 32/, 'an empty file', file('empty', ''));
my $message = fails(qr/is of 5 bytes, and must be of 32/, 'a short secret', file('short', 'short'));
unlike($message, qr/short[^']/, 'the secret is not told');
fails(qr/is of 31 bytes/, 'a newline is not part of a text', file('text', 'x' x 31 . "\n"));
fails(qr{the key file '.*' is too long}, 'a long file', file('long', 'x' x 70_000));
for my $mode (0640, 0604, 0660, 0622)
{
	my $open = file('open', $secret, $mode);
	chown 65534, 65534, $open if $> == 0;
	fails(qr/others may read the secret .*chmod 600/, sprintf('a secret of mode %04o', $mode), $open);
}
SKIP: {
	skip 'not root', 2 if $> != 0;
	fails(qr/others may read the secret/, "root's secret that all may read", file('root', $secret, 0644));
}
fails(qr/holds a private key/, 'a private key', $private);
fails(qr/no public key in PEM/, 'a broken PEM', file('broken', slurp($public) =~ s/A/?/gr));
fails(qr/no public key in PEM/, 'half a PEM', file('half', substr slurp($public), 0, 200));
fails(qr/everyone may change/, 'a public key that all may change', file('writable', slurp($public), 0666));
fails(qr/of 1024 bits, and must be of 2048/, 'a short RSA key', (rsa_pair("$folder/weak", 1024))[1]);
run_command('openssl', 'ecparam', '-name', 'prime256v1', '-genkey', '-noout', '-out', "$folder/ec.key");
run_command('openssl', 'pkey', '-in', "$folder/ec.key", '-pubout', '-out', "$folder/ec.pem");
fails(qr/no RSA key/, 'a key of an elliptic curve', "$folder/ec.pem");
run_command('openssl', 'req', '-x509', '-new', '-key', $private, '-subj', '/CN=x', '-out', "$folder/certificate");
fails(qr/openssl x509/, 'a certificate', "$folder/certificate");
fails(qr/short/, 'the second of two', $public, "$folder/short");

# --- keys that are changed ------------------------------------------------------------------------------
my $store = Nachet::Test->new;
my $key = file('key', "$secret\n");
my $http = $store->start_http(args => [ '--auth', 'jwt', '--jwt-key', $key ]);
my $reload = sub {
	my $before = () = $http->err =~ /^.*(?:keys were read again|keys stay as they were).*$/mg;
	kill 'HUP', $http->pid;
	my $told = poll_until(sub { return (my $now = () = $http->err =~ /keys were read again|keys stay as they were/g) > $before }, 30);
	ok($told, 'SIGHUP: the log tells');
	return (split /\n/, $http->err)[-1];
};
my $status = sub { return post_json($http, '{}', bearer($_[0]))->{status} };
my $old = hs256($secret, claims());

is($status->($old), 200, 'the first key, without the newline of its file');
is($status->(hs256("$secret\n", claims())), 401, 'and not with it');

my $bytes = noise(40, 'key') . "\n";
file('key', $bytes);
is($status->($old), 200, 'a new file alone changes nothing');
like($reload->(), qr/keys were read again/, 'it is read');
is($status->($old), 401, 'the first key is no longer taken');
is($status->(hs256($bytes, claims())), 200, 'the second one, of any bytes and its newline too, is');

file('key', 'short');
like($reload->(), qr/warning: the keys stay as they were: .*5 bytes/, 'a broken file');
is($status->(hs256($bytes, claims())), 200, 'leaves the key in force');
unlink $key;
like($reload->(), qr/warning: the keys stay as they were: .*No such file/, 'no file');
is($status->(hs256($bytes, claims())), 200, 'leaves it too');
file('key', slurp($public), 0644);
like($reload->(), qr/keys were read again/, 'a key of another kind');
is($status->(rs256($private, claims())), 200, 'is taken');
is($status->(hs256($bytes, claims())), 401, 'and the secret is not');

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

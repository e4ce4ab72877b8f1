#!/usr/bin/env perl
# test/http/052_failing_calls.t: what the service does when memory runs out, in itself and in the
# libraries that it uses, and when its files fail.
#
# Rule: one service runs through all of it, and each request is sent again and again, with each call failing once in its turn.
# A request is answered as if nothing had failed, by a problem document, or not at all; the next one is served, and nothing is
# left behind.
use strict;
use warnings;
use Test::More;

use lib 'test/lib';
use Errno qw(EACCES EAGAIN EIO ENOMEM);
use IO::Socket::UNIX ();
use JSON::PP ();
use Nachet::CallFaults ();
use Nachet::Test qw(gif tiff tempdir write_file run_command start_command poll_until free_port);
use Nachet::Http qw(curl field multipart staged post_body post_stage post_json post_manifest manifest read_to_end);

# A service that closes early is no end of this test.
$SIG{PIPE} = 'IGNORE';

my $store = Nachet::Test->new;
my $faults = Nachet::CallFaults->new;
my $admin = free_port();
my $run = 0;

sub start { return $store->start_http(env => { $faults->env }, args => [ '--admin-listen', "127.0.0.1:$admin", @_ ]) }

# Two small pictures and, if wanted, one that goes to a file of the spool; machine-made files too.
sub folder
{
	my ($large) = @_;
	return multipart((map { [ "set $run/$_", gif("$run $_") ] } 'a.gif', '.DS_Store', 'b.gif', 'Thumbs.db'),
		$large ? [ "set $run/c.tif", tiff(1_200_000, $run) ] : ());
}

my $http = start('--spool-memory', '1MB');
my %request = (
	form => sub { post_json($http, '{"email": "someone@example.org"}') },
	folder => sub { post_body($http, folder()) },
	large => sub { post_body($http, folder(1)) },
	stage => sub { post_stage($http, field(email => 'someone@example.org') . staged([ 'a.gif', gif("$run staged") ])) },
	manifest => sub { post_manifest($http, manifest({ dry_run => JSON::PP::true() }, map { [ "a$_", $_ ] } 1 .. 3000)) },
	page => sub { curl($http->url . '/page/machine_made.js') },
	metrics => sub { curl("http://127.0.0.1:$admin/metrics") },
	ready => sub { curl("http://127.0.0.1:$admin/ready") },
	live => sub { curl("http://127.0.0.1:$admin/live") });

sub count_sets { return $store->psql('SELECT count(*) FROM nachet.picture_set') }
sub count_pictures { return $store->psql('SELECT count(*) FROM nachet.picture') }

sub gauge { my ($name) = @_; return curl("http://127.0.0.1:$admin/metrics")->{body} =~ /^\Q$name\E (\d+)$/m ? $1 : die "no $name" }

sub walk
{
	my ($name, $kind, $what, %way) = @_;
	my ($sets, $pictures) = (count_sets(), count_pictures());
	my @answers = $faults->walk($what, $way{errno} // ENOMEM, sub { $run++; return $request{$kind}->() }, step => $way{step});
	$faults->disarm;
	@answers = map { $_->[0] } @answers;
	my @served = grep { $_->{status} =~ /\A20[01]\z/ } @answers;
	my @closed = grep { $_->{status} == 0 } @answers;
	my @refused = grep { $_->{status} =~ /\A50[03]\z/ && ($_->{json}{detail} // 'nothing') =~ ($way{words} // qr/memory|no space|failed|database|busy/) } @answers;
	is(@served + @closed + @refused, @answers, "$name: each request is served, refused with a reason, or not answered")
		or diag(map { "$_->{status} $_->{body}" } grep { $_->{status} !~ /\A(?:0|20[01])\z/ } @answers);
	cmp_ok(@closed + @refused, '>', 0, '... and not all are served') if !$way{harmless};
	is($answers[-1]{status} =~ /\A20[01]\z/, 1, '... but the last, which no call fails') or diag($answers[-1]{body});
	my $made = count_sets() - $sets;
	my $told = grep { $_->{status} == 201 } @answers;
	ok($made >= $told && $made <= $told + @closed, "... the sets that it told of are there, $made, and no other");
	is(count_pictures() - $pictures, $made * ($kind eq 'large' ? 3 : 2), '... with all their pictures');
	return @answers;
}

walk('no memory for a form', 'form', 'memory');
for my $answer (walk('no memory for a folder', 'folder', 'memory'))
{
	my $left_out = $answer->{json}{machine_made};
	is($left_out->{files}, 2, 'a set that is made tells what was left out') or diag($answer->{body}) if $answer->{status} == 201 && ($left_out->{files} // 0) != 2;
}
walk('no memory for a large picture', 'large', 'memory');
walk('no memory for pictures to stage', 'stage', 'memory');
walk('no memory for a manifest and a long answer', 'manifest', 'memory');
walk("no memory for the page's list", 'page', 'memory');
walk('no memory for the metrics', 'metrics', 'memory');
walk('no memory for being ready', 'ready', 'memory');
walk('no memory for being live', 'live', 'memory');
walk('libpq fails for a form', 'form', 'libpq');
walk('libpq fails for a folder', 'folder', 'libpq');
walk('libcrypto fails for a folder', 'folder', 'libcrypto', step => 2);
walk('libmicrohttpd fails for a long answer', 'manifest', 'libmicrohttpd');
walk("libmicrohttpd fails for the page's list", 'page', 'libmicrohttpd');
walk('libmicrohttpd fails for the metrics', 'metrics', 'libmicrohttpd');
walk('libmicrohttpd fails for a folder', 'folder', 'libmicrohttpd');
walk("$_ fails for a large picture", 'large', $_, errno => EIO, step => 3) for 'open', 'fstatvfs';
walk("$_ fails for a large picture", 'large', $_, errno => EIO, step => 23) for 'pwrite', 'pread';
walk('pread fails for a long answer', 'manifest', 'pread', errno => EIO, harmless => 1);
walk('files fail for the metrics', 'metrics', 'files', errno => EIO, harmless => 1);
walk('the kernel tells nothing for the metrics', 'metrics', 'sockets', errno => EIO, harmless => 1);
walk('no random bytes for the name of a request', 'form', 'random', errno => EAGAIN, harmless => 1);

ok(poll_until(sub { gauge('nachet_http_pool_connections{state="in_use"}') == 0 }), 'no connection to the database is kept');
is(gauge('nachet_http_spool_bytes{place="memory"}'), 0, 'no memory of the spool is kept');
is(gauge('nachet_http_spool_bytes{place="disk"}'), 0, '... and no file');
is($http->stop, 0, 'it stops with 0');

# The start, with all that can be read and made there: it fails with a message, or the service is there and stops with 0.
my $dir = tempdir();
my @openssl = ('openssl', 'req', '-x509', '-nodes', '-days', 30, '-subj', '/CN=localhost', '-newkey');
run_command(@openssl, 'ec', qw(-pkeyopt ec_paramgen_curve:prime256v1), '-keyout', "$dir/tls.key", '-out', "$dir/tls.pem");
run_command(@openssl, 'rsa:2048', '-keyout', "$dir/jwt.key", '-out', "$dir/jwt.pem");
write_file("$dir/secret", 's' x 40);
chmod 0600, "$dir/tls.key", "$dir/secret";
my @with_all = ('--dbname', $store->conninfo('importer'), '--listen', "unix:$dir/service", '--admin-listen', "unix:$dir/admin", '--auth', 'jwt',
	'--jwt-key', "$dir/jwt.pem", '--jwt-secret', "$dir/secret", '--tls-cert', "$dir/tls.pem", '--tls-key', "$dir/tls.key",
	'--server-name', 'nachet.example.org', '--spool-memory', '1MB');

# Whether the operators' socket, which is the last, is answered: a log without memory tells nothing.
sub is_live
{
	my $socket = IO::Socket::UNIX->new(Peer => "$dir/admin") or return 0;
	print {$socket} "GET /live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
	return (read_to_end($socket) // '') =~ /^live$/m;
}

# The service, once it is live or has ended.
sub start_with_all
{
	my $service = start_command({ env => { $faults->env, NACHET_HTTP_ALLOW_ORIGIN => 'https://a.example.org, https://b.example.org' } },
		Nachet::Test::nachet_http(), @with_all);
	poll_until(sub { !$service->is_running || is_live() }, 60) or die 'neither there nor ended: ' . $service->err;
	return $service;
}

sub walk_start
{
	my ($name, $what, %way) = @_;
	my @ends = $faults->walk($what, $way{errno} // ENOMEM,
		sub {
			my $service = start_with_all();
			my $status = $service->is_running ? $service->stop : $service->wait;
			my @end = ($status, $service->err, grep { -e "$dir/$_" } 'service', 'admin');
			unlink "$dir/service", "$dir/admin";
			$service->forget;
			return @end;
		}, step => $way{step});
	is_deeply([ grep { $_->[0] > 2 } @ends ], [], "$name: the service starts, or ends by itself");
	is_deeply([ grep { $_->[0] != 0 && $_->[1] !~ /^nachet-http: \S/m } @ends ], [], '... and says why');
	is_deeply([ grep { $_->[0] == 0 && $_->[1] !~ /nachet-http: / } @ends ], [], '... or serves until it is stopped');
	is($ends[-1][0], 0, '... as it does if no call fails');
	is_deeply([ map { @$_[ 2 .. $#$_ ] } grep { !$way{keeps_path} } @ends ], [], '... and leaves no socket behind');
	return;
}
walk_start('no memory', 'memory');
walk_start('no thread', 'threads', errno => EAGAIN);
walk_start('files fail', 'files', errno => EIO);
walk_start('sockets fail', 'sockets', errno => EACCES, keeps_path => 1);
walk_start('GnuTLS fails', 'libgnutls');
walk_start('libcrypto fails', 'libcrypto');

# Keys and certificates that are read again: those that were there stay, or the new ones are taken. (The log's own memory is
# reallocarray's, without which a line is lost.)
$faults->disarm;
$http = start_with_all();
my $read = qr/: the certificate was reloaded$|: warning: the certificate was not reloaded: /m;
for my $what ('calloc', 'CRYPTO_zalloc', 'CRYPTO_malloc', 'open', 'fstat', 'read', 'libgnutls', 'libcrypto')
{
	my @told = $faults->walk($what, EIO,
		sub {
			my $before = $http->err;
			$http->signal('HUP');
			poll_until(sub { substr($http->err, length $before) =~ $read }, 60);
			return substr $http->err, length $before;
		});
	$faults->disarm;
	is_deeply([ grep { $_->[0] !~ /: the keys were (?:reloaded$|not reloaded: ).*$read/ms } @told ], [],
		"$what fails at SIGHUP: it tells what became of keys and certificate");
	like(join('', map { $_->[0] } @told), qr/ the keys were not reloaded: \S| the certificate was not reloaded: \S/, '... of which one stays');
	unlike($told[-1][0], qr/not reloaded/, '... until no call fails');
}
is($http->stop, 0, 'it serves until it is stopped');

done_testing;

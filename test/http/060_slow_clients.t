#!/usr/bin/env perl
# test/http/060_slow_clients.t: clients that send or take too slowly lose their place in bounded
# time, and cost others nothing.
use strict;
use warnings;
use Test::More;

use IO::Select ();
use Socket qw(SOL_SOCKET SO_RCVBUF SO_LINGER pack_sockaddr_in inet_aton);

use lib 'test/lib';
use Nachet::Test qw(jpeg poll_until run_command start_command tempdir);
use Nachet::Http qw(curl multipart post_body post_json is_problem connect_to request_head read_answer count_of wait_for_log);

my $store = Nachet::Test->new;
my $good = '{"email": "someone@example.org"}';
my $form_head = "POST /picture-form HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n";
my $body = multipart([ 'a.jpg', jpeg('a', 500_000) ]);

# Sends a byte now and then, as a bad line would, until an answer or the connection's end comes.
sub trickle
{
	my ($socket, $byte) = @_;
	my $select = IO::Select->new($socket);
	local $SIG{PIPE} = 'IGNORE';
	ok(poll_until(sub { syswrite $socket, $byte; $select->can_read(0) }, 20), 'the connection ends');
	return read_answer($socket, 10);
}

my $http = $store->start_http(args => [ '--header-timeout', '1', '--idle-timeout', '1', '--min-rate', '100kB' ]);

# Headers.
is(read_answer(connect_to($http), 20)->{status}, 0, 'a client that says nothing is dropped');
my $socket = connect_to($http);
print {$socket} 'POST /pic';
is(read_answer($socket, 20)->{status}, 0, 'one that stops in its first line too');
$socket = connect_to($http);
print {$socket} $form_head;
is_problem(read_answer($socket, 20), 408, qr/slowly/, 'one that stops in its headers is told 408');
$socket = connect_to($http);
print {$socket} "${form_head}X-Slow: ";
is_problem(trickle($socket, 'x'), 408, qr/slowly/, 'one whose headers trickle too');
$socket = connect_to($http);
print {$socket} "${form_head}Content-Length: " . length($good) . "\r\n\r\n$good";
is(read_answer($socket)->{status}, 200, 'a request');
is(read_answer($socket, 20)->{status}, 0, 'after which nothing comes is the last of its connection');

# Bodies.
$socket = connect_to($http);
print {$socket} "${form_head}Content-Length: 1000\r\n\r\n";
my $answer = read_answer($socket, 20);
is_problem($answer, 408, qr/slowly/, 'a body that does not begin');
like($answer->{headers}{'x-request-id'}[0], qr/\A[0-9a-f-]{36}\z/, "with the request's id");
$socket = connect_to($http);
print {$socket} "${form_head}Content-Length: 1000\r\n\r\n{";
is_problem(trickle($socket, ' '), 408, qr/slowly/, 'a short body that trickles');
$socket = connect_to($http);
print {$socket} request_head($http, '/batch-import', 'Content-Length' => length $body) . substr $body, 0, 400_000;
is_problem(read_answer($socket, 20), 408, qr/slowly/, 'a long body that stops');
$socket = connect_to($http);
print {$socket} request_head($http, '/batch-import', 'Transfer-Encoding' => 'chunked') . sprintf("%x\r\n", 400_000) . substr $body, 0, 400_000;
is_problem(trickle($socket, "\r\n1\r\nx"), 408, qr/slowly/, 'a fast one that goes on to trickle, in chunks');
$socket = connect_to($http);
print {$socket} request_head($http, '/batch-import', 'Content-Length' => 100_000, 'Content-Type' => 'text/plain');
is_problem(trickle($socket, 'x'), 408, qr/slowly/, 'a refused body that trickles');
my $lax = $store->start_http(args => [ '--idle-timeout', '1', '--min-rate', '100' ]);
$socket = connect_to($lax);
print {$socket} request_head($lax, '/batch-import', 'Content-Length' => 100_000_000, 'Content-Type' => 'text/plain');
is_problem(trickle($socket, 'x' x 100), 408, qr/slowly/, 'a refused body must come faster than --min-rate');
is($lax->stop, 0, 'that service stops with 0');
ok(wait_for_log($http, qr{POST /batch-import 408 400000 bytes \d+ ms .*\(the client was too slow\)}), 'and all is logged');
is(post_body($http, $body)->{status}, 201, 'others are served');

# Connections that end in their middle.
for my $part ('', 'POST', $form_head, "${form_head}Content-Length: 1000\r\n\r\n{")
{
	$socket = connect_to($http);
	print {$socket} $part;
	shutdown $socket, 1;
	is(read_answer($socket, 20)->{status}, 0, 'half-closed after ' . length($part) . ' bytes: closed');
	$socket = connect_to($http);
	print {$socket} $part;
	setsockopt $socket, SOL_SOCKET, SO_LINGER, pack 'ii', 1, 0;
	close $socket;
}
is(post_json($http, $good)->{status}, 200, 'and reset: the service goes on');

# The database's time is not the client's.
my $lock = start_command({ env => { $store->env }, stdin => 'BEGIN; LOCK TABLE nachet.users; SELECT pg_sleep(2.5); COMMIT' }, 'psql', '-X');
ok(poll_until(sub { $store->psql("SELECT count(*) FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND granted AND relation = 'nachet.users'::regclass") }),
	'a lock that holds up the database');
is(post_json($http, $good)->{status}, 200, 'a request that waits for the database longer than a client may be silent is answered');
is($lock->wait(30), 0, 'the lock is gone');

is($http->stop, 0, 'it stops with 0');

# An answer that is not taken.
$http = $store->start_http(args => [ '--idle-timeout', '1', '--min-rate', '20MB' ]);
$store->psql("INSERT INTO nachet.seed (name) SELECT repeat('x', 200) || g FROM generate_series(1, 100000) AS g");
$socket = IO::Socket::INET->new(Proto => 'tcp') or die $!;
setsockopt $socket, SOL_SOCKET, SO_RCVBUF, 4096;
connect $socket, pack_sockaddr_in($http->port, inet_aton('127.0.0.1')) or die $!;
$socket->autoflush(1);
print {$socket} "${form_head}Content-Length: " . length($good) . "\r\n\r\n$good";
ok(wait_for_log($http, qr{POST /picture-form 200 \d+ bytes \d+ ms .*\(the client was too slow\)}, 300), 'a client that does not take its answer is dropped');
close $socket;
is(post_json($http, $good)->{status}, 200, 'one that does, gets it whole');
$store->psql("DELETE FROM nachet.seed WHERE name LIKE 'xxx%'");
is($http->stop, 0, 'it stops with 0');

# Over TLS, where nothing can be told.
my $folder = tempdir();
run_command(qw(openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=localhost -days 30 -keyout), "$folder/key", '-out', "$folder/cert");
chmod 0600, "$folder/key";
$http = $store->start_http(args => [ '--header-timeout', '1', '--idle-timeout', '1', '--tls-cert', "$folder/cert", '--tls-key', "$folder/key" ]);
for my $part ('', $form_head, "${form_head}Content-Length: 1000\r\n\r\n{")
{
	my ($status, $out, $err) = run_command({ stdin => $part, timeout => 30 }, qw(openssl s_client -quiet -ign_eof -connect), '127.0.0.1:' . $http->port);
	is($out, '', 'a client that stops after ' . length($part) . ' bytes is dropped');
	unlike($err, qr/wrong version|decryption failed|bad record/, 'and nothing strange is sent');
}
ok(wait_for_log($http, qr{POST /picture-form 408 1 bytes \d+ ms .*\(the client was too slow\)}), 'and it is logged');
is(curl('-k', 'https://127.0.0.1:' . $http->port . '/')->{status}, 200, 'others are served');
is($http->stop, 0, 'it stops with 0');

# Very many at once.
sub sessions
{
	return $store->psql("SELECT count(*) || ' ' || count(*) FILTER (WHERE state LIKE 'idle in%')"
		. " FROM pg_stat_activity WHERE application_name = 'nachet-http'");
}
$http = $store->start_http(args => [ '--pool', '4', '--idle-timeout', '5', '--header-timeout', '5' ]);
my @slow = map { connect_to($http) } 1 .. 500;
for my $number (0 .. $#slow)
{
	my $half = multipart([ "$number.jpg", jpeg("slow $number", 20_000) ]);
	print { $slow[$number] } $number % 5 == 0 ? $form_head
		: request_head($http, '/batch-import', 'Content-Length' => length $half) . substr $half, 0, 15_000;
}
my $before = count_of($store);
is(post_body($http, multipart(map { [ "$_.jpg", jpeg("fast $_", 100_000) ] } 1 .. 40))->{status}, 201, 'an import beside 500 that trickle');
my ($open, $waiting) = split / /, sessions();
cmp_ok($open, '<=', 4, 'the database sees no more connections than the pool has');
is($waiting, 0, 'none of them idle in a transaction');
my %dropped;
ok(poll_until(sub {
	local $SIG{PIPE} = 'IGNORE';
	my $select = IO::Select->new(grep { !$dropped{ fileno $_ } } @slow);
	$dropped{ fileno $_ } = $_ for $select->can_read(0);
	syswrite $_, 'x' for grep { !$dropped{ fileno $_ } } @slow;
	return keys %dropped == @slow;
}, 60), 'all of them are dropped');
is_deeply([ grep { read_answer($_, 10)->{status} != 408 } @slow ], [], 'with 408');
($open, $waiting) = split / /, sessions();
cmp_ok($open, '<=', 4, 'still no more connections than the pool has');
is($waiting, 0, 'and none idle in a transaction');
is(count_of($store), do { my ($s, $p) = split / /, $before; ($s + 1) . ' ' . ($p + 40) }, 'they left no set and no picture');
ok(poll_until(sub { curl($http->url . '/')->{status} == 200 }), 'the service goes on');
is($http->stop, 0, 'it stops with 0');

# More than there are places for.
$http = $store->start_http(args => [ '--max-connections', '20', '--idle-timeout', '12', '--header-timeout', '12' ]);
@slow = map { my $client = connect_to($http); print {$client} $form_head; $client } 1 .. 60;
is_problem(post_json($http, $good), 503, qr/Too many connections/, 'a client too many is told so');
print { $slow[-1] } "Content-Length: " . length($good) . "\r\n\r\n$good";
is_problem(read_answer($slow[-1]), 503, qr/Too many connections/, 'also one that came before');
ok(poll_until(sub { post_json($http, $good)->{status} == 200 }, 60), 'but the slow ones lose their places');
is($http->stop, 0, 'it stops with 0');

done_testing;

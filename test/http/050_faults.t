#!/usr/bin/env perl
# test/http/050_faults.t: what nachet-http does when clients go away, when the database does, and
# when it is told to stop.
use strict;
use warnings;
use Test::More;

use lib 'test/lib';
use Nachet::Test qw(png jpeg poll_until start_command);
use Nachet::Http qw(curl form_fields multipart post_body post_json is_problem connect_to request_head read_answer count_of wait_for_log);

my $store = Nachet::Test->new;
my $http = $store->start_http;
my $good = '{"email": "someone@example.org"}';
my $body = multipart(map { [ "$_.jpg", jpeg("x$_", 300_000) ] } 1 .. 6);
my $half = substr $body, 0, length($body) / 2;
my $rest = substr $body, length $half;

# Starts an upload, so that the service is surely at it, and leaves it in its middle.
sub begin_upload
{
	my ($service) = @_;
	my $socket = connect_to($service);
	print {$socket} request_head($service, '/batch-import', 'Content-Length' => length $body, Expect => '100-continue');
	sysread $socket, my $leave, 25 or die 'no leave to send';
	print {$socket} $half;
	return $socket;
}

# Clients.
my $lines = 0;
for my $way ('closed', 'reset', 'half closed')
{
	my $socket = begin_upload($http);
	setsockopt $socket, Socket::SOL_SOCKET(), Socket::SO_LINGER(), pack('ii', 1, 0) if $way eq 'reset';
	if ($way eq 'half closed') { shutdown $socket, 1; is(read_answer($socket, 20)->{status}, 0, "$way: no answer") }
	close $socket;
	$lines++;
	ok(poll_until(sub { (() = $http->err =~ /POST \/batch-import 0 \d+ bytes .*connection was closed/g) == $lines }),
		"an upload $way halfway is logged");
	is(count_of($store), '0 0', "$way: nothing is visible");
}
is(post_body($http, $body)->{status}, 201, 'the service goes on');
is(count_of($store), '1 6', 'and the whole upload is there');
ok(poll_until(sub { $store->psql("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'nachet-http' AND state <> 'idle'") == 0 }),
	'no connection is left at work');

# A slow client holds no transaction and no connection.
my $socket = begin_upload($http);
ok(poll_until(sub { $store->psql("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'nachet-http' AND state <> 'idle'") == 0 }),
	'an upload that waits for its client leaves the database alone');
is(post_json($http, $good)->{status}, 200, 'others are served meanwhile');
close $socket;

# The database.
$store->stop;
is_problem(post_json($http, $good), 503, qr/database/, 'no database');
is_problem(post_body($http, $body), 503, qr/database/, 'no database to import into');
unlike(post_json($http, $good)->{body}, qr/socket|\/tmp|host/, 'the answer tells nothing of the connection');
like($http->err, qr/503 .*connection/, 'the log does');
$store->start;
is(post_json($http, $good)->{status}, 200, 'the database is back, and so is the service');
is(post_body($http, $body)->{status}, 200, 'also for imports');
$store->restart;
is(post_json($http, $good)->{status}, 200, 'a restart is not noticed');

$socket = begin_upload($http);
my $other = multipart(map { [ "other-$_.jpg", jpeg("y$_", 300_000) ] } 1 .. 6);
$store->restart('immediate');
print {$socket} $rest;
is(read_answer($socket)->{status}, 200, 'nor is one in the middle of an upload, after a crash');
is(post_body($http, $other)->{status}, 201, 'nor are its broken connections');

# All connections busy: a bounded wait, and 503.
my $few = $store->start_http(args => [ '--pool', '2', '--senders', '1', '--pool-wait', '1' ]);
my $lock = start_command({ env => { $store->env }, stdin => 'BEGIN; LOCK TABLE nachet.users; SELECT pg_sleep(600);' }, 'psql', '-X');
ok(poll_until(sub { $store->psql("SELECT count(*) FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND granted AND relation = 'nachet.users'::regclass") }),
	'a lock that holds up the database');
my @stuck = map { start_command('curl', '-sS', '-i', '-H', 'Content-Type: application/json', '-d', $good, $few->url . '/picture-form') } 1 .. 2;
ok(poll_until(sub { $store->psql("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'nachet-http' AND wait_event_type = 'Lock'") == 2 }),
	'two requests wait for it');
is_problem(post_json($few, $good), 503, qr/busy/, 'a third waits a second for a connection, and is told 503');
is(curl($few->url . '/')->{status}, 200, 'what needs no database is served');

# A statement that does not end.
my $impatient = $store->start_http(args => [ '--statement-timeout', '1' ]);
is_problem(post_json($impatient, $good), 503, qr/cancelled the request/, 'a statement that the database does not end in time');
is_problem(post_body($impatient, $body), 503, qr/cancelled the request/, 'also of an import');
is($impatient->stop, 0, 'it stops with 0');

$lock->kill_now;
$store->psql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(600)%' AND pid <> pg_backend_pid()");
is_deeply([ map { $_->wait(30); Nachet::Http::parse_answer($_->out)->{status} } @stuck ], [ 200, 200 ], 'the two get their answers');
is($few->stop, 0, 'it stops with 0');

# SIGTERM finishes what is under way, and takes nothing new.
my $third = multipart(map { [ "third-$_.jpg", jpeg("z$_", 300_000) ] } 1 .. 6);
$socket = connect_to($http);
print {$socket} request_head($http, '/batch-import', 'Content-Length' => length $third) . substr $third, 0, 500_000;
ok(poll_until(sub { $store->psql('SELECT count(*) FROM nachet.content') >= 13 }), 'an upload is under way');
$http->signal('TERM');
ok(wait_for_log($http, qr/stopping: 1 requests are running/), 'it is told to stop');
ok(poll_until(sub { !IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $http->port, Timeout => 5) }), 'nobody new is let in');
print {$socket} substr $third, 500_000;
my $answer = read_answer($socket);
is($answer->{status}, 201, 'the upload is finished');
is($answer->{headers}{connection}[0], 'close', 'and its connection with it');
is($http->wait(30), 0, 'the exit status is 0');

# ... but not for ever.
$http = $store->start_http(args => [ '--drain-timeout', '1' ]);
$socket = begin_upload($http);
ok(poll_until(sub { $store->psql('SELECT 1') }), 'the database is there');
curl($http->url . '/');
$http->signal('TERM');
is($http->wait(30), 1, 'a client that does not end its upload is cut off');
like($http->err, qr/1 requests were interrupted/, 'and it is said');

$http = $store->start_http;
$http->signal('INT');
is($http->wait(30), 0, 'SIGINT ends it too');

done_testing;

#!/usr/bin/env perl
# test/http/055_frozen.t: a database that neither answers nor goes away: requests end, the service
# heals, and it can be stopped.
#
# Rule: server processes are stopped by SIGSTOP, and go on before the test ends, however it ends.
use strict;
use warnings;
use POSIX ();
use Test::More;

use lib 'test/lib';
use Nachet::Test qw(free_port jpeg poll_until start_command);
use Nachet::Http qw(curl multipart post_body post_json is_problem wait_for_log);

my $store = Nachet::Test->new;
my $good = '{"email": "someone@example.org"}';
my %frozen;

sub freeze { my @pids = @_; kill('STOP', @pids) == @pids or die "kill: $!"; @frozen{@pids} = (); return }
sub thaw { kill 'CONT', keys %frozen; %frozen = (); return }
END { my $status = $?; thaw(); $? = $status }

# The server's processes that serve nachet-http.
sub backends { return split /\n/, $store->psql("SELECT pid FROM pg_stat_activity WHERE application_name = 'nachet-http'") }

# All that nachet-http has is frozen.
sub freeze_backends
{
	my @pids = backends();
	cmp_ok(scalar @pids, '>', 0, 'the service has connections');
	freeze(@pids);
	return;
}

# --- statements ------------------------------------------------------------------------------------------
my $http = $store->start_http(args => [ '--statement-timeout', '1', '--pool-wait', '60' ]);
is(post_json($http, $good)->{status}, 200, 'a request');
freeze_backends();
is_problem(post_json($http, $good), 503, qr/database/, 'a request over a frozen connection is told 503');
ok(wait_for_log($http, qr/POST \/picture-form 503 .*did not respond in time, and its connection was closed/), 'and the log tells why');
is(post_json($http, $good)->{status}, 200, 'the next one gets a new connection');
freeze_backends();
is_problem(post_body($http, multipart([ 'a.jpg', jpeg('a', 300_000) ])), 503, qr/database/, 'an import whose pictures can not be sent is told 503');
is(post_body($http, multipart([ 'a.jpg', jpeg('a', 300_000) ]))->{status}, 201, 'and works when it is sent again');
thaw();
ok(poll_until(sub { $store->psql("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'nachet-http' AND state <> 'idle'") == 0 }),
	'nothing is left at work');
is($http->stop, 0, 'it stops with 0');

# --- stopping ----------------------------------------------------------------------------------------------
# Starts the service, and has it ask the database, which is frozen then, whether it is ready.
sub start_frozen
{
	my ($freeze, %options) = @_;
	my $admin = free_port();
	my $service = $store->start_http(%options, args => [ '--admin-listen', "127.0.0.1:$admin", @{ $options{args} } ]);
	$service->{admin} = "http://127.0.0.1:$admin";
	is(curl("$service->{admin}/ready")->{status}, 200, 'it is ready');
	$freeze->();
	ok(poll_until(sub { curl("$service->{admin}/ready")->{status} == 503 }, 60), 'and not while the database is frozen');
	return $service;
}

$http = start_frozen(\&freeze_backends, args => [ '--drain-timeout', '600' ]);
$http->signal('TERM');
is($http->wait(60), 0, 'SIGTERM ends it while its question is in the hands of the database');
thaw();

my $admin = free_port();
$http = $store->start_http(args => [ '--admin-listen', "127.0.0.1:$admin", '--drain-timeout', '600' ]);
freeze_backends();
my $request = start_command('curl', '-sS', '-H', 'Content-Type: application/json', '-d', $good, $http->url . '/picture-form');
ok(poll_until(sub { curl("http://127.0.0.1:$admin/metrics")->{body} =~ /^nachet_http_requests_in_progress 1$/m }), 'a request is under way');
$http->signal('TERM');
ok(wait_for_log($http, qr/stopping: 1 requests are running/), 'SIGTERM waits for it');
$http->signal('TERM');
is($http->wait(60), 1, 'a second SIGTERM does not');
like($http->err, qr/1 requests were interrupted/, 'and the log tells');
thaw();

# The server lets in no one, and libpq would wait for it for ten minutes.
sub freeze_server
{
	$store->psql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'nachet-http'");
	ok(poll_until(sub { !backends() }), 'the service has lost its connections');
	freeze($store->server_pid);
	return;
}
for my $case ([ 'the drain timeout', 1, 0 ], [ 'a second SIGTERM', 600, 1 ])
{
	my ($name, $timeout, $again) = @$case;
	$http = start_frozen(\&freeze_server, env => { PGCONNECT_TIMEOUT => 600 }, args => [ '--drain-timeout', $timeout ]);
	$http->signal('TERM');
	ok(wait_for_log($http, qr/stopping: 0 requests are running/), 'it is told to stop');
	$http->signal('TERM') if $again;
	is($http->wait(60), 0, "$name ends it while it connects");
	like($http->err, qr/stopped before the database responded/, 'and the log tells');
	thaw();
}

# --- a log that no one reads -------------------------------------------------------------------------------
{
	pipe my $reader, my $writer or die $!;
	my $port = free_port();
	my $pid = fork // die $!;
	if (!$pid)
	{
		open STDERR, '>&', $writer or die $!;
		exec Nachet::Test::nachet_http(), '--listen', "127.0.0.1:$port", '--dbname', $store->conninfo('importer'), '--drain-timeout', 1;
	}
	close $writer;
	my $url = "http://127.0.0.1:$port/" . 'x' x 100;
	ok(poll_until(sub { curl($url)->{status} == 404 }), 'a service whose log no one reads');
	my @flood = map { start_command('curl', '-sS', '-m', 120, '-o', '/dev/null', "$url?[1-300]") } 1 .. 2;
	ok(poll_until(sub { my $waiting = pack 'i', 0; ioctl $reader, 0x541b, $waiting; unpack('i', $waiting) > 60_000 }, 60), # FIONREAD
		'the pipe is full');
	kill 'HUP', $pid for 1 .. 10;
	kill 'TERM', $pid;
	my $ended = poll_until(sub { waitpid($pid, POSIX::WNOHANG()) == $pid }, 60);
	ok($ended, 'SIGTERM ends it all the same');
	if (!$ended) { kill 'KILL', $pid; waitpid $pid, 0 }
	$_->kill_now for @flood;
}

done_testing;

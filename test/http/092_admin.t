#!/usr/bin/env perl
# test/http/092_admin.t: what operators ask of nachet-http: /live, /ready and /metrics.
use strict;
use warnings;
use Test::More;

use lib 'test/lib';
use Nachet::Test qw(run_command start_command poll_until png jpeg free_port);
use Nachet::Http qw(curl multipart post_body post_json connect_to request_head read_answer is_problem wait_for_log);
use IO::Select ();
use IO::Socket::INET ();
use Nachet::Prometheus qw(parse_metrics);

my $store = Nachet::Test->new;
my $good = '{"email": "someone@example.org"}';

# Starts the service with its operators' endpoints; returns it and their address.
sub start
{
	my (@args) = @_;
	my $http = $store->start_http(args => [ '--admin-listen', '127.0.0.1:0', @args ]);
	wait_for_log($http, qr{operators' endpoints on (\S+)}) or die $http->err;
	my ($admin) = $http->err =~ m{operators' endpoints on (\S+)};
	return ($http, $admin);
}
sub metrics { my ($admin) = @_; return parse_metrics(curl("$admin/metrics")->{body}) }

my ($http, $admin) = start();

# --- alive and ready ------------------------------------------------------------------------------------
is(curl("$admin/live")->{status}, 200, 'it lives');
is(curl("$admin/ready")->{status}, 200, 'it is ready');
is(curl('-I', "$admin/ready")->{status}, 200, 'HEAD will do');
is_problem(curl("$admin/elsewhere"), 404, qr{/live, /ready and /metrics}, 'elsewhere is nothing');
is_problem(curl('-d', 'x', "$admin/live"), 405, qr/GET and HEAD/, 'nothing is to be posted');
is(curl('-d', 'x', "$admin/live")->{headers}{allow}[0], 'GET, HEAD', 'and what may be is told');
is(curl($http->url . $_)->{status}, 404, "the service itself has no $_") for '/live', '/ready', '/metrics';

my @many = map { start_command('curl', '-sS', '-o', '/dev/null', '-w', '%{http_code}', "$admin/ready") } 1 .. 20;
is(join(' ', map { $_->wait(60); $_->out } @many), join(' ', (200) x 20), 'many may ask at once');
is($store->psql("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'nachet-http'"), 1, 'over one connection');

$store->stop;
ok(poll_until(sub { curl("$admin/ready")->{status} == 503 }), 'without its database it is not ready');
is_problem(curl("$admin/ready"), 503, qr/datastore does not respond/, 'and says so');
unlike(curl("$admin/ready")->{body}, qr{/tmp|socket|nachet-cluster}, 'but nothing of where the database is');
is(curl("$admin/live")->{status}, 200, 'it lives all the same');
ok(wait_for_log($http, qr/warning: not ready: .*connection/), 'the log tells why');
$store->start;
ok(poll_until(sub { curl("$admin/ready")->{status} == 200 }), 'it is ready when the database is back');
is(scalar(() = $http->err =~ /not ready:/g), 1, 'the log hears of changes only');

$store->psql('REVOKE USAGE ON SCHEMA nachet FROM nachet_importer');
ok(poll_until(sub { curl("$admin/ready")->{status} == 503 }), 'without its rights in the datastore it is not ready');
$store->psql('GRANT USAGE ON SCHEMA nachet TO nachet_importer');
ok(poll_until(sub { curl("$admin/ready")->{status} == 200 }), 'with them, it is');

kill 'STOP', my $postmaster = $store->server_pid;
my @backends = split /\n/, qx(pgrep -P $postmaster);
kill 'STOP', @backends;
poll_until(sub { curl("$admin/ready")->{status} == 503 }) or fail('a database that hangs is noticed');
my $answer = curl('-m', '8', "$admin/ready");
is($answer->{status}, 503, 'a database that hangs keeps nobody waiting');
is(curl('-m', '8', "$admin/live")->{status}, 200, 'nor does it for what needs none');
my @waiting = map { my $client = IO::Socket::INET->new(PeerAddr => $admin =~ s{.*//}{}r) or die $!; print {$client} "GET /ready HTTP/1.1\r\nHost: localhost\r\n\r\n"; $client } 1 .. 70;
is(curl('-m', '8', "$admin/live")->{status}, 200, 'nor do many who ask whether it is ready');
close $_ for @waiting;
kill 'CONT', @backends, $postmaster;
ok(poll_until(sub { curl("$admin/ready")->{status} == 200 }), 'it is ready when it goes on');

# --- who may ask ----------------------------------------------------------------------------------------
sub ask_as { my ($host, @args) = @_; return curl('-H', "Host: $host", @args, "$admin/live") }
is(ask_as($_)->{status}, 200, "the Host $_ will do") for 'localhost', '127.0.0.1:9187', '192.0.2.7:9187', '[::1]:9187', '[2001:db8::1]', 'nachet:9187';
is_problem(ask_as($_), 421, qr/--server-name/, "the Host $_ may be that of a page, whose name was made to lead here")
	for 'evil.example.org', 'evil.example.org:9187', '127.0.0.1.example.org', '';
is(curl('-0', '-H', 'Host:', "$admin/live")->{status}, 200, 'HTTP/1.0 needs none');

# Clients that send their requests slowly, byte by byte, and as many as there are places.
my @slow = map { my $client = IO::Socket::INET->new(PeerAddr => $admin =~ s{.*//}{}r) or die $!; $client->autoflush(1); print {$client} "GET /live HTTP/1.1\r\nX"; $client } 1 .. 80;
is(curl('-m', 30, "$admin/$_")->{status}, 200, "slow clients keep nobody from /$_") for qw(live ready metrics);
ok(poll_until(sub { IO::Select->new(@slow)->can_read(0) > 40 }), 'it is they who lose their places');
close $_ for @slow;

# --- metrics --------------------------------------------------------------------------------------------
my $raw = curl("$admin/metrics");
is($raw->{headers}{'content-type'}[0], 'text/plain; version=0.0.4; charset=utf-8', 'the type is that of Prometheus');
my $before = metrics($admin);
is($before->{problems}, '', 'the text is as Prometheus wants it');

my $body = multipart([ 'a.png', my $a = png(64, 48, 'a') ], [ 'b.png', my $b = png(64, 48, 'b') ]);
post_body($http, $body);
post_body($http, $body);
post_json($http, '{"email": "stranger@example.org"}');
curl($http->url . '/nowhere');
curl('-X', 'BREW', $http->url . '/picture-form');
my $after;
my $grown = sub { my ($name) = @_; return ($after->{value}{$name} // 0) - ($before->{value}{$name} // 0) };
ok(poll_until(sub { $after = metrics($admin); $grown->('nachet_http_requests_total{method="other",route="/picture-form",status="405"}') }), 'an unknown method is counted as other');
is($grown->('nachet_http_requests_total{method="POST",route="/batch-import",status="201"}'), 1, 'a set that was made');
is($grown->('nachet_http_requests_total{method="POST",route="/batch-import",status="200"}'), 1, 'one that was there');
is($grown->('nachet_http_requests_total{method="POST",route="/picture-form",status="403"}'), 1, 'a refusal');
is($grown->('nachet_http_requests_total{method="GET",route="other",status="404"}'), 1, 'a path that is none');
is($grown->('nachet_http_picture_sets_total{result="created"}'), 1, 'sets made');
is($grown->('nachet_http_picture_sets_total{result="present"}'), 1, 'sets there already');
is($grown->('nachet_http_pictures_total{result="stored"}'), 2, 'pictures stored');
is($grown->('nachet_http_pictures_total{result="present"}'), 2, 'pictures there already');
is($grown->('nachet_http_stored_bytes_total'), length($a) + length $b, 'bytes stored');
cmp_ok($grown->('nachet_http_received_bytes_total'), '>=', 2 * length $body, 'bytes received');
cmp_ok($grown->('nachet_http_sent_bytes_total'), '>', 300, 'bytes sent');
is($grown->('nachet_http_request_duration_seconds_count{route="/batch-import"}'), 2, 'the histogram has both imports');
cmp_ok($grown->('nachet_http_request_duration_seconds_sum{route="/batch-import"}'), '>', 0, 'and their time');
is($after->{value}{'nachet_http_pool_size'}, 4, "the pool's size");
is($after->{value}{'nachet_http_pool_connections{state="in_use"}'}, 0, 'no connection is in use');
is($after->{value}{'nachet_http_requests_in_progress'}, 0, 'nor is any request under way');
is($after->{value}{'nachet_http_spool_bytes{place="memory"}'}, 0, 'nor does any picture wait in memory');
is($after->{value}{'nachet_http_spool_bytes{place="disk"}'}, 0, 'nor on the disk');
like(join("\n", keys %{ $after->{value} }), qr/^nachet_http_build_info\{libmicrohttpd="[\d.]+",libpq="\d+\.\d+",version="\d+\.\d+\.\d+"\}$/m, 'what runs');
cmp_ok(abs($after->{value}{process_start_time_seconds} - $^T), '<', 300, 'when it was started');
cmp_ok($after->{value}{process_resident_memory_bytes}, '>', 1 << 20, 'its memory');
cmp_ok($after->{value}{process_open_fds}, '>', 5, 'its descriptors');

# While an upload is under way: one picture in memory, and one too large for that.
for my $case ([ 'memory', 1_000_000 ], [ 'disk', 8_000_000 ])
{
	my ($place, $size) = @$case;
	my $whole = multipart([ 'large.jpg', jpeg("large-$place", $size) ]);
	my $socket = connect_to($http);
	print {$socket} request_head($http, '/batch-import', 'Content-Length' => length $whole);
	print {$socket} substr $whole, 0, length($whole) - 5000;
	ok(poll_until(sub { my $now = metrics($admin)->{value};
		return $now->{"nachet_http_spool_bytes{place=\"$place\"}"} >= $size - 100_000 && $now->{nachet_http_requests_in_progress} == 1
			&& $now->{nachet_http_connections} == 1 }), "a picture that waits in $place is seen, and its request");
	print {$socket} substr $whole, length($whole) - 5000;
	is(read_answer($socket)->{status}, 201, 'it is imported');
	close $socket;
	ok(poll_until(sub { my $now = metrics($admin)->{value}; return $now->{"nachet_http_spool_bytes{place=\"$place\"}"} == 0 && $now->{nachet_http_connections} == 0 }),
		'and gone');
}

# What the system grants, not what was asked for.
my $limited = start_command('sh', '-c', 'ulimit -n 700; exec "$@"', 'sh', Nachet::Test::nachet_http(), '-d', $store->conninfo('importer'), '--listen',
	'127.0.0.1:0', '--admin-listen', '127.0.0.1:0');
wait_for_log($limited, qr/listening on/) or die $limited->err;
my ($granted) = $limited->err =~ /only 700 files may be open: accepting (\d+) connections/;
my ($limited_admin) = $limited->err =~ m{operators' endpoints on (\S+)};
is(metrics($limited_admin)->{value}{nachet_http_connections_limit}, $granted // 'none in the log', 'the limit of connections is the one that holds');
$limited->stop;

# No client can make a label.
curl($http->url . "/path-$_") for 1 .. 30;
curl('-X', "METHOD$_", $http->url . '/') for 1 .. 30;
$after = metrics($admin);
is($after->{problems}, '', 'the text still is as it should be');
unlike(join("\n", keys %{ $after->{value} }), qr/path-|METHOD/, 'no client makes a label');
unlike(join("\n", keys %{ $after->{value} }), qr/example\.org|nachet-cluster|importer/, 'nothing tells of users or of the database');
if (-x '/usr/bin/promtool')
{
	my ($status, $out, $err) = run_command({ stdin => curl("$admin/metrics")->{body} }, 'promtool', 'check', 'metrics');
	is("$status$out$err", '0', 'promtool finds nothing to say');
}

# A pool that is used up.
my ($few, $few_admin) = start('--pool', '2', '--senders', '1', '--pool-wait', '1', '--max-connections', '3');
my $lock = start_command({ env => { $store->env }, stdin => 'BEGIN; LOCK TABLE nachet.users; SELECT pg_sleep(600);' }, 'psql', '-X');
poll_until(sub { $store->psql("SELECT count(*) FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND granted AND relation = 'nachet.users'::regclass") }) or die;
my @stuck = map { start_command('curl', '-sS', '-H', 'Content-Type: application/json', '-d', $good, $few->url . '/picture-form') } 1 .. 2;
ok(poll_until(sub { metrics($few_admin)->{value}{'nachet_http_pool_connections{state="in_use"}'} == 2 }), 'all connections are in use');
is(post_json($few, $good)->{status}, 503, 'a request waits in vain');
is_problem(curl("$few_admin/ready"), 503, qr/too busy/, 'the service is not ready');
my $value = metrics($few_admin)->{value};
cmp_ok($value->{nachet_http_pool_waits_total}, '>=', 1, 'waits are counted');
cmp_ok($value->{nachet_http_pool_timeouts_total}, '>=', 1, 'those in vain too');
my @idle = map { connect_to($few) } 1 .. 2;
is(curl($few->url . '/')->{status}, 503, 'a client too many');
ok(poll_until(sub { metrics($few_admin)->{value}{nachet_http_refused_requests_total} == 1 }), 'is counted');
$lock->kill_now;
$store->psql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(600)%' AND pid <> pg_backend_pid()");
$_->wait(30) for @stuck;
close $_ for @idle;
ok(poll_until(sub { curl("$few_admin/ready")->{status} == 200 }), 'it is ready again');
$few->stop;

# --- the end --------------------------------------------------------------------------------------------
my ($slow, $slow_admin) = start('--drain-delay', '600', '--drain-timeout', '600');
my $socket = connect_to($slow);
print {$socket} request_head($slow, '/batch-import', 'Content-Length' => length $body) . substr $body, 0, 1000;
ok(poll_until(sub { metrics($slow_admin)->{value}{nachet_http_requests_in_progress} == 1 }), 'an upload is under way');
$slow->signal('TERM');
ok(wait_for_log($slow, qr/stopping: 1 requests/), 'it is told to stop');
is_problem(curl("$slow_admin/ready"), 503, qr/stopping/, 'first of all it is not ready any more');
is(curl("$slow_admin/live")->{status}, 200, 'it lives still');
is(metrics($slow_admin)->{value}{nachet_http_stopping}, 1, 'the metrics tell');
$answer = curl($slow->url . '/');
is($answer->{status}, 200, 'who comes within the delay is served');
is($answer->{headers}{connection}[0], 'close', 'and told to go elsewhere next');
$slow->signal('TERM');
is($slow->wait(30), 1, 'a second signal ends it at once');
like($slow->err, qr/1 requests were interrupted/, 'and what that cost is said');

my $path = $store->tempdir . '/admin.sock';
$slow = $store->start_http(args => [ '--admin-listen', "unix:$path", '--drain-timeout', '600' ]);
is(curl('--unix-socket', $path, 'http://any-name/live')->{status}, 200, 'a path will do for operators, under any name');
$socket = connect_to($slow);
print {$socket} request_head($slow, '/batch-import', 'Content-Length' => length $body) . substr $body, 0, 1000;
ok(poll_until(sub { parse_metrics(curl('--unix-socket', $path, 'http://localhost/metrics')->{body})->{value}{nachet_http_requests_in_progress} == 1 }), 'an upload is under way');
$slow->signal('TERM');
ok(poll_until(sub { !IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $slow->port, Timeout => 5) }), 'without a delay nobody new is let in');
is(curl('--unix-socket', $path, 'http://localhost/ready')->{status}, 503, 'operators are answered while it drains');
print {$socket} substr $body, 1000;
is(read_answer($socket)->{status}, 200, 'the upload ends well');
is($slow->wait(30), 0, 'and so does the service');
ok(!-e $path, "the operators' path goes too");

done_testing;

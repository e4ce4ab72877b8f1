#!/usr/bin/env perl
# test/http/040_limits.t: the limits of nachet-http: sizes, connections, memory; and refusals
# before, in and after a body.
use strict;
use warnings;
use Test::More;
use Time::HiRes qw(time);

use lib 'test/lib';
use Nachet::Test qw(png jpeg noise write_file tempdir poll_until start_command run_command sha256);
use Nachet::Http qw(curl form_fields multipart post_body post_json is_problem connect_to request_head read_answer read_to_end count_of wait_for_log);

my $store = Nachet::Test->new;
my $dir = tempdir();
my $good = '{"email": "someone@example.org"}';
write_file("$dir/$_.jpg", jpeg($_, 3_000_000)) for 1 .. 10;

# Sizes.
my $http = $store->start_http(args => [ '--max-picture-size', '100kB', '--max-request-size', '500kB', '--max-pictures', '3',
	'--max-discard-size', '1MB', '--idle-timeout', '60' ]);
my $fits = jpeg('fits', 100 * 1024);
is(length $fits, 100 * 1024, 'a picture of 100 kB');
is(post_body($http, multipart([ 'a.jpg', $fits ]))->{status}, 201, 'fits in 100 kB');
is_problem(post_body($http, multipart([ 'a.jpg', "$fits." ])), 413, qr/a\.jpg.*102400/, 'one byte more does not');
is(post_body($http, multipart(map { [ "$_.jpg", jpeg($_, 1000) ] } 1 .. 3))->{status}, 201, 'three pictures');
is_problem(post_body($http, multipart(map { [ "$_.jpg", jpeg($_, 1000) ] } 1 .. 4)), 413, qr/3 pictures/, 'four pictures');
is_problem(post_body($http, multipart(map { [ "$_.jpg", $fits ] } 1 .. 6)), 413, qr/512000/, 'a body too long');
is_problem(post_body($http, noise(600 * 1024, 'x'), '-H', 'Transfer-Encoding: chunked'), 400, qr/does not begin with the boundary/, 'a body refused before it is too long');
is_problem(post_body($http, multipart([ '.DS_Store', noise(600 * 1024, 'x') ]), '-H', 'Transfer-Encoding: chunked'), 413, qr/512000/,
	'a chunked body too long');

my $socket = connect_to($http);
print {$socket} request_head($http, '/batch-import', 'Content-Length' => 600 * 1024, Expect => '100-continue');
my $answer = read_answer($socket, 10);
is_problem($answer, 413, qr/512000/, 'too long a body is refused before it is sent');
is_deeply($answer->{interim}, [], 'without leave to send it');
$socket = connect_to($http);
print {$socket} request_head($http, '/batch-import', 'Content-Length' => 100_000_000_000);
is_problem(read_answer($socket, 10), 413, qr/512000/, 'so is one that is far too long to be dropped');
$socket = connect_to($http);
my $body = multipart([ 'a.jpg', $fits ]);
print {$socket} request_head($http, '/batch-import', 'Content-Length' => length $body, Expect => '100-continue');
ok(poll_until(sub { IO::Select->new($socket)->can_read(0) }, 10), 'leave to send is given');
print {$socket} $body;
$answer = read_answer($socket, 10);
is_deeply([ $answer->{status}, $answer->{interim} ], [ 200, [100] ], 'and the body taken');
$socket = connect_to($http);
print {$socket} request_head($http, '/batch-import', 'Content-Length' => 99999, Expect => '100-continue', Origin => 'null');
is_problem(read_answer($socket, 10), 403, qr/origin/, 'a foreign page is refused before its body is sent');

# A client that the machine stops for the 3 s that the service lingers may miss its answer, and only that one sends again: an
# answer that is missed sooner is lost.
sub post_patiently
{
	my $answer;
	for (1 .. 10)
	{
		my $begun = time;
		$answer = post_body(@_);
		last if $answer->{status} || time - $begun < 3;
	}
	return $answer;
}

# A body that is refused in its middle is dropped up to a bound; if more is to come, the answer is sent first.
$http->stop;
my ($status, undef, $err) = run_command({ cwd => $dir }, qw(openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem -days 30 -subj /CN=localhost));
$status == 0 or die $err;
my @bounds = ('--max-discard-size', '1MB', '--max-request-size', '8MB', '--idle-timeout', '3');
my $far = multipart([ '../x.jpg', $fits ], map { [ "$_.jpg", $fits ] } 1 .. 40);
for my $scheme ('http', 'https')
{
	$http = $store->start_http(args => [ @bounds, $scheme eq 'https' ? ('--tls-cert', "$dir/cert.pem", '--tls-key', "$dir/key.pem") : () ]);
	$http->{url} =~ s/^http:/$scheme:/;
	my @curl = ('-k', '-H', 'Expect:', '-H', 'X-Request-Id: early');
	is_problem(post_body($http, multipart([ '../x.jpg', $fits ], map { [ "$_.jpg", $fits ] } 1 .. 8), @curl), 422, qr/file name/, "$scheme: refused in its middle");
	for my $case (
		[ 'with too much to come', $far, 422, qr/file name/ ],
		[ 'with too much to come, in chunks', $far, 422, qr/file name/, '-H', 'Transfer-Encoding: chunked' ],
		[ 'with too much to come, for its headers', $far, 403, qr/origin/, '-H', 'Origin: http://elsewhere.example.org' ],
		[ 'with too much to come, for its length', $far x 3, 413, qr/8388608/ ])
	{
		my ($what, $bytes, $expected, $detail, @more) = @$case;
		$answer = post_patiently($http, $bytes, @curl, @more);
		is_problem($answer, $expected, $detail, "$scheme: refused $what");
		is_deeply([ map { $answer->{headers}{$_} } 'x-request-id', 'connection' ], [ ['early'], ['close'] ], '... as any request');
	}
	ok(wait_for_log($http, qr/422 \d+ bytes .*connection was closed\): The file name/), '... and logged with its reason');
	if ($scheme eq 'http')
	{
		# A client that reads nothing before all is sent, and one that sends no more: each has one answer.
		for my $sent ($far, substr $far, 0, 50_000)
		{
			$socket = connect_to($http);
			local $SIG{PIPE} = 'IGNORE';
			print {$socket} request_head($http, '/batch-import', 'Content-Length' => length $far), $sent;
			my $bytes = read_to_end($socket) // '';
			is(join(' ', $bytes =~ m{HTTP/1\.1 (\d+) }g), 422, 'the answer waits for a client that sends ' . length($sent) . ' bytes first');
			is_problem(Nachet::Http::parse_answer($bytes), 422, qr/file name/, '... whole');
		}
	}
	is(post_body($http, multipart([ 'a.jpg', $fits ]), '-k')->{status} =~ /\A20[01]\z/ ? 1 : 0, 1, "$scheme: the next request is served");
	is($http->stop, 0, 'it stops with 0');
}

# Connections.
$http = $store->start_http(args => [ '--max-connections', '2' ]);
# The connection that found the service up may not be forgotten yet.
ok(poll_until(sub { post_json($http, $good)->{status} == 200 }), 'a client');
my @idle = map { connect_to($http) } 1 .. 2;
# Of two that come while that client is still counted, one is too many itself, and goes soon.
ok(poll_until(sub {
	return 1 if post_json($http, $good)->{status} == 503;
	close $_ for @idle;
	@idle = map { connect_to($http) } 1 .. 2;
	return 0;
}), 'a client too many');
is_problem(post_json($http, $good), 503, qr/Too many connections/, 'is told so');
is_problem(post_body($http, multipart([ 'a.jpg', $fits ])), 503, qr/Too many connections/, 'also when it sends pictures');
close $_ for @idle;
ok(poll_until(sub { post_json($http, $good)->{status} == 200 }), 'and is served when there is room');
is($http->stop, 0, 'it stops with 0');

# Memory that does not hold one picture of each upload: all go through, over files.
$http = $store->start_http(args => [ '--spool-memory', '1MB', '--spool-dir', $dir, '--pool', '2', '--senders', '1' ]);
my @curls = map {
	my $turn = $_;
	start_command('curl', '-sS', '-i', form_fields(name => "set $turn"), (map { ('-F', "pictures=\@$dir/$_.jpg") } $turn .. $turn + 2),
		$http->url . '/batch-import')
} 1 .. 8;
is_deeply([ map { $_->wait(120); Nachet::Http::parse_answer($_->out)->{status} } @curls ], [ (201) x 8 ],
	'eight uploads in 1 MB of memory');
is($store->psql("SELECT count(*) FROM nachet.picture WHERE encode(sha256(nachet.picture_content(id)), 'hex') IN ("
	. join(', ', map { "'" . sha256(jpeg($_, 3_000_000)) . "'" } 1 .. 10) . ')'), 24, 'with every byte');
is_deeply([ glob("$dir/nachet-http-*") ], [], 'no file is left in the spool folder');
is($http->stop, 0, 'it stops with 0');

# A file that may not grow further (ulimit -f, LimitFSIZE=) is an error of its request, and no signal ends the service.
{
	my $limited = write_file("$dir/limited", "#!/bin/sh\nulimit -f 2048\nexec '" . $store->nachet_http . "' \"\$@\"\n");
	chmod 0755, $limited or die $!;
	local $ENV{NACHET_HTTP} = $limited;
	$http = $store->start_http(args => [ '--spool-memory', '1MB', '--spool-dir', $dir ]);
	is_problem(post_body($http, multipart([ 'a.jpg', jpeg('limited', 3_000_000) ])), 503, qr/no space/, 'a spool file that may not grow');
	ok(wait_for_log($http, qr/can't spool a picture in .*: File too large/), '... the log says why');
	is(post_body($http, multipart([ 'a.jpg', jpeg('limited', 300_000) ]))->{status}, 201, '... and the next request is served');
	is($http->stop, 0, '... until it is stopped');
}

# Files that must not fill the disk, nor exceed their bound.
sub is_no_room
{
	my ($service, $pattern, $name) = @_;
	is_problem(post_body($service, multipart([ 'a.jpg', jpeg("room $name", 6_000_000) ])), 503, qr/no space/, $name);
	ok(wait_for_log($service, $pattern), "$name: the log says why");
}
$http = $store->start_http(args => [ '--spool-reserve', '1000TB' ]);
is_no_room($http, qr/bytes are free, and --spool-reserve is/, 'a disk that has nothing to spare');
is(post_body($http, multipart(map { [ "$_.jpg", jpeg("memory $_", 2_000_000) ] } 1 .. 8))->{status}, 201, 'memory serves as ever');
is($http->stop, 0, 'it stops with 0');
$http = $store->start_http(args => [ '--spool-size', '8MB', '--max-picture-size', '8MB' ]);
$socket = connect_to($http);
my $large = multipart([ 'a.jpg', jpeg('large', 7_000_000) ]);
print {$socket} request_head($http, '/batch-import', 'Content-Length' => length $large) . substr $large, 0, 6_900_000;
ok(poll_until(sub { post_body($http, multipart([ 'a.jpg', jpeg('other', 6_000_000) ]))->{status} == 503 }), 'a spool that an upload fills');
is_no_room($http, qr/others use all 8388608 bytes of --spool-size/, 'a spool that is full');
print {$socket} substr $large, 6_900_000;
is(read_answer($socket)->{status}, 201, 'whoever has room in it goes on');
is(post_body($http, multipart([ 'a.jpg', jpeg('other', 6_000_000) ]))->{status}, 201, 'and leaves it to others');
is($http->stop, 0, 'it stops with 0');

done_testing;

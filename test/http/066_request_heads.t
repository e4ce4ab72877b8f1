#!/usr/bin/env perl
# test/http/066_request_heads.t: requests whose head or chunks can be read in two ways: each is
# refused, or at least its connection closed, so that nothing after it is taken for another request.
# Those that can be read in one way only are served, however unusual they look.
use strict;
use warnings;
use Test::More;

use lib 'test/lib';
use Nachet::Test qw(run_command start_command poll_until);
use Nachet::Http qw(connect_to read_to_end parse_answer);

my $store = Nachet::Test->new;
my $folder = $store->tempdir;
# No deadline closes a connection here.
my @patient = ('--header-timeout', '600', '--idle-timeout', '600');
my $http = $store->start_http(args => \@patient);

my ($status, undef, $err) = run_command({ cwd => $folder }, qw(openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem -days 30 -subj /CN=localhost));
$status == 0 or die $err;
my $https = start_command(Nachet::Test::nachet_http(), '-d', $store->conninfo('importer'), '--listen', '127.0.0.1:0', '--tls-cert', "$folder/cert.pem",
	'--tls-key', "$folder/key.pem", @patient);
poll_until(sub { $https->err =~ m{listening on https://127\.0\.0\.1:(\d+)$}m && ($https->{port} = $1) || !$https->is_running }) && $https->{port} or die $https->err;

# All that the service sends until it closes the connection; undef if it keeps it.
sub plain { my ($bytes) = @_; my $socket = connect_to($http); local $SIG{PIPE} = 'IGNORE'; syswrite $socket, $bytes; return read_to_end($socket) }
sub encrypted
{
	my ($bytes) = @_;
	my $client = start_command({ stdin => $bytes }, 'openssl', 's_client', '-quiet', '-connect', '127.0.0.1:' . $https->port);
	my $ended = defined $client->wait(30);
	$client->kill_now if !$ended;
	my $out = $ended ? $client->out : undef;
	$client->forget;
	return $out;
}
sub statuses { my ($bytes) = @_; return join ' ', $bytes =~ m{HTTP/1\.1 (\d{3}) }g }

my $host = "Host: 127.0.0.1\r\n";
my $next = "GET /page/icon.svg HTTP/1.1\r\n$host\r\n";
my $json = "POST /picture-form HTTP/1.1\r\n${host}Content-Type: application/json\r\n";
my $body = '{"email": "someone@example.org"}';
my $chunk = sprintf '%x', length $body;

my @doubtful = (
	[ 'a request line that begins with NUL', "\0GET / HTTP/1.1\r\n$host\r\n$next" ],
	[ 'such a line, and headers with colons and blanks', "\0GET / HTTP/1.1\r\nGET: / HTTP/1.1\r\n$host\r\n$next" ],
	[ 'such a line, and a request in its body', "\0POST /picture-form HTTP/1.1\r\nContent-Length: " . length($next) . "\r\n\r\n$next" ],
	[ 'such a line after LF', "\n\0GET / HTTP/1.1\r\n$host\r\n$next" ],
	[ 'such a line that ends with LF', "\0GET / HTTP/1.1\n$host\r\n$next" ],
	[ 'a header line ": x"', "GET / HTTP/1.1\r\n$host: x\r\n$next" ],
	[ 'a header line ":"', "GET / HTTP/1.1\r\n$host:\r\n$next" ],
	[ 'a first header line ": x"', "GET / HTTP/1.1\r\n: x\r\n$host\r\n$next" ],
	[ 'a header line that begins with NUL', "GET / HTTP/1.1\r\n$host\0: x\r\n$next" ],
	[ 'a header line of a NUL', "GET / HTTP/1.1\r\n$host\0\r\n$next" ],
	[ 'a length behind ": x"', "${json}: x\r\nContent-Length: " . length($next) . "\r\n\r\n$next" ],
	[ 'a body behind ": x"', "${json}Content-Length: " . length($body) . "\r\n: x\r\n$body" ],
	[ 'a NUL in a header', "GET / HTTP/1.1\r\n${host}X-Note: a\0b\r\n\r\n$next" ],
	[ 'a NUL in Host', "GET / HTTP/1.1\r\nHost: 127.0.0.1\0evil\r\n\r\n$next" ],
	[ 'a NUL at the end of Host', "GET / HTTP/1.1\r\nHost: 127.0.0.1\0\r\n\r\n$next" ],
	[ 'a NUL in Transfer-Encoding', "${json}Transfer-Encoding: chunked\0z\r\n\r\n$chunk\r\n$body\r\n0\r\n\r\n$next" ],
	[ 'a NUL in a length', "${json}Content-Length: " . length($body) . "\0 1\r\n\r\n$body$next" ],
	[ 'a NUL in a header name', "GET / HTTP/1.1\r\n${host}X\0-Note: a\r\n\r\n$next" ],
	[ 'a NUL in the path', "GET /\0x HTTP/1.1\r\n$host\r\n$next" ],
	[ 'a NUL in the query', "GET /?a\0b HTTP/1.1\r\n$host\r\n$next" ],
	[ 'a NUL between path and query', "GET /\0x?a=b HTTP/1.1\r\n$host\r\n$next" ],
	[ 'a NUL in the method', "GET\0x / HTTP/1.1\r\n$host\r\n$next" ],
	[ 'a control character in a header', "GET / HTTP/1.1\r\n${host}X-Note: a\1b\r\n\r\n$next" ],
	[ 'a CR in a header', "GET / HTTP/1.1\r\n${host}X-Note: a\rContent-Length: 5\r\n\r\n$next" ],
	[ 'a control character in the path', "GET /\1 HTTP/1.1\r\n$host\r\n$next" ],
	[ 'a blank in the path', "GET / x HTTP/1.1\r\n$host\r\n$next" ],
	[ 'two blanks before the path', "GET  / HTTP/1.1\r\n$host\r\n$next" ],
	[ 'two blanks before the version', "GET /  HTTP/1.1\r\n$host\r\n$next" ],
	[ 'a method that is no token', "G(T / HTTP/1.1\r\n$host\r\n$next" ],
	[ 'LF after the request line', "GET / HTTP/1.1\n$host\r\n$next" ],
	[ 'LF after a header line', "GET / HTTP/1.1\r\nX-Note: a\n$host\r\n$next" ],
	[ 'LF after the last header line', "GET / HTTP/1.1\r\nHost: 127.0.0.1\n\r\n$next" ],
	[ 'LF for the empty line', "GET / HTTP/1.1\r\n$host\n$next" ],
	[ 'LF alone', "GET / HTTP/1.1\nHost: 127.0.0.1\n\n$next" ],
	[ 'a folded header line', "GET / HTTP/1.1\r\n${host}X-Note: a\r\n b\r\nX-Other: c\r\n\r\n$next" ],
	[ 'a last header line, folded by a tab', "GET / HTTP/1.1\r\n${host}X-Note: abc\r\n\td\r\n\r\n$next" ],
	[ 'a folded line of blanks alone', "GET / HTTP/1.1\r\n${host}X-Note: a\r\n  \r\n\r\n$next" ],
	[ 'a folded Transfer-Encoding', "${json}Transfer-Encoding:\r\n chunked\r\n\r\n$chunk\r\n$body\r\n0\r\n\r\n$next" ],
	[ 'a folded Content-Length', "${json}Content-Length: 1\r\n 0\r\n\r\n$body$next" ],
	[ 'chunks in HTTP/1.0', "POST /picture-form HTTP/1.0\r\n${host}Content-Type: application/json\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n"
		. "$chunk\r\n$body\r\n0\r\n\r\n$next" ],
);
my @ways = ([ '', \&plain ], [ 'TLS: ', \&encrypted ]);
for my $way (@ways)
{
	my ($where, $ask) = @$way;
	for my $case (@doubtful)
	{
		my ($what, $bytes) = @$case;
		my $out = $ask->($bytes);
		like(defined $out ? statuses($out) : 'still open', qr/\A(?:400)?\z/, "$where$what is refused, and the connection closed");
	}
}

# Line ends among chunks: whatever becomes of the request itself, what follows it is not served.
for my $case (
	[ 'LF after a chunk size', "$chunk\n$body\r\n0\r\n\r\n" ],
	[ 'LF after a chunk', "$chunk\r\n$body\n0\r\n\r\n" ],
	[ 'LF after the last chunk', "$chunk\r\n$body\r\n0\n\n" ],
	[ 'LF within a chunk extension', "$chunk;a\nb\r\n$body\r\n0\r\n\r\n" ],
	[ 'a trailer line ": x"', "$chunk\r\n$body\r\n0\r\n: x\r\n" ],
	[ 'a trailer line of a NUL', "$chunk\r\n$body\r\n0\r\n\0\r\n" ],
	[ 'a folded trailer line', "$chunk\r\n$body\r\n0\r\nX: y\r\n z\r\n\r\n" ])
{
	my ($what, $chunks) = @$case;
	for my $way (@ways)
	{
		my ($where, $ask) = @$way;
		my $out = $ask->("${json}Transfer-Encoding: chunked\r\n\r\n$chunks$next");
		my @answers = split / /, statuses($out // 'HTTP/1.1 still open ');
		ok(@answers <= 1 && ($answers[0] // 400) =~ /\A(?:200|400)\z/ && defined $out, "$where$what: one answer, and the connection closed")
			or diag(defined $out ? $out : 'still open');
	}
}

# Where other bytes stand for CRLF and are as many, the lines look as they should: nothing that follows is served.
for my $case (
	[ 'a header line ":" and LF', "GET / HTTP/1.1\r\n$host:\n" ],
	[ 'a header line of NUL and LF', "GET / HTTP/1.1\r\n$host\0\n" ],
	[ 'NUL and LF after a value', "GET / HTTP/1.1\r\n${host}X-Note: a\0\nX-B: c\r\n\r\n" ],
	[ 'NUL and LF after Host', "GET / HTTP/1.1\r\nHost: 127.0.0.1\0\n\r\n" ],
	[ 'NUL and LF after a length', "${json}Content-Length: " . length($body) . "\0\n\r\n$body" ],
	[ 'LF and a line ":"', "GET / HTTP/1.1\r\nHost: 127.0.0.1\n:\r\n" ],
	[ 'LF and a line of a NUL', "GET / HTTP/1.1\r\nHost: 127.0.0.1\n\0\r\n" ],
	[ 'LF and a line ":x" that ends with LF', "GET / HTTP/1.1\r\nHost: 127.0.0.1\n:x\n" ])
{
	my ($what, $bytes) = @$case;
	for my $way (@ways)
	{
		my ($where, $ask) = @$way;
		my $out = $ask->($bytes . $next =~ s{\r\n\r\n}{\r\nConnection: close\r\n\r\n}r);
		like(defined $out ? statuses($out) : 'still open', qr/\A(?:200|400)?\z/, "$where$what: one answer at most, and the connection closed");
	}
}

# One reading only: served, and the connection goes on to the next request.
my $last = "GET /page/icon.svg HTTP/1.1\r\n${host}Connection: close\r\n\r\n";
my $many = join '', map { "X-$_: " . 'v' x 90 . "\r\n" } 1 .. 50;
for my $case (
	[ 'an empty line before the request', "\r\nGET / HTTP/1.1\r\n$host\r\n" ],
	[ 'a header without a value', "GET / HTTP/1.1\r\n${host}X-Note:\r\nX-More: \r\n\r\n" ],
	[ 'blanks around values', "GET / HTTP/1.1\r\nX-A:a\r\nX-B:\t b \t\r\nX-C:  \t\r\n$host\r\n" ],
	[ 'a body and its length', "${json}Content-Length: " . length($body) . "\r\n\r\n$body" ],
	[ 'many headers', "GET / HTTP/1.1\r\n$host$many\r\n" ],
	[ 'a header of bytes above 127', "GET / HTTP/1.1\r\n${host}X-Note: \xc3\xa9\xff\r\n\r\n" ],
	[ 'two cookies', "GET / HTTP/1.1\r\n${host}Cookie: a=b; c=\"d e\"; f\r\n\r\n" ],
	[ 'HTTP/1.0 that stays', "GET / HTTP/1.0\r\n${host}Connection: keep-alive\r\n\r\n" ])
{
	my ($what, $bytes) = @$case;
	for my $way (@ways)
	{
		my ($where, $ask) = @$way;
		my $out = $ask->($bytes . $last);
		is(defined $out ? statuses($out) : 'still open', '200 200', "$where$what, and the next request");
	}
}
# Empty lines before a request, whatever ends them, hide nothing: both requests are served, or the first is refused or cut off.
for my $case ([ 'LF', "\n" ], [ 'LF twice', "\n\n" ], [ 'a NUL and CRLF', "\0\r\n" ], [ 'CRLF twice', "\r\n\r\n" ])
{
	my ($what, $bytes) = @$case;
	for my $way (@ways)
	{
		my ($where, $ask) = @$way;
		my $out = $ask->("${bytes}GET / HTTP/1.1\r\n$host\r\n$last");
		like(defined $out ? statuses($out) : 'still open', qr/\A(?:200 200|400)?\z/, "$where$what before a request: no other reading");
	}
}
my $out = plain("${json}Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n$chunk\r\n$body\r\n0\r\nX-Trailer: y\r\n\r\n");
is(statuses($out // ''), 200, 'chunks with a trailer');
is_deeply(parse_answer($out)->{json}{email}, 'someone@example.org', 'are read to their end');

is($_->stop, 0, 'the service ends in order') for $http, $https;

done_testing;

#!/usr/bin/env perl
# test/http/065_malformed.t: malformed and hostile requests: each is refused or its connection
# closed, and none leaves anything behind.
use strict;
use warnings;
use Test::More;

use lib 'test/lib';
use Nachet::Test qw(png jpeg noise write_file tempdir poll_until);
use Nachet::Http qw(curl multipart part field post_body post_json is_problem connect_to request_head read_to_end parse_answer count_of);

my $store = Nachet::Test->new;
my $http = $store->start_http;
my $url = $http->url;
my $dir = tempdir();
my $picture = png(20, 20, 'a');
my $boundary = $Nachet::Http::BOUNDARY;
my $file = 'Content-Disposition: form-data; name="pictures"; filename="a.png"';

# Sends bytes as they are; the service may close before all are sent.
sub raw
{
	my (@pieces) = @_;
	my $socket = connect_to($http);
	local $SIG{PIPE} = 'IGNORE';
	syswrite $socket, $_ for @pieces;
	shutdown $socket, 1;
	my $bytes = read_to_end($socket);
	return { %{ parse_answer($bytes // '') }, open => !defined $bytes };
}

# An answer of the 4xx (or 505), in whosever words; or none, and the connection is closed.
sub is_refused
{
	my ($answer, $name) = @_;
	ok($answer->{status} =~ /\A(?:0|4\d\d|505)\z/ && !$answer->{open}, $name)
		or diag("got $answer->{status} $answer->{body}", $answer->{open} ? ', still open' : '');
}

# Large bodies that are none.
write_file("$dir/random", noise(100 * 1024 * 1024, 'random'));
is_problem(curl('-T', "$dir/random", "$url/batch-import"), 405, qr/POST/, 'curl -T of 100 MB of random bytes');
is_problem(curl('-X', 'POST', '-T', "$dir/random", "$url/batch-import"), 415, qr/multipart/, 'the same as a POST');
is_problem(curl('-X', 'POST', '-T', "$dir/random", '-H', "Content-Type: multipart/form-data; boundary=$boundary", "$url/batch-import"),
	400, qr/does not begin with the boundary/, 'the same as a multipart body');
is_problem(curl('-X', 'POST', '-T', "$dir/random", '-H', 'Content-Type: application/json', "$url/picture-form"), 413, qr/65536/,
	'the same as JSON');

# Multipart bodies.
is_problem(post_body($http, part("$file\r\nContent-Type: multipart/mixed; boundary=inner",
	"--inner\r\nContent-Disposition: file; filename=\"b.png\"\r\n\r\n$picture\r\n--inner--") . multipart([ 'c.png', $picture ])),
	400, qr/itself multipart/, 'nested parts');
is_problem(post_body($http, part("$file\r\nX-Long: " . 'x' x 65536, $picture) . multipart()), 413, qr/header/i, 'part headers of 64 kB');
is_problem(post_body($http, part(join("\r\n", $file, map { "X-$_: y" } 1 .. 10_000), $picture) . multipart()), 413, qr/header/i,
	'ten thousand part headers');
for my $size (8188 .. 8193)
{
	is_problem(post_body($http, part('X: ' . 'a' x ($size - 5) . "\r\nY: " . 'b' x 4000 . "\r\n$file", $picture) . multipart()), 413, qr/header/i,
		"a header line after part headers of $size bytes");
}
is_problem(post_body($http, part($file, '') x 100_000 . multipart()), 422, qr/empty/, '100,000 empty parts');
is_problem(post_body($http, "--$boundary\r\n\r\n\r\n" x 100_000 . "--$boundary--\r\n"), 400, qr/no Content-Disposition/, '100,000 parts without headers');
is_problem(post_body($http, field('n' x 9000, 'x') . multipart([ 'a.png', $picture ])), 413, qr/headers are too large/, 'a field name of 9 kB');
is_problem(post_body($http, field('n' x 1_000_000, 'x') . multipart([ 'a.png', $picture ])), 413, qr/headers are too large/, 'a field name of 1 MB');
is_problem(post_body($http, field("a\0b", 'x') . multipart([ 'a.png', $picture ])), 400, qr/control character/, 'a NUL in a field name');
is_problem(post_body($http, multipart([ "a\0.png", $picture ])), 400, qr/control character/, 'a NUL in a file name');
is_problem(post_body($http, field("\xff\xfe", 'x') . multipart([ 'a.png', $picture ])), 400, qr/UTF-8/, 'a field name that is no UTF-8');
is_problem(post_body($http, part("$file; filename=\"b.png\"", $picture) . multipart()), 400, qr/two file names/, 'two file names');
is_problem(post_body($http, part("$file\r\n$file", $picture) . multipart()), 400, qr/two Content-Disposition/, 'two dispositions');
is_problem(post_body($http, "$boundary\r\n$file\r\n\r\n$picture\r\n--$boundary--\r\n"), 400, qr/does not begin with the boundary/, 'a boundary without its dashes');
is_problem(post_body($http, multipart([ 'a.png', $picture ]), '-H', 'Content-Type: multipart/form-data; boundary="' . 'b' x 129 . '"'),
	400, qr/boundary/, 'a boundary of 129 bytes');
is_problem(post_body($http, multipart([ 'a.png', $picture ]), '-H', 'Content-Type: multipart/form-data; boundary='),
	400, qr/boundary/, 'an empty boundary');

# A part's headers, cut at every byte: the same refusal, or the same import, wherever the pieces begin.
my $bad = part('Content-Disposition: form-data; name="pictures"; filename="../a.png"', $picture) . multipart();
for my $cut (1 .. index($bad, "\r\n\r\n") + 5)
{
	my $answer = raw(request_head($http, '/batch-import', 'Content-Length' => length $bad), substr($bad, 0, $cut), substr($bad, $cut));
	$answer->{status} == 422 && ($answer->{json}{detail} // '') =~ /file name/ or is_problem($answer, 422, qr/file name/, "cut at $cut");
}
pass('a bad part is refused wherever its headers are cut');

# Framing.
my $body = multipart([ 'a.png', $picture ]);
my $length = length $body;
sub framed { my ($lines, @rest) = @_; return raw(request_head($http, '/batch-import') =~ s/\r\n\z/$lines\r\n\r\n/r, @rest) }
is(framed("Content-Length: $length\r\nContent-Length: 5", $body)->{status}, 400, 'conflicting lengths');
is(framed("Content-Length: $length\r\nTransfer-Encoding: chunked", "0\r\n\r\n")->{status}, 400, 'a length and chunks');
is(framed("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", "0\r\n\r\n")->{status}, 400, 'two codings');
is_refused(framed("Content-Length: -1", $body), 'a negative length');
is_refused(framed("Content-Length: 99999999999999999999999", $body), 'a length beyond 64 bits');
is_refused(framed("Content-Length: +$length", $body), 'a length with a sign');
is_refused(framed("Content-Length: 0x10", $body), 'a length in hexadecimal');
is_refused(framed('Content-Length: ' . ($length + 1), $body), 'a body shorter than it says');
is_refused(framed('Transfer-Encoding: chunked', "zz\r\n$body\r\n0\r\n\r\n"), 'a chunk size that is none');
is_refused(framed('Transfer-Encoding: chunked', "-5\r\n$body\r\n0\r\n\r\n"), 'a negative chunk size');
is_refused(framed('Transfer-Encoding: chunked', "ffffffffffffffffff\r\n$body\r\n0\r\n\r\n"), 'a chunk beyond 64 bits');
is_refused(framed('Transfer-Encoding: chunked', sprintf("%x\r\n%sxx\r\n0\r\n\r\n", $length, $body)), 'a chunk longer than it says');
is_refused(framed('Transfer-Encoding: chunked', sprintf("%x\r\n%s\r\n", $length, $body)), 'chunks without an end');

# HTTP itself.
is_refused(raw(noise(10_000, 'http')), 'random bytes as a request');
is_refused(raw("\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03" . noise(500, 'tls')), 'a TLS greeting');
is_refused(raw("GET / HTTP/9.9\r\nHost: localhost\r\n\r\n"), 'a version that is none');
is_refused(raw('GET /' . 'x' x 200_000 . " HTTP/1.1\r\nHost: localhost\r\n\r\n"), 'a path of 200 kB');
is_refused(raw("GET / HTTP/1.1\r\nHost: localhost\r\nX-Long: " . 'x' x 200_000 . "\r\n\r\n"), 'a header of 200 kB');
is_refused(raw("GET / HTTP/1.1\r\nHost: localhost\r\n" . join('', map { "X-$_: y\r\n" } 1 .. 20_000) . "\r\n"), 'twenty thousand headers');
is_refused(raw("GET / HTTP/1.1\r\nHost: localhost\r\n$_\r\n\r\nhello"), "the header line '$_'")
	for 'Content-Length : 5', ' Content-Length: 5', "Content-Length\t: 5", 'Transfer-Encoding : chunked', 'X(y): z', 'nonsense';
is_refused(raw("\r\n" x 50_000), 'nothing but line ends');

# Afterwards.
is(count_of($store), '0 0', 'no set and no picture came of it');
is(post_json($http, '{"email": "someone@example.org"}')->{status}, 200, 'the service goes on');
my $good = multipart([ 'a.png', $picture ]);
my $answer = raw(request_head($http, '/batch-import', 'Content-Length' => length $good), map { substr $good, $_, 1 } 0 .. length($good) - 1);
is($answer->{status}, 201, 'a good request byte by byte is taken, also from a client that closes its side');
is(count_of($store), '1 1', 'and is there');
is($http->stop, 0, 'it stops with 0');

done_testing;

#!/usr/bin/env perl
# test/http/020_picture_form.t: POST /picture-form, and what every route keeps: methods, paths,
# Host, Origin, framing.
use strict;
use warnings;
use Test::More;

use lib 'test/lib';
use Nachet::Test qw(start_command poll_until);
use Nachet::Http qw(curl post_json is_problem connect_to read_answer);

my $store = Nachet::Test->new;
my $http = $store->start_http(
	args => [ '--server-name', 'nachet.example.org', '--allow-origin', 'https://app.example.org', '--max-picture-size', '20MB' ]);
my $url = $http->url;
my $good = '{"email": "Someone@Example.org"}';

my $answer = post_json($http, $good);
is($answer->{status}, 200, 'a registered user');
is($answer->{headers}{'content-type'}[0], 'application/json', 'the answer is JSON');
is($answer->{json}{user_id}, $store->user_id, 'the user id');
is(scalar @{ $answer->{json}{seed_names} }, 15, 'the seeds');
is($answer->{json}{limits}{picture_bytes}, 20 * 1024 * 1024, "the service's own limits");
ok($answer->{json}{limits}{manifest_pictures}, "the datastore's limits");
is(post_json($http, $good, '-H', 'Content-Type: application/JSON; charset="UTF-8"')->{status}, 200, 'a charset is taken');

$answer = post_json($http, '{"email": "stranger@example.org"}');
is_problem($answer, 403, qr/stranger\@example\.org/, 'a stranger');
is($answer->{json}{code}, 'NC001', 'with the SQLSTATE');

is_problem(post_json($http, '{"email"'), 400, qr/json/, 'half a JSON document');
is_problem(post_json($http, ''), 400, qr/empty/, 'an empty body');
is_problem(post_json($http, "{\"email\": \"\xff\"}"), 400, qr/UTF-8/, 'invalid UTF-8');
is_problem(post_json($http, "{\"email\": \"a\0b\"}"), 400, qr/UTF-8/, 'a NUL byte');
is_problem(post_json($http, '{"email": "\u0000"}'), 400, qr/Unicode escape/, 'an escaped NUL');
is_problem(post_json($http, '[' x 60000), 413, qr/too many values/, 'nested beyond reason');
is_problem(post_json($http, '{}'), 422, qr/email/, 'no email');
is_problem(post_json($http, '{"email": 5}'), 422, qr/email/, 'an email that is no string');
is_problem(post_json($http, '["email"]'), 422, qr/object/, 'no object');
is_problem(post_json($http, '{"email": "' . ('x' x 70000) . '"}'), 413, qr/65536/, 'a long body');
is_problem(post_json($http, '{"email": "' . ('x' x 70000) . '"}', '-H', 'Transfer-Encoding: chunked'),
	413, qr/65536/, 'a long body, chunked');
is(post_json($http, $good, '-H', 'Transfer-Encoding: chunked')->{status}, 200, 'a chunked body');
is_problem(post_json($http, '{"email": "a\"\\\\\u0007\u00e9"}'), 403, qr/a"\\.*\x{e9}/, 'strange characters come back whole');

for my $type ('text/plain', 'application/x-www-form-urlencoded', 'application/jsonx', 'application/json; charset=latin1', 'x')
{
	is_problem(post_json($http, $good, '-H', "Content-Type: $type"), 415, qr/application\/json/, "Content-Type $type");
}
is_problem(post_json($http, $good, '-H', 'Content-Type:'), 415, qr/application\/json/, 'no Content-Type');
is(post_json($http, $good, '-H', 'Content-Type: text/plain')->{headers}{accept}[0], 'application/json', 'and Accept tells what is read');
my $compressed = post_json($http, $good, '-H', 'Content-Encoding: gzip');
is_problem($compressed, 415, qr/Content-Encoding/, 'a Content-Encoding');
is($compressed->{headers}{'accept-encoding'}[0], 'identity', 'and Accept-Encoding tells what is read');
is($compressed->{headers}{accept}, undef, 'its type is not what is wrong');

# Paths and methods.
is_problem(curl("$url/nothing"), 404, qr/nothing/, 'an unknown path');
is_problem(curl("$url/picture-form/"), 404, qr/nothing at/, 'a slash too many');
is_problem(curl("$url/picture%2Dform"), 404, qr/nothing at/, 'an escaped path');
is_problem(curl("$url/picture-form%00"), 404, qr/nothing at/, 'an escaped NUL in the path');
for my $method (qw(GET PUT DELETE OPTIONS))
{
	$answer = curl('-X', $method, "$url/picture-form");
	is_problem($answer, 405, qr/POST/, "$method is not allowed");
	is($answer->{headers}{allow}[0], 'POST', "$method: Allow");
}
is_problem(curl('-X', 'POST', "$url/"), 405, qr/GET/, 'POST to the index');
is(curl('-I', "$url/")->{status}, 200, 'HEAD of the index');
is_problem(curl('-d', $good, '-H', 'Content-Type: application/json', "$url/picture-form?x=1"), 400, qr/query/, 'query parameters');

# Host and Origin.
my $port = $http->port;
for my $host ("localhost:$port", '127.0.0.1', "[::1]:$port", 'LocalHost', 'nachet.example.org', 'nachet.example.org:443')
{
	is(post_json($http, $good, '-H', "Host: $host")->{status}, 200, "Host $host");
}
for my $host ('evil.example.org', "127.0.0.1.evil.example.org:$port", 'localhost:', 'localhost:x', '[::1', 'localhost:80:80', '127.0.0.2')
{
	is_problem(post_json($http, $good, '-H', "Host: $host"), 421, qr/host/, "Host $host");
}
for my $origin ($url, 'https://app.example.org')
{
	is(post_json($http, $good, '-H', "Origin: $origin")->{status}, 200, "Origin $origin");
}
for my $origin ('null', 'http://evil.example.org', "https://127.0.0.1:$port", 'http://127.0.0.1', "$url.evil.example.org", 'x')
{
	is_problem(post_json($http, $good, '-H', "Origin: $origin"), 403, qr/origin/, "Origin $origin");
}

# Framing, byte for byte.
sub raw
{
	my ($lines, $body) = @_;
	my $socket = connect_to($http);
	print {$socket} "POST /picture-form HTTP/1.1\r\n$lines\r\n\r\n" . ($body // $good);
	return read_answer($socket);
}
my $length = 'Content-Length: ' . length $good;
my $type = 'Content-Type: application/json';
is(raw("Host: localhost\r\n$type\r\n$length")->{status}, 200, 'a raw request');
# libmicrohttpd 1.0 refuses some requests before we see them, in words of its own: their status alone is the same.
is(raw("$type\r\n$length")->{status}, 400, 'no Host');
is(raw("Host: localhost\r\nHost: localhost\r\n$type\r\n$length")->{status}, 400, 'two Hosts');
is(raw("Host: localhost\r\n$type\r\n$length\r\nContent-Length: 5")->{status}, 400, 'conflicting Content-Lengths');
is(raw("Host: localhost\r\n$type\r\n$length\r\nTransfer-Encoding: chunked", "0\r\n\r\n")->{status}, 400, 'Content-Length with chunked');
like(raw("Host: localhost\r\n$type\r\nTransfer-Encoding: gzip, chunked", "0\r\n\r\n")->{status}, qr/\A(?:400|501)\z/,
	'another transfer coding');
is_problem(raw("Host: localhost\r\n$type\r\n$type\r\n$length"), 400, qr/twice/, 'two Content-Types');
is_problem(raw("Host: localhost\r\n$type\r\n$length\r\nExpect: tea"), 417, qr/100-continue/, 'another expectation');

# A connection is used again.
my $socket = connect_to($http);
for my $turn (1 .. 3)
{
	print {$socket} "POST /picture-form HTTP/1.1\r\nHost: localhost\r\n$type\r\n$length\r\n\r\n$good";
	is(read_answer($socket)->{status}, 200, "request $turn on one connection");
}

like($http->err, qr/POST \/picture-form 403 \d+ bytes \d+ ms .*: the user is not registered \(NC001\)$/m, 'the log');
unlike($http->err, qr/[^\x20-\x7e\n\x80-\xff]/, 'no control character gets into the log');
is($http->stop, 0, 'it stops with 0');

# A database without the datastore.
my $bare = Nachet::Test->new(extension => 0);
$http = $bare->start_http(role => 'postgres');
is_problem(post_json($http, $good), 500, qr/not installed/, 'a database without the datastore');
is($http->stop, 0, 'it stops with 0');

done_testing;

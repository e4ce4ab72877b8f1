#!/usr/bin/env perl
# test/http/083_cors.t: pages from elsewhere: what their browser is told, for listed origins and for
# all others.
use strict;
use warnings;
use Test::More;

use lib 'test/lib';
use Nachet::Test qw(write_file tempdir);
use Nachet::Http qw(curl post_json is_problem);
use Nachet::Jwt qw(claims hs256 bearer);

my $store = Nachet::Test->new;
my $secret = 'a secret of the test, longer than 32 bytes';
my $key = write_file(tempdir() . '/secret', $secret);
chmod 0600, $key;
my $page = 'https://app.example.org';
my @page = ('-H', "Origin: $page");
my @jwt = ('--auth', 'jwt', '--jwt-secret', $key);
my @names = ('--server-name', 'nachet.example.org', '--allow-origin', $page, '--allow-origin', 'http://localhost:3000');

sub cors_headers
{
	my ($answer) = @_;
	return { map { $_ => $answer->{headers}{$_}[0] } grep { /^access-control-/ } keys %{ $answer->{headers} } };
}

my %readable = (
	'access-control-allow-origin' => $page,
	'access-control-expose-headers' => 'X-Request-Id, Retry-After, WWW-Authenticate');

# The answer may be read by the page.
sub is_readable
{
	my ($answer, $status, $name) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	is($answer->{status}, $status, "$name: $status") or diag($answer->{body});
	is_deeply(cors_headers($answer), \%readable, "$name: the page may read it");
	is($answer->{headers}{vary}[0], 'Origin', "$name: Vary");
	return;
}

sub preflight
{
	my ($http, $path, @args) = @_;
	return curl('-X', 'OPTIONS', '-H', 'Access-Control-Request-Method: POST',
		'-H', 'Access-Control-Request-Headers: authorization,content-type', @args, $http->url . $path);
}

my $http = $store->start_http(args => [ @jwt, @names ]);
my @token = bearer(hs256($secret, claims()));

for my $path ('/picture-form', '/batch-import')
{
	my $answer = preflight($http, $path, @page);
	is($answer->{status}, 204, "$path: a preflight needs no token");
	is($answer->{body}, '', "$path: it has no body");
	is_deeply(cors_headers($answer),
		{ %readable, 'access-control-allow-methods' => 'POST', 'access-control-max-age' => 600,
			'access-control-allow-headers' => 'Content-Type, Authorization, X-Request-Id' }, "$path: what it allows");
	is($answer->{headers}{vary}[0], 'Origin', "$path: Vary");
}
is(preflight($http, '/picture-form', '-H', 'Origin: http://localhost:3000')->{headers}{'access-control-allow-origin'}[0],
	'http://localhost:3000', 'the other listed origin');

# Every answer, so that the page can tell its user.
is_readable(post_json($http, '{}', @page, @token), 200, 'an answer');
is_readable(post_json($http, '{}', @page), 401, 'no token');
is_readable(post_json($http, '{}', @page, bearer('x')), 401, 'a wrong token');
is_readable(post_json($http, '{"email": "other@example.org"}', @page, @token), 403, "another's email");
is_readable(post_json($http, '{', @page, @token), 400, 'a malformed body');
is_readable(post_json($http, '{}', @page, @token, '-H', 'Content-Type: text/plain'), 415, 'a wrong type');
is_readable(post_json($http, 'x' x 70000, @page, @token), 413, 'a long body');
is_readable(post_json($http, '{}', @page, @token, '-H', 'Host: evil.example.org'), 421, 'a wrong host');
is_readable(curl(@page, $http->url . '/nothing'), 404, 'nothing there');
is_readable(preflight($http, '/nothing', @page), 404, 'a preflight of nothing');
my $answer = curl('-X', 'OPTIONS', @page, $http->url . '/picture-form');
is_readable($answer, 405, 'OPTIONS that is no preflight');
is($answer->{headers}{allow}[0], 'POST', 'with Allow');

# Others are told nothing.
for my $origin ('https://evil.example.org', 'null', "$page.evil.example.org", "$page:8443", 'http://app.example.org', "$page/", 'https://', '*')
{
	for my $try ([ 'a preflight', preflight($http, '/picture-form', '-H', "Origin: $origin") ],
		[ 'a request', post_json($http, '{}', '-H', "Origin: $origin", @token) ])
	{
		my ($name, $got) = @$try;
		is_problem($got, 403, qr/origin/, "$name from $origin");
		is_deeply(cors_headers($got), {}, "$name from $origin: no CORS headers");
		is($got->{headers}{vary}[0], 'Origin', "$name from $origin: Vary");
	}
}
is_problem(post_json($http, '{}', @page, '-H', "Origin: $page", @token), 400, qr/Origin is given twice/, 'two Origins');
is_deeply(cors_headers(post_json($http, '{}', @page, '-H', 'Origin: https://evil.example.org')), {}, 'get no CORS headers');
is_problem(curl('-H', 'Origin: https://evil.example.org', '-F', 'seed_name=x', $http->url . '/batch-import'), 403, qr/origin/,
	"another site's form");

# The service's own pages: by the name that Host has, and with TLS before it, by a name of its own.
my $port = $http->port;
my $own = sub {
	my ($host, $origin) = @_;
	$answer = post_json($http, '{}', '-H', "Host: $host", '-H', "Origin: $origin", @token);
	is_deeply(cors_headers($answer), {}, "$origin needs no CORS headers");
	return $answer->{status};
};
is($own->("127.0.0.1:$port", "http://127.0.0.1:$port"), 200, 'the own address');
is($own->('nachet.example.org', 'https://nachet.example.org'), 200, 'a name of its own, over TLS');
is($own->('nachet.example.org', 'http://nachet.example.org'), 200, 'a name of its own, without');
is($own->('nachet.example.org:8443', 'https://nachet.example.org:8443'), 200, 'with a port');
is($own->('nachet.example.org', 'https://nachet.example.org:8443'), 403, 'another port');
is($own->("localhost:$port", "https://localhost:$port"), 403, 'no one speaks TLS for a loopback name');
is($own->("127.0.0.1:$port", 'https://nachet.example.org'), 403, 'another name than Host has');
is(preflight($http, '/picture-form', '-H', "Origin: http://127.0.0.1:$port")->{status}, 405, 'an own page needs no preflight');

# The page itself may be had from anywhere: a proxy that does not pass Host on leaves it able to say so.
my @proxied = ('-H', 'Origin: https://nachet.example.org');
is(curl(@proxied, $http->url . $_)->{status}, 200, "$_ is served to whatever origin") for '/', '/page/main.js';
is(curl('-I', @proxied, $http->url . '/')->{status}, 200, 'by HEAD too');
is(curl('-H', 'Sec-Fetch-Site: cross-site', $http->url . '/')->{status}, 200, 'and to a link on another site');
is_problem(post_json($http, '{}', @proxied, @token), 403, qr/--server-name.*Host.*--allow-origin/, 'what it sends is refused, and the cure named');
is_problem(curl(@proxied, $http->url . '/picture-form'), 403, qr/origin/, 'nothing else is had so');

# A browser that sends no Origin may tell of its page all the same.
is_problem(post_json($http, '{}', '-H', "Sec-Fetch-Site: $_", @token), 403, qr/other sites/, "a page that is $_") for 'cross-site', 'same-site';
is(post_json($http, '{}', '-H', "Sec-Fetch-Site: $_", @token)->{status}, 200, "a page that is $_") for 'same-origin', 'none';
is(post_json($http, '{}', '-H', 'Sec-Fetch-Site: cross-site', @page, @token)->{status}, 200, 'a page of a listed origin is cross-site');
is($http->stop, 0, 'it stops with 0');
$http = $store->start_http;
is_problem(post_json($http, '{"email": "someone@example.org"}', '-H', 'Sec-Fetch-Site: cross-site'), 403, qr/other sites/, 'without authentication too');
$http->stop;

# A name that a proxy serves over https alone.
$http = $store->start_http(args => [ @jwt, @names, '--https-only' ]);
$port = $http->port;
is($own->('nachet.example.org', 'https://nachet.example.org'), 200, '--https-only: its own pages of https');
is($own->('nachet.example.org', 'http://nachet.example.org'), 403, '--https-only: none of http');
is($own->("localhost:$port", "http://localhost:$port"), 200, '--https-only: but those of this machine');
is($http->stop, 0, 'it stops with 0');

# Credentials that a browser adds by itself are allowed where there are such.
for my $case ([ 'jwt with a cookie', 'true', @jwt, '--jwt-cookie', 'VouchCookie' ],
	[ 'proxy', 'true', '--auth', 'proxy', '--proxy-header', 'X-User', '--proxy-from', '127.0.0.1' ], [ 'none', undef ])
{
	my ($name, $credentials, @args) = @$case;
	$http = $store->start_http(args => [ @args, @names ]);
	is(preflight($http, '/picture-form', @page)->{headers}{'access-control-allow-credentials'}[0], $credentials, "$name: a preflight");
	is(post_json($http, '{}', @page)->{headers}{'access-control-allow-credentials'}[0], $credentials, "$name: an answer");
	$http->stop;
}

# Without --allow-origin there is nothing to tell.
$http = $store->start_http;
$answer = post_json($http, '{"email": "someone@example.org"}', '-H', 'Origin: ' . $http->url);
is($answer->{status}, 200, 'the own page');
is_deeply([ cors_headers($answer), $answer->{headers}{vary} ], [ {}, undef ], 'no CORS headers, no Vary');
is_problem(preflight($http, '/picture-form', @page), 403, qr/origin/, 'a preflight');
$http->stop;

done_testing;

#!/usr/bin/env perl
# test/http/082_auth_proxy.t: --auth=proxy: who may vouch for users, and what is believed of it. And
# which options go together.
use strict;
use warnings;
use Test::More;

use lib 'test/lib';
use Nachet::Test qw(run_command start_command tempdir png);
use Nachet::Http qw(curl post_json form_fields is_problem count_of wait_for_log);

# --- options -----------------------------------------------------------------------------------------------
sub fails
{
	my ($pattern, $name, @args) = @_;
	my ($status, undef, $err) = run_command({ timeout => 30 }, Nachet::Test::nachet_http(), '--listen', '127.0.0.1:0', @args);
	is($status, 2, "$name: exit status");
	like($err, $pattern, "$name: message");
	return;
}

my @proxy = ('--auth', 'proxy', '--proxy-header', 'X-Vouch-User');
fails(qr/--auth must be none, jwt or proxy, not 'basic'/, 'an unknown way', '--auth', 'basic');
fails(qr/requires --jwt-key or --jwt-secret/, 'tokens without a key', '--auth', 'jwt');
fails(qr/require --auth=jwt/, 'a key without --auth=jwt', '--jwt-key', '/nonexistent');
fails(qr/require --auth=jwt/, 'a secret without --auth=jwt', '--jwt-secret', '/nonexistent');
fails(qr/require --auth=jwt/, 'a cookie with a proxy', @proxy, '--proxy-from', 'unix', '--jwt-cookie', 'x');
fails(qr/must be a valid cookie name/, "a cookie's name that is none", '--auth', 'jwt', '--jwt-key', 'x', '--jwt-cookie', 'a b');
fails(qr/--jwt-claim must not be empty/, 'an empty claim', '--auth', 'jwt', '--jwt-key', 'x', '--jwt-claim', '');
fails(qr/requires --proxy-header and --proxy-from/, 'a proxy without an address', @proxy);
fails(qr/requires --proxy-header and --proxy-from/, 'a proxy without a header', '--auth', 'proxy', '--proxy-from', 'unix');
fails(qr/require --auth=proxy/, "a proxy's header without a proxy", '--proxy-header', 'X-User');
fails(qr/must be a valid header name/, "a header's name that is none", '--auth', 'proxy', '--proxy-header', 'X User', '--proxy-from', 'unix');
for my $from ('127.0.0.1/33', '::1/129', '127.0.0.1/', '127.0.0.1/x', '127.0.0', 'localhost', '/24', '127.0.0.1/-1', 'x' x 100)
{
	fails(qr/must be ADDRESS, ADDRESS\/BITS or unix, not '\Q$from\E'/, "--proxy-from $from", @proxy, '--proxy-from', $from);
}
for my $origin ('null', '*', 'nachet.example.org', 'https://nachet.example.org/', 'https://*.example.org', 'https://', 'ftp://x', 'https://u@x')
{
	fails(qr/--allow-origin must be an origin .* not '\Q$origin\E'/, "--allow-origin $origin", '--allow-origin', $origin);
}

# --- the proxy -----------------------------------------------------------------------------------------------
my $store = Nachet::Test->new;
my $http = $store->start_http(args => [ @proxy, '--proxy-from', '192.0.2.0/24', '--proxy-from', '127.0.0.1' ]);
my @user = ('-H', 'X-Vouch-User: Someone@Example.org');
my $good = post_json($http, '{}', @user);
is($good->{status}, 200, "the proxy's user") or diag($good->{body});
is($good->{json}{user_id}, $store->user_id, 'is who it says');
is(post_json($http, '{}', '-H', 'x-vouch-user: someone@example.org')->{status}, 200, 'the header without case');
is(post_json($http, '{"email": "someone@example.org"}', @user)->{status}, 200, 'with the same email in the body');
is_problem(post_json($http, '{"email": "other@example.org"}', @user), 403, qr/email/, "with another's");
is_problem(post_json($http, '{}', '-H', 'X-Vouch-User: stranger@example.org'), 403, qr/stranger/, 'a user who is not registered');

my $answer = post_json($http, '{"email": "someone@example.org"}');
is_problem($answer, 401, qr/sent no user/, 'no header');
is(scalar @{ $answer->{headers}{'www-authenticate'} // [] }, 1, 'a 401 has WWW-Authenticate');
is_problem(post_json($http, '{}', @user, '-H', 'X-Vouch-User: other@example.org'), 401, qr/not a single e-mail/, 'two headers');
is_problem(post_json($http, '{}', @user, @user), 401, qr/not a single e-mail/, 'the same header twice');
for my $value ('a@example.org, someone@example.org', 'some one', "\xff", 'x' x 300)
{
	is_problem(post_json($http, '{}', '-H', "X-Vouch-User: $value"), 401, qr/not a single e-mail/, 'no email: ' . substr $value, 0, 40);
}
is_problem(post_json($http, '{}', '-H', 'X-Vouch-User;'), 401, qr/not a single e-mail/, 'an empty header');
is_problem(post_json($http, '{}', '-H', 'Authorization: Bearer x'), 401, qr/sent no user/, 'a token says nothing here');
is(curl($http->url . '/')->{status}, 200, 'the page needs no user');

my @form = ('-F', 'pictures=@-;filename=a.png;type=image/png');
$answer = curl({ stdin => png(8, 8, 'proxy') }, @user, form_fields(email => undef), @form, $http->url . '/batch-import');
is($answer->{status}, 201, 'an import') or diag($answer->{body});

# Another address of this machine, which is not the proxy's.
SKIP: {
	my @elsewhere = ('--interface', '127.0.0.2');
	skip "can't send from 127.0.0.2 here", 4 if curl(@elsewhere, $http->url . '/')->{status} == 0;
	my $counts = count_of($store);
	is_problem(post_json($http, '{}', @user, @elsewhere), 403, qr/through the proxy/, 'from another address');
	is_problem(curl({ stdin => png(8, 8, 'other') }, @elsewhere, @user, form_fields(email => undef), @form,
		$http->url . '/batch-import'), 403, qr/through the proxy/, 'an import from there');
	is_problem(curl(@elsewhere, $http->url . '/'), 403, qr/through the proxy/, 'and the page');
	is(count_of($store), $counts, 'nothing is left');
}
is($http->stop, 0, 'it stops with 0');

# Ranges of addresses.
for my $case ([ '127.0.0.0/31', 200 ], [ '127.0.0.0/32', 403 ], [ '127.0.0.2/31', 403 ], [ '0.0.0.0/0', 200 ], [ '126.0.0.0/7', 200 ],
	[ '::/0', 403 ], [ '::ffff:127.0.0.1', 403 ], [ 'unix', 403 ], [ '127.255.255.255/8', 200 ])
{
	my ($from, $status) = @$case;
	$http = $store->start_http(args => [ @proxy, '--proxy-from', $from ]);
	is(post_json($http, '{}', @user)->{status}, $status, "--proxy-from $from: $status for 127.0.0.1");
	$http->stop;
}

# A proxy on the same machine, by a path.
my $path = tempdir() . '/http.sock';
for my $case ([ 'unix', 200, 401 ], [ '127.0.0.1', 403, 403 ])
{
	my ($from, $with, $without) = @$case;
	my $program = start_command(Nachet::Test::nachet_http(), '--listen', "unix:$path", '--dbname', $store->conninfo('importer'),
		@proxy, '--proxy-from', $from);
	ok(wait_for_log($program, qr/listening on unix:/), '--listen unix:PATH');
	my @over = ('--unix-socket', $path, '-H', 'Content-Type: application/json', '-d', '{}', 'http://localhost/picture-form');
	is(curl(@user, @over)->{status}, $with, "--proxy-from $from: $with over the path");
	is(curl(@over)->{status}, $without, "--proxy-from $from: $without without the header");
	is($program->stop, 0, 'it stops with 0');
}

done_testing;

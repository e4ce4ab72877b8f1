#!/usr/bin/env perl
# test/http/067_targets.t: what a request's first line may name: a path, with or without a host
# before it, and query parameters where they are taken.
use strict;
use warnings;
use Test::More;

use lib 'test/lib';
use Nachet::Test;
use Nachet::Http qw(curl is_problem connect_to read_answer wait_for_log);

my $store = Nachet::Test->new;
my $http = $store->start_http(args => [ '--server-name', 'nachet.example.org' ]);
my $url = $http->url;
my $host = '127.0.0.1:' . $http->port;
my $good = '{"email": "someone@example.org"}';

sub ask
{
	my ($target, $hosts, %more) = @_;
	my ($method, $body) = ($more{method} // 'GET', $more{body} // '');
	my $socket = connect_to($http);
	print {$socket} "$method $target HTTP/1.1\r\n", (map { "Host: $_\r\n" } @$hosts), "Content-Type: application/json\r\nContent-Length: ", length $body,
		"\r\nX-Request-Id: ", $more{id} // 'x', "\r\n\r\n$body";
	return read_answer($socket);
}

# A host before the path, as clients send it to proxies and as every server must take it.
is(ask("http://$host/", [$host])->{status}, 200, 'a target with a host');
is(ask("HTTP://$host", [$host])->{status}, 200, 'without a path it is that of /');
is(ask("http://$host?x=y", [$host])->{status}, 200, 'and so with a query');
is(ask('https://Nachet.example.org/', ['nachet.example.org'])->{status}, 200, 'https, and another spelling of the name');
is(ask("http://$host/picture-form", [$host], method => 'POST', body => $good, id => 'absolute')->{json}{email}, 'someone@example.org', 'a route');
ok(wait_for_log($http, qr{POST /picture-form 200 .* id=absolute }), 'the log has the path alone');
is_problem(ask("http://$host/nothing", [$host]), 404, qr{nothing at "/nothing"}, 'what is nowhere');
is_problem(ask("http://evil.example.org/", ['evil.example.org']), 421, qr/--server-name.*Host/, 'a foreign host');
is_problem(ask("http://$host/", ['localhost']), 400, qr/differs from the header Host/, 'two hosts');
is_problem(ask("http://localhost/", [$host]), 400, qr/differs from the header Host/, 'two hosts, the other way round');
is_problem(ask("http://user\@$host/", [$host]), 400, qr/differs from the header Host/, 'a user before the host');
is_problem(ask("http:///", [$host]), 400, qr/differs from the header Host/, 'an empty host');
is(ask("http://$host/", [])->{status}, 400, 'no Host');
is_problem(ask("ftp://$host/", [$host]), 404, qr/nothing at "ftp:/, 'another scheme');
is_problem(ask("//$host/", [$host]), 404, qr{nothing at "//}, 'no scheme');

# Query parameters: mail programs, login pages and links append them to the page's address.
for my $path ('/', '/page/main.js')
{
	is(curl("$url$path?$_")->{status}, 200, "$path?$_ is served") for 'lang=fr', 'utm_source=mail&x', '', '&&=', 'a=b?c';
}
is(curl('-I', "$url/?x=y")->{status}, 200, 'by HEAD too');
is_problem(curl('-H', 'Content-Type: application/json', '-d', $good, "$url/picture-form?_=1"), 400, qr/accepts no query parameters/, '/picture-form takes none');
is_problem(curl('-F', 'a=b', "$url/batch-import?_=1"), 400, qr/only query parameter/, '/batch-import takes its own alone');

is($http->stop, 0, 'it stops with 0');

done_testing;

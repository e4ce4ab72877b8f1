#!/usr/bin/env perl
# test/http/090_log.t: the lines that nachet-http writes: one for each request, in both formats,
# whatever a client sends.
use strict;
use warnings;
use Test::More;
use JSON::PP ();

use lib 'test/lib';
use Nachet::Test qw(png poll_until run_command start_command write_file);
use Nachet::Http qw(curl field multipart staged post_body post_json connect_to read_answer is_problem);

my $store = Nachet::Test->new;
my $ID = qr/[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}/;
my $good = '{"email": "someone@example.org"}';
my %service = map { $_ => $store->start_http(args => [ '--log-format', $_ ]) } qw(text json);

# The line of the request with this id, once it is there.
sub line_of
{
	my ($http, $id) = @_;
	return poll_until(sub { return $http->err =~ /^(.*\Q$id\E.*)\n/m ? $1 : undef });
}
sub record_of { my ($id) = @_; return JSON::PP->new->utf8->decode(line_of($service{json}, $id)) }
sub with_id { my ($id) = @_; return ('-H', "X-Request-Id: $id") }

# Ids.
for my $given ('a', 'A-Z.a_z-09', 'x' x 64)
{
	my $answer = post_json($service{text}, $good, with_id($given));
	is($answer->{headers}{'x-request-id'}[0], $given, "the client's id '$given' comes back");
}
my %seen;
for my $given ('', 'x' x 65, 'a b', "a\tb", 'a"b', 'a\\b', 'a;b', "caf\xc3\xa9", "a\xffb", '<script>', 'a,b')
{
	my $id = post_json($service{text}, $good, '-H', "X-Request-Id: $given")->{headers}{'x-request-id'}[0];
	like($id, qr/\A$ID\z/, 'another is made in place of one that could do harm, a UUID of version 7');
	ok(!$seen{$id}++, 'and each once');
}
like(curl($service{text}->url . '/nowhere')->{headers}{'x-request-id'}[0], qr/\A$ID\z/, 'refusals have one');
like(post_json($service{text}, '{}', '-X', 'PUT')->{headers}{'x-request-id'}[0], qr/\A$ID\z/, 'of any kind');

# What a line tells.
my $body = multipart([ 'a.png', png(8, 8, 'a') ]);
post_body($service{text}, $body, with_id('set-1'));
my $size = length $body;
my $TIME = qr/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/;
like(line_of($service{text}, 'set-1'),
	qr{\A$TIME nachet-http: POST /batch-import 201 $size bytes \d+ ms sent=\d+ route=/batch-import client=127\.0\.0\.1 id=set-1 user=-\z},
	'text: an import');
post_json($service{text}, '{"email": "stranger@example.org"}', with_id('no-1'));
like(line_of($service{text}, 'no-1'), qr{/picture-form 403 .* user=-: .*\(NC001\)\z}, 'text: a refusal, with its reason');

my $answer = post_body($service{json}, $body, with_id('set-2'));
my $record = record_of('set-2');
like(delete $record->{time}, qr/\A$TIME\z/, 'JSON: the time');
like(delete $record->{milliseconds}, qr/\A\d+(?:\.\d{1,3})?\z/, 'JSON: how long it took');
is_deeply(
	$record,
	{
		level => 'info', message => 'request', request_id => 'set-2', client => '127.0.0.1', user => undef, method => 'POST',
		path => '/batch-import', route => '/batch-import', status => 200, bytes_received => $size,
		bytes_sent => length $answer->{body}, ending => undef, reason => undef,
	},
	'JSON: all else');
is_problem(curl(with_id('no-2'), $service{json}->url . '/nowhere?token=geheim'), 404, qr/nothing at/, 'a path that is none');
$record = record_of('no-2');
is($record->{route}, 'other', 'JSON: a path that is none has no route');
like($record->{reason}, qr/nothing at/, 'JSON: a refusal has its reason');
is(scalar(grep { !eval { JSON::PP->new->utf8->decode($_) } } split /\n/, $service{json}->err), 0, 'JSON: every line is JSON, the first too');

# No line holds what a client keeps to itself.
for my $format (qw(text json))
{
	my $http = $service{$format};
	curl('-H', 'Authorization: Bearer geheim-1', '-H', 'Cookie: session=geheim-2', with_id("secret-$format-1"),
		$http->url . '/picture-form?token=geheim-3');
	post_json($http, '{"email": "someone@example.org", "token": geheim-4}', with_id("secret-$format-2"));
	post_json($http, '{"email": geheim-5', with_id("secret-$format-3"));
	post_body($http, "geheim-6\r\n$body", with_id("secret-$format-4"));
	line_of($http, "secret-$format-$_") for 1 .. 4;
	unlike($http->err, qr/geheim/, "$format: no header, no query and no body is in a line");
}

# What strangers write stays out of it: a line has the code and the key.
my @strangers = (
	[ 403, 'the user is not registered (NC001)', sub { post_json($_[0], '{"email": "private.stranger@example.org"}', @_[ 1, 2 ]) } ],
	[ 422, 'the data is invalid: zoom_level (NC005)', sub { post_body($_[0], _form(zoom_level => 'private-zoom'), @_[ 1, 2 ]) } ],
	[ 422, 'the data is invalid: nb_seeds (NC005)', sub { post_body($_[0], _form(nb_seeds => '"private" seeds'), @_[ 1, 2 ]) } ],
	[ 422, 'the seed is not registered (NC002)', sub { post_body($_[0], _form(seed_name => 'private plant'), @_[ 1, 2 ]) } ],
	[ 403, 'the user is not registered (NC001)', sub { post_body($_[0], _form(email => 'private@example.org'), @_[ 1, 2 ]) } ],
	[ 422, 'The field "..." is given twice.', sub { post_body($_[0], field('private %22x%22 y' => 1) . _form('private %22x%22 y' => 2), @_[ 1, 2 ]) } ],
	[ 422, 'The field "name" is given twice.', sub { post_body($_[0], field(name => 'private') . _form(name => 'private'), @_[ 1, 2 ]) } ],
	[ 422, 'The file name "..." has an empty component.', sub { post_body($_[0], multipart([ 'private//x.png', 'x' ]), @_[ 1, 2 ]) } ],
	[ 422, 'a picture is not acceptable (NC003)', sub { post_body($_[0], multipart([ 'private.png', 'no picture' ]), @_[ 1, 2 ]) } ],
	[ 400, 'a value is invalid (22', sub { post_json($_[0], '{"email": private}', @_[ 1, 2 ]) } ],
	[ 422, 'the data is invalid: email (NC005)', sub { post_json($_[0], '{"email": ["private@example.org"]}', @_[ 1, 2 ]) } ],
	[ 421, 'for the host "..."', sub { post_json($_[0], $good, @_[ 1, 2 ], '-H', 'Host: private.example.org') } ],
	[ 403, 'the origin "..." may', sub { post_json($_[0], $good, @_[ 1, 2 ], '-H', 'Origin: https://private.example.org') } ]);

# A form with these fields instead of the usual ones.
sub _form
{
	my %fields = (email => $Nachet::Test::EMAIL, seed_name => 'Brassica napus', zoom_level => 20, nb_seeds => 5, @_);
	return join '', (map { field($_ => $fields{$_}) } sort keys %fields), staged([ 'a.png', png(8, 8, 'a') ]);
}
for my $format (qw(text json))
{
	my $count = 0;
	for my $case (@strangers)
	{
		my ($status, $reason, $send) = @$case;
		my $id = "stranger-$format-" . $count++;
		is($send->($service{$format}, with_id($id))->{status}, $status, "$format: $reason: refused");
		my $line = line_of($service{$format}, $id);
		$line = record_of($id)->{reason} if $format eq 'json';
		like($line, qr/\Q$reason\E/, '... for that reason');
	}
	unlike($service{$format}->err, qr/private/, "$format: and nothing that strangers write");
}

# A client can't write lines of its own, nor move the terminal of who reads them.
my @paths = (
	"/a\x1b[2J\x1b]0;x\x07", "/a\"b\\c", "/\xff\xfe\xc3", "/\xe2\x80\xae" . 'gnp', "/\xc2\x9b2J", "/\x7f\x08\x0b",
	"/a,\"status\":200", '/%0d%0aHTTP/1.1', '/' . 'x' x 3000, "/a\rb");
for my $format (qw(text json))
{
	my $http = $service{$format};
	my $count = 0;
	for my $path (@paths)
	{
		my $id = "evil-$format-" . $count++;
		my $socket = connect_to($http);
		print {$socket} "GET $path HTTP/1.1\r\nHost: localhost\r\nX-Request-Id: $id\r\nConnection: close\r\n\r\n";
		next if !read_answer($socket, 20)->{headers}{'x-request-id'};    # libmicrohttpd's own refusal, before us
		my $line = line_of($http, $id);
		unlike($line, qr/[\x00-\x1f\x7f]|\xc2[\x80-\x9f]|\xe2\x80\xae/, "$format: path $count moves no terminal") if $format eq 'text';
		ok(utf8::decode(my $copy = $line), "$format: path $count leaves a line of valid UTF-8");
		next if $format eq 'json' ? record_of($id)->{status} =~ /\A40[04]\z/ : $line =~ m{: GET /\S* 40[04] 0 bytes };
		fail("$format: path $count leaves its line as every other");
	}
	my $name = "\x1b[31m\xe2\x80\xaeb\xff\"\\.png";
	post_body($http, multipart([ $name, 'x' ], [ 'b.png', '' ]), with_id("name-$format"));
	ok(line_of($http, "name-$format") !~ /[\x00-\x1f]/, "$format: nor does a file's name");
}
is(scalar(grep { !eval { JSON::PP->new->utf8->decode($_) } } split /\n/, $service{json}->err), 0, 'JSON: every line still is JSON');
is(scalar(grep { !/\A$TIME nachet-http: / } split /\n/, $service{text}->err), 0, 'text: every line still begins as it should');

# No secret of the connection is told, however it fails.
my $folder = $store->tempdir;
write_file("$folder/services", "[nachet]\nhost=127.0.0.1\nport=1\nuser=u\npassword=geheim-service\ndbname=nachet\n");
write_file("$folder/broken", "[nachet]\nhost=127.0.0.1\nnonsense geheim-broken\n");
chmod 0600, "$folder/services", "$folder/broken";
for my $case (
	[ { PGPASSWORD => 'geheim-environment' }, '-d', 'host=127.0.0.1 port=1 user=u dbname=nachet' ],
	[ { PGSERVICEFILE => "$folder/services" }, '-d', 'service=nachet' ],
	[ { PGSERVICEFILE => "$folder/broken" }, '-d', 'service=nachet' ],
	[ { NACHET_DBNAME => 'host=127.0.0.1 port=1 user=u password=geheim-variable dbname=nachet' } ],
	[ { NACHET_DBNAME => 'postgresql://u:geheim-uri@127.0.0.1:1/nachet' } ],
	[ { PGPASSWORD => 'geheim-real' }, '-d', $store->conninfo('nobody') ])
{
	my ($env, @args) = @$case;
	for my $format (qw(text json))
	{
		my $http = start_command({ env => $env }, Nachet::Test::nachet_http(), '--listen', '127.0.0.1:0', '--admin-listen', '127.0.0.1:0',
			'--log-format', $format, @args);
		poll_until(sub { $http->err =~ m{listening on http://127.0.0.1:(\d+)} && ($http->{url} = "http://127.0.0.1:$1") }) or die $http->err;
		my ($admin) = $http->err =~ m{operators' endpoints on (http://127.0.0.1:\d+)} or die $http->err;
		my $told = post_json($http, $good);
		is_problem($told, 503, qr/database/, 'a database that lets nobody in');
		my ($status, $ps) = run_command('ps', '-o', 'args=', '-p', $http->pid);
		my $shown = join '', map { curl("$admin/$_")->{body} } qw(ready metrics live elsewhere);
		like($shown, qr/nachet_http_requests_total/, 'operators are answered');
		unlike($http->err . $http->out . $told->{body} . $ps . $shown, qr/geheim/, "$format: " . (join ' ', %$env, @args) . ': no secret is told');
		$http->stop;
	}
}

done_testing;

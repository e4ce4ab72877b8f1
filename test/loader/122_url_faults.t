#!/usr/bin/env perl
# test/loader/122_url_faults.t: nachet-load --url when the service, what stands before it, or the
# database goes wrong: tried again where that may help, and told in words where it can't.
#
# A lock that another session holds stops the service at a known place; what stands before it loses chosen requests and
# answers. Nothing here depends on timing.
use strict;
use warnings;

use FindBin ();
use lib "$FindBin::Bin/../lib";
use Nachet::Front ();
use Nachet::Loader qw(@required hold is_whole let_go make_folder wait_until_stopped);
use Nachet::Test qw(free_port gif poll_until sha256 tiff write_file);
use Test::More;

my $store = Nachet::Test->new;
my $http = $store->start_http;
my %options = (env => { PGHOST => '/nonexistent', http_proxy => undef, no_proxy => '*' });

# Arguments of run_load and start_load for an import over this URL, one request at a time.
sub by_url { my ($url, @args) = @_; return ({ %options }, '--url', $url, @required, '-j', 1, @args) }
sub load { return $store->run_load(by_url(@_)) }

sub count_sets { return $store->psql('SELECT count(*) FROM nachet.picture_set') }

# An answer that is no problem document of ours, as proxies give it.
sub answer
{
	my ($status, $body, @headers) = @_;
	return join "\r\n", "HTTP/1.1 $status", 'Content-Type: text/html', 'Content-Length: ' . length $body, 'Connection: close', @headers, '', $body;
}

sub problem
{
	my ($status, $body) = @_;
	return answer($status, $body, 'Retry-After: 1') =~ s{text/html}{application/problem+json}r;
}

# --- what passes ------------------------------------------------------------------------------------------
# The service goes away and comes back, while pictures are sent and while the set is made.
for my $table ('nachet.content_chunk', 'nachet.picture_set')
{
	my ($folder, $files) = make_folder($store, "service $table");
	my $holder = hold($store, $table);
	my $loader = $store->start_load(by_url($http->url, $folder));
	wait_until_stopped($store, $loader, $table, by => 'nachet-http');
	$http->kill_now;
	ok(poll_until(sub { $loader->err =~ /no connection: .*retrying/ }, 60), "a service that dies while $table is waited for is tried again");
	let_go($holder);
	$http = $store->start_http(port => $http->port);
	is($loader->wait(120), 0,
		"a service that dies while $table is waited for is tried again: the import goes on when it is back")
			or diag($loader->err);
	is_whole($store, $loader->out, $files,
		"a service that dies while $table is waited for is tried again: with every byte");
	is(() = $loader->out =~ /\n/g, 1,
		"a service that dies while $table is waited for is tried again: one id");
}

# The database goes away and comes back.
for my $table ('nachet.content_chunk', 'nachet.picture_set')
{
	my ($folder, $files) = make_folder($store, "database $table");
	my $holder = hold($store, $table);
	my $loader = $store->start_load(by_url($http->url, $folder));
	wait_until_stopped($store, $loader, $table, by => 'nachet-http');
	$store->stop('immediate');
	ok(poll_until(sub { $loader->err =~ /retrying/ }, 60), "a database that dies while $table is waited for is tried again");
	like($loader->err, qr/database/,
		"a database that dies while $table is waited for is tried again: named");
	$store->start;
	is($loader->wait(120), 0,
		"a database that dies while $table is waited for is tried again: the import goes on when it is back")
			or diag($loader->err);
	is_whole($store, $loader->out, $files,
		"a database that dies while $table is waited for is tried again: with every byte");
}

# Contents that are swept away between their sending and their set.
{
	my ($folder, $files) = make_folder($store, 'swept');
	my $unused = 'SELECT count(*) FROM nachet.content c WHERE NOT EXISTS (SELECT FROM nachet.picture WHERE content_id = c.id)';
	my $before = $store->psql($unused);
	my $front = Nachet::Front->new($http->port, sub {
		# Once all has been sent, the request for the set finds nothing there any more.
		if (!-e "$folder.swept" && $store->psql($unused) == $before + 21)
		{
			$store->psql("SELECT nachet.sweep_contents('0 s')");
			write_file("$folder.swept", '');
		}
		return;
	});
	my ($status, $out, $err) = load($front->url, '-v', $folder);
	is($status, 0, 'an import whose contents are swept away goes on') or diag($err);
	like($err, qr/a sweep removed contents during the import: sending them again/,
		'an import whose contents are swept away goes on: says so');
	is_whole($store, $out, $files, 'an import whose contents are swept away goes on: with every byte');
}

# Lines that break, answers that are lost, and refusals that pass: at every third request, so that each kind is met.
my %faults = (
	'a line that breaks in the body' => sub { my ($length) = @_; return { cut => int $length / 2 } },
	'an answer that is lost' => sub { return { lose => 1 } },
	'503 of the service' => sub { return problem('503 Service Unavailable', '{"title": "Service Unavailable", "detail": "Too many requests."}') },
	'502 of a proxy' => sub { return answer('502 Bad Gateway', '<html>nothing') },
	'429' => sub { return answer('429 Too Many Requests', '') },
	'408' => sub { return answer('408 Request Timeout', '') });
for my $fault (sort keys %faults)
{
	my ($folder, $files) = make_folder($store, $fault);
	my $front = Nachet::Front->new($http->port, sub { my ($count, $path, $length) = @_; return $count % 3 == 2 ? $faults{$fault}->($length) : undef });
	my $sets = count_sets();
	my ($status, $out, $err) = load($front->url, $folder);
	is($status, 0, "$fault, again and again: it is tried again") or diag($err);
	# A line that breaks before it has answered anything is made anew by libcurl itself, once.
	cmp_ok(scalar(() = $err =~ /retrying in/g), '>=', $fault =~ /\Aan? / ? 1 : 3,
		"$fault, again and again: says so") or diag($err);
	is_whole($store, $out, $files, "$fault, again and again: with every byte");
	is(count_sets(), $sets + 1, "$fault, again and again: in one set");
}
{
	my ($folder) = make_folder($store, 'retry after');
	my $front = Nachet::Front->new($http->port, sub { return $_[0] == 2 ? answer('503 Busy', '', 'Retry-After: 3') : undef });
	my (undef, undef, $err) = load($front->url, $folder);
	like($err, qr/retrying in 3\.0 s/, 'Retry-After is kept to');
}

# A proxy that takes no long requests.
{
	my ($folder, $files) = make_folder($store, '413');
	my $front = Nachet::Front->new($http->port, sub { return $_[2] > 3000 && $_[1] =~ /stage/ ? answer('413 Too Large', '') : undef });
	my ($status, $out, $err) = load($front->url, '--exclude', 'x-large.tif', $folder);
	delete $files->{'x-large.tif'};
	is($status, 0, 'what is too long for a proxy is sent in pieces') or diag($err);
	is_whole($store, $out, $files, 'what is too long for a proxy is sent in pieces: with every byte');
	($status, $out, $err) = load($front->url, $folder);
	is($status, 1, 'a picture that is too long for a proxy');
	like($err, qr{pictures/x-large\.tif: is larger than the service, or a proxy before it, accepts$}m,
		'a picture that is too long for a proxy: is named');
}

# --- what does not pass ----------------------------------------------------------------------------------
my ($folder, $files) = make_folder($store, 'bad');
my $sets = count_sets();
my ($status, $out, $err) = load('http://127.0.0.1:' . free_port(), $folder);
is($status, 4, 'nobody is there: status 4, at once');
like($err, qr/\Anachet-load: error: no connection to the service: .*127\.0\.0\.1.*\n\z/,
	'nobody is there: one line that names the address');
($status, $out, $err) = load('http://nobody.invalid', $folder);
is($status, 4, 'a name that is not known: status 4');
like($err, qr/no connection to the service: .*nobody\.invalid/, 'a name that is not known: named');

my @answers = (
	[ 'a wrong path', undef, 1, qr{error: There is nothing at ".*/picture-form".*\nnachet-load: hint: --url must be} ],
	[ 'something else that answers', answer('200 OK', '<html>hello'), 1, qr/error: \S+ does not respond like nachet-http\nnachet-load: hint: --url/ ],
	[ 'something else that says not found', answer('404 Not Found', 'no'), 1, qr/error: \S+ answers with the HTTP status 404\nnachet-load: hint: --url/ ],
	[ 'JSON of somebody else', answer('200 OK', '{"a": 1}') =~ s{text/html}{application/json}r, 1, qr/"limits" is missing or invalid/ ],
	[ 'no whole JSON', answer('200 OK', '{"limits": ') =~ s{text/html}{application/json}r, 1, qr/not respond like nachet-http/ ],
	[ 'a redirect', answer('301 Moved Permanently', '', 'Location: https://elsewhere.example/x'), 1,
		qr{answers with a redirect to https://elsewhere\.example/x\nnachet-load: hint: Redirects are not followed} ],
	[ 'a redirect that ends within a character', answer('301 Moved Permanently', '', "Location: https://elsewhere.example/\xc2"), 1,
		qr{answers with a redirect to https://elsewhere\.example/\S*\nnachet-load: hint: Redirects are not followed} ],
	[ '401', answer('401 Unauthorized', '', 'WWW-Authenticate: Bearer'), 1, qr/hint: Use --token-file/ ],
	[ 'words with control characters', problem('403 Forbidden', qq({"detail": "no \\u001b[31mred\\u009b\\nmore\\u0007", "hint": "a\\rb"})), 1,
		qr/\Anachet-load: error: no \\x1b\[31mred\\xc2\\x9b\nnachet-load: detail: more\\x07\nnachet-load: hint: a\\x0db\n\z/ ],
	[ 'an endless answer', answer('200 OK', '{"a": "' . ('x' x 5_000_000) . '"}') =~ s{text/html}{application/json}r, 1, qr/not respond like nachet-http/ ],
	[ 'no HTTP at all', "SSH-2.0-OpenSSH_9.2\r\n", 4, qr/no connection to the service: / ],
);
for my $case (@answers)
{
	my ($what, $bytes, $wanted, $words) = @$case;
	my $front = Nachet::Front->new($http->port, sub { return $bytes });
	($status, $out, $err) = load(defined $bytes ? $front->url : $http->url . '/nowhere', $folder);
	is($status, $wanted, "$what: status $wanted");
	like($err, $words, "$what: in words");
	is($out, '', "$what: no id");
}

# Answers that no service of ours gives, to each request of an import whose one picture is stored already: the form, may this
# be imported, what is missing, the set.
my $small = $store->tempdir . '/small';
write_file("$small/a.gif", gif('small'));
my $stored = sha256(gif('small'));
($status, my $small_id, $err) = load($http->url, $small);
is($status, 0, 'a picture is stored') or diag($err);
$sets = count_sets();

# JSON, a status, and in which request.
sub json { my ($body, $first, $status) = @_; return [ $first // 1, answer($status // '200 OK', $body) =~ s{text/html}{application/json; charset=utf-8}r ] }
my $no_service = qr/error: \S+ does not respond like nachet-http\n/;
for my $case (
	[ 'a list', json('[1]'), 1, $no_service ], [ 'a text', json('"text"'), 1, $no_service ], [ 'nothing', json(''), 1, $no_service ],
	[ 'a member twice', json('{"limits": {}, "limits": {}}'), 1, $no_service ],
	[ '201 without JSON', [ 1, answer('201 Created', 'yes') ], 1, $no_service ],
	[ '405', json('', 1, '405 Not Allowed'), 1, qr/HTTP status 405\n.*hint: --url must be/ ],
	[ '413', json('', 1, '413 Too Large'), 1, qr/HTTP status 413\n.*hint: The service, or a proxy before it, does not accept requests of this size/ ],
	[ '401 to a token', [ 1, answer('401 Unauthorized', '') ], 1, qr/hint: The token in --token-file is invalid or has expired/, 'token' ],
	[ '500 without a reason', [ 1, problem('500 Error', '{}') ], 1, qr/error: \S+ answers with the HTTP status 500\n/ ],
	[ '500 with a code', [ 1, problem('500 Error', '{"title": "Error", "code": "XX001"}') ], 1, qr/error: Error\n/ ],
	[ 'codes that are none', [ 1, problem('400 Bad Request', '{"detail": "no", "code": "ab"}') ], 1, qr/error: no\n/ ],
	[ 'a code of small letters', [ 1, problem('400 Bad Request', '{"detail": "no", "code": "nch01", "hint": 7}') ], 1, qr/error: no\n\z/ ],
	[ 'a detail that is no text', [ 1, problem('400 Bad Request', '{"detail": 7, "title": "Bad"}') ], 1, qr/error: Bad\n/ ],
	[ 'an empty detail', [ 1, problem('400 Bad Request', '{"detail": "", "title": "Bad"}') ], 1, qr/HTTP status 400\n/ ],
	[ '501', json('', 1, '501 Not Implemented'), 1, qr/HTTP status 501\n/ ], [ '505', json('', 1, '505 Version'), 1, qr/HTTP status 505\n/ ],
	[ '504', json('', 1, '504 Timeout'), 4, qr/HTTP status 504\n/ ],
	[ 'limits that are no object', json('{"limits": 1}'), 1, qr/"limits" is missing or invalid/ ],
	[ 'a missing that is no list', json('{"missing": "x"}', 3), 1, qr/"missing" is missing or invalid/ ],
	[ 'no missing', json('{}', 3), 1, qr/"missing" is missing or invalid/ ],
	[ 'a missing number', json('{"missing": [1]}', 3), 1, qr/"missing" is missing or invalid/ ],
	[ 'a missing text', json('{"missing": ["' . 'x' x 64 . '"]}', 3), 1, qr/"missing" is missing or invalid/ ],
	[ 'a missing short text', json('{"missing": ["00"]}', 3), 1, qr/"missing" is missing or invalid/ ],
	[ 'a missing picture that was not asked about', json('{"missing": ["' . '0' x 64 . '"]}', 3), 1, qr/"missing" is missing or invalid/ ],
	[ 'a missing picture twice', json(qq({"missing": ["$stored", "$stored"]}), 3), 1, qr/"missing" is missing or invalid/ ],
	[ 'no id', json('{}', 4), 1, qr/"picture_set_id" is missing or invalid/ ], [ 'a number as id', json('{"picture_set_id": 7}', 4), 1, qr/"picture_set_id" is missing or invalid/ ],
	[ 'a short id', json('{"picture_set_id": "0"}', 4), 1, qr/"picture_set_id" is missing or invalid/ ],
	[ 'an id with capitals', json('{"picture_set_id": "' . uc(substr $small_id, 0, 36) . '"}', 4), 1, qr/"picture_set_id" is missing or invalid/ ])
{
	my ($what, $wrong, $wanted, $words, $token) = @$case;
	my ($nth, $bytes) = @$wrong;
	my $odd = Nachet::Front->new($http->port, sub { return $_[0] == $nth ? $bytes : undef });
	my $file = write_file("$small.token", 'abc');
	chmod 0600, $file;
	($status, $out, $err) = load($odd->url, '--retries', 0, $token ? ('--token-file', $file) : (), $small);
	is($status, $wanted, "$what as answer $nth: status $wanted") or diag($err);
	like($err, $words, "$what as answer $nth: in words");
	is($out, '', "$what as answer $nth: no id");
}
for my $staged ([ 'a text for a picture', '["x"]', qr/changed on the way/ ], [ 'a number for a hash', '[{"sha256": 1}]', qr/changed on the way/ ],
	[ 'a reason of two lines', qq([{"sha256": "STORED", "reason": "first\\nsecond"}]), qr{x\.gif: first\n\z} ],
	[ 'two pictures', '[{}, {}]', qr/"pictures" is missing or invalid/ ], [ 'no list', '7', qr/"pictures" is missing or invalid/ ])
{
	my ($what, $pictures, $words) = @$staged;
	my $new = gif("staged $what");
	write_file("$small.new/x.gif", $new);
	my $answer = json('{"pictures": ' . ($pictures =~ s/STORED/sha256($new)/er) . '}')->[1];
	my $odd = Nachet::Front->new($http->port, sub { return $_[1] =~ /stage/ ? $answer : undef });
	($status, $out, $err) = load($odd->url, "$small.new");
	is($status, 1, "$what for what was staged: status 1") or diag($err);
	like($err, $words, "$what for what was staged: in words");
}

# Limits that are none bound nothing.
my $boundless = Nachet::Front->new($http->port, sub { return $_[0] == 1 ? json('{"limits": {"picture_bytes": "x", "request_bytes": -1, "request_pictures": 0}}')->[1] : undef });
($status, $out, $err) = load($boundless->url, $small);
is("$status $out", "0 $small_id", 'limits that are no numbers above 0 are none') or diag($err);

# A service that misses for ever what it has: the loader does not send it for ever.
my $forgetful = Nachet::Front->new($http->port, sub { return $_[0] >= 4 && $_[0] % 2 == 0 ? problem('409 Conflict', '{"detail": "Not stored yet."}') : undef });
($status, $out, $err) = load($forgetful->url, '-v', $small);
is($status, 1, 'a service that always misses a picture: status 1') or diag($err);
is(scalar(() = $err =~ /a sweep removed contents during the import: sending them again/g), 5,
	'a service that always misses a picture: after five times of sending again');
like($err, qr/error: Not stored yet\.\n/, 'a service that always misses a picture: in words');
is(count_sets(), $sets, 'none of these made a set');

# A service that goes on to fail.
my $front = Nachet::Front->new($http->port, sub { return $_[1] =~ /stage/ ? problem('503 Service Unavailable', '{"detail": "Busy."}') : undef });
($status, $out, $err) = load($front->url, '--retries', 2, $folder);
is($status, 4, 'a service that stays busy: status 4 in the end');
like($err, qr/Busy\..*\(1 of 2\)\n.*Busy\..*\(2 of 2\)\nnachet-load: error: Busy\.\n\z/,
	'a service that stays busy: after as many tries as were asked for');

# A service whose answers are wrong: what it says it stored is not what was sent.
for my $wrong ([ 'other bytes', sub { return '{"pictures": [{"sha256": "' . ('0' x 64) . '", "reason": null}]}' }, qr/x-large\.tif: changed on the way to the service/ ],
	[ 'no picture', sub { return '{"pictures": [{"sha256": "' . sha256($files->{'x-large.tif'}) . '", "reason": "because"}]}' }, qr/x-large\.tif: because/ ],
	[ 'nothing', sub { return '{"pictures": []}' }, qr/"pictures" is missing or invalid/ ])
{
	my ($what, $body, $words) = @$wrong;
	my $liar = Nachet::Front->new($http->port, sub { return $_[1] =~ /stage/ ? answer('200 OK', $body->()) =~ s{text/html}{application/json}r : undef });
	($status, $out, $err) = load($liar->url, '--include', 'x-large.tif', $folder);
	is($status, 1, "a service that says it stored $what: status 1");
	like($err, $words, "a service that says it stored $what: in words");
}
is(count_sets(), $sets, 'none of these made a set');

# --- the user -----------------------------------------------------------------------------------------------
{
	my $holder = hold($store, 'nachet.content_chunk');
	my $loader = $store->start_load(by_url($http->url, $folder));
	wait_until_stopped($store, $loader, 'nachet.content_chunk', by => 'nachet-http');
	$loader->signal('INT');
	is($loader->wait(30), 130, 'an interrupt ends it while the service works: status 130');
	like($loader->err, qr/interrupted: no set was made; at least \d+ of 21 pictures .*are stored/,
		'an interrupt ends it while the service works: says how things stand');
	let_go($holder);
	($status, $out, $err) = load($http->url, $folder);
	is($status, 0,
		'an interrupt ends it while the service works: running it again completes it') or diag($err);
	is_whole($store, $out, $files, 'an interrupt ends it while the service works: with every byte');
}

# A file that changes between its check and its sending.
{
	my ($changing, $bytes) = make_folder($store, 'changes');
	my $once = "$changing.changed";
	my $changer = Nachet::Front->new($http->port, sub {
		# Asked about, and not yet sent.
		write_file("$changing/x-large.tif", tiff(12_000_001, 'changed')) && write_file($once, '')
			if $_[0] >= 4 && $_[1] !~ /stage/ && !-e $once;
		return;
	});
	($status, $out, $err) = load($changer->url, $changing);
	is($status, 1, 'a file that changes meanwhile stops the import') or diag($err);
	like($err, qr{x-large\.tif: changed while it was being imported},
		'a file that changes meanwhile stops the import: is named');
	$bytes->{'x-large.tif'} = tiff(12_000_001, 'changed');
	($status, $out, $err) = load($changer->url, $changing);
	is($status, 0,
		'a file that changes meanwhile stops the import: running it again imports it as it is now')
			or diag($err);
	is_whole($store, $out, $bytes, 'a file that changes meanwhile stops the import: with every byte');
}

done_testing;

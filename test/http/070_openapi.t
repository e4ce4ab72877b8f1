#!/usr/bin/env perl
# test/http/070_openapi.t: doc/openapi.yaml holds: every status that it names is provoked from a
# running service, whose answers are as it says, and there is no route and no status that it does
# not name.
use strict;
use warnings;
use Test::More;

use JSON::PP ();
use JSON::Validator ();
use YAML::XS ();

use lib 'test/lib';
use Nachet::Test qw(png jpeg poll_until sha256);
use Nachet::Http qw(curl multipart staged field post_body post_stage post_manifest manifest post_json connect_to request_head read_answer
	wait_for_log);

{ no warnings 'once'; $YAML::XS::Boolean = 'JSON::PP'; }
my $document = YAML::XS::LoadFile('doc/openapi.yaml');
my %seen;    # "METHOD path" => { status => times }

sub resolve
{
	my ($node) = @_;
	return $node if ref $node ne 'HASH' || !$node->{'$ref'};
	my $at = $document;
	$at = $at->{$_} for split m{/}, $node->{'$ref'} =~ s{\A#/}{}r;
	return resolve($at);
}

# What is wrong with data, by a schema of the document.
sub flaws
{
	my ($schema, $data) = @_;
	my $validator = JSON::Validator->new->schema(
		{ '$schema' => 'https://json-schema.org/draft/2019-09/schema', components => $document->{components}, allOf => [$schema] });
	return join '; ', $validator->validate($data);
}

sub content_for
{
	my ($response, $type) = @_;
	my $plain = $type =~ s/;.*//r;
	my $range = $plain =~ s{/.*}{/*}r;
	return $response->{content}{$plain} // $response->{content}{$range};
}

# Why an answer is not as the document has it; '' where it is.
sub departure
{
	my ($operation, $status, $answer) = @_;
	my $response = resolve($operation->{responses}{$status}) or return "status $status is not in the document: $answer->{body}";
	return $answer->{body} eq '' ? '' : 'a body' if !$response->{content};
	my $content = content_for($response, $answer->{headers}{'content-type'}[0] // '') or return 'another media type';
	for my $name (sort keys %{ $response->{headers} // {} })
	{
		my $value = $answer->{headers}{ lc $name } or return "no header $name";
		my $flaws = flaws(resolve($response->{headers}{$name})->{schema}, $value->[0]);
		return "$name: $flaws" if $flaws;
	}
	my $json = ($answer->{headers}{'content-type'}[0] // '') =~ /json/;
	return 'the body is no JSON' if $json && !defined $answer->{json};
	return flaws($content->{schema}, $json ? $answer->{json} : $answer->{body});
}

# Holds an answer against the document.
sub conforms
{
	my ($method, $path, $status, $answer, $name) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my $operation = $document->{paths}{$path}{ lc $method } or return fail("$method $path is not in the document");
	$seen{"$method $path"}{$status}++ if $answer->{status} == $status;
	my $wrong = $answer->{status} == $status ? departure($operation, $status, $answer) : "status $answer->{status}: $answer->{body}";
	return is($wrong, '', "$method $path: $status" . (defined $name ? ", $name" : ''));
}

# --- the document by itself -----------------------------------------------------------------------------
is($document->{openapi}, '3.1.0', 'OpenAPI 3.1');

# Where there is a key without a value: an unquoted comma in {a: b, c} makes one of what follows it.
sub empty_keys
{
	my ($node, $at) = @_;
	return map { empty_keys($_, $at) } @$node if ref $node eq 'ARRAY';
	return if ref $node ne 'HASH';
	return map { defined $node->{$_} ? empty_keys($node->{$_}, "$at/$_") : "$at/$_" } grep { $_ ne 'examples' } sort keys %$node;
}
is(join(' ', empty_keys($document, '')), '', 'no key is without a value');
is(join(' ', map { $_->{name} } grep { !length($_->{description} // '') } @{ $document->{tags} }), '', 'every tag is described');
my @open;
for my $path (sort keys %{ $document->{paths} })
{
	push @open, grep { my $operation = $document->{paths}{$path}{$_}; $operation && !grep { /\A4/ } keys %{ $operation->{responses} } } qw(get post);
}
is_deeply(\@open, [], 'every operation tells how it refuses');

my %examples;
for my $path (sort keys %{ $document->{paths} })
{
	for my $operation (map { $document->{paths}{$path}{$_} // () } qw(get post))
	{
		my @contents = (resolve($operation->{requestBody} // {})->{content} // {},
			map { resolve($_)->{content} } values %{ $operation->{responses} });
		for my $media (map { values %$_ } @contents)
		{
			for my $example (sort keys %{ $media->{examples} // {} })
			{
				$examples{"$path $example"} = $media->{examples}{$example}{value};
				is(flaws($media->{schema}, $examples{"$path $example"}), '', "$path: the example $example is as its schema has it");
			}
		}
	}
}
my %problem = (type => 'about:blank', title => 'x', status => 400, detail => 'x');
is(flaws({ '$ref' => '#/components/schemas/Problem' }, { %problem }), '', 'a problem');
my %error = (name => 'a', reason => 'is empty', code => 'empty');
is(flaws({ '$ref' => '#/components/schemas/Problem' }, { %problem, errors => [ \%error ], errors_left_out => 1 }), '', 'a problem of a picture');
for my $wrong ([ errors => [] ], [ errors => [ { %error, code => 'else' } ] ], [ errors => [ { name => 'a', code => 'empty' } ] ], [ errors_left_out => 0 ],
	[ status => 200 ], [ more => 1 ], [ detail => undef ], [ code => 'x' ])
{
	isnt(flaws({ '$ref' => '#/components/schemas/Problem' }, { %problem, @$wrong }), '', "a problem with a wrong $wrong->[0]");
}

# --- what goes well -------------------------------------------------------------------------------------
my $store = Nachet::Test->new;
my $limits = [ '--max-picture-size', '100kB', '--max-manifest-size', '50kB', '--max-request-size', '200kB' ];
my $http = $store->start_http(args => [ @$limits, '--admin-listen', '127.0.0.1:0' ]);
wait_for_log($http, qr{operators' endpoints on (\S+)}) or die $http->err;
my ($admin) = $http->err =~ m{operators' endpoints on (\S+)};
my $url = $http->url;
my $json = JSON::PP->new->utf8->canonical;
my @files = ([ 'f/a.png', png(20, 10, 'a') ], [ 'f/b.jpg', jpeg('b') ]);

conforms(GET => '/', 200, curl("$url/"));
conforms(GET => '/', 304, curl('-H', 'If-None-Match: *', "$url/"));
conforms(GET => $_, 200, curl("$admin$_")) for '/live', '/ready', '/metrics';
conforms(GET => $_, 421, curl('-H', 'Host: evil.example.org', "$admin$_")) for '/live', '/ready', '/metrics';
conforms(POST => '/picture-form', 200, post_json($http, $json->encode($examples{'/picture-form user'})), 'the example');
conforms(POST => '/batch-import', 409, post_manifest($http, $json->encode($examples{'/batch-import import'})), 'the example');
conforms(POST => '/batch-import', 200, post_manifest($http, $json->encode($examples{'/batch-import check'})), 'the example of a dry run');
conforms(POST => '/batch-import', 201, post_body($http, multipart(@files)), 'a folder');
conforms(POST => '/batch-import', 200, post_body($http, multipart(@files)), 'the same again');
conforms(POST => '/batch-import', 200, post_stage($http, staged(@files, [ 'text', 'none' ], [ 'empty', '' ])), 'staged');
conforms(POST => '/batch-import', 201, post_manifest($http, manifest({ name => 'other' }, @files)), 'a manifest');
conforms(POST => '/batch-import', 200, post_manifest($http, manifest({ name => 'other' }, @files)), 'the same again');

# --- what is refused of any route -----------------------------------------------------------------------
my %good = (
	'GET /' => [ '-X', 'GET' ],
	'POST /picture-form' => [ '-H', 'Content-Type: application/json', '-d', $json->encode($examples{'/picture-form user'}) ],
	'POST /batch-import' => [ '-H', 'Content-Type: application/json', '-d', manifest(@files) ]);
for my $operation (sort keys %good)
{
	my ($method, $path) = split / /, $operation;
	my @good = @{ $good{$operation} };
	conforms($method, $path, 400, curl(@good, '-H', 'Origin: a', '-H', 'Origin: a', "$url$path"), 'two Origins');
	conforms($method, $path, 400, curl(@good, "$url$path?x=1"), 'a query parameter') if $method eq 'POST';
	conforms($method, $path, 403, curl(@good, '-H', 'Origin: http://evil.example.org', "$url$path"), 'a foreign page') if $method eq 'POST';
	conforms($method, $path, 413, curl({ stdin => 'x' x 300_000 }, '-X', $method, @good[ 0, 1 ], '--data-binary', '@-', "$url$path"), 'too long');
	conforms($method, $path, 415, curl(@good, '-H', 'Content-Encoding: gzip', "$url$path"), 'compressed');
	conforms($method, $path, 417, curl(@good, '-H', 'Expect: tea', "$url$path"), 'an expectation');
	conforms($method, $path, 421, curl(@good, '-H', 'Host: evil.example.org', "$url$path"), 'another host');
}

# --- what is refused of the two -------------------------------------------------------------------------
conforms(POST => '/picture-form', 400, post_json($http, '{'), 'half a document');
conforms(POST => '/picture-form', 403, post_json($http, '{"email": "stranger@example.org"}'), 'a stranger');
conforms(POST => '/picture-form', 415, post_json($http, '{}', '-H', 'Content-Type: text/plain'), 'a text');
conforms(POST => '/picture-form', 422, post_json($http, '{}'), 'nobody');
conforms(POST => '/batch-import', 400, post_body($http, 'x'), 'no form');
conforms(POST => '/batch-import', 400, post_manifest($http, '{"a": 1, "a": 2}'), 'a key that comes twice');
conforms(POST => '/batch-import', 403, post_manifest($http, manifest({ email => 'stranger@example.org' }, @files)), 'a stranger');
conforms(POST => '/batch-import', 403, post_stage($http, field(email => 'stranger@example.org') . staged(@files)), 'a stranger');
conforms(POST => '/batch-import', 413, post_body($http, multipart([ 'a.png', 'x' x 110_000 ])), 'a picture too large');
conforms(POST => '/batch-import', 415, post_body($http, 'x', '-H', 'Content-Type: text/plain'), 'a text');
conforms(POST => '/batch-import', 422, post_body($http, multipart([ 'a.png', 'text' ])), 'no picture');
conforms(POST => '/batch-import', 422, post_body($http, multipart([ $_, 'text' ])), "a file named $_") for '../a', 'a%2Fb%20c.png', 'n' x 2000;
conforms(POST => '/batch-import', 422, post_body($http, multipart([ 'a.png', '' ])), 'an empty file');
conforms(POST => '/batch-import', 422, post_manifest($http, manifest(map { [ 'same.png', $_ ] } 1 .. 3)), 'a name for several pictures');
conforms(POST => '/batch-import', 422, post_manifest($http, manifest({ seed_name => 'Brassica napsu' }, @files)), 'an unknown seed');
conforms(POST => '/batch-import', 422, post_stage($http, field(name => 'x') . staged(@files)), 'a field that is not taken');

# --- no other route -------------------------------------------------------------------------------------
my @routes = sort grep { !$document->{paths}{$_}{servers} } keys %{ $document->{paths} };
my %counted = map { $_ => 1 } grep { $_ ne 'other' } curl("$admin/metrics")->{body} =~ /\broute="([^"]*)"/g;
is_deeply([ sort keys %counted ], \@routes, 'the service has the routes of the document');
my @admin_routes = sort grep { $document->{paths}{$_}{servers} } keys %{ $document->{paths} };
my @told = curl("$admin/none")->{json}{detail} =~ m{(/\w+)}g;
is_deeply([ sort @told ], \@admin_routes, "and so have its operators' endpoints");
for my $path (@routes)
{
	my $other = $document->{paths}{$path}{get} ? 'POST' : 'GET';
	my $answer = curl('-X', $other, "$url$path");
	is($answer->{status}, 405, "$other $path is refused");
	is_deeply([ sort map { lc } grep { $_ ne 'HEAD' } split /, /, $answer->{headers}{allow}[0] ],
		[ sort grep { /\A(?:get|post|put|delete|patch)\z/ } keys %{ $document->{paths}{$path} } ], 'and Allow names what the document has');
}

# --- a database that is away ----------------------------------------------------------------------------
$store->stop;
conforms(POST => '/picture-form', 503, post_json($http, $json->encode($examples{'/picture-form user'})), 'no database');
conforms(POST => '/batch-import', 503, post_body($http, multipart(@files)), 'no database for a folder');
conforms(POST => '/batch-import', 503, post_stage($http, staged(@files)), 'nor for staging');
conforms(POST => '/batch-import', 503, post_manifest($http, manifest(@files)), 'nor for a manifest');
ok(poll_until(sub { curl("$admin/ready")->{status} == 503 }), 'the service is not ready');
conforms(GET => '/ready', 503, curl("$admin/ready"));
$store->start;
$http->stop;

# --- a database without the datastore -------------------------------------------------------------------
my $bare = Nachet::Test->new(extension => 0);
$http = $bare->start_http(role => 'postgres');
conforms(POST => '/picture-form', 500, post_json($http, $json->encode($examples{'/picture-form user'})), 'no datastore');
conforms(POST => '/batch-import', 500, post_manifest($http, manifest(@files)), 'no datastore');
$http->stop;

# --- slow clients, and too many -------------------------------------------------------------------------
$http = $store->start_http(args => [ '--header-timeout', '1', '--idle-timeout', '1' ]);
for my $operation (sort keys %good)
{
	my ($method, $path) = split / /, $operation;
	my $socket = connect_to($http);
	print {$socket} "$method $path HTTP/1.1\r\nHost: localhost\r\n";
	conforms($method, $path, 408, read_answer($socket, 20), 'headers that stop');
}
for my $type ('multipart/form-data; boundary=test', 'application/json')
{
	my $socket = connect_to($http);
	print {$socket} request_head($http, '/batch-import', 'Content-Type' => $type, 'Content-Length' => 1000);
	conforms(POST => '/batch-import', 408, read_answer($socket, 20), "a body of $type that stops");
}
$http->stop;
$http = $store->start_http(args => [ '--max-connections', '1' ]);
my ($idle, $refusal);
ok(poll_until(sub { $idle = connect_to($http); $refusal = curl($http->url . '/'); $refusal->{status} == 503 }), 'a client too many');
conforms(GET => '/', 503, $refusal, 'is told so');
$http->stop;

# --- clients without a token ----------------------------------------------------------------------------
my $key = Nachet::Test::write_file(Nachet::Test::tempdir() . '/key', 'k' x 32);
chmod 0600, $key;
$http = $store->start_http(args => [ '--auth', 'jwt', '--jwt-secret', $key ]);
conforms(POST => '/picture-form', 401, post_json($http, '{}'));
conforms(POST => '/batch-import', 401, post_manifest($http, manifest(@files)), 'a manifest');
conforms(POST => '/batch-import', 401, post_stage($http, staged(@files)), 'staging');
conforms(POST => '/batch-import', 401, post_body($http, multipart(@files)), 'a folder');
conforms(GET => '/', 200, curl($http->url . '/'), 'the page needs none');
$http->stop;

# --- clients beside the proxy ---------------------------------------------------------------------------
$http = $store->start_http(args => [ '--auth', 'proxy', '--proxy-header', 'X-User', '--proxy-from', '192.0.2.1' ]);
conforms(GET => '/', 403, curl($http->url . '/'), 'beside the proxy');
$http->stop;

# --- nothing was left out -------------------------------------------------------------------------------
for my $path (sort keys %{ $document->{paths} })
{
	for my $method (grep { $document->{paths}{$path}{$_} } qw(get post))
	{
		my @documented = sort keys %{ $document->{paths}{$path}{$method}{responses} };
		is_deeply([ sort keys %{ $seen{ uc($method) . " $path" } // {} } ], \@documented, uc($method) . " $path: every status was provoked");
	}
}

done_testing;

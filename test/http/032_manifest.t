#!/usr/bin/env perl
# test/http/032_manifest.t: POST /batch-import with a manifest: a set of contents that are stored
# already, what is missing, and what is refused.
use strict;
use warnings;
use Test::More;

use lib 'test/lib';
use Nachet::Test qw(png bmp jpeg noise sha256 start_command poll_until tempdir write_file);
use Nachet::Session;
use Nachet::Http qw(post_stage staged post_manifest manifest post_json post_body multipart is_problem connect_to request_head
	read_answer count_of);

my $store = Nachet::Test->new;
my $http = $store->start_http(args => [ '--max-manifest-size', '100kB', '--max-picture-size', '1MB' ]);
my @files = map { [ "f/$_.png", png(10 + $_, 9, "m$_") ] } 1 .. 5;
my $bytes = 0;
$bytes += length $_->[1] for @files;
my @hashes = map { sha256($_->[1]) } @files;

is(post_json($http, '{"email": "someone@example.org"}')->{json}{limits}{manifest_bytes}, 100 * 1024, 'how long a manifest may be');

# Nothing is there, some, all.
my $answer = post_manifest($http, manifest(@files, [ 'again.png', $files[0][1] ]));
is_problem($answer, 409, qr/not stored/, 'nothing is stored');
is($answer->{json}{code}, 'NC004', 'with the SQLSTATE');
is_deeply($answer->{json}{missing}, \@hashes, "what is missing, in the manifest's order, each once");
$answer = post_manifest($http, manifest({ dry_run => \1 }, @files));
is_deeply([ $answer->{status}, $answer->{json} ], [ 200, { missing => \@hashes } ], 'the same of a dry run');
is(post_stage($http, staged(@files[ 0, 2 ]))->{status}, 200, 'two are sent');
is_deeply(post_manifest($http, manifest(@files))->{json}{missing}, [ @hashes[ 1, 3, 4 ] ], 'three are missing');
is(post_stage($http, staged(@files[ 1, 3, 4 ]))->{json}{new_bytes}, length($files[1][1]) + length($files[3][1]) + length $files[4][1],
	'which are sent');
$answer = post_manifest($http, manifest({ dry_run => \1 }, @files));
is_deeply([ $answer->{status}, $answer->{json} ], [ 200, { missing => [] } ], 'nothing is missing');
is(count_of($store), '0 0', 'and there is no set yet');

$answer = post_manifest($http, manifest(@files));
is($answer->{status}, 201, 'the set is made');
my $id = $answer->{json}{picture_set_id};
is_deeply($answer->{json}, { picture_set_id => $id, pictures => 5, bytes => $bytes, new_bytes => 0 }, 'the answer');
$answer = post_manifest($http, manifest(reverse @files));
is_deeply([ $answer->{status}, $answer->{json}{picture_set_id} ], [ 200, $id ], 'the same again is the same set');
$answer = post_manifest($http, manifest(@files), '-H', 'Content-Type: application/JSON ; charset="utf-8"', '-H', 'Transfer-Encoding: chunked');
is_deeply([ $answer->{status}, $answer->{json}{picture_set_id} ], [ 200, $id ], 'chunked, and with a charset');
$answer = post_body($http, multipart(map { [ "folder/$_->[0]", $_->[1] ] } @files));
is_deeply([ $answer->{status}, $answer->{json}{new_bytes} ], [ 201, 0 ], 'a form of the same bytes sends nothing new');
is($store->psql("SELECT string_agg(name, ',' ORDER BY name) FROM nachet.picture WHERE picture_set_id = '$id'"),
	join(',', map { $_->[0] } @files), 'names are kept as the manifest has them');
is(count_of($store), '2 10', 'two sets');

# What would be refused is refused, with a dry run and without.
is(post_stage($http, staged([ 'text.png', 'no picture' ]))->{status}, 200, 'bytes that are no picture');
for my $bad (
	[ 422, 'NC003', qr/text\.png/, { }, @files, [ 'text.png', 'no picture' ] ],
	[ 422, 'NC003', qr/text\.png/, { }, [ 'new.png', 'not stored' ], [ 'text.png', 'no picture' ] ],
	[ 422, 'NC003', qr/more than one/, { }, @files, [ 'f/1.png', 'x' ] ],
	[ 422, 'NC003', qr/\.\./, { }, [ '../a.png', 'x' ] ],
	[ 422, 'NC002', qr/Brassica napsu/, { seed_name => 'Brassica napsu' }, @files ],
	[ 422, 'NC005', qr/seed_name/, { seed_name => undef }, @files ],
	[ 422, 'NC005', qr/zoom_level/, { zoom_level => 0 }, @files ],
	[ 422, 'NC005', qr/nb_seeds/, { nb_seeds => 1.5 }, @files ],
	[ 422, 'NC005', qr/name/, { name => "a\nb" }, @files ],
	[ 422, 'NC005', qr/pictures/, { pictures => undef } ],
	[ 422, 'NC005', qr/entry 1 of "pictures" is not an object/, { pictures => ['a'] } ],
	[ 422, 'NC005', qr/sha256/, { pictures => [ { name => 'a', sha256 => 'z' x 64 } ] } ],
	[ 422, 'NC005', qr/sha256/, { pictures => [ { name => 'a', sha256 => '0' x 65 } ] } ],
	[ 422, 'NC005', qr/entry 1 of "pictures" has an unknown member "seed_name"/, { pictures => [ { name => 'a', sha256 => '0' x 64, seed_name => 'Zea mays' } ] } ],
	[ 403, 'NC001', qr/stranger/, { email => 'stranger@example.org' }, @files ],
	[ 422, 'NC005', qr/email/, { email => undef }, @files ])
{
	my ($status, $code, $detail, $more, @pictures) = @$bad;
	for my $dry_run ([], [ dry_run => \1 ])
	{
		$answer = post_manifest($http, manifest({ %$more, @$dry_run }, @pictures));
		is_problem($answer, $status, $detail, "$code $detail" . (@$dry_run ? ', dry run' : ''));
		is($answer->{json}{code}, $code, 'with the SQLSTATE');
	}
}
is_problem(post_manifest($http, manifest({})), 422, qr/at least one/, 'no picture');
is_deeply(post_manifest($http, manifest({ dry_run => \1 }))->{json}, { missing => [] },
	'a dry run of none asks whether user, seed and data are right');
is_problem(post_manifest($http, manifest({ dry_run => 'yes' }, @files)), 422, qr/dry_run/, 'a wrong dry_run');
is_problem(post_manifest($http, '{"zoom_level": 1e400,' . substr(manifest({ zoom_level => undef }, @files), 1)), 422, qr/zoom_level/,
	'a number beyond any');

# What is no JSON, or not clear.
my $good = manifest(@files);
is_problem(post_manifest($http, substr $good, 0, -1), 400, qr/json/, 'half a manifest');
is_problem(post_manifest($http, ''), 400, qr/empty/, 'an empty body');
is_problem(post_manifest($http, "$good$good"), 400, qr/json/, 'two manifests');
is_problem(post_manifest($http, '[]'), 422, qr/object/, 'an array');
is_problem(post_manifest($http, '"x"'), 422, qr/object/, 'a string');
is_problem(post_manifest($http, $good =~ s/f\/1/f\xff1/r), 400, qr/UTF-8/, 'invalid UTF-8');
is_problem(post_manifest($http, $good =~ s/f\/1/f\0001/r), 400, qr/NUL/, 'a NUL byte');
is_problem(post_manifest($http, $good =~ s/f\/1/f\\u00001/r), 400, qr/Unicode escape/, 'an escaped NUL');
is_problem(post_manifest($http, $good =~ s/f\/1/f\\ud8001/r), 400, qr/type json/, 'half a surrogate pair');
is_problem(post_manifest($http, '{"zoom_level": 30,' . substr $good, 1), 400, qr/twice/, 'a key that comes twice');
is_problem(post_manifest($http, $good =~ s/\{"name":"/{"name":"other","name":"/r), 400, qr/twice/, 'and one inside');
is_problem(post_manifest($http, '{"x":1e999999999,' . substr $good, 1), 400, qr/overflows numeric/, 'a number that nothing holds');
is_problem(post_manifest($http, '[' x 100_000), 413, qr/too many values/, 'nested beyond reason');
is_problem(post_manifest($http, '{"a":' x 20_000), 413, qr/too many values/, 'and objects');
is_problem(post_manifest($http, '{"x":"' . ('y' x 102_400) . '",' . substr $good, 1), 413, qr/102400/, 'a manifest too long');
is_problem(post_manifest($http, '{"x":"' . ('y' x 102_400) . '",' . substr($good, 1), '-H', 'Transfer-Encoding: chunked'), 413, qr/102400/,
	'and chunked');
for my $type ('application/jsonx', 'application/json; charset=latin1', 'text/json', 'multipart/mixed; boundary=x', '')
{
	is_problem(post_manifest($http, $good, '-H', "Content-Type:" . ($type && " $type")), 415, qr/application\/json/, "Content-Type $type");
}
is_problem(Nachet::Http::curl('-X', 'PUT', '-d', $good, '-H', 'Content-Type: application/json', $http->url . '/batch-import'), 405, qr/POST/, 'PUT');
for my $query ('stage', 'stage=', 'stage=1', 'stage=True', 'Stage=true', 'stage=true&stage=true', 'stage=true&x=1', 'dry_run=true', '=', 'stage=%74rue')
{
	is_problem(Nachet::Http::curl('-d', $good, '-H', 'Content-Type: application/json', $http->url . "/batch-import?$query"), 400,
		qr/query parameter/, "?$query");
}
is(Nachet::Http::curl('-d', $good, '-H', 'Content-Type: application/json', $http->url . '/batch-import?stage=false')->{status}, 200, '?stage=false');

# Refusals come before the body where the client waits for leave.
for my $case (
	[ 413, qr/102400/, '/batch-import', 'Content-Type' => 'application/json', 'Content-Length' => 102_401 ],
	[ 415, qr/multipart/, '/batch-import?stage=true', 'Content-Type' => 'application/json', 'Content-Length' => 10 ],
	[ 415, qr/json/, '/batch-import', 'Content-Type' => 'text/plain', 'Content-Length' => 10 ],
	[ 400, qr/query/, '/batch-import?x=1', 'Content-Length' => 10 ],
	[ 400, qr/boundary/, '/batch-import?stage=true', 'Content-Type' => 'multipart/form-data', 'Content-Length' => 10 ])
{
	my ($status, $detail, $path, %headers) = @$case;
	my $socket = connect_to($http);
	print {$socket} request_head($http, $path, %headers, Expect => '100-continue');
	$answer = read_answer($socket, 10);
	is_problem($answer, $status, $detail, "$path: $status before the body");
	is_deeply($answer->{interim}, [], 'without leave to send it');
}
is(count_of($store), '2 10', 'nothing more was stored');
is($http->stop, 0, 'it stops with 0');

# A long manifest goes through a file; the next one waits for its memory, and is told so where that takes too long.
my $dir = tempdir();
$http = $store->start_http(args => [ '--spool-dir', $dir, '--max-manifest-size', '40MB', '--pool-wait', '1' ]);
for my $count (20_000, 200_000)
{
	my $pictures = join ',', map { sprintf '{"name":"long/%d.png","sha256":"%064x"}', $_, $_ } 1 .. $count;
	$answer = post_manifest($http,
		qq({"email":"someone\@example.org","seed_name":"Brassica napus","zoom_level":20,"nb_seeds":5,"pictures":[$pictures]}));
	is_problem($answer, 409, qr/not stored/, "a manifest of $count pictures");
	is_deeply($answer->{json}{missing}, [ map { sprintf '%064x', $_ } 1 .. $count ], 'all of them are missing, in order');
}

my $locks = Nachet::Session->new($store);
$locks->run('BEGIN; LOCK nachet.users IN ACCESS EXCLUSIVE MODE');
my $padded = $good =~ s/"name":"/'"name":"' . 'y' x 30_000_000/er;
write_file("$dir/manifest.json", $padded);
my $first = start_command('curl', '-sS', '-i', '-H', 'Content-Type: application/json', '-H', 'Expect:', '--data-binary', "\@$dir/manifest.json",
	$http->url . '/batch-import');
ok(poll_until(sub { $store->psql("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'nachet-http' AND wait_event_type = 'Lock'") > 0 }),
	'a long manifest is in the hands of the database');
is_problem(post_manifest($http, $padded), 503, qr/other large requests/, 'a second one is told to come again');
$locks->run('ROLLBACK');
$first->wait(60);
is(Nachet::Http::parse_answer($first->out)->{status}, 422, 'and the first one gets its answer: a name that long is not taken');
$first->forget;
is_deeply([ grep { !/manifest\.json$/ } glob "$dir/*" ], [], 'no file is left');
is($http->stop, 0, 'it stops with 0');

done_testing;

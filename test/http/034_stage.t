#!/usr/bin/env perl
# test/http/034_stage.t: POST /batch-import?stage=true: bytes are stored without a set, and each
# part's answer says what they are.
use strict;
use warnings;
use Test::More;

use lib 'test/lib';
use Nachet::Test qw(png bmp jpeg gif noise sha256);
use Nachet::Http qw(post_stage staged field part post_body multipart post_manifest manifest is_problem connect_to request_head
	read_answer count_of);

my $store = Nachet::Test->new;
my $http = $store->start_http(args => [ '--max-picture-size', '1MB', '--max-pictures', '1500', '--senders', '1' ]);
my $jpeg = jpeg('cut', 50_000);
my @files = ([ "f/gr\xc3\xb6\xc3\x9fe %22x%22.png", png(64, 48, 'a') ], [ 'b.bmp', bmp(20, 10, 'b') ], [ 'cut.jpg', substr $jpeg, 0, 40_000 ],
	[ '../text', 'no picture' ], [ 'empty.png', '' ], [ '.DS_Store', 'clutter' ], [ 'again.bmp', bmp(20, 10, 'b') ]);
my ($bytes, $new) = (0, 0);
my %seen;
for my $file (@files) { $bytes += length $file->[1]; $new += length $file->[1] if !$seen{ $file->[1] }++ }
sub contents { return $store->psql('SELECT count(*) FROM nachet.content') }

my $answer = post_stage($http, staged(@files));
is($answer->{status}, 200, 'files of all kinds');
my @pictures = @{ $answer->{json}{pictures} };
is_deeply([ map { $_->{name} } @pictures ], [ "f/gr\x{f6}\x{df}e \"x\".png", map { $_->[0] } @files[ 1 .. 6 ] ],
	'the names, as they were sent, in order');
is_deeply([ map { $_->{size} } @pictures ], [ map { length $_->[1] } @files ], 'the sizes');
is_deeply([ map { $_->{sha256} } @pictures ], [ map { sha256($_->[1]) } @files ], 'the hashes');
is_deeply([ map { [ @$_{qw(format width height reason)} ] } @pictures[ 0, 1, 6 ] ],
	[ [ 'PNG', 64, 48, undef ], [ 'BMP', 20, 10, undef ], [ 'BMP', 20, 10, undef ] ], 'what the pictures are');
is_deeply([ map { [ @$_{qw(format width height)} ] } @pictures[ 2 .. 5 ] ], [ ([ undef, undef, undef ]) x 4 ], 'and what are none');
like($pictures[2]{reason}, qr/truncated/, 'why: truncated');
like($pictures[3]{reason}, qr/not a picture/, 'why: no picture');
like($pictures[4]{reason}, qr/empty/, 'why: empty');
is_deeply([ map { $_->{code} } @pictures ], [ undef, undef, qw(truncated not_a_picture empty not_a_picture), undef ], 'and the same for programs');
is_deeply([ sort keys %{ $pictures[0] } ], [qw(code format height name reason sha256 size width)], 'and no more');
is_deeply([ @{ $answer->{json} }{qw(bytes new_bytes)} ], [ $bytes, $new ], 'bytes in all, and new ones');
is(contents(), 5, 'each content is stored once');
is(count_of($store), '0 0', 'in no set');

$answer = post_stage($http, staged(@files));
is_deeply([ @{ $answer->{json} }{qw(bytes new_bytes)} ], [ $bytes, 0 ], 'the same again is nothing new');
is_deeply($answer->{json}{pictures}, \@pictures, 'and the same facts');
is(post_stage($http, staged(@files), '-H', 'Transfer-Encoding: chunked')->{status}, 200, 'chunked');
is(post_manifest($http, manifest([ 'a.png', $files[0][1] ], [ 'b.bmp', $files[1][1] ]))->{status}, 201, 'a manifest takes them');
$answer = post_manifest($http, manifest([ 'cut.jpg', $files[2][1] ]));
is_problem($answer, 422, qr/cut\.jpg: \Q$pictures[2]{reason}\E/, 'and refuses what is no picture, in the same words');
is($store->psql("SELECT contents FROM nachet.sweep_contents('0')"), 3, 'what no manifest names is swept');

# Who asks.
is(post_stage($http, field(email => 'Someone@example.org') . staged([ 'a', 'who 1' ]))->{status}, 200, 'a registered user');
my $before = contents();
$answer = post_stage($http, field(email => 'stranger@example.org') . staged([ 'a', 'who 2' ]));
is_problem($answer, 403, qr/stranger/, 'a stranger');
is($answer->{json}{code}, 'NC001', 'with the SQLSTATE');
is_problem(post_stage($http, field(email => '') . staged([ 'a', 'who 2' ])), 403, qr/user "" is not registered/, 'an empty email');
is_problem(post_stage($http, field(email => "x\0y") . staged([ 'a', 'who 2' ])), 400, qr/NUL/, 'an email with a NUL');
$answer = post_stage($http, staged([ 'a', 'who 2' ]), 'anonymous');
is_problem($answer, 422, qr/"email" is missing/, 'nobody');
is_deeply([ @{ $answer->{json} }{qw(code hint)} ], [ 'NC005', 'Send the field "email" before the files.' ], 'with what to do');
is_problem(post_stage($http, substr(staged([ 'a', 'who 2' ]), 0, -2 - length("--$Nachet::Http::BOUNDARY--")) . field(email => 'someone@example.org') . staged(), 'anonymous'),
	422, qr/"email" is missing/, 'an email after the files');
is(contents(), $before, 'nothing is stored for strangers');

# What is not taken.
for my $name (qw(seed_name name dry_run pictures Email))
{
	is_problem(post_stage($http, field($name => 'x') . staged([ 'a', 'field' ])), 422, qr/\Q$name\E/, "a field $name");
}
is_problem(post_stage($http, field(email => 'someone@example.org') x 2 . staged([ 'a', 'x' ])), 422, qr/twice/, 'two emails');
is_problem(post_stage($http, staged()), 422, qr/no picture/, 'no part');
is_problem(post_stage($http, field(email => 'someone@example.org') . staged()), 422, qr/no picture/, 'no file');
is_problem(post_stage($http, staged([ '', 'x' ])), 422, qr/no name/, 'bytes without a name');
is_problem(post_stage($http, staged([ "a\xff", 'x' ])), 422, qr/UTF-8/, 'a name that is no UTF-8');
is_problem(post_stage($http, staged([ 'n' x 1025, 'x' ])), 422, qr/1,024/, 'a name of 1,025 bytes');
is(post_stage($http, staged([ "a%0D%0Ab\xf0\x9f\x8c\xb1", 'x' ]))->{json}{pictures}[0]{name}, "a\r\nb\x{1f331}", 'other names are echoed');
$answer = post_stage($http, staged([ 'f%2F%C3%A4.png', 'x' ]));
is_problem($answer, 422, qr/looks percent-encoded/, 'a name as aiohttp encodes it');
like($answer->{json}{hint}, qr/quote_fields=False.*manifest/, '... with the ways out');
$answer = post_stage($http, staged([ '1', png(7, 7, 'percent') ]));
my $escaped = post_manifest($http, manifest([ 'f%2F%C3%A4.png', png(7, 7, 'percent') ]));
is($escaped->{status}, 201, '... one of which is a manifest') or diag($escaped->{body});
is($store->psql("SELECT name FROM nachet.picture WHERE picture_set_id = '$escaped->{json}{picture_set_id}'"), 'f%2F%C3%A4.png', '... that takes every name as it is');
is_problem(post_stage($http, staged([ 'a', noise(1_048_577, 'x') ])), 413, qr/1048576/, 'a picture too large');
is_problem(post_stage($http, staged(map { [ $_, 'x' ] } 1 .. 1501)), 413, qr/1500/, 'too many pictures');
is(scalar @{ post_stage($http, staged(map { [ $_, '' ] } 1 .. 1500))->{json}{pictures} }, 1500, '1,500 empty parts');
is_problem(post_stage($http, substr(staged([ 'a', 'x' ]), 0, -4)), 400, qr/before the final boundary/, 'no final boundary');
is_problem(post_stage($http, '{}', '-H', 'Content-Type: application/json'), 415, qr/multipart/, 'JSON');
is(post_stage($http, '{}', '-H', 'Content-Type: application/json')->{headers}{accept}[0], 'multipart/form-data', 'and Accept tells what is read');
is($http->stop, 0, 'it stops with 0');

done_testing;

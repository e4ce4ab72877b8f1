#!/usr/bin/env perl
# test/http/035_errors.t: problem documents list the pictures that are refused, each with its name,
# the reason and a code for programs.
use strict;
use warnings;
use Test::More;

use Encode qw(decode);

use lib 'test/lib';
use Nachet::Test qw(png bmp jpeg);
use Nachet::Http qw(curl field post_body post_stage post_manifest multipart staged manifest is_problem count_of);

my $store = Nachet::Test->new;
my $http = $store->start_http(args => [ '--max-picture-size', '100kB' ]);
my ($good, $cut) = (png(20, 10, 'a'), substr jpeg('cut', 50_000), 0, 40_000);
my @bad = ([ "sub/\xc3\xa9 %22.jpg", $cut ], [ 'notes.txt', 'no picture' ], [ 'IMG_1.HEIC', "\0\0\0\x18ftypheic" . "\0" x 100 ], [ 'a.cr2', "II*\0\x10\0\0\0CR\2\0" . "\0" x 100 ],
	[ 'Apple.png', "\x89PNG\r\n\x1a\n\0\0\0\4CgBI" . "\0" x 200 ], [ 'scan.pdf', '%PDF-1.7' . "\0" x 100 ], [ 'all.zip', "PK\3\4" . "\0" x 100 ]);
my %codes = ("sub/\x{e9} \".jpg" => 'truncated', 'notes.txt' => 'not_a_picture', 'IMG_1.HEIC' => 'unsupported_format', 'a.cr2' => 'camera_raw',
	'Apple.png' => 'unsupported_variant', 'scan.pdf' => 'document', 'all.zip' => 'archive');

sub codes { my ($answer) = @_; return { map { $_->{name} => $_->{code} } @{ $answer->{json}{errors} // [] } } }

# Holds the list against the detail, which says the same for people.
sub lists
{
	my ($answer, $codes, $name) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	is_deeply(codes($answer), $codes, $name);
	my $detail = $answer->{json}{detail};
	is_deeply([ grep { index($detail, "$_->{name}: $_->{reason}") < 0 } @{ $answer->{json}{errors} } ], [], '... with the reasons of the detail');
	return;
}

my $answer = post_body($http, multipart(map { [ "folder/$_->[0]", $_->[1] ] } [ 'good.png', $good ], @bad));
is_problem($answer, 422, qr/7 pictures are not acceptable/, 'a folder with all kinds of other files');
lists($answer, \%codes, 'each is listed under the name that it would have in the set');
ok(!exists $answer->{json}{errors_left_out}, 'and none is left out');
is(count_of($store), '0 0', 'no set was made');

post_stage($http, staged(@bad));
my @names = map { [ decode("UTF-8", $_->[0]) =~ s{%22}{"}r, $_->[1] ] } @bad; # a manifest is made of characters
for my $dry_run ([], [ dry_run => \1 ])
{
	$answer = post_manifest($http, manifest({ @$dry_run }, [ 'good.png', $good ], @names));
	is_problem($answer, 422, qr/7 pictures are not acceptable/, 'their manifest' . (@$dry_run ? ', dry run' : ''));
	lists($answer, \%codes, 'lists each under its name');
}

# Names.
my $long = 'd/' . "\x{e9}" x 700;
$answer = post_manifest($http, manifest([ 'same.png', 1 ], [ 'same.png', 2 ], [ '../up.png', 3 ], [ "line\nfeed.png", 4 ], [ '', 5 ], [ $long, 6 ], [ 'fine.png', 7 ]));
is_problem($answer, 422, qr/5 pictures have invalid names/, 'a manifest of names that can not be');
is_deeply(codes($answer), { 'same.png' => 'name_repeated', '../up.png' => 'name_component', "line\nfeed.png" => 'name_control_character', '' => 'name_empty',
	'd/' . "\x{e9}" x 511 . '...' => 'name_too_long' }, 'lists them, whole unless they are too long');

my $whole = "\x{e9}" x 400 . "\n";
is_deeply(codes(post_manifest($http, manifest([ $whole, 1 ]))), { $whole => 'name_control_character' }, 'a name longer than a message shows is whole');

# A form ends at the first that is bad.
for my $case (
	[ 422, [ 'a//b.png', $good ], { 'a//b.png' => 'name_component' }, qr/file name "a\/\/b.png" has an empty component/ ],
	[ 422, [ 'a/./b.png', $good ], { 'a/./b.png' => 'name_component' }, qr/has a component "\."/ ],
	[ 422, [ "caf\xe9.png", $good ], { "caf\x{fffd}.png" => 'name_not_utf8' }, qr/not valid UTF-8/ ],
	[ 422, [ 'x' x 1500, $good ], { 'x' x 1024 . '...' => 'name_too_long' }, qr/longer than/ ],
	[ 422, [ 'f%2Fa%20b.png', $good ], { 'f%2Fa%20b.png' => 'name_encoded' }, qr/percent-encoded/ ],
	[ 422, [ 'f/none.png', '' ], { 'f/none.png' => 'empty' }, qr/is empty/ ],
	[ 413, [ 'f/large.png', 'x' x 110_000 ], { 'f/large.png' => 'too_large' }, qr/more than 102400 bytes/ ])
{
	my ($status, $file, $codes, $detail) = @$case;
	$answer = post_body($http, multipart([ 'f/good.png', $good ], $file));
	is_problem($answer, $status, $detail, "a form: $detail");
	is_deeply(codes($answer), $codes, '... which lists the one');
	my ($error) = @{ $answer->{json}{errors} };
	like($error->{reason}, $detail =~ /is empty|more than/ ? $detail : qr/\Athe name /, '... with a reason that may follow its name');
}
# A detail quotes 200 bytes of a name, and then says that there is more.
my ($start, $shown) = ('x' . "\xc3\xa9" x 300, 'x' . "\x{e9}" x 99);
is_problem(post_body($http, multipart([ "$start%0A.png", $good ])), 422, qr/file name "$shown\.\.\." has a control/, 'a detail cuts a name between two characters');
is_problem(post_body($http, field($start => 1) . multipart([ 'a.png', $good ]) =~ s/\A/field($start => 2)/er), 422, qr/field "$shown\.\.\." is given twice/, "... a field's too");
is_problem(curl($http->url . "/y$start"), 404, qr/nothing at "\/y.{198}\.\.\."/, '... and a path');
is_problem(post_body($http, multipart([ 'x' x 199 . '%0A', $good ])), 422, qr/file name "x{199}\n" has/, '... but shows a name of 200 bytes whole');
is_problem($answer = post_stage($http, staged([ 'x' x 1500, $good ])), 422, qr/longer than/, 'a staged file with a long name');
is_deeply(codes($answer), { 'x' x 1024 . '...' => 'name_too_long' }, '... is listed too');

# What is not about pictures has no list.
for my $more ({ seed_name => 'Brassica napsu' }, { email => 'stranger@example.org' }, { zoom_level => 0 }, { pictures => [] })
{
	$answer = post_manifest($http, manifest($more, [ 'good.png', $good ]));
	is(join(' ', grep { /errors/ } keys %{ $answer->{json} }), '', "$answer->{json}{code}: no list: " . join ' ', keys %$more);
}

# The list is bounded.
my @many = map { [ "$_.txt", "no picture $_" ] } 1 .. 130;
post_stage($http, staged(@many));
$answer = post_manifest($http, manifest(@many));
is(scalar @{ $answer->{json}{errors} }, 100, 'of 130 refused pictures 100 are listed');
is($answer->{json}{errors_left_out}, 30, 'and 30 counted');
$answer = post_manifest($http, manifest(map { [ "/$_", $_ ] } 1 .. 1000));
is_deeply([ scalar @{ $answer->{json}{errors} }, $answer->{json}{errors_left_out} ], [ 100, 900 ], 'so are names');

# An extension that has not been updated lists none, and refuses as ever.
$store->psql('SET nachet.allow_drop = on; DROP EXTENSION nachet_datastore; CREATE EXTENSION nachet_datastore VERSION \'1.1.0\'');
$store->psql("SELECT nachet.register_user('someone\@example.org'), nachet.register_seed('Brassica napus')");
$answer = post_body($http, multipart(@bad));
is_problem($answer, 422, qr/7 pictures are not acceptable/, 'with an older extension');
ok(!exists $answer->{json}{errors}, '... there is no list');

$answer = post_stage($http, staged($bad[0], [ 'good.png', $good ]));
is($answer->{status}, 200, '... and files are staged');
is_deeply([ map { [ $_->{format}, $_->{code} ] } @{ $answer->{json}{pictures} } ], [ [ undef, undef ], [ 'PNG', undef ] ], '... without codes');
like($answer->{json}{pictures}[0]{reason}, qr/truncated/, '... with reasons');

done_testing;

#!/usr/bin/env perl
# test/http/030_batch_import.t: POST /batch-import: one multipart request makes one picture set,
# with the names and the bytes that were sent.
use strict;
use warnings;
use Test::More;

use lib 'test/lib';
use Nachet::Test qw(png bmp gif jpeg tiff tiff_file noise write_file tempdir sha256 slurp start_command);
use Nachet::Http qw(curl form_fields multipart part field post_body is_problem count_of);

my $store = Nachet::Test->new;
my $http = $store->start_http;
my $url = $http->url . '/batch-import';
my $dir = tempdir();
my %file = ('a.png' => png(64, 48, 'a'), 'b.jpg' => jpeg('b', 50_000), 'c.tiff' => tiff(3_000_000, 'c'), 'd.gif' => gif('d'),
	'e.bmp' => bmp(20, 20, 'e'));
write_file("$dir/$_", $file{$_}) for keys %file;
my @files = map { ('-F', "pictures=\@$dir/$_") } sort keys %file;
my $bytes = 0;
$bytes += length for values %file;

# name => hash of the bytes that are read back, of one set
sub stored
{
	my ($id) = @_;
	return { map { my ($name, $hash) = /\A(.*)\|(\w+)\z/s; $name => $hash } split /\n/, $store->psql(
		"SELECT name, encode(sha256(nachet.picture_content(id)), 'hex') FROM nachet.picture WHERE picture_set_id = '$id'") };
}
sub set_name { my ($id) = @_; return $store->psql("SELECT name FROM nachet.picture_set WHERE id = '$id'") }

my $answer = curl(form_fields(), @files, $url);
is($answer->{status}, 201, 'a folder');
my $id = $answer->{json}{picture_set_id};
is_deeply($answer->{json}, { picture_set_id => $id, pictures => 5, bytes => $bytes, new_bytes => $bytes }, 'the answer');
is_deeply(stored($id), { map { $_ => sha256($file{$_}) } keys %file }, 'every byte, under its name');
is(set_name($id), $id, 'a set without a name');

$answer = curl(form_fields(), @files, $url);
is($answer->{status}, 200, 'the same again');
is_deeply($answer->{json}, { picture_set_id => $id, pictures => 5, bytes => $bytes, new_bytes => 0 }, 'is the same set');
$answer = curl(@files, form_fields(zoom_level => '20.0'), $url);
is($answer->{status}, 200, 'fields after files');
is($answer->{json}{picture_set_id}, $id, 'and again the same set');
is(curl(form_fields(), '-H', 'Transfer-Encoding: chunked', @files, $url)->{json}{picture_set_id}, $id, 'chunked');
is(curl(form_fields(), '-F', 'files=@' . join(',', map { "$dir/$_" } sort keys %file), $url)->{status}, 400,
	"curl's nested parts are refused");

# Names.
$answer = post_body($http, multipart(map { [ "session 12/$_", $file{$_} ] } sort keys %file));
is($answer->{status}, 201, "a browser's folder");
is_deeply(stored($answer->{json}{picture_set_id}), { map { $_ => sha256($file{$_}) } keys %file }, 'its name is dropped');
is(set_name($answer->{json}{picture_set_id}), 'session 12', 'and names the set');
is($answer->{json}{new_bytes}, 0, 'its bytes were there');
$answer = post_body($http, multipart([ 'f/x/a.png', $file{'a.png'} ], [ 'f/y.png', png(5, 5, 'y') ], [ 'f/.DS_Store', 'junk' ]));
is_deeply([ sort keys %{ stored($answer->{json}{picture_set_id}) } ], [ 'x/a.png', 'y.png' ], "folders in it stay, a desktop's notes don't");
$answer = post_body($http, multipart([ 'f/a.png', $file{'a.png'} ], [ 'g/a.png', $file{'a.png'} ]));
is_deeply([ sort keys %{ stored($answer->{json}{picture_set_id}) } ], [ 'f/a.png', 'g/a.png' ], 'two folders stay two');
$answer = post_body($http, multipart([ 'f/a.png', $file{'a.png'} ], [ 'fa.png', png(6, 6, 'y') ]));
is_deeply([ sort keys %{ stored($answer->{json}{picture_set_id}) } ], [ 'f/a.png', 'fa.png' ], 'a folder that one is not in stays');
my $body = multipart([ 'f/a.png', png(7, 7, 'n') ]);
$body = field(name => 'my name') . $body;
is(set_name(post_body($http, $body)->{json}{picture_set_id}), 'my name', 'a name that is given wins over the folder');
$answer = post_body($http, multipart([ "gr\xc3\xb6\xc3\x9fe %22x%22 \xf0\x9f\x8c\xb1.png", png(8, 8, 'u') ]));
is_deeply([ keys %{ stored($answer->{json}{picture_set_id}) } ], ["gr\xc3\xb6\xc3\x9fe \"x\" \xf0\x9f\x8c\xb1.png"],
	'names are UTF-8, with quotes as browsers escape them');
my @as_they_are = (
	'100% of 5%.png', 'a%20b.png', '%41%7e.png', 'x%80%FF.png', 'x%C3%41.png', 'x%ed%a0%80.png',
	"gr\xc3\xb6n %C3%B6.png", 'x%2', '%c3%', '=?', '=?x', '=??B?x?=', '=?utf-8?C?x?=', '=?utf-8?Bx?=',
	'=?utf-8?B?x', '=?utf-8?B?x?', '=?utf-8?B?x?y=', '=?utf-8?B', 'utf-8?B?x?=');
$answer = post_body($http, multipart(map { [ $_, $file{'a.png'} ] } @as_they_are));
is($answer->{status}, 201, 'names with % and =?') or diag($answer->{body});
is_deeply([ sort keys %{ stored($answer->{json}{picture_set_id}) } ], [ sort @as_they_are ],
	'... are taken as they are');
my $long = ('n' x 1000) . '/' . ('m' x 1000) . '.png';
$answer = post_body($http, multipart([ "$long", $file{'a.png'} ]));
is_deeply([ keys %{ stored($answer->{json}{picture_set_id}) } ], [ ('m' x 1000) . '.png' ], 'a name that fits without its folder');

my $before = count_of($store);
for my $bad (
	[ '../a.png', 'a parent' ], [ 'f/../../a.png', 'a parent within' ], [ '/etc/a.png', 'an absolute name' ],
	[ "a%0D%0A.png", 'a line break' ], [ "a\xff.png", 'invalid UTF-8' ],
	[ "a\xc0\xaf.png", 'an overlong form' ], [ './a.png', 'a dot' ], [ 'a//b.png', 'an empty component' ], [ 'a/', 'no last component' ],
	[ 'n' x 1025, 'a name of 1,025 bytes' ], [ ('n' x 1000) . '/' . ('m' x 1025), 'a name too long without its folder' ])
{
	is_problem(post_body($http, multipart([ 'good.png', $file{'a.png'} ], [ $bad->[0], $file{'a.png'} ])),
		422, qr/file name/, "$bad->[1] is refused");
}
for my $encoded ('f%2Fa.png', "gr\xc3\xb6n%2fa.png", 'f/Zw%C3%B6lf%20%C3%84hren.png', 'x%e6%97%A5.png', '%F0%9F%8C%B1', 'f%2Fsub/a.png')
{
	my $answer = post_body($http, multipart([ 'good.png', $file{'a.png'} ], [ $encoded, $file{'a.png'} ]));
	is_problem($answer, 422, qr/looks percent-encoded/, "$encoded, a name as aiohttp encodes it, is refused");
	like($answer->{json}{hint}, qr/quote_fields=False.*manifest/, '... with the ways out');
}
for my $word ('=?utf-8?B?w6QvMS5wbmc=?=', 'f/=?UTF-8?q?=C3=A4?=.png', 'a =?iso-8859-1?b?5A?= b.png', '=?x=?x?Q??=')
{
	my $answer = post_body($http, multipart([ 'good.png', $file{'a.png'} ], [ $word, $file{'a.png'} ]));
	is_problem($answer, 422, qr/file name .* encoded word/, "$word, a name as .NET encodes it, is refused");
	like($answer->{json}{hint}, qr/as they are.*manifest/, '... with the ways out');
}
for my $encoded ([ 'K%C3%BChlung', 'percent-encoded' ], [ '=?utf-8?B?S8O8aGx1bmc=?=', 'encoded word' ])
{
	my ($name, $flaw) = @$encoded;
	is_problem(post_body($http, field($name => 4) . multipart([ 'good.png', $file{'a.png'} ])), 422,
		qr/field name "\Q$name\E" .*\Q$flaw\E/, "$name, as a field's name, is refused");
}
is_problem(post_body($http, multipart([ "a\x01.png", $file{'a.png'} ])), 400, qr/control character/, 'a control character in a header');
is_problem(post_body($http, multipart([ 'n' x 10_000, $file{'a.png'} ])), 413, qr/header/i, 'a name of 10 kB');
is_problem(post_body($http, multipart([ $long, $file{'a.png'} ], [ 'b.png', $file{'a.png'} ])), 422, qr/longer than 1024/,
	'a long name whose folder stays');
is_problem(post_body($http, multipart([ 'a.png', $file{'a.png'} ], [ 'a.png', $file{'b.jpg'} ])), 422, qr/a\.png/,
	'a name that comes twice');

# What the datastore refuses.
$answer = curl(form_fields(seed_name => 'Brassica napsu'), @files, $url);
is_problem($answer, 422, qr/Brassica napsu/, 'an unknown seed');
is($answer->{json}{code}, 'NC002', 'with the SQLSTATE');
like($answer->{json}{hint}, qr/Brassica napus/, 'names the nearest one');
$answer = curl(form_fields(email => 'stranger@example.org'), @files, $url);
is_problem($answer, 403, qr/stranger\@example\.org/, 'an unknown email');
is($answer->{json}{code}, 'NC001', 'with the SQLSTATE');
for my $missing (qw(email seed_name zoom_level nb_seeds))
{
	is_problem(curl(form_fields($missing => undef), @files, $url), 422, qr/$missing/, "no $missing");
}
is_problem(curl(form_fields(zoom_level => 'much'), @files, $url), 422, qr/zoom_level/, 'a zoom level that is no number');
is_problem(curl(form_fields(nb_seeds => '0'), @files, $url), 422, qr/nb_seeds/, 'no seeds');

write_file("$dir/cut.jpg", substr $file{'b.jpg'}, 0, 40_000);
write_file("$dir/text.png", "no picture\n");
write_file("$dir/empty.png", '');
$answer = curl(form_fields(), @files, '-F', "pictures=\@$dir/cut.jpg", '-F', "pictures=\@$dir/text.png", $url);
is_problem($answer, 422, qr/(?=.*cut\.jpg: truncated)(?=.*text\.png: not a picture)/s, 'a truncated picture and a text are both named');
is($answer->{json}{code}, 'NC003', 'with the SQLSTATE');
is_problem(curl(form_fields(), @files, '-F', "pictures=\@$dir/empty.png", $url), 422, qr/empty\.png.*empty/, 'an empty picture');

# Forms.
is_problem(curl(form_fields(), '-F', 'x=y', $url), 422, qr/no picture/, 'no picture');
is_problem(post_body($http, multipart([ '', '' ])), 422, qr/no picture/, "a browser's \"no file selected\" is no picture");
is(post_body($http, multipart([ '', '' ], [ 'a.png', png(9, 9, 'z') ]))->{status}, 201, 'and no harm beside one');
is_problem(post_body($http, multipart([ '', 'x' ])), 422, qr/no name/, 'bytes without a file name');
is_problem(curl(form_fields(), '-F', 'zoom_level=30', @files, $url), 422, qr/zoom_level.*twice/, 'a field that comes twice');
is_problem(curl(form_fields(), '-F', 'pictures=x', @files, $url), 422, qr/pictures/, 'pictures as a plain field');
is_problem(curl(form_fields(), '-F', 'dry_run=true', @files, $url), 422, qr/dry_run/, 'a field of another form');
is_problem(post_body($http, field(x => "a\xff") . multipart([ 'a.png', $file{'a.png'} ])), 400, qr/UTF-8/, 'a field that is no UTF-8');
is_problem(post_body($http, field(x => "a\0b") . multipart([ 'a.png', $file{'a.png'} ])), 400, qr/NUL/, 'a field with a NUL');
is_problem(post_body($http, field('' => 'x') . multipart([ 'a.png', $file{'a.png'} ])), 422, qr/no name/, 'a field without a name');
is_problem(post_body($http, field(x => 'y' x 70_000) . multipart([ 'a.png', $file{'a.png'} ])), 413, qr/fields/, 'a long field');
is_problem(post_body($http, join('', map { field("x$_", $_) } 1 .. 200) . multipart([ 'a.png', $file{'a.png'} ])), 413, qr/fields/,
	'many fields');
is(count_of($store), do { my ($s, $p) = split / /, $before; ($s + 1) . ' ' . ($p + 1) }, 'what was refused left nothing behind');
$answer = post_body($http, field(note => "a\"b\\c \xc3\xa9\n") . multipart([ 'a.png', png(3, 3, 'note') ]));
is($store->psql("SELECT picture #>> '{user_data,note}' FROM nachet.picture WHERE picture_set_id = '$answer->{json}{picture_set_id}'"),
	"a\"b\\c \xc3\xa9\n", 'further fields are kept');

# Malformed bodies.
my $good = multipart([ 'a.png', $file{'a.png'} ]);
is_problem(post_body($http, $good, '-H', 'Content-Type: multipart/form-data'), 400, qr/boundary/, 'no boundary');
is_problem(post_body($http, $good, '-H', 'Content-Type: multipart/form-data; boundary=other'), 400, qr/does not begin with the boundary/, 'a wrong boundary');
my $mixed = post_body($http, $good, '-H', 'Content-Type: multipart/mixed; boundary=x');
is_problem($mixed, 415, qr/multipart\/form-data/, 'another multipart');
is($mixed->{headers}{accept}[0], 'multipart/form-data, application/json', 'and Accept tells what is read');
is_problem(post_body($http, $good, '-H', 'Content-Type: application/json'), 400, qr/UTF-8/, 'a form that is called JSON');
is_problem(post_body($http, substr($good, 0, -4) . "\r\n"), 400, qr/before the final boundary/, 'no final boundary');
is_problem(post_body($http, substr $good, 0, 900), 400, qr/before the final boundary/, 'half a body');
is_problem(post_body($http, ''), 400, qr/before the final boundary/, 'an empty body');
is_problem(post_body($http, part('X-Nothing: 1', 'x') . $good), 400, qr/no Content-Disposition/, 'a part without a disposition');
is_problem(post_body($http, noise(1_000_000, 'body')), 400, qr/does not begin with the boundary/, 'random bytes');
is_problem(post_body($http, multipart(map { [ "$_.png", '' ] } 1 .. 1000)), 422, qr/empty/, 'a thousand empty parts');

# A picture that does not fit in memory.
my $big = tiff_file("$dir/big.tiff", 60_000_000, 'big');
$answer = curl(form_fields(), '-F', "pictures=\@$big", $url);
is($answer->{status}, 201, 'a picture of 60 MB');
is_deeply(stored($answer->{json}{picture_set_id}), { 'big.tiff' => sha256(slurp($big)) }, 'comes back whole');

# Eight at once, whose folders overlap.
my %picture = map { $_ => jpeg("p$_", 20_000 + 30_000 * $_) } 1 .. 24;
write_file("$dir/p$_.jpg", $picture{$_}) for keys %picture;
my @curls = map {
	my $first = 2 * $_ + 1;
	start_command('curl', '-sS', '-i', form_fields(), (map { ('-F', "pictures=\@$dir/p$_.jpg") } $first .. $first + 9), $url)
} 0 .. 7;
my @answers = map { $_->wait(120); Nachet::Http::parse_answer($_->out) } @curls;
is_deeply([ map { $_->{status} } @answers ], [ (201) x 8 ], 'eight overlapping imports at once');
for my $turn (0 .. 7)
{
	my $first = 2 * $turn + 1;
	is_deeply(stored($answers[$turn]{json}{picture_set_id}), { map { ("p$_.jpg" => sha256($picture{$_})) } $first .. $first + 9 },
		"import $turn has its own pictures");
}
is($store->psql('SELECT count(*) - count(DISTINCT sha256) FROM nachet.content'), 0, 'each content is stored once');

is($http->stop, 0, 'it stops with 0');
done_testing;

#!/usr/bin/env perl
# test/http/033_machine_made.t: what a NAS, a desktop or a program makes for itself is left out of a
# folder form, and told.
use strict;
use warnings;
use Test::More;

use lib 'test/lib';
use Nachet::Test qw(png);
use Nachet::Http qw(curl manifest multipart post_body post_manifest post_stage staged is_problem count_of);

my $store = Nachet::Test->new;
my $http = $store->start_http;
my @pictures = map { [ "nas/tray/$_.png", png(8, 8, "picture $_") ] } 1 .. 3;
my @made = map { [ "nas/$_", png(8, 8, "made $_") ] } (
	'@eaDir/1.png', '@eaDir/2.png', 'tray/@eaDir/3.png', '.@__thumb/s_1.png', '.thumbnails/1.png', '.Trash-1000/files/1.png', '.dtrash/1.png',
	'$RECYCLE.BIN/1.png', '.picasaoriginals/1.png', '__MACOSX/1.png', '.nfs000012', '.~p.png', '1.png~', '.DS_Store', '#recycle/old/1.png');

my $answer = post_body($http, multipart(@made[ 0 .. 7 ], @pictures, @made[ 8 .. $#made ]));
is($answer->{status}, 201, 'a folder of a NAS') or diag($answer->{body});
is($answer->{json}{pictures}, 3, 'has three pictures');
is(count_of($store) . ' ' . $store->psql('SELECT count(*) FROM nachet.content'), '1 3 3', 'of which alone the bytes are stored');
is($store->psql('SELECT name FROM nachet.picture_set'), 'nas', 'and the folder names the set');
is($answer->{json}{machine_made}{files}, scalar @made, 'the answer tells how many files were left out');
is_deeply($answer->{json}{machine_made}{examples}, [
	{ name => '@eaDir', what => 'thumbnails of a Synology NAS' }, { name => '.@__thumb', what => 'thumbnails of a QNAP NAS' },
	{ name => '.thumbnails', what => 'thumbnails of a desktop or phone' }, { name => '.Trash-1000', what => "a desktop's trash" } ],
	'and why, with one of each kind');
$answer = post_body($http, multipart(@pictures));
is($answer->{status}, 200, 'the same without them is the same set');
ok(!exists $answer->{json}{machine_made}, 'nothing is told if nothing was left out');

$answer = post_body($http, multipart(@made[ 0 .. 2 ]));
is_problem($answer, 422, qr/only machine-made files, such as thumbnails of a Synology NAS/, 'nothing else in a folder');
like($answer->{json}{hint}, qr/manifest/, 'the hint says what to do');
is_problem(post_body($http, multipart([ '@eaDir/1.png', $made[0][1] ])), 422, qr/machine-made/, 'a folder that is one itself');
is(post_body($http, multipart([ 'a/thumbnails/1.png', png(8, 8, 'x') ], [ 'a/cache.png', png(8, 8, 'y') ]))->{json}{pictures}, 2,
	"names that a person may give are taken");

# Whoever names a picture in a manifest means it.
is(post_stage($http, staged(@made[ 0, 1 ]))->{status}, 200, 'staging takes them');
is(post_manifest($http, manifest(map { [ $_->[0] =~ s/^nas\///r, $_->[1] ] } @made[ 0, 1 ]))->{json}{pictures}, 2, 'and so does a manifest');

# The page's list.
my $module = curl($http->url . '/page/machine_made.js');
is($module->{status}, 200, 'the page has the list');
like($module->{headers}{'content-type'}[0], qr{\Atext/javascript}, '... as a script');
like($module->{body}, qr{^export const files="(?!.*\@eadir).*/thumbs\.db/.*"\.split\("/"\);$}m, '... of files');
like($module->{body}, qr{^export const folders="\@eadir/.*"\.split\("/"\);$}m, '... and of folders');
my $tag = $module->{headers}{etag}[0];
like($tag, qr/\A"[0-9a-f]{32}"\z/, '... and a tag');
is(curl('-H', "If-None-Match: $tag", $http->url . '/page/machine_made.js')->{status}, 304, '... by which it is known');
is(curl('-X', 'POST', $http->url . '/page/machine_made.js')->{status}, 405, '... to be read only');
is($http->stop, 0, 'it stops with 0');

done_testing;

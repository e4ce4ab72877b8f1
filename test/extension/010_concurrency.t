#!/usr/bin/env perl
# test/extension/010_concurrency.t: two transactions at the same bytes, the same set, the same contents to sweep.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Nachet::Session;
use Nachet::Test qw(bmp gif png);
use Test::More;

my $store = Nachet::Test->new;
my $a = Nachet::Session->new($store, 'importer');
my $b = Nachet::Session->new($store, 'importer');
my $admin = Nachet::Session->new($store);

sub hex_of { return unpack 'H*', $_[0] }
sub stores
{
	return 'INSERT INTO nachet.content_chunk (chunk_no, data) VALUES ' . join ', ', map { "(0, '\\x" . hex_of($_) . "')" } @_;
}
sub contents { return $store->psql('SELECT count(*) FROM nachet.content') }
sub loose_chunks
{
	return $store->psql('SELECT count(*) FROM nachet.content_chunk WHERE content_id NOT IN (SELECT id FROM nachet.content)');
}
sub upload
{
	my ($names, $seed) = @_;
	my @names = sort keys %$names;
	return sprintf q{SELECT nachet.upload_picture_set(ARRAY[%s], ARRAY[%s]::bytea[], '%s',
		'{"seed_name": "Brassica napus", "zoom_level": 20, "nb_seeds": 5}')},
		join(', ', map { "'$_'" } @names), join(', ', map { "'\\x" . Nachet::Test::sha256($names->{$_}) . "'" } @names),
		$store->user_id;
}

my @pictures = map { png(20, 10, "picture $_") } 1 .. 6;

subtest 'the same bytes at once' => sub {
	$a->run('BEGIN');
	$a->run(stores($pictures[0]));
	$b->send(stores($pictures[0]));
	ok($b->waits, 'the second waits for the first');
	$a->run('COMMIT');
	is($b->answer, '', 'and then finds the bytes stored');
	is(contents(), 1, 'once');
	is(loose_chunks(), 0, 'with no chunk left over');
};

subtest 'the first gives up' => sub {
	$a->run('BEGIN');
	$a->run(stores($pictures[1]));
	$b->send(stores($pictures[1]));
	ok($b->waits, 'the second waits');
	$a->run('ROLLBACK');
	is($b->answer, '', 'and stores the bytes itself');
	is($store->psql("SELECT sha256(nachet.content_read(sha256, 0, byte_size)) = sha256 FROM nachet.content ORDER BY id DESC LIMIT 1"),
		't', 'right');
	is(loose_chunks(), 0, 'with no chunk left over');
};

subtest 'overlapping contents in opposite orders' => sub {
	my @many = map { png(8, 8, "many $_") } 1 .. 200;
	for my $round (1 .. 10)
	{
		$store->psql('TRUNCATE nachet.content, nachet.content_chunk CASCADE');
		$a->send(stores(@many));
		$b->send(stores(reverse @many));
		is($a->answer . $b->answer, '', "round $round: no deadlock");
		is(contents(), 200, 'each stored once');
		is(loose_chunks(), 0, 'no chunk left over');
	}
};

subtest 'the same set at once' => sub {
	$a->run(stores(@pictures));
	my %set = map { ("$_.png" => $pictures[$_]) } 0 .. 2;
	$a->run('BEGIN');
	my $id = $a->run(upload(\%set));
	like($id, qr/^[0-9a-f-]{36}$/, 'the first makes it');
	$b->send(upload(\%set));
	ok($b->waits, 'the second waits');
	$a->run('COMMIT');
	is($b->answer, $id, 'and finds it');
	is($store->psql('SELECT count(*) FROM nachet.picture'), 3, 'its pictures are there once');

	$a->run('BEGIN');
	$a->run(upload({ 'x.png' => $pictures[0] }));
	$b->send(upload({ 'x.png' => $pictures[0] }));
	ok($b->waits, 'again the second waits');
	$a->run('ROLLBACK');
	like($b->answer, qr/^[0-9a-f-]{36}$/, 'and makes it itself where the first gave up');
};

subtest 'sweep against import' => sub {
	$store->psql("UPDATE nachet.content SET stored_at = now() - interval '1 day'");
	$a->run('BEGIN');
	$a->run(upload({ 'five.png' => $pictures[5] }));
	like($admin->run("SELECT contents FROM nachet.sweep_contents('1 hour')"), qr/^\d+$/, 'a sweep passes by an open import');
	is($a->run('COMMIT'), '', 'which then commits');
	is($store->psql("SELECT count(*) FROM nachet.picture p WHERE nachet.picture_content(id) IS NULL"), 0,
		'with every byte in its place');

	$a->run(stores($pictures[4]));
	$store->psql("UPDATE nachet.content SET stored_at = now() - interval '1 day'");
	$admin->run('BEGIN');
	is($admin->run("SELECT contents FROM nachet.sweep_contents('1 hour')"), 1, 'a sweep takes what no set has');
	$a->send(upload({ 'four.png' => $pictures[4] }));
	ok($a->waits, 'an import that wants it waits');
	$admin->run('COMMIT');
	is($a->answer, 'ERROR:  NC004', 'and is told that it is gone');
	is($a->run(stores($pictures[4])), '', 'so it stores it again');
	like($a->run(upload({ 'four.png' => $pictures[4] })), qr/^[0-9a-f-]{36}$/, 'and is done');

	$a->run(stores(my $seventh = gif(3, 3, 'seventh')));
	$store->psql("UPDATE nachet.content SET stored_at = now() - interval '1 day'");
	$admin->run('BEGIN');
	$admin->run("SELECT contents FROM nachet.sweep_contents('1 hour')");
	$a->send(stores($seventh));
	ok($a->waits, 'storing what is being swept waits');
	$admin->run('COMMIT');
	is($a->answer, '', 'and stores it again');
	like($a->run(upload({ 'seven.gif' => $seventh })), qr/^[0-9a-f-]{36}$/, 'for good');
};

subtest 'delete against import' => sub {
	$a->run(stores($pictures[3]));
	my $id = $a->run(upload({ 'd.png' => $pictures[3] }));
	$admin->run('BEGIN');
	is($admin->run("SELECT nachet.delete_picture_set('$id') > 0"), 't', 'a set goes');
	$a->send(upload({ 'e.png' => $pictures[3] }));
	ok($a->waits, 'an import of its bytes waits');
	$admin->run('COMMIT');
	is($a->answer, 'ERROR:  NC004', 'and is told that they are gone');

	$a->run(stores($pictures[3]));
	$id = $a->run(upload({ 'd.png' => $pictures[3] }));
	$a->run('BEGIN');
	$a->run(upload({ 'e.png' => $pictures[3] }));
	is($admin->run("SELECT nachet.delete_picture_set('$id')"), 0, 'deleting a set frees nothing that an open import holds');
	is($a->run('COMMIT'), '', 'which commits');
	is($store->psql("SELECT count(*) FROM nachet.picture WHERE name = 'e.png' AND nachet.picture_content(id) IS NOT NULL"), 1,
		'with its bytes');
};

done_testing;

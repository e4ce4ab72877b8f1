#!/usr/bin/env perl
# test/extension/010_concurrency.t: two transactions at the same bytes, the same set, the same
# contents to sweep.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Nachet::Race;
use Nachet::Intact ();
use Nachet::Session;
use Nachet::Test qw(gif png write_file);
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

# Stores a content that no set has, a day ago.
sub leave_unused
{
	$a->run(stores($_[0]));
	$store->psql("UPDATE nachet.content SET stored_at = now() - interval '1 day'");
	return;
}
sub stored { return $store->psql("SELECT count(*) FROM nachet.content WHERE sha256 = '\\x" . Nachet::Test::sha256($_[0]) . "'") }
sub with_bytes
{
	return sprintf q{SELECT nachet.upload_picture_set(ARRAY[%s]::bytea[], '%s', '{"seed_name": "Brassica napus", "zoom_level": 20, "nb_seeds": 5}')},
		join(', ', map { "'\\x" . hex_of($_) . "'" } @_), $store->user_id;
}

subtest 'sweep against an import that has its bytes with it' => sub {
	my $picture = png(9, 9, 'at hand');
	leave_unused($picture);
	$admin->run('BEGIN');
	$admin->run("SELECT nachet.sweep_contents('1 hour')");
	$a->send(with_bytes($picture, png(9, 9, 'new')));
	ok($a->waits, 'the import waits for the sweep');
	$admin->run('COMMIT');
	like($a->answer, qr/^[0-9a-f-]{36}$/, 'and stores what was swept itself');

	# What another stores meanwhile, and a sweep takes at once.
	my $other = png(9, 9, 'of another');
	$b->run('BEGIN');
	$b->run(stores($other));
	$a->send(with_bytes($other, $other));
	ok($a->waits, 'the import waits for another one of the same bytes');
	$b->run('COMMIT');
	like($a->answer, qr/^[0-9a-f-]{36}$/, 'and is done');
	is(stored($other), 1, 'the bytes are stored once');
	is(loose_chunks(), 0, 'with no chunk left over');
};

# Which of some bytes are missing, the others held.
sub holds
{
	return sprintf q{SELECT string_agg(encode(h, 'hex'), ',') FROM nachet.hold_contents(ARRAY[%s]::bytea[]) AS h},
		join ', ', map { "'\\x" . Nachet::Test::sha256($_) . "'" } @_;
}
sub in_hash_order
{
	my @sorted = sort { Nachet::Test::sha256($a) cmp Nachet::Test::sha256($b) } @_;
	return @sorted;
}
my $sweep = "SELECT contents FROM nachet.sweep_contents('1 hour')";

subtest 'sweep against contents that are held' => sub {
	my ($there, $new) = map { png(8, 8, $_) } 'there', 'new';
	leave_unused($there);
	$a->run('BEGIN');
	is($a->run(holds($there, $new)), Nachet::Test::sha256($new), 'holding tells what is missing');
	is($admin->run($sweep), 0, 'a sweep passes by what is held');
	$a->run(stores($new));
	is($admin->run($sweep), 0, 'and what is stored in the same transaction');
	like($a->run(upload({ 'there.png' => $there, 'new.png' => $new })), qr/^[0-9a-f-]{36}$/, 'so the set is made');
	is($a->run('COMMIT'), '', 'for good');
	is(stored($there) + stored($new), 2, 'with its bytes');

	leave_unused(my $left = png(8, 8, 'left'));
	$admin->run('BEGIN');
	is($admin->run($sweep), 1, 'where the sweep is first');
	$a->send(holds($left));
	ok($a->waits, 'holding waits for it');
	$admin->run('COMMIT');
	is($a->answer, Nachet::Test::sha256($left), 'and tells that the bytes are gone');
};

subtest 'sweep within the storing of what was stored' => sub {
	my ($low, $high) = in_hash_order(map { png(8, 8, $_) } 'one end', 'other end');
	leave_unused($low);
	$b->run('BEGIN');
	$b->run(stores($high));
	$a->run('BEGIN');
	$a->send(stores($low, $high));
	ok($a->waits, 'storing waits for another one of some of the bytes');
	is($admin->run($sweep), 1, 'while a sweep takes others, which it had found stored');
	$b->run('COMMIT');
	is($a->answer, '', 'it goes on');
	is($admin->run(q{SELECT contents FROM nachet.sweep_contents('0 s')}), 0, 'a sweep takes nothing more of it');
	like($a->run(upload({ 'low.png' => $low, 'high.png' => $high })), qr/^[0-9a-f-]{36}$/, 'the set is made');
	is($a->run('COMMIT'), '', 'for good');
	is(stored($low) + stored($high), 2, 'each content once');
	is(loose_chunks(), 0, 'with no chunk left over');
};

subtest 'two that hold, store and make a set of the same bytes' => sub {
	my ($there, @new) = map { png(8, 8, "both $_") } 1 .. 4;
	leave_unused($there);
	for my $session ($a, $b)
	{
		$session->run('BEGIN');
		is(length $session->run(holds($there, @new)), 3 * 64 + 2, 'holding waits for nobody who holds');
	}
	$a->run(stores(@new));
	$b->send(stores(reverse @new));
	ok($b->waits, 'the second storing waits for the first');
	my %pictures = map { ; "$_.png" => ($there, @new)[$_] } 0 .. 3;
	like($a->run(upload(\%pictures)), qr/^[0-9a-f-]{36}$/, 'which does not wait for the second');
	is($a->run('COMMIT'), '', 'and ends');
	is($b->answer, '', 'then the second goes on');
	like($b->run(upload({ %pictures, 'more.png' => $new[0] })), qr/^[0-9a-f-]{36}$/, 'and makes its set');
	is($b->run('COMMIT'), '', 'for good');
	is(loose_chunks(), 0, 'with no chunk left over');
};

subtest 'isolation' => sub {
	for my $level ('READ COMMITTED', 'REPEATABLE READ', 'SERIALIZABLE')
	{
		my $strict = $level ne 'READ COMMITTED';
		my $picture = png(7, 7, "isolated $level");
		leave_unused($picture);
		$admin->run("BEGIN ISOLATION LEVEL $level");
		$admin->run('SELECT count(*) FROM nachet.picture');
		my $id = $a->run(upload({ 'i.png' => $picture }));
		like($admin->run("SELECT contents FROM nachet.sweep_contents('1 hour')"), qr/^\d+$/, "$level: a sweep spares what was taken up after its snapshot");
		is($admin->run('COMMIT'), '', "$level: commits");
		is(stored($picture), 1, "$level: the bytes are there");

		my $second = $a->run(upload({ 'j.png' => $picture }));
		$admin->run("BEGIN ISOLATION LEVEL $level");
		$admin->run('SELECT count(*) FROM nachet.picture');
		my $third = $a->run(upload({ 'k.png' => $picture }));
		$admin->run("SELECT nachet.delete_picture_set('$_')") for $id, $second;
		is($admin->run('COMMIT'), '', "$level: deleting the sets that its snapshot sees commits");
		is($store->psql("SELECT nachet.picture_content(id) IS NOT NULL FROM nachet.picture WHERE picture_set_id = '$third'"), 't',
			"$level: the bytes are left to the set that the snapshot does not see");

		$a->run("BEGIN ISOLATION LEVEL $level");
		$a->run('SELECT 1');
		$a->run(q{SELECT nachet.is_user_registered('nobody@example.org')});
		my $set = $b->run(upload({ 'l.png' => $picture }));
		my $answer = $a->run(upload({ 'l.png' => $picture }));
		is($answer, $strict ? 'ERROR:  40001' : $set,
			"$level: the same set made meanwhile is " . ($strict ? 'an error to try again' : 'found'));
		$a->run($strict ? 'ROLLBACK' : 'COMMIT');
		is($a->run("BEGIN ISOLATION LEVEL $level;" . upload({ 'l.png' => $picture }) . ';COMMIT'), $set,
			"$level: the next transaction finds the set");

		my $fresh = png(7, 7, "fresh $level");
		$a->run("BEGIN ISOLATION LEVEL $level");
		$a->run(q{SELECT nachet.is_user_registered('nobody@example.org')});
		$b->run(stores($fresh));
		$answer = $a->run(stores($fresh));
		is($answer, $strict ? 'ERROR:  40001' : '',
			"$level: bytes stored meanwhile are " . ($strict ? 'an error to try again' : 'found'));
		$a->run($strict ? 'ROLLBACK' : 'COMMIT');
		is($a->run("BEGIN ISOLATION LEVEL $level;" . stores($fresh) . ';COMMIT'), '',
			"$level: the next transaction finds the bytes");
		is(stored($fresh), 1, "$level: the bytes are stored once");

		$a->run("BEGIN ISOLATION LEVEL $level");
		$a->run(q{SELECT nachet.is_user_registered('nobody@example.org')});
		$admin->run("SELECT nachet.delete_picture_set('$set')");
		$admin->run("SELECT nachet.delete_picture_set('$third')");
		is($a->run(upload({ 'm.png' => $picture })), $strict ? 'ERROR:  40001' : 'ERROR:  NC004',
			"$level: bytes deleted meanwhile are an error of the import");
		$a->run('ROLLBACK');
		is(loose_chunks(), 0, "$level: no chunk is left over");
	}
};

subtest 'delete against imports of pictures that other sets have' => sub {
	my ($admin, $a) = map { Nachet::Session->new($store, $_) } 'postgres', 'importer';
	my @pictures = map { png(12, 12, "shared $_") } 1 .. 3;
	my %ids;
	for my $set ([ first => 0, 1 ], [ second => 0, 2 ])
	{
		my ($name, @parts) = @$set;
		$a->run(stores(@pictures[@parts]));
		$ids{$name} = $a->run(upload({ map { ("$name $_.png" => $pictures[$_]) } @parts }));
	}
	$admin->run('BEGIN');
	like($admin->run("SELECT nachet.delete_picture_set('$ids{first}')"), qr/^[1-9]\d*$/, 'a set goes, in a transaction that stays open');
	$a->run("SET lock_timeout = '30s'");
	like($a->run(upload({ 'new.png' => $pictures[0] })), qr/^[0-9a-f-]{36}$/, 'what another set has can be imported meanwhile');
	like($a->run('BEGIN') . $a->run(upload({ 'newer.png' => $pictures[0], 'n.png' => $pictures[2] })), qr/^[0-9a-f-]{36}$/,
		'what another set has can be imported meanwhile: held');
	is($admin->run("SELECT nachet.delete_picture_set('$ids{second}')"), 0,
		'what another set has can be imported meanwhile: while the other set goes too, without these bytes');
	$admin->run('COMMIT');
	$a->run('COMMIT');
	Nachet::Intact::is_intact($store, 'all is intact');
};

subtest 'delete against read' => sub {
	my $picture = png(60, 60, 'read on');
	my $id = $a->run(with_bytes($picture));
	my $reader = Nachet::Session->new($store, $store->create_role('reader', 'nachet_reader'));
	my $bytes = "SELECT sha256(nachet.picture_content(id)) = '\\x" . Nachet::Test::sha256($picture) . "' FROM nachet.picture WHERE picture_set_id = '$id'";
	$reader->run('BEGIN ISOLATION LEVEL REPEATABLE READ');
	is($reader->run($bytes), 't', 'a reader reads');
	$admin->run("SELECT nachet.delete_picture_set('$id')");
	is($reader->run('COMMIT;BEGIN ISOLATION LEVEL REPEATABLE READ;SELECT 1'), '1', 'a set goes; another snapshot');
	is($reader->run($bytes), '', 'does not see it');
	$reader->run('COMMIT');

	$id = $a->run(with_bytes($picture));
	$bytes =~ s/[0-9a-f-]{36}'$/$id'/;
	$reader->run('BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1');
	$reader->run('SELECT count(*) FROM nachet.picture');
	$admin->run('BEGIN');
	$admin->run("SELECT nachet.delete_picture_set('$id')");
	is($reader->run($bytes), 't', 'a set that is being deleted can be read');
	$admin->run('COMMIT');
	$store->psql('VACUUM nachet.content_chunk, nachet.content, nachet.picture');
	is($reader->run($bytes), 't', 'and still can, to the end of a transaction that has begun before');
	$reader->run('COMMIT');
	is($reader->run($bytes), '', 'but not after it');

	# Between two reads of one transaction nothing is taken from under it.
	$id = $a->run(with_bytes($picture));
	$bytes =~ s/[0-9a-f-]{36}'$/$id'/;
	my $sha = Nachet::Test::sha256($picture);
	for my $read ($bytes, "SELECT sha256(nachet.content_read('\\x$sha', 0, 1000000)) = '\\x$sha'", "SELECT count(*) = 0 FROM nachet.missing_contents(ARRAY['\\x$sha'::bytea])")
	{
		my $who = $read =~ /missing/ ? $b : $reader;
		$who->run('BEGIN ISOLATION LEVEL REPEATABLE READ');
		is($who->run($read), 't', 'a transaction has read');
		my @tables = $read =~ /missing/ ? ('nachet.content CASCADE') : ('nachet.content_chunk', 'nachet.content CASCADE');
		is($store->sqlstate("SET lock_timeout = '100ms'; TRUNCATE $_"), '55P03',
			"a transaction has read: so TRUNCATE $_ waits for its end") for @tables;
		is($who->run($read), 't', 'a transaction has read: it reads the same again');
		$who->run('COMMIT');
	}
};

subtest 'verify against all of these' => sub {
	my $verifier = Nachet::Session->new($store, $store->create_role('verifier', 'nachet_admin'));
	my $verify = 'SELECT content_id, flaw, detail FROM nachet.verify_contents()';
	my $picture = png(50, 50, 'verified');
	my $id = $a->run(with_bytes($picture));
	leave_unused(png(50, 50, 'unused'));
	$a->run('BEGIN');
	$a->run(with_bytes(png(51, 51, 'open')));
	$b->run('BEGIN');
	$b->run(stores(png(52, 52, 'open chunks')));
	$admin->run('BEGIN');
	$admin->run("SELECT nachet.sweep_contents('1 hour'), nachet.delete_picture_set('$id')");
	is($verifier->run($verify), '', 'an import, a sweep and a deletion under way are no damage');
	$verifier->run('BEGIN ISOLATION LEVEL REPEATABLE READ');
	is($verifier->run($verify), '', 'nor under a snapshot');
	$_->run('COMMIT') for $a, $b, $admin;
	$store->psql('VACUUM nachet.content_chunk, nachet.content, nachet.picture');
	is($verifier->run($verify), '', 'that stays as they end');
	$verifier->run('COMMIT');
	is($verifier->run($verify), '', 'nor after it');
};

# All at once, for a while. Each round's bytes are there from before, long unused, as others begin to import them.
subtest 'a race' => sub {
	my $rounds = $ENV{NACHET_RACE_ROUNDS} // ($ENV{NACHET_LONG} ? 200 : 12);
	my $folder = $store->tempdir;
	my @pictures = map { png(40, 40, "raced $_") } 1 .. 12;
	write_file("$folder/$_.png", $pictures[$_]) for 0 .. $#pictures;
	my @loops = map { Nachet::Race->new($store, $_) } q{SELECT contents FROM nachet.sweep_contents('1 hour')},
		'SELECT count(*) FROM nachet.verify_contents()';
	my $c = Nachet::Session->new($store);
	my @failed;
	for my $round (1 .. $rounds)
	{
		$a->run(stores(@pictures));
		$store->psql("UPDATE nachet.content SET stored_at = now() - interval '1 day'");
		my $load = $store->start_load('--email' => $Nachet::Test::EMAIL,
			'--seed' => 'Brassica napus', '--zoom' => $round, '--nb-seeds' => 5, '--jobs' => 2, $folder);
		$c->send('SELECT count(nachet.delete_picture_set(id)) FROM nachet.picture_set');
		$a->send(with_bytes(@pictures) =~ s/"nb_seeds": 5/"nb_seeds": $round/r);
		$b->send(with_bytes(reverse @pictures) =~ s/"nb_seeds": 5/"nb_seeds": $round/r);
		for my $session ($a, $b)
		{
			my $answer = $session->answer;
			push @failed, $answer if $answer !~ /^[0-9a-f-]{36}$/;
		}
		my $deleted = $c->answer;
		push @failed, "deletion: $deleted" if $deleted !~ /^\d+$/;
		my $status = $load->wait(120);
		push @failed, 'nachet-load: ' . ($status // 'hangs') . ' ' . $load->err if ($status // -1) != 0;
	}
	$_->stop for @loops;
	is("@failed", '', "no import fails: $rounds by nachet-load, " . 2 * $rounds . ' by SQL');
	is($_->errors, '', 'no error: ' . $_->sql . ', ' . $_->turns . ' times') for @loops;
	like($loops[0]->answers, qr/^[1-9]/m, 'the sweeps had something to take');
	unlike($loops[1]->answers, qr/[1-9]/, 'nothing is ever found damaged');
	is($store->psql('SELECT count(*) FROM nachet.picture WHERE nachet.picture_content(id) IS NULL'), 0, 'no picture lacks its bytes');
	is(loose_chunks(), 0, 'no chunk left over');
	is($store->psql('SELECT count(*) FROM nachet.verify_contents()'), 0, 'all is whole');
	unlike($store->log, qr/deadlock detected/, 'no deadlock');
};

done_testing;

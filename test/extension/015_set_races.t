#!/usr/bin/env perl
# test/extension/015_set_races.t: sets that are changed, chosen as default and deleted at the same
# moment: no deadlock, nothing dangling.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Nachet::Session;
use Nachet::Test qw(png);
use Test::More;

my $store = Nachet::Test->new(set => { deadlock_timeout => '100ms' });
$store->create_role($_, "nachet_$_") for qw(app admin);
my $user = $store->user_id;
my $number = 0;

# A set of two pictures; returns its id.
sub make_set
{
	my $pictures = join ', ', map { "'\\x" . unpack('H*', png(9, 9, ++$number)) . "'" } 1 .. 2;
	return $store->psql("SELECT nachet.upload_picture_set(ARRAY[$pictures]::bytea[], '$user', '{\"seed_name\": \"Brassica napus\", \"zoom_level\": 20, \"nb_seeds\": 5}')");
}
sub there { return $store->psql("SELECT count(*) FROM nachet.picture_set WHERE id = '$_[0]'") }
my ($app, $admin) = map { Nachet::Session->new($store, $_) } qw(app admin);

# What Nachet's code does to a set, in two steps within one transaction, each a lock that delete_picture_set needs too.
my @changes = (
	[ 'a picture', q{SELECT FROM nachet.picture WHERE id = '%1$s' FOR NO KEY UPDATE}, q{UPDATE nachet.picture SET nb_obj = 9 WHERE id = '%1$s'} ],
	[ 'a seed of a picture', q{SELECT FROM nachet.picture_seed WHERE picture_id = '%1$s' FOR NO KEY UPDATE},
		q{UPDATE nachet.picture_seed SET seed_id = (SELECT id FROM nachet.seed WHERE name = 'Bromus secalinus') WHERE picture_id = '%1$s'} ],
	[ 'the seed of a picture taken away', q{SELECT FROM nachet.picture_seed WHERE picture_id = '%1$s' FOR UPDATE}, q{DELETE FROM nachet.picture_seed WHERE picture_id = '%1$s'} ],
	[ 'a picture deleted', q{SELECT FROM nachet.picture WHERE id = '%1$s' FOR UPDATE}, q{DELETE FROM nachet.picture WHERE id = '%1$s'} ],
	[ 'a further seed', q{SELECT FROM nachet.picture WHERE id = '%1$s' FOR KEY SHARE},
		q{INSERT INTO nachet.picture_seed (picture_id, seed_id) SELECT '%1$s', id FROM nachet.seed WHERE name = 'Bromus secalinus'} ],
	[ 'a further picture', q{SELECT FROM nachet.picture_set WHERE id = '%2$s' FOR KEY SHARE}, q{INSERT INTO nachet.picture (picture, picture_set_id, nb_obj) VALUES ('{}', '%2$s', 1)} ],
	[ 'the default set of a user', q{UPDATE nachet.users SET default_set_id = '%2$s'}, q{UPDATE nachet.picture_set SET name = 'n' WHERE id = '%2$s'} ],
	[ 'the address of a user whose default it is, then the set', q{UPDATE nachet.users SET updated_at = now()}, q{UPDATE nachet.picture_set SET name = 'n' WHERE id = '%2$s'}, 1 ]);
for my $change (@changes)
{
	subtest "delete_picture_set beside a change: $change->[0]" => sub {
		my $set = make_set();
		my $picture = $store->psql("SELECT id FROM nachet.picture WHERE picture_set_id = '$set' AND name = '2'");
		$store->psql("UPDATE nachet.users SET default_set_id = '$set'") if $change->[3];
		$app->run('BEGIN');
		my ($first, $then) = map { s/%1\$s/$picture/gr =~ s/%2\$s/$set/gr } @$change[ 1, 2 ];
		is($app->run($first), '', 'the change begins');
		$admin->send("SELECT nachet.delete_picture_set('$set') > 0");
		ok($admin->waits, 'the deletion waits for it');
		is($app->run($then), '', 'the change is made');
		is($app->run('COMMIT'), '', 'the change is made: commits');
		is($admin->answer, 't', 'the set is deleted');
		is(there($set), 0, 'the set is deleted: gone');
		is($store->psql('SELECT count(*) FROM nachet.users WHERE default_set_id IS NOT NULL'), 0, 'no default set dangles');
		is($store->psql('SELECT count(*) FROM nachet.picture_seed s LEFT JOIN nachet.picture p ON p.id = s.picture_id WHERE p.id IS NULL'), 0, 'no seed is left of a picture that is gone');
	};
}

subtest 'a default set that plain SQL deletes' => sub {
	my $set = make_set();
	$app->run('BEGIN');
	is($app->run("UPDATE nachet.users SET default_set_id = '$set'"), '', 'a user chooses it');
	my $other = Nachet::Session->new($store, 'app');
	$other->send("DELETE FROM nachet.picture_set WHERE id = '$set'");
	ok($other->waits, 'a DELETE waits');
	is($app->run('COMMIT'), '', 'the choice stands');
	is($other->answer, 'ERROR:  23503', 'the DELETE is refused');
	$store->psql('UPDATE nachet.users SET default_set_id = NULL');

	$other->run('BEGIN');
	is($other->run("DELETE FROM nachet.picture_set WHERE id = '$set'"), '', 'a set is deleted');
	$app->send("UPDATE nachet.users SET default_set_id = '$set'");
	ok($app->waits, 'who chooses it waits');
	is($other->run('COMMIT'), '', 'the DELETE commits');
	is($app->answer, 'ERROR:  23503', 'the choice is refused');
	is($store->psql('SELECT count(*) FROM nachet.users WHERE default_set_id IS NOT NULL'), 0, 'nothing dangles');

	# A snapshot from before the choice sees it all the same.
	$set = make_set();
	$other->run('BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM nachet.users');
	$store->psql("UPDATE nachet.users SET default_set_id = '$set'");
	is($other->run("DELETE FROM nachet.picture_set WHERE id = '$set'"), 'ERROR:  23503', 'an older snapshot is no way round');
	$other->run('ROLLBACK');
	$store->psql('UPDATE nachet.users SET default_set_id = NULL');
};

subtest 'two deletions of one set' => sub {
	my $set = make_set();
	$store->psql("UPDATE nachet.users SET default_set_id = '$set'");
	$admin->run('BEGIN');
	isnt($admin->run("SELECT nachet.delete_picture_set('$set')"), '', 'one has not committed');
	my $other = Nachet::Session->new($store, 'admin');
	$other->send("SELECT nachet.delete_picture_set('$set')");
	ok($other->waits, 'the other waits');
	$admin->run('COMMIT');
	is($other->answer, 'ERROR:  P0002', 'and then finds no set');
};

subtest 'what a set shares with others stays' => sub {
	my ($one, $two) = map { my $nb = $_; $store->psql("SELECT nachet.upload_picture_set(ARRAY['\\x" . unpack('H*', png(9, 9, 'shared')) . "']::bytea[], '$user',"
			. qq{ '{"seed_name": "Brassica napus", "zoom_level": 20, "nb_seeds": $nb}')}) } 1, 2;
	is($admin->run("SELECT nachet.delete_picture_set('$one')"), 0, 'no byte is freed');
	is($store->psql("SELECT count(nachet.picture_content(id)) FROM nachet.picture WHERE picture_set_id = '$two'"), 1, 'the other has them');
};

done_testing;

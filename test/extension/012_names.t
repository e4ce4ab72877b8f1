#!/usr/bin/env perl
# test/extension/012_names.t: seeds' names in other forms: registered at one moment, from before the
# rule, restored, many; users' addresses.
use strict;
use warnings;
use utf8;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Nachet::Session;
use Nachet::Test qw(png run_command tempdir);
use Test::More;

my $store = Nachet::Test->new;
$store->create_role($_, "nachet_$_") for qw(app admin);
my ($one, $two) = map { Nachet::Session->new($store, 'admin') } 1, 2;

subtest 'two forms registered at the same moment' => sub {
	$one->run('BEGIN');
	my $id = $one->run(q{SELECT nachet.register_seed('Avena fatua')});
	like($id, qr/^[0-9a-f-]{36}$/, 'one has not committed');
	$two->send(q{SELECT nachet.register_seed('AVENA FATUA')});
	ok($two->waits, 'the other waits');
	$one->run('COMMIT');
	like($two->answer, qr/^NOTICE: .*\n?\Q$id\E$/s, 'and gets the same seed, with a notice');
	$one->run('BEGIN');
	$one->run(q{SELECT nachet.register_seed('Lolium perenne')});
	$two->send(q{SELECT nachet.register_seed('LOLIUM PERENNE')});
	ok($two->waits, 'another waits');
	$one->run('ROLLBACK');
	like($two->answer, qr/^[0-9a-f-]{36}$/, 'and is the first where the one before it is rolled back');
	# Plain SQL beside it.
	my $app = Nachet::Session->new($store, 'app');
	$one->run('BEGIN');
	$one->run(q{SELECT nachet.register_seed('Zea mays')});
	$app->send(q{INSERT INTO nachet.seed (name) VALUES ('zea mays')});
	ok($app->waits, 'an INSERT waits as well');
	is($two->run(q{SELECT nachet.register_seed('Triticum aestivum') IS NOT NULL}), 't', 'another name does not');
	$one->run('COMMIT');
	is($app->answer, 'ERROR:  23505', 'and is refused');
	# An older snapshot is no way round.
	$two->run('BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM nachet.get_all_seeds_names()');
	$one->run(q{SELECT nachet.register_seed('Secale cereale')});
	is($two->run(q{SELECT nachet.register_seed('secale cereale')}), 'ERROR:  40001', 'nor does an older snapshot register it twice');
	$two->run('ROLLBACK');
	is($store->psql('SELECT count(*) - count(DISTINCT lower(name)) FROM nachet.seed'), 0, 'every seed is there once');
};

subtest 'many names in one transaction' => sub {
	my $app = Nachet::Session->new($store, 'app');
	$app->run('BEGIN');
	$app->run(q{INSERT INTO nachet.seed (name) SELECT 'Species ' || n FROM generate_series(1, 1000) AS n});
	my $locks = $app->run(q{SELECT count(*) FROM pg_locks WHERE pid = pg_backend_pid() AND locktype = 'object' AND classid = 'pg_class'::regclass});
	cmp_ok($locks, '<=', 256, "$locks locks hold a thousand names");
	cmp_ok($locks, '>', 0, "$locks locks hold a thousand names: they are taken");
	$app->run('ROLLBACK');
};

subtest 'notices' => sub {
	my (undef, $out, $err) = $store->psql_result(q{SELECT nachet.register_seed('brassica  napus') = nachet.register_seed('Brassica napus')}, role => 'admin');
	like($err, qr/22023|two blanks in a row/, 'two blanks in a row are refused, though the seed would be found');
	(undef, $out, $err) = $store->psql_result(q{SELECT nachet.register_seed('brassica napus') = nachet.register_seed('Brassica napus')}, role => 'admin');
	is($out, 't', 'the registered seed is returned');
	like($err, qr/NOTICE:  seed "brassica napus" is registered as "Brassica napus"\nDETAIL:  The names differ in case\./, 'with a notice that says what differs');
};

subtest 'names that are there in several forms' => sub {
	my @odd = ('Sinapis alba', 'sinapis alba', ' Sinapis alba', "Sinapis\x{a0}alba");
	my $quoted = sub { return join ', ', map { my $n = $_; utf8::encode($n); "('$n')" } @_ };
	$store->psql("CREATE DATABASE old", db => 'postgres');
	$store->psql("CREATE EXTENSION nachet_datastore VERSION '1.1.0'", db => 'old');
	$store->psql('INSERT INTO nachet.seed (name) VALUES ' . $quoted->(@odd), db => 'old');
	$store->psql('INSERT INTO nachet.users (email) VALUES ' . $quoted->("odd\x{200b}\@example.org", "x\ny\@z", ''), db => 'old');
	my $user = $store->psql(q{SELECT nachet.register_user('someone@example.org')}, db => 'old');
	my $picture = unpack 'H*', png(9, 9, 'odd');
	my $import = sub { my ($db, $name) = @_; utf8::encode($name);
		return $store->psql("SELECT nachet.upload_picture_set(ARRAY['\\x$picture']::bytea[], '$user', '{\"seed_name\": \"$name\", \"zoom_level\": 20, \"nb_seeds\": 5}')", db => $db) };
	my @sets = map { $import->('old', $_) } @odd;
	$store->psql('ALTER EXTENSION nachet_datastore UPDATE', db => 'old');
	is_deeply([ map { $import->('old', $_) } @odd ], \@sets, 'are each found after an update, with their sets');
	is($store->psql('SELECT count(*) FROM nachet.users', db => 'old'), 4,
		'are each found after an update, with their sets: and so are the users');
	my $folder = tempdir();
	my %env = $store->env;
	$store->psql('CREATE DATABASE restored TEMPLATE template0', db => 'postgres');
	is((run_command({ env => \%env }, 'pg_dump', '-Fc', '-f', "$folder/dump", 'old'))[0], 0, 'a dump');
	my ($status, undef, $err) = run_command({ env => \%env }, 'pg_restore', '-e', '-d', 'restored', "$folder/dump");
	is($status, 0, 'a dump is restored') or diag($err);
	is_deeply([ map { $import->('restored', $_) } @odd ], \@sets,
		'a restored dump has every name and its sets');
	is($store->psql('SELECT count(*) FROM nachet.users', db => 'restored'), 4,
		'a restored dump has every user');
	is($store->sqlstate(q{SELECT nachet.register_seed('SINAPIS ALBA')}, db => 'restored'), '23505',
		'a restored dump registers no further form');
};

subtest 'many long names' => sub {
	$store->psql(q{INSERT INTO nachet.seed (name) SELECT rpad(n::text, 250, md5(n::text)) FROM generate_series(1, 100000) n});
	my $session = Nachet::Session->new($store, 'importer');
	my $name = 'x' x 250;
	$session->run(q{SET statement_timeout = '200ms'});
	is($session->run("SELECT nachet.upload_picture_set(ARRAY['a'], ARRAY[sha256('a')], '" . $store->user_id
				. qq{', '{"seed_name": "$name", "zoom_level": 20, "nb_seeds": 5}')}), 'ERROR:  57014', 'a search for the nearest name can be cancelled');
};

done_testing;

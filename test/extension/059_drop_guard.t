#!/usr/bin/env perl
# test/extension/059_drop_guard.t: no DROP takes stored pictures along by mistake, and none but such
# a one is refused.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Nachet::Session;
use Nachet::Test qw(png);
use Test::More;

my $store = Nachet::Test->new;
my $upload = sprintf q{SELECT nachet.upload_picture_set(ARRAY['\x%s']::bytea[], '%s', '{"seed_name": "Brassica napus", "zoom_level": 20, "nb_seeds": 5}')},
	unpack('H*', png(30, 20, 'kept')), $store->user_id;
$store->psql('CREATE ROLE second SUPERUSER LOGIN; CREATE ROLE plain LOGIN; GRANT CREATE ON DATABASE nachet TO plain');
sub pictures { return $store->psql('SELECT count(nachet.picture_content(id)) FROM nachet.picture') }

subtest 'while pictures are stored' => sub {
	$store->psql($upload);
	for my $sql ('DROP EXTENSION nachet_datastore', 'DROP EXTENSION IF EXISTS plpgsql, nachet_datastore CASCADE',
		'DROP SCHEMA nachet CASCADE', 'DROP SCHEMA IF EXISTS public, nachet CASCADE', 'BEGIN; DROP EXTENSION nachet_datastore CASCADE',
		q{DO 'BEGIN EXECUTE ''DROP EXTENSION nachet_datastore''; END'},
		'BEGIN ISOLATION LEVEL SERIALIZABLE; SELECT 1; DROP EXTENSION nachet_datastore',
		map { ("SET session_replication_role = $_; DROP EXTENSION nachet_datastore", "SET session_replication_role = $_; DROP SCHEMA nachet CASCADE") } 'replica', 'local')
	{
		is($store->sqlstate($sql), '2BP01', "refused: $sql");
	}
	my (undef, undef, $err) = $store->psql_result('DROP EXTENSION nachet_datastore');
	like($err, qr/contains pictures.*SET nachet.allow_drop = on/s, 'the message names the way out');
	is($store->sqlstate($_), '2BP01', "PostgreSQL itself refuses: $_")
		for 'DROP TABLE nachet.picture CASCADE', 'DROP FUNCTION nachet.uuidv7 CASCADE', 'DROP EVENT TRIGGER nachet_drop_guard',
		'DROP FUNCTION nachet.refuse_drop CASCADE', 'DROP ROLE nachet_owner', 'DROP OWNED BY nachet_owner CASCADE';
	# Dead chunks may be terabytes: what the contents tell needs no look at them.
	my $other = Nachet::Session->new($store);
	$other->run('BEGIN; LOCK TABLE nachet.content_chunk IN ACCESS EXCLUSIVE MODE');
	is($store->sqlstate("SET lock_timeout = '30s'; DROP EXTENSION nachet_datastore"), '2BP01', 'it is refused without a look at the chunks');
	$other->run('ROLLBACK');
	is(pictures(), 1, 'the picture is there');
};

subtest 'an owner other than the first superuser' => sub {
	$store->psql('CREATE DATABASE other', db => 'postgres');
	$store->psql('CREATE EXTENSION nachet_datastore', role => 'second', db => 'other');
	$store->psql("SELECT nachet.register_seed('Brassica napus')", db => 'other');
	$store->psql("INSERT INTO nachet.content_chunk (chunk_no, data) VALUES (0, 'bytes whose set is still to come')", db => 'other');
	is($store->sqlstate("DROP OWNED BY $_ CASCADE", db => 'other', role => 'second'), '2BP01', "refused: DROP OWNED BY $_")
		for qw(second CURRENT_USER SESSION_USER), 'plain, second';
	$store->psql('ALTER SCHEMA nachet OWNER TO plain', db => 'other');
	is($store->sqlstate('DROP OWNED BY plain CASCADE', db => 'other'), '2BP01', 'refused: DROP OWNED BY the owner of the schema');
	is($store->sqlstate('DROP SCHEMA nachet CASCADE', db => 'other', role => 'plain'), '2BP01', 'refused: its own DROP SCHEMA');
	$store->psql('ALTER EVENT TRIGGER nachet_shape_guard DISABLE; ALTER SCHEMA nachet RENAME TO renamed', db => 'other');
	is($store->sqlstate('DROP SCHEMA renamed CASCADE', db => 'other'), '2BP01', 'refused: the schema by another name');
	is($store->sqlstate('SET nachet.allow_drop = on; DROP SCHEMA renamed CASCADE', db => 'other', role => 'second'), '',
		'allowed where it is asked for');
};

subtest 'what is no concern of ours' => sub {
	is($store->sqlstate($_), '', $_)
		for 'CREATE SCHEMA a; DROP SCHEMA a', 'CREATE SCHEMA a; CREATE TABLE a.t (a int); DROP SCHEMA IF EXISTS nobodys, a CASCADE',
		'CREATE EXTENSION pgtap; DROP EXTENSION pgtap CASCADE', 'DROP OWNED BY plain', 'GRANT CREATE ON DATABASE nachet TO plain';
	is($store->sqlstate('CREATE SCHEMA a; DROP SCHEMA a', role => 'plain'), '', 'a plain user drops a schema of its own');
	is($store->sqlstate('DROP EXTENSION nachet_datastore', role => 'plain'), '42501', 'a plain user has no right to drop ours');
	is($store->sqlstate('DROP OWNED BY CURRENT_USER', role => 'plain'), '', 'a plain user drops what it owns');
	is($store->sqlstate('SELECT nachet.refuse_drop()'), '39P03', 'the function cannot be called');
};

subtest 'an import under way' => sub {
	$store->psql('TRUNCATE nachet.picture_set, nachet.content, nachet.content_chunk CASCADE');
	my $importer = Nachet::Session->new($store, 'importer');
	my $admin = Nachet::Session->new($store);
	$importer->run('BEGIN');
	like($importer->run($upload), qr/^[0-9a-f-]{36}$/, 'has not committed');
	$admin->send('DROP EXTENSION nachet_datastore');
	ok($admin->waits, 'DROP EXTENSION waits for it');
	is($importer->run('COMMIT'), '', 'it commits');
	is($admin->answer, 'ERROR:  2BP01', 'and what it brought is not dropped');
	is(pictures(), 1, 'the picture is there');
};

subtest 'where it is meant' => sub {
	is($store->sqlstate('SET nachet.allow_drop = off; DROP EXTENSION nachet_datastore'), '2BP01', 'off is off');
	is($store->sqlstate('SET nachet.allow_drop = on; DROP EXTENSION nachet_datastore'), '', 'a setting allows it');
	$store->psql('CREATE EXTENSION nachet_datastore');
	is($store->sqlstate('DROP EXTENSION nachet_datastore'), '', 'an empty datastore goes without');
};

done_testing;

#!/usr/bin/env perl
# test/extension/058_shape_guard.t: no command makes the schema or the tables something that the
# functions would be deceived by.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Nachet::Test qw(png);
use Test::More;

my $store = Nachet::Test->new;
$store->create_role($_, "nachet_$_") for qw(reader app admin);
my $user = $store->user_id;
my $data = q{'{"seed_name": "Brassica napus", "zoom_level": 20, "nb_seeds": 5}'};
my $picture = unpack 'H*', png(30, 20, 'ours');
my $set = $store->psql("SELECT nachet.upload_picture_set(ARRAY['\\x$picture']::bytea[], '$user', $data)");
$store->psql('GRANT CREATE ON DATABASE nachet TO importer; GRANT ALL ON SCHEMA public TO PUBLIC');
sub works
{
	my ($after) = @_;
	is($store->psql("SELECT count(*) FROM nachet.verify_contents()"), 0, "$after: nothing is damaged");
	is($store->psql("SELECT nachet.upload_picture_set(ARRAY['\\x$picture']::bytea[], '$user', $data)", role => 'importer'), $set,
		"$after: the set is known");
}

subtest 'the name of the schema' => sub {
	is($store->sqlstate('ALTER SCHEMA nachet RENAME TO old_nachet'), '0A000', 'cannot be changed');
	is($store->sqlstate('SET session_replication_role = replica; ALTER SCHEMA nachet RENAME TO old_nachet'), '0A000',
		'cannot be changed: in no kind of session');
	$store->psql('CREATE ROLE plain LOGIN; GRANT CREATE ON DATABASE nachet TO plain; ALTER SCHEMA nachet OWNER TO plain');
	is($store->sqlstate('ALTER SCHEMA nachet RENAME TO old_nachet', role => 'plain'), '0A000',
		'cannot be changed: nor by an owner who is no superuser');
	is($store->sqlstate('ALTER SCHEMA nachet RENAME TO old_nachet', role => 'importer'), '42501',
		'cannot be changed: by nobody else in any case');
	$store->psql('ALTER SCHEMA nachet OWNER TO postgres');
	is($store->sqlstate('CREATE SCHEMA a; ALTER SCHEMA a RENAME TO b; ALTER SCHEMA b OWNER TO plain; DROP SCHEMA b'), '', 'others may be renamed');
	works('after that');
};

# A superuser renames the schema all the same, and an importer takes its name.
subtest 'a look-alike of the schema' => sub {
	$store->psql('CREATE TABLE public.loot (who text, what text); GRANT ALL ON public.loot TO PUBLIC');
	$store->psql('ALTER EVENT TRIGGER nachet_shape_guard DISABLE; ALTER SCHEMA nachet RENAME TO old_nachet');
	$store->psql(<<'SQL', role => 'importer');
CREATE SCHEMA nachet;
GRANT ALL ON SCHEMA nachet TO PUBLIC;
CREATE FUNCTION nachet.take(what text) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN INSERT INTO public.loot VALUES (current_user, what); RETURN true; END $$;
DO $$ DECLARE name text; BEGIN
	FOREACH name IN ARRAY ARRAY['users', 'seed', 'picture_set', 'picture', 'picture_seed', 'content', 'content_chunk', 'object_store', 'object_deletion', 'verify_run', 'verify_range'] LOOP
		EXECUTE format('CREATE VIEW nachet.%I AS SELECT pg_catalog.gen_random_uuid() AS id, ''a@b.c''::text AS email, ''x''::text AS name, ''\x00''::bytea AS sha256,'
			' 1::bigint AS byte_size, 1 AS chunk_size, ''PNG''::text AS format, 1::bigint AS content_id, null::text AS object_url, now() AS stored_at, null::bytea AS digest'
			' WHERE nachet.take(%L)', name, name);
		EXECUTE format('GRANT ALL ON nachet.%I TO PUBLIC', name);
	END LOOP;
END $$;
SQL
	my $old = 'old_nachet';
	my $known = "ARRAY[sha256('\\x$picture')]";
	my %calls = (
		importer => [ 'get_all_seeds_names()', q{is_user_registered('a@b.c')}, 'missing_contents(' . $known . ')', "hold_contents($known)", "content_facts($known)",
			q{picture_form('{"email": "a@b.c"}')}, q{request_user('{"email": "a@b.c"}')}, q{batch_import('{"email": "a@b.c"}')}, q{picture_errors('{"pictures": []}')},
			"upload_picture_set(ARRAY['\\x$picture']::bytea[], '$user', $data)", "upload_picture_set(ARRAY['a.png'], $known, '$user', $data)" ],
		admin => [ q{register_user('new@example.org')}, q{register_seed('New')}, "delete_picture_set('$set')", q{sweep_contents('0')}, 'verify_contents()', 'verify_begin()',
			'verify_next(1, 1)', 'renew_object_store_prefix()', 'adopt_object_store()' ],
		reader => [ "content_read(sha256('\\x$picture'), 0, 1)", "picture_content(id) FROM $old.picture" ]);
	for my $role (sort keys %calls)
	{
		is($store->sqlstate("SELECT $old.$_", role => $role), '3F000', "$role is refused: $_") for @{ $calls{$role} };
	}
	is($store->sqlstate('CALL old_nachet.verify_all()', role => 'admin'), '3F000', 'admin is refused: verify_all()');
	is($store->sqlstate("INSERT INTO $old.content_chunk (chunk_no, data) VALUES (0, 'x')", role => 'importer'), '3F000', 'importer is refused: storing bytes');
	is($store->sqlstate("$_", role => 'app'), '3F000', "app is refused: $_") for "UPDATE $old.picture SET nb_obj = 9", "DELETE FROM $old.picture",
		"UPDATE $old.picture_seed SET seed_id = seed_id", "DELETE FROM $old.picture_seed",
		"INSERT INTO $old.picture (picture, picture_set_id, nb_obj) VALUES ('{}', '$set', 1)", "INSERT INTO $old.picture_set (picture_set, owner_id) VALUES ('{}', '$user')";
	is($store->psql('SELECT * FROM public.loot'), '', 'nobody ran the function of the look-alike');
	my (undef, undef, $err) = $store->psql_result("SELECT $old.get_all_seeds_names()", role => 'importer');
	like($err, qr/schema of extension nachet_datastore is named "old_nachet" instead of "nachet".*HINT:  Run ALTER SCHEMA old_nachet RENAME TO nachet\./s, 'the message says what to do');
	$store->psql('DROP SCHEMA nachet CASCADE; ALTER SCHEMA old_nachet RENAME TO nachet; ALTER EVENT TRIGGER nachet_shape_guard ENABLE ALWAYS');
	works('with its name back');
};

# The same within a session that has known the schema by its name.
subtest 'a rename under way' => sub {
	require Nachet::Session;
	my $session = Nachet::Session->new($store, 'importer');
	like($session->run(q{SELECT nachet.is_user_registered('someone@example.org')}), qr/^[0-9a-f-]{36}$/, 'a session that has used it');
	$session->run(q{PREPARE ask AS SELECT nachet.is_user_registered('someone@example.org')});
	like($session->run('EXECUTE ask'), qr/^[0-9a-f-]{36}$/,
		'a session that has used it: has planned a statement');
	$store->psql('ALTER EVENT TRIGGER nachet_shape_guard DISABLE; ALTER SCHEMA nachet RENAME TO old_nachet');
	is($session->run('EXECUTE ask'), 'ERROR:  3F000', 'a session that has used it: notices the rename');
	$store->psql('ALTER SCHEMA old_nachet RENAME TO nachet; ALTER EVENT TRIGGER nachet_shape_guard ENABLE ALWAYS');
	like($session->run('EXECUTE ask'), qr/^[0-9a-f-]{36}$/, 'a session that has used it: the way back');
};

subtest 'partitions, parents and children' => sub {
	$store->psql('CREATE TABLE public.chunk (LIKE nachet.content_chunk) PARTITION BY LIST (chunk_no); CREATE TABLE public.child (LIKE nachet.picture INCLUDING ALL);'
			. ' CREATE TABLE public.parent (LIKE nachet.picture)');
	for my $sql ('ALTER TABLE public.chunk ATTACH PARTITION nachet.content_chunk DEFAULT', 'ALTER TABLE nachet.picture INHERIT public.parent',
		'SET search_path = nachet; ALTER TABLE picture INHERIT public.parent', 'ALTER TABLE public.child INHERIT nachet.picture',
		'CREATE TABLE public.other () INHERITS (public.parent, nachet.content_chunk)', 'SET search_path = public, nachet; CREATE TABLE other () INHERITS (users)',
		'CREATE TEMP TABLE other () INHERITS (nachet.seed)', 'CREATE SCHEMA kin CREATE TABLE kid () INHERITS (nachet.content_chunk)',
		'CREATE SCHEMA kin CREATE VIEW v AS SELECT 1 AS x CREATE TABLE a (x int) CREATE TABLE kid (y int) INHERITS (nachet.picture, a)',
		'SET search_path = nachet; CREATE SCHEMA kin CREATE TABLE kid () INHERITS (picture)')
	{
		is($store->sqlstate($sql), '0A000', "refused: $sql");
	}
	is($store->sqlstate($_), '', "no concern of ours: $_") for 'CREATE SCHEMA kin CREATE TABLE parent (x int) CREATE TABLE kid () INHERITS (parent)', 'SET search_path = nachet; CREATE SCHEMA clan CREATE TABLE picture (x int) CREATE TABLE kid () INHERITS (picture)',
		'CREATE TABLE public.part PARTITION OF public.chunk DEFAULT', 'CREATE TABLE public.kid () INHERITS (public.parent)',
		'ALTER TABLE public.kid NO INHERIT public.parent', 'ALTER TABLE public.kid INHERIT public.parent', 'ALTER TABLE nachet.picture SET (fillfactor = 90)',
		'ALTER TABLE public.chunk DETACH PARTITION public.part', 'CREATE TABLE nachet.companion (id uuid REFERENCES nachet.picture)', 'DROP TABLE nachet.companion';
	is($store->sqlstate('CREATE TABLE public.mine () INHERITS (nachet.picture)', role => 'app'), '42501', 'others have no right to');
	# With the guard off, chunks that no statement trigger would seal are refused.
	$store->psql('ALTER EVENT TRIGGER nachet_shape_guard DISABLE; ALTER TABLE public.chunk ATTACH PARTITION nachet.content_chunk DEFAULT');
	for my $sql ("INSERT INTO public.chunk (chunk_no, data) VALUES (0, 'unsealed')", "INSERT INTO nachet.content_chunk (chunk_no, data) VALUES (0, 'sealed')",
		"COPY public.chunk (chunk_no, data) FROM STDIN;\n0\tunsealed\n\\.\n")
	{
		my (undef, undef, $err) = $store->psql_result("\\set VERBOSITY verbose\n$sql");
		like($err, qr/ERROR:  0A000: .*partition/, "refused: $sql");
		unlike($err, qr/WARNING/, "refused: $sql: without a leak");
	}
	is($store->psql('SELECT count(*) FROM nachet.content_chunk'), 1, 'nothing was stored');
	$store->psql('ALTER TABLE public.chunk DETACH PARTITION nachet.content_chunk; ALTER EVENT TRIGGER nachet_shape_guard ENABLE ALWAYS');
	works('detached again');
};

is($store->sqlstate('SELECT nachet.refuse_reshaping()'), '39P03', 'the function cannot be called');

done_testing;

#!/usr/bin/env perl
# test/extension/090_attacks.t: what roles with the least rights try and may not, each refused with
# the right SQLSTATE.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Nachet::Session;
use Nachet::Test qw(png);
use Test::More;

my $store = Nachet::Test->new;
$store->create_role('reader', 'nachet_reader');
$store->create_role('app', 'nachet_app');
my $picture = png(100, 100, 'of another');
my $sha = Nachet::Test::sha256($picture);
my $user = $store->user_id;
my $data = q{'{"seed_name": "Brassica napus", "zoom_level": 20, "nb_seeds": 5}'};
my $set = $store->psql(sprintf q{SELECT nachet.upload_picture_set(ARRAY['\x%s']::bytea[], '%s', %s)}, unpack('H*', $picture), $user, $data);
my $content = $store->psql('SELECT id FROM nachet.content');
$store->psql('GRANT ALL ON SCHEMA public TO PUBLIC; GRANT CREATE, TEMPORARY ON DATABASE nachet TO PUBLIC');

# Each attack as [ SQLSTATE, SQL ], tried as a role.
sub attacks
{
	my ($role, @attacks) = @_;
	for my $attack (@attacks)
	{
		my ($state, $sql) = @$attack;
		(my $shown = length $sql > 110 ? substr($sql, 0, 110) . '...' : $sql) =~ s/\s+/ /g;
		is($store->sqlstate($sql, role => $role), $state, "$role: " . ($state eq '' ? 'runs' : $state) . ": $shown");
	}
	return;
}
# What stands must stand as it stood, and the next import must work.
my $fresh = 0;
sub unharmed
{
	my ($after) = @_;
	is($store->psql("SELECT encode(sha256(nachet.picture_content(id)), 'hex') FROM nachet.picture WHERE picture_set_id = '$set'"), $sha,
		"after $after: the picture of another is as it was");
	is($store->psql('SELECT count(*) FROM nachet.verify_contents()'), 0, "after $after: nothing is damaged");
	my $new = unpack 'H*', png(9, 9, 'fresh ' . ++$fresh);
	like($store->psql("SELECT nachet.upload_picture_set(ARRAY['\\x$new']::bytea[], '$user', $data)", role => 'importer'), qr/^[0-9a-f-]{36}$/,
		"after $after: the next import works");
	return;
}
sub upload { my ($names, $contents, $by, $with) = @_; return "SELECT nachet.upload_picture_set($names, $contents, " . ($by // "'$user'") . ', ' . ($with // $data) . ')' }
my $known = "ARRAY['\\x$sha'::bytea]";

subtest 'what an importer may not touch' => sub {
	attacks('importer', map({ [ '42501', $_ ] }
		"INSERT INTO nachet.content_chunk (content_id, chunk_no, data) VALUES ($content, 0, 'mine')",
		"COPY nachet.content_chunk (content_id, chunk_no, data) FROM STDIN;\n$content\t0\tmine\n\\.\n",
		"COPY nachet.content_chunk FROM STDIN;\n$content\t0\tmine\n\\.\n",
		'COPY nachet.content_chunk TO STDOUT', 'COPY (SELECT data FROM nachet.content_chunk) TO STDOUT',
		(map { ("COPY nachet.$_ FROM STDIN;\n\\.\n", "COPY nachet.$_ TO STDOUT") } qw(users seed object_type picture_set picture picture_seed content verify_finding)),
		'COPY nachet.content_chunk (chunk_no, data) FROM PROGRAM $$id$$', 'COPY nachet.content_chunk (chunk_no, data) FROM $$/etc/passwd$$',
		"INSERT INTO nachet.content_chunk (chunk_no, data) VALUES (0, 'a') RETURNING data",
		"INSERT INTO nachet.content_chunk (chunk_no, data) VALUES (0, 'a') ON CONFLICT (content_id, chunk_no) DO NOTHING",
		"INSERT INTO nachet.content_chunk (chunk_no, data) VALUES (0, 'a') ON CONFLICT ON CONSTRAINT content_chunk_pkey DO UPDATE SET data = 'b'",
		"MERGE INTO nachet.content_chunk USING (VALUES (1)) v ON content_id = $content WHEN MATCHED THEN DELETE",
		"MERGE INTO nachet.content_chunk USING (VALUES (1)) v ON content_id = $content WHEN NOT MATCHED THEN INSERT (chunk_no, data) VALUES (0, 'a')",
		'SELECT FROM nachet.content_chunk FOR UPDATE', 'TABLE nachet.verify_progress', 'SELECT last_value FROM nachet.content_id_seq',
		'BEGIN; LOCK TABLE nachet.content_chunk IN ACCESS EXCLUSIVE MODE', 'BEGIN; LOCK TABLE nachet.content_chunk IN ROW EXCLUSIVE MODE',
		'BEGIN; LOCK TABLE nachet.content IN ACCESS SHARE MODE',
		'SET ROLE nachet_owner', 'SET ROLE nachet_admin', 'SET ROLE nachet_reader', 'SET SESSION AUTHORIZATION nachet_owner', 'SET SESSION AUTHORIZATION postgres',
		'GRANT nachet_admin TO importer', 'GRANT SELECT ON nachet.content_chunk TO importer', 'REASSIGN OWNED BY nachet_owner TO importer', 'DROP OWNED BY nachet_owner',
		'SET session_replication_role = replica', 'SELECT nachet.chunk_size(); SET nachet.max_array_size = 1000000', "ALTER ROLE importer SET nachet.max_array_size = 1000000",
		"ALTER FUNCTION nachet.is_user_registered(text) SECURITY INVOKER", 'CREATE OR REPLACE FUNCTION nachet.chunk_size() RETURNS int LANGUAGE sql AS $$ SELECT 1 $$',
		'CREATE TABLE nachet.mine (a int)', 'CREATE TABLE public.mine (a bigint REFERENCES nachet.content (id))',
		'CREATE TABLE public.child () INHERITS (nachet.content_chunk)', 'CREATE TABLE public.parent (LIKE nachet.content_chunk) PARTITION BY LIST (chunk_no); ALTER TABLE public.parent ATTACH PARTITION nachet.content_chunk DEFAULT',
		'CREATE RULE r AS ON INSERT TO nachet.content_chunk DO INSTEAD NOTHING', 'CREATE POLICY p ON nachet.picture USING (true)', 'CREATE INDEX ON nachet.content_chunk (data)',
		'CREATE STATISTICS s ON chunk_no, content_id FROM nachet.content_chunk', 'CREATE EVENT TRIGGER e ON ddl_command_start EXECUTE FUNCTION nachet.refuse_drop()',
		'ALTER EVENT TRIGGER nachet_drop_guard DISABLE', 'DROP EXTENSION nachet_datastore CASCADE', 'DROP SCHEMA nachet CASCADE', 'ALTER EXTENSION nachet_datastore DROP TABLE nachet.content',
		'ALTER EXTENSION nachet_datastore UPDATE', 'COMMENT ON TABLE nachet.content IS $$mine$$', 'REINDEX TABLE nachet.content', 'CLUSTER nachet.content USING content_pkey',
		'ALTER TABLE nachet.content_chunk DISABLE TRIGGER content_chunk_store', 'ALTER SEQUENCE nachet.content_id_seq RESTART', 'TRUNCATE nachet.content',
		q{SELECT pg_read_file('PG_VERSION')}, "SELECT nachet.content_chunk_store()", 'SELECT nachet.uuidv7()', 'SELECT nachet.refuse_drop()',
		"SELECT nachet.delete_picture_set('$set')", "SELECT nachet.sweep_contents('0')", 'SELECT nachet.offload_contents()',
		'SELECT nachet.restore_contents()', 'SELECT nachet.adopt_object_store()', 'SELECT nachet.renew_object_store_prefix()', 'TABLE nachet.object_store', 'TABLE nachet.object_deletion', 'TABLE nachet.storage', "SELECT nachet.register_user('a\@b.c')"));
	unharmed('that');
	# Views of its own have its own rights, and its trigger functions never run on our tables.
	attacks('importer',
		[ '', 'CREATE VIEW public.v AS SELECT * FROM nachet.content_chunk' ],
		[ '42501', 'SELECT * FROM public.v' ], [ '42501', "INSERT INTO public.v (content_id, chunk_no, data) VALUES ($content, 99, 'x')" ],
		[ '42501', q{CREATE FUNCTION public.steal() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'stolen %', NEW; END $$;
			CREATE TRIGGER steal BEFORE INSERT ON nachet.content_chunk FOR EACH ROW EXECUTE FUNCTION public.steal()} ],
		(map { [ '42501', "DROP TABLE IF EXISTS public.own; CREATE TABLE public.own (a int); CREATE TRIGGER t AFTER INSERT ON public.own FOR EACH STATEMENT EXECUTE FUNCTION nachet.$_()" ] }
			qw(content_chunk_seal picture_added pictures_changed picture_set_changed)));
	$store->psql('DROP VIEW public.v; DROP FUNCTION IF EXISTS public.steal(); DROP TABLE IF EXISTS public.own');
	# Had it the right to, a table of its own would get nothing from our trigger functions.
	$store->psql("GRANT EXECUTE ON FUNCTION nachet.content_chunk_store(), nachet.content_chunk_seal(), nachet.pictures_changed(), nachet.picture_added() TO importer");
	attacks('importer',
		[ '', q{CREATE TABLE public.own (content_id bigint, chunk_no int, data bytea);
			CREATE TRIGGER t BEFORE INSERT ON public.own FOR EACH ROW EXECUTE FUNCTION nachet.content_chunk_store()} ],
		[ '39P01', "INSERT INTO public.own (chunk_no, data) VALUES (0, 'x')" ],
		[ '', q{CREATE TABLE public.spoof (picture_set_id uuid);
			CREATE TRIGGER t AFTER INSERT ON public.spoof FOR EACH STATEMENT EXECUTE FUNCTION nachet.pictures_changed('SELECT id FROM nachet.picture_set')} ],
		[ '39P01', 'INSERT INTO public.spoof DEFAULT VALUES' ],
		[ '', q{CREATE TABLE public.added (picture_set_id uuid);
			CREATE TRIGGER t AFTER INSERT ON public.added FOR EACH ROW EXECUTE FUNCTION nachet.picture_added()} ],
		[ '39P01', "INSERT INTO public.added VALUES ('$set')" ]);
	$store->psql("REVOKE EXECUTE ON FUNCTION nachet.content_chunk_store(), nachet.content_chunk_seal(), nachet.pictures_changed(), nachet.picture_added() FROM importer");
	is($store->psql("SELECT digest IS NOT NULL FROM nachet.picture_set WHERE id = '$set'"), 't', 'no digest of another was cleared');
};

subtest 'look-alikes' => sub {
	# Whoever runs one of these, with whatever rights, is caught.
	$store->psql(<<'SQL', role => 'importer');
CREATE SCHEMA evil;
GRANT ALL ON SCHEMA evil TO PUBLIC;
CREATE FUNCTION evil.trap() RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN
	RAISE EXCEPTION 'trapped % as %', session_user, current_user USING ERRCODE = 'ZZZZZ'; END $$;
DO $$
DECLARE t text;
BEGIN
	FOREACH t IN ARRAY ARRAY['bytea', 'pg_catalog.uuid', 'pg_catalog.text', 'bigint', 'integer', 'timestamptz', 'name', 'boolean'] LOOP
		EXECUTE format('CREATE FUNCTION evil.same(%s, %s) RETURNS boolean LANGUAGE sql AS $s$ SELECT evil.trap() $s$', t, t);
		EXECUTE format('CREATE OPERATOR evil.= (LEFTARG = %s, RIGHTARG = %s, FUNCTION = evil.same)', t, t);
		EXECUTE format('CREATE OPERATOR evil.< (LEFTARG = %s, RIGHTARG = %s, FUNCTION = evil.same)', t, t);
		EXECUTE format('CREATE OPERATOR evil.>= (LEFTARG = %s, RIGHTARG = %s, FUNCTION = evil.same)', t, t);
		EXECUTE format('CREATE FUNCTION evil.unnest(%s[]) RETURNS SETOF %s LANGUAGE sql AS $s$ SELECT NULL::%s WHERE evil.trap() $s$', t, t, t);
	END LOOP;
END $$;
CREATE FUNCTION evil.minus(jsonb, pg_catalog.text[]) RETURNS jsonb LANGUAGE sql AS 'SELECT CASE WHEN evil.trap() THEN $1 END';
CREATE OPERATOR evil.- (LEFTARG = jsonb, RIGHTARG = pg_catalog.text[], FUNCTION = evil.minus);
CREATE FUNCTION evil.lower(pg_catalog.text) RETURNS pg_catalog.text LANGUAGE sql AS 'SELECT CASE WHEN evil.trap() THEN $1 END';
CREATE FUNCTION evil.now() RETURNS timestamptz LANGUAGE sql AS 'SELECT NULL::timestamptz WHERE evil.trap()';
CREATE FUNCTION evil.encode(bytea, pg_catalog.text) RETURNS pg_catalog.text LANGUAGE sql AS 'SELECT $2 WHERE evil.trap()';
CREATE FUNCTION evil.verify_next(bigint, bigint) RETURNS boolean LANGUAGE sql AS 'SELECT evil.trap()';
CREATE TABLE evil.content (id bigint, sha256 bytea, byte_size bigint, chunk_size int, format pg_catalog.text);
CREATE TABLE evil.users (id pg_catalog.uuid, email pg_catalog.text);
CREATE TABLE evil.content_chunk (content_id bigint, chunk_no int, data bytea);
SQL
	my $path = 'SET search_path = evil, nachet, pg_temp, pg_catalog';
	is($store->sqlstate("$path; SELECT 1::bigint = 1::bigint", role => 'importer'), 'ZZZZZ', 'the trap works');
	my $temporary = 'CREATE TEMP TABLE content (id int); CREATE TEMP TABLE users (id int); CREATE TEMP TABLE picture (id int);'
		. ' CREATE TEMP TABLE picture_set (id int); CREATE TEMP TABLE content_chunk (id int); CREATE TEMP TABLE seed (name int)';
	my $bytes = unpack 'H*', png(11, 11, 'among look-alikes');
	for my $call (
		"INSERT INTO nachet.content_chunk (chunk_no, data) VALUES (0, 'look-alike')", "COPY nachet.content_chunk (chunk_no, data) FROM STDIN;\n0\tlook-alike too\n\\.\n",
		'SELECT nachet.get_all_seeds_names()', q{SELECT nachet.is_user_registered('nobody@example.org')}, "SELECT nachet.missing_contents($known)", "SELECT nachet.hold_contents($known)",
		"SELECT nachet.upload_picture_set(ARRAY['\\x$bytes'::bytea], '$user', $data)", upload(q{ARRAY['look.png']}, $known),
		q{SELECT nachet.picture_form('{"email": "nobody@example.org"}')}, q{SELECT nachet.picture_form('{"email": "someone@example.org"}')},
		qq{SELECT nachet.batch_import('{"email": "someone\@example.org", "seed_name": "Brassica napus", "zoom_level": 3, "nb_seeds": 5, "pictures": [{"name": "a.png", "sha256": "$sha"}]}')})
	{
		is($store->sqlstate("$temporary; $path; $call", role => 'importer'), $call =~ /picture_form.*nobody/ ? 'NC001' : '',
			'is not deceived: ' . substr $call, 0, 90);
	}
	is($store->psql("SELECT count(*) FROM nachet.content WHERE sha256 IN (sha256('look-alike'), sha256('look-alike too'), sha256('\\x$bytes'))"), 3, 'what was stored is where it belongs');
	my %other = (
		reader => [ "SELECT nachet.content_read('\\x$sha', 0, 10)", 'SELECT nachet.picture_content(id) FROM nachet.picture' ],
		app => [ "INSERT INTO nachet.picture_set (picture_set, owner_id) VALUES ('{}', '$user')",
			"INSERT INTO nachet.picture (picture, picture_set_id, nb_obj) SELECT '{}', id, 1 FROM nachet.picture_set WHERE digest IS NULL",
			'UPDATE nachet.picture SET nb_obj = 5 WHERE false' ],
		admin => [ "SELECT nachet.sweep_contents('1 day')", 'SELECT * FROM nachet.verify_contents()', 'CALL nachet.verify_all()', q{CALL nachet.sweep_all('1 day')}, q{SELECT nachet.register_user('new@example.org')},
			q{SELECT nachet.register_seed('New seed')} ]);
	$store->create_role('admin', 'nachet_admin');
	for my $role (sort keys %other)
	{
		is($store->sqlstate("$temporary; $path; $_", role => $role), '', "$role is not deceived: $_") for @{ $other{$role} };
	}
	unharmed('look-alikes');
};

subtest 'hostile arguments' => sub {
	my $many = "array_fill('\\x$sha'::bytea, ARRAY[3])";
	my $numbers = sub { my ($zoom, $seeds) = @{ $_[0] }; return qq({"seed_name": "Brassica napus", "zoom_level": $zoom, "nb_seeds": $seeds}) };
	attacks('importer',
		[ '', 'SELECT nachet.is_user_registered(NULL)' ],
		(map {
			my $call = sub { return "SELECT nachet.$_($_[0])" };
			[ '', $call->('NULL') ], [ '', $call->("'{}'") ], [ '22004', $call->('ARRAY[NULL::bytea]') ], [ '22004', $call->("ARRAY['\\x$sha'::bytea, NULL]") ],
				[ '2202E', $call->("ARRAY[$known, $known]") ], [ '22023', $call->("ARRAY['short'::bytea]") ], [ '22023', $call->("ARRAY[''::bytea]") ],
				[ '22023', $call->("ARRAY[repeat('x', 10000000)::bytea]") ], [ '', $call->("'[5:5]={\"\\\\x$sha\"}'") ],
				[ '', $call->("'[-2147483648:-2147483648]={\"\\\\x$sha\"}'") ]
		} 'missing_contents', 'hold_contents'),
		(map { [ '22004', $_ ] } upload('NULL::text[]', $known), upload("ARRAY['a']", 'NULL'), upload("ARRAY['a']", $known, 'NULL'), upload("ARRAY['a']", $known, undef, 'NULL'),
			upload('ARRAY[NULL::text]', $known), upload("ARRAY['a']", 'ARRAY[NULL::bytea]'), "SELECT nachet.upload_picture_set(NULL, '$user', $data)",
			"SELECT nachet.upload_picture_set(ARRAY[NULL::bytea], '$user', $data)"),
		[ '2202E', upload("ARRAY[ARRAY['a']]", $known) ], [ '2202E', upload("ARRAY['a']", "ARRAY[$known]") ], [ '2202E', "SELECT nachet.upload_picture_set(ARRAY[$known], '$user', $data)" ],
		[ '22023', upload("ARRAY['a', 'b']", $known) ], [ '22023', upload("ARRAY['a']", "ARRAY['short'::bytea]") ], [ '22023', upload("'{}'::text[]", $known) ],
		[ '', upload("'[7:7]={seven.png}'::text[]", "'[-3:-3]={\"\\\\x$sha\"}'::bytea[]") ],
		[ 'NC003', upload("'{}'::text[]", "'{}'::bytea[]") ], [ 'NC003', "SELECT nachet.upload_picture_set('{}'::bytea[], '$user', $data)" ],
		[ 'NC003', "SELECT nachet.upload_picture_set(ARRAY[''::bytea], '$user', $data)" ], [ 'NC003', "SELECT nachet.upload_picture_set(ARRAY['no picture'::bytea], '$user', $data)" ],
		(map { [ 'NC003', upload("ARRAY[$_]", $known) ] } "''", "'.'", "'..'", "'../a'", "'/a'", "'a/'", "'a//b'", "E'a\\nb'", "E'a\\x7f'", "repeat('n', 1048576)", "repeat('n', 1025)", "repeat('n', 100000000)"),
		[ 'NC003', upload("ARRAY['a', 'b', 'a']", $many) ],
		[ 'NC001', upload("ARRAY['a']", $known, "'00000000-0000-0000-0000-000000000000'") ],
		[ 'NC004', upload("ARRAY['a']", "ARRAY[sha256('nobody has this')]") ],
		(map { [ 'NC005', upload("ARRAY['a']", $known, undef, "'$_'") ] } '[]', '1', 'null', '{}', '{"seed_name": 1, "zoom_level": 1, "nb_seeds": 1}',
			map({ $numbers->($_) }
				[ '"NaN"', 1 ], [ '"Infinity"', 1 ], [ '"-Infinity"', 1 ], [ '"1e999"', 1 ], [ '1e400', 1 ], [ 0, 1 ], [ -1, 1 ], [ '1e-400', 1 ], [ '[]', 1 ], [ '{}', 1 ], [ 'true', 1 ],
				[ '"0x10"', 1 ], [ '"1_0"', 1 ], [ 1, 0 ], [ 1, -1 ], [ 1, 2147483648 ], [ 1, '1e10' ], [ 1, 1.5 ], [ 1, '"NaN"' ], [ 1, '"9999999999999999999999"' ], [ 1, 'null' ]),
			'{"seed_name": "Brassica napus", "zoom_level": 1, "nb_seeds": 1, "name": "' . 'n' x 2000 . '"}', '{"seed_name": "Brassica napus", "zoom_level": 1, "nb_seeds": 1, "name": "a\\nb"}'),
		[ '54000', upload("ARRAY['a']", $known, undef, q{jsonb_build_object('seed_name', 'Brassica napus', 'zoom_level', 1, 'nb_seeds', 1, 'more', repeat('m', 1000000))}) ],
		[ 'NC002', upload("ARRAY['a']", $known, undef, q{jsonb_build_object('seed_name', repeat('s', 50000), 'zoom_level', 1, 'nb_seeds', 1)}) ],
		[ '22P05', upload("ARRAY['a']", $known, undef, q{'{"seed_name": "\u0000", "zoom_level": 1, "nb_seeds": 1}'}) ],
		(map { [ 'NC006', "INSERT INTO nachet.content_chunk (chunk_no, data) VALUES $_" ] } "(1, 'a')", "(-1, 'a')", "(2147483647, 'a')", "(-2147483648, 'a')", "(0, '')", "(0, repeat('x', 8121)::bytea)",
			"(0, repeat('x', 100000000)::bytea)", "(0, 'a'), (1, 'b')", "(0, repeat('x', 8120)::bytea), (2, 'b')", "(0, repeat('x', 8120)::bytea), (1, repeat('x', 8120)::bytea), (1, 'c')"),
		[ '23502', 'INSERT INTO nachet.content_chunk (chunk_no, data) VALUES (NULL, $$a$$)' ], [ '23502', 'INSERT INTO nachet.content_chunk (chunk_no, data) VALUES (0, NULL)' ],
		[ '23502', 'INSERT INTO nachet.content_chunk DEFAULT VALUES' ], [ '22003', "INSERT INTO nachet.content_chunk (chunk_no, data) VALUES (4294967296, 'a')" ],
		[ '', "MERGE INTO nachet.content_chunk USING (VALUES (0, 'merged'::bytea)) v (n, d) ON false WHEN NOT MATCHED THEN INSERT (chunk_no, data) VALUES (n, d)" ]);
	attacks('reader', map({ [ '22023', "SELECT nachet.content_read('\\x$sha', $_)" ] } '-1, 1', '0, -1', '-9223372036854775808, 1', '1, -9223372036854775808'),
		map({ [ '', "SELECT nachet.content_read('\\x$sha', $_)" ] } '9223372036854775807, 9223372036854775807', '0, 9223372036854775807', '0, 0', 'NULL, NULL'),
		[ '22023', "SELECT nachet.content_read('', 0, 1)" ], [ '', 'SELECT nachet.picture_content(NULL)' ], [ '42501', 'SELECT email FROM nachet.users' ],
		[ '42501', 'SELECT data FROM nachet.content_chunk' ], [ '42501', 'CREATE TABLE public.r (a bigint REFERENCES nachet.content (id))' ],
		[ '42501', upload("ARRAY['a']", $known) ], [ '42501', 'BEGIN; LOCK TABLE nachet.content IN SHARE MODE' ], [ '42501', 'SELECT FROM nachet.picture FOR UPDATE' ]);
	attacks('app', map { [ '42501', $_ ] } "INSERT INTO nachet.picture (picture, picture_set_id, nb_obj, content_id) VALUES ('{}', '$set', 1, $content)", 'UPDATE nachet.picture SET content_id = 1',
		"UPDATE nachet.picture_set SET digest = sha256('a')", 'SELECT FROM nachet.content', 'TRUNCATE nachet.picture', 'ALTER TABLE nachet.picture DISABLE TRIGGER ALL',
		"SELECT nachet.content_read('\\x$sha', 0, 1)", 'SELECT nachet.picture_content(id) FROM nachet.picture', "SELECT nachet.delete_picture_set('$set')");
	unharmed('hostile arguments');
	# A setting made before the library is loaded counts for nothing.
	like($store->psql('SET nachet.max_array_size = 1000000; SELECT nachet.chunk_size(); SHOW nachet.max_array_size', role => 'importer'), qr/^8120\n64MB$/, 'no setting of its own');
};

subtest 'by way of the planner' => sub {
	attacks('importer', map({ [ '42501', "EXPLAIN $_" ] }
		'SELECT data FROM nachet.content_chunk', 'TABLE nachet.users', "UPDATE nachet.content SET format = 'png'", "SELECT nachet.picture_content('$set')",
		"(ANALYZE) SELECT nachet.content_read('\\x$sha', 0, 10)", "(ANALYZE) SELECT nachet.delete_picture_set('$set')",
		"(ANALYZE) INSERT INTO nachet.content_chunk (content_id, chunk_no, data) VALUES ($content, 0, 'mine')"));
	# Of what the planner knows of the tables' values nothing is shown to who may not read them.
	$store->psql('ANALYZE');
	is($store->psql("SELECT count(*) FROM pg_stats WHERE schemaname = 'nachet'", role => 'importer'), 0, 'importer: no statistics of any column');
	is($store->psql("SELECT count(*) FROM pg_stats WHERE schemaname = 'nachet' AND tablename IN ('users', 'content_chunk', 'verify_finding')", role => 'reader'), 0,
		'reader: none of the addresses');
	# A function that tells what it is shown, and is cheap so that the planner would call it first.
	my $leak = 'CREATE FUNCTION pg_temp.leak(text) RETURNS boolean LANGUAGE plpgsql COST 0.0001 AS $$ BEGIN RAISE WARNING $m$%$m$, $1; RETURN true; END $$;';
	my (undef, undef, $told) = $store->psql_result("$leak SELECT count(*) FROM nachet.storage s WHERE pg_temp.leak(s::text)", role => 'admin');
	is(() = $told =~ /WARNING/g, 1, 'the view of the object store shows a function its one row of sums');
	# Parallel workers, where the server can be made to use them for everything.
	my ($parallel) = $store->psql("SELECT name FROM pg_settings WHERE name IN ('force_parallel_mode', 'debug_parallel_query')");
	is($store->psql("SELECT count(*) FROM pg_proc WHERE pronamespace = 'nachet'::regnamespace AND provolatile = 'v' AND proparallel <> 'u' AND proname <> 'uuidv7'"), 0, 'what writes is for no parallel worker');
	attacks('importer', [ '42501', "SET $parallel = on; SELECT count(data) FROM nachet.content_chunk" ], [ '42501', "SET $parallel = on; SELECT nachet.picture_content('$set')" ],
		[ '', "SET $parallel = on; INSERT INTO nachet.content_chunk (chunk_no, data) SELECT 0, 'parallel'" ], [ '', "SET $parallel = on; SELECT nachet.missing_contents($known)" ]);
	unharmed('plans');
};

subtest 'cut short' => sub {
	# Timed out, failed in the middle, rolled back: nothing is left, and the same session goes on.
	my $session = Nachet::Session->new($store, 'importer');
	my $before = $store->psql('SELECT count(*), max(id) FROM nachet.content');
	$session->run("SET statement_timeout = '300ms'");
	is($session->run("INSERT INTO nachet.content_chunk (chunk_no, data) SELECT n % 1000, convert_to(rpad(n::text, nachet.chunk_size(), 'x'), 'UTF8')"
			. ' FROM generate_series(0, 10000000) n'), 'ERROR:  57014', 'timed out');
	$session->run('RESET statement_timeout');
	$session->run('BEGIN');
	$session->run('SAVEPOINT s');
	is($session->run("INSERT INTO nachet.content_chunk (chunk_no, data) SELECT 0, ('x' || 1 / (100 - n))::bytea FROM generate_series(1, 200) n"), 'ERROR:  22012', 'failed in the middle');
	$session->run('ROLLBACK TO s');
	is($session->run("INSERT INTO nachet.content_chunk (chunk_no, data) VALUES (0, 'after a failure')"), '', 'goes on');
	is($session->run('PREPARE p (int, bytea) AS INSERT INTO nachet.content_chunk (chunk_no, data) VALUES ($1, $2); EXECUTE p (0, $$prepared$$); EXECUTE p (0, $$again$$)'), '', 'prepared');
	is($session->run('EXECUTE p (1, $$out of order$$)'), 'ERROR:  NC006', 'each statement on its own');
	$session->run('ROLLBACK');
	is($store->psql('SELECT count(*), max(id) FROM nachet.content'), $before, 'nothing of it stays');
	is($session->run("INSERT INTO nachet.content_chunk (chunk_no, data) VALUES (0, 'at last')"), '', 'the next import works');
	unharmed('all of it');
};

subtest 'a schema that is there before the extension' => sub {
	$store->psql('CREATE DATABASE squatted', db => 'postgres');
	$store->psql('GRANT CREATE ON DATABASE squatted TO importer', db => 'squatted');
	$store->psql('CREATE SCHEMA nachet; CREATE FUNCTION nachet.lower(varchar) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT $1::text $$', role => 'importer', db => 'squatted');
	is($store->sqlstate('CREATE EXTENSION nachet_datastore', db => 'squatted'), '42501', 'no install into the schema of another');
	$store->psql('ALTER SCHEMA nachet OWNER TO postgres', db => 'squatted');
	is($store->sqlstate('CREATE EXTENSION nachet_datastore', db => 'squatted'), '42710', 'nor beside look-alikes');
	$store->psql('DROP SCHEMA nachet CASCADE; CREATE SCHEMA nachet', db => 'squatted');
	is($store->sqlstate('CREATE EXTENSION nachet_datastore', db => 'squatted'), '', 'an empty schema of a superuser serves');
};

done_testing;

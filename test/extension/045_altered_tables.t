#!/usr/bin/env perl
# test/extension/045_altered_tables.t: what an administrator puts on the extension's tables holds,
# and never crashes the server.
#
# Columns, indexes, constraints, policies and triggers are added to every table; then pictures come in by every way, are read,
# moved, brought back, swept and deleted. What C code relies on may not be changed: that ends in an error that says so.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Nachet::Intact qw(is_intact);
use Nachet::Loader qw(@required);
use Nachet::ObjectStore ();
use Nachet::Test qw(png tempdir tiff write_file);
use Test::More;

my $folder = tempdir();
my $objects = Nachet::ObjectStore->new('azure');
my $store = Nachet::Test->new;
$store->psql('CREATE EXTENSION amcheck');
$objects->use_by($store);
$store->create_role(reader => 'nachet_reader');
my $user = $store->user_id;
my @tables = split /\n/, $store->psql(q{SELECT relname FROM pg_class WHERE relnamespace = 'nachet'::regnamespace AND relkind = 'r' ORDER BY 1});
cmp_ok(scalar @tables, '>=', 13, 'every table of the extension is looked at') or diag("@tables");

sub literal { my ($bytes) = @_; return q{'\x} . unpack('H*', $bytes) . q{'::bytea} }
sub upload_sql
{
	my @pictures = @_;
	return 'SELECT nachet.upload_picture_set(ARRAY[' . join(', ', map { literal($_) } @pictures) . "], '$user', "
		. q{'{"seed_name": "Brassica napus", "zoom_level": 20, "nb_seeds": 5}')};
}

# All of a set's pictures have these bytes, read by a reader.
sub is_read
{
	my ($set, $bytes, $title) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my $read = $store->psql("SELECT string_agg(encode(sha256(nachet.picture_content(id)), 'hex'), ' ' ORDER BY encode(sha256(nachet.picture_content(id)), 'hex')) FROM nachet.picture WHERE picture_set_id = '$set'", role => 'reader');
	return is($read, join(' ', sort map { Nachet::Test::sha256($_) } @$bytes), $title);
}

# All indexes, against their tables; and every partial one has the rows that it should have and no other.
sub indexes_hold
{
	my ($title) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my ($status, $out, $err) = $store->psql_result(<<'SQL');
SELECT bt_index_parent_check(i.indexrelid, true, true) FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
WHERE c.relnamespace = 'nachet'::regnamespace AND c.relam = (SELECT oid FROM pg_am WHERE amname = 'btree');
SQL
	is($status, 0, $title) or diag($err);
	is($store->psql('SET enable_seqscan = off; SET enable_bitmapscan = off; SELECT count(*) FROM nachet.content_chunk WHERE chunk_no > 1000'), 0,
		"$title: a partial index has no other rows");
	return;
}

subtest 'additions to every table' => sub {
	$store->psql(<<'SQL');
CREATE SCHEMA audit;
CREATE TABLE audit.event (relation name, operation text);
CREATE FUNCTION audit.note() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
	INSERT INTO audit.event VALUES (TG_TABLE_NAME, TG_WHEN || ' ' || TG_OP);
	RETURN coalesce(NEW, OLD);
END $$;
GRANT USAGE ON SCHEMA audit TO PUBLIC;
SQL
	for my $table (@tables)
	{
		$store->psql(<<"SQL");
ALTER TABLE nachet.$table ADD COLUMN gone integer, ADD COLUMN note text, ADD COLUMN n8 bigint, ADD COLUMN at timestamptz;
ALTER TABLE nachet.$table DROP COLUMN gone;
ALTER TABLE nachet.$table ADD CONSTRAINT audited CHECK (note IS NULL OR length(note) < 100);
CREATE INDEX ON nachet.$table (md5(note));
CREATE INDEX ON nachet.$table (note) WHERE note IS NOT NULL;
CREATE TRIGGER audit_rows BEFORE INSERT OR UPDATE OR DELETE ON nachet.$table FOR EACH ROW EXECUTE FUNCTION audit.note();
CREATE TRIGGER zz_audit_rows AFTER INSERT OR UPDATE OR DELETE ON nachet.$table FOR EACH ROW EXECUTE FUNCTION audit.note();
CREATE TRIGGER zz_audit AFTER INSERT OR UPDATE OR DELETE ON nachet.$table FOR EACH STATEMENT EXECUTE FUNCTION audit.note();
SQL
		# The bytes of a full chunk leave no room for more in its page; elsewhere columns have values of their own.
		$store->psql("ALTER TABLE nachet.$table ADD COLUMN stamp timestamptz NOT NULL DEFAULT clock_timestamp(), ADD COLUMN twice integer GENERATED ALWAYS AS (2) STORED") if $table ne 'content_chunk';
		# COPY takes no policies; see below.
		$store->psql("ALTER TABLE nachet.$table ENABLE ROW LEVEL SECURITY; CREATE POLICY everything ON nachet.$table USING (true) WITH CHECK (true)") if $table ne 'content_chunk';
	}
	$store->psql(<<'SQL');
CREATE INDEX ON nachet.content_chunk (md5(data));
CREATE INDEX ON nachet.content_chunk (length(data), content_id);
CREATE INDEX partial ON nachet.content_chunk (content_id) WHERE chunk_no > 1000;
CREATE INDEX ON nachet.content_chunk USING brin (content_id);
CREATE INDEX ON nachet.content_chunk USING hash (content_id);
ALTER TABLE nachet.content_chunk ADD CONSTRAINT sizes CHECK (length(data) BETWEEN 1 AND 8120);
CREATE INDEX ON nachet.content ((byte_size / 1000)) WHERE format = 'PNG';
CREATE UNIQUE INDEX ON nachet.content (encode(sha256, 'hex'));
CREATE INDEX ON nachet.picture ((picture -> 'image_data' ->> 'format'));
SQL
	my @pictures = (png(60, 50, 'copied'), tiff(300_000, 'copied'));
	write_file("$folder/copied/a.png", $pictures[0]);
	write_file("$folder/copied/b.tiff", $pictures[1]);
	my ($status, $copied, $err) = $store->run_load(@required, "$folder/copied");
	is($status, 0, 'a folder goes in by COPY') or return diag($err);
	chomp $copied;
	is_read($copied, \@pictures, 'a folder goes in by COPY: comes back');

	my @more = (png(60, 50, 'array'), tiff(1_200_000, 'array'), $pictures[0]);
	my $array = $store->psql(upload_sql(@more), role => 'importer');
	is_read($array, \@more, 'an array goes in and comes back');
	is($store->psql(upload_sql(@more), role => 'importer'), $array, 'a folder goes in by COPY: once');
	is($store->psql('SELECT count(*) FROM nachet.content_chunk WHERE note IS NOT NULL OR n8 IS NOT NULL OR at IS NOT NULL'), 0, "what a chunk's further columns hold is nothing");
	is($store->psql('SELECT count(*) FROM nachet.content WHERE stamp IS NULL OR twice <> 2'), 0,
		"what a chunk's further columns hold is nothing: where they have defaults, those");
	is($store->psql('SELECT nachet.batch_import(nachet.request_json($$' . '{"email": "someone@example.org", "seed_name": "Brassica napus", "zoom_level": 1, "nb_seeds": 2, "pictures": [{"name": "m", "sha256": "' . Nachet::Test::sha256($more[1]) . '"}]}' . q{$$)) ->> 'result'}, role => 'importer'), 'created', 'a manifest makes a set');
	is($store->psql("SELECT count(*) FROM nachet.content_facts(ARRAY(SELECT sha256 FROM nachet.content)) WHERE reason IS NULL"), 4, 'the facts are known');
	is_intact($store, 'all is intact');
	indexes_hold('every index has every row');
	my $chunks = $store->psql('SELECT count(*) FROM nachet.content_chunk');
	cmp_ok($store->psql("SELECT count(*) FROM audit.event WHERE relation = 'content_chunk' AND operation = 'BEFORE INSERT'"), '>=', $chunks, 'triggers have seen each chunk');

	my $before = $store->psql("SELECT count(*) FROM audit.event WHERE relation = 'content_chunk' AND operation = 'BEFORE INSERT'");
	is($store->psql('SELECT contents, failed FROM nachet.offload_contents()'), '4|0', 'all moves to the object store');
	is($store->psql('SELECT count(*) FROM nachet.content_chunk'), 0,
		'all moves to the object store: leaves the database');
	is_read($array, \@more, 'all moves to the object store: is read from there');
	is($store->psql('SELECT contents, failed FROM nachet.restore_contents()'), '4|0', 'all comes back');
	is($store->psql("SELECT count(*) FROM audit.event WHERE relation = 'content_chunk' AND operation = 'BEFORE INSERT'"), $before + $chunks,
		'all comes back: by way of the triggers');
	is_read($array, \@more, 'all comes back: with its bytes');
	is_intact($store, 'all is intact still');
	indexes_hold('every index still has every row');
	is($store->psql('CALL nachet.verify_all()'), 0, 'nothing is found to be damaged');

	$store->psql('SELECT nachet.offload_contents()');
	$store->psql('CREATE TABLE public.sizes AS SELECT id, chunk_size FROM nachet.content; UPDATE nachet.content SET chunk_size = 16312 WHERE byte_size > 1000000');
	is($store->sqlstate('SELECT nachet.restore_contents()'), '54000', 'chunks of a server with larger pages do not come back');
	$store->psql('UPDATE nachet.content c SET chunk_size = s.chunk_size FROM public.sizes s WHERE s.id = c.id; DROP TABLE public.sizes');
	is($store->psql('SELECT contents, failed FROM nachet.restore_contents()'), '4|0',
		'chunks of a server with larger pages do not come back: all others do');
	$store->psql(q{INSERT INTO nachet.content_chunk (chunk_no, data) VALUES (0, 'left over'), (0, 'left over too')}, role => 'importer');
	is($store->psql("SELECT contents FROM nachet.sweep_contents('-1 s')"), 2, 'what no set has is swept');
	cmp_ok($store->psql("SELECT nachet.delete_picture_set('$copied')"), '>=', 300_000, 'a set is deleted, with what only it had');
	is_read($array, \@more, 'a set is deleted, with what only it had: another is whole');
	is_intact($store, 'all is intact at the end');
	indexes_hold('every index has every row at the end');
	my @unseen = grep { my $table = $_; !$store->psql("SELECT count(*) FROM audit.event WHERE relation = '$table'") } @tables;
	is_deeply([ grep { !/\A(?:object_type|seed|users|verify_finding)\z/ } @unseen ], [], 'triggers were fired on every table that was written');
};

subtest 'constraints and policies hold for every way in' => sub {
	my $count = sub { return $store->psql('SELECT (SELECT count(*) FROM nachet.content), (SELECT count(*) FROM nachet.content_chunk), (SELECT count(*) FROM nachet.picture_set)') };
	my $was = $count->();
	my $insert = q{INSERT INTO nachet.content_chunk (chunk_no, data) VALUES (0, 'more than ten bytes')};
	$store->psql('ALTER TABLE nachet.content_chunk ADD CONSTRAINT nope CHECK (length(data) < 10) NOT VALID');
	is($store->sqlstate($insert, role => 'importer'), '23514', 'a CHECK refuses an INSERT');
	is($store->sqlstate(upload_sql(png(9, 9, 'checked')), role => 'importer'), '23514',
		'a CHECK refuses an INSERT: an array');
	$store->psql('ALTER TABLE nachet.content_chunk DROP CONSTRAINT nope');
	$store->psql('CREATE UNIQUE INDEX one_each ON nachet.content_chunk (length(data)) WHERE length(data) = 12');
	is($store->sqlstate($insert =~ s/more than ten bytes/twelve bytes/r, role => 'importer'), '', 'a unique index takes one');
	is($store->sqlstate($insert =~ s/more than ten bytes/TWELVE BYTES/r, role => 'importer'), '23505',
		'a unique index takes one: refuses a second');
	$store->psql("DROP INDEX nachet.one_each; SELECT nachet.sweep_contents('-1 s')");
	$store->psql('ALTER TABLE nachet.content_chunk ENABLE ROW LEVEL SECURITY');
	is($store->sqlstate($insert, role => 'importer'), '42501', 'without a policy nothing goes in');
	my ($status, undef, $err) = $store->run_load('--retries', 0, @required, '--name', 'other', write_file("$folder/policy/a.png", png(9, 9, 'policy')) && "$folder/policy");
	is($status, 1, 'without a policy nothing goes in: nor by COPY') or diag($err);
	is($count->(), $was, 'nothing of all this was stored');
	$store->psql('CREATE POLICY everything ON nachet.content_chunk FOR INSERT WITH CHECK (true)');
	is($store->sqlstate($insert, role => 'importer'), '', 'with one, an INSERT does');
	$store->psql('ALTER TABLE nachet.content_chunk FORCE ROW LEVEL SECURITY; DROP POLICY everything ON nachet.content_chunk');
	is($store->sqlstate(upload_sql(png(9, 9, 'forced')), role => 'importer'), '',
		'with one, an INSERT does: with none an array does: it is the owner who stores it');
	$store->psql("SELECT nachet.delete_picture_set(id) FROM nachet.picture_set ORDER BY id DESC LIMIT 1; ALTER TABLE nachet.content_chunk NO FORCE ROW LEVEL SECURITY, DISABLE ROW LEVEL SECURITY; SELECT nachet.sweep_contents('-1 s')");
	$store->psql('ALTER TABLE nachet.content_chunk ADD COLUMN large bigint NOT NULL DEFAULT 7');
	is($store->sqlstate($insert, role => 'importer'), '', 'a column that has a value takes room');
	is($store->sqlstate(upload_sql(tiff(20_000, 'full')), role => 'importer'), '54000',
		'a column that has a value takes room, which a full chunk leaves none for');
	is($store->psql('SELECT count(*) FROM nachet.content_chunk WHERE large <> 7'), 0,
		'a column that has a value takes room: has its default');
	$store->psql("ALTER TABLE nachet.content_chunk DROP COLUMN large; SELECT nachet.sweep_contents('-1 s')");
	is($count->(), $was, 'nothing is left');
	is($store->sqlstate(upload_sql(tiff(20_000, 'full')), role => 'importer'), '', 'a full chunk goes in again');
	is_intact($store, 'all is intact');
};

# What is done and undone, and which functions must refuse meanwhile.
my $set = $store->psql(upload_sql(png(20, 20, 'kept')), role => 'importer');
my $digest = Nachet::Test::sha256(png(20, 20, 'kept'));
my %calls = (
	insert => [ importer => q{INSERT INTO nachet.content_chunk (chunk_no, data) VALUES (0, 'something')} ],
	upload => [ importer => upload_sql(png(9, 9, 'refused')) ],
	missing => [ importer => "SELECT nachet.missing_contents(ARRAY['\\x$digest'::bytea])" ],
	facts => [ importer => "SELECT nachet.content_facts(ARRAY['\\x$digest'::bytea])" ],
	read => [ reader => "SELECT nachet.content_read('\\x$digest', 0, 10)" ],
	picture => [ reader => "SELECT nachet.picture_content(id) FROM nachet.picture WHERE picture_set_id = '$set'" ],
	verify => [ postgres => 'SELECT nachet.verify_contents()' ],
);
subtest 'what C code relies on cannot be changed unnoticed' => sub {
	for my $case (
		[ 'content_chunk: a column renamed', 'ALTER TABLE nachet.content_chunk RENAME data TO bytes', 'ALTER TABLE nachet.content_chunk RENAME bytes TO data', qw(upload facts read picture verify) ],
		[ 'content_chunk: another type', 'ALTER TABLE nachet.content_chunk ALTER chunk_no TYPE oid', 'ALTER TABLE nachet.content_chunk ALTER chunk_no TYPE integer USING chunk_no::bigint::integer', qw(insert upload facts read picture verify) ],
		[ 'content_chunk: bytes moved out of line', 'ALTER TABLE nachet.content_chunk ALTER data SET STORAGE EXTERNAL', 'ALTER TABLE nachet.content_chunk ALTER data SET STORAGE PLAIN', qw(insert upload) ],
		[ 'content: a column renamed', 'ALTER TABLE nachet.content RENAME byte_size TO size', 'ALTER TABLE nachet.content RENAME size TO byte_size', qw(missing facts read picture verify) ],
		[ 'content: another type', 'ALTER TABLE nachet.content ALTER object_etag TYPE bytea USING object_etag::bytea', 'ALTER TABLE nachet.content ALTER object_etag TYPE text USING convert_from(object_etag, $$UTF8$$)', qw(missing facts read picture verify) ],
		[ 'picture: a column renamed', 'ALTER TABLE nachet.picture RENAME content_id TO old', 'ALTER TABLE nachet.picture RENAME old TO content_id', qw(picture verify) ],
		[ 'an index of another column', 'ALTER INDEX nachet.content_pkey RENAME TO old; CREATE INDEX content_pkey ON nachet.content (byte_size)', 'DROP INDEX nachet.content_pkey; ALTER INDEX nachet.old RENAME TO content_pkey', qw(picture verify) ],
		[ 'an index of some rows', 'ALTER INDEX nachet.content_sha256_key RENAME TO old; CREATE INDEX content_sha256_key ON nachet.content (sha256) WHERE width > 5', 'DROP INDEX nachet.content_sha256_key; ALTER INDEX nachet.old RENAME TO content_sha256_key', qw(missing facts read) ],
		[ 'an index that descends', 'ALTER INDEX nachet.content_pkey RENAME TO old; CREATE INDEX content_pkey ON nachet.content (id DESC)', 'DROP INDEX nachet.content_pkey; ALTER INDEX nachet.old RENAME TO content_pkey', qw(picture verify) ],
		[ 'an index of another kind', 'ALTER INDEX nachet.content_sha256_key RENAME TO old; CREATE INDEX content_sha256_key ON nachet.content USING hash (sha256)', 'DROP INDEX nachet.content_sha256_key; ALTER INDEX nachet.old RENAME TO content_sha256_key', qw(missing facts read) ],
		[ 'an index of one column of two', 'ALTER INDEX nachet.content_chunk_pkey RENAME TO old; CREATE INDEX content_chunk_pkey ON nachet.content_chunk (content_id) INCLUDE (chunk_no)', 'DROP INDEX nachet.content_chunk_pkey; ALTER INDEX nachet.old RENAME TO content_chunk_pkey', qw(read picture verify) ],
		[ 'an index of another table', 'ALTER INDEX nachet.picture_pkey RENAME TO old; CREATE INDEX picture_pkey ON nachet.picture_seed (id)', 'DROP INDEX nachet.picture_pkey; ALTER INDEX nachet.old RENAME TO picture_pkey', qw(picture) ])
	{
		my ($title, $do, $undo, @refused) = @$case;
		$store->psql($do);
		for my $call (@refused)
		{
			my ($role, $sql) = @{ $calls{$call} };
			is($store->sqlstate($sql, role => $role), '55000', "$title: $call");
		}
		$store->psql($undo);
		for my $call (@refused)
		{
			my ($role, $sql) = @{ $calls{$call} };
			is($store->sqlstate("BEGIN; $sql; ROLLBACK", role => $role), '', "$title, undone: $call");
		}
	}
	my (undef, undef, $err) = $store->psql_result("BEGIN; ALTER TABLE nachet.content RENAME byte_size TO size; $calls{missing}[1]");
	like($err, qr/column 3 of table "nachet\.content" is not "byte_size" of type bigint.*HINT:  Columns may be added/s, 'the error says which column, and what may be done');
	is_intact($store, 'all is intact');
};

# Columns that statements alone read, into values of C: each in a database of its own, so that nothing needs to be undone.
subtest 'types that C code takes from statements' => sub {
	$store->create_role("altered_$_" => "nachet_$_") for qw(admin app);
	for my $case (
		[ 'users.id', 'ALTER TABLE nachet.picture_set DROP CONSTRAINT picture_set_owner_id_fkey; ALTER TABLE nachet.users ALTER id DROP DEFAULT, ALTER id TYPE bigint USING 7',
			altered_admin => q{SELECT nachet.is_user_registered('a@example.org')} ],
		[ 'seed.id', 'ALTER TABLE nachet.picture_seed DROP CONSTRAINT picture_seed_seed_id_fkey; ALTER TABLE nachet.seed ALTER id DROP DEFAULT, ALTER id TYPE bigint USING 7',
			altered_admin => q{SELECT nachet.register_seed('a')} ],
		[ 'picture.picture_set_id', 'ALTER TABLE nachet.picture DROP CONSTRAINT picture_picture_set_id_fkey, ALTER picture_set_id TYPE bigint USING 7',
			altered_app => q{INSERT INTO nachet.picture (picture, picture_set_id, nb_obj) VALUES ('{}', 7, 1)} ],
		[ 'seed.name, a new row', 'ALTER TABLE nachet.seed DROP name CASCADE, ADD name bigint DEFAULT 7; GRANT EXECUTE ON FUNCTION nachet.uuidv7() TO nachet_admin; GRANT INSERT (name) ON nachet.seed TO nachet_admin', altered_admin => 'INSERT INTO nachet.seed (name) VALUES (9)' ],
		[ 'users.email, a new row', 'ALTER TABLE nachet.users DROP email CASCADE, ADD email bigint DEFAULT 7; GRANT EXECUTE ON FUNCTION nachet.uuidv7() TO nachet_admin; GRANT INSERT (email) ON nachet.users TO nachet_admin', altered_admin => 'INSERT INTO nachet.users (email) VALUES (9)' ],
		[ 'content.object_etag', q{ALTER TABLE nachet.content ALTER object_etag TYPE integer USING 5; UPDATE nachet.content SET object_url = 's3://a/b', object_etag = 5},
			altered_admin => 'SELECT nachet.restore_contents()' ])
	{
		my ($title, $do, $role, $call) = @$case;
		$store->psql('CREATE DATABASE altered', db => 'postgres');
		$store->psql("CREATE EXTENSION nachet_datastore; SELECT nachet.register_user('a\@example.org'), nachet.register_seed('a');"
			. " INSERT INTO nachet.content_chunk (chunk_no, data) VALUES (0, 'a'); $do", db => 'altered');
		is($store->sqlstate($call, role => $role, db => 'altered'), '55000', $title);
		$store->psql('DROP DATABASE altered', db => 'postgres');
	}
};

# A trigger of an administrator may skip rows: whatever was to be written then counts as failed, and nothing is lost.
subtest 'rows that a trigger skips' => sub {
	$store->psql('CREATE FUNCTION audit.skip() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RETURN NULL; END$$');
	my $state = sub {
		return $store->psql('SELECT (SELECT array_agg((id, object_url) ORDER BY id) FROM nachet.content), (SELECT count(*) FROM nachet.content_chunk),'
			. ' (SELECT count(*) FROM nachet.picture), (SELECT count(*) FROM nachet.picture_set), (SELECT count(*) FROM nachet.object_deletion)');
	};
	my $chunk = q{INSERT INTO nachet.content_chunk (chunk_no, data) VALUES (0, 'skipped')};
	my $array = upload_sql(png(8, 9, 'skipped'));
	for my $case ([ here => 'INSERT', 'content_chunk', $array ], [ here => 'INSERT', 'content', $chunk, $array ], [ here => 'INSERT', 'picture', $array ],
		[ here => 'INSERT', 'picture_seed', $array ], [ here => 'UPDATE', 'content', 'SELECT nachet.offload_contents()' ],
		[ moved => 'UPDATE', 'content', 'SELECT nachet.restore_contents()' ], [ moved => 'INSERT', 'content_chunk', 'SELECT nachet.restore_contents()' ])
	{
		my ($place, $event, $table, @calls) = @$case;
		$store->psql($place eq 'here' ? 'SELECT nachet.restore_contents()' : 'SELECT nachet.offload_contents()');
		$store->psql("CREATE TRIGGER zz_skip BEFORE $event ON nachet.$table FOR EACH ROW EXECUTE FUNCTION audit.skip()");
		my $was = $state->();
		for my $call (@calls)
		{
			my (undef, undef, $err) = $store->psql_result("\\set VERBOSITY verbose\n$call", timeout => 60);
			like($err, qr/ERROR:  09000: table "nachet\.\w+" stored 0 of \d+ rows.*HINT:  Drop the trigger or rule/s, "$event on $table: " . substr($call, 0, 40));
			is($state->(), $was, 'all is intact: all is as it was');
		}
		$store->psql("DROP TRIGGER zz_skip ON nachet.$table");
	}
	$store->psql('SELECT nachet.restore_contents()');
	is_intact($store, 'all is intact');
};

subtest 'functions that another version declares' => sub {
	my $library = '$libdir/nachet_datastore';
	for my $case (
		[ 'a set of rows with a column more', "CREATE FUNCTION other.facts(bytea[], OUT a bytea, OUT b bigint, OUT c text, OUT d int, OUT e int, OUT f text, OUT g text, OUT h text) RETURNS SETOF record AS '$library', 'content_facts' LANGUAGE C", "SELECT other.facts(ARRAY['\\x$digest'::bytea])" ],
		[ 'a row with a column more', "CREATE FUNCTION other.sweep(interval, OUT a bigint, OUT b bigint, OUT c bigint) AS '$library', 'sweep_contents' LANGUAGE C", "SELECT other.sweep('1 day')" ],
		[ 'no row', "CREATE FUNCTION other.sweep(interval) RETURNS bigint AS '$library', 'sweep_contents' LANGUAGE C", "SELECT other.sweep('1 day')" ],
		[ 'no set', "CREATE FUNCTION other.missing(bytea[]) RETURNS bytea AS '$library', 'missing_contents' LANGUAGE C", "SELECT other.missing(ARRAY['\\x$digest'::bytea])" ])
	{
		my ($title, $create, $call) = @$case;
		is($store->sqlstate("BEGIN; CREATE SCHEMA other; $create; $call; ROLLBACK"), $title eq 'no set' ? '0A000' : '55000', "$title is refused");
	}
	$store->psql('CREATE DATABASE without', db => 'postgres');
	my $without = "CREATE FUNCTION public.missing(bytea[]) RETURNS SETOF bytea AS '$library', 'missing_contents' LANGUAGE C; SELECT public.missing(ARRAY['\\x$digest'::bytea])";
	like(($store->psql_result("\\set VERBOSITY verbose\n$without", db => 'without'))[2], qr/ERROR:  42704: extension nachet_datastore is not installed.*HINT:  Run CREATE EXTENSION/s,
		'a database without the extension is told so');
	like(($store->psql_result("\\set VERBOSITY verbose\nBEGIN; ALTER TABLE nachet.content RENAME TO elsewhere; $calls{missing}[1]"))[2],
		qr/ERROR:  42P01: relation "nachet\.content" does not exist.*HINT:  Drop the extension and run CREATE EXTENSION/s, 'and one whose table is not there');
	for my $trigger (split /\n/, $store->psql("SELECT proname FROM pg_proc WHERE pronamespace = 'nachet'::regnamespace AND prorettype IN ('trigger'::regtype, 'event_trigger'::regtype)"))
	{
		is($store->sqlstate("BEGIN; CREATE SCHEMA other; CREATE FUNCTION other.plain() RETURNS integer AS '$library', '$trigger' LANGUAGE C; SELECT other.plain(); ROLLBACK"),
			$trigger =~ /^refuse_/ ? '39P03' : '39P01', "$trigger, as no trigger function, is refused");
	}
};

unlike($store->log, qr/terminated by signal|PANIC|leak/, 'no backend crashed, and nothing leaked');

done_testing;

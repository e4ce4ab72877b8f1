#!/usr/bin/env perl
# test/extension/067_worker_attacks.t: code that others put in the way of the offload worker runs
# with nobody's rights but nachet_owner's.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Nachet::Loader qw(@required);
use Nachet::ObjectStore ();
use Nachet::Test qw(png poll_until tempdir write_file);
use Test::More;

my $objects = Nachet::ObjectStore->new('s3');
my $store = Nachet::Test->new(set => { shared_preload_libraries => 'nachet_datastore', 'nachet.object_store_databases' => 'nachet', 'nachet.object_store_naptime' => 1 });
my $folder = tempdir();
my $sets = 0;

# The database's owner is no superuser.
$store->create_role('mallory');
$store->psql('ALTER DATABASE nachet OWNER TO mallory');
$store->psql(<<'SQL', role => 'mallory');
CREATE SCHEMA evil;
GRANT USAGE ON SCHEMA evil TO PUBLIC;
CREATE TABLE evil.trace (at text, cur text, super boolean);
GRANT ALL ON evil.trace TO PUBLIC;
-- Tries all that might lead from the rights at hand to a superuser's.
CREATE FUNCTION evil.try_all(at text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	way text;
BEGIN
	INSERT INTO evil.trace SELECT try_all.at, current_user, rolsuper FROM pg_catalog.pg_roles WHERE rolname OPERATOR(pg_catalog.=) current_user;
	FOREACH way IN ARRAY ARRAY['', 'RESET ROLE', 'SET ROLE NONE', 'SET ROLE postgres', 'RESET SESSION AUTHORIZATION', 'SET SESSION AUTHORIZATION DEFAULT',
		'SET SESSION AUTHORIZATION postgres', 'SET search_path = evil, pg_catalog', 'DISCARD ALL',
		'CREATE FUNCTION pg_temp.up() RETURNS int LANGUAGE sql AS ''SELECT 1''',
		'DECLARE held CURSOR WITH HOLD FOR SELECT evil.up(''held cursor'')']
	LOOP
		BEGIN
			EXECUTE way;
		EXCEPTION WHEN OTHERS THEN NULL;
		END;
		BEGIN
			ALTER ROLE mallory SUPERUSER;
		EXCEPTION WHEN OTHERS THEN NULL;
		END;
	END LOOP;
END $$;
CREATE FUNCTION evil.up(at text) RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO evil.trace SELECT up.at, current_user, rolsuper FROM pg_catalog.pg_roles WHERE rolname OPERATOR(pg_catalog.=) current_user;
	BEGIN
		ALTER ROLE mallory SUPERUSER;
	EXCEPTION WHEN OTHERS THEN NULL;
	END;
	RETURN 0;
END $$;
CREATE FUNCTION evil.plus(bigint, bigint) RETURNS bigint LANGUAGE sql AS $$SELECT evil.up('operator +')$$;
CREATE FUNCTION evil.less(bigint, bigint) RETURNS boolean LANGUAGE sql AS $$SELECT evil.up('operator') IS NOT NULL$$;
CREATE OPERATOR evil.+ (LEFTARG = bigint, RIGHTARG = bigint, FUNCTION = evil.plus);
CREATE OPERATOR evil.= (LEFTARG = bigint, RIGHTARG = bigint, FUNCTION = evil.less);
CREATE OPERATOR evil.> (LEFTARG = bigint, RIGHTARG = bigint, FUNCTION = evil.less);
CREATE OPERATOR evil.< (LEFTARG = bigint, RIGHTARG = bigint, FUNCTION = evil.less);
CREATE FUNCTION evil.strpos(text, text) RETURNS bigint LANGUAGE sql AS $$SELECT evil.up('function')$$;
CREATE FUNCTION evil.starts_with(text, text) RETURNS boolean LANGUAGE sql AS $$SELECT evil.up('function') IS NOT NULL$$;
CREATE FUNCTION evil.clock_timestamp() RETURNS timestamptz LANGUAGE sql AS $$SELECT pg_catalog.now() FROM evil.up('function')$$;
CREATE FUNCTION evil.row_trigger() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN PERFORM evil.try_all(TG_NAME); RETURN NEW; END$$;
CREATE FUNCTION evil.of_index(text) RETURNS text IMMUTABLE LANGUAGE plpgsql AS $$BEGIN RETURN $1; END$$;
SQL

# The test's own look, whatever the database has set for its sessions.
sub look { my ($sql) = @_; return $store->psql("SET ROLE NONE; SET search_path = pg_catalog; $sql") }
sub is_super { return look("SELECT rolsuper FROM pg_roles WHERE rolname = 'mallory'") }

# Imports pictures and lets the worker move them.
sub let_it_move
{
	my ($what) = @_;
	my $set = "$folder/" . ++$sets;
	write_file("$set/$_.png", png(20, 20, "$sets $_")) for 1 .. 3;
	my ($status, undef, $err) = $store->run_load(@required, $set);
	die $err if $status != 0;
	ok(poll_until(sub { look("SELECT waiting_contents FROM nachet.storage") == 0 }, 60), "$what: the worker moves what waits") or diag($store->log);
	return;
}

$store->psql("ALTER DATABASE nachet SET search_path = evil, pg_catalog", role => 'mallory');
$objects->use_by($store);
$store->restart;
let_it_move('operators and functions before those of pg_catalog');
is(look('SELECT count(*) FROM evil.trace'), 0, 'none of them has run');
is(is_super(), 'f', 'the owner of the database is no superuser');

$store->psql("ALTER DATABASE nachet SET $_", role => 'mallory')
	for 'role = mallory', "default_transaction_isolation = 'serializable'", 'check_function_bodies = off';
$store->restart;
look('DELETE FROM evil.trace');
let_it_move('settings of the database');
is(look('SELECT count(*) FROM evil.trace'), 0, 'neither has any code run');
look("ALTER DATABASE nachet RESET $_") for qw(role default_transaction_isolation);

# As if a superuser had granted him more than he should have.
look('GRANT USAGE ON SCHEMA nachet TO mallory; GRANT TRIGGER ON nachet.content, nachet.content_chunk TO mallory');
$store->psql(<<'SQL', role => 'mallory');
CREATE TRIGGER at_update BEFORE UPDATE ON nachet.content FOR EACH ROW EXECUTE FUNCTION evil.row_trigger();
CREATE CONSTRAINT TRIGGER at_commit AFTER UPDATE ON nachet.content DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION evil.row_trigger();
CREATE CONSTRAINT TRIGGER at_commit_too AFTER DELETE ON nachet.content_chunk DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION evil.row_trigger();
SQL
look('CREATE INDEX ON nachet.content (evil.of_index(object_url))');
$store->psql(q{CREATE OR REPLACE FUNCTION evil.of_index(text) RETURNS text IMMUTABLE LANGUAGE plpgsql AS
	$$BEGIN IF $1 IS NOT NULL THEN PERFORM evil.try_all('index'); END IF; RETURN $1; END$$}, role => 'mallory');
let_it_move('triggers, also deferred ones, and functions of indexes');
is(look("SELECT string_agg(DISTINCT at, ', ' ORDER BY at) FROM evil.trace WHERE cur = 'nachet_owner' AND at <> 'operator'"), 'at_commit, at_commit_too, at_update, held cursor, index',
	'they run as nachet_owner');
is(look('SELECT count(*) FROM evil.trace WHERE super'), 0, 'and never as a superuser');
is(is_super(), 'f', 'the owner of the database is no superuser');

# What they leave in the worker's session.
look('DROP TRIGGER at_update ON nachet.content; DROP TRIGGER at_commit ON nachet.content; DROP TRIGGER at_commit_too ON nachet.content_chunk;'
	. ' DROP INDEX nachet.content_of_index_idx; DELETE FROM evil.trace');
let_it_move('once they are gone');
is(look('SELECT count(*) FROM evil.trace'), 0, 'nothing that they have set holds for a later transaction');
is(is_super(), 'f', 'the owner of the database is no superuser');
unlike($store->log, qr/leak/, 'nothing was left open');

done_testing;

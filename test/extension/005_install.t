#!/usr/bin/env perl
# test/extension/005_install.t: CREATE EXTENSION in a cluster that somebody has prepared: roles with
# more rights than they should have, default privileges.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Nachet::Test qw(run_command tempdir);
use Test::More;

my $store = Nachet::Test->new(extension => 0);
my @ours = qw(nachet_owner nachet_reader nachet_importer nachet_app nachet_admin);
$store->psql('CREATE ROLE mallory LOGIN; CREATE ROLE chief SUPERUSER');

# Creates the extension after some SQL; returns the status and what it printed, and leaves a cluster without it and its roles.
sub install_after
{
	my ($sql) = @_;
	$store->psql($sql);
	my ($status, undef, $err) = $store->psql_result("\\set VERBOSITY verbose\nCREATE EXTENSION nachet_datastore");
	$store->psql('DROP EXTENSION IF EXISTS nachet_datastore; DROP FUNCTION IF EXISTS f(); DROP SCHEMA IF EXISTS nachet CASCADE; DROP ROLE IF EXISTS ' . join ', ', @ours);
	return ($status, $err);
}

subtest 'an owner that others can be' => sub {
	my @cases = (
		[ 'LOGIN', 'CREATE ROLE nachet_owner LOGIN' ],
		[ 'SUPERUSER', 'CREATE ROLE nachet_owner SUPERUSER' ],
		[ 'CREATEROLE', 'CREATE ROLE nachet_owner CREATEROLE' ],
		[ 'CREATEDB', 'CREATE ROLE nachet_owner CREATEDB' ],
		[ 'REPLICATION', 'CREATE ROLE nachet_owner REPLICATION' ],
		[ 'BYPASSRLS', 'CREATE ROLE nachet_owner BYPASSRLS' ],
		[ 'member mallory', 'CREATE ROLE nachet_owner; GRANT nachet_owner TO mallory' ],
		[ 'member nachet_importer', 'CREATE ROLE nachet_owner; CREATE ROLE nachet_importer IN ROLE nachet_owner' ],
		[ 'owner of function public.f()', 'CREATE ROLE nachet_owner; CREATE FUNCTION f() RETURNS text SECURITY DEFINER LANGUAGE sql AS $$SELECT 1::text$$; ALTER FUNCTION f() OWNER TO nachet_owner' ],
		[ 'LOGIN, member mallory', 'CREATE ROLE nachet_owner LOGIN ROLE mallory' ]);
	for my $case (@cases)
	{
		my ($status, $err) = install_after($case->[1]);
		isnt($status, 0, "refused: $case->[1]");
		like($err, qr/ERROR:  55000: role "nachet_owner" has more rights than .*DETAIL:  It has: \Q$case->[0]\E\.\n.*HINT:  Run ALTER ROLE nachet_owner/s,
			"refused: $case->[1]: it says why");
	}
};

subtest 'an owner as it should be' => sub {
	for my $sql ('SELECT 1', 'CREATE ROLE nachet_owner', 'CREATE ROLE nachet_owner ROLE chief')
	{
		my ($status, $err) = install_after($sql);
		is($status, 0, "taken: $sql") or diag($err);
		is($err, '', "taken: $sql: nothing is said");
	}
};

subtest 'other roles with rights of their own' => sub {
	my @cases = (
		[ 'nachet_reader', 'LOGIN', 'CREATE ROLE nachet_reader LOGIN' ],
		[ 'nachet_importer', 'SUPERUSER', 'CREATE ROLE nachet_importer SUPERUSER' ],
		[ 'nachet_app', 'CREATEROLE', 'CREATE ROLE nachet_app CREATEROLE' ],
		[ 'nachet_admin', 'BYPASSRLS, member of nachet_reader', 'CREATE ROLE nachet_reader; CREATE ROLE nachet_admin BYPASSRLS IN ROLE nachet_reader' ],
		[ 'nachet_owner', 'member of pg_read_server_files', 'CREATE ROLE nachet_owner IN ROLE pg_read_server_files' ]);
	for my $case (@cases)
	{
		my ($status, $err) = install_after($case->[2]);
		is($status, 0, "taken: $case->[2]") or diag($err);
		my @warned = $err =~ /WARNING:  \S+: (.*)/g;
		is("@warned", qq(role "$case->[0]" has more rights than nachet_datastore gives it),
			"taken: $case->[2]: with a warning");
		like($err, qr/DETAIL:  It has: \Q$case->[1]\E\.\n/, "taken: $case->[2]: the warning says which");
	}
};

subtest 'members of the other roles' => sub {
	my ($status, $err) = install_after('CREATE ROLE nachet_reader ROLE mallory');
	is($status, 0, 'are what these roles are for') or diag($err);
	is($err, '', 'are what these roles are for: nothing is said');
};

subtest 'an update' => sub {
	$store->psql("CREATE EXTENSION nachet_datastore VERSION '1.1.0'; GRANT nachet_owner TO mallory; ALTER ROLE nachet_admin LOGIN; CREATE SCHEMA own AUTHORIZATION nachet_owner");
	my ($status, undef, $err) = $store->psql_result('ALTER EXTENSION nachet_datastore UPDATE');
	is($status, 0, 'is not held up by roles in use');
	is(join('; ', $err =~ /WARNING:  (.*)/g), join('; ', map { qq(role "$_" has more rights than nachet_datastore gives it) } qw(nachet_admin nachet_owner)),
		'is not held up by roles in use: but warns');
	like($err, qr/It has: member mallory, owner of schema own\.\n.*HINT:  .*restore of a dump/,
		'is not held up by roles in use: of members of the owner, of what else it owns, and of restores');
	$store->psql('DROP SCHEMA own');
	like($err, qr/It has: LOGIN\./, 'is not held up by roles in use: of attributes');
};

# Who else than its owner may use what, a line each.
my $rights = <<'SQL';
WITH member AS (
	SELECT classid, objid FROM pg_depend d JOIN pg_extension e ON e.oid = refobjid WHERE deptype = 'e' AND extname = 'nachet_datastore'
)
SELECT what, CASE grantee WHEN 0 THEN 'PUBLIC' ELSE grantee::regrole::text END, privilege_type, is_grantable FROM (
	SELECT relowner AS owner, oid::regclass::text AS what, coalesce(relacl, acldefault(CASE relkind WHEN 'S' THEN 's'::"char" ELSE 'r' END, relowner)) AS acl
	FROM pg_class JOIN member ON classid = 'pg_class'::regclass AND objid = oid
	UNION ALL SELECT proowner, oid::regprocedure::text, coalesce(proacl, acldefault('f', proowner))
	FROM pg_proc JOIN member ON classid = 'pg_proc'::regclass AND objid = oid
	UNION ALL SELECT nspowner, 'schema', coalesce(nspacl, acldefault('n', nspowner)) FROM pg_namespace WHERE nspname = 'nachet'
) AS t, aclexplode(acl) ORDER BY 1, 2, 3
SQL

subtest 'default privileges of the installer' => sub {
	my $open = join '; ', map { ("ALTER DEFAULT PRIVILEGES GRANT ALL ON $_ TO PUBLIC", "ALTER DEFAULT PRIVILEGES GRANT ALL ON $_ TO mallory WITH GRANT OPTION",
		"ALTER DEFAULT PRIVILEGES GRANT ALL ON $_ TO nachet_importer, nachet_owner") }
		qw(TABLES SEQUENCES ROUTINES TYPES SCHEMAS);
	$open .= "; ALTER DEFAULT PRIVILEGES REVOKE ALL ON $_ FROM postgres" for qw(TABLES SEQUENCES ROUTINES);
	$store->psql('DROP EXTENSION nachet_datastore; REVOKE nachet_owner FROM mallory; ALTER ROLE nachet_admin NOLOGIN');
	$store->psql('CREATE EXTENSION nachet_datastore');
	my $expected = $store->psql($rights);
	for my $db (qw(opened updated)) { $store->psql("CREATE DATABASE $db", db => 'postgres'); $store->psql($open, db => $db) }
	$store->psql('CREATE EXTENSION nachet_datastore', db => 'opened');
	is_deeply([ split /\n/, $store->psql($rights, db => 'opened') ], [ split /\n/, $expected ], 'open nothing');
	$store->psql("CREATE ROLE someone; GRANT nachet_importer TO someone; SELECT nachet.register_user('a\@b.c'); SELECT nachet.register_seed('S')", db => 'opened');
	is($store->sqlstate("SET ROLE someone; INSERT INTO nachet.content_chunk (chunk_no, data) VALUES (0, 'x')", db => 'opened'), '',
		'open nothing: take nothing from us');

	$store->psql("CREATE EXTENSION nachet_datastore VERSION '1.1.0'", db => 'updated');
	my %before = map { $_ => 1 } split /\n/, $store->psql($rights =~ s/SELECT what, .*/SELECT DISTINCT what FROM (/r =~ s/, aclexplode.*//rs, db => 'updated');
	my (undef, undef, $err) = $store->psql_result('ALTER EXTENSION nachet_datastore UPDATE', db => 'updated');
	like($err, qr/WARNING:  objects of nachet_datastore are accessible to roles other than its own/, 'an update takes nothing away, but warns');
	like($err, qr/^(DETAIL:  )?table nachet\.users to PUBLIC, mallory$/m,
		'an update takes nothing away, but warns: of tables');
	like($err, qr/^(DETAIL:  )?sequence nachet\.content_id_seq to PUBLIC, mallory$/m,
		'an update takes nothing away, but warns: of sequences');
	like($err, qr/^(DETAIL:  )?routine nachet\.register_user\(email text\) to mallory$/m,
		'an update takes nothing away, but warns: of functions');
	my $new = sub { return join "\n", grep { !$before{ (split /\|/)[0] } } split /\n/, $_[0] };
	is($new->($store->psql($rights, db => 'updated')), $new->($expected),
		'an update takes nothing away, but warns: what is new is closed');
};

# Operators that match the catalogs' columns exactly, and better than PostgreSQL's own: whoever finds them runs them. The first hides what is in a schema.
my %answer = (regnamespace => 'false', regclass => '$1 OPERATOR(pg_catalog.=) $2::oid');
my $look_alikes = join '; ', 'SET ROLE mallory', map {
	"CREATE FUNCTION nachet.is(oid, $_) RETURNS boolean LANGUAGE plpgsql AS 'BEGIN"
		. " IF (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN ALTER ROLE mallory SUPERUSER; END IF;"
		. " RETURN $answer{$_}; END'",
	"CREATE OPERATOR nachet.= (LEFTARG = oid, RIGHTARG = $_, FUNCTION = nachet.is)"
} sort keys %answer;
my $is_super = q(SELECT rolsuper FROM pg_roles WHERE rolname = 'mallory');

subtest 'operators in a schema that was there before' => sub {
	$store->psql('CREATE DATABASE prepared', db => 'postgres');
	my $prepare = "GRANT CREATE ON DATABASE prepared TO mallory; SET ROLE mallory; CREATE SCHEMA nachet; $look_alikes; RESET ROLE; ALTER SCHEMA nachet OWNER TO CURRENT_USER";
	$store->psql($prepare, db => 'prepared');
	my (undef, undef, $err) = $store->psql_result('CREATE EXTENSION nachet_datastore', db => 'prepared');
	like($err, qr/schema "nachet" contains functions or operators/, 'are refused');
	is($store->psql($is_super, db => 'postgres'), 'f', 'are refused: not run');
	$store->psql('ALTER ROLE mallory NOSUPERUSER', db => 'postgres');
};

subtest 'a trusted extension in the schema' => sub {
	$store->psql('CREATE DATABASE trusted', db => 'postgres');
	$store->psql('CREATE EXTENSION nachet_datastore; GRANT CREATE ON DATABASE trusted TO mallory; SET ROLE mallory; CREATE EXTENSION hstore SCHEMA nachet', db => 'trusted');
	my $dump = tempdir() . '/dump';
	my %env = $store->env;
	is((run_command({ env => \%env }, 'pg_dump', '-Fc', '-f', $dump, 'trusted'))[0], 0, 'is dumped');
	$store->psql('CREATE DATABASE trusted_restored TEMPLATE template0', db => 'postgres');
	my ($status, undef, $err) = run_command({ env => \%env }, 'pg_restore', '-e', '-d', 'trusted_restored', $dump);
	is($status, 0, 'is dumped: does not prevent the restore') or diag($err);
	is($store->psql(q{SELECT count(*) FROM pg_extension WHERE extname IN ('hstore', 'nachet_datastore')}, db => 'trusted_restored'), 2,
		'is dumped: of either extension');
};

subtest 'operators in the schema at an update' => sub {
	for my $version (qw(1.0.0 1.1.0))
	{
		my $db = "prepared_$version" =~ s/\W/_/gr;
		$store->psql("CREATE DATABASE $db", db => 'postgres');
		$store->psql("CREATE EXTENSION nachet_datastore VERSION '$version'; GRANT CREATE, USAGE ON SCHEMA nachet TO mallory; $look_alikes", db => $db);
		my ($status, undef, $err) = $store->psql_result('ALTER EXTENSION nachet_datastore UPDATE', db => $db);
		is($status, 0, "$version is updated") or diag($err);
		is($store->psql($is_super, db => 'postgres'), 'f', "$version is updated: without running them");
		like($err, qr/WARNING:  schema "nachet" is not controlled by the extension alone\n.*HINT:  .*run in place of/s,
			"$version is updated: warns");
		is(join('; ', sort map { s/^DETAIL:  //r } $err =~ /^((?:DETAIL:  )?(?:mallory|function|operator) .*)$/mg),
			'function nachet."is"(oid,regclass) is not part of the extension; function nachet."is"(oid,regnamespace) is not part of the extension; mallory may create objects; operator nachet.=(oid,regclass) is not part of the extension;'
				. ' operator nachet.=(oid,regnamespace) is not part of the extension', "$version is updated: of each, and of who may make more");
		$store->psql('ALTER ROLE mallory NOSUPERUSER', db => 'postgres');
	}
};

subtest 'the schema at an update' => sub {
	my $db = 'schema_owner';
	$store->psql('CREATE DATABASE schema_owner', db => 'postgres');
	for my $case ([ '', '' ], [ 'ALTER SCHEMA nachet OWNER TO mallory', 'mallory is the owner' ], [ 'GRANT CREATE ON SCHEMA nachet TO PUBLIC', 'PUBLIC may create objects' ],
		[ 'GRANT CREATE ON SCHEMA nachet TO nachet_app', 'nachet_app may create objects' ], [ 'GRANT CREATE ON SCHEMA nachet TO chief', '' ], [ 'ALTER SCHEMA nachet OWNER TO chief', '' ])
	{
		my ($sql, $detail) = @$case;
		$store->psql("CREATE EXTENSION nachet_datastore VERSION '1.1.0'; $sql", db => $db);
		my ($status, undef, $err) = $store->psql_result('ALTER EXTENSION nachet_datastore UPDATE', db => $db);
		is($status, 0, "is updated: $sql") or diag($err);
		is($err =~ /WARNING:  schema "nachet" is not controlled by the extension alone\nDETAIL:  (.*)/ ? $1 : '', $detail,
			"is updated: $sql: " . ($detail eq '' ? 'without a warning' : 'with a warning'));
		$store->psql('DROP EXTENSION nachet_datastore; DROP SCHEMA nachet', db => $db);
	}
};

subtest 'a schema in which others might create objects' => sub {
	$store->psql('CREATE DATABASE open_schema', db => 'postgres');
	$store->psql('CREATE SCHEMA nachet; GRANT ALL ON SCHEMA nachet TO PUBLIC, mallory; CREATE EXTENSION nachet_datastore', db => 'open_schema');
	is($store->sqlstate('SET ROLE mallory; CREATE TABLE nachet.t ()', db => 'open_schema'), '42501', 'is closed to them by CREATE EXTENSION');
};

done_testing;

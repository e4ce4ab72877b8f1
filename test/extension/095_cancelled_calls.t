#!/usr/bin/env perl
# test/extension/095_cancelled_calls.t: every function as every role, cut off at random moments:
# nobody becomes more than before.
#
# Calls stand alone, within handlers of plpgsql, savepoints, cursors and prepared statements, and are ended by a
# statement_timeout. What holds afterwards does not depend on where they were cut. NACHET_TEST_SEED repeats the choices,
# NACHET_TEST_ROUNDS says how many calls (NACHET_LONG=1: 20,000).
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Nachet::Loader qw(@required);
use Nachet::ObjectStore ();
use Nachet::Session ();
use Nachet::Test qw(png tempdir tiff write_file);
use Test::More;

my $rounds = $ENV{NACHET_TEST_ROUNDS} // ($ENV{NACHET_LONG} ? 20_000 : 400);
my $seed = srand($ENV{NACHET_TEST_SEED} // int rand 2**31);
diag("NACHET_TEST_SEED=$seed NACHET_TEST_ROUNDS=$rounds");

my $store = Nachet::Test->new;
my $objects = Nachet::ObjectStore->new('azure');
$objects->use_by($store);
my $user = $store->user_id;

# --- who calls ---------------------------------------------------------------------------------------
$store->create_role($_, "nachet_$_") for qw(reader app admin);
$store->create_role($_) for qw(stranger landlord);
$store->psql('ALTER DATABASE nachet OWNER TO landlord; GRANT CREATE ON SCHEMA public TO landlord');
my @roles = qw(importer reader app admin stranger landlord);

# The owner of the database has its search_path lead through traps: whoever runs one with rights of nachet_owner is noted.
$store->psql('ALTER ROLE postgres SET search_path = pg_catalog; CREATE TABLE public.loot (who name); GRANT INSERT ON public.loot TO PUBLIC; GRANT USAGE ON SCHEMA public TO PUBLIC');
$store->psql(<<'SQL', role => 'landlord');
CREATE SCHEMA evil;
GRANT USAGE ON SCHEMA evil TO PUBLIC;
CREATE FUNCTION evil.trap() RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN
	IF pg_catalog.pg_has_role('nachet_owner', 'USAGE') THEN INSERT INTO public.loot VALUES (current_user); END IF;
	RETURN true;
END $$;
DO $$ DECLARE t text; BEGIN
	FOREACH t IN ARRAY ARRAY['bytea', 'pg_catalog.uuid', 'pg_catalog.text', 'bigint', 'integer', 'timestamptz', 'boolean'] LOOP
		EXECUTE format('CREATE FUNCTION evil.same(%s, %s) RETURNS boolean LANGUAGE sql AS $s$ SELECT evil.trap() $s$', t, t);
		EXECUTE format('CREATE OPERATOR evil.= (LEFTARG = %s, RIGHTARG = %s, FUNCTION = evil.same)', t, t);
		EXECUTE format('CREATE OPERATOR evil.< (LEFTARG = %s, RIGHTARG = %s, FUNCTION = evil.same)', t, t);
	END LOOP;
END $$;
CREATE FUNCTION evil.plus(bigint, bigint) RETURNS bigint LANGUAGE sql AS 'SELECT CASE WHEN evil.trap() THEN 0 END';
CREATE OPERATOR evil.+ (LEFTARG = bigint, RIGHTARG = bigint, FUNCTION = evil.plus);
CREATE FUNCTION evil.lower(pg_catalog.text) RETURNS pg_catalog.text LANGUAGE sql AS 'SELECT CASE WHEN evil.trap() THEN $1 END';
ALTER DATABASE nachet SET search_path = evil, nachet, pg_catalog;
SQL

# --- what there is to be cut off in ------------------------------------------------------------------
my $folder = tempdir();
write_file("$folder/$_.png", png(30, 30, "kept $_")) for 1 .. 20;
write_file("$folder/$_.tiff", tiff(12_000_000, "kept $_")) for 1 .. 2;
my ($status, $kept, $err) = $store->run_load(@required, $folder);
is($status, 0, 'a set that no call deletes') or diag($err);
chomp $kept;
$store->psql(q{INSERT INTO nachet.seed (name) SELECT rpad(n::text, 200, 'x') FROM generate_series(1, 2000) n});
my @sha = split /\n/, $store->psql("SELECT encode(sha256, 'hex') FROM nachet.content ORDER BY id");
my @picture = split /\n/, $store->psql('SELECT id FROM nachet.picture ORDER BY id');

# The functions, each with the types of its arguments.
my @functions = map { my ($name, $kind, @types) = split /\|/; { name => $name, kind => $kind, types => \@types } } split /\n/, $store->psql(<<'SQL');
SELECT concat_ws('|', proname, prokind, (SELECT string_agg(format_type(t, NULL), '|' ORDER BY n) FROM unnest(proargtypes::oid[]) WITH ORDINALITY AS u (t, n)))
FROM pg_proc JOIN pg_depend d ON d.classid = 'pg_proc'::regclass AND d.objid = pg_proc.oid AND d.deptype = 'e'
	JOIN pg_extension e ON e.oid = d.refobjid WHERE extname = 'nachet_datastore' ORDER BY 1
SQL
cmp_ok(scalar @functions, '>', 40, scalar(@functions) . ' functions');

sub one_of { return $_[ int rand @_ ] }
sub digests { return 'ARRAY[' . join(', ', map { "'\\x" . one_of(@sha) . "'::bytea" } 1 .. 1 + int rand 5) . ']' }
sub fresh { return unpack 'H*', png(6, 6, 'fresh ' . one_of(1 .. 40)) }
sub data_of { return sprintf q('{"seed_name": "%s", "zoom_level": %d, "nb_seeds": 5}'::jsonb), one_of('Brassica napus', 'brassica  NAPUS', 'x' x 200), 1 + int rand 3 }

# An argument of a type: most fit somewhere, some nowhere.
my %argument = (
	uuid => sub { return one_of("'$user'", "'" . one_of(@picture) . "'", q{(SELECT id FROM nachet.picture_set LIMIT 0)}, "'00000000-0000-7000-8000-000000000000'") },
	bytea => sub { return "'\\x" . one_of(@sha, 'ab') . "'::bytea" },
	'bytea[]' => sub { return one_of(digests(), 'ARRAY[NULL::bytea]', q{'{}'}) },
	'text[]' => sub { return one_of(q{ARRAY['a.png']}, q{ARRAY['..']}, q{'{}'}) },
	text => sub { return one_of("'$Nachet::Test::EMAIL'", q{'new@example.org'}, q{'Brassica napus'}, q{'brassica napus'}, q{'{"a": [1, 2]}'}, q{''}) },
	jsonb => sub { return one_of(data_of(), qq('{"email": "$Nachet::Test::EMAIL"}'), q{'{"email": 5}'}, q{'[]'}) },
	bigint => sub { return one_of(0, 1, 5, 100, 1_000_000_000, -1) },
	integer => sub { return one_of(0, 1, 1000) },
	interval => sub { return one_of(q{'1 day'}, q{'-1 day'}) },
	'timestamp with time zone' => sub { return one_of('now()', q{'2000-01-01'}) },
	boolean => sub { return one_of('true', 'false') });
# Calls that get far.
my %sensible = (
	upload_picture_set => sub {
		return one_of("ARRAY['\\x" . fresh() . "', '\\x" . fresh() . "']::bytea[], '$user', " . data_of(),
			"ARRAY['a', 'b'], ARRAY['\\x" . one_of(@sha) . "', '\\x" . one_of(@sha) . "']::bytea[], '$user', " . data_of());
	},
	batch_import => sub {
		return sprintf q('{"email": "%s", "seed_name": "Brassica napus", "zoom_level": %d, "nb_seeds": 1, "pictures": [{"name": "x", "sha256": "%s"}]}'),
			$Nachet::Test::EMAIL, 1 + int rand 3, one_of(@sha);
	},
	delete_picture_set => sub { return $_[0] eq 'admin' ? "'" . ($store->psql("SELECT id FROM nachet.picture_set WHERE id <> '$kept' LIMIT 1") || '00000000-0000-7000-8000-000000000000') . "'" : 'NULL' },
	offload_contents => sub { return one_of('', '3', '100, 30000000') },
	restore_contents => sub { return one_of('', '3', "100, 100000000, '$kept'") },
	picture_content => sub { return "'" . one_of(@picture) . "'" },
	content_read => sub { return "'\\x" . one_of(@sha) . "', " . one_of(0, 5_000_000) . ', ' . one_of(10, 12_000_000) });

sub call_of
{
	my ($function, $role) = @_;
	my $sensible = $sensible{ $function->{name} };
	return sprintf 'nachet.%s(%s)', $function->{name}, $sensible->($role) if $sensible && rand() < 0.8;
	return sprintf 'nachet.%s(%s)', $function->{name},
		join ', ', map { my $make = $argument{$_}; my $type = $_ =~ s/"//gr; rand() < 0.1 || !$make ? "NULL::$_" : '(' . $make->() . ")::$_" } @{ $function->{types} };
}

# --- how it is called --------------------------------------------------------------------------------
# Each gets the statement that calls, and the call for plpgsql; who a handler is, and who goes on after it, is in test.who.
my $who = q{PERFORM pg_catalog.set_config('test.who', pg_catalog.concat(pg_catalog.current_setting('test.who', true), ' ', current_user), false);};
my %shape = (
	alone => sub { return $_[0] },
	handler => sub { return qq{DO \$do\$ BEGIN BEGIN $_[1] EXCEPTION WHEN query_canceled OR OTHERS THEN $who END; $who END \$do\$} },
	'two handlers' => sub {
		return qq{DO \$do\$ BEGIN BEGIN BEGIN $_[1] EXCEPTION WHEN query_canceled THEN $who RAISE division_by_zero; END;}
			. qq{ EXCEPTION WHEN query_canceled OR OTHERS THEN $who END; $who END \$do\$};
	},
	savepoint => sub { return "BEGIN;\nSAVEPOINT s;\n$_[0];\nROLLBACK TO s;\nSELECT pg_catalog.set_config('test.who', pg_catalog.concat(' ', current_user), false) = '';\n" . one_of('COMMIT', 'ROLLBACK') },
	transaction => sub { return 'BEGIN' . one_of('', ' ISOLATION LEVEL REPEATABLE READ', ' ISOLATION LEVEL SERIALIZABLE') . ";\n$_[0];\n" . one_of('COMMIT', 'ROLLBACK') },
	prepared => sub { return "PREPARE p AS $_[0];\nEXECUTE p;\nEXECUTE p;\nDEALLOCATE p" },
	cursor => sub { return "BEGIN;\nDECLARE c CURSOR FOR $_[0];\nFETCH 1 FROM c;\nFETCH ALL FROM c;\nROLLBACK" });
my @procedural = qw(alone transaction); # what CALL can be

# --- what must hold -----------------------------------------------------------------------------------
# All rights that the current user has, as one hash; no operator or function is looked up in traps.
my $rights = <<'SQL' =~ s/\n\t*/ /gr;
SET search_path = pg_catalog; SET statement_timeout = 0;
SELECT concat_ws(' ', current_user, session_user, current_setting('role'), current_setting('is_superuser'), pg_has_role('nachet_owner', 'MEMBER'),
	pg_has_role('nachet_admin', 'MEMBER'), pg_has_role('nachet_reader', 'MEMBER'), md5(string_agg(concat_ws(' ', what, may), ',' ORDER BY what)))
FROM (SELECT oid::regclass::text AS what, concat_ws('', has_table_privilege(oid, 'SELECT'), has_table_privilege(oid, 'INSERT'), has_table_privilege(oid, 'UPDATE'),
		has_table_privilege(oid, 'DELETE'), has_table_privilege(oid, 'TRUNCATE'), has_table_privilege(oid, 'TRIGGER'), has_any_column_privilege(oid, 'SELECT'),
		has_any_column_privilege(oid, 'INSERT'), has_any_column_privilege(oid, 'UPDATE')) AS may
	FROM pg_class WHERE relnamespace = 'nachet'::regnamespace AND relkind IN ('r', 'v')
	UNION ALL SELECT oid::regprocedure::text, has_function_privilege(oid, 'EXECUTE')::text FROM pg_proc WHERE pronamespace = 'nachet'::regnamespace
	UNION ALL SELECT 'schema', concat_ws('', has_schema_privilege('nachet', 'USAGE'), has_schema_privilege('nachet', 'CREATE'))) AS t;
RESET search_path
SQL
# What the catalog says of roles and rights, and of what acts with rights.
my $catalog = <<'SQL';
SELECT md5(string_agg(line, chr(10) ORDER BY line COLLATE "C")) FROM (
	SELECT concat_ws(' ', 'role', rolname, rolsuper, rolinherit, rolcreaterole, rolcreatedb, rolcanlogin, rolreplication, rolbypassrls, rolconfig) AS line FROM pg_roles
	UNION ALL SELECT concat_ws(' ', 'member', roleid::regrole, member::regrole) FROM pg_auth_members
	UNION ALL SELECT concat_ws(' ', 'relation', oid::regclass, relowner::regrole, relacl, relrowsecurity, relforcerowsecurity) FROM pg_class WHERE relnamespace = 'nachet'::regnamespace
	UNION ALL SELECT concat_ws(' ', 'column', attrelid::regclass, attname, attacl) FROM pg_attribute JOIN pg_class c ON c.oid = attrelid WHERE relnamespace = 'nachet'::regnamespace
	UNION ALL SELECT concat_ws(' ', 'function', oid::regprocedure, proowner::regrole, proacl, prosecdef, proconfig, prosrc, probin) FROM pg_proc WHERE pronamespace = 'nachet'::regnamespace
	UNION ALL SELECT concat_ws(' ', 'trigger', pg_get_triggerdef(t.oid), tgenabled) FROM pg_trigger t JOIN pg_class c ON c.oid = tgrelid WHERE relnamespace = 'nachet'::regnamespace AND NOT tgisinternal
	UNION ALL SELECT concat_ws(' ', 'event trigger', evtname, evtenabled, evtowner::regrole, evtfoid::regproc) FROM pg_event_trigger
	UNION ALL SELECT concat_ws(' ', 'schema', nspname, nspowner::regrole, nspacl) FROM pg_namespace WHERE nspname !~ '^pg_(toast_)?temp_'
	UNION ALL SELECT concat_ws(' ', 'default', defaclrole::regrole, defaclobjtype, defaclacl) FROM pg_default_acl
	UNION ALL SELECT concat_ws(' ', 'setting', setdatabase, setrole, setconfig) FROM pg_db_role_setting
	UNION ALL SELECT concat_ws(' ', 'extension', extname, extowner::regrole, extversion) FROM pg_extension
	UNION ALL SELECT concat_ws(' ', 'database', datname, datdba::regrole, datacl) FROM pg_database) AS t
SQL

my %session = map { $_ => Nachet::Session->new($store, $_) } @roles;
my %before = map { $_ => $session{$_}->run($rights) } @roles;
like($before{$_}, qr/^\Q$_ $_\E none off f/, "$_ begins as itself") for @roles;
my $catalog_before = $store->psql($catalog);
my %allowed = map { $_ => { map { $_ => 1 } split /\n/, $store->psql("SELECT proname FROM pg_proc WHERE pronamespace = 'nachet'::regnamespace AND has_function_privilege('$_', oid, 'EXECUTE')") } } @roles;

my (@wrong, %outcome);
for my $round (1 .. $rounds)
{
	my $role = one_of(@roles);
	my @may = grep { $allowed{$role}{ $_->{name} } } @functions;
	my @long = grep { $_->{name} =~ /^(?:offload|restore|verify|sweep|upload|content_read|picture_content|batch)/ } @may;
	my $function = @long && rand() < 0.6 ? one_of(@long) : @may && rand() < 0.8 ? one_of(@may) : one_of(@functions);
	my $call = call_of($function, $role);
	my $procedure = $function->{kind} eq 'p';
	my $shape = one_of($procedure ? @procedural : sort keys %shape);
	my $timeout = int exp rand log 100; # 1 to 99 ms, short ones more often
	my $statement = $shape{$shape}->($procedure ? "CALL $call" : "SELECT * FROM $call", $procedure ? "CALL $call;" : "PERFORM * FROM $call;");
	my $session = $session{$role};
	my $answer = eval { $session->run("SET test.who = '';\nSET statement_timeout = '${timeout}ms';\n$statement;\nROLLBACK;\nDEALLOCATE ALL;\nRESET statement_timeout") };
	my $what = "round $round: $role, $shape, $timeout ms: " . substr $statement, 0, 300;
	if (!defined $answer) { push @wrong, "$what\nthe session is lost: $@"; last }
	my $handlers = $session->run('SHOW test.who');
	$outcome{ $answer =~ /57014/ ? 'cut off' : $answer =~ /ERROR/ ? 'refused' : $handlers =~ /\S+ \S+/ ? 'caught by a handler' : 'done' }++;
	push @wrong, "$what\nanother's rights: $handlers" if grep { $_ ne $role } split ' ', $handlers;
	push @wrong, "$what\nbroken: $answer" if $answer =~ /FATAL|PANIC|WARNING:  01000|XX000/;
	# A strict function of a constant NULL is NULL to the planner: it is never called.
	push @wrong, "$what\nnot refused: $answer" if $call !~ /NULL/ && !$allowed{$role}{ $function->{name} } && $answer !~ /ERROR/ && $shape !~ /handler/;
	my $after = $session->run($rights);
	push @wrong, "$what\nis now $after, was $before{$role}" if $after ne $before{$role};
	push @wrong, "$what\nor a round before it: the catalog has changed" if ($round % 10 == 0 || $round == $rounds) && $store->psql($catalog) ne $catalog_before;
	last if @wrong > 5;
}
is(scalar @wrong, 0, "$rounds calls: everyone is who they were, with the rights they had") or diag(join "\n\n", @wrong);
diag(join ', ', map { "$outcome{$_} $_" } sort keys %outcome);

is($store->psql('SELECT count(*) FROM public.loot'), 0, 'no trap was run with the rights of nachet_owner');
for my $role (@roles)
{
	is($session{$role}->run($_), 'ERROR:  42501', "$role: refused: $_")
		for 'SET ROLE nachet_owner', 'SELECT data FROM nachet.content_chunk', 'GRANT nachet_owner TO stranger', 'ALTER TABLE nachet.users OWNER TO stranger',
		'CREATE FUNCTION nachet.mine() RETURNS int LANGUAGE sql AS $$ SELECT 1 $$';
}
undef $session{$_} for @roles;
is($store->psql("SELECT count(*) FROM pg_locks l JOIN pg_stat_activity a USING (pid) WHERE a.usename <> 'postgres'"), 0, 'nobody holds a lock');
$store->psql("SELECT nachet.restore_contents(1000, 10000000000)");
is($store->psql("SELECT count(*) FROM nachet.picture p JOIN nachet.content c ON c.id = content_id WHERE picture_set_id = '$kept' AND sha256(nachet.picture_content(p.id)) = c.sha256"), 22,
	'the set that no call deletes has every byte');
is($store->psql('SELECT count(*) FROM nachet.verify_contents()'), 0, 'nothing is damaged');
is($store->psql('SELECT count(*) FROM nachet.picture p LEFT JOIN nachet.content c ON c.id = content_id WHERE content_id IS NOT NULL AND c.id IS NULL'), 0, 'nothing dangles');
unlike($store->log, qr/PANIC|TRAP|terminated by signal|reference leak|non-empty SPI stack|unexpected state/, 'and the server has not complained');

done_testing;

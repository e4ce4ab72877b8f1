#!/usr/bin/env perl
# test/loader/044_hints.t: errors of the database come with what to do about them: whom to grant
# what, whose setting was too strict, what to install.
#
# A lock that another session holds makes statements wait; nothing here depends on timing.
use strict;
use warnings;

use FindBin ();
use lib "$FindBin::Bin/../lib";
use Nachet::Loader qw(@required);
use Nachet::Session ();
use Nachet::Test qw(gif write_file poll_until);
use Test::More;

my $store = Nachet::Test->new;
my $folder = $store->tempdir . '/pictures';
my $count = 0;
my @args = (@required, '--retries', 0, $folder);

# The status, and all hints of a run on a folder that has something new.
sub hints
{
	my ($env, @more) = @_;
	write_file("$folder/" . ++$count . '.gif', gif($count));
	my ($status, $out, $err) = $store->run_load({ env => $env }, @more, @args);
	return ($status, join(' | ', $err =~ /^nachet-load: hint: (.*)$/mg), $err);
}

sub has_hint
{
	my ($env, $hint, $what, $expected) = @_;
	my ($status, $hints, $err) = hints($env);
	is($status, $expected // 1, "$what: it fails") or diag($err);
	return is($hints, $hint, "$what: the hint says what to do") || diag($err);
}

# --- rights ------------------------------------------------------------------------------------------------
$store->psql('CREATE ROLE "New Clerk" LOGIN; CREATE ROLE shy LOGIN NOINHERIT IN ROLE nachet_importer');
has_hint({ PGUSER => 'New Clerk' }, 'An administrator gives the role its privileges: GRANT nachet_importer TO "New Clerk";',
	'a role without privileges');
$store->psql('GRANT nachet_importer TO "New Clerk"');
is((hints({ PGUSER => 'New Clerk' }))[0], 0, 'a role without privileges, which helps');
my ($status, $hint) = hints({ PGUSER => 'shy' });
is($status, 1, 'a role that inherits no privileges: it fails');
is($hint, "The role shy is a member of nachet_importer and does not inherit its privileges: let it inherit them, or set "
	. "PGOPTIONS='-c role=nachet_importer'.", 'a role that inherits no privileges: says what to do');
is((hints({ PGUSER => 'shy', PGOPTIONS => '-c role=nachet_importer' }))[0], 0,
	'a role that inherits no privileges, which helps');
has_hint({ PGUSER => 'postgres', PGOPTIONS => '-c session_replication_role=replica' }, 'The triggers of the datastore do not run: '
	. 'session_replication_role is replica (PGOPTIONS, ALTER ROLE), or they were disabled.', 'a session without triggers');

# --- what is installed -------------------------------------------------------------------------------------
$store->psql("CREATE DATABASE $_", db => 'postgres') for qw(bare old);
has_hint({ PGDATABASE => 'bare' }, 'This database has no datastore: give another one (--dbname, PGDATABASE), or have an administrator '
	. 'run CREATE EXTENSION nachet_datastore in it.', 'a database without the datastore');
$store->psql("CREATE EXTENSION nachet_datastore; ALTER EXTENSION nachet_datastore DROP FUNCTION nachet.batch_import(jsonb, text);
	DROP FUNCTION nachet.batch_import(jsonb, text); UPDATE pg_extension SET extversion = '0.9' WHERE extname = 'nachet_datastore'", db => 'old');
($status, $hint) = hints({ PGDATABASE => 'old' });
like($hint, qr/\AThis is nachet-load \S+, and the database has nachet_datastore 0\.9: ALTER EXTENSION nachet_datastore UPDATE brings it up to date\.\z/,
	'an older datastore is named, and how to update it');

# --- settings ----------------------------------------------------------------------------------------------
my $holder = Nachet::Session->new($store);
$holder->run('BEGIN; LOCK TABLE nachet.content_chunk IN ACCESS EXCLUSIVE MODE');
for my $case (
	[ 'ALTER ROLE importer', 'for this role (ALTER ROLE)' ],
	[ 'ALTER DATABASE nachet', 'for this database (ALTER DATABASE)' ],
	[ 'ALTER ROLE importer IN DATABASE nachet', 'for this role in this database (ALTER ROLE ... IN DATABASE)' ],
	[ undef, 'by PGOPTIONS or the connection string' ])
{
	my ($alter, $whose) = @$case;
	for my $setting (qw(statement_timeout lock_timeout))
	{
		$store->psql("$alter SET $setting = '200ms'") if $alter;
		has_hint({ PGOPTIONS => $alter ? undef : "-c $setting=200ms" },
			"$setting is 200ms, set $whose. PGOPTIONS='-c $setting=0' lifts it for one import.", "$setting, set $whose");
		$store->psql("$alter RESET $setting") if $alter;
	}
}

# Cancelled by hand, with and without a timeout that has not passed.
for my $options (undef, '-c statement_timeout=1h')
{
	my $loader = $store->start_load({ env => { PGOPTIONS => $options } }, @args);
	my $waiting = "FROM pg_stat_activity WHERE application_name = 'nachet-load' AND wait_event_type = 'Lock'";
	poll_until(sub { $store->psql("SELECT count(*) $waiting") > 0 }, 60) or die $loader->err;
	$store->psql("SELECT pg_cancel_backend(pid) $waiting");
	is($loader->wait(60), 1, 'a statement that somebody cancels: it fails');
	like($loader->err, qr/canceling statement due to user request\n\z/,
		'a statement that somebody cancels: gives no advice') if !$options;
}
# A limit that the question meets too.
($status, $hint, my $err) = hints({ PGOPTIONS => '-c statement_timeout=1ms' });
like($hint, qr/\A(?:statement_timeout is 1ms, set by PGOPTIONS|Unless someone cancelled the statement, .* has a statement_timeout)/,
	'a statement_timeout of 1 ms: it fails and says what to do') or diag($err);
$holder->run('ROLLBACK');
is((hints({}))[0], 0, 'without all that, it goes in');

done_testing;

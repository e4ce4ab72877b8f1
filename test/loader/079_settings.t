#!/usr/bin/env perl
# test/loader/079_settings.t: the settings of a role, a database or a session: nachet-load leaves
# them as they are, also on a connection that it shares.
use strict;
use warnings;

use FindBin ();
use lib "$FindBin::Bin/../lib";
use Nachet::Loader qw(@required);
use Nachet::Pooler ();
use Nachet::Test qw(gif tiff write_file);
use Test::More;

my $store = Nachet::Test->new;
my $work = $store->tempdir;

sub make_folder
{
	my ($name) = @_;
	write_file("$work/$name/$_.gif", gif("$name $_")) for 1 .. 20;
	write_file("$work/$name/x-large.tif", tiff(12_000_000, $name));
	return "$work/$name";
}

# The server keeps what synchronous_commit was when contents and sets were written.
$store->psql(<<'END_SQL');
CREATE TABLE seen (what text, setting text);
CREATE FUNCTION note_setting() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN INSERT INTO public.seen VALUES (TG_TABLE_NAME, current_setting('synchronous_commit')); RETURN NULL; END $$;
CREATE TRIGGER note AFTER INSERT ON nachet.content FOR EACH STATEMENT EXECUTE FUNCTION note_setting();
CREATE CONSTRAINT TRIGGER note AFTER INSERT ON nachet.picture_set DEFERRABLE INITIALLY DEFERRED
	FOR EACH ROW EXECUTE FUNCTION note_setting();
END_SQL

sub seen
{
	my $seen = $store->psql("SELECT DISTINCT what || ' ' || setting FROM seen ORDER BY 1");
	$store->psql('TRUNCATE seen');
	return $seen;
}

# Each of these stands for the role, and must be what the set is committed with; off alone is raised.
for my $case ([ 'on', 'on' ], [ 'remote_apply', 'remote_apply' ], [ 'local', 'local' ], [ 'off', 'on' ])
{
	my ($setting, $committed) = @$case;
	$store->psql("ALTER ROLE importer SET synchronous_commit = $setting");
	my $folder = make_folder("direct $setting");
	my ($status, $id, $err) = $store->run_load(@required, '-j', 2, $folder);
	is($status, 0, "the role has synchronous_commit = $setting: an import succeeds") or diag($err);
	is(seen(), "content off\npicture_set $committed",
		"the role has synchronous_commit = $setting: waits for no disk while it sends, and makes the set as the role has it");

	next if $setting ne 'on' && $setting ne 'remote_apply';

	# One server connection, which psql gets after the loader.
	my $pooler = Nachet::Pooler->new($store);
	is($pooler->psql('SHOW synchronous_commit'), $setting, 'a pooled connection has the setting of the role');
	for my $args ([ '-n' ], [], [ '-j', 2 ], [ '--name', 'again' ])
	{
		$folder = make_folder("pooled $setting @$args") if !grep { $_ eq '--name' } @$args;
		my $before = $pooler->psql('SELECT pg_backend_pid()');
		($status, my $out, $err) = $store->run_load({ env => { $pooler->env } }, @required, @$args, $folder);
		is($status, 0, "nachet-load @$args through it succeeds") or diag($err);
		is($pooler->psql("SELECT pg_backend_pid() || ' ' || string_agg(name || '=' || setting, ' ') FROM pg_settings
			WHERE source = 'session' AND name <> 'application_name'"), '', "nachet-load @$args through it succeeds: leaves no setting behind");
		is($pooler->psql('SHOW synchronous_commit'), $setting,
			"nachet-load @$args through it succeeds: nor another synchronous_commit");
		is($pooler->psql('SELECT pg_backend_pid()'), $before,
			"nachet-load @$args through it succeeds: on the connection that it used");
	}
	is(seen(), "content off\npicture_set $committed", 'imports through a pooler have the same settings as others');
	$pooler->stop;
}

done_testing;

#!/usr/bin/env perl
# test/http/056_settings.t: the settings of a role: nachet-http leaves them as they are, also on a
# connection that a pooler lends to others.
use strict;
use warnings;
use Test::More;

use lib 'test/lib';
use Nachet::Pooler ();
use Nachet::Session ();
use Nachet::Test qw(free_port jpeg);
use Nachet::Http qw(curl manifest multipart post_body post_json post_manifest post_stage staged is_problem);

my $store = Nachet::Test->new;
my $good = '{"email": "someone@example.org"}';
$store->psql("ALTER ROLE importer SET synchronous_commit = remote_apply; ALTER ROLE importer SET statement_timeout = '77s'");

# The server keeps what the settings were when contents and sets were written.
$store->psql(<<'END_SQL');
CREATE TABLE seen (what text, setting text);
CREATE FUNCTION note_setting() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN INSERT INTO public.seen VALUES (TG_TABLE_NAME,
	current_setting('synchronous_commit') || ' ' || current_setting('statement_timeout')); RETURN NULL; END $$;
CREATE TRIGGER note AFTER INSERT ON nachet.content FOR EACH STATEMENT EXECUTE FUNCTION note_setting();
CREATE CONSTRAINT TRIGGER note AFTER INSERT ON nachet.picture_set DEFERRABLE INITIALLY DEFERRED
	FOR EACH ROW EXECUTE FUNCTION note_setting();
END_SQL

# One server connection, which psql gets after the service.
my $pooler = Nachet::Pooler->new($store);
my %pooled = $pooler->env;
my $admin = free_port();
my $http = Nachet::Test::start_service(args => [ '--dbname', "host=$pooled{PGHOST} port=5432 user=importer dbname=nachet",
	'--admin-listen', "127.0.0.1:$admin", '--statement-timeout', '2' ]);

sub state_of_connection
{
	return $pooler->psql("SELECT pg_backend_pid(), string_agg(name || '=' || setting, ' ' ORDER BY name) FROM pg_settings"
		. " WHERE source IN ('session', 'user') AND name NOT LIKE 'application%'");
}
my $before = state_of_connection();
like($before, qr/\|statement_timeout=77000 synchronous_commit=remote_apply\z/, 'the role has settings');

sub leaves_nothing
{
	my ($name, $status, $answer) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	is($answer->{status}, $status, $name) or diag($answer->{body});
	is(state_of_connection(), $before, '... leaves the settings of the connection');
	return;
}
my @files = map { [ "$_.jpg", jpeg("pooled $_", 20_000) ] } 1 .. 30;
leaves_nothing('a question', 200, post_json($http, $good));
leaves_nothing('a folder', 201, post_body($http, multipart(@files)));
is($store->psql("SELECT DISTINCT what || ' ' || setting FROM seen ORDER BY 1"), "content off 2s\npicture_set remote_apply 2s",
	'pictures wait for no disk, the set is committed as the role has it, and the timeout held');
leaves_nothing('staging', 200, post_stage($http, staged([ 'b.jpg', jpeg('staged', 20_000) ])));
leaves_nothing('a manifest', 201, post_manifest($http, manifest([ 'b.jpg', jpeg('staged', 20_000) ])));
leaves_nothing('a manifest of what is missing', 409, post_manifest($http, manifest([ 'c.jpg', 'missing' ])));
leaves_nothing('a refusal', 403, post_json($http, '{"email": "stranger@example.org"}'));
leaves_nothing('/ready', 200, curl("http://127.0.0.1:$admin/ready"));

# Each statement ends in time.
my $lock = Nachet::Session->new($store);
for my $case (
	[ 'a question', 'users', sub { post_json($http, $good) } ],
	[ 'what is missing', 'content', sub { post_stage($http, staged([ 'd.jpg', jpeg('d', 20_000) ])) } ],
	[ 'a set', 'picture_set', sub { post_manifest($http, manifest([ 'e.jpg', jpeg('staged', 20_000) ])) } ])
{
	my ($name, $table, $send) = @$case;
	$lock->run("BEGIN; LOCK TABLE nachet.$table IN ACCESS EXCLUSIVE MODE");
	my $answer = $send->();
	$lock->run('ROLLBACK');
	is_problem($answer, 503, qr/cancelled the request/, "$name: the server ends a statement that waits for a lock");
	is($answer->{json}{code}, '57014', '... in its own words');
	leaves_nothing('... and the next request', 200, post_json($http, $good));
}
$lock->run("BEGIN; LOCK TABLE nachet.content IN EXCLUSIVE MODE");
my $answer = post_stage($http, staged([ 'f.jpg', jpeg('f', 20_000) ]));
$lock->run('ROLLBACK');
is_problem($answer, 503, qr/cancelled the request/, 'so does a COPY that waits');
leaves_nothing('after which a request', 200, post_json($http, $good));
is($http->stop, 0, 'it stops with 0');

done_testing;

#!/usr/bin/env perl
# test/extension/066_cancelled.t: a statement that is cancelled while it hashes a content leaves its
# session as it was: user, rights, transaction.
#
# Another session locks the chunks, so that hashing waits for a lock: each error comes from within it, whatever the machine's speed.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Nachet::Loader qw(@required);
use Nachet::Session ();
use Nachet::Test qw(png tempdir tiff_file write_file);
use Test::More;

my $store = Nachet::Test->new;
my $folder = tempdir();
my (undef, undef, undef, undef, $owner, $group) = stat $store->data_folder;

# Nothing listens there: hashing comes before the first request.
my $credentials = write_file("$folder/credentials", "AWS_ACCESS_KEY_ID=a\nAWS_SECRET_ACCESS_KEY=b\n");
chmod 0600, $credentials;
chown $owner, $group, $credentials if $> == 0;
my %settings = (object_store => 's3://pictures', object_store_credentials => $credentials, object_store_endpoint => 'http://127.0.0.1:1', object_store_timeout => '100ms');
$store->psql("ALTER DATABASE nachet SET nachet.$_ = '$settings{$_}'") for keys %settings;
$store->create_role('adm', 'nachet_admin');

write_file("$folder/set/1.png", png(20, 20, 'waits'));
my ($status, undef, $err) = $store->run_load(@required, "$folder/set");
is($status, 0, 'a picture waits to be moved') or diag($err);

my $lock = Nachet::Session->new($store);
$lock->run('BEGIN');
$lock->run('LOCK TABLE nachet.content_chunk IN ACCESS EXCLUSIVE MODE');

# Both read contents in subtransactions of their own.
my %calls = (offload_contents => 'nachet.offload_contents()', verify_contents => 'nachet.verify_contents()');
my %limits = (query_canceled => [ statement_timeout => '57014' ], lock_not_available => [ lock_timeout => '55P03' ]);
for my $call (sort keys %calls)
{
	for my $condition (sort keys %limits)
	{
		my ($setting, $sqlstate) = @{ $limits{$condition} };

		subtest "$call: $setting" => sub {
			my $session = Nachet::Session->new($store, 'adm');
			is($session->run("SET $setting = '50ms'; SELECT FROM $calls{$call}"), "ERROR:  $sqlstate", 'ends it');
			$session->run("RESET $setting");
			is($session->run('SELECT 1'), 1, 'the session goes on');
			is($session->run('SELECT current_user'), 'adm', 'as the user that it was');
			is($session->run('SELECT email FROM nachet.users'), 'ERROR:  42501', 'with that user\'s rights');
		};

		subtest "$call: $setting, within a handler of PL/pgSQL" => sub {
			my $session = Nachet::Session->new($store, 'adm');
			$session->run("BEGIN; SET LOCAL $setting = '50ms'; CREATE TEMP TABLE handled (name text); CREATE TEMP TABLE undone (name text)");
			is($session->run("DO \$\$ BEGIN"
				. " BEGIN INSERT INTO undone VALUES ('x'); PERFORM FROM $calls{$call}; EXCEPTION WHEN $condition THEN INSERT INTO handled VALUES (current_user); END;"
				. " END \$\$"), '', 'the handler ends well, without warnings');
			is($session->run('SELECT name FROM handled'), 'adm', 'it runs as the caller');
			is($session->run('SELECT count(*) FROM undone'), 0, 'what its block did is undone');
			is($session->run('SELECT current_user'), 'adm', 'so does what follows');
			is($session->run("SAVEPOINT s; UPDATE nachet.users SET email = 'changed\@example.org'"), 'ERROR:  42501', 'with the caller\'s rights');
			is($session->run('ROLLBACK TO s; GRANT SELECT ON nachet.users TO adm'), 'ERROR:  42501', 'who may not grant any');
			$session->run('COMMIT');
			is($session->run('SELECT current_user'), 'adm', 'also in the next transaction');
			is($session->run('SELECT email FROM nachet.users'), 'ERROR:  42501', 'with no more rights');
		};
	}
}

subtest 'cancelled by another session' => sub {
	my $session = Nachet::Session->new($store, 'adm');
	$session->send('SELECT nachet.offload_contents()');
	ok($session->waits, 'a session waits while it hashes');
	$store->psql("SELECT pg_cancel_backend($session->{backend})");
	is($session->answer, 'ERROR:  57014', 'it is cancelled');
	is($session->run('SELECT current_user'), 'adm', 'and goes on as the user that it was');
};

$lock->run('ROLLBACK');
is($store->psql('SELECT count(*) FROM nachet.verify_contents()'), 0, 'the contents are whole');
is($store->psql('SELECT email FROM nachet.users'), $Nachet::Test::EMAIL, 'and the users are as they were');

subtest 'within the hashing of a large content' => sub {
	tiff_file("$folder/large/1.tiff", 150_000_000, 'large');
	($status) = $store->run_load(@required, "$folder/large");
	is($status, 0, 'it is imported');
	my $session = Nachet::Session->new($store, 'adm');
	# The store does not answer: a machine that hashes it sooner ends with NC008 instead.
	like($session->run("SET statement_timeout = '30ms'; SELECT nachet.offload_contents()"), qr/57014|NC008/, 'it is ended');
	$session->run('RESET statement_timeout');
	is($session->run('SELECT current_user'), 'adm', 'and the session goes on');
};

unlike($store->log, qr/leak|non-empty SPI stack/, 'nothing was left open');

done_testing;

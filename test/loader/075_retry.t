#!/usr/bin/env perl
# test/loader/075_retry.t: a connection that is lost: made anew, and what was under way is done
# again; what is wrong for good is not tried again.
#
# A lock that another session holds stops the loader at a known place; a relay between loader and server drops chosen
# answers on the floor. Nothing here depends on timing.
use strict;
use warnings;

use FindBin ();
use lib "$FindBin::Bin/../lib";
use Nachet::Loader qw(@required hold is_whole let_go make_folder wait_until_stopped);
use Nachet::Session ();
use Nachet::Test qw(gif poll_until start_command write_file);
use Test::More;

my $store = Nachet::Test->new;

# One connection after another is broken off in the middle of its COPY.
{
	my ($folder, $files) = make_folder($store, 'terminated');
	my $holder = hold($store, 'nachet.content_chunk');
	my $loader = $store->start_load(@required, '-v', '-j', 2, $folder);
	wait_until_stopped($store, $loader, 'nachet.content_chunk', count => 2);
	$store->psql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'nachet-load'");
	ok(poll_until(sub { $loader->err =~ /no connection: .*retrying in \d\.\d s \(1 of 8\)/ }, 60), 'connections that are broken off are made anew')
		or diag($loader->err);
	wait_until_stopped($store, $loader, 'nachet.content_chunk', count => 2);
	let_go($holder);
	is($loader->wait(60), 0,
		'connections that are broken off are made anew: the import goes on') or diag($loader->err);
	like($loader->err, qr/; sent 21,/,
		'connections that are broken off are made anew: each picture is sent once');
	is_whole($store, $loader->out, $files, 'connections that are broken off are made anew: with every byte');
}

# The server goes away and comes back, while pictures are sent and while the set is made.
for my $table ('nachet.content_chunk', 'nachet.users')
{
	my ($folder, $files) = make_folder($store, "restart $table");
	$store->run_load(@required, '--name', 'before', $folder) if $table eq 'nachet.users';
	my $chunks = hold($store, 'nachet.content_chunk');
	write_file("$folder/one-more.gif", $files->{'one-more.gif'} = gif("one more $table"));
	my $loader = $store->start_load(@required, '-j', 1, $folder);
	wait_until_stopped($store, $loader, 'nachet.content_chunk');
	my $users;
	if ($table eq 'nachet.users')
	{
		$users = hold($store, 'nachet.users');
		let_go($chunks);
		wait_until_stopped($store, $loader, 'nachet.users');
	}
	$store->stop('immediate');
	ok(poll_until(sub { $loader->err =~ /retrying/ }, 60), "a server that dies while $table is waited for is tried again");
	ok($loader->is_running,
		"a server that dies while $table is waited for is tried again: for as long as it takes");
	$store->start;
	is($loader->wait(120), 0,
		"a server that dies while $table is waited for is tried again: the import goes on when it is back")
			or diag($loader->err);
	is_whole($store, $loader->out, $files,
		"a server that dies while $table is waited for is tried again: with every byte");
	is(() = $loader->out =~ /\n/g, 1,
		"a server that dies while $table is waited for is tried again: one id");
}

# Answers that are lost: the server has done what it was asked to, and the loader never hears so.
my $relay = write_file($store->tempdir . '/relay.pl', <<'END_RELAY');
# relay.pl SERVER_SOCKET FOLDER ASKED ANSWER: takes connections on FOLDER/.s.PGSQL.5432; once a client has sent bytes that
# match ASKED, the first bytes of the server that match ANSWER are dropped with both connections. Only the first time.
use strict;
use warnings;
use IO::Select;
use IO::Socket::UNIX;
my ($server, $folder, $asked, $answer) = @ARGV;
my $listener = IO::Socket::UNIX->new(Local => "$folder/.s.PGSQL.5432", Listen => 20) or die $!;
my $select = IO::Select->new($listener);
my (%peer, %is_server, %has_asked, $dropped);
sub drop { for my $socket (@_) { $select->remove($socket); delete $peer{$socket}; close $socket } }
while (1)
{
	for my $socket ($select->can_read)
	{
		if ($socket == $listener)
		{
			my $client = $listener->accept or next;
			my $upstream = IO::Socket::UNIX->new(Peer => "$server/.s.PGSQL.5432") or do { close $client; next };
			@peer{$client, $upstream} = ($upstream, $client);
			$is_server{$upstream} = 1;
			delete $is_server{$client};
			delete $has_asked{$client};
			$select->add($client, $upstream);
			next;
		}
		my $other = $peer{$socket} or next;
		my $got = sysread $socket, my $bytes, 65536;
		if (!$got) { drop($socket, $other); next }
		if ($is_server{$socket} && !$dropped && $has_asked{$other} && $bytes =~ /$answer/s)
		{
			$dropped = 1;
			print "dropped\n";
			STDOUT->flush;
			drop($socket, $other);
			next;
		}
		$has_asked{$socket} = 1 if !$is_server{$socket} && $bytes =~ /$asked/s;
		my $at = 0;
		while ($at < length $bytes)
		{
			my $put = syswrite $other, $bytes, length($bytes) - $at, $at;
			if (!defined $put) { drop($socket, $other); last }
			$at += $put;
		}
	}
}
END_RELAY

for my $case (
	[ 'a batch', 'COPY nachet', 'COPY \d+\0' ],
	[ 'a question', 'missing_contents', 'SELECT \d+\0' ],
	[ 'the set', 'upload_picture_set', 'SELECT 1\0' ])
{
	my ($what, $asked, $answer) = @$case;
	my ($folder, $files) = make_folder($store, "relay $what");
	my $sets = $store->psql('SELECT count(*) FROM nachet.picture_set');
	my $contents = $store->psql('SELECT count(*) FROM nachet.content');
	my $place = $store->tempdir;
	my $program = start_command($^X, $relay, $store->socket_folder, $place, $asked, $answer);
	poll_until(sub { -S "$place/.s.PGSQL.5432" }, 60) or die $program->err;
	my ($status, $out, $err) = $store->run_load({ env => { PGHOST => $place } }, @required, '-j', 1, $folder);
	is($status, 0, "the answer about $what is lost: the import goes on") or diag($err);
	is($program->out, "dropped\n", "the answer about $what is lost: it was lost indeed");
	like($err, qr/retrying/, "the answer about $what is lost: noticed");
	like($err, qr/; sent 21,/, "the answer about $what is lost: nothing counts twice");
	is($store->psql('SELECT count(*) FROM nachet.picture_set'), $sets + 1,
		"the answer about $what is lost: one set");
	is($store->psql('SELECT count(*) FROM nachet.content'), $contents + 21,
		"the answer about $what is lost: each content once");
	is_whole($store, $out, $files, "the answer about $what is lost: with every byte");
	$program->stop;
}

# An interrupt ends the waiting.
for my $signal ('INT', 'TERM')
{
	my ($folder) = make_folder($store, "interrupt $signal");
	my $holder = hold($store, 'nachet.content_chunk');
	my $loader = $store->start_load(@required, '-j', 1, '--retries', 1000, $folder);
	wait_until_stopped($store, $loader, 'nachet.content_chunk');
	$store->stop('immediate');
	poll_until(sub { $loader->err =~ /\(3 of 1000\)/ }, 60) or die $loader->err;
	$loader->signal($signal);
	is($loader->wait(60), 130, "SIG$signal ends the waiting for a server");
	like($loader->err, qr/interrupted: no set was made; 0 of 21 pictures .*running the same import again/,
		"SIG$signal ends the waiting for a server: says how things stand");
	$store->start;
}

# No patience left.
{
	my ($folder, $files) = make_folder($store, 'no patience');
	my $holder = hold($store, 'nachet.content_chunk');
	my $loader = $store->start_load(@required, '-j', 2, '--retries', 2, $folder);
	wait_until_stopped($store, $loader, 'nachet.content_chunk', count => 2);
	$store->stop('immediate');
	is($loader->wait(120), 4, 'a server that stays away: status 4 in the end');
	like($loader->err, qr/\(1 of 2\).*\(2 of 2\)/s,
		'a server that stays away: after as many attempts as were allowed');
	$store->start;
	my ($status, $out, $err) = $store->run_load(@required, $folder);
	is($status, 0, 'a server that stays away: running it again completes it') or diag($err);
	is_whole($store, $out, $files, 'a server that stays away: with every byte');
}

# What does not pass is not tried again: no server at that address, a role that is not there.
my ($folder, $files) = make_folder($store, 'hopeless');
for my $case ([ { PGHOST => $store->tempdir }, 'no server' ], [ { PGUSER => 'nobody_at_all' }, 'no such role' ],
	[ { PGDATABASE => 'nowhere' }, 'no such database' ])
{
	my ($status, $out, $err) = $store->run_load({ env => $case->[0] }, @required, $folder);
	is($status, 4, "$case->[1]: status 4");
	unlike($err, qr/retrying/, "$case->[1]: at once");
}

# Others that are in the way for longer than lock_timeout: the connection stays, and what was undone is done again.
{
	my $bytes = gif('held by another');
	my $held = $store->tempdir . '/held';
	write_file("$held/$_.gif", gif("held $_")) for 1 .. 5;
	write_file("$held/held.gif", $bytes);
	my $other = Nachet::Session->new($store);
	$other->run("BEGIN; SELECT nachet.upload_picture_set(ARRAY['\\x" . unpack('H*', $bytes) . "'::bytea], '" . $store->user_id
		. "', '{\"seed_name\": \"Brassica napus\", \"zoom_level\": 20, \"nb_seeds\": 5}')");
	my $loader = $store->start_load({ env => { PGOPTIONS => '-c lock_timeout=200ms' } }, @required,
		'--retries', 100, $held);
	ok(poll_until(sub { !$loader->is_running || $loader->err =~ /rolled back by the database: .*lock timeout; retrying/ }, 60)
			&& $loader->is_running, 'lock_timeout while another has the same bytes in hand is tried again') or diag($loader->err);
	$other->run('COMMIT');
	is($loader->wait(60), 0,
		'lock_timeout while another has the same bytes in hand is tried again: succeeds when the other is done')
			or diag($loader->err);
}

# A server that is short of something that others give back, twice, and limits that the same work exceeds each time.
$store->psql('CREATE SEQUENCE public.raised; GRANT USAGE ON SEQUENCE public.raised TO nachet_owner; GRANT USAGE ON SCHEMA public TO nachet_owner');
for my $case ([ '53200', 1, 'out of memory' ], [ '53100', 1, 'disk full' ], [ '53400', 0, 'a configured limit' ], [ '25P04', 0, 'transaction_timeout' ])
{
	my ($sqlstate, $again, $what) = @$case;
	my $short = $store->tempdir . '/short';
	my %gifs = map { ("$_.gif" => gif("$what $_")) } 1 .. 3;
	write_file("$short/$_", $gifs{$_}) for keys %gifs;
	$store->psql("ALTER SEQUENCE public.raised RESTART; CREATE OR REPLACE FUNCTION public.raise_it() RETURNS trigger LANGUAGE plpgsql AS
		\$\$BEGIN IF nextval('public.raised') < 3 THEN RAISE EXCEPTION 'raised: $what' USING ERRCODE = '$sqlstate'; END IF; RETURN NULL; END\$\$;
		CREATE TRIGGER raise_it BEFORE INSERT ON nachet.picture_set FOR EACH STATEMENT EXECUTE FUNCTION public.raise_it()");
	my ($ended, $sets, $told) = $store->run_load(@required, $short);
	$store->psql('DROP TRIGGER raise_it ON nachet.picture_set');
	my $times = () = $told =~ /raised: $what; retrying/g;
	is($times, $again ? 2 : 0, "$sqlstate, $what: is " . ($again ? 'tried again' : 'not tried again')) or diag($told);
	is($ended, $again ? 0 : 1, "$sqlstate, $what: the import " . ($again ? 'succeeds' : 'fails')) or diag($told);
	like($told, qr/raised: $what/, "$sqlstate, $what: its message is printed");
	if ($again) { is_whole($store, $sets, \%gifs, "$sqlstate, $what: every byte is stored") }
	else { is($sets, '', "$sqlstate, $what: no set is made") }
}
$store->psql('ALTER ROLE importer SET statement_timeout = 1');
my ($code, undef, $why) = $store->run_load(@required, $folder);
$store->psql('ALTER ROLE importer RESET statement_timeout');
SKIP: {
	skip 'everything was done within 1 ms a statement', 1 if $code == 0;
	unlike($why, qr/retrying/, 'a statement that takes too long is not tried again: it would again');
}

# Too many connections: the work is done over those that are to be had; the first is waited for.
$store->psql('ALTER ROLE importer CONNECTION LIMIT 1');
my ($status, $out, $err) = $store->run_load(@required, '-j', 2, $folder);
is($status, 0, 'one connection is enough where there are no more') or diag($err);
like($err, qr/one connection less: .*too many connections for role "importer"/,
	'one connection is enough where there are no more, which is said');
is_whole($store, $out, $files, 'one connection is enough where there are no more: with every byte');
my $first = Nachet::Session->new($store, 'importer');
my $loader = $store->start_load(@required, $folder);
ok(poll_until(sub { $loader->err =~ /too many connections.*retrying/ }, 60), 'where there is none at all, it is waited for');
undef $first;
is($loader->wait(60), 0,
	'where there is none at all, it is waited for: the import begins then') or diag($loader->err);

done_testing;

#!/usr/bin/env perl
# test/crash/010_kills.t: everything is killed at random moments while pictures are imported,
# deleted, swept and verified.
#
# Loaders, straight and through the service, the service with a form, deletions, sweeps and a verification work at once on the same
# pictures. Somebody is killed, again and again; after every few kills the work stops, and all that is promised of the datastore
# must hold.
#
# NACHET_TEST_SEED repeats a run's choices, NACHET_TEST_KILLS says how many there are.
use strict;
use warnings;

use FindBin ();
use lib "$FindBin::Bin/../lib";
use Nachet::Intact qw(is_intact);
use Nachet::Loader qw(@required set_files);
use Nachet::Test qw(free_port gif poll_until sha256 start_command tiff write_file);
use Test::More;
use Time::HiRes ();

my $kills = $ENV{NACHET_TEST_KILLS} // ($ENV{NACHET_LONG} ? 400 : 16);
my $per_check = $ENV{NACHET_LONG} ? 4 : 8;
my $seed = $ENV{NACHET_TEST_SEED} // int rand 2**31;
srand $seed;
diag("NACHET_TEST_SEED=$seed NACHET_TEST_KILLS=$kills");

my $store = Nachet::Test->new;
$store->create_role('keeper', 'nachet_admin', 'nachet_reader');
my $work = $store->tempdir;
my $spool = "$work/spool";
my $temporary = "$work/tmp";    # TMPDIR of everybody
for my $folder ($spool, $temporary) { mkdir $folder or die $! }
$ENV{TMPDIR} = $temporary;

# --- the pictures: folders that share a third of theirs -----------------------------------------------
my %digest;    # folder => { name => SHA-256 }
for my $folder (qw(east north south west))
{
	for my $i (1 .. 60)
	{
		my $bytes = $i % 3 == 0 ? gif("shared $i") : tiff($i % 20 == 1 ? 3_000_000 : 30_000 + 100 * $i, "$folder $i");
		write_file("$work/$folder/$i.tif", $bytes);
		$digest{$folder}{"$i.tif"} = sha256($bytes);
	}
}

# --- who works ----------------------------------------------------------------------------------------
my $stop = "$work/stop";
my $port = free_port();
my $service;

# A shell that does something again and again until the stop file is there.
sub repeat
{
	my ($role, @command) = @_;
	return start_command({ env => { $store->env($role), PGCONNECT_TIMEOUT => 5, STOP => $stop } },
		'sh', '-c', 'while [ ! -e "$STOP" ]; do "$@" > /dev/null 2>&1; done', 'sh', @command);
}

sub psql { return ('psql', '-X', '-q', map { ('-c', $_) } @_) }

sub start_service
{
	$service = $store->start_http(port => $port, args => [ '--spool-dir', $spool, '--spool-memory', '2MB' ]);
	return;
}

sub start_work
{
	unlink $stop;
	my @form = map { ('-F', $_) } "email=$Nachet::Test::EMAIL", 'seed_name=Brassica napus', 'zoom_level=20', 'nb_seeds=5', 'name=west';
	push @form, map { ('-F', "p=\@$work/west/$_;filename=$_") } sort keys %{ $digest{west} };
	return (
		repeat('importer', $store->nachet_load, @required, '--retries', 2, '--no-progress', "$work/north"),
		repeat('importer', $store->nachet_load, @required, '--retries', 2, '--no-progress', '-j', 1, "$work/south"),
		repeat('importer', $store->nachet_load, @required, '--retries', 2, '--no-progress', '--url', "http://127.0.0.1:$port", "$work/east"),
		repeat('importer', 'curl', '-s', '--noproxy', '*', '--max-time', 60, @form, "http://127.0.0.1:$port/batch-import"),
		repeat('keeper', psql('SELECT nachet.delete_picture_set(id) FROM nachet.picture_set ORDER BY random() LIMIT 1')),
		repeat('keeper', psql(q{SELECT nachet.sweep_contents('0 s')})),
		repeat('keeper', psql(('CALL nachet.verify_all(1000000)') x 20)),
	);
}

sub end_work
{
	my @workers = @_;
	write_file($stop, '');
	for my $worker (@workers)
	{
		defined $worker->wait(120) or die 'a worker does not end';
		$worker->forget;
	}
	return;
}

# --- who is killed ------------------------------------------------------------------------------------
# A client backend's process, by chance, of those whose last query was like this; none where there is none.
sub some_backend
{
	my ($query) = @_;
	my (undef, $pid) = $store->psql_result("SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend'"
		. " AND pid <> pg_backend_pid() AND query LIKE '$query' ORDER BY random() LIMIT 1");
	return $pid || undef;
}

sub some_loader
{
	my @pids = grep { /\d/ } split /\n/, `pgrep -x nachet-load -P \$(pgrep -d, -P $$)`;
	return @pids ? $pids[ rand @pids ] : undef;
}

my %how = (
	backend => sub { my $pid = some_backend('%') // return 0; return kill 'KILL', $pid },
	verifier => sub { my $pid = some_backend('CALL nachet.verify_all%') // return 0; return kill 'KILL', $pid },
	terminated => sub {
		my ($status, $out) = $store->psql_result('SELECT pg_terminate_backend(pid) FROM pg_stat_activity'
			. " WHERE backend_type = 'client backend' AND pid <> pg_backend_pid() ORDER BY random() LIMIT 1");
		return $status == 0 && $out =~ /t/;
	},
	postmaster => sub {
		my $killed = kill 'KILL', $store->server_pid;
		$store->start;
		return $killed;
	},
	loader => sub { my $pid = some_loader() // return 0; return kill 'KILL', $pid },
	service => sub {
		$service->signal('KILL');
		$service->wait(60);
		start_service();
		return 1;
	},
);

# The server takes connections again after a crash.
sub wait_for_server
{
	poll_until(sub { my ($status) = $store->psql_result('SELECT 1'); return $status == 0 }, 120) or die 'the server does not come back';
	return;
}

sub random_moment
{
	my $moment = Time::HiRes::time() + rand 1.2;
	poll_until(sub { Time::HiRes::time() >= $moment }, 10);
	return;
}

# --- what must hold -----------------------------------------------------------------------------------
sub files_in
{
	my ($folder) = @_;
	opendir my $handle, $folder or die "$folder: $!";
	my @files = grep { !/\A\.\.?\z/ } readdir $handle;
	closedir $handle;
	return @files;
}

sub check
{
	my ($when) = @_;
	wait_for_server();
	is_intact($store, "$when: the datastore is intact");
	is_deeply([ files_in($spool), files_in($temporary) ], [], "$when: nobody left a file");
	# Goes on with a run that was broken off, to its end.
	is($store->psql('CALL nachet.verify_all()', role => 'keeper'), 0, "$when: a verification finds nothing");
	is($store->psql('SELECT count(*) FROM nachet.verify_finding'), 0,
		"$when: nor has one that was broken off");

	for my $folder (sort keys %digest)
	{
		my ($status, $id, $err) = $store->run_load(@required, "$work/$folder");
		is($status, 0, "$when: the folder $folder goes in") or diag($err);
		is_deeply(set_files($store, $id), $digest{$folder}, "$when: with every byte");
	}
	is_intact($store, "$when: all is intact");
	return;
}

start_service();
my %killed;
my $count = 0;
while ($count < $kills)
{
	my @workers = start_work();
	for (1 .. $per_check)
	{
		random_moment();
		my $victim = (sort keys %how)[ rand keys %how ];
		$killed{$victim}++ if poll_until($how{$victim}, 5);
		$count++;
	}
	wait_for_server();
	end_work(@workers);
	check("after $count kills");
}
diag(join ', ', map { "$_ $killed{$_}" } sort keys %killed);

done_testing;

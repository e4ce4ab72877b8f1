#!/usr/bin/env perl
# test/loader/077_swept.t: sweeps that are shorter than an import: whatever they take, no import
# fails for them.
#
# Sessions that sweep in a loop, as fast as they can, take what no set has the moment it is stored. What must come out does
# not depend on who is faster; where a step has to be met, a lock that another session holds stops the loader there.
use strict;
use warnings;

use FindBin ();
use lib "$FindBin::Bin/../lib";
use JSON::PP ();
use Nachet::Intact qw(is_intact);
use Nachet::Loader qw(@required hold is_whole let_go make_folder wait_until_stopped);
use Nachet::Test qw(poll_until sha256 start_command write_file);
use Test::More;

my $store = Nachet::Test->new;

# A folder of 22 pictures, of which two have the same bytes.
sub make_folder_with_copy
{
	my ($folder, $files) = make_folder($store, @_);
	write_file("$folder/copy.gif", $files->{'copy.gif'} = $files->{'small/1.gif'});
	return ($folder, $files);
}

# The ids that a loader printed, or why it has none.
sub ids_of
{
	my ($loader, $what) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	is($loader->wait(300), 0, $what) or diag($loader->err);
	return split /\n/, $loader->out;
}

# --- sweeps without end -------------------------------------------------------------------------------

my $sweeping = q{DO $$ BEGIN LOOP PERFORM nachet.sweep_contents('0 s'); COMMIT; END LOOP; END $$};
my @sweepers = map { start_command({ env => { $store->env } }, 'psql', '-X', '-q', '-c', "SET application_name = 'sweeper'", '-c', $sweeping) } 1 .. 2;
poll_until(sub { $store->psql("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'sweeper' AND state = 'active'") == @sweepers }, 60)
	or die map { $_->err } @sweepers;

{
	my @folders = map { [ make_folder_with_copy("alone $_") ] } 1 .. 4;
	my @ids = ids_of($store->start_load(@required, '-j', 2, map { $_->[0] } @folders), 'folders are imported while all is swept that no set has');
	is(@ids, @folders, 'folders are imported while all is swept that no set has: each of them');
	is_whole($store, $ids[$_], $folders[$_][1],
		'folders are imported while all is swept that no set has: with every byte') for 0 .. $#ids;
}

for my $round (1 .. 3)
{
	my ($folder, $files) = make_folder_with_copy("together $round");
	my @loaders = map { $store->start_load(@required, '-j', 2, '--name', $_, $folder) } 'one', 'other';
	is_whole($store, $_, $files,
		"round $round: with every byte") for map { ids_of($_, "round $round: two loaders of the same pictures, too") } @loaders;
}

ok(!(grep { !$_->is_running } @sweepers), 'the sweeps went on all the while') or diag(map { $_->err } @sweepers);
$store->psql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'sweeper'");
$_->wait(60) // die 'a sweeper goes on' for @sweepers;
is_intact($store, 'and what is stored is whole');

# --- one sweep, and a connection that is lost while all is made good ----------------------------------

sub sweep { return $store->psql("SELECT contents FROM nachet.sweep_contents('0 s')") }

{
	my ($folder, $files) = make_folder_with_copy('lost');
	my $chunks = hold($store, 'nachet.content_chunk');
	my $loader = $store->start_load(@required, '-v', '-j', 1, '--json', $folder);
	wait_until_stopped($store, $loader, 'nachet.content_chunk');
	my $users = hold($store, 'nachet.users');
	let_go($chunks);
	wait_until_stopped($store, $loader, 'nachet.users');
	is(sweep(), 21, 'a sweep before the set is made takes all');

	# One is stored again by somebody else.
	my $hex = unpack 'H*', $files->{'copy.gif'};
	$store->psql("INSERT INTO nachet.content_chunk (chunk_no, data) VALUES (0, '\\x$hex')");
	$chunks->run('BEGIN; LOCK TABLE nachet.content_chunk IN ACCESS EXCLUSIVE MODE');
	let_go($users);
	wait_until_stopped($store, $loader, 'nachet.content_chunk');
	like($loader->err, qr/a sweep removed contents during the import: sending them again/,
		'a sweep before the set is made takes all, of which the loader learns');
	is(sweep(), 0, 'a sweep before the set is made takes all: from then on a sweep takes nothing');

	$store->psql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'nachet-load'");
	ok(poll_until(sub { $loader->err =~ /retrying/ }, 60),
		'a sweep before the set is made takes all: a connection that is lost then is made anew');
	wait_until_stopped($store, $loader, 'nachet.content_chunk');
	is(sweep(), 0, 'a sweep before the set is made takes all: again a sweep takes nothing');
	let_go($chunks);
	is($loader->wait(120), 0,
		'a sweep before the set is made takes all: the import succeeds') or diag($loader->err);
	my ($summary) = grep { $_->{message_type} eq 'summary' } map { JSON::PP->new->decode($_) } split /\n/, $loader->out;
	is_whole($store, $summary->{picture_set_id}, $files,
		'a sweep before the set is made takes all: with every byte');
	my %sent = map { sha256($_) => length } values %$files;
	my $bytes = 0;
	$bytes += $_ for values %sent;
	is_deeply([ @$summary{qw(pictures sent_pictures sent_bytes)} ], [ 22, 21, $bytes ],
		'a sweep before the set is made takes all: each content counts once');
	is_intact($store, 'a sweep before the set is made takes all: nothing else is left');
}

done_testing;

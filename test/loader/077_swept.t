# Sweeps that are shorter than an import: whatever they take, no import fails for them.
#
# Sessions that sweep in a loop, as fast as they can, take what no set has the moment it is stored. What must come out does
# not depend on who is faster; where a step has to be met, a lock that another session holds stops the loader there.
use strict;
use warnings;

use FindBin ();
use lib "$FindBin::Bin/../lib";
use JSON::PP ();
use Nachet::Intact qw(is_intact);
use Nachet::Session;
use Nachet::Test qw(gif tiff write_file sha256 start_command poll_until);
use Test::More;

my $store = Nachet::Test->new;
my @required = ('--email', 'someone@example.org', '--seed', 'Brassica napus', '--zoom', 20, '--nb-seeds', 5);

sub make_folder
{
	my ($seed) = @_;
	my $folder = $store->tempdir . '/pictures';
	my %files = map { ; "small/$_.gif" => gif("$seed $_") } 1 .. 20;
	$files{'copy.gif'} = $files{'small/1.gif'};
	$files{'x-large.tif'} = tiff(12_000_000, $seed);
	write_file("$folder/$_", $files{$_}) for keys %files;
	return ($folder, \%files);
}

sub start_load { return start_command({ env => { $store->env('importer') } }, $store->nachet_load, @required, @_) }

sub is_whole
{
	my ($id, $files, $what) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my %stored = map { split /\t/, $_, 2 } split /\n/, $store->psql(
		"SELECT name || E'\\t' || encode(sha256(nachet.picture_content(id)), 'hex')
		   FROM nachet.picture WHERE picture_set_id = '$id'");
	return is_deeply(\%stored, { map { $_ => sha256($files->{$_}) } keys %$files }, $what);
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
	my @folders = map { [ make_folder("alone $_") ] } 1 .. 4;
	my @ids = ids_of(start_load('-j', 2, map { $_->[0] } @folders), 'folders are imported while all is swept that no set has');
	is(@ids, @folders, '... each of them');
	is_whole($ids[$_], $folders[$_][1], '... with every byte') for 0 .. $#ids;
}

for my $round (1 .. 3)
{
	my ($folder, $files) = make_folder("together $round");
	my @loaders = map { start_load('-j', 2, '--name', $_, $folder) } 'one', 'other';
	is_whole($_, $files, "round $round: ... with every byte") for map { ids_of($_, "round $round: two loaders of the same pictures, too") } @loaders;
}

ok(!(grep { !$_->is_running } @sweepers), 'the sweeps went on all the while') or diag(map { $_->err } @sweepers);
$store->psql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'sweeper'");
$_->wait(60) // die 'a sweeper goes on' for @sweepers;
is_intact($store, 'and what is stored is whole');

# --- one sweep, and a connection that is lost while all is made good ----------------------------------

# A session that holds a table until its transaction ends.
sub hold_table
{
	my ($table) = @_;
	my $session = Nachet::Session->new($store);
	$session->run("BEGIN; LOCK TABLE nachet.$table IN ACCESS EXCLUSIVE MODE");
	return $session;
}

sub wait_until_stopped
{
	my ($loader, $table) = @_;
	return poll_until(
		sub {
			die 'nachet-load ended: ' . $loader->err if !$loader->is_running;
			return $store->psql("SELECT count(*) FROM pg_locks l JOIN pg_stat_activity a USING (pid)
				WHERE NOT granted AND relation = 'nachet.$table'::regclass AND application_name = 'nachet-load'") > 0;
		}, 60) || die "nachet-load does not wait for $table";
}

sub sweep { return $store->psql("SELECT contents FROM nachet.sweep_contents('0 s')") }

{
	my ($folder, $files) = make_folder('lost');
	my $chunks = hold_table('content_chunk');
	my $loader = start_load('-v', '-j', 1, '--json', $folder);
	wait_until_stopped($loader, 'content_chunk');
	my $users = hold_table('users');
	$chunks->run('COMMIT');
	wait_until_stopped($loader, 'users');
	is(sweep(), 21, 'a sweep before the set is made takes all');

	# One is stored again by somebody else.
	my $hex = unpack 'H*', $files->{'copy.gif'};
	$store->psql("INSERT INTO nachet.content_chunk (chunk_no, data) VALUES (0, '\\x$hex')");
	$chunks->run('BEGIN; LOCK TABLE nachet.content_chunk IN ACCESS EXCLUSIVE MODE');
	$users->run('COMMIT');
	wait_until_stopped($loader, 'content_chunk');
	like($loader->err, qr/a sweep removed contents during the import: sending them again/, '... of which the loader learns');
	is(sweep(), 0, '... from then on a sweep takes nothing');

	$store->psql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'nachet-load'");
	ok(poll_until(sub { $loader->err =~ /retrying/ }, 60), '... a connection that is lost then is made anew');
	wait_until_stopped($loader, 'content_chunk');
	is(sweep(), 0, '... and again a sweep takes nothing');
	$chunks->run('COMMIT');
	is($loader->wait(120), 0, '... the import succeeds') or diag($loader->err);
	my ($summary) = grep { $_->{message_type} eq 'summary' } map { JSON::PP->new->decode($_) } split /\n/, $loader->out;
	is_whole($summary->{picture_set_id}, $files, '... with every byte');
	my %sent = map { sha256($_) => length } values %$files;
	my $bytes = 0;
	$bytes += $_ for values %sent;
	is_deeply([ @$summary{qw(pictures sent_pictures sent_bytes)} ], [ 22, 21, $bytes ], '... and each content counts once');
	is_intact($store, '... nothing else is left');
}

done_testing;

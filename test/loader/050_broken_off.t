# An import that is broken off, or that the world changes under: what is half done shows nowhere, and running it again
# completes it.
#
# A lock that another session holds stops the loader at a known place; nothing here depends on timing.
use strict;
use warnings;

use FindBin ();
use lib "$FindBin::Bin/../lib";
use Nachet::Test qw(gif tiff write_file sha256 start_command poll_until);
use Test::More;

my $store = Nachet::Test->new;
my @required = ('--email', 'someone@example.org', '--seed', 'Brassica napus', '--zoom', 20, '--nb-seeds', 5);

# A session that holds a table, until it is let go.
sub hold
{
	my ($table) = @_;
	my $program = start_command({ env => { $store->env } }, 'psql', '-X', '-q', '-c',
		"SET application_name = 'holder of $table'", '-c',
		"BEGIN; LOCK TABLE $table IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep(600)");
	poll_until(sub { $store->psql("SELECT count(*) FROM pg_locks WHERE relation = '$table'::regclass
		AND mode = 'AccessExclusiveLock' AND granted") > 0 }, 60) or die "no lock on $table: " . $program->err;
	return { table => $table, program => $program };
}

sub let_go
{
	my ($held) = @_;
	$store->psql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'holder of $held->{table}'");
	$held->{program}->wait(60) // die 'psql goes on';
}

sub start_load { return start_command({ env => { $store->env('importer') } }, $store->nachet_load, @required, @_) }

sub wait_until_stopped
{
	my ($loader, $table) = @_;
	return poll_until(
		sub {
			die 'nachet-load ended: ' . $loader->err if !$loader->is_running;
			return $store->psql("SELECT count(*) FROM pg_locks l JOIN pg_stat_activity a USING (pid)
				WHERE NOT granted AND relation = '$table'::regclass AND application_name = 'nachet-load'") > 0;
		}, 60) || die "nachet-load does not wait for $table";
}

sub count_rows { my ($table) = @_; return $store->psql("SELECT count(*) FROM nachet.$table") }

sub is_whole
{
	my ($id, $files, $what) = @_;
	chomp $id;
	my %stored = map { split /\t/, $_, 2 } split /\n/, $store->psql(
		"SELECT name || E'\\t' || encode(sha256(nachet.picture_content(id)), 'hex')
		   FROM nachet.picture WHERE picture_set_id = '$id'");
	return is_deeply(\%stored, { map { $_ => sha256($files->{$_}) } keys %$files }, $what);
}

sub make_folder
{
	my ($seed) = @_;
	my $folder = $store->tempdir . '/pictures';
	my %files = map { ; "small/$_.gif" => gif("$seed $_") } 1 .. 20;
	$files{'x-large.tif'} = tiff(12_000_000, $seed);
	write_file("$folder/$_", $files{$_}) for keys %files;
	return ($folder, \%files);
}

# Interrupts: while sending, and while the set is made.
for my $case ([ 'INT', 'nachet.content_chunk' ], [ 'TERM', 'nachet.content_chunk' ], [ 'HUP', 'nachet.content_chunk' ], [ 'INT', 'nachet.users' ])
{
	my ($signal, $table) = @$case;
	my ($folder, $files) = make_folder("$signal $table");
	my $sets = count_rows('picture_set');
	my $first = hold('nachet.content_chunk');
	my $held = $first;
	my $reports = $store->tempdir;
	my $loader = start_load('-j', 1, '--report', "$reports/r.csv", $folder);
	wait_until_stopped($loader, 'nachet.content_chunk');
	if ($table ne 'nachet.content_chunk')
	{
		$held = hold($table);
		let_go($first);
		wait_until_stopped($loader, $table);
	}
	$loader->signal($signal);
	is($loader->wait(60), 130, "SIG$signal while it waits for $table: status 130, though the lock is still held");
	is($loader->out, '', '... no id');
	like($loader->err, qr/interrupted: no set was made.*running the same import again sends only the others/, '... and says what to do');
	is_deeply([ glob "$reports/{*,.nachet*}" ], ["$reports/r.csv"], '... the report is there, and nothing unfinished');
	let_go($held);
	is(count_rows('picture_set'), $sets, '... no set is there');
	my ($status, $out, $err) = $store->run_load(@required, $folder);
	is($status, 0, '... running it again completes it') or diag($err);
	like($err, $table eq 'nachet.users' ? qr/; sent 0,/ : qr/; sent 21,/, '... sending only what was not stored');
	is_whole($out, $files, '... with every byte');
}

# nohup's processes, and a shell's background jobs, ignore a signal from the start: it does not end them.
for my $signal ('HUP', 'INT')
{
	my ($folder, $files) = make_folder("ignored $signal");
	my $held = hold('nachet.content_chunk');
	my $loader = start_command({ env => { $store->env('importer') } }, 'sh', '-c', "trap '' $signal; exec \"\$@\"", 'sh', $store->nachet_load, @required, '-j', 1, $folder);
	wait_until_stopped($loader, 'nachet.content_chunk');
	$loader->signal($signal);
	let_go($held);
	is($loader->wait(60), 0, "SIG$signal that was ignored from the start does not end it");
	is_whole($loader->out, $files, '... and it imports every byte');
}

# A file that changes after it was checked.
{
	my ($folder, $files) = make_folder('changes');
	my $held = hold('nachet.content_chunk');
	my $loader = start_load('-j', 1, $folder);
	wait_until_stopped($loader, 'nachet.content_chunk');
	write_file("$folder/x-large.tif", tiff(12_000_001, 'changed'));
	let_go($held);
	is($loader->wait(60), 1, 'a file that changes meanwhile stops the import');
	like($loader->err, qr{x-large\.tif: changed while it was being imported}, '... and is named');
	is($loader->out, '', '... no id');
	$files->{'x-large.tif'} = tiff(12_000_001, 'changed');
	my ($status, $out, $err) = $store->run_load(@required, $folder);
	is($status, 0, '... running it again imports it as it is now') or diag($err);
	like($err, qr/; sent 1,/, '... sending only the changed file');
	is_whole($out, $files, '... with every byte');
}

# Contents that are swept away between their sending and their set.
{
	my ($folder, $files) = make_folder('swept');
	my $first = hold('nachet.content_chunk');
	my $loader = start_load('-v', '-j', 1, $folder);
	wait_until_stopped($loader, 'nachet.content_chunk');
	my $held = hold('nachet.users');
	let_go($first);
	wait_until_stopped($loader, 'nachet.users');
	my $swept = $store->psql("SELECT contents FROM nachet.sweep_contents('0 s')");
	let_go($held);
	is($loader->wait(120), 0, 'an import whose contents are swept away goes on') or diag($loader->err);
	cmp_ok($swept, '>=', 21, '... they were swept');
	like($loader->err, qr/a sweep removed contents during the import: sending them again/, '... and sent again');
	is_whole($loader->out, $files, '... with every byte');
}

# A server that dies.
{
	my ($folder, $files) = make_folder('crash');
	my $sets = count_rows('picture_set');
	my $held = hold('nachet.content_chunk');
	my $loader = start_load('-j', 1, '--retries', 0, $folder, $folder);
	wait_until_stopped($loader, 'nachet.content_chunk');
	$store->stop('immediate');
	is($loader->wait(60), 4, 'a server that dies meanwhile, without retries: status 4');
	is($loader->out, '', '... no id');
	like($loader->err, qr/^nachet-load: error: /m, '... and one says so');
	$held->{program}->wait(60);
	$store->start;
	is(count_rows('picture_set'), $sets, '... no set is there');
	my ($status, $out, $err) = $store->run_load(@required, $folder);
	is($status, 0, '... running it again completes it') or diag($err);
	is_whole($out, $files, '... with every byte');
}

done_testing;

#!/usr/bin/env perl
# test/loader/087_swapped.t: a folder that becomes a symbolic link after it was listed leads
# nowhere, with and without openat2.
use strict;
use warnings;

use FindBin ();
use lib "$FindBin::Bin/../lib";
use Nachet::Loader qw(@required);
use Nachet::Test qw(gif write_file start_command poll_until file_faults);
use Test::More;

my $store = Nachet::Test->new;
my @who = ('--email', 'someone@example.org', '--zoom', 20, '--nb-seeds', 5);
my @required = (@who, '--seed', 'Brassica napus');
my $secret = $store->tempdir . '/secret';
write_file("$secret/x.gif", gif('secret'));
write_file("$secret/b/x.gif", gif('secret, deeper'));

# Runs the loader, and the code when it has listed the files and waits for the datastore's answer.
sub load_while
{
	my ($fault, $code, @args) = @_;
	my $holder = start_command({ env => { $store->env } }, 'psql', '-X', '-q', '-c', "SET application_name = 'holder'", '-c',
		'BEGIN; LOCK TABLE nachet.users IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep(600)');
	poll_until(sub { $store->psql("SELECT count(*) FROM pg_locks WHERE relation = 'nachet.users'::regclass
		AND mode = 'AccessExclusiveLock' AND granted") > 0 }, 60) or die 'no lock: ' . $holder->err;
	my $loader = $store->start_load({ env => { file_faults(%$fault) } }, @args);
	poll_until(sub { $store->psql("SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'nachet.users'::regclass") > 0 }, 60)
		or die 'no waiting loader: ' . $loader->err;
	$code->();
	$store->psql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'holder'");
	$holder->wait(60);
	return ($loader->wait(60), $loader->out, $loader->err);
}

sub swap
{
	my ($folder) = @_;
	rename $folder, "$folder.was" or die $!;
	symlink $secret, $folder or die $!;
	return;
}

for my $fault ({}, { NO_OPENAT2 => 1 })
{
	my $how = %$fault ? 'without openat2' : 'with openat2';
	for my $path ('a/x.gif', 'a/b/x.gif')
	{
		my $pictures = $store->tempdir . '/pictures';
		write_file("$pictures/$path", gif("mine $path"));
		my ($status, $out, $err) = load_while($fault, sub { swap("$pictures/a") }, @required, $pictures);
		is($status, 1, "a folder of $path that becomes a symbolic link stops the import, $how") or diag($err);
		like($err, qr{error: \Q$pictures/$path\E: has become a symbolic link, or is reached through one$}m,
			"a folder of $path that becomes a symbolic link stops the import, $how, which names the file");
		is($store->psql('SELECT count(*) FROM nachet.content'), 0,
			"a folder of $path that becomes a symbolic link stops the import, $how: nothing that the link leads to is stored");
		($status, $out, $err) = load_while($fault, sub { unlink "$pictures/a"; rename "$pictures/a.was", "$pictures/a" },
			@required, '--files-from', write_file($store->tempdir . '/list', "$path\n"), $pictures);
		is($status, 1,
			"a folder of $path that becomes a symbolic link stops the import, $how: a list does not lead through it");
		like($err, qr{warning: \Q$pictures/$path\E: left out: is reached through a symbolic link},
			"a folder of $path that becomes a symbolic link stops the import, $how: but names the file");
		($status, $out, $err) = $store->run_load({ env => { file_faults(%$fault) } }, @required, '--dry-run', $pictures);
		is($status, 0,
			"a folder of $path that becomes a symbolic link stops the import, $how: when the folder is back it is imported")
				or diag($err);
	}
	my $seeds = $store->tempdir . '/seeds';
	write_file("$seeds/Brassica napus/x.gif", gif('napus'));
	my ($status, $out, $err) = load_while($fault, sub { swap("$seeds/Brassica napus") }, @who, '--seed-from-folder', $seeds);
	is($status, 1, "so it is with a folder that names a seed, $how");
	like($err, qr{error: \Q$seeds\E/Brassica napus: Not a directory},
		"so it is with a folder that names a seed, $how, which is named");
	is($store->psql('SELECT count(*) FROM nachet.content'), 0,
		"so it is with a folder that names a seed, $how: nothing is stored");
}

# Deep paths, and long names, go the slow way too.
my $deep = $store->tempdir . '/deep';
my $long = join '/', ('d') x 60, 'n' x 251 . '.gif';
write_file("$deep/$_", gif($_)) for $long, 'a.gif';
my ($status, $out, $err) = $store->run_load({ env => { file_faults(NO_OPENAT2 => 1) } }, @required, $deep);
is($status, 0, 'deep folders and long names are imported without openat2') or diag($err);
chomp $out;
is($store->psql("SELECT count(*) FROM nachet.picture WHERE picture_set_id = '$out' AND name IN ('a.gif', '$long')"), 2,
	'deep folders and long names are imported without openat2: all');

# A folder that the user gives may be a link, whatever lies above it.
symlink $deep, "$deep-link" or die $!;
($status, $out, $err) = $store->run_load(@required, '-q', "$deep-link");
is("$status$err", '0', 'a folder that is given may be a symbolic link');

done_testing;

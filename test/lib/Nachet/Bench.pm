# test/lib/Nachet/Bench.pm: what all of `make bench` stands on: its options, its cluster, pictures, and the measuring of a command.
#
# Rule: each measurement starts alike: in a fresh copy of one template database, after a checkpoint, the files' bytes in the
# page cache; what is compared is measured in turn, round after round. What a command took is its own time and processor
# time, and the processor time of those that work for it: the database's processes, and a service where one is named.
package Nachet::Bench;

use strict;
use warnings;

use Exporter 'import';
use File::Path ();
use POSIX ();

use Nachet::Test ();

our @EXPORT_OK = qw(%option $root $bin $load $cores required command capture have sql measure median middle count_for size_text
	note start_cluster fresh_database make_pictures picture_folder in_page_cache);

our $root = $Nachet::Test::ROOT;
our $bin = "$root/build/bench";
our $load = "$root/loader/nachet-load";
our $cores = capture('nproc');

# test/bench/run tells what they are.
our %option = (
	MB => 200, SIZES => '2500000 100000 10000', FORMAT => 'tiff', ROUNDS => 3, JOBS => $cores < 4 ? $cores : 4,
	GROWTH => 100_000, GROWTH_SIZE => 10_000, SET => 100_000,
	SECONDS => 3, UPLOADS => 64, UPLOAD_SIZE => 50_000_000, CROWD => 500,
	PLACE => "$root/var/bench/place", PICTURES => "$root/var/bench/pictures", SETTINGS => 'shared_buffers=2GB',
	ONLY => 'sizes growth set http', STRICT => 0,
);
for my $name (keys %option)
{
	my $value = $ENV{"BENCH_$name"};
	$option{$name} = $value if defined $value && $value ne '';
}

my $owner = $$;
my $postmaster;

# --- help -------------------------------------------------------------------------------------------
sub command
{
	my (@command) = @_;
	system(@command) == 0 or die "'@command' failed\n";
	return;
}

sub capture
{
	my (@command) = @_;
	open my $pipe, '-|', @command or die "$command[0]: $!\n";
	local $/;
	my $out = <$pipe>;
	close $pipe or die "'@command' failed\n";
	$out =~ s{\n\z}{} if defined $out;
	return $out;
}

# Whether there is such a program.
sub have
{
	my ($program) = @_;
	return grep { -x "$_/$program" } split /:/, $ENV{PATH};
}

sub sql
{
	my ($database, @statements) = @_;
	return capture('psql', '-X', '-qAt', '-v', 'ON_ERROR_STOP=1', '-d', $database, map { ('-c', $_) } @statements);
}

sub note { print STDERR 'bench: ', @_, "\n"; return }

# What every import says, for nachet-load.
sub required
{
	return ('-q', '-j', $option{JOBS}, '--email', 'bench@example.org', '--seed', 'Brassica napus', '--zoom', 20, '--nb-seeds', 5);
}

sub median
{
	my @sorted = sort { $a <=> $b } @_;
	return @sorted % 2 ? $sorted[ $#sorted / 2 ] : ($sorted[ @sorted / 2 - 1 ] + $sorted[ @sorted / 2 ]) / 2;
}

# The median of one thing of many measurements: middle('seconds', @taken).
sub middle { my ($what, @taken) = @_; return median(map { $_->{$what} } @taken) }

sub size_text { my $size = shift; return $size >= 1e6 ? $size / 1e6 . ' MB' : $size / 1e3 . ' kB' }

# --- measuring --------------------------------------------------------------------------------------

# Processor time that a process has taken so far, in seconds; with its children, those that have ended and those that run,
# where it is the database's first one.
sub _cpu_of
{
	my ($of) = @_;
	my $all = $of == $postmaster;
	my $ticks = 0;
	for my $file ($all ? glob '/proc/[0-9]*/stat' : "/proc/$of/stat")
	{
		open my $stat, '<', $file or next;
		my ($pid, $rest) = (<$stat> // '') =~ /^(\d+) \(.*\) (.*)/ or next;
		my @field = split ' ', $rest;
		$ticks += $field[11] + $field[12] if $pid == $of || $field[1] == $of;
		$ticks += $field[13] + $field[14] if $all && $pid == $of;
	}
	return $ticks / POSIX::sysconf(POSIX::_SC_CLK_TCK());
}

# Runs a command and returns { seconds, cpu (its own and theirs who work for it), peak (kB) }; its output goes nowhere.
# A first argument that is a hash may hold: input, a file for its standard input; folder, where it runs; service, the
# process that serves it beside the database.
sub measure
{
	my @command = @_;
	my %how = ref $command[0] eq 'HASH' ? %{ shift @command } : ();
	my @others = ($postmaster, $how{service} // ());
	my $result = "$root/var/bench/measured";
	my $before = 0;
	$before += _cpu_of($_) for @others;
	my $pid = fork // die "fork: $!";
	if ($pid == 0)
	{
		open STDIN, '<', $how{input} // '/dev/null' or POSIX::_exit(126);
		open STDOUT, '>', '/dev/null' or POSIX::_exit(126);
		chdir $how{folder} or POSIX::_exit(126) if defined $how{folder};
		exec "$bin/measure", $result, @command or POSIX::_exit(127);
	}
	waitpid $pid, 0;
	die "'@command' failed\n" if $? != 0;
	open my $file, '<', $result or die "$result: $!\n";
	my ($seconds, $user, $system, $peak) = split ' ', <$file>;
	my $cpu = $user + $system - $before;
	$cpu += _cpu_of($_) for @others;
	return { seconds => $seconds + 0, cpu => $cpu, peak => $peak + 0 };
}

# --- the cluster ------------------------------------------------------------------------------------
sub start_cluster
{
	File::Path::make_path("$root/var/bench", $option{PLACE}, $option{PICTURES});
	chmod 0755, $option{PLACE};
	command("$root/tools/cluster", 'start', '--profile', 'demo', '--set', 'max_wal_size=8GB', '--set', 'min_wal_size=2GB',
		(map { ('--set', $_) } split ' ', $option{SETTINGS}), "$option{PLACE}/cluster");
	for my $line (split /\n/, capture("$root/tools/cluster", 'env', "$option{PLACE}/cluster"))
	{
		if ($line =~ /^unset (.*)/) { delete @ENV{ split ' ', $1 } }
		elsif ($line =~ /^export (.*)/) { for (split ' ', $1) { my ($name, $value) = split /=/, $_, 2; $ENV{$name} = $value } }
	}
	$ENV{PGDATABASE} = 'bench';
	$postmaster = capture("$root/tools/cluster", 'show', 'pid', "$option{PLACE}/cluster");
	sql('postgres', 'CREATE DATABASE bench_template');
	sql('bench_template', 'CREATE EXTENSION nachet_datastore', q(SELECT nachet.register_user('bench@example.org')),
		q(SELECT nachet.register_seed('Brassica napus')),
		'CREATE TABLE bench_bytea (data bytea)',
		'CREATE TABLE bench_external (data bytea)', 'ALTER TABLE bench_external ALTER data SET STORAGE EXTERNAL',
		'CREATE TABLE bench_chunk (content_id bigint, chunk_no integer)',
		'ALTER TABLE bench_chunk ADD data bytea NOT NULL, ALTER data SET STORAGE PLAIN, ADD PRIMARY KEY (content_id, chunk_no)');
	return;
}

sub _end_cluster
{
	return if $$ != $owner;
	local $?;
	system("$root/tools/cluster", 'remove', "$option{PLACE}/cluster") if -e "$option{PLACE}/cluster";
	File::Path::remove_tree("$option{PLACE}/copy", "$option{PLACE}/spool", "$option{PICTURES}/growth");
	return;
}
END { _end_cluster() }

# Nobody may be connected to the last one.
sub fresh_database
{
	sql('postgres', 'SET client_min_messages = warning', 'DROP DATABASE IF EXISTS bench', 'CREATE DATABASE bench TEMPLATE bench_template', 'CHECKPOINT');
	return;
}

# --- pictures ---------------------------------------------------------------------------------------

# How many pictures of a size there are in a folder of BENCH_MB.
sub count_for { my ($size) = @_; return int($option{MB} * 1e6 / $size) || 1 }

# Makes a folder of them, and beside it FOLDER.list, its files' paths; keeps those that are there from an earlier run.
sub make_pictures
{
	my ($folder, $count, $size, $seed) = @_;
	return if -e "$folder.list";
	File::Path::remove_tree($folder);
	command("$bin/make_pictures", $folder, $count, $size, $seed, $option{FORMAT});
	command('sh', '-c', 'find "$1" -type f | sort > "$1.list"', 'sh', $folder);
	command('sync', '-f', $folder);
	return;
}

# The folder of BENCH_MB of pictures of a size, which all parts share.
sub picture_folder
{
	my ($size) = @_;
	my $count = count_for($size);
	my $folder = "$option{PICTURES}/$count-of-$size-$option{FORMAT}";
	make_pictures($folder, $count, $size, $size);
	return $folder;
}

sub in_page_cache
{
	my ($folder) = @_;
	command('sh', '-c', 'xargs -d "\n" cat < "$1" > /dev/null', 'sh', "$folder.list");
	return;
}

1;

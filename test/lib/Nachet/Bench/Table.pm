# test/lib/Nachet/Bench/Table.pm: the rows that `make bench` prints and keeps, and the machine that they were measured on.
#
# A row is a hash: what; ours and the peer's, as texts; ratio (none where the two are not comparable), the sign and the bound
# of the ratio (none for what has none), and cpu_ratio, of the processor time that clients and servers took together, which
# other work on the machine changes less.
package Nachet::Bench::Table;

use strict;
use warnings;

use Exporter 'import';
use JSON::PP ();
use POSIX ();

use Nachet::Bench qw(%option $root $cores capture sql middle);

our @EXPORT_OK = qw(speed_row memory_row report);

# The same bytes moved by two ways, each measured a few times: how much faster ours is.
sub speed_row
{
	my ($what, $bytes, $ours, $peer, $at_least) = @_;
	my %seconds = (ours => middle('seconds', @$ours), peer => middle('seconds', @$peer));
	my $cpu = middle('cpu', @$ours);
	return {
		what => $what, ours => sprintf('%.0f MB/s', $bytes / $seconds{ours} / 1e6),
		peer => sprintf('%.0f MB/s', $bytes / $seconds{peer} / 1e6), ratio => $seconds{peer} / $seconds{ours},
		sign => '>=', bound => $at_least, cpu_ratio => $cpu > 0 ? middle('cpu', @$peer) / $cpu : undef,
	};
}

# Memory against what is allowed, both in kB.
sub memory_row
{
	my ($what, $taken, $allowed) = @_;
	return {
		what => $what, ours => sprintf('%.1f MiB', $taken / 1024), peer => sprintf('%.1f MiB', $allowed / 1024),
		ratio => $taken / $allowed, sign => '<=', bound => 1,
	};
}

sub _machine
{
	my ($cpu) = (capture('cat', '/proc/cpuinfo') =~ /^model name\s*:\s*(.*)/m);
	my ($memory) = (capture('cat', '/proc/meminfo') =~ /^MemTotal:\s*(\d+)/m);
	my ($file_system) = (split /\n/, capture('df', '--output=fstype', $option{PLACE}))[1];
	return {
		cpu => $cpu // 'unknown', cores => $cores, memory_gib => sprintf('%.0f', $memory / 1024 / 1024) + 0,
		kernel => (POSIX::uname())[2], postgresql => sql('postgres', 'SHOW server_version'), file_system => $file_system,
		settings => { map { split /=/, $_, 2 } split /\n/,
			sql('postgres', q(SELECT name || '=' || current_setting(name) FROM pg_settings WHERE name IN ('shared_buffers',
			'max_wal_size', 'wal_buffers', 'fsync', 'synchronous_commit', 'full_page_writes', 'wal_compression'))) },
	};
}

sub _print_row
{
	my ($row) = @_;
	my $line = sprintf '%-68s %12s %12s %7s %9s %5s%s', $row->{what}, $row->{ours}, $row->{peer},
		defined $row->{ratio} ? sprintf('%.2f', $row->{ratio}) : '',
		defined $row->{bound} ? sprintf('%s %.2f', $row->{sign}, $row->{bound}) : '',
		defined $row->{cpu_ratio} ? sprintf('%.2f', $row->{cpu_ratio}) : '', $row->{holds} // 1 ? '' : '  missed';
	$line =~ s/\s+\z//;
	print "$line\n";
	return;
}

# Prints the rows and writes them, with the samples, to var/bench/result.json. Returns how many miss their bound.
sub report
{
	my ($rows, %samples) = @_;
	my $machine = _machine();
	my $missed = 0;
	printf "%s, %d cores, %d GiB, PostgreSQL %s, PGDATA on %s; %d jobs, median of %d\n", $machine->{cpu}, $machine->{cores},
		$machine->{memory_gib}, $machine->{postgresql}, $machine->{file_system}, $option{JOBS}, $option{ROUNDS};
	printf "%-68s %12s %12s %7s %9s %5s\n", '', 'ours', 'the peer\'s', 'ratio', 'bound', 'cpu';
	for my $row (@$rows)
	{
		if (defined $row->{bound})
		{
			my $holds = $row->{sign} eq '>=' ? $row->{ratio} >= $row->{bound} : $row->{ratio} <= $row->{bound};
			$row->{holds} = $holds ? JSON::PP::true() : JSON::PP::false();
			$missed++ if !$holds;
		}
		_print_row($row);
	}
	open my $file, '>', "$root/var/bench/result.json" or die $!;
	print {$file} JSON::PP->new->canonical->pretty->encode(
		{ machine => $machine, options => \%option, rows => $rows, %samples });
	close $file or die $!;
	print "var/bench/result.json holds all samples.\n";
	return $missed;
}

1;

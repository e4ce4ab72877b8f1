# test/lib/Nachet/Bench/Loader.pm: nachet-load and the datastore against other ways of putting the same files into PostgreSQL
# and of reading them back; a datastore that grows; one large set.
#
# Rule: every way ends with its bytes durable. What is read back was read once before.
package Nachet::Bench::Loader;

use strict;
use warnings;

use File::Path ();
use POSIX ();

use Nachet::Bench qw(%option $bin $load required command sql measure count_for size_text note fresh_database
	make_pictures picture_folder in_page_cache);
use Nachet::Bench::Table qw(speed_row memory_row);

my (%sample, %peak, @growth, %one_set);

# --- one folder, all ways ---------------------------------------------------------------------------
sub _read_back
{
	my ($size, $counted, $what, $bytes, $table) = @_;
	my $server = "SELECT sum(get_byte($bytes, 0)) FROM $table";
	my $client = "SELECT $bytes FROM $table";
	measure('psql', '-X', '-qAt', '-c', $server);
	for my $run ([ "read on server, $what", 'psql', '-X', '-qAt', '-c', $server ],
		[ "read by client, $what", "$bin/peer", 'drain', $client ])
	{
		my ($name, @command) = @$run;
		my $taken = measure(@command);
		push @{ $sample{$size}{$name} }, $taken if $counted;
	}
	return;
}

sub _measure_size
{
	my ($size) = @_;
	my $count = count_for($size);
	my $folder = picture_folder($size);
	my $list = { input => "$folder.list" };
	my $at_once = POSIX::ceil($count / $option{JOBS} / 8);
	my $counted;
	my $take = sub { my ($name, $taken) = @_; push @{ $sample{$size}{$name} }, $taken if $counted; return $taken };
	my %way = (
		load => sub {
			fresh_database();
			$take->('load', measure($load, required(), $folder));
			$take->('load again', measure($load, required(), $folder));
			$take->('sha256sum', measure($list, 'xargs', '-d', '\n', '-P', $option{JOBS}, '-n', $at_once, 'sha256sum'));
			_read_back($size, $counted, 'contents', 'nachet.picture_content(id)', 'nachet.picture');
		},
		bytea => sub {
			fresh_database();
			$take->('bytea', measure($list, "$bin/peer", 'copy', 'bench_bytea'));
			_read_back($size, $counted, 'bytea', 'data', 'bench_bytea');
		},
		external => sub {
			fresh_database();
			$take->('external', measure($list, "$bin/peer", 'copy', 'bench_external'));
			_read_back($size, $counted, 'external', 'data', 'bench_external');
		},
		lo => sub { fresh_database(); $take->('lo_import', measure($list, "$bin/peer", 'lo')) },
		chunks => sub { fresh_database(); $take->('chunks', measure($list, "$bin/peer", 'chunks', $option{JOBS})) },
		cp => sub {
			File::Path::remove_tree("$option{PLACE}/copy");
			command('sync', '-f', $option{PLACE});
			$take->('cp', measure('sh', '-c', 'cp -r "$1" "$2" && sync -f "$2"', 'sh', $folder, "$option{PLACE}/copy"));
			File::Path::remove_tree("$option{PLACE}/copy");
		},
	);

	in_page_cache($folder);
	my @order = qw(load bytea external chunks lo cp);
	for my $round (0 .. $option{ROUNDS})
	{
		$counted = $round > 0;
		for my $name (@order)
		{
			note('pictures of ', size_text($size), ', round ', $counted ? $round : 'before the first', ": $name");
			$way{$name}->();
		}
		push @order, shift @order;
	}
	$peak{"$count pictures of " . size_text($size)} = _peak($count, @{ $sample{$size}{load} });
	return;
}

# The most memory that any of these runs took, and how many files each had.
sub _peak { my ($files, @taken) = @_; return { files => $files, peak => (sort { $b <=> $a } map { $_->{peak} } @taken)[0] } }

# --- growth, and one large set ----------------------------------------------------------------------
sub _measure_growth
{
	my $tenth = int($option{GROWTH} / 10);
	fresh_database();
	for my $part (1 .. 10)
	{
		my $folder = "$option{PICTURES}/growth";
		note("growth, tenth $part of 10");
		File::Path::remove_tree($folder);
		unlink "$folder.list";
		make_pictures($folder, $tenth, $option{GROWTH_SIZE}, 1000 + $part);
		sql('bench', 'CHECKPOINT');
		push @growth, measure($load, required(), $folder);
		File::Path::remove_tree($folder);
		unlink "$folder.list";
	}
	$peak{"$tenth pictures, growth"} = _peak($tenth, @growth);
	return;
}

sub _measure_set
{
	my $folder = "$option{PICTURES}/$option{SET}-of-1000-$option{FORMAT}";
	make_pictures($folder, $option{SET}, 1000, 7);
	note("one set of $option{SET} pictures");
	fresh_database();
	$one_set{first} = measure($load, required(), $folder);
	$one_set{again} = measure($load, required(), $folder);
	$peak{"$option{SET} pictures of 1 kB in one set"} = _peak($option{SET}, $one_set{first});
	return;
}

# --- what came of it --------------------------------------------------------------------------------
my %bound = (
	bytea => { 2_500_000 => 2.0, 10_000 => 1.0 }, lo_import => { 2_500_000 => 4.0 }, chunks => { 2_500_000 => 0.8 },
);

sub _size_rows
{
	my ($size) = @_;
	my $bytes = $size * count_for($size);
	my $taken = $sample{$size};
	my $row = sub {
		my ($what, $ours, $peer, $at_least) = @_;
		return speed_row(size_text($size) . ": $what", $bytes, $taken->{$ours}, $taken->{$peer}, $at_least);
	};
	return (
		$row->('nachet-load / COPY into a bytea column', 'load', 'bytea', $bound{bytea}{$size}),
		$row->('nachet-load / COPY, STORAGE EXTERNAL', 'load', 'external'),
		$row->('nachet-load / lo_import', 'load', 'lo_import', $bound{lo_import}{$size}),
		$row->("nachet-load / raw chunks, $option{JOBS} connections", 'load', 'chunks', $bound{chunks}{$size}),
		$row->('nachet-load / cp -r and sync', 'load', 'cp'),
		$row->("second run / sha256sum, $option{JOBS} at once", 'load again', 'sha256sum', 0.8),
		$row->('reading on the server / bytea', 'read on server, contents', 'read on server, bytea', 0.9),
		$row->('reading by a client / bytea', 'read by client, contents', 'read by client, bytea', 0.9),
		$row->('reading on the server / EXTERNAL', 'read on server, contents', 'read on server, external'),
		$row->('reading by a client / EXTERNAL', 'read by client, contents', 'read by client, external'),
	);
}

sub _growth_row
{
	my $tenth = int($option{GROWTH} / 10);
	return {
		what => "$option{GROWTH} pictures of " . size_text($option{GROWTH_SIZE}) . ': cost of the last tenth / the first',
		ours => sprintf('%.0f /s', $tenth / $growth[9]{seconds}), peer => sprintf('%.0f /s', $tenth / $growth[0]{seconds}),
		ratio => $growth[9]{seconds} / $growth[0]{seconds}, sign => '<=', bound => 1.15,
		cpu_ratio => $growth[9]{cpu} / $growth[0]{cpu},
	};
}

sub _set_row
{
	return {
		what => "one set of $option{SET} pictures of 1 kB: first run, second run",
		ours => sprintf('%.0f /s', $option{SET} / $one_set{first}{seconds}),
		peer => sprintf('%.0f /s', $option{SET} / $one_set{again}{seconds}),
	};
}

sub rows
{
	my @rows = map { _size_rows($_) } grep { $sample{$_} } split ' ', $option{SIZES};
	push @rows, _growth_row() if @growth;
	for my $what (sort { $peak{$a}{files} <=> $peak{$b}{files} || $a cmp $b } keys %peak)
	{
		push @rows, memory_row("peak memory of nachet-load: $what",
			$peak{$what}{peak}, 96 * 1024 + 300 * $peak{$what}{files} / 1024);
	}
	push @rows, _set_row() if %one_set;
	return @rows;
}

sub samples { return (samples => \%sample, growth => \@growth, one_set => \%one_set) }

sub run
{
	if ($option{ONLY} =~ /sizes/) { _measure_size($_) for split ' ', $option{SIZES} }
	_measure_growth() if $option{ONLY} =~ /growth/ && $option{GROWTH} >= 10;
	_measure_set() if $option{ONLY} =~ /set/ && $option{SET} > 0;
	return;
}

1;

# test/lib/Nachet/FileFaults.pm: file systems on which something is amiss: a small disk, and calls
# that fail.
package Nachet::FileFaults;

use strict;
use warnings;

use Exporter 'import';

use Nachet::CleanUp qw(at_end);
use Nachet::Files qw(make_folder);
use Nachet::Process qw(run_command);

our @EXPORT_OK = qw(file_faults small_disk);

# A new folder on a disk of its own, of so many MB and in memory; nothing where none may be mounted
# here.
sub small_disk
{
	my ($megabytes) = @_;
	my $folder = make_folder('disk');
	my ($status) = run_command(
		'mount', '-t', 'tmpfs', '-o', "size=${megabytes}m,mode=755", 'nachet-test', $folder);
	return if $status != 0;
	at_end('disk', $folder, sub { system 'umount', '-l', $folder });
	return $folder;
}

# The environment in which a program meets the faults of test/lib/file_faults.c:
# file_faults(NO_TYPES => 1, ...). A program that was built with ASan wants to come before it, and
# does without.
my $file_faults;
sub file_faults
{
	my %fault = @_;
	if (!defined $file_faults)
	{
		$file_faults = make_folder('faults') . '/file_faults.so';
		my @compile = (split(' ', $ENV{CC} // 'cc'), '-shared', '-fPIC', '-Wall', '-Wextra', '-Werror');
		my $source = "$Nachet::Files::ROOT/test/lib/file_faults.c";
		my ($status, undef, $err) = run_command(@compile, '-o', $file_faults, $source, '-ldl');
		die "file_faults.c: $err" if $status != 0;
	}
	return (
		LD_PRELOAD => $file_faults,
		ASAN_OPTIONS => join(':', $ENV{ASAN_OPTIONS} // (), 'verify_asan_link_order=0'),
		map { ("FAULT_$_" => $fault{$_}) } keys %fault);
}

1;

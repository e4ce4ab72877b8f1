# test/lib/Nachet/Files.pm: folders that go when the test ends, files in them, and their hashes.
package Nachet::Files;

use strict;
use warnings;

use Cwd ();
use Digest::SHA ();
use Exporter 'import';
use File::Basename ();
use File::Path ();
use File::Temp ();

use Nachet::CleanUp ();

our @EXPORT_OK = qw(make_folder sha256 sha256_bytes slurp tempdir write_file);

# The root of this tree.
our $ROOT = Cwd::abs_path(File::Basename::dirname(__FILE__) . '/../../..');

# A new folder /tmp/nachet-PURPOSE-... that goes when the test ends; others may read it.
sub make_folder
{
	my ($purpose) = @_;
	my $folder = File::Temp::tempdir("nachet-$purpose-XXXXXX", DIR => '/tmp');
	chmod 0755, $folder;
	Nachet::CleanUp::at_end('folder', $folder,
		sub { File::Path::remove_tree($folder, { safe => 0, error => \my $ignored }) });
	return $folder;
}

# The same for whatever a test likes. Also a method of a cluster.
sub tempdir { return make_folder('test') }

# Writes a file whole, making the folders it lies in; returns its path.
sub write_file
{
	my ($path, $bytes) = @_;
	File::Path::make_path(File::Basename::dirname($path));
	open my $file, '>:raw', $path or die "$path: $!";
	print {$file} $bytes or die "$path: $!";
	close $file or die "$path: $!";
	return $path;
}

sub slurp
{
	my ($path) = @_;
	open my $file, '<:raw', $path or die "$path: $!";
	local $/;
	return scalar(<$file>) // '';
}

# SHA-256 in lower-case hex, of a string of bytes.
sub sha256 { my ($bytes) = @_; return Digest::SHA::sha256_hex($bytes) }
sub sha256_bytes { my ($bytes) = @_; return Digest::SHA::sha256($bytes) }

1;

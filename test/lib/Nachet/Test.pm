# test/lib/Nachet/Test.pm: what nearly every test needs, under one name: a cluster, programs, files
# and pictures.
#
# Rule: whatever a test starts or makes is gone when it ends, also when it dies or is interrupted:
# servers, programs, folders. Core modules only.
#
#   use lib 'test/lib';
#   use Nachet::Test qw(png run_command write_file);
#   my $store = Nachet::Test->new;          # a Nachet::Cluster
#   my $folder = $store->tempdir;
#   write_file("$folder/a.png", png(64, 48, 'a'));
#   my ($status, $out, $err) = $store->run_load('--seed' => 'Brassica napus', ..., $folder);
package Nachet::Test;

use strict;
use warnings;

use Exporter 'import';
use Nachet::Cluster qw(nachet_http nachet_load start_service);
use Nachet::FileFaults qw(file_faults small_disk);
use Nachet::Files qw(sha256 sha256_bytes slurp tempdir write_file);
use Nachet::Picture qw(bmp gif jpeg noise png tiff tiff_file);
use Nachet::Process qw(free_port poll_until run_command start_command);

our @EXPORT_OK = qw(
	bmp file_faults free_port gif jpeg noise png poll_until run_command sha256 sha256_bytes slurp small_disk
	start_command start_service tempdir tiff tiff_file write_file
);

our $ROOT = $Nachet::Files::ROOT;
our $EMAIL = $Nachet::Cluster::EMAIL;

# The options are those of Nachet::Cluster->new.
sub new { my (undef, @options) = @_; return Nachet::Cluster->new(@options) }

1;

#!/usr/bin/env perl
# test/http/unit/multipart.t: the multipart parser by itself: compiled with sanitizers, no service
# and no database.
use strict;
use warnings;
use Cwd qw(abs_path);
use File::Basename qw(dirname);
use File::Temp qw(tempdir);

my $here = abs_path(dirname(__FILE__));
my $http = abs_path("$here/../../../http");
# With COVERAGE_DIR, of test/coverage, the branches that run are counted there: those of the source, without the sanitizers'.
my $counts = $ENV{COVERAGE_DIR};
my $folder = tempdir('multipart-XXXXXX', $counts ? (DIR => $counts) : (TMPDIR => 1, CLEANUP => 1));
my @compiler = split ' ', $ENV{CC} // 'cc';

system(@compiler, qw(-std=c99 -g -O1 -Wall -Wextra -Werror),
	$counts ? ('-O0', '--coverage') : ('-fsanitize=address,undefined', '-fno-sanitize-recover=all'),
	"-I$http/..", '-o', "$folder/multipart_test",
	map({ "$here/$_.c" } qw(multipart_test multipart_property recorder)),
	"$http/body/multipart.c", "$http/body/mime.c") == 0
	or die "the test does not compile\n";
my $status = system("$folder/multipart_test", "$here/bodies");
exit($status == 0 ? 0 : 1);

#!/usr/bin/env perl
# test/loader/126_url_large.t: nachet-load --url with many files and with a large one: in bounded
# memory, and in requests of bounded size.
use strict;
use warnings;

use FindBin ();
use lib "$FindBin::Bin/../lib";
use Nachet::Front ();
use Nachet::Loader qw(@required);
use Nachet::Test qw(gif tiff_file write_file slurp start_command poll_until);
use Test::More;

my $store = Nachet::Test->new;
my $http = $store->start_http;
my %env = (PGHOST => '/nonexistent', http_proxy => undef, no_proxy => '*');
my $scratch = $store->tempdir;

# Runs it, and looks at the most memory that it has had; returns status, output, errors and kB.
sub measured
{
	my ($url, @args) = @_;
	my $loader = start_command({ env => \%env }, $store->nachet_load, '--url', $url, @required, @args);
	my $peak = 0;
	poll_until(
		sub {
			my ($kilobytes) = eval { slurp('/proc/' . $loader->pid . '/status') =~ /^VmHWM:\s+(\d+) kB/m };
			$peak = $kilobytes if ($kilobytes // 0) > $peak;
			return !$loader->is_running;
		}, 300);
	return ($loader->wait(1), $loader->out, $loader->err, $peak);
}

# A file far larger than all that the loader may have.
tiff_file("$scratch/large/large.tif", 300_000_000, 'large');
my ($status, $id, $err, $peak) = measured($http->url, "$scratch/large");
is($status, 0, 'a file of 300 MB goes through the service') or diag($err);
cmp_ok($peak, '<', 64 * 1024,
	'a file of 300 MB goes through the service: through less than 64 MiB of memory') if !$ENV{NACHET_SANITIZED};
chomp $id;
is($store->psql("SELECT c.byte_size || ' ' || encode(c.sha256, 'hex') FROM nachet.picture p JOIN nachet.content c ON c.id = p.content_id
	WHERE p.picture_set_id = '$id'"), '300000000 ' . Digest::SHA->new(256)->addfile("$scratch/large/large.tif")->hexdigest,
	'a file of 300 MB goes through the service: with every byte');

# Many files, of which no request may name or hold many.
my $count = 5000;
write_file(sprintf("$scratch/many/%02d/%s %d.gif", $_ % 50, 'n' x 150, $_), gif("many $_")) for 1 .. $count;
my $front = Nachet::Front->new($http->port, sub { return });
($status, $id, $err, $peak) = measured($front->url, '-j', 1, "$scratch/many");
is($status, 0, "$count files go through the service") or diag($err);
like($err, qr/: $count pictures, .* sent $count,/, "$count files go through the service: each once");
cmp_ok($peak, '<', 64 * 1024,
	"$count files go through the service: through less than 64 MiB of memory") if !$ENV{NACHET_SANITIZED};
my @stagings = $front->requests =~ m{^POST /batch-import\?stage=true}mg;
cmp_ok(scalar @stagings, '<=', 8, "$count files go through the service: in few requests");
is($store->psql('SELECT count(*) FROM nachet.picture WHERE picture_set_id = \'' . $id =~ s/\n//r . '\''), $count,
	"$count files go through the service: into one set");
($status, my $again, $err) = measured($http->url, '-j', 4, "$scratch/many");
is($again, $id, "$count files go through the service: once more");
like($err, qr/; sent 0, 0 B;/, "$count files go through the service: nothing is sent");

# A service that takes little at a time.
my $small = $store->start_http(args => [ '--max-pictures', 300, '--max-manifest-size', '100kB', '--max-request-size', '1MB', '--max-picture-size', '512kB' ]);
write_file(sprintf("$scratch/few/%s %d.gif", 'n' x 150, $_), gif("few $_")) for 1 .. 299;
($status, $id, $err) = measured($small->url, "$scratch/few");
is($status, 0, 'a set that just fits into a small service') or diag($err);
($status, undef, $err) = measured($small->url, "$scratch/many");
is($status, 1, 'one that does not');
like($err, qr/the names of the pictures take \d+ bytes, but the service accepts at most 102400 in a set\n.*hint: .*--dbname/,
	'one that does not: is refused before a byte is sent');
write_file("$scratch/big/a.gif", gif('before it'));
tiff_file("$scratch/big/b.tif", 600_000, 'big');
($status, undef, $err) = measured($small->url, "$scratch/big");
is($status, 1, 'a picture that is too large for the service');
like($err, qr{big/b\.tif: is larger than the maximum of the service, 524288 bytes},
	'a picture that is too large for the service: is named, with the limit');

done_testing;

#!/usr/bin/env perl
# test/crash/030_no_memory.t: programs that get no more memory say so, or do with what they have;
# nothing is half done.
use strict;
use warnings;

use FindBin ();
use lib "$FindBin::Bin/../lib";
use Nachet::Http qw(multipart post_body post_json);
use Nachet::Intact qw(is_intact);
use Nachet::Loader qw(@required);
use Nachet::Test qw(run_command start_command tiff write_file);
use Test::More;

my $store = Nachet::Test->new;
my $folder = $store->tempdir . '/pictures';
my $pictures = 400;
write_file(sprintf('%s/%d/%04d.tif', $folder, $_ % 5, $_), tiff($_ % 50 == 0 ? 9_000_000 : 40_000, "picture $_")) for 1 .. $pictures;
my @load = ($store->nachet_load, @required,
	'--retries', 1, '--no-progress', $folder);

sub limited { my ($megabytes, @command) = @_; return ('sh', '-c', 'ulimit -v "$0" && exec "$@"', $megabytes * 1024, @command) }

sub sets { return $store->psql('SELECT count(*) FROM nachet.picture_set') }

# libcrypto 3.6 calls itself until the stack ends if a thread's first error finds no memory: a crash that says nothing.
my ($libcrypto) = (run_command('openssl', 'version'))[1] =~ /\AOpenSSL (\d+\.\d+)/;
my $recurses = ($libcrypto // 0) >= 3.6;

# From too little to start with, up to enough.
my %ended;
for (my $megabytes = 16; $megabytes <= 2048; $megabytes = int(1.25 * $megabytes) + 1)
{
	my ($status, $out, $err) = run_command({ env => { $store->env('importer') } }, limited($megabytes, @load));
	$ended{$status}++;
	last if $status == 0;
	my $crashed = $recurses && $status == 139;
	like($status, $crashed ? qr/139/ : qr/\A(?:1|4|127)\z/, "$megabytes MB: the loader fails") or diag($err);
	like($err, $crashed ? qr/\A\z/ : qr/memory|thread|shared (?:libraries|object)|failed to map|allocate/i,
		"$megabytes MB: says why");
	is($out, '', "$megabytes MB: without an id");
	is(sets(), 0, "$megabytes MB: no set is there");
}
ok($ended{0}, 'with enough of it, it imports: ' . join ', ', map { "status $_ $ended{$_} times" } sort keys %ended);
is_intact($store, 'the datastore is intact');

# The service serves on after requests that it has no memory for.
my $port = Nachet::Test::free_port();
my @serve = ($store->nachet_http, '--listen', "127.0.0.1:$port", '--dbname', $store->conninfo('importer'), '--spool-memory', '32MB');
my $form = '{"email": "someone@example.org"}';
my $served = 0;
for my $megabytes (160, 200, 250, 300, 400)
{
	my $service = start_command(limited($megabytes, @serve));
	$service->{url} = "http://127.0.0.1:$port";
	$service->{port} = $port;
	Nachet::Test::poll_until(sub { !$service->is_running
		|| IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $port, Timeout => 5) }, 30);
	if ($service->is_running)
	{
		my $sets = sets();
		my $status = post_body($service, multipart(map { [ "$megabytes/$_.tif", tiff(8_000_000, "$megabytes $_") ] } 1 .. 12))->{status};
		like($status, qr/\A(?:0|201|500|503)\z/, "$megabytes MB: an upload of 96 MB is answered $status");
		is(sets() - $sets, $status == 201 ? 1 : 0, "$megabytes MB: is there or not");
		like(post_json($service, $form)->{status}, qr/\A(?:200|500|503)\z/,
			"$megabytes MB: the service serves on");
		$served++ if $status == 201;
		$service->signal('TERM');
	}
	else
	{
		like($service->err, qr/memory|thread|libmicrohttpd|Cannot allocate/i, "$megabytes MB: the service says why it can't start");
	}
	$service->wait(60);
	unlike($service->err, qr/stack smashing|Segmentation|free\(\)|corrupt/, "$megabytes MB: nothing is corrupt");
	$service->forget;
}
ok($served > 0, 'with enough memory the service takes it');
is_intact($store, 'all is intact');

done_testing;

#!/usr/bin/env perl
# test/extension/057_no_memory.t: a backend that gets no more memory ends the statement, keeps its
# session, and loses nothing.
#
# The address space of a session's backend is limited to a little more than it has, by steps, so that one place after another
# is short of memory: in PostgreSQL's memory contexts, in libcurl, in OpenSSL.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Nachet::Intact qw(is_intact);
use Nachet::Loader qw(@required);
use Nachet::ObjectStore ();
use Nachet::Session ();
use Nachet::Test qw(png run_command slurp tempdir tiff write_file);
use Test::More;

my $store = Nachet::Test->new;
my $objects = Nachet::ObjectStore->new('s3');
my $folder = tempdir();
$objects->use_by($store);
$store->psql("ALTER DATABASE nachet SET nachet.object_store_part_size = '5MB'");

sub import_pictures
{
	my ($name, @pictures) = @_;
	write_file("$folder/$name/$_", $pictures[$_]) for 0 .. $#pictures;
	my ($status, undef, $err) = $store->run_load(@required, "$folder/$name");
	die $err if $status != 0;
	return;
}
import_pictures('moved', png(60, 50, 'moved'), tiff(3_000_000, 'moved'));
is($store->psql('SELECT contents FROM nachet.offload_contents()'), 2, 'two contents are in the store');
import_pictures('here', png(60, 50, 'here'), tiff(6_000_000, 'here'));

my $data = q{'{"seed_name": "Brassica napus", "zoom_level": 20, "nb_seeds": 5}'};
my $new = "'\\x" . unpack('H*', tiff(1_500_000, 'new')) . "'::bytea";
my %calls = (
	'storing an array' => "SELECT nachet.upload_picture_set(ARRAY[$new], '" . $store->user_id . "', $data)",
	'storing chunks' => q{INSERT INTO nachet.content_chunk (chunk_no, data) SELECT n, convert_to(repeat('x', 8120), 'UTF8') FROM generate_series(0, 200) AS n},
	'reading' => 'SELECT length(nachet.content_read(sha256, 0, byte_size)) FROM nachet.content WHERE object_url IS NULL',
	'reading from the store' => 'SELECT length(nachet.content_read(sha256, 0, byte_size)), length(nachet.content_read(sha256, 100, 1000)) FROM nachet.content WHERE object_url IS NOT NULL',
	'verifying' => 'SELECT content_id, flaw FROM nachet.verify_contents()',
	'offloading' => 'SELECT contents, failed FROM nachet.offload_contents()',
	'restoring' => 'SELECT contents, failed FROM nachet.restore_contents()',
);
my $rows = 'SELECT array_agg((id, object_url) ORDER BY id), (SELECT count(*) FROM nachet.content_chunk), (SELECT count(*) FROM nachet.picture_set) FROM nachet.content';
my $were = $store->psql($rows);

# Limits of a process are its own user's to set.
my @as = $> == 0 ? ('setpriv', '--reuid=' . (stat $store->data_folder)[4], '--regid=' . (stat _)[5], '--clear-groups', '--') : ();
sub limit { my ($backend, $bytes) = @_; my ($status, undef, $err) = run_command(@as, 'prlimit', '--pid', $backend, "--as=$bytes:unlimited"); die $err if $status != 0; return }

for my $name (sort keys %calls)
{
	my $whole = $store->psql("BEGIN; $calls{$name}; ROLLBACK");
	my ($session, %answers);
	for my $step (0 .. 40)
	{
		$session //= Nachet::Session->new($store);
		$session->run('SELECT nachet.chunk_size()');
		my ($size) = slurp("/proc/$session->{backend}/status") =~ /^VmSize:\s+(\d+) kB/m;
		limit($session->{backend}, 1024 * ($size + $step * $step * 16));
		my $answer = $session->run("BEGIN;\n$calls{$name}");
		limit($session->{backend}, 'unlimited');
		$session->run('ROLLBACK');
		$answer =~ s/^WARNING:  \w{5}\n//mg;
		$answer = 'right' if $name eq 'storing an array' ? $answer =~ /\A[0-9a-f-]{36}\z/ : $answer eq $whole;
		$answers{$answer}++;
		if ($session->run('SELECT nachet.chunk_size()') ne '8120') { $answers{'the session is gone'}++; undef $session }
		undef $session if $answer eq 'right'; # A new one has less memory in hand.
		last if ($answers{right} // 0) > 2;
	}
	my %failures = map { $_ => $answers{$_} } grep { $_ ne 'right' } keys %answers;
	note(join ', ', map { "$name: $_: $answers{$_}" } sort keys %answers);
	cmp_ok($answers{right} // 0, '>', 0, "$name: with enough memory it succeeds");
	cmp_ok($failures{'ERROR:  53200'} // 0, '>', 0, "$name: with too little it fails");
	# libcurl's own want of memory is an answer that did not come.
	my $wanted = $name =~ /store|off|rest/ ? qr/\AERROR:  (?:53200|NC008)\z/ : qr/\AERROR:  53200\z/;
	is_deeply([ grep { !/$wanted/ } sort keys %failures ], [],
		"$name: by an error that says so, and no other");
	is($store->psql($rows), $were, "$name: all is as it was");
}
is_intact($store, 'all is intact');
unlike($store->log, qr/terminated by signal|PANIC|was not closed|leak/, 'no backend crashed, and nothing leaked');

done_testing;

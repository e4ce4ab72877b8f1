#!/usr/bin/env perl
# test/http/045_memory.t: the memory of nachet-http for what requests carry beside pictures: names
# and hashes, manifests, long answers.
#
# Rule: growth is measured as the peak that the kernel has seen (VmHWM) since the last look, and held against the sum of the
# documented bounds and SLACK, far below what the requests carry.
use strict;
use warnings;
use Test::More;

use lib 'test/lib';
use Nachet::Test qw(gif poll_until free_port slurp start_command write_file);
use Nachet::Session ();
use Nachet::Http qw(curl field part post_body post_stage post_manifest staged manifest is_problem connect_to request_head read_answer);

my $MB = 1024 * 1024;
my $SLACK = 16 * $MB;
my ($SPOOL, $STATEMENTS) = (8 * $MB, 4 * 16 * $MB);

my $store = Nachet::Test->new;
my $admin = free_port();
my @args = ('--spool-memory', '8MB', '--max-manifest-size', '16MB', '--admin-listen', "127.0.0.1:$admin");
my $picture = gif('picture');

sub kilobytes { my ($http, $name) = @_; return slurp('/proc/' . $http->pid . '/status') =~ /^$name:\s+(\d+) kB/m ? $1 * 1024 : die $name }

# Runs the code, and holds the growth of the service's memory against the bound.
sub grows_by_at_most
{
	my ($http, $bound, $name, $code) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	write_file('/proc/' . $http->pid . '/clear_refs', '5');
	my $before = kilobytes($http, 'VmHWM');
	$code->();
	my $growth = kilobytes($http, 'VmHWM') - $before;
	SKIP: {
		skip 'sanitizers take memory of their own', 1 if $ENV{NACHET_SANITIZED};
		cmp_ok($growth, '<', $bound + $SLACK, sprintf '%s: %.1f MB', $name, $growth / $MB);
	}
	return;
}

sub file_part { my ($name) = @_; return part("Content-Disposition: form-data; name=\"pictures\"; filename=\"$name\"", $picture) }

# A form without its last line: so many files under names of so many bytes.
sub long_form
{
	my ($set, $count, $length) = @_;
	my $fill = 'n' x ($length - 8);
	return field(email => $Nachet::Test::EMAIL) . field(seed_name => 'Brassica napus') . field(zoom_level => 20)
		. field(nb_seeds => 5) . field(name => $set) . join '', map { file_part(sprintf '%s%08d', $fill, $_) } 1 .. $count;
}
my $last = "--$Nachet::Http::BOUNDARY--\r\n";

# Begins to send these bodies at once, each without its last line, and waits until the service has read them.
sub begin_all
{
	my ($http, @bodies) = @_;
	my $received = sub {
		return curl("http://127.0.0.1:$admin/metrics")->{body} =~ /^nachet_http_received_bytes_total (\d+)$/m ? $1 : die 'no metrics';
	};
	my $wanted = $received->();
	my @clients;
	for my $body (@bodies)
	{
		my $client = connect_to($http);
		print {$client} request_head($http, '/batch-import', 'Content-Length' => length($body) + length $last), $body;
		$wanted += length $body;
		push @clients, $client;
	}
	ok(poll_until(sub { $received->() >= $wanted }, 60), 'the service has read ' . @bodies . ' bodies');
	return @clients;
}

# --- names ------------------------------------------------------------------------------------------------
my ($clients, $pictures, $length) = (6, 12_000, 1000);
my @bodies = map { long_form("set $_", $pictures, $length) } 1 .. $clients;
my $http = $store->start_http(args => \@args);
is(curl($http->url . '/')->{status}, 200, 'a request before the first look');
my @begun;
grows_by_at_most($http, $SPOOL, "names of $clients x $pictures x $length bytes that wait for more",
	sub { @begun = begin_all($http, @bodies) });
grows_by_at_most($http, $SPOOL + $STATEMENTS, 'the same names on their way into the database', sub {
	print {$_} $last for @begun;
	is_deeply([ map { read_answer($_, 300)->{status} } @begun ], [ (201) x $clients ], 'all are made sets');
});
is($store->psql("SELECT count(*) || ' ' || sum(length(name)) FROM nachet.picture"), $clients * $pictures . ' ' . $clients * $pictures * $length,
	'with every name whole');
is($store->psql('SELECT count(DISTINCT content_id) FROM nachet.picture'), 1, 'of the same bytes');

# A folder's name is dropped from names that lie in a file, too.
my $deep = long_form('', 5000, 900) =~ s/filename="/filename="session 1\//gr =~ s/name="name"\r\n\r\n\r\n/name="note"\r\n\r\nx\r\n/r;
my ($client) = begin_all($http, $deep);
print {$client} $last;
my $answer = read_answer($client, 120);
is($answer->{status}, 201, 'a folder of 5,000 pictures');
my $id = $answer->{json}{picture_set_id};
is($store->psql("SELECT s.name || ' ' || count(*) || ' ' || min(length(p.name)) FROM nachet.picture_set s JOIN nachet.picture p ON "
	. "p.picture_set_id = s.id WHERE s.id = '$id' GROUP BY s.name"), 'session 1 5000 900', 'has its name, and its pictures theirs');

# Too many for one request.
is_problem(post_body($http, long_form('too long', 16_300, 1000) . $last), 413, qr/names are too long/,
	'names of more than --max-manifest-size');

# --- answers, and manifests -------------------------------------------------------------------------------
# By curl, and not parsed: the answers are long.
sub send_long
{
	my ($http, $query, $type, $body) = @_;
	return start_command({ stdin => $body }, 'curl', '-sS', '-i', '-H', "Content-Type: $type", '--data-binary', '@-',
		$http->url . "/batch-import$query");
}
my $slashes = '\\n' x 495;
grows_by_at_most($http, $SPOOL + $STATEMENTS, 'an answer that is longer than its names', sub {
	my $sent = send_long($http, '?stage=true', "multipart/form-data; boundary=$Nachet::Http::BOUNDARY",
		field(email => $Nachet::Test::EMAIL) . staged(map { [ "$slashes$_", $picture ] } 10_000 .. 21_499));
	is($sent->wait(120), 0, 'staging under 11,500 names that JSON escapes');
	is(scalar(() = $sent->out =~ /"name": "(?:\\\\n){495}\d{5}"/g), 11_500, 'names all of them as they were sent');
});
is_problem(post_stage($http, staged(map { [ "$slashes$_", $picture ] } 10_000 .. 22_999)), 413, qr/names are too long/,
	'13,000 make too long an answer');

my @manifests = map { my $turn = $_; manifest(map { [ "$turn $_", "$turn $_" ] } 1 .. 140_000) } 1 .. 3;
cmp_ok(length $manifests[0], '>', 12 * $MB, 'a long manifest');
grows_by_at_most($http, $SPOOL + $STATEMENTS, 'three manifests at once of which all is missing', sub {
	my @sent = map { send_long($http, '', 'application/json', $_) } @manifests;
	is_deeply([ map { $_->wait(120); $_->out =~ /\AHTTP\/1\.1 (?:100 .*?\r\n\r\nHTTP\/1\.1 )?(\d+)/s } @sent ], [ (409) x 3 ],
		'each is told so');
	is(scalar(() = $sent[2]->out =~ /"[0-9a-f]{64}"/g), 140_000, 'in full');
});
is($http->stop, 0, 'it stops with 0');

# --- no memory left, no room ----------------------------------------------------------------------------------
$http = $store->start_http(args => [ @args, '--pool-wait', '1' ]);
@begun = begin_all($http, @bodies[ 0 .. 2 ]);
my $lock = Nachet::Session->new($store);
$lock->run('BEGIN; LOCK TABLE nachet.picture_set IN ACCESS EXCLUSIVE MODE');
print {$_} $last for @begun[ 0, 1 ];
ok(poll_until(sub { return $store->psql("SELECT count(*) FROM pg_locks WHERE NOT granted") == 2 }, 60), 'two have the memory, and wait in the database');
print {$begun[2]} $last;
is_problem(read_answer($begun[2]), 503, qr/other large requests/, 'the third is told to try again');
is(post_stage($http, staged([ 'a.gif', $picture ]))->{status}, 200, 'a short request needs none of it');
$lock->run('ROLLBACK');
is_deeply([ map { read_answer($_, 120)->{status} } @begun[ 0, 1 ] ], [ 200, 200 ], 'the two are served');
is($http->stop, 0, 'it stops with 0');

done_testing;

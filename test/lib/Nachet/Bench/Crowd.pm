# test/lib/Nachet/Bench/Crowd.pm: nachet-http with many clients at once: what memory it takes with large uploads under way,
# and what slow clients cost a fast one and the database.
#
# Rule: nothing counts before the service itself has said, in /metrics, that all of them are there.
package Nachet::Bench::Crowd;

use strict;
use warnings;

use IO::Select ();
use Socket qw(MSG_NOSIGNAL);

use Nachet::Bench qw(%option measure count_for size_text note fresh_database make_pictures picture_folder
	in_page_cache);
use Nachet::Bench::Http ();
use Nachet::Bench::Service ();
use Nachet::Bench::Table qw(speed_row memory_row);
use Nachet::Http qw(connect_to request_head field part read_answer);
use Nachet::Test qw(slurp start_command);

my $MEMORY_BOUND = 256 * 1024;	# kB
my $HEAD = 4096;				# bytes of a picture that are each upload's own
my $OWN_AT = 1024;				# where in them its number goes: in the noise, behind the header
my $FAST_SIZE = 2_500_000;

my ($peak, %fast, @watched);

# --- large uploads at once ----------------------------------------------------------------------------

# What comes before a picture in a body, up to its first byte; and what comes after its last.
sub _before
{
	return field(email => 'bench@example.org') . field(seed_name => 'Brassica napus') . field(zoom_level => 20)
		. field(nb_seeds => 5)
		. part('Content-Disposition: form-data; name="pictures"; filename="a.tif"', '') =~ s/\r\n\z//r;
}
sub _after { return "\r\n--$Nachet::Http::BOUNDARY--\r\n" }

# Upload number N of the picture: a socket, and two halves to be sent, each a list of [ bytes, from, to ] of which only the
# bytes that differ from the other uploads' are copies.
sub _begin_upload
{
	my ($service, $picture, $number) = @_;
	my $own = substr $$picture, 0, $HEAD;
	substr $own, $OWN_AT, 8, sprintf '%08d', $number;
	my $end = _after();
	my $half = int(length($$picture) / 2);
	my $head = request_head($service->program, '/batch-import',
		'Content-Length' => length(_before()) + length($$picture) + length $end);
	my $start = $head . _before() . $own;
	my $socket = connect_to($service->program);
	$socket->blocking(0);
	return { socket => $socket,
		halves => [ [ [ \$start, 0, length $start ], [ $picture, $HEAD, $half ] ],
			[ [ $picture, $half, length $$picture ], [ \$end, 0, length $end ] ] ] };
}

# Sends one half of each, all at once: whoever takes some gets more.
sub _send_halves
{
	my ($which, @uploads) = @_;
	my $select = IO::Select->new(map { $_->{socket} } @uploads);
	my %left = map { ($_->{socket} => $_->{halves}[$which]) } @uploads;
	while ($select->count)
	{
		my @ready = $select->can_write(120) or die "no upload has moved for two minutes\n";
		for my $socket (@ready)
		{
			my $pieces = $left{$socket};
			my ($bytes, $from, $to) = @{ $pieces->[0] };
			my $length = $to - $from < 262_144 ? $to - $from : 262_144;
			my $sent = send $socket, substr($$bytes, $from, $length), MSG_NOSIGNAL;
			die "an upload was cut off: $!\n" if !defined $sent && !$!{EAGAIN};
			$pieces->[0][1] += $sent // 0;
			shift @$pieces if $pieces->[0][1] == $to;
			$select->remove($socket) if !@$pieces;
		}
	}
	return;
}

sub _measure_memory
{
	my $folder = "$option{PICTURES}/1-of-$option{UPLOAD_SIZE}-$option{FORMAT}";
	make_pictures($folder, 1, $option{UPLOAD_SIZE}, 1);
	my ($file) = split /\n/, slurp("$folder.list");
	my $picture = slurp($file);
	note("$option{UPLOADS} uploads of ", size_text($option{UPLOAD_SIZE}), ' at once');
	fresh_database();
	my $service = Nachet::Bench::Service->start;
	my @uploads = map { _begin_upload($service, \$picture, $_) } 1 .. $option{UPLOADS};
	_send_halves(0, @uploads);
	$service->wait_for('nachet_http_requests_in_progress', $option{UPLOADS});
	_send_halves(1, @uploads);
	for my $upload (@uploads)
	{
		$upload->{socket}->blocking(1);
		my $answer = read_answer($upload->{socket}, 600);
		die "an upload was answered $answer->{status}: $answer->{body}\n" if $answer->{status} != 201;
	}
	$peak = $service->peak;
	$service->stop;
	return;
}

# --- slow clients beside a fast one -------------------------------------------------------------------

# A client that has begun an upload, and will send one byte a second of a picture that never ends.
sub _begin_slowly
{
	my ($service) = @_;
	my $socket = connect_to($service->program);
	$socket->blocking(0);
	my $start = request_head($service->program, '/batch-import', 'Content-Length' => 100_000_000) . _before();
	my $sent = send $socket, $start, MSG_NOSIGNAL;
	die "a slow client could not begin\n" if ($sent // 0) != length $start;
	return $socket;
}

# A process with a crowd of slow clients, which goes on until it is killed, or its parent is. Whom the service has sent away
# for being too slow comes again.
sub _start_crowd
{
	my ($service) = @_;
	my $parent = $$;
	my $pid = fork // die "fork: $!";
	return $pid if $pid;
	$SIG{$_} = 'DEFAULT' for qw(INT TERM HUP);
	my @clients = map { _begin_slowly($service) } 1 .. $option{CROWD};
	while (getppid == $parent)
	{
		sleep 1;
		for my $client (@clients)
		{
			my $gone = IO::Select->new($client)->can_read(0);
			$client = _begin_slowly($service) if $gone || !defined send $client, 'x', MSG_NOSIGNAL;
		}
	}
	exit 1;
}

# A psql that looks twenty times a second how many connections the database has, and how many of them wait in a transaction.
sub _start_watcher
{
	return start_command(
		{ env => { PGDATABASE => 'postgres' }, stdin => q(
			SELECT count(*) AS connections, count(*) FILTER (WHERE state LIKE 'idle in transaction%') AS waiting
			FROM pg_stat_activity WHERE datname = 'bench' AND backend_type = 'client backend' \watch 0.05
		) }, 'psql', '-X', '-qAt');
}

sub _measure_fast
{
	my ($folder, $crowded) = @_;
	fresh_database();
	my $service = Nachet::Bench::Service->start;
	my $crowd = $crowded ? _start_crowd($service) : undef;
	$service->wait_for('nachet_http_requests_in_progress', $option{CROWD}) if $crowded;
	my $watcher = $crowded ? _start_watcher() : undef;
	my $taken = measure(Nachet::Bench::Http::upload_command($service, $folder));
	if ($crowded)
	{
		$watcher->kill_now;
		for (split /\n/, $watcher->out) { push @watched, { connections => $1 + 0, waiting => $2 + 0 } if /^(\d+)\|(\d+)$/ }
		$service->wait_for('nachet_http_requests_in_progress', $option{CROWD});
		kill 'KILL', $crowd;
		waitpid $crowd, 0;
	}
	$service->stop;
	return $taken;
}

sub _measure_slow_clients
{
	my $folder = picture_folder($FAST_SIZE);
	in_page_cache($folder);
	for my $round (0 .. $option{ROUNDS})
	{
		for my $crowded ($round % 2 ? (0, 1) : (1, 0))
		{
			note('a fast client ', $crowded ? "beside $option{CROWD} slow ones" : 'alone', ', round ', $round || 'before the first');
			my $taken = _measure_fast($folder, $crowded);
			push @{ $fast{ $crowded ? 'crowded' : 'alone' } }, $taken if $round > 0;
		}
	}
	return;
}

# --- what came of it ----------------------------------------------------------------------------------
sub _slow_client_rows
{
	my $beside = "beside $option{CROWD} slow clients";
	my %most = map { my $item = $_; ($item => (sort { $b <=> $a } map { $_->{$item} } @watched)[0]) } qw(connections waiting);
	my $pool = $Nachet::Bench::Service::POOL;
	return (
		speed_row(size_text($FAST_SIZE) . ": curl $beside / alone", $FAST_SIZE * count_for($FAST_SIZE),
			$fast{crowded}, $fast{alone}, 0.5),
		{ what => "$beside: connections to the database / the pool's", ours => $most{connections}, peer => $pool,
			ratio => $most{connections} / $pool, sign => '<=', bound => 1 },
		{ what => "$beside: of them idle in a transaction", ours => $most{waiting}, peer => '', ratio => $most{waiting},
			sign => '<=', bound => 0 },
	);
}

sub rows
{
	my @rows;
	push @rows, memory_row("peak memory of nachet-http: $option{UPLOADS} uploads of " . size_text($option{UPLOAD_SIZE}) . ' at once',
		$peak, $MEMORY_BOUND) if defined $peak;
	push @rows, _slow_client_rows() if %fast;
	return @rows;
}

sub samples { return (crowd => { peak_kb => $peak, fast => \%fast, watched => \@watched }) }

sub run
{
	return if $option{ONLY} !~ /http/;
	_measure_memory() if $option{UPLOADS} > 0;
	_measure_slow_clients() if $option{CROWD} > 0;
	return;
}

1;

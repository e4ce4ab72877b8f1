# test/lib/Nachet/Bench/Http.pm: nachet-http against what it stands before: uploads against nachet-load over COPY, and requests
# for /picture-form against the same question asked by pgbench over no more connections than the service's pool has.
package Nachet::Bench::Http;

use strict;
use warnings;

use Nachet::Bench qw(%option $root $load $cores required capture have measure middle count_for size_text note
	fresh_database picture_folder in_page_cache);
use Nachet::Bench::Service ();
use Nachet::Bench::Table qw(speed_row);
use Nachet::Test qw(write_file);

my @CONNECTIONS = (1, 8, 64);

my (%upload, %form);

# --- a folder ---------------------------------------------------------------------------------------

# The files as curl's options, in a file of their own: a command line would not hold them. Their names are relative to the
# folder, which is where curl is to run.
sub _curl_config
{
	my ($folder) = @_;
	my $config = "$folder.curl";
	open my $list, '<', "$folder.list" or die "$folder.list: $!\n";
	my $text = '';
	while (my $path = <$list>)
	{
		chomp $path;
		my $name = substr $path, length "$folder/";
		$text .= "form = \"pictures=\@$name;filename=$name\"\n";
	}
	write_file($config, $text);
	return $config;
}

# How curl sends a folder in one request, for measure.
sub upload_command
{
	my ($service, $folder) = @_;
	my %field = (email => 'bench@example.org', seed_name => 'Brassica napus', zoom_level => 20, nb_seeds => 5);
	return ({ service => $service->pid, folder => $folder },
		'curl', '-q', '-sS', '--fail-with-body', '--noproxy', '*', '-K', _curl_config($folder),
		(map { ('--form-string', "$_=$field{$_}") } sort keys %field), $service->url . '/batch-import');
}

sub _measure_uploads
{
	my ($size) = @_;
	my $folder = picture_folder($size);
	my $served = sub {
		my ($command) = @_;
		fresh_database();
		my $service = Nachet::Bench::Service->start;
		my $taken = measure($command->($service));
		$service->stop;
		return $taken;
	};
	my %way = (
		load => sub { fresh_database(); return measure($load, required(), $folder) },
		curl => sub { return $served->(sub { return upload_command($_[0], $folder) }) },
		url => sub {
			return $served->(sub { return ({ service => $_[0]->pid }, $load, required(), '--url', $_[0]->url, $folder) });
		},
	);
	in_page_cache($folder);
	my @order = qw(load curl url);
	for my $round (0 .. $option{ROUNDS})
	{
		for my $name (@order)
		{
			note('pictures of ', size_text($size), ' over HTTP, round ', $round || 'before the first', ": $name");
			my $taken = $way{$name}->();
			push @{ $upload{$size}{$name} }, $taken if $round > 0;
		}
		push @order, shift @order;
	}
	return;
}

# --- /picture-form ----------------------------------------------------------------------------------

sub _at_most { my ($count, $most) = @_; return $count < $most ? $count : $most }

# Both ways return { rate (a second), p50, p99 (microseconds) }.
sub _ask_service
{
	my ($service, $connections) = @_;
	my $out = capture('wrk', '-t', _at_most($connections, $cores), '-c', $connections, '-d', "$option{SECONDS}s", '--latency',
		'-s', "$root/test/bench/picture_form.lua", $service->url . '/picture-form');
	my ($requests, $seconds, $p50, $p99, $failed) = $out =~ /^result (\d+) ([\d.]+) (\d+) (\d+) (\d+)$/m
		or die "wrk says nothing of its requests: $out\n";
	die "$failed requests for /picture-form failed: $out\n" if $failed;
	return { rate => $requests / $seconds, p50 => $p50 + 0, p99 => $p99 + 0 };
}

sub _ask_database
{
	my ($connections) = @_;
	my $prefix = "$root/var/bench/pgbench";
	unlink glob "$prefix.*";
	write_file("$prefix.sql", qq(SELECT nachet.picture_form('{"email": "bench\@example.org"}', NULL);\n));
	capture('pgbench', '-n', '-M', 'prepared', '-c', $connections, '-j', _at_most($connections, $cores),
		'-T', $option{SECONDS}, '-f', "$prefix.sql", '--log', "--log-prefix=$prefix", 'bench');
	my @took = sort { $a <=> $b } map { (split ' ')[2] } split /\n/, capture('sh', '-c', 'cat "$1".[0-9]*', 'sh', $prefix);
	unlink glob "$prefix.*";
	return { rate => @took / $option{SECONDS}, p50 => $took[ @took * 0.5 ], p99 => $took[ @took * 0.99 ] };
}

sub _measure_form
{
	for my $program (qw(wrk pgbench))
	{
		if (!have($program)) { note("no rows of /picture-form: there is no $program (tools/deps bench)"); return }
	}
	fresh_database();
	my $service = Nachet::Bench::Service->start;
	for my $round (0 .. $option{ROUNDS})
	{
		for my $connections (@CONNECTIONS)
		{
			note("/picture-form over $connections connections, round ", $round || 'before the first');
			my %taken = (
				service => _ask_service($service, $connections),
				database => _ask_database(_at_most($connections, $Nachet::Bench::Service::POOL)),
			);
			next if $round == 0;
			push @{ $form{$connections}{$_} }, $taken{$_} for keys %taken;
		}
	}
	$service->stop;
	return;
}

# --- what came of it --------------------------------------------------------------------------------

# Times have no ratio where the clients are more than the pool's connections: most of them is the waiting for one.
sub _form_rows
{
	my ($connections) = @_;
	my ($ours, $peer) = @{ $form{$connections} }{qw(service database)};
	my $peers = _at_most($connections, $Nachet::Bench::Service::POOL);
	my $row = sub {
		my ($name, $format, $item, $unit) = @_;
		my ($mine, $theirs) = map { middle($item, @$_) } $ours, $peer;
		return {
			what => "/picture-form over $connections / pgbench over $peers: $name",
			ours => sprintf($format, $mine / $unit), peer => sprintf($format, $theirs / $unit),
			ratio => $item eq 'rate' || $connections == $peers ? $mine / $theirs : undef,
		};
	};
	return ($row->('requests', '%.0f /s', 'rate', 1), $row->('half within', '%.2f ms', 'p50', 1000),
		$row->('99 % within', '%.2f ms', 'p99', 1000));
}

sub rows
{
	my @rows;
	for my $size (grep { $upload{$_} } split ' ', $option{SIZES})
	{
		my $bytes = $size * count_for($size);
		my ($way, $text) = ($upload{$size}, size_text($size));
		push @rows, speed_row("$text: curl to nachet-http / nachet-load", $bytes, $way->{curl}, $way->{load}, 0.7),
			speed_row("$text: nachet-load --url / nachet-load", $bytes, $way->{url}, $way->{load});
	}
	return (@rows, map { _form_rows($_) } grep { $form{$_} } @CONNECTIONS);
}

sub samples { return (upload => \%upload, picture_form => \%form) }

sub run
{
	return if $option{ONLY} !~ /http/;
	_measure_uploads($_) for split ' ', $option{SIZES};
	_measure_form() if $option{SECONDS} > 0;
	return;
}

1;

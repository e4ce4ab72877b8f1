# test/lib/Nachet/Http.pm: requests to nachet-http, by curl and by raw sockets, and multipart bodies byte for byte.
#
# Rule: an answer is a hash: status (0 where there was none), headers (names in lower case; a list each), body, and json,
# the decoded body where its type is JSON. Whoever expects a refusal uses is_problem, which holds it to RFC 9457.
package Nachet::Http;

use strict;
use warnings;

use Exporter 'import';
use IO::Select ();
use IO::Socket::INET ();
use JSON::PP ();
use Test::More ();
use Time::HiRes ();

use Nachet::Test ();

our @EXPORT_OK = qw(curl form_fields multipart staged part field post_body post_stage post_json
	post_manifest manifest connect_to request_head read_answer read_to_end parse_answer is_problem count_of wait_for_log);

our $BOUNDARY = 'test-boundary-7f3a';

# Splits what came over the line into the last answer that is no 1xx.
sub parse_answer
{
	my ($bytes) = @_;
	my %answer = (status => 0, headers => {}, body => '', interim => []);
	while ($bytes =~ s{\A(HTTP/1\.[01] .*?)\r\n\r\n}{}s)
	{
		my ($first, @lines) = split /\r\n/, $1;
		my $status = substr $first, 9, 3;
		if ($status < 200) { push @{ $answer{interim} }, $status; next }
		$answer{status} = $status;
		for my $line (@lines)
		{
			push @{ $answer{headers}{ lc $1 } }, $2 if $line =~ /\A([^:]+):[ ]*(.*)\z/s;
		}
		$answer{body} = $bytes;
		my $length = $answer{headers}{'content-length'};
		$answer{complete} = defined $length && length $bytes >= $length->[0];
		last;
	}
	if (($answer{headers}{'content-type'}[0] // '') =~ /\bjson\b/)
	{
		$answer{json} = eval { JSON::PP->new->utf8->decode($answer{body}) };
	}
	return \%answer;
}

# Runs curl with these arguments; a first argument that is a hash holds run_command's options.
sub curl
{
	my @args = @_;
	my %options = ref $args[0] eq 'HASH' ? %{ shift @args } : ();
	my ($status, $out, $err) = Nachet::Test::run_command(\%options, 'curl', '-sS', '-i', '--noproxy', '*', @args);
	my $answer = parse_answer($out);
	$answer->{curl} = $status;
	$answer->{curl_error} = $err;
	return $answer;
}

# The fields that every import needs, as curl's arguments; given ones replace them, undef leaves one out.
sub form_fields
{
	my %fields = (
		email => $Nachet::Test::EMAIL, seed_name => 'Brassica napus', zoom_level => 20, nb_seeds => 5, @_);
	return map { ('--form-string', "$_=$fields{$_}") } grep { defined $fields{$_} } sort keys %fields;
}

# --- multipart bodies, byte for byte ------------------------------------------------------------------
sub part
{
	my ($headers, $bytes) = @_;
	return "--$BOUNDARY\r\n$headers\r\n\r\n$bytes\r\n";
}

sub field { my ($name, $value) = @_; return part("Content-Disposition: form-data; name=\"$name\"", $value) }

# A whole body: the usual fields and the given [file name, bytes] pairs.
sub multipart
{
	my @files = @_;
	return field(email => $Nachet::Test::EMAIL) . field(seed_name => 'Brassica napus') . field(zoom_level => 20)
		. field(nb_seeds => 5)
		. staged(@files);
}

sub _files
{
	return join '', map {
		part("Content-Disposition: form-data; name=\"pictures\"; filename=\"$_->[0]\"\r\nContent-Type: image/png", $_->[1])
	} @_;
}

# A body of files alone.
sub staged { return _files(@_) . "--$BOUNDARY--\r\n" }

# A manifest of these [name, bytes] pairs, as JSON; a first argument that is a hash replaces members, undef leaves one out.
sub manifest
{
	my @files = @_;
	my %more = ref $files[0] eq 'HASH' ? %{ shift @files } : ();
	my %all = (email => $Nachet::Test::EMAIL, seed_name => 'Brassica napus', zoom_level => 20, nb_seeds => 5,
		pictures => [ map { { name => $_->[0], sha256 => Nachet::Test::sha256($_->[1]) } } @files ], %more);
	return JSON::PP->new->utf8->canonical->encode({ map { $_ => $all{$_} } grep { defined $all{$_} } keys %all });
}

sub post_body
{
	my ($http, $body, @args) = @_;
	return _post($http, '/batch-import', "multipart/form-data; boundary=$BOUNDARY", $body, @args);
}

# The usual email goes before a body that has none; a first argument "anonymous" of the rest sends the body as it is.
sub post_stage
{
	my ($http, $body, @args) = @_;
	if (@args && $args[0] eq 'anonymous') { shift @args }
	elsif ($body !~ /\A--$BOUNDARY\r\nContent-Disposition: form-data; name="email"/) { $body = field(email => $Nachet::Test::EMAIL) . $body }
	return _post($http, '/batch-import?stage=true', "multipart/form-data; boundary=$BOUNDARY", $body, @args);
}

sub post_manifest
{
	my ($http, $body, @args) = @_;
	return _post($http, '/batch-import', 'application/json', $body, @args);
}

sub post_json
{
	my ($http, $body, @args) = @_;
	return _post($http, '/picture-form', 'application/json', $body, @args);
}

# The type is the usual one where the arguments give none.
sub _post
{
	my ($http, $path, $type, $body, @args) = @_;
	my @type = grep({ /\AContent-Type:/ } @args) ? () : ('-H', "Content-Type: $type");
	return curl({ stdin => $body }, @type, '--data-binary', '@-', @args, $http->url . $path);
}

# --- raw sockets ---------------------------------------------------------------------------------------
sub connect_to
{
	my ($http) = @_;
	my $socket = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $http->port, Timeout => 10)
		or die "can't connect: $!";
	$socket->autoflush(1);
	return $socket;
}

# The head of a multipart request; given headers replace the usual ones, undef leaves one out.
sub request_head
{
	my ($http, $path, %headers) = @_;
	my %all = (
		Host => '127.0.0.1:' . $http->port, 'Content-Type' => "multipart/form-data; boundary=$BOUNDARY", %headers);
	return "POST $path HTTP/1.1\r\n" . join('', map { "$_: $all{$_}\r\n" } grep { defined $all{$_} } sort keys %all) . "\r\n";
}

# Reads an answer, up to limit seconds.
sub read_answer
{
	my ($socket, $limit) = @_;
	my $end = Time::HiRes::time() + ($limit // 30);
	my $select = IO::Select->new($socket);
	my $bytes = '';
	my $answer = parse_answer('');
	while (!$answer->{complete})
	{
		my $left = $end - Time::HiRes::time();
		last if $left <= 0 || !$select->can_read($left);
		my $count = sysread $socket, $bytes, 65536, length $bytes;
		last if !$count;
		$answer = parse_answer($bytes);
	}
	return $answer;
}

# Reads all that comes until the service closes the connection; undef if it does not within limit seconds.
sub read_to_end
{
	my ($socket, $limit) = @_;
	my $end = Time::HiRes::time() + ($limit // 30);
	my $select = IO::Select->new($socket);
	my $bytes = '';
	while (1)
	{
		my $left = $end - Time::HiRes::time();
		return if $left <= 0 || !$select->can_read($left);
		sysread $socket, $bytes, 65536, length $bytes or return $bytes;
	}
}

# --- checks --------------------------------------------------------------------------------------------
sub is_problem
{
	my ($answer, $status, $detail, $name) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my $json = $answer->{json} // {};
	my $ok = $answer->{status} == $status
		&& ($answer->{headers}{'content-type'}[0] // '') eq 'application/problem+json'
		&& ($answer->{headers}{'x-content-type-options'}[0] // '') eq 'nosniff'
		&& ($answer->{headers}{'cache-control'}[0] // '') eq 'no-store'
		&& ($json->{type} // '') eq 'about:blank' && length($json->{title} // '')
		&& ($json->{status} // 0) == $status && ($json->{detail} // '') =~ $detail
		&& ($status != 503 || ($answer->{headers}{'retry-after'}[0] // '') =~ /\A\d+\z/);
	Test::More::ok($ok, $name)
		or Test::More::diag("wanted $status $detail, got $answer->{status} $answer->{body}", $answer->{curl_error} // '');
	return $ok;
}

# "sets pictures contents" as the database has them.
sub count_of
{
	my ($store) = @_;
	return $store->psql("SELECT (SELECT count(*) FROM nachet.picture_set) || ' ' || (SELECT count(*) FROM nachet.picture)");
}

# Waits until the service's log has a line that matches.
sub wait_for_log
{
	my ($http, $pattern, $limit) = @_;
	return Nachet::Test::poll_until(sub { return $http->err =~ $pattern }, $limit // 30);
}

1;

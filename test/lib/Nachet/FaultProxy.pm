# test/lib/Nachet/FaultProxy.pm: an HTTP proxy before a real server that does it harm as told.
#
# Rule: it forwards each request whole to its server and each answer whole to the client, over a connection of its own, but
# where a fault is set for the request's method. Faults are counted: a test can tell that they happened.
#
#   my $proxy = Nachet::FaultProxy->new($port_of_the_server);    # $proxy->port
#   $proxy->fault(PUT => 'status 503', 2);                       # the next two PUTs; without a number: all
#   $proxy->fault('HEAD,GET' => 'reset answer');                 # either
#   $proxy->left                                                 # how many of those are still to come
#   $proxy->clear;
#   $proxy->requests                                             # all so far, each as "METHOD HOST TARGET"
#
# It checks x-ms-content-crc64 where a request has it, as Azure does and Azurite does not.
#
# Faults: "status N" or "status N CODE MESSAGE" (answers itself, with a message as stores have them), "retry after N" (503, with that header),
# "etag VALUE" (in the header or,
# for what ends an upload in parts, in the body), "reset request" (breaks the connection in the middle of the body), "lose answer" (forwards,
# then breaks it), "reset answer" (in the middle of the answer), "corrupt request", "tamper FROM TO" (in the request's
# head), "corrupt answer" (one byte of the body),
# "cut answer" (a shorter body, and a Content-Length that says so), "trickle answer" (its body byte by byte, ten a second), "stall"
# (never answers).
package Nachet::FaultProxy;

use strict;
use warnings;

use Fcntl qw(:flock SEEK_SET);
use IO::Select ();
use IO::Socket::INET ();
use MIME::Base64 qw(encode_base64);
use POSIX ();
use Socket qw(SOL_SOCKET SO_LINGER);

use Nachet::Test ();

sub new
{
	my ($class, $server) = @_;
	my $self = bless { server => $server, rule => Nachet::Test::tempdir() . '/rule' }, $class;
	my $listener = IO::Socket::INET->new(Listen => 64, LocalAddr => '127.0.0.1', LocalPort => 0, Proto => 'tcp', ReuseAddr => 1)
		or die "no port: $!";
	$self->{port} = $listener->sockport;
	$self->clear;
	pipe my $end, $self->{guard} or die "pipe: $!";
	$self->{pid} = fork // die "fork: $!";
	if ($self->{pid} == 0)
	{
		close $self->{guard};
		$SIG{$_} = 'DEFAULT' for qw(INT TERM HUP);
		$SIG{CHLD} = 'IGNORE';
		$SIG{PIPE} = 'IGNORE';
		$self->_listen($listener, $end);
		POSIX::_exit(0);
	}
	return $self;
}

sub port { return $_[0]{port} }

sub fault
{
	my ($self, $method, $fault, $count) = @_;
	$self->_rule(sub { return ($method, $fault, $count // -1) });
	return;
}

sub clear { return $_[0]->fault('', '', 0) }
sub left { my ($self) = @_; my $left; $self->_rule(sub { $left = $_[2]; return @_ }); return $left }

# A line is appended in one write: requests that come at once don't mix.
sub _record
{
	my ($self, $head) = @_;
	my ($method, $target) = split ' ', $head;
	my ($host) = $head =~ /^Host: *(\S+)/mi;
	open my $file, '>>', "$self->{rule}.requests" or die "$self->{rule}.requests: $!";
	print {$file} join(' ', $method, $host // '-', $target) . "\n";
	close $file;
	return;
}

sub requests { my ($self) = @_; return -e "$self->{rule}.requests" ? split /\n/, Nachet::Test::slurp("$self->{rule}.requests") : () }

# Reads the rule, lets the code change it, and writes it, all under a lock.
sub _rule
{
	my ($self, $code) = @_;
	open my $file, '+>>', $self->{rule} or die "$self->{rule}: $!";
	flock $file, LOCK_EX or die $!;
	seek $file, 0, SEEK_SET;
	my @rule = split /\n/, join('', <$file>), -1;
	@rule = $code->(@rule[ 0 .. 2 ]);
	truncate $file, 0;
	print {$file} join "\n", @rule;
	close $file;
	return;
}

# The fault for a request of that method, which is counted, or ''.
sub _take
{
	my ($self, $method) = @_;
	my $fault = '';
	$self->_rule(sub {
		my @rule = @_;
		if ($rule[2] != 0 && grep { $_ eq $method } split /,/, $rule[0]) { $fault = $rule[1]; $rule[2]-- if $rule[2] > 0 }
		return @rule;
	});
	return $fault;
}

# Ends when the test does: the other end of the pipe is closed then.
sub _listen
{
	my ($self, $listener, $end) = @_;
	my $ready = IO::Select->new($listener, $end);
	while (1)
	{
		my @can = $ready->can_read;
		return if grep { $_ == $end } @can;
		my $client = $listener->accept or next;
		my $pid = fork // next;
		if ($pid == 0)
		{
			close $listener;
			eval { $self->_serve($client, $end) };
			POSIX::_exit(0);
		}
	}
}

# Reads a head, and so much of the body as came with it.
sub _read_head
{
	my ($socket) = @_;
	my $head = '';
	while ($head !~ /\r\n\r\n/)
	{
		sysread($socket, $head, 65536, length $head) or die "the connection ended\n";
	}
	return $head =~ /\A(.*?\r\n\r\n)(.*)\z/s;
}

# Ends a connection as a broken one ends.
sub _break
{
	my ($socket) = @_;
	setsockopt $socket, SOL_SOCKET, SO_LINGER, pack('ii', 1, 0);
	close $socket;
	die "broken\n";
}

sub _serve
{
	my ($self, $client, $end) = @_;
	my ($head, $body) = _read_head($client);
	$self->_record($head);
	my ($method) = $head =~ /^(\S+)/;
	my $fault = $self->_take($method);
	my ($length) = $head =~ /^Content-Length: *(\d+)/mi;
	$length //= 0;
	while (length $body < $length)
	{
		_break($client) if $fault eq 'reset request' && length $body > $length / 2;
		sysread($client, $body, 65536, length $body) or die "the connection ended\n";
	}
	_break($client) if $fault eq 'reset request';
	if ($fault =~ /^status (\d+)(?: (\S+) (.*))?/)
	{
		my $refusal = defined $2 ? "<?xml version=\"1.0\"?><Error><Code>$2</Code><Message>$3</Message></Error>" : '';
		print {$client} "HTTP/1.1 $1 Fault\r\nContent-Length: " . length($refusal) . "\r\nConnection: close\r\n\r\n$refusal";
		return;
	}
	if ($fault =~ /^retry after (\S+)/)
	{
		print {$client} "HTTP/1.1 503 Fault\r\nRetry-After: $1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
		return;
	}
	if ($fault eq 'stall')
	{
		IO::Select->new($client, $end)->can_read;
		return;
	}
	substr($body, $length / 2, 1) ^= "\1" if $fault eq 'corrupt request' && $length;
	if (my ($from, $to) = $fault =~ /^tamper (\S+) (\S+)\z/) { $head =~ s/\Q$from\E/$to/ }
	if ($head =~ /^x-ms-content-crc64: *(\S+)/mi && $1 ne encode_base64(pack('Q<', _crc64($body)), ''))
	{
		my $refusal = '<?xml version="1.0"?><Error><Code>Crc64Mismatch</Code><Message>The bytes have another CRC64.</Message></Error>';
		print {$client} "HTTP/1.1 400 Crc64Mismatch\r\nContent-Length: " . length($refusal) . "\r\nConnection: close\r\n\r\n$refusal";
		return;
	}
	my $answer = $self->_forward($head, $body);
	_break($client) if $fault eq 'lose answer';
	$self->_answer($client, $fault, $answer);
	return;
}

# CRC-64/NVME, a byte at a step.
my @crc64_table;

sub _crc64
{
	my ($bytes) = @_;
	no warnings 'portable'; # about numbers of more than 32 bits
	if (!@crc64_table)
	{
		for my $crc (0 .. 255)
		{
			$crc = $crc >> 1 ^ ($crc & 1 ? 0x9A6C9329_AC4BC9B5 : 0) for 1 .. 8;
			push @crc64_table, $crc;
		}
	}
	my $crc = ~0;
	$crc = $crc >> 8 ^ $crc64_table[ ($crc ^ $_) & 0xff ] for unpack 'C*', $bytes;
	return ~$crc;
}

# Sends a request to the server and returns its whole answer.
sub _forward
{
	my ($self, $head, $body) = @_;
	my $server = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $self->{server}) or die "no server: $!\n";
	$head =~ s/^(?:Expect|Connection):.*?\r\n//mgi;
	$head =~ s/\r\n\r\n\z/\r\nConnection: close\r\n\r\n/;
	print {$server} $head, $body;
	my $answer = '';
	1 while sysread $server, $answer, 1 << 20, length $answer;
	return $answer;
}

sub _answer
{
	my ($self, $client, $fault, $answer) = @_;
	my ($head, $body) = $answer =~ /\A(.*?\r\n\r\n)(.*)\z/s;
	my $half = length($body) / 2;
	if ($fault =~ /^etag (.*)/s)
	{
		my $etag = $1;
		if ($body =~ s{<ETag>.*?</ETag>}{<ETag>$etag</ETag>}s) { $head =~ s/^ETag:.*?\r\n//mi; $head =~ s/^(Content-Length: *)\d+/$1 . length $body/mie }
		else { $head =~ s/^(ETag: *)[^\r]*/$1$etag/mi }
	}
	if ($fault eq 'corrupt answer') { substr($body, $half, 1) ^= "\1" }
	if ($fault eq 'cut answer')
	{
		$body = substr $body, 0, $half;
		$head =~ s/^(Content-Length: *)\d+/$1 . length $body/mie;
	}
	if ($fault eq 'reset answer')
	{
		print {$client} $head, substr $body, 0, $half;
		$client->flush;
		_break($client);
	}
	if ($fault eq 'trickle answer')
	{
		print {$client} $head;
		$client->flush;
		for my $byte (split //, $body) { select undef, undef, undef, 0.1; syswrite $client, $byte or return }
		close $client;
		return;
	}
	print {$client} $head, $body;
	close $client;
	return;
}

sub DESTROY
{
	my ($self) = @_;
	return if !$self->{pid};
	local ($?, $@, $!);
	close $self->{guard};
	kill 'TERM', $self->{pid}; # A process that was forked since may hold the pipe open.
	waitpid $self->{pid}, 0;
	return;
}

1;

#!/usr/bin/env perl
# test/http/036_real_clients.t: forms as real clients send them, recorded by
# test/http/corpus/record: each makes a set with the very names, or is refused with a reason.
use strict;
use warnings;
use Socket qw(IPPROTO_TCP TCP_NODELAY);
use Test::More;

use lib 'test/lib';
use Nachet::Test qw(png sha256 slurp);
use Nachet::Http qw(connect_to read_answer is_problem);

my $recordings = 'test/http/corpus/recordings';

# The clients' pictures, by the names that they get in the set; png makes each from its own name.
my ($folder, $quotes) = ('folder/sub/Zwölf Ähren/ÿ 1.png', 'a "quoted" ;semi.png');
my $easy = { map { $_ => $_ } 'plain.png', $folder };
my $all = { %$easy, $quotes => $quotes };
# Some clients drop folders by themselves.
my $base_names = { 'plain.png' => 'plain.png', 'ÿ 1.png' => $folder, $quotes => $quotes };

# Each recording's set, or the reason why it is refused.
my $bare = [ 400, qr/not followed by a semicolon; quotes in values are sent as %22/ ];
my $escaped = [ 400, qr/backslash before a quote .* quotes are sent as %22/ ];
my %expected = (
	'aiohttp-3.8.4' => [ 422, qr/folder%2Fsub%2F.*looks percent-encoded/ ],
	'aiohttp-unquoted-3.8.4' => $escaped,
	'aiohttp-unquoted-easy-3.8.4' => $easy,
	'axios-1.21.1' => $all,
	'curl-7.88.1' => $all,
	'curl-base-names-7.88.1' => $base_names,
	'curl-form-escape-7.88.1' => $escaped,
	'curl-form-escape-easy-7.88.1' => $easy,
	'dotnet-mono-6.8.0.105' => [ 400, qr/filename\*/ ],
	'dotnet-mono-disposition-6.8.0.105' => [ 422, qr/"=\?utf-8\?B\?.* encoded word/ ],
	'dotnet-mono-plain-6.8.0.105' => [ 400, qr/filename\*/ ],
	'fetch-node-20.20.2' => $all,
	'fetch-undici-7.30.2' => $all,
	'form-data-4.0.6' => $all,
	'form-data-filename-4.0.6' => $base_names,
	'form-data-old-4.0.0' => $bare,
	'form-data-old-easy-4.0.0' => $easy,
	'formdata-node-6.0.3' => $all,
	'go-1.19.8' => $escaped,
	'go-easy-1.19.8' => $easy,
	'httpx-0.23.3' => $all,
	'java-17.0.15' => $bare,
	'java-easy-17.0.15' => $easy,
	'java-number-17.0.15' => $easy,
	'php-curl-8.2.36' => $all,
	'requests-2.28.1' => $all,
	'superagent-10.4.2' => $all,
	'superagent-base-names-10.4.2' => $base_names,
	'urllib3-1.26.12' => $all,
	'wget-body-file-1.21.3' => $all,
	'wget-post-file-1.21.3' => $all,
);

is_deeply([ sort map { m{([^/]+)\.http\z} } glob "$recordings/*" ], [ sort keys %expected ],
	'each recording has a row, and each row a recording');

my $store = Nachet::Test->new;
my $http = $store->start_http;

# Sends the pieces as they are, each by itself.
sub replay
{
	my (@pieces) = @_;
	my $socket = connect_to($http);
	setsockopt $socket, IPPROTO_TCP, TCP_NODELAY, 1;
	local $SIG{PIPE} = 'IGNORE';
	for (@pieces) { syswrite $socket, $_ or last }
	return read_answer($socket);
}

# The ways to cut a request: not at all; within its line ends and boundaries; and for one with a
# length, and one in chunks, everywhere.
sub cuts
{
	my ($recording, $request) = @_;
	my ($boundary) = $request =~ /boundary="?([^"\r]+)/;
	my $half = int(length($boundary) / 2);
	my ($from, $to) = (substr($boundary, 0, $half), substr $boundary, $half);
	return ([ 'whole', $request ],
		[ 'cut at its boundaries', split /(?<=\r)(?=\n)|(?<=\Q$from\E)(?=\Q$to\E)/, $request ],
		$recording =~ /\A(?:curl|java-easy)-\d/ ? [ 'byte by byte', split //, $request ] : ());
}

# What is stored, which is then deleted: lines of a set's name, a picture's name, and the SHA-256
# of its bytes.
sub take_stored
{
	return [ sort split /\n/, $store->psql(
		"SELECT s.name, p.name, encode(sha256(nachet.picture_content(p.id)), 'hex')
		FROM nachet.picture_set s LEFT JOIN nachet.picture p ON p.picture_set_id = s.id;
		DO 'BEGIN PERFORM nachet.delete_picture_set(id) FROM nachet.picture_set; END'") ];
}

for my $recording (sort keys %expected)
{
	my $wanted = $expected{$recording};
	my $refused = ref $wanted ne 'HASH';
	my $id;
	for my $cut (cuts($recording, slurp("$recordings/$recording.http")))
	{
		my ($how, @pieces) = @$cut;
		my $answer = replay(@pieces);
		if ($refused) { is_problem($answer, @$wanted, "$recording, $how: is refused"); next }
		is($answer->{status}, $id ? 200 : 201, "$recording, $how: is taken")
			or diag($answer->{body});
		$id //= $answer->{json}{picture_set_id} // '';
		is($answer->{json}{picture_set_id}, $id, '... as the same set');
	}
	my %wanted = $refused ? () : %$wanted;
	is_deeply(take_stored(),
		[ sort map { "Séance 7|$_|" . sha256(png(2, 2, $wanted{$_})) } keys %wanted ],
		"$recording: " . ($refused ? 'nothing' : 'these pictures and names alone') . ' stored');
}
is($http->stop, 0, 'it stops with 0');

done_testing;

#!/usr/bin/env perl
# test/loader/124_url_token.t: nachet-load --url and who is let in: the token of --token-file, which
# is read anew, kept from others, and never shown.
use strict;
use warnings;

use FindBin ();
use lib "$FindBin::Bin/../lib";
use Nachet::Front ();
use Nachet::Jwt qw(claims hs256);
use Nachet::Test qw(gif tiff write_file slurp run_command);
use Test::More;

my $store = Nachet::Test->new;
my $scratch = $store->tempdir;
my $secret = 'a secret of the test, longer than 32 bytes';
chmod 0600, write_file("$scratch/key", $secret);
my $http = $store->start_http(args => [ '--auth', 'jwt', '--jwt-secret', "$scratch/key" ]);
my @data = ('--seed', 'Brassica napus', '--zoom', 20, '--nb-seeds', 5);
my %env = (PGHOST => '/nonexistent', http_proxy => undef, no_proxy => '*');
my @proxies = qw(http_proxy https_proxy HTTPS_PROXY all_proxy ALL_PROXY);
my $folder = "$scratch/pictures";
write_file("$folder/$_.gif", gif($_)) for 1 .. 5;
write_file("$folder/large.tif", tiff(12_000_000, 'large'));
my $file = "$scratch/token";
my @said;

sub write_token
{
	my ($token, $mode) = @_;
	unlink $file;
	write_file($file, $token);
	chmod $mode // 0600, $file or die $!;
	return;
}

# All that a run says is kept, to be searched for tokens.
sub load
{
	my ($url, @args) = @_;
	my %more = ref $args[0] ? %{ shift @args } : ();
	my @result = run_command({ env => { %env, %more } }, $store->nachet_load, '--url', $url, '-v', @data, @args, $folder);
	push @said, @result[ 1, 2 ];
	return @result;
}

my @tokens = map { hs256($secret, claims(%$_)) } {}, { exp => time - 3600 }, { email => 'stranger@example.org' };
my ($good, $expired, $strange) = @tokens;

# --- a token that is let in --------------------------------------------------------------------------------
write_token("$good\n");
my ($status, $id, $err) = load($http->url, '--token-file', $file);
is($status, 0, 'a token tells who imports, without --email') or diag($err);
is($store->psql("SELECT u.email FROM nachet.picture_set s JOIN nachet.users u ON u.id = s.owner_id WHERE s.id = '" . $id =~ s/\n//r . "'"),
	'someone@example.org', 'a token tells who imports, without --email: it is his set');
is((load($http->url, '--token-file', $file, '--email', 'Someone@example.org'))[1], $id, 'an email may say so too');
chmod 0640, $file;
is((load($http->url, '--token-file', $file))[0], $> == 0 ? 0 : 1, 'of root\'s own, a group may read it');

# A proxy of the environment is not asked for the way to this machine: it would read the token.
{
	my $proxy = Nachet::Front->new($http->port, sub { return "HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n" });
	my $address = $proxy->url;
	for my $host ('127.0.0.1', 'localhost', '127.1')
	{
		my $url = "http://$host:" . $http->port;
		($status, undef, $err) = load($url, { no_proxy => undef, NO_PROXY => undef, map { $_ => $address } @proxies },
			'--token-file', $file, '--retries', 0);
		is($status, 0, "no proxy is asked for the way to $host") or diag($err);
	}
	is($proxy->requests, '', 'the proxy has seen no token');
	($status, undef, $err) = load('http://nachet.example', { no_proxy => undef, http_proxy => $address }, '--email',
		'someone@example.org', '--retries', 0);
	is($status, 4, 'a proxy is asked for the way to another machine') or diag($err);
	like($proxy->requests, qr{\APOST http://nachet\.example/picture-form },
		'a proxy is asked for the way to another machine: by its name');
}

# Replaced while the import goes on.
{
	write_token($good);
	write_file("$folder/more.gif", gif('more'));
	my $renewing = Nachet::Front->new($http->port, sub {
		write_token($expired) if $_[0] == 1;
		return;
	});
	($status, undef, $err) = load($renewing->url, '--token-file', $file);
	is($status, 1, 'a token that is replaced by a worse one: that one is shown');
	like($renewing->requests, qr/\Q$good\E.*\Q$expired\E/s,
		'a token that is replaced by a worse one: from the next request on');
}

# --- tokens that are not ------------------------------------------------------------------------------------
my @refused = (
	[ 'no token', undef, [], qr/error: .*\nnachet-load: hint: Use --token-file/ ],
	[ 'an expired one', $expired, [], qr/error: .*expired.*\nnachet-load: hint: The token in --token-file is invalid or has expired/i ],
	[ 'one of somebody else\'s making', hs256('another secret, which is 32 bytes long', claims()), [], qr/hint: The token in --token-file/ ],
	[ 'one of a stranger', $strange, [], qr/user "stranger\@example\.org" is not registered/ ],
	[ 'another\'s email', $good, [ '--email', 'stranger@example.org' ], qr/"email" is not the address of the authenticated user/ ],
);
for my $case (@refused)
{
	my ($what, $token, $args, $words) = @$case;
	write_token($token) if defined $token;
	push @tokens, $token if defined $token;
	($status, my $out, $err) = load($http->url, defined $token ? ('--token-file', $file) : (), @$args);
	is($status, 1, "$what: status 1");
	like($err, $words, "$what: in words");
	is($out, '', "$what: no id");
}

# --- files that are none ------------------------------------------------------------------------------------
my @bad = (
	[ 'a file that others may read', sub { write_token($good, 0644) }, qr/other users can read.*\nnachet-load: hint: .*chmod 600/ ],
	[ 'a file that others may write', sub { write_token($good, 0602) }, qr/other users can read/ ],
	[ 'no file', sub { unlink $file }, qr/token: No such file/ ],
	[ 'a folder', sub { unlink $file; mkdir $file, 0700 }, qr/is not a regular file/ ],
	[ 'an empty file', sub { rmdir $file; write_token("\n") }, qr/contains no token/ ],
	[ 'two lines', sub { write_token("$good\nX-Header: 1\n") }, qr/contains no token/ ],
	[ 'bytes', sub { write_token("a\0b") }, qr/contains no token/ ],
	[ 'a huge file', sub { write_token('a' x 40_000) }, qr/contains no token/ ],
);
for my $case (@bad)
{
	my ($what, $make, $words) = @$case;
	$make->();
	($status, undef, $err) = load($http->url, '--token-file', $file);
	is($status, 1, "$what: status 1");
	like($err, qr{\Anachet-load: error: .*\Q$file\E: $words|$words}, "$what: in words");
}

for my $token (@tokens)
{
	ok(!grep({ index($_, $token) >= 0 || index($_, (split /\./, $token)[2]) >= 0 } @said, $http->err), 'a token is shown nowhere');
}

done_testing;

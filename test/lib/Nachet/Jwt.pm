# test/lib/Nachet/Jwt.pm: tokens (RFC 7519), made with Perl's and openssl's cryptography and not with the service's own.
#
# Rule: a token can be made wrong in any way: claims and header are given as Perl data, or as text to be taken as it is.
#
#   my $token = hs256($secret, claims(email => 'a@example.org', exp => undef));
package Nachet::Jwt;

use strict;
use warnings;

use Digest::SHA ();
use Exporter 'import';
use JSON::PP ();
use MIME::Base64 ();

use Nachet::Test ();

our @EXPORT_OK = qw(claims hs256 rs256 token encode rsa_pair bearer);

# Claims that are right for an hour; given ones replace them, undef leaves one out.
sub claims
{
	my %claims = (email => $Nachet::Test::EMAIL, exp => time + 3600, @_);
	delete @claims{ grep { !defined $claims{$_} } keys %claims };
	return \%claims;
}

sub encode { my ($bytes) = @_; return MIME::Base64::encode_base64url($bytes) }

sub _json { my ($data) = @_; return ref $data ? JSON::PP->new->utf8->canonical->encode($data) : $data }

# A token whose signature the code makes of the text to be signed.
sub token
{
	my ($header, $claims, $sign) = @_;
	my $text = encode(_json($header)) . '.' . encode(_json($claims));
	return $text . '.' . encode($sign->($text));
}

sub hs256
{
	my ($secret, $claims, $header) = @_;
	return token($header // { alg => 'HS256', typ => 'JWT' }, $claims, sub { return Digest::SHA::hmac_sha256($_[0], $secret) });
}

# The digest is what `openssl dgst` is to take, with options; a private key's file signs.
sub rs256
{
	my ($file, $claims, $header, @digest) = @_;
	@digest = ('-sha256') if !@digest;
	return token($header // { alg => 'RS256', typ => 'JWT' }, $claims, sub {
		my ($status, $signature, $err) =
			Nachet::Test::run_command({ stdin => $_[0] }, 'openssl', 'dgst', @digest, '-sign', $file, '-binary');
		die "openssl: $err" if $status != 0;
		return $signature;
	});
}

# Makes a key pair of RSA: returns the private and the public key's file.
sub rsa_pair
{
	my ($base, $bits) = @_;
	for my $command ([ 'genpkey', '-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:' . ($bits // 2048), '-out', "$base.key" ],
		[ 'pkey', '-in', "$base.key", '-pubout', '-out', "$base.pem" ])
	{
		my ($status, undef, $err) = Nachet::Test::run_command('openssl', @$command);
		die "openssl: $err" if $status != 0;
	}
	return ("$base.key", "$base.pem");
}

# curl's arguments for a token in the header.
sub bearer { my ($token) = @_; return ('-H', "Authorization: Bearer $token") }

1;

#!/usr/bin/env perl
# test/extension/074_sigv4.t: signatures of AWS Signature Version 4 are those of the specification's
# examples.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use File::Temp ();
use Nachet::Test qw(tempdir);
use Test::More;

use constant EMPTY => 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

# The source itself, in a module that shows what it makes. With COVERAGE_DIR, of test/coverage, what has run is counted there.
my $counts = $ENV{COVERAGE_DIR};
my $folder = $counts ? File::Temp::tempdir('sigv4-XXXXXX', DIR => $counts) : tempdir();
chmod $counts ? 0777 : 0755, $folder or die "$folder: $!";
my $root = $Nachet::Test::ROOT;
my $pg_config = $ENV{PG_CONFIG} // 'pg_config';
chomp(my $headers = qx($pg_config --includedir-server));
system(($ENV{CC} // 'cc'), qw(-shared -fPIC -fvisibility=default -D_GNU_SOURCE), $counts ? ('-O0', '--coverage') : (), '-o', "$folder/sigv4_test.so", "-I$headers", "-I$root/extension",
	"$root/test/extension/unit/sigv4_test.c", (map { "$root/extension/$_.c" } qw(offload/sigv4 offload/curl hash pure/hex)), '-lcurl') == 0
	or BAIL_OUT('the module does not compile');

my $store = Nachet::Test->new;
$store->psql("CREATE FUNCTION sign(text, text, text[], text, text, text, bigint) RETURNS text AS '$folder/sigv4_test', 'sigv4_test' LANGUAGE C");

sub sign
{
	my ($method, $url, $lines, $payload, $service, $token, $at) = @_;
	my $array = 'ARRAY[' . join(',', map { "'$_'" } @$lines) . ']::text[]';
	return $store->psql("SELECT sign('$method', '$url', $array, '$payload', '$service', '$token', $at)");
}

# "Authenticating Requests: Using the Authorization Header", Amazon S3's API reference; 2013-05-24, 0:00 UTC.
my $s3 = 'https://examplebucket.s3.amazonaws.com';
my $day = 1369353600;
sub s3 { my ($method, $target, $payload, @lines) = @_; return sign($method, "$s3$target", [ @lines, "x-amz-content-sha256: $payload" ], $payload, 's3', '', $day) }

is(s3('GET', '/test.txt', EMPTY, 'Range: bytes=0-9'),
	'Authorization: AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,'
		. 'SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,'
		. 'Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41', 'a range of an object');
like(s3('PUT', '/test%24file.text', '44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072',
		'Date: Fri, 24 May 2013 00:00:00 GMT', 'x-amz-storage-class: REDUCED_REDUNDANCY'),
	qr/SignedHeaders=date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class,Signature=98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd\z/,
	'a body, and an encoded path');
like(s3('GET', '?lifecycle=', EMPTY), qr/SignedHeaders=host;x-amz-content-sha256;x-amz-date,Signature=[0-9a-f]{64}\z/, 'an empty path is signed');
like(s3('GET', '/?lifecycle=', EMPTY), qr/Signature=fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543\z/, 'a parameter without a value');
like(s3('GET', '/?max-keys=2&prefix=J', EMPTY), qr/Signature=34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7\z/, 'two parameters');
is(sign('GET', 'https://examplebucket.s3.amazonaws.com:443/test.txt', [ 'Range: bytes=0-9', 'x-amz-content-sha256: ' . EMPTY ], EMPTY, 's3', '', $day),
	s3('GET', '/test.txt', EMPTY, 'Range: bytes=0-9'), 'the port of https is not part of Host');
isnt(sign('GET', 'https://examplebucket.s3.amazonaws.com:8443/test.txt', [ 'Range: bytes=0-9', 'x-amz-content-sha256: ' . EMPTY ], EMPTY, 's3', '', $day),
	s3('GET', '/test.txt', EMPTY, 'Range: bytes=0-9'), 'any other port is');

# AWS's published test suite: get-vanilla, post-sts-header-before; 2015-08-30, 12:36 UTC.
my $noon = 1440938160;
like(sign('GET', 'https://example.amazonaws.com/', [], EMPTY, 'service', '', $noon),
	qr{Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request,SignedHeaders=host;x-amz-date,Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31\z},
	'get-vanilla');
like(sign('POST', 'https://example.amazonaws.com/', [ 'My-Header1: value1' ], EMPTY, 'service', '', $noon),
	qr/SignedHeaders=host;my-header1;x-amz-date,Signature=c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c\z/, 'post-header-value-case');
my $token = 'AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfIeoIYRqTflfKD8YUuwthAx7mSEI/qkPpKPi/kMcGd'
	. 'QrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7WZ0wq5VSXDvp75YU9HFvlRd8Tx6q6fE8YQcHNVXAkiY9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlzm8FDrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/oLxBA==';
like(sign('POST', 'https://example.amazonaws.com/', [], EMPTY, 'service', $token, $noon),
	qr/SignedHeaders=host;x-amz-date;x-amz-security-token,Signature=85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead\z/,
	'post-sts-header-before: a session token');

done_testing;

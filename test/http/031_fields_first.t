#!/usr/bin/env perl
# test/http/031_fields_first.t: a folder form whose fields come first is judged by them before the
# bytes of its pictures are read.
use strict;
use warnings;
use Test::More;

use lib 'test/lib';
use Nachet::Test qw(jpeg write_file tempdir);
use Nachet::Http qw(field staged post_body is_problem wait_for_log);
use Nachet::Jwt qw(claims hs256 bearer);

my $store = Nachet::Test->new;
my @files = map { [ "$_.jpg", jpeg("picture $_", 600_000) ] } 1 .. 5;
my $http = $store->start_http(args => [ '--max-discard-size', '64MB' ]);
my $hasty = $store->start_http(args => [ '--max-discard-size', '64kB' ]);

# The fields of a form, with these in the place of others; undef leaves one out.
sub fields
{
	my %fields = (email => $Nachet::Test::EMAIL, seed_name => 'Brassica napus', zoom_level => 20, nb_seeds => 5, @_);
	return join '', map { field($_ => $fields{$_}) } grep { defined $fields{$_} } sort keys %fields;
}
sub contents { return $store->psql('SELECT count(*) FROM nachet.content') }

my @wrong = (
	[ 'an unknown seed', 422, 'NC002', seed_name => 'Brassica nigra x' ],
	[ 'a stranger', 403, 'NC001', email => 'stranger@example.org' ],
	[ 'a zoom that is none', 422, 'NC005', zoom_level => '20x' ],
	[ 'no seeds', 422, 'NC005', nb_seeds => 0 ],
	[ 'a name that is none', 422, 'NC005', name => 'a//b' ]);
my $count = 0;
for my $case (@wrong)
{
	my ($name, $status, $code, @fields) = @$case;
	my $body = fields(@fields) . staged(@files);
	my $answer = post_body($http, $body);
	is_problem($answer, $status, qr/./, "$name: is refused");
	is($answer->{json}{code}, $code, '... with its code');
	is(contents(), 0, '... and no picture is stored');

	# Whoever gives up reading at once has read little.
	my $id = 'hasty-' . $count++;
	post_body($hasty, $body, '-H', 'Expect:', '-H', "X-Request-Id: $id");
	ok(wait_for_log($hasty, qr/ id=$id .*\Q($code)\E/), '... in a service that reads on no further, too');
	my ($read) = $hasty->err =~ / $status (\d+) bytes .* id=$id /;
	cmp_ok($read, '<', 300_000, '... which took ' . $read . ' of ' . length($body) . ' bytes');
}
like($http->err, qr/NC002/, 'the log has the reason');

# Fields may come later: then nothing is known before.
my $complete = fields();
is(post_body($http, fields(seed_name => undef) . staged(@files[ 0, 1 ]) =~ s/(--[^\r\n]+--\r\n)\z/field(seed_name => 'Brassica napus') . $1/er)->{status}, 201,
	'a field between and after the pictures will do');
my $answer = post_body($http, fields(seed_name => undef) . staged(@files[ 2, 3 ]) =~ s/(--[^\r\n]+--\r\n)\z/field(seed_name => 'none') . $1/er);
is_problem($answer, 422, qr/seed/, 'one that is wrong is refused in the end');
is(post_body($http, $complete . staged(@files))->{status}, 201, 'a form that is right is taken');
is($_->stop, 0, 'it stops with 0') for $http, $hasty;

# Who is authenticated need not be named.
my $secret = 'a secret of the test, longer than 32 bytes';
chmod 0600, write_file(my $key = tempdir() . '/secret', $secret);
$http = $store->start_http(args => [ '--auth', 'jwt', '--jwt-secret', $key ]);
my @token = bearer(hs256($secret, claims()));
my $before = contents();
is_problem(post_body($http, fields(email => undef, seed_name => 'none') . staged([ 'new.jpg', jpeg('new', 600_000) ]), @token), 422, qr/seed/,
	'an unknown seed with a token');
is_problem(post_body($http, fields(email => 'other@example.org') . staged([ 'new.jpg', jpeg('new', 600_000) ]), @token), 403, qr/email/,
	"another's address with a token");
is(contents(), $before, 'nothing was stored for either');
is(post_body($http, fields(email => undef) . staged([ 'new.jpg', jpeg('new', 600_000) ]), @token)->{status}, 201, 'what is right is taken');
is($http->stop, 0, 'it stops with 0');

done_testing;

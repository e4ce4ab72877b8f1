#!/usr/bin/env perl
# test/extension/036_request_memory.t: small requests take little memory, whatever their JSON holds.
#
# A few bytes of jsonb can stand for megabytes of text: 1e131071 has 131,072 digits. Nothing may print such a value before it
# has been measured.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Nachet::Memory qw(peak hostile_values);
use Nachet::Session;
use Nachet::Test qw(png sha256);
use Test::More;

# What one backend may take more than before, for all requests of this file: one alone took 1.8 GB.
my $BOUND = 24 * 1024;
# A request's answer, generously: none of these takes a tenth of a second.
my $PATIENCE = '20s';

my $store = Nachet::Test->new;
my $digest = sha256(png(4, 3, 'a'));
my $user = $store->user_id;
my %hostile = hostile_values(63_000);

# A request of both routes with one member replaced.
sub request
{
	my ($key, $value) = @_;
	my %members = (email => qq("$Nachet::Test::EMAIL"), seed_name => '"Brassica napus"', zoom_level => 20, nb_seeds => 5,
		pictures => qq([{"name": "a.png", "sha256": "$digest"}]), $key => $value);
	return '{' . join(', ', map { qq("$_": $members{$_}) } sort keys %members) . '}';
}

sub literal { my ($text) = @_; return q{E'} . $text =~ s/([\\'])/\\$1/gr . q{'} }

my $session = Nachet::Session->new($store, 'importer');
$session->run("SET statement_timeout = '$PATIENCE'");
my %calls = (
	picture_form => sub { return 'nachet.picture_form(nachet.request_json(' . literal($_[0]) . '))' },
	batch_import => sub { return 'nachet.batch_import(nachet.request_json(' . literal($_[0]) . '))' },
	picture_errors => sub { return 'nachet.picture_errors(nachet.request_json(' . literal($_[0]) . '))' },
	request_user => sub { return 'nachet.request_user(' . literal($_[0]) . '::jsonb)' },
	upload_by_digest => sub { return "nachet.upload_picture_set(ARRAY['a.png'], ARRAY['\\x$digest'::bytea], '$user', " . literal($_[0]) . '::jsonb)' },
	upload => sub { return "nachet.upload_picture_set(ARRAY['no picture'::bytea], '$user', " . literal($_[0]) . '::jsonb)' },
);
# Every function was run before anything is measured.
for my $call (sort keys %calls)
{
	$session->run('SELECT ' . $calls{$call}->($_)) for request(note => '"x"'), request(note => '"' . 'x' x 63_000 . '"');
}
my $before = peak($session->{backend});

my %refused;
for my $name (sort keys %hostile)
{
	my @texts = ((map { [ $_, request($_, $hostile{$name}) ] } qw(email seed_name zoom_level nb_seeds name note pictures dry_run)),
		[ 'a picture', request(pictures => "[$hostile{$name}]") ], [ q(a picture's name), request(pictures => qq([{"name": $hostile{$name}}])) ],
		[ q(a picture's member), request(pictures => qq([{"name": "a", "sha256": "$digest", "x": $hostile{$name}}])) ], [ 'the request', $hostile{$name} ]);
	for my $call (sort keys %calls)
	{
		my @odd = grep { $_->[1] !~ /\AERROR: +(?:NC00[1-5]|54000|54001|22\w{3})\z/ && $_->[1] !~ /\A\{.*\}\z/s && $_->[1] !~ /\A[0-9a-f-]{36}\z/ }
			map { [ $_->[0], $session->run('SELECT ' . $calls{$call}->($_->[1])) ] } @texts;
		is_deeply(\@odd, [], "$call answers $name, or refuses by a promised SQLSTATE") or next;
	}
}
my $rise = peak($session->{backend}) - $before;
cmp_ok($rise, '<', $BOUND, 'no request took much memory');
note("the backend's peak rose by $rise kB");

# What a message shows of a value is short, and of a container its kind.
sub message { my ($sql) = @_; my (undef, undef, $err) = $store->psql_result($sql, role => 'importer'); return $err }
for my $case (
	[ email => $hostile{'large numbers'}, qr/number that is too long.*"email"/s ],
	[ email => '[1, 2]', qr/invalid "email": an array/ ],
	[ email => '{"a": 1e900}', qr/invalid "email": an object/ ],
	[ email => '12345678901234567890', qr/invalid "email": 12345678901234567890$/m ],
	[ email => '1e900', qr/invalid "email": 10{20,99}\.\.\.$/m ],
	[ email => 'true', qr/invalid "email": true$/m ],
	[ zoom_level => '"' . 'x' x 300 . '"', qr/invalid "zoom_level": "x{150,200}"\.\.\.$/m ],
	[ zoom_level => "\"\xc3\xa9" . "\xc3\xa9" x 300 . '"', qr/invalid "zoom_level": "(?:\xc3\xa9){75,100}"\.\.\.$/m ],
	[ zoom_level => '"a\"b"', qr/invalid "zoom_level": "a\\"b"$/m ],
	[ zoom_level => '1e900', qr/invalid "zoom_level": 10+\.\.\.$/m ],
	[ note => '1e1001', qr/number that is too long.*"note"/s ],
	[ note => '{"a": [{"b": 1e-1001}]}', qr/number that is too long.*"note"/s ],
	[ "no\x{7f}te" . 'x' x 300 => '1e1001', qr/number that is too long.*"no\?tex{150,200}\.\.\."/s ])
{
	my ($key, $value, $pattern) = @$case;
	my $said = message('SELECT ' . $calls{batch_import}->(request($key, $value)));
	like($said, $pattern, substr("$key " . substr($value, 0, 20), 0, 60) . ': what the message shows');
	cmp_ok(length $said, '<', 1200, substr("$key " . substr($value, 0, 20), 0, 60) . ': the message is short');
}

# A limit is a limit: what fits is taken, one byte more is not.
my $beside = length(request(note => '""')) - length(qq([{"name": "a.png", "sha256": "$digest"}]));
sub of_size { my ($bytes) = @_; return request(note => '"' . 'x' x ($bytes - $beside) . '"') }
my $form = sub { my ($text) = @_; return $store->sqlstate('SELECT ' . $calls{picture_form}->($text), role => 'importer') };
is($form->(of_size(65536)), '', 'a request of 65,536 bytes beside its pictures is taken');
is($form->(of_size(65537)), '54000',
	'a request of 65,536 bytes beside its pictures is taken: of one more is not');
is($form->(request(note => '"' . '\"' x 32_740 . '"')), '54000', 'escapes count as they are written');
is($form->(request(note => '[' . join(',', ('1') x 21_700) . ']')), '', 'numbers count as they are written, not as they are stored');
is($form->(request(note => '1' . '0' x 999)), '', 'a number of 1,000 digits is taken');
is($form->(request(note => '1' . '0' x 1000)), 'NC005',
	'a number of 1,000 digits is taken: of one more is not');

# Nothing is stored for data that is refused.
is($store->sqlstate("SELECT nachet.upload_picture_set(ARRAY['\\x" . unpack('H*', png(4, 3, 'b')) . "'::bytea], '$user', " . literal(of_size(65537)) . '::jsonb)', role => 'importer'),
	'54000', 'data that is too large is refused');
unlike($store->log, qr/terminated by signal|PANIC/, 'no backend crashed');

done_testing;

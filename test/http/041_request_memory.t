#!/usr/bin/env perl
# test/http/041_request_memory.t: four requests of 64 KiB at once, whatever their JSON holds, take
# little memory in the service and its backends together.
use strict;
use warnings;
use Test::More;

use lib 'test/lib';
use Nachet::Http qw(parse_answer);
use Nachet::Memory qw(peak hostile_values);
use Nachet::Session;
use Nachet::Test qw(poll_until start_command tempdir write_file);

# In kB, for all requests of this file: four took 4 GB.
my $BOUND = 64 * 1024;
my $AT_ONCE = 4;

my $store = Nachet::Test->new;
my $http = $store->start_http(args => [ '--pool', $AT_ONCE ]);
my $dir = tempdir();
my %paths = ('picture-form' => 'email', 'batch-import' => 'x');

# The same body that many times at once; returns their answers.
sub post_at_once
{
	my ($path, $body) = @_;
	my $file = write_file("$dir/body.json", $body);
	my @curls = map {
		start_command('curl', '-sS', '-i', '--max-time', 60, '-H', 'Content-Type: application/json', '-H', 'Expect:', '--data-binary', "\@$file",
			$http->url . "/$path")
	} 1 .. $AT_ONCE;
	my @answers = map { $_->wait(90); parse_answer($_->out) } @curls;
	$_->forget for @curls;
	return @answers;
}

sub backends { return split /\n/, $store->psql("SELECT pid FROM pg_stat_activity WHERE application_name = 'nachet-http' ORDER BY pid") }

# All connections of the pool are there and have served before anything is measured.
my $locks = Nachet::Session->new($store);
$locks->run('BEGIN; LOCK nachet.users IN ACCESS EXCLUSIVE MODE');
my @waiting = map {
	start_command('curl', '-sS', '-i', '-H', 'Content-Type: application/json', '-d', '{"email": "someone@example.org", "x": "' . 'y' x 60_000 . '"}', $http->url . '/picture-form')
} 1 .. $AT_ONCE;
ok(poll_until(sub { $store->psql("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'nachet-http' AND wait_event_type = 'Lock'") == $AT_ONCE }),
	'as many requests are under way as the pool has connections');
$locks->run('ROLLBACK');
is(parse_answer(do { $_->wait(60); $_->out })->{status}, 200, 'each has its answer') for @waiting;
$_->forget for @waiting;
my @before = backends();
is(scalar @before, $AT_ONCE, 'the pool is full');
my $before = peak($http->pid, @before);

my %hostile = hostile_values(65_000);
for my $name (sort keys %hostile)
{
	for my $path (sort keys %paths)
	{
		my @answers = post_at_once($path, qq({"$paths{$path}":$hostile{$name},"pictures":[]}));
		is_deeply([ grep { $_ != 400 && $_ != 403 && $_ != 413 && $_ != 422 } map { $_->{status} } @answers ], [], "/$path refuses $name");
		cmp_ok((sort { $b <=> $a } map { length $_->{body} } @answers)[0], '<', 2000, '... in a few words');
	}
}
is_deeply([ backends() ], \@before, 'the same connections served all');
my $rise = peak($http->pid, @before) - $before;
SKIP: {
	# A sanitizer keeps what was freed.
	skip 'the service was built for a sanitizer', 1 if `nm -D ${\ $store->nachet_http} 2>/dev/null` =~ /__(?:asan|tsan)_init/;
	cmp_ok($rise, '<', $BOUND, "service and server together took little more memory");
}
note("their peaks rose by $rise kB");
is($http->stop, 0, 'it stops with 0');

done_testing;

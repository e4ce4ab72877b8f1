#!/usr/bin/env perl
# test/http/075_restarts.t: the database goes away and comes back in the middle of many imports.
use strict;
use warnings;
use Test::More;

use lib 'test/lib';
use Nachet::Test qw(jpeg poll_until start_command write_file tempdir);
use Nachet::Http qw(form_fields post_json is_problem);

my $store = Nachet::Test->new;
my $http = $store->start_http(args => [ '--pool', '4' ]);
my $dir = tempdir();
my $imports = 20;
my $pictures = 30;
for my $import (1 .. $imports)
{
	write_file("$dir/$import-$_.jpg", jpeg("$import-$_", 200_000)) for 1 .. $pictures;
}

# The state of sets: how many are whole, and how many there are.
sub sets
{
	return $store->psql("SELECT count(*) FILTER (WHERE n = $pictures) || ' ' || count(*) FROM (SELECT count(p.id) AS n"
		. ' FROM nachet.picture_set s LEFT JOIN nachet.picture p ON p.picture_set_id = s.id GROUP BY s.id) AS c');
}

# Starts all imports, slowed down enough to be caught in their middle.
sub start_all
{
	my ($turn) = @_;
	return map {
		my $import = $_;
		start_command('curl', '-sS', '-i', '--noproxy', '*', '--limit-rate', '4M', form_fields(name => "turn $turn, import $import"),
			(map { ('-F', "pictures=\@$dir/$import-$_.jpg") } 1 .. $pictures), $http->url . '/batch-import')
	} 1 .. $imports;
}

for my $mode ('fast', 'immediate')
{
	my $before = (split / /, sets())[1];
	my $contents = $store->psql('SELECT count(*) FROM nachet.content');
	my @curls = start_all($mode);
	ok(poll_until(sub { $store->psql("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'nachet-http'") > 1 }), "$mode: imports are under way");
	$store->restart($mode);
	my @answers = map { $_->wait(120); Nachet::Http::parse_answer($_->out) } @curls;
	my $stored = grep { $_->{status} == 201 } @answers;
	is_deeply([ grep { $_->{status} !~ /\A(?:201|500|503)\z/ } @answers ], [], "$mode: each ends in 201 or in 503");
	note("$mode: $stored of $imports went through");
	my ($whole, $all) = split / /, sets();
	is($whole, $all, "$mode: every set is whole");
	is($all - $before, $stored, "$mode: and was answered with 201");
	is_deeply([ grep { $_->{status} == 503 && !$_->{headers}{'retry-after'} } @answers ], [], "$mode: the others may try again");

	@answers = map { $_->wait(120); Nachet::Http::parse_answer($_->out) } start_all($mode);
	is_deeply([ grep { $_->{status} !~ /\A20[01]\z/ } @answers ], [], "$mode: all go through when they are repeated");
	is_deeply([ split / /, sets() ], [ $before + $imports, $before + $imports ], "$mode: each is there once, and whole");
	$store->psql('DELETE FROM nachet.picture_set; DELETE FROM nachet.picture');
	$store->psql("SELECT nachet.sweep_contents('0s')");
}

# A database that is full.
my $good = '{"email": "someone@example.org"}';
$store->psql('ALTER ROLE importer CONNECTION LIMIT 0');
$store->psql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'nachet-http'");
is_problem(post_json($http, $good), 503, qr/database/, 'a database that takes no connection is told so');
$store->psql('ALTER ROLE importer CONNECTION LIMIT -1');
is(post_json($http, $good)->{status}, 200, 'and heals');

is($http->stop, 0, 'it stops with 0');
done_testing;

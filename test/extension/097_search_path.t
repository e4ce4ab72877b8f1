#!/usr/bin/env perl
# test/extension/097_search_path.t: who may create objects in the search_path of others has no word
# in the statements of nachet-load and nachet-http.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Nachet::Loader qw(@required);
use Nachet::Test qw(png run_command tempdir write_file);
use Test::More;

my $store = Nachet::Test->new;
my $folder = tempdir();

# The database's owner is no superuser; schema public is his.
$store->create_role('mallory');
$store->psql('ALTER DATABASE nachet OWNER TO mallory');
$store->psql('CREATE TABLE public.trace (who text); GRANT ALL ON public.trace TO PUBLIC', role => 'mallory');
my @data = qw(text text text numeric text numeric text text);
for my $types ([@data], [ @data, qw(text text text boolean text jsonb) ], [qw(text text)], [ (qw(text bigint)) x 4 ], [qw(text bigint)])
{
	$store->psql('CREATE FUNCTION public.jsonb_build_object(' . join(', ', @$types) . ') RETURNS jsonb LANGUAGE plpgsql AS $$BEGIN INSERT INTO public.trace VALUES (current_user);'
		. ' RETURN pg_catalog.jsonb_build_object(' . join(', ', map { "\$$_" } 1 .. @$types) . '); END$$', role => 'mallory');
}
for my $operator (['||', 'jsonb', 'jsonb', 'jsonb'], ['->', 'jsonb', 'text', 'jsonb'], ['->>', 'jsonb', 'text', 'text'], ['-', 'jsonb', 'text', 'jsonb'])
{
	my ($name, $left, $right, $result) = @$operator;
	my $function = 'op_' . unpack 'H*', $name;
	$store->psql("CREATE FUNCTION public.$function($left, $right) RETURNS $result LANGUAGE plpgsql AS \$\$BEGIN INSERT INTO public.trace VALUES (current_user);"
		. " RETURN \$1 OPERATOR(pg_catalog.$name) \$2; END\$\$; CREATE OPERATOR public.$name (LEFTARG = $left, RIGHTARG = $right, FUNCTION = public.$function)", role => 'mallory');
}

write_file("$folder/$_/1.png", png(10, 10, $_)) for qw(a b);
for my $path ('"$user", public', 'public, pg_catalog')
{
	$store->psql("ALTER DATABASE nachet SET search_path = $path", role => 'mallory');
	my ($status, undef, $err) = $store->run_load(@required, "$folder/" . ($path =~ /user/ ? 'a' : 'b'));
	is($status, 0, "nachet-load with search_path $path") or diag($err);
	my $http = $store->start_http;
	my (undef, $out) = run_command('curl', '-s', '-H', 'Content-Type: application/json', '-d', qq({"email": "$Nachet::Test::EMAIL"}), $http->{url} . '/picture-form');
	like($out, qr/"user_id"/, 'nachet-http answers');
	run_command('curl', '-s', '-H', 'Content-Type: application/json', '-d', qq({"email": "$Nachet::Test::EMAIL", "seed_name": "Brassica napus", "zoom_level": 1, "nb_seeds": 1, "dry_run": true, "pictures": []}), $http->{url} . '/batch-import');
	is($store->psql('SELECT count(*) FROM public.trace'), 0,
		'nachet-http answers: neither has run what was put into that schema');
}

done_testing;

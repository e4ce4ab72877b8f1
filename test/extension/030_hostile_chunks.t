#!/usr/bin/env perl
# test/extension/030_hostile_chunks.t: whatever an importer inserts, stored bytes have their hash
# and others' bytes stay.
#
# A role with nachet_importer alone runs statements made at random: nested in functions, in savepoints that are rolled
# back, in writing CTEs, with gaps, NULLs and short chunks. NACHET_TEST_SEED repeats a run, NACHET_TEST_ROUNDS lengthens it.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Nachet::Test qw(png);
use Test::More;

my $seed = $ENV{NACHET_TEST_SEED} // int rand 1_000_000;
my $rounds = $ENV{NACHET_TEST_ROUNDS} // ($ENV{NACHET_LONG} ? 5_000 : 300);
note("NACHET_TEST_SEED=$seed");

my $store = Nachet::Test->new;
my $picture = unpack 'H*', png(300, 100, 'the picture of another');
my $upload = "SELECT nachet.upload_picture_set(ARRAY['\\x$picture'::bytea], '" . $store->user_id
	. q{', '{"seed_name": "Brassica napus", "zoom_level": 20, "nb_seeds": 5}')};
$store->psql($upload);
$store->psql('CREATE SCHEMA hostile AUTHORIZATION importer');

$store->psql(<<'SQL', role => 'importer');
CREATE FUNCTION hostile.payload() RETURNS bytea LANGUAGE sql VOLATILE AS $$
	SELECT CASE WHEN random() < 0.6 THEN convert_to(repeat(chr(97 + (random() * 3)::int), nachet.chunk_size()), 'UTF8')
		WHEN random() < 0.05 THEN NULL
		WHEN random() < 0.05 THEN ''::bytea
		ELSE convert_to(repeat('z', (random() * 20)::int + 1), 'UTF8') END
$$;
-- Rows of chunks, most of them in an order that is right.
CREATE FUNCTION hostile.rows(wild float8) RETURNS TABLE (n int, d bytea) LANGUAGE plpgsql AS $$
BEGIN
	n := 0;
	FOR i IN 0 .. (random() * 6)::int LOOP
		d := hostile.payload();
		RETURN NEXT;
		n := CASE WHEN random() < wild THEN (random() * 5)::int - 1 WHEN length(d) < nachet.chunk_size() THEN 0 ELSE n + 1 END;
	END LOOP;
END $$;
-- Nested, and in no savepoint of its own.
CREATE FUNCTION hostile.inside() RETURNS int LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO nachet.content_chunk (chunk_no, data) SELECT r.n, r.d FROM hostile.rows(0) AS r WHERE r.d IS NOT NULL AND r.d <> '';
	RETURN 0;
END $$;
CREATE FUNCTION hostile.attack(depth int, wild float8) RETURNS int LANGUAGE plpgsql AS $$
DECLARE
	choice int := (random() * 6)::int;
BEGIN
	IF depth > 3 THEN RETURN 0; END IF;
	BEGIN
		IF choice = 0 THEN
			INSERT INTO nachet.content_chunk (chunk_no, data) SELECT r.n, r.d FROM hostile.rows(wild) AS r;
		ELSIF choice = 1 THEN
			INSERT INTO nachet.content_chunk (chunk_no, data) SELECT r.n, r.d FROM hostile.rows(wild) AS r ON CONFLICT DO NOTHING;
		ELSIF choice = 2 THEN
			INSERT INTO nachet.content_chunk (chunk_no, data)
				SELECT r.n + hostile.inside() + hostile.attack(depth + 1, wild), r.d FROM hostile.rows(wild) AS r;
		ELSIF choice = 3 THEN
			WITH a AS (INSERT INTO nachet.content_chunk (chunk_no, data) SELECT r.n, r.d FROM hostile.rows(wild) AS r RETURNING 1),
				b AS (INSERT INTO nachet.content_chunk (chunk_no, data) SELECT r.n, r.d FROM hostile.rows(wild) AS r)
			INSERT INTO nachet.content_chunk (chunk_no, data) SELECT r.n, r.d FROM hostile.rows(wild) AS r, (SELECT count(*) FROM a) AS c;
		ELSIF choice = 4 THEN
			PERFORM hostile.attack(depth + 1, wild);
			INSERT INTO nachet.content_chunk (chunk_no, data) SELECT r.n, r.d FROM hostile.rows(0) AS r WHERE r.d IS NOT NULL AND r.d <> '';
			PERFORM hostile.attack(depth + 1, wild);
		ELSIF choice = 5 THEN
			INSERT INTO nachet.content_chunk (chunk_no, data)
				SELECT r.n, CASE WHEN random() < 0.2 THEN (1 / (r.n * 0))::text::bytea ELSE r.d END FROM hostile.rows(wild) AS r;
		ELSE
			INSERT INTO nachet.content_chunk (chunk_no, data) SELECT r.n, r.d FROM hostile.rows(wild) AS r ORDER BY random();
		END IF;
		IF random() < 0.3 THEN RAISE EXCEPTION 'undo'; END IF;
	EXCEPTION WHEN OTHERS THEN
		IF SQLSTATE NOT IN ('NC006', '23502', '22012', 'P0001') THEN RAISE; END IF;
	END;
	RETURN 0;
END $$;
SQL

my ($status, $out, $err) = $store->psql_result(
	sprintf('SELECT setseed(%.6f); SELECT count(hostile.attack(0, n %% 3 * 0.15)) FROM generate_series(1, %d) n;', $seed / 1_000_000, $rounds)
		. " DO 'BEGIN FOR i IN 1 .. $rounds LOOP PERFORM hostile.attack(0, 0.1); IF i % 7 = 0 THEN ROLLBACK; ELSE COMMIT; END IF; END LOOP; END';",
	role => 'importer');
is($status, 0, 'the statements end in success or in the errors that are expected') or diag($err);
cmp_ok($store->psql('SELECT count(*) FROM nachet.content'), '>', 5, 'some of them stored something');
is($store->psql('SELECT count(*) FROM nachet.content WHERE sha256(nachet.content_read(sha256, 0, byte_size)) <> sha256'), 0,
	'the bytes of every content have its hash');
is($store->psql('SELECT count(*) FROM nachet.content_chunk k LEFT JOIN nachet.content c ON c.id = content_id'
		. ' WHERE c.id IS NULL OR chunk_no >= (byte_size + chunk_size - 1) / chunk_size'), 0, 'no chunk is left over');
is($store->psql('SELECT count(*) FROM nachet.content c WHERE (SELECT count(*) FROM nachet.content_chunk WHERE content_id = c.id)'
		. ' <> (byte_size + chunk_size - 1) / chunk_size'), 0, 'no content lacks a chunk');
is($store->psql("SELECT encode(nachet.picture_content(id), 'hex') FROM nachet.picture"), $picture, 'the picture of another is as it was');
# A PNG of several chunks is judged as they pass by: with any of its bits flipped it is no picture, and the reason tells.
sub stored
{
	my ($bytes) = @_;
	my $hex = unpack 'H*', $bytes;
	$store->psql("INSERT INTO nachet.content_chunk (chunk_no, data) SELECT n, substring(b FROM n * nachet.chunk_size() + 1 FOR nachet.chunk_size())
		FROM (SELECT '\\x$hex'::bytea) AS p (b), generate_series(0, (length(b) - 1) / nachet.chunk_size()) n ORDER BY n", role => 'importer');
	return $store->psql("SELECT concat_ws(' ', format, width, height, reason) FROM nachet.content_facts(ARRAY[sha256('\\x$hex'::bytea)])");
}

my $large = png(200, 150, 'large');
is(stored($large), 'PNG 200 150', 'a PNG of several chunks');
for my $at (5, 40, 9_000, 40_000, 80_000, length($large) - 2)
{
	my $damaged = $large;
	substr($damaged, $at, 1) ^= "\x10";
	like(stored($damaged), qr/^PNG: |^truncated PNG: /, "with one bit flipped at $at it is none");
}

unlike($store->log, qr/terminated by signal|PANIC|leak/, 'no backend crashed, and nothing leaked');

done_testing;

#!/usr/bin/env perl
# test/extension/035_hostile_requests.t: whatever a request's JSON holds, there is an answer or one
# of the SQLSTATEs that are promised.
#
# Requests of both routes are made of valid ones, at random: members of wrong types, numbers beyond every bound, nesting, keys that
# come twice, NULs, names and digests that may not be, bytes lost and doubled. NACHET_TEST_SEED repeats a run,
# NACHET_TEST_ROUNDS lengthens it (NACHET_LONG=1: 20,000).
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use MIME::Base64 qw(encode_base64);
use Nachet::Intact qw(is_intact);
use Nachet::Test qw(png sha256);
use Test::More;

my $seed = $ENV{NACHET_TEST_SEED} // int rand 2**31;
my $rounds = $ENV{NACHET_TEST_ROUNDS} // ($ENV{NACHET_LONG} ? 20_000 : 2_000);
srand $seed;
note("NACHET_TEST_SEED=$seed NACHET_TEST_ROUNDS=$rounds");

my $store = Nachet::Test->new;
my @pictures = map { png(4, 3, "picture $_") } 1 .. 5;
my @digests = ((map { sha256($_) } @pictures), sha256('not stored'), sha256('no picture'));
my $arrays = join ', ', map { q{'\x} . unpack('H*', $_) . q{'} } @pictures;
$store->psql("SELECT nachet.upload_picture_set(ARRAY[$arrays]::bytea[], '" . $store->user_id
		. q{', '{"seed_name": "Brassica napus", "zoom_level": 20, "nb_seeds": 5}')});
$store->psql(q{INSERT INTO nachet.content_chunk (chunk_no, data) VALUES (0, 'no picture')}, role => 'importer');

# --- requests ------------------------------------------------------------------------------------------
sub pick { return $_[ rand @_ ] }

# JSON that may stand anywhere, and hardly ever should.
my @wild = (
	'null', 'true', 'false', '0', '-0', '-1', '1', '0.1', '1e400', '-1e400', '1e-400', '1e131071', '9' x 40, '2147483648', '-2147483649',
	'9223372036854775808', '1e131072', '1e99999999999999999999', 'NaN', 'Infinity', '01', '1.', '+1', '[]', '{}', '[[]]', '[null]', '{"": ""}',
	'""', '" "', '"\u0000"', '"a\u0000b"', '"\ud800"', '"\udc00\ud800"', '"\ud83d\ude00"', '"\u001b[2J"', "\"a\tb\"", '"NaN"', '"1e400"',
	'"-1"', '"20"', '"0x10"', '"\'; DROP TABLE nachet.users; --"', '"%s%n"', '"../a.png"', '"a//b"', '"/"', '"."', '"a/.."',
	'"' . 'x' x 1024 . '"', '"' . 'x' x 1025 . '"', '"' . 'y' x 300_000 . '"', '"' . '\u00e9' x 1000 . '"', '[' x 100 . ']' x 100,
	'[' x 9000 . ']' x 9000, '{"a":' x 9000 . '1' . '}' x 9000, '[' x 1_000_000, '[' . join(',', (1) x 20_000) . ']');

# A request as its members, each a key and a JSON text; a picture is such a list too.
sub picture { my ($i) = @_; return [ [ name => qq{"folder/$i.png"} ], [ sha256 => '"' . $digests[$i] . '"' ] ] }

sub manifest
{
	my @chosen = grep { rand() < 0.5 } 0 .. 4;
	push @chosen, pick(5, 6) if rand() < 0.2;
	my @request = (
		[ email => qq{"$Nachet::Test::EMAIL"} ], [ seed_name => '"Brassica napus"' ], [ zoom_level => pick(20, '2.5', '"10"') ],
		[ nb_seeds => pick(1, 5, '"7"') ], [ name => pick('"set"', '"a set/of two"') ], [ pictures => [ map { picture($_) } @chosen ] ]);
	push @request, [ dry_run => pick('true', 'false', 'null') ] if rand() < 0.3;
	push @request, [ note => '{"any": ["thing"]}' ] if rand() < 0.2;
	return \@request;
}

sub disturb_members
{
	my ($members) = @_;
	my $at = int rand(@$members + 1);
	my $choice = rand();
	if ($at == @$members || $choice < 0.1) { splice @$members, $at, 0, [ pick('name', 'email', 'pictures', 'zoom_level', '', 'x' x 100), pick(@wild) ] }
	elsif ($choice < 0.25) { splice @$members, $at, 1 }
	elsif ($choice < 0.35) { push @$members, [ @{ $members->[$at] } ] }
	elsif ($choice < 0.6 && ref $members->[$at][1] && @{ $members->[$at][1] }) { disturb_members(pick(@{ $members->[$at][1] })) }
	elsif ($choice < 0.7 && ref $members->[$at][1]) { push @{ $members->[$at][1] }, [ [ name => pick(@wild) ], [ sha256 => pick(@wild) ] ] }
	elsif ($choice < 0.75 && ref $members->[$at][1]) { $members->[$at][1] = [ map { picture(0) } 1 .. 1 + rand 3 ] }
	elsif (!ref $members->[$at][1] && $members->[$at][1] =~ /\A"[0-9a-f]{64}"\z/ && $choice < 0.9)
	{
		$members->[$at][1] = pick(uc $members->[$at][1], $members->[$at][1] =~ s/.(?="\z)//r, $members->[$at][1] =~ s/.(?="\z)/g/r, '"' . ' ' x 64 . '"');
	}
	else { $members->[$at][1] = pick(@wild) }
	return;
}

sub write_members
{
	my ($members) = @_;
	return '{' . join(',', map { "\"$_->[0]\":" . (ref $_->[1] ? '[' . join(',', map { write_members($_) } @{ $_->[1] }) . ']' : $_->[1]) } @$members) . '}';
}

sub disturb_bytes
{
	my ($text) = @_;
	my $at = int rand length $text;
	my $choice = rand();
	if ($choice < 0.3) { substr $text, $at, 1 + rand 5, '' }
	elsif ($choice < 0.6) { substr $text, $at, 0, pick('"', '\\', '{', '}', '[', ']', ',', ':', "\0", "\xff", "\xed\xa0\x80", '\u', '/*', "\n", '0') }
	elsif ($choice < 0.8) { substr $text, $at, 0, substr $text, rand length $text, rand 200 }
	else { $text = substr $text, 0, $at }
	return $text;
}

sub request
{
	my $members = manifest();
	disturb_members($members) for 1 .. pick(0, 1, 1, 1, 2, 3);
	my $text = write_members($members);
	$text = disturb_bytes($text) if rand() < 0.2;
	$text = pick(@wild) if rand() < 0.02;
	return $text;
}

# --- what becomes of them --------------------------------------------------------------------------------
$store->psql(<<'SQL');
CREATE SCHEMA hostile;
GRANT USAGE ON SCHEMA hostile TO importer;
CREATE TABLE hostile.request (n int, body bytea, auth_email text);
GRANT SELECT ON hostile.request TO importer;
CREATE TABLE hostile.outcome (n int, route text, state text, answer jsonb, message text);
GRANT INSERT ON hostile.outcome TO importer;
SQL
my @lines = map {
	join("\t", $_, '\\\\x' . unpack('H*', request()), pick(('\\N') x 4, ($Nachet::Test::EMAIL) x 2, 'other@example.org', '')) } 1 .. $rounds;
my ($status, undef, $err) = $store->psql_result("COPY hostile.request FROM STDIN;\n" . join("\n", @lines) . "\n\\.\n");
is($status, 0, 'there are requests') or diag($err);

# Each in a transaction of its own, and both routes; one that refuses leaves nothing.
($status, undef, $err) = $store->psql_result(<<'SQL', role => 'importer', timeout => 3000);
DO $$
DECLARE
	r record;
	route text;
	request jsonb;
	answer jsonb;
	said text;
BEGIN
	FOR r IN SELECT * FROM hostile.request ORDER BY n LOOP
		FOREACH route IN ARRAY ARRAY['picture_form', 'batch_import', 'upload'] LOOP
			BEGIN
				request := nachet.request_json(convert_from(r.body, 'UTF8'));
				answer := NULL;
				IF route = 'picture_form' THEN
					answer := nachet.picture_form(request, r.auth_email);
				ELSIF route = 'batch_import' THEN
					answer := nachet.batch_import(request, r.auth_email);
				ELSE
					-- As another client might: the whole request as data.
					answer := to_jsonb(nachet.upload_picture_set(ARRAY['a.png'],
						ARRAY(SELECT decode(left(request #>> '{pictures,0,sha256}', 64), 'hex')), nachet.request_user(request, r.auth_email), request));
				END IF;
				INSERT INTO hostile.outcome VALUES (r.n, route, '', answer, NULL);
			EXCEPTION WHEN OTHERS THEN
				GET STACKED DIAGNOSTICS said = MESSAGE_TEXT;
				INSERT INTO hostile.outcome VALUES (r.n, route, SQLSTATE, NULL, said);
			END;
		END LOOP;
	END LOOP;
END $$;
SQL
is($status, 0, 'each has an outcome') or diag($err);
is($store->psql('SELECT count(*) FROM hostile.outcome'), 3 * $rounds, 'each has an outcome: of each route');

# NC: the datastore's own. 22021, 22030, 22P02, 22P05: no JSON that can be kept, or a key twice. 22003: a number out of range.
# 54000, 54001: too large, too deep. 22004: no digest where one must be. 22023 is decode's own, of digits that are none.
is($store->psql(<<'SQL'), '', 'no outcome but an answer and the SQLSTATEs that are promised');
SELECT DISTINCT ON (route, state) concat_ws(' ', route, state, message, n) FROM hostile.outcome
WHERE state NOT IN ('', 'NC001', 'NC002', 'NC003', 'NC004', 'NC005', 'NC007', '22021', '22030', '22P02', '22P05', '22003', '54000', '54001')
	AND NOT (route = 'upload' AND state IN ('22004', '22023'))
SQL
is($store->psql(<<'SQL'), 0, 'every answer says what was done');
SELECT count(*) FROM hostile.outcome WHERE state = '' AND NOT coalesce(CASE route
	WHEN 'picture_form' THEN answer ?& '{user_id,email,seed_names,limits}'
	WHEN 'upload' THEN answer IS NOT NULL
	ELSE CASE WHEN answer ->> 'result' IN ('created', 'present') THEN answer ?& '{picture_set_id,pictures,bytes}'
		ELSE answer ->> 'result' IN ('missing', 'checked') AND answer ?& '{missing,user_id}' END END, false)
SQL
is($store->psql("SELECT count(*) FROM hostile.outcome WHERE state <> '' AND coalesce(message, '') = ''"), 0,
	'every answer says what was done: every refusal why');
is($store->psql(q{SELECT count(DISTINCT answer ->> 'picture_set_id') FROM hostile.outcome WHERE answer ->> 'result' = 'created'}),
	$store->psql(q{SELECT count(*) FROM hostile.outcome WHERE answer ->> 'result' = 'created'}), 'each set was made once');
my %seen = map { split / / } split /\n/, $store->psql(q{SELECT coalesce(nullif(state, ''), 'answered') || ' ' || count(*) FROM hostile.outcome GROUP BY state});
ok($seen{$_}, "$_ was among them") for qw(answered NC001 NC002 NC003 NC005 NC007 22P02 22030);
note(join ', ', map { "$_ $seen{$_}" } sort keys %seen);
is_intact($store, 'all is intact');
unlike($store->log, qr/terminated by signal|PANIC|leak/, 'no backend crashed, and nothing leaked');

done_testing;

#!/usr/bin/env perl
# test/extension/050_verify.t: whatever happens to the files of stored contents, verifying finds it
# and goes on.
#
# Bits are flipped under a stopped server without checksums, at random; NACHET_TEST_SEED repeats a run, NACHET_TEST_ROUNDS
# lengthens it (NACHET_LONG=1: 60 rounds). What a flip changes is told by reading the contents back.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Nachet::Loader qw(@required);
use Nachet::Session;
use Nachet::Test qw(png slurp tiff write_file);
use Test::More;

my $seed = $ENV{NACHET_TEST_SEED} // int rand 1_000_000;
my $rounds = $ENV{NACHET_TEST_ROUNDS} // ($ENV{NACHET_LONG} ? 60 : 3);
note("NACHET_TEST_SEED=$seed NACHET_TEST_ROUNDS=$rounds");
srand $seed;

use constant PAGE => 8192;
my $store = Nachet::Test->new(set => { autovacuum => 'off' });
$store->create_role('admin', 'nachet_admin');
my $folder = $store->tempdir;
my $contents = 60;
write_file("$folder/$_.tif", tiff(200 + int rand 40_000, "tiff $_")) for 1 .. $contents - 2;
write_file("$folder/a.png", png(10, 10, 'small'));
write_file("$folder/b.png", png(90, 90, 'larger'));
my ($status) = $store->run_load(@required, $folder);
is($status, 0, 'pictures are stored');
$store->psql(<<'SQL');
-- The ids of the contents whose bytes cannot be read or are not what they were.
CREATE FUNCTION public.unlike() RETURNS SETOF bigint LANGUAGE plpgsql AS $$
DECLARE c record; same boolean;
BEGIN
	FOR c IN SELECT * FROM public.original LOOP
		BEGIN
			same := sha256(nachet.content_read(c.sha256, 0, c.byte_size)) = c.sha256;
		EXCEPTION WHEN OTHERS THEN same := false;
		END;
		IF same IS NOT TRUE THEN RETURN NEXT c.id; END IF;
	END LOOP;
END $$;
CREATE TABLE public.original AS SELECT id, sha256, byte_size FROM nachet.content ORDER BY id;
SQL

sub verify { return $store->psql('SELECT content_id, flaw FROM nachet.verify_contents() ORDER BY 1, 2', role => 'admin') }
is(verify(), '', 'nothing is found where nothing is wrong');

# The files, as they are while the server is down.
my %file = map { ($_ => $store->data_folder . '/' . $store->psql("SELECT pg_relation_filepath('nachet.$_')")) }
	qw(content content_chunk content_chunk_pkey content_pkey);
my $checksums = $store->psql('SHOW data_checksums');
$store->stop;

sub switch_checksums
{
	my ($way) = @_;
	my ($done, undef, $err) = $store->as_server('pg_checksums', $way, '--no-sync', '-D', $store->data_folder);
	is($done, 0, "checksums: $way") or diag($err);
}

# PostgreSQL 18 makes clusters with checksums. Without them damage goes by unseen until verification meets it.
switch_checksums('--disable') if $checksums eq 'on';
my %pristine = map { ($_ => slurp($file{$_})) } keys %file;

# Changes files while the server is down, and starts it: damage(content => sub { change $_[0] }, ...).
sub damage
{
	my (%change) = @_;
	for my $name (keys %file)
	{
		my $bytes = $pristine{$name};
		$change{$name}->($bytes) if $change{$name};
		open my $out, '+<:raw', $file{$name} or die "$file{$name}: $!";
		print {$out} $bytes;
		truncate $out, length $bytes;
		close $out;
	}
	$store->start;
	return;
}
sub flip { substr($_[0], $_[1], 1) ^= chr(1 << $_[2] // int rand 8); return }
sub crashes { return scalar(() = $store->log =~ /terminated by signal/g) }
sub found_ids { my %id = map { (split /\|/)[0] => 1 } split /\n/, $_[0]; return \%id }

subtest 'bits of chunks' => sub {
	my $pages = length($pristine{content_chunk}) / PAGE;
	my ($flips, $changed) = (0, 0);
	for my $round (1 .. $rounds)
	{
		my @where;
		damage(content_chunk => sub {
			for my $page (0 .. $pages - 1)
			{
				next if rand() < 0.5;
				# Half of the flips hit the page's header, its line pointer and the row's header.
				my $offset = rand() < 0.5 ? int rand PAGE
					: rand() < 0.5 ? int rand 28 : (unpack('v', substr $_[0], $page * PAGE + 24, 2) & 0x7fff) + int rand 40;
				my $bit = int rand 8;
				flip($_[0], $page * PAGE + $offset % PAGE, $bit);
				push @where, sprintf '%d+%d.%d', $page, $offset, $bit;
			}
		});
		my $found = found_ids(verify());
		my @unlike = split /\n/, $store->psql('SELECT public.unlike()');
		my @missed = grep { !$found->{$_} } @unlike;
		is("@missed", '', "round $round: all " . @unlike . ' contents that changed are found') or diag("@where");
		$flips += @where;
		$changed += @unlike;
		$store->stop;
	}
	is(crashes(), 0, 'the server has survived');
	cmp_ok($changed, '>', $rounds * 5, "$flips bits were flipped, $changed contents changed");
};

subtest 'bits of content rows' => sub {
	my %row;    # where each content's SHA-256 lies
	for my $name (map { "$folder/$_.tif" } 1 .. $contents - 2)
	{
		my $sha = Nachet::Test::sha256_bytes(slurp($name));
		$row{$name} = index $pristine{content}, $sha;
		cmp_ok($row{$name}, '>', 0, 'a row') if $row{$name} < 0;
	}
	# Of a row that begins at r: id r+0, the length of sha256 r+8, sha256 r+9, byte_size r+48, chunk_size r+56, format r+60,
	# width r+68, height r+72.
	my %column = (id => [ 0, 8 ], 'length of sha256' => [ 8, 1 ], sha256 => [ 9, 32 ], byte_size => [ 48, 8 ], chunk_size => [ 56, 4 ],
		format => [ 60, 5 ], width => [ 68, 4 ], height => [ 72, 4 ]);
	for my $round (1 .. $rounds)
	{
		my %wanted;
		damage(content => sub {
			for my $name (sort keys %row)
			{
				my $column = (sort keys %column)[ int rand keys %column ];
				my ($byte, $bit) = (int rand $column{$column}[1], int rand 8);
				# 8120 becomes 4024, the chunk size of smaller pages, which is as good for a content of one chunk.
				$bit = 5 if $column eq 'chunk_size' && $byte == 1 && $bit == 4;
				flip($_[0], $row{$name} - 9 + $column{$column}[0] + $byte, $bit);
				$wanted{ unpack 'q<', substr $pristine{content}, $row{$name} - 9, 8 } = $column;
			}
		});
		my $found = found_ids(verify());
		my @missed = map { "$_ ($wanted{$_})" } grep { !$found->{$_} } sort keys %wanted;
		is("@missed", '', "round $round: each of " . keys(%wanted) . ' rows is found');
		$store->stop;
	}
	# A flip anywhere else in the table's pages: nothing may crash, and what cannot be read is found.
	for my $round (1 .. $rounds)
	{
		damage(content => sub { flip($_[0], int rand length $_[0], int rand 8) for 1 .. 3; flip($_[0], int rand 24, int rand 8) });
		my ($ok, undef, $err) = $store->psql_result('SELECT count(*) FROM nachet.verify_contents()', role => 'admin');
		is($ok, 0, "round $round: ends") or diag($err);
		$store->stop;
	}
	is(crashes(), 0, 'the server has survived');
};

# Every length that PostgreSQL trusts within a row, made wrong: reading on by it would take the server down.
subtest 'lengths within rows' => sub {
	# All rows of a table: where the line pointer, the row's header and its data begin, and the id in its first column.
	my $rows = sub {
		my ($bytes) = @_;
		my @rows;
		for (my $page = 0; $page < length $bytes; $page += PAGE)
		{
			my $lower = unpack 'v', substr $bytes, $page + 12, 2;
			for (my $pointer = $page + 24; $pointer < $page + $lower; $pointer += 4)
			{
				my $line = unpack 'V', substr $bytes, $pointer, 4;
				next if ($line >> 15 & 3) != 1;
				my $header = $page + ($line & 0x7fff);
				my $data = $header + ord substr $bytes, $header + 22, 1;
				push @rows, { pointer => $pointer, header => $header, data => $data, id => unpack('q<', substr $bytes, $data, 8) };
			}
		}
		return @rows;
	};
	my $set_line = sub { my ($row, $offset, $length) = @_; return substr $_[3], $row->{pointer}, 4, pack 'V', $offset | 1 << 15 | $length << 17 };
	my $offset = sub { return $_[0]{header} % PAGE };
	my $value = 8;    # of content, where sha256 begins; of content_chunk it is 12
	my %change = (
		'a header that ends elsewhere' => sub { substr($_[1], $_[0]{header} + 22, 1) = "\x08" },
		'no columns' => sub { substr($_[1], $_[0]{header} + 18, 2) = "\0\0" },
		'more columns than there are' => sub { substr($_[1], $_[0]{header} + 18, 2) = "\xff\x07" },
		'a null id' => sub { substr($_[1], $_[0]{header} + 23, 1) &= "\xfe" },
		'a row of 20 bytes' => sub { $set_line->($_[0], $offset->($_[0]), 20, $_[1]) },
		'a row beyond its page' => sub { $set_line->($_[0], $offset->($_[0]), 0x7fff, $_[1]) },
		'a row that begins off alignment' => sub { $set_line->($_[0], $offset->($_[0]) + 2, 200, $_[1]) },
		'a row that begins in the page header' => sub { $set_line->($_[0], 8, 200, $_[1]) },
		'a row that ends after its id' => sub { $set_line->($_[0], $offset->($_[0]), $_[0]{data} - $_[0]{header} + $value, $_[1]) },
		'a row that ends within a value' => sub { $set_line->($_[0], $offset->($_[0]), $_[0]{data} - $_[0]{header} + $value + 3, $_[1]) },
		'a value of an unknown kind' => sub { substr($_[1], $_[0]{data} + $value, 2) = "\x01\x05" },
		'a value that is stored elsewhere' => sub { substr($_[1], $_[0]{data} + $value, 18) = "\x01\x12" . "\x07" x 16 },
		'a value of a gigabyte' => sub { substr($_[1], $_[0]{data} + $value, 4) = "\xfc\xff\xff\xff" },
		'a value of less than nothing' => sub { substr($_[1], $_[0]{data} + $value, 4) = "\x04\0\0\0" },
	);
	for my $table ('content', 'content_chunk')
	{
		$value = $table eq 'content' ? 8 : 12;
		# A chunk's row has no nulls, hence no room for saying so; the header of its value is aligned.
		my @names = grep { $table eq 'content' || $_ ne 'a null id' } sort keys %change;
		my (%damaged, @rest);
		damage($table => sub {
			for my $row ($rows->($_[0]))
			{
				next if $damaged{ $row->{id} } || !@names;
				my $name = shift @names;
				$change{$name}->($row, $_[0]);
				$damaged{ $row->{id} } = $name;
			}
		});
		is(scalar @names, 0, "$table: each is made");
		my ($ok, $out, $err) = $store->psql_result('SELECT content_id, flaw FROM nachet.verify_contents()', role => 'admin');
		is($ok, 0, "$table: verifying ends") or diag($err);
		my $found = found_ids($out);
		is(join(', ', map { $damaged{$_} } grep { !$found->{$_} } sort keys %damaged), '',
			"$table: having found each");
		my %unlike = map { $_ => 1 } split /\n/, $store->psql('SELECT public.unlike()');
		is(join(', ', map { $damaged{$_} } grep { !$unlike{$_} } sort keys %damaged), '',
			"$table: none is read as if nothing were wrong");
		is(crashes(), 0, "$table: the server has survived");
		$store->stop;
	}
};

subtest 'pages that cannot be read' => sub {
	damage(content_chunk => sub { substr($_[0], 3 * PAGE + 12, 2) = "\xff\xff" });
	my $findings = verify();
	like($findings, qr/^(\d+\|unreadable\n?)+$/, 'what lies there is unreadable');
	is(join("\n", sort { $a <=> $b } keys %{ found_ids($findings) }), $store->psql('SELECT public.unlike()'), 'the rest is verified');
	my ($id) = split /\|/, $findings;
	is($store->psql("SELECT picture_ids = ARRAY(SELECT id FROM nachet.picture WHERE content_id = $id) FROM nachet.verify_contents($id, $id)"),
		't', 'its pictures are named');
	like($store->psql("SELECT detail FROM nachet.verify_contents($id, $id)"), qr/invalid page in block 3/, 'and the page');
	$store->stop;

	# From PostgreSQL 16 on, a table is extended by pages in advance, which are all zeros and hold nothing.
	damage(content_chunk => sub { $_[0] =~ s/\0+\z//; substr($_[0], PAGE * (int(length($_[0]) / PAGE) - 2)) = '' });
	$findings = verify();
	like($findings, qr/^(\d+\|unreadable\n?)+$/, 'a file that is cut off: what lay there is unreadable');
	is(join("\n", sort { $a <=> $b } keys %{ found_ids($findings) }), $store->psql('SELECT public.unlike()'), 'all of it, and no more');
	$store->stop;

	damage(content => sub { substr($_[0], 12, 2) = "\xff\xff" });
	$findings = verify();
	cmp_ok(scalar(split /\n/, $findings), '>=', 30, 'a page of content: each of its contents is unreadable');
	$store->stop;

	for my $index ('content_chunk_pkey', 'content_pkey')
	{
		damage($index => sub { substr($_[0], PAGE + 12, 2) = "\xff\xff" });
		$findings = verify();
		like($findings, qr/^\|unreadable$/m, "$index: the index is said to be unreadable");
		like($findings, qr/^\d+\|unreadable$/m, 'and what cannot be found for it');
		$store->stop;
	}
	damage();
	is(verify(), '', 'as it was, nothing is found');
	$store->stop;
};

subtest 'checksums' => sub {
	switch_checksums('--enable');
	$pristine{$_} = slurp($file{$_}) for keys %file;
	damage(content_chunk => sub { flip($_[0], 5 * PAGE + 4000, 3) });
	like(verify(), qr/^(\d+\|unreadable\n?)+$/, 'a page that fails its checksum is unreadable');
	$store->stop;
	damage();
};

subtest 'a sequence that is used up' => sub {
	my $last = $store->psql('SELECT last_value FROM nachet.content_id_seq');
	for my $value ('9223372036854775807', '9223372036854775806', '9223372036854775000')
	{
		$store->psql("SELECT setval('nachet.content_id_seq', $value)");
		is($store->psql('CALL nachet.verify_all()', role => 'admin'), 0, "ids up to $value are verified");
		is($store->psql('SELECT contents FROM nachet.verify_progress'), $store->psql('SELECT count(*) FROM nachet.content'),
			"ids up to $value are verified: each content once");
	}
	$store->psql("SELECT setval('nachet.content_id_seq', $last)");
};

subtest 'a run in slices' => sub {
	is($store->psql('CALL nachet.verify_all(max_bytes => 100000)', role => 'admin'), 0, 'finds nothing');
	is($store->psql('SELECT contents, bytes, findings, ranges_done = ranges, finished_at IS NOT NULL FROM nachet.verify_progress', role => 'admin'),
		$store->psql('SELECT count(*), sum(byte_size), 0, true, true FROM nachet.content'), 'has seen every content once, and says so');
	my @ids = split /\n/, $store->psql('SELECT id FROM nachet.content ORDER BY byte_size DESC, id LIMIT 3');
	$store->psql("DELETE FROM nachet.content_chunk WHERE content_id = $ids[0] AND chunk_no = 1");
	$store->psql('DELETE FROM nachet.picture_set');
	$store->psql("DELETE FROM nachet.content WHERE id = $ids[1]");
	$store->psql("INSERT INTO nachet.content_chunk (content_id, chunk_no, data) VALUES ($ids[2], 100, 'spare')");
	# Two at once, and one that is broken off.
	my $run = $store->psql('SELECT nachet.verify_begin()', role => 'admin');
	is($store->psql("SELECT nachet.verify_next($run, 1)", role => 'admin'), 't', 'a slice');
	my @sessions = map { Nachet::Session->new($store, 'admin') } 1 .. 2;
	$sessions[0]->run('BEGIN');
	$sessions[0]->run("SELECT nachet.verify_next($run, 1)");
	$sessions[1]->send('CALL nachet.verify_all(1)');
	$sessions[1]->answer;
	is($store->psql('SELECT finished_at IS NULL FROM nachet.verify_progress'), 't', 'a range that another works on is left to it');
	$sessions[0]->run('ROLLBACK');
	is($store->psql('CALL nachet.verify_all(max_bytes => 50000)', role => 'admin'), 3, 'a run that was broken off is finished');
	is($store->psql('SELECT run_id, contents, findings, finished_at IS NOT NULL FROM nachet.verify_progress'),
		$store->psql("SELECT $run, count(*), 3, true FROM nachet.content"), 'each content was seen once');
	is($store->psql("SELECT content_id, flaw FROM nachet.verify_finding WHERE run_id = $run ORDER BY flaw"),
		"$ids[0]|chunks missing\n$ids[2]|chunks spare\n$ids[1]|content missing", 'the findings are kept');
	is($store->sqlstate('BEGIN; CALL nachet.verify_all()', role => 'admin'), '25001', 'not inside a transaction block');
	is($store->sqlstate('CALL nachet.verify_all(0)', role => 'admin'), '22023', 'no slice of no bytes');
	is($store->sqlstate('CALL nachet.verify_all(NULL)', role => 'admin'), '22004', 'nor of unknown size');
	is($store->sqlstate($_, role => 'importer'), '42501', "an importer is refused: $_")
		for 'SELECT * FROM nachet.verify_contents()', 'CALL nachet.verify_all()', 'SELECT nachet.verify_begin()', 'SELECT nachet.verify_next(1, 1)',
		'SELECT * FROM nachet.verify_finding', 'SELECT * FROM nachet.verify_progress';
	is($store->sqlstate("SET statement_timeout = '1ms'; SELECT count(*) FROM generate_series(1, 1000), nachet.verify_contents()", role => 'admin'), '57014',
		'it can be cancelled');
};

done_testing;

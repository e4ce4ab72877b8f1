#!/usr/bin/env perl
# test/extension/055_vacuum.t: chunks are frozen soon after they were stored, without anybody's
# doing, and cost no WAL after that.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Nachet::Test qw(poll_until);
use Test::More;

my $store = Nachet::Test->new(set => { autovacuum => 'on', autovacuum_naptime => '1s', wal_level => 'replica', full_page_writes => 'on', wal_log_hints => 'on' });
$store->psql('CREATE EXTENSION pg_visibility');
$store->psql(q{INSERT INTO nachet.content_chunk (chunk_no, data) SELECT 0, convert_to(repeat('bytes ', 100) || n, 'UTF8') FROM generate_series(1, 26000) n}, role => 'importer');
my $pages = $store->psql(q{SELECT pg_relation_size('nachet.content_chunk') / current_setting('block_size')::int});
cmp_ok($pages, '>', 1000, 'there are many pages');
ok(poll_until(sub { $store->psql(q{SELECT all_frozen FROM pg_visibility_map_summary('nachet.content_chunk')}) >= $pages }, 120), 'autovacuum freezes all of them');

# The tables' other pages are set aside; what is left is what the chunks cost.
$store->psql('ALTER TABLE nachet.content_chunk SET (autovacuum_enabled = off); VACUUM nachet.content; CHECKPOINT');
my $before = $store->psql('SELECT pg_current_wal_insert_lsn()');
is($store->psql('SELECT count(*) FROM nachet.content_chunk WHERE length(data) > 0'), 26_000, 'they are read');
$store->psql('VACUUM nachet.content_chunk; VACUUM (FREEZE) nachet.content_chunk');
my $wal = $store->psql("SELECT pg_current_wal_insert_lsn() - '$before'");
cmp_ok($wal, '<', $pages * 1000, 'they are read: vacuumed and frozen again, without logging a page again') or note("$wal bytes for $pages pages");

$store->psql('ANALYZE nachet.content_chunk');
is($store->psql("SELECT string_agg(attname, ' ' ORDER BY attname) FROM pg_stats WHERE schemaname = 'nachet' AND tablename = 'content_chunk'"), 'chunk_no content_id', 'bytes are not analyzed');
is($store->psql(q{SELECT stored > 0 FROM (SELECT count(*) AS stored FROM nachet.content) s}), 't', 'the contents are there');
like($store->psql('EXPLAIN (COSTS OFF) DELETE FROM nachet.content_chunk WHERE content_id = ANY (ARRAY[1, 2, 3])'), qr/Index Scan using content_chunk_pkey/, 'and chunks are still deleted by the index');

done_testing;

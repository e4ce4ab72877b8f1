-- sql/sample_seeds.sql: the fifteen species that Nachet's own population script registers.
--
--     psql -d nachet -f sql/sample_seeds.sql
--
-- Rule: it may be run again at any time; what is registered already stays as it is. It takes nachet_admin.
\set ON_ERROR_STOP on

SELECT count(nachet.register_seed(species)) AS sample_seeds
  FROM unnest(ARRAY[
           'Brassica napus',
           'Brassica juncea',
           'Cirsium arvense',
           'Cirsium vulgare',
           'Carduus nutans',
           'Bromus secalinus',
           'Bromus hordeaceus',
           'Bromus japonicus',
           'Lolium temulentum',
           'Solanum carolinense',
           'Solanum nigrum',
           'Solanum rostratum',
           'Ambrosia artemisiifolia',
           'Ambrosia trifida',
           'Ambrosia psilostachya'
       ]) AS species;

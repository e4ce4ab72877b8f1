-- nachet_datastore: from 1.0.0 to 1.1.0.
--
-- Rule: what this makes of 1.0.0 is, object for object, what the numbered parts make from nothing.

\echo Use "ALTER EXTENSION nachet_datastore UPDATE TO '1.1.0'" to load this file. \quit


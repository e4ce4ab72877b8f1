-- nachet_datastore: from 1.1.0 to 1.2.0.
--
-- Rule: what this makes of 1.1.0 is, object for object, what the numbered parts make from nothing.

\echo Use "ALTER EXTENSION nachet_datastore UPDATE TO '1.2.0'" to load this file. \quit

-- Roles and rights (10-roles.sql) ----------------------------------------------------------------

-- Tables (20-tables.sql) -------------------------------------------------------------------------

-- Triggers (30-triggers.sql) ---------------------------------------------------------------------

-- Functions (40-functions.sql) -------------------------------------------------------------------

-- Object store (50-object-store.sql) -------------------------------------------------------------

-- Verification (55-verify.sql) -------------------------------------------------------------------

-- Drop guard (60-drop-guard.sql) -----------------------------------------------------------------

-- Also under session_replication_role = replica, which pg_restore -j needs.
ALTER EVENT TRIGGER nachet_drop_guard ENABLE ALWAYS;

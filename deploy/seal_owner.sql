-- Gives the sealed tables to a role the application does not use (docs/adr/0063). Run once after the first migrate, and again after every
-- migrate and every restore, as a superuser:
--   psql --dbname=zhishan -v owner=zhishan_seal -v app=zhishan -f deploy/seal_owner.sql
-- The application may then read and insert, and nothing else: no UPDATE, DELETE, TRUNCATE, and no ALTER that would lift a trigger.
\set ON_ERROR_STOP on
BEGIN;
SELECT format('CREATE ROLE %I NOLOGIN', :'owner') WHERE NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = :'owner') \gexec
SELECT format('REVOKE %I FROM %I', :'owner', :'app') WHERE pg_has_role(:'app', :'owner', 'MEMBER') AND NOT (SELECT rolsuper FROM pg_roles WHERE rolname = :'app') \gexec
GRANT USAGE, CREATE ON SCHEMA public TO :"owner";
SELECT format('ALTER TABLE %I OWNER TO %I', name, :'owner'),
       format('REVOKE ALL ON %I FROM PUBLIC, %I', name, :'app'),
       format('GRANT SELECT, INSERT ON %I TO %I', name, :'app')
  FROM unnest(ARRAY['subsidy_snapshot', 'subsidy_snap_statement', 'subsidy_snap_line', 'subsidy_snap_adjust', 'subsidy_evaluation',
                    'seal_log', 'seal_month', 'seal_tree', 'seal_private', 'seal_erasure']) name \gexec
-- Foreign keys are checked as the owner of the table they point to or from.
GRANT SELECT, REFERENCES ON ALL TABLES IN SCHEMA public TO :"owner";
ALTER FUNCTION zs_refuse_change() OWNER TO :"owner";
ALTER FUNCTION seal_private_frozen() OWNER TO :"owner";
COMMIT;

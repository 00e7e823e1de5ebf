-- Runs when the database volume is new. docs/operations.md says when to run it again: that changes nothing that is right.
-- A superuser can run programs on the server, and the owner of the tables can change them. So the API connects as "app", which
-- only reads and writes rows, and the migrations as "app_owner".
\getenv password POSTGRES_PASSWORD
\getenv owner_password POSTGRES_OWNER_PASSWORD
SELECT format('CREATE ROLE %I', role) FROM unnest(ARRAY['app', 'app_owner']) AS role
  WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role) \gexec
ALTER ROLE app LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD :'password';
ALTER ROLE app_owner LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD :'owner_password';
-- Tables that "app" made before there were two accounts.
REASSIGN OWNED BY app TO app_owner;
ALTER DATABASE app OWNER TO app_owner;
REVOKE ALL ON DATABASE app FROM PUBLIC;
GRANT CONNECT ON DATABASE app TO app;
-- Without a password the superuser can sign in only from inside the container.
ALTER ROLE postgres PASSWORD NULL;

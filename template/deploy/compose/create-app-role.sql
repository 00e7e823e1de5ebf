-- Runs once, when the database volume is new.
-- A superuser can run programs on the server, so the API connects as a role that owns only its own database.
\getenv password POSTGRES_PASSWORD
CREATE ROLE app LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD :'password';
ALTER DATABASE app OWNER TO app;
REVOKE ALL ON DATABASE app FROM PUBLIC;
-- Without a password the superuser can sign in only from inside the container.
ALTER ROLE postgres PASSWORD NULL;

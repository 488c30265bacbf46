#!/bin/bash
# Run once by the postgres image, when its volume is empty: the database's owner, who migrates, and one login a process.
#
# Each login is a member of just the group role that carries its process's grants. `redress migrate` makes those roles too,
# but its login may not: the owner of the schema does not have to be able to make roles.
set -euo pipefail

secret() { cat "/run/redress/$1"; }

psql -v ON_ERROR_STOP=1 --no-psqlrc --quiet --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" \
    -v database="$POSTGRES_DB" \
    -v owner="$(secret owner)" \
    -v identity="$(secret identity-verification)" \
    -v codes="$(secret enrollment-codes)" \
    -v handoff="$(secret bureau-handoff)" <<'SQL'
-- A failing statement would be written to the log, password and all.
SET log_min_error_statement = panic;
CREATE ROLE redress_identity NOLOGIN;
CREATE ROLE redress_codes NOLOGIN;
CREATE ROLE redress_handoff NOLOGIN;
CREATE ROLE redress_owner LOGIN PASSWORD :'owner';
CREATE ROLE identity_verification LOGIN PASSWORD :'identity' IN ROLE redress_identity;
CREATE ROLE enrollment_codes LOGIN PASSWORD :'codes' IN ROLE redress_codes;
CREATE ROLE bureau_handoff LOGIN PASSWORD :'handoff' IN ROLE redress_handoff;
ALTER DATABASE :"database" OWNER TO redress_owner;
SQL

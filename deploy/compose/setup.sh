#!/bin/sh
# Run as root in a container before everything else: makes certificates, keys and passwords at the first start, and gives
# each process its own and nothing more. A second run changes nothing.
#
#   docker-compose run --rm setup renew                 new certificates (these live for 90 days); then restart all
#   docker-compose run --rm setup rotate PURPOSE        a new version of a key (code, index, person), on standby; likewise
#   docker-compose run --rm setup promote PURPOSE       takes that version into use; likewise
#
# /secrets/authority, which only this container sees, holds the originals; /secrets/NAME is a process's own volume.
set -eu
umask 077

all=/secrets/authority
owner=${REDRESS_USER:-10001:10001}

keys() { redress keys "$@" >/dev/null; }

case ${1:-} in
    renew) redress certs --out $all/certs --renew ;;
    rotate | promote) redress keys "$1" $all/"$2".toml --purpose "$2" ;;
    "") ;;
    *) echo "setup: unknown: $1" >&2; exit 2 ;;
esac

# With the volumes gone, what lies on the machine is of another life.
[ -e $all/certs ] || rm -rf /local/certs /local/outbox/*

# One file a purpose: a keyring is a list, so several put together are one too.
redress certs --out $all/certs >/dev/null
for purpose in code index person; do
    keys init $all/$purpose.toml --purpose $purpose
done
for login in superuser owner identity-verification enrollment-codes bureau-handoff; do
    [ -s $all/$login.password ] || od -An -N24 -tx1 /dev/urandom | tr -d ' \n' >$all/$login.password
done

# Puts standard input into a file whole or not at all.
put() { cat >"$1.new" && chown "$owner" "$1.new" && chmod 0400 "$1.new" && mv "$1.new" "$1"; }

url() { printf 'postgres://%s:%s@postgres:5432/redress\n' "$1" "$(cat $all/"$2".password)"; }

# certificates PROCESS
certificates() {
    put /secrets/"$1"/ca.pem <$all/certs/ca.pem
    put /secrets/"$1"/server.pem <$all/certs/"$1".pem
    put /secrets/"$1"/server.key <$all/certs/"$1".key
    chown "$owner" /secrets/"$1"
}

# process NAME LOGIN PURPOSE..
process() {
    name=$1 login=$2
    shift 2
    certificates "$name"
    url "$login" "$name" | put /secrets/"$name"/database-url
    for purpose in "$@"; do cat $all/"$purpose".toml; done | put /secrets/"$name"/keyring.toml
}

process identity-verification identity_verification index person
process enrollment-codes enrollment_codes code
process bureau-handoff bureau_handoff person
certificates sandbox-bureau
put /secrets/sandbox-bureau/partner.pem <$all/certs/partner-sandbox-bureau.pem
put /secrets/sandbox-bureau/partner.key <$all/certs/partner-sandbox-bureau.key
chown "$owner" /data/*
url redress_owner owner | put /secrets/migrate/database-url
chown "$owner" /secrets/migrate

# The image's scripts read these as its own user; nothing but postgres has this volume.
for login in superuser owner identity-verification enrollment-codes bureau-handoff; do
    put /secrets/postgres/$login <$all/$login.password
    chmod 0444 /secrets/postgres/$login
done
chmod 0755 /secrets/postgres

# clients DIRECTORY CERTIFICATES OUTBOX HOST..: what `redress --dir DIRECTORY` needs, four hosts in the order of the ports.
clients() {
    dir=$1 certs=$2 outbox=$3
    shift 3
    mkdir -p "$dir"/certs "$dir"/outbox
    for file in $all/certs/*; do
        case $file in
            */ca.key | */identity-verification.* | */enrollment-codes.* | */bureau-handoff.* | */sandbox-bureau.*) ;;
            *) cp "$file" "$dir"/certs/ ;;
        esac
    done
    cat >"$dir"/endpoints.toml <<TOML
identity = "https://$1:7441"
codes = "https://$2:7442"
handoff = "https://$3:7443"
bureau = "https://$4:7444"
bureau_internal = "https://sandbox-bureau:7444"
certs = "$certs"
outbox = "$outbox"
TOML
}

# For the container `demo`.
clients /secrets/demo /run/redress/certs /outbox identity-verification enrollment-codes bureau-handoff sandbox-bureau
chown -R "$owner" /secrets/demo

# For this machine: beside the compose file's other parts, belonging to whoever cloned them.
clients /local deploy/compose/local/certs deploy/compose/local/outbox 127.0.0.1 127.0.0.1 127.0.0.1 127.0.0.1
chown -R --reference=/local/.gitignore /local/certs /local/endpoints.toml
chown "$owner" /local/outbox
echo "setup: every process has its own secrets; certificates for clients are in deploy/compose/local/certs"

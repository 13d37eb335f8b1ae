#!/bin/sh
# Makes the secrets that compose.yaml names, each once: what is there stays as it is. Run it beside compose.yaml.
set -eu
umask 077
mkdir -p secrets
# The folder is for its owner alone. The files in it can be read by all, as compose mounts them as they are, and the
# user in the image is another than you.
fresh() {
  [ -e "secrets/$1" ] || { openssl rand -hex 24 | tr -d '\n' > "secrets/$1"; echo "secrets/$1"; }
}
fresh postgres_password
fresh posthouse_admin_key
fresh posthouse_web_key
fresh grafana_password
[ -e secrets/posthouse_store ] || {
  printf 'postgresql://posthouse:%s@postgres/posthouse' "$(cat secrets/postgres_password)" > secrets/posthouse_store
  echo secrets/posthouse_store
}
chmod 0644 secrets/postgres_password secrets/posthouse_* secrets/grafana_password

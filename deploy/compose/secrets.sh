#!/bin/sh
# Writes the secrets that docker-compose.yml requires into .env: random passwords of the database, and the first key of
# the API. It changes no line that .env has.
set -eu
cd "$(dirname "$0")/../.."
umask 077
random() { LC_ALL=C tr -dc "$1" </dev/urandom | head -c "$2"; }
add() {
  if ! grep -q "^$1=" .env 2>/dev/null; then
    printf '%s=%s\n' "$1" "$2" >>.env
    echo "$1 was added to .env"
  fi
}
for role in POSTGRES OWNER API WORKER READER; do
  add "LONGSHORE_${role}_PASSWORD" "$(random A-Za-z0-9 32)"
done
add LONGSHORE_FIRST_KEY "lsk_$(random a-z2-7 16)_$(random a-z2-7 52)"

#!/bin/sh
# Creates the namespace longshore-dev and the secrets that the overlay needs, with random passwords, and prints the first key
# of the API. It replaces no secret: the passwords are used when the volume of Postgres is new.
set -eu
cd "$(dirname "$0")"
random() { LC_ALL=C tr -dc "$1" </dev/urandom | head -c "$2"; }
kubectl apply --server-side -f namespace.yaml
if kubectl -n longshore-dev get secret longshore >/dev/null 2>&1; then
  echo "the secrets exist already"
  exit 0
fi
owner=$(random A-Za-z0-9 32) api=$(random A-Za-z0-9 32) worker=$(random A-Za-z0-9 32) reader=$(random A-Za-z0-9 32)
key=lsk_$(random a-z2-7 16)_$(random a-z2-7 52)
address() { echo "postgres://longshore_$1:$2@postgres:5432/longshore?sslmode=disable"; }
kubectl -n longshore-dev create secret generic postgres --from-literal="POSTGRES_PASSWORD=$(random A-Za-z0-9 32)" \
  --from-literal="LONGSHORE_OWNER_PASSWORD=$owner" --from-literal="LONGSHORE_API_PASSWORD=$api" \
  --from-literal="LONGSHORE_WORKER_PASSWORD=$worker" --from-literal="LONGSHORE_READER_PASSWORD=$reader"
kubectl -n longshore-dev create secret generic longshore --from-literal="REDIS_URL=redis://redis:6379/0" \
  --from-literal="DATABASE_URL_OWNER=$(address owner "$owner")" --from-literal="DATABASE_URL_API=$(address api "$api")" \
  --from-literal="DATABASE_URL_WORKER=$(address worker "$worker")" --from-literal="DATABASE_URL_READER=$(address reader "$reader")" \
  --from-literal="LONGSHORE_FIRST_KEY=$key"
echo "the first key of the API, of an administrator: $key"

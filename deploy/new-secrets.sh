#!/bin/sh
# Makes deploy/secrets/ once: passwords that only the containers read.
set -eu
umask 077
cd "$(dirname "$0")"
mkdir -p secrets
cd secrets

new() {
  [ -s "$1" ] || head -c 24 /dev/urandom | od -An -tx1 | tr -d ' \n' > "$1"
}

new postgres-password
new grafana-password
[ -e metrics-key ] || : > metrics-key
if [ ! -s shared.env ]; then
  new generator-secret
  {
    echo "PINXIT_DATABASE=postgresql://pinxit:$(cat postgres-password)@postgres:5432/pinxit"
    echo "PINXIT_GENERATOR_SECRET=$(cat generator-secret)"
  } > shared.env
fi
chmod 644 postgres-password grafana-password metrics-key  # other users inside the containers read them
chmod 711 .
echo "deploy/secrets is ready."

#!/usr/bin/env bash
# Every stage as a person would call it.   make demo ARGS="--set train.epochs=3"
set -euo pipefail

program=("${PYTHON:-.venv/bin/python}" -m {{ cookiecutter.__package }})
settings=(--set serve.host=127.0.0.1 --set serve.port=0 --set serve.keys=null "$@")
output=$(mktemp)
server=
trap 'rm "$output"; [[ -z $server ]] || { kill "$server" && wait "$server"; } 2> /dev/null || true' EXIT

stage() { # a command under a heading, with the seconds that it took; 10 says that an alert is open
  local code=0 start=$SECONDS
  printf '\n── %s ─────────────────────────────────────────────\n' "$1"
  "${program[@]}" "$@" "${settings[@]}" || code=$?
  [[ $code == 0 || $code == 10 ]] || fail "'$1' ended with exit code $code; see its message above" "$code"
  echo "($((SECONDS - start)) s)"
}

fail() {
  echo "error: $1" >&2
  exit "$2"
}

stage data
stage train
if [[ $("${program[@]}" history --json "${settings[@]}") != *'"serves": "yes"'* ]]; then
  printf '\nstopped   nothing serves; see the last line of train\n'
  exit
fi
stage score
printf '\n── serve (in the background) ─────────────────────────────────────────────\n'
"${program[@]}" serve "${settings[@]}" > "$output" &
server=$!
deadline=$((SECONDS + 60))
until url=$(grep -o 'http://[^ ]*' "$output") && curl --silent --fail --output /dev/null "$url/health/ready"; do
  kill -0 "$server" 2> /dev/null || fail "the server stopped at its start; see its message" 7
  ((SECONDS < deadline)) || fail "the server is not ready after 60 s" 7
  sleep 0.2
done
echo "ready     $url"
stage replay --url "$url"
stage monitor --fail-on-alert
printf '\ndone in %s s: the model is trained, gated, served and monitored\n' "$SECONDS"
echo 'next      make serve; your own data: make adopt CSV=rows.csv TARGET=column'

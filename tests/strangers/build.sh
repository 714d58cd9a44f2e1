#!/bin/sh
# Builds the verifier of logs that is made of others' code: build.sh PROGRAM.
# Uses Debian's Go and its packaged libraries, no network.
set -eu
if ! command -v go >/dev/null 2>&1; then
	echo "strangers: Go is missing; sh .ci/deps check installs golang-go and golang-golang-x-mod-dev" >&2
	exit 1
fi
if ! [ -d /usr/share/gocode/src/golang.org/x/mod/sumdb/tlog ]; then
	echo "strangers: golang.org/x/mod is missing; sh .ci/deps check installs golang-golang-x-mod-dev" >&2
	exit 1
fi
mkdir -p "$(dirname "$1")"
GO111MODULE=off GOPATH=/usr/share/gocode GOPROXY=off GOFLAGS='' CGO_ENABLED=0 \
	GOCACHE="${GOCACHE:-$PWD/build/go-cache}" \
	go build -o "$1" tests/strangers/verify.go

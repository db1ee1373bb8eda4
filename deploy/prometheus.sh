#!/usr/bin/env bash
# Puts promtool and prometheus into FOLDER: the ones on the PATH, else those of Debian's package, unpacked without root.
# Usage: deploy/prometheus.sh FOLDER
set -euo pipefail
folder=$(realpath "$1")

if command -v promtool >/dev/null && command -v prometheus >/dev/null; then
  ln -sf "$(command -v promtool)" "$(command -v prometheus)" "$folder/"
  exit
fi
if ! command -v apt-get >/dev/null || ! command -v dpkg-deb >/dev/null; then
  echo "promtool and prometheus are not on the PATH, and without apt-get they cannot be had here: install Prometheus" >&2
  exit 2
fi
unpacked=$(mktemp -d)
trap 'rm -rf "$unpacked"' EXIT
cd "$unpacked"
if ! apt-get download -qq prometheus 2>apt.log; then
  echo "Debian's package prometheus cannot be downloaded (run apt-get update?): $(tail -1 apt.log)" >&2
  exit 2
fi
dpkg-deb -x prometheus_*.deb .
install usr/bin/promtool usr/bin/prometheus "$folder/"

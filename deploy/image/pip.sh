#!/bin/sh
# pip as the stages of deploy/Dockerfile call it; its own arguments follow.
# Wheels in /wheels mean a build from local files: then no index is asked. A certificate and a pip.conf come as secrets,
# which the builder mounts for one command alone, so neither the image nor its history knows them.
set -eu
if [ -n "$(ls -A /wheels)" ]; then
    export PIP_NO_INDEX=1 PIP_FIND_LINKS=/wheels
fi
if [ -f /run/secrets/ca.crt ]; then
    export PIP_CERT=/run/secrets/ca.crt
fi
# What the builder keeps from one build to the next.
export PIP_CACHE_DIR=/var/cache/pip
exec /build/tools/bin/pip --disable-pip-version-check "$@"

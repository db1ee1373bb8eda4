#!/usr/bin/env python3
"""The image's own HEALTHCHECK: exit 0 when `/livez` of the admin port answers 200, else 1. Kubernetes does not use it.

The port is BRIDGE_ADMIN__PORT, else 9090. It is asked on loopback, so `admin.host` must be a wildcard or loopback.
"""

import http.client
import os
import sys

TIMEOUT_S = 2.0  # the HEALTHCHECK ends after three

connection = http.client.HTTPConnection("127.0.0.1", int(os.environ.get("BRIDGE_ADMIN__PORT", "9090")), TIMEOUT_S)
try:
    connection.request("GET", "/livez")
    alive = connection.getresponse().status == http.HTTPStatus.OK
except (OSError, http.client.HTTPException):
    alive = False
sys.exit(0 if alive else 1)

"""Prints an access token of the API client that the CTP_* variables name."""

import base64
import json
import os
import sys
import urllib.error
import urllib.request

credentials = f"{os.environ['CTP_CLIENT_ID']}:{os.environ['CTP_CLIENT_SECRET']}".encode()
request = urllib.request.Request(
    os.environ["CTP_AUTH_URL"].rstrip("/") + "/oauth/token",
    data=b"grant_type=client_credentials",
    headers={
        "Authorization": "Basic " + base64.b64encode(credentials).decode(),
        "Content-Type": "application/x-www-form-urlencoded",
    },
)
try:
    with urllib.request.urlopen(request, timeout=20) as response:
        print(json.load(response)["access_token"])
except (urllib.error.URLError, KeyError, ValueError) as error:
    sys.exit(f"fuzz: no access token from {os.environ['CTP_AUTH_URL']}: {error}")

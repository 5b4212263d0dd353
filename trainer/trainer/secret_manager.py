"""Secrets that a job is given by their names in Google's Secret Manager.

Whoever may look at a custom job of Vertex AI reads its environment, so the server writes `HF_TOKEN_SECRET_NAME` there
in place of `HF_TOKEN`. It is opened here with the service account that the job runs as.
"""

from __future__ import annotations

import base64
import json
import os
import re
import time
from collections.abc import MutableMapping
from typing import Any

from trainer.failure import Failure

SUFFIX = "_SECRET_NAME"
_NAME = re.compile(r"projects/[^/]+(?:/locations/(?P<region>[a-z0-9-]+))?/secrets/[^/]+(?P<version>/versions/[^/]+)?")
_METADATA = "metadata.google.internal"
_TOKEN = "/computeMetadata/v1/instance/service-accounts/default/token"
_SECONDS = 10.0
_PAUSES = (0.5, 2.0, 5.0)
_PASSING = (408, 429, 500, 502, 503, 504)


def open_named(environment: MutableMapping[str, str] = os.environ) -> None:
    """Puts the value of each named secret into its variable, unless that has one already."""
    token = ""
    for variable, name in sorted(environment.items()):
        target = variable.removesuffix(SUFFIX)
        found = _NAME.fullmatch(name)
        if target == variable or not target or target in environment or not found:
            continue
        token = token or _access_token(variable, environment)
        path = name if found["version"] else f"{name}/versions/latest"
        environment[target] = _opened(variable, path, _endpoint(found["region"], environment), token)


def _endpoint(region: str | None, environment: MutableMapping[str, str]) -> str:
    usual = f"https://secretmanager.{region}.rep.googleapis.com" if region else "https://secretmanager.googleapis.com"
    return environment.get("CLOUDSDK_API_ENDPOINT_OVERRIDES_SECRETMANAGER", usual).rstrip("/")


def _access_token(variable: str, environment: MutableMapping[str, str]) -> str:
    host = environment.get("GCE_METADATA_HOST", _METADATA)
    try:
        answer = _asked(f"http://{host}{_TOKEN}", {"Metadata-Flavor": "Google"})
        return str(answer["access_token"])
    except (OSError, ValueError, KeyError) as error:
        raise Failure(
            "config",
            f"{variable} names a secret, and there is no Google service account here to open it with ({_why(error)});"
            f" run the job on Google Cloud under a service account, or give {variable.removesuffix(SUFFIX)} itself",
        ) from error


def _opened(variable: str, path: str, endpoint: str, token: str) -> str:
    import urllib.error  # here and below, since a job that names no secret need not wait for it at its start

    try:
        answer = _asked(f"{endpoint}/v1/{path}:access", {"Authorization": f"Bearer {token}"})
        return base64.b64decode(answer["payload"]["data"]).decode()
    except urllib.error.HTTPError as refused:
        remedy = {
            403: "grant roles/secretmanager.secretAccessor on it to the service account of the job",
            404: "create it, or name one that exists",
        }.get(refused.code, "try again")
        message = f"{variable}: the secret {path} is not given out ({_why(refused)}); {remedy}"
        raise Failure("config", message, retryable=refused.code in _PASSING) from refused
    except OSError as error:
        raise Failure(
            "config", f"{variable}: Secret Manager cannot be reached ({_why(error)})", retryable=True
        ) from error
    except (ValueError, KeyError, TypeError) as error:
        raise Failure("config", f"{variable}: the secret {path} is not text") from error


def _asked(url: str, headers: dict[str, str]) -> Any:
    import urllib.error
    import urllib.request

    request = urllib.request.Request(url, headers=headers)
    for pause in (*_PAUSES, None):
        try:
            with urllib.request.urlopen(request, timeout=_SECONDS) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as refused:
            if pause is None or refused.code not in _PASSING:
                raise
        except OSError:
            if pause is None:
                raise
        time.sleep(pause)
    raise AssertionError("the last try returns or raises")


def _why(error: Exception) -> str:
    import urllib.error

    return f"status {error.code}" if isinstance(error, urllib.error.HTTPError) else str(error)

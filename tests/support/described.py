"""Holds an answer against Mastodon's own description of the operation: its status code and its schema.

Where a real client and the description disagree the client wins, and the disagreement stands in CLIENTS_WIN with its
reason. What the description does not know stands in BESIDE_IT; any other unknown address is a fault.
"""

import json
import re
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker

from tests.support.openapi import description
from tests.support.recording import Exchange

CLIENTS_WIN = {
    ("GET", "/api/v1/filters"): "described as one filter; Mastodon.py and Tusky read a list",
    ("GET", "/api/v1/instance/translation_languages"): "described as nothing; Mastodon.py reads an object",
}
FIELDS_OTHERWISE = {
    ("/api/v1/instance", "email"): "empty when the operator gave no address, as on a new Mastodon; apps show a text",
    ("/api/v2/instance", "contact.email"): "the same",
}
BESIDE_IT = re.compile(
    r"/|/oauth/(authorize|sign_in|sign_out|token|revoke|userinfo)|/\.well-known/(nodeinfo|webfinger|host-meta)"
    r"|/nodeinfo/2\.0|/health|/api/v1/instance/languages|/api/v1/trends|/api/openapi\.json"
    r"|/api/v1/timelines/link|/api/v1/streaming/.*"
)
REFUSAL = {"type": "object", "required": ["error"], "properties": {"error": {"type": "string", "minLength": 1}}}


def faults_of(exchange: Exchange) -> list[str]:
    """What is wrong with an answer, as sentences; nothing when it is as described."""
    said = f"{exchange.method} {exchange.path} -> {exchange.status}"
    if exchange.status >= 500:
        return [f"{said}: the server's own fault: {exchange.body[:300]!r}"]
    path = exchange.path.rstrip("/") or "/"
    operation = _operation(exchange.method, path)
    if operation is None:
        known = BESIDE_IT.fullmatch(path) or exchange.status in (404, 405) or exchange.method in ("HEAD", "OPTIONS")
        return [] if known else [f"{said}: not in Mastodon's description"]
    template, answers = operation
    if exchange.status >= 400:
        return _faults_of_refusal(said, exchange)
    if (exchange.method, template) in CLIENTS_WIN:
        return []
    answer = answers.get(str(exchange.status))
    if answer is None:
        return [f"{said}: described are {', '.join(answers)}"]
    schema = answer.get("content", {}).get("application/json", {}).get("schema")
    if not schema:
        return []
    faults = _faults(schema, exchange.body)
    return [f"{said}: {where}: {what}" for where, what in faults if (template, where) not in FIELDS_OTHERWISE]


def _faults_of_refusal(said: str, exchange: Exchange) -> list[str]:
    if "html" in exchange.headers.get("content-type", ""):
        return [] if exchange.path.startswith("/oauth/") else [f"{said}: a page where JSON is expected"]
    return [f"{said}: {where}: {what}" for where, what in _faults(REFUSAL, exchange.body)]


def _faults(schema: dict[str, Any], body: bytes) -> list[tuple[str, str]]:
    found = _validator(json.dumps(schema)).iter_errors(json.loads(body))
    return [(".".join(map(str, fault.absolute_path)), fault.message[:300]) for fault in found]


@cache
def _validator(schema: str) -> Draft202012Validator:
    document = {"components": description()["components"], **json.loads(schema)}
    return Draft202012Validator(document, format_checker=FormatChecker())


@cache
def _operation(method: str, path: str) -> tuple[str, dict[str, Any]] | None:
    """The template that fits best (the fewest captured parts) and what it may answer."""
    fitting = [
        (template.count("{"), template)
        for template, operations in description()["paths"].items()
        if method.lower() in operations and re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", template), path)
    ]
    if not fitting:
        return None
    template = min(fitting)[1]
    return template, description()["paths"][template][method.lower()]["responses"]

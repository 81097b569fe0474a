"""The demo vendor's door for signed messages (Standard Webhooks) that bear CloudEvents, answered at once."""

import base64
import binascii
import hashlib
import hmac
import json
import time

from flask import Blueprint, jsonify, request

TOLERANCE_SECONDS = 300  # between two clocks


def messages(secret: str) -> Blueprint:
    """POST /messages: 401 for what is not signed with `secret` (the bytes that it is in Base64), else done,
    once or twice alike."""
    page = Blueprint("messages", __name__)

    @page.post("/messages")
    def message():
        if not _is_signed(secret):
            return jsonify(message="This is not signed by Halle, or too old."), 401
        event = json.loads(request.data)
        told, kind = event["data"], event["type"].rpartition(".")[2]
        print(f"message « {kind} » pour {told['organisation']['name']}", flush=True)
        opened = {"url": f"https://horizon-bourg.example/{told['organisation']['siren']}"}
        return jsonify({"state": "done"} | (opened if kind == "activate" else {}))

    return page


def _is_signed(secret: str) -> bool:
    name, sent_at = (request.headers.get(f"webhook-{one}", "") for one in ("id", "timestamp"))
    if not sent_at.isascii() or not sent_at.isdigit() or abs(time.time() - int(sent_at)) > TOLERANCE_SECONDS:
        return False
    try:
        key = base64.b64decode(secret, validate=True)
    except binascii.Error:
        return False
    code = hmac.new(key, f"{name}.{sent_at}.".encode() + request.data, hashlib.sha256).digest()
    expected = "v1," + base64.b64encode(code).decode()
    signatures = request.headers.get("webhook-signature", "").split(" ")
    return any(hmac.compare_digest(one.encode(), expected.encode()) for one in signatures)

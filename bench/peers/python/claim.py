"""The claim as a team would write it in Python: Starlette on uvicorn, one request, one transaction, sqlite3.

Kind to itself: uvloop and httptools, one kept connection a process, and no follow or ticket is looked up.
"""

import hashlib
import hmac
import os
import random
import secrets
import sqlite3
import time
from urllib.parse import parse_qs

from starlette.applications import Starlette
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

SECRET = b"bench"
db = sqlite3.connect(os.environ["CLAIMS_DB"], timeout=60, isolation_level=None)
db.execute("PRAGMA synchronous = FULL")
db.execute("PRAGMA foreign_keys = ON")


def openid_of(request):
    openid, _, code = request.cookies.get("s", "").partition(".")
    right = hmac.new(SECRET, openid.encode(), hashlib.sha256).hexdigest()
    return openid if hmac.compare_digest(right, code) else None


def grant(slug, openid, ip):
    db.execute("BEGIN IMMEDIATE")
    try:
        row = db.execute("SELECT id FROM campaigns WHERE slug = ? AND state = 'running'", (slug,)).fetchone()
        amount, now = random.randint(100, 300), int(time.time())
        claim = db.execute(
            "INSERT INTO claims (campaign_id, openid, amount_fen, ip, at) VALUES (?, ?, ?, ?, ?)",
            (row[0], openid, amount, ip, now),
        ).lastrowid
        spent = db.execute(
            "UPDATE campaigns SET left_fen = left_fen - ? WHERE id = ? AND left_fen >= ?", (amount, row[0], amount)
        )
        if spent.rowcount == 0:
            db.execute("ROLLBACK")
            return "used up"
        db.execute(
            "INSERT INTO payouts (claim_id, mch_billno, amount_fen, state, due_at) VALUES (?, ?, ?, 'queued', ?)",
            (claim, "PB" + secrets.token_hex(13), amount, now),
        )
        db.execute("COMMIT")
        return "granted"
    except sqlite3.IntegrityError:
        db.execute("ROLLBACK")
        return "already claimed"


async def claim(request):
    openid = openid_of(request)
    if openid is None:
        return Response(status_code=403)
    form = parse_qs((await request.body()).decode())
    # Called on the loop: a claim is one disk write, and SQLite takes one writer at a time anyway.
    end = grant(form.get("campaign", [""])[0], openid, request.client.host)
    return Response(status_code=303, headers={"location": "/c/demo" if end == "granted" else "/c/demo?again=1"})


async def about(_request):
    told = [f"{pragma}={db.execute(f'PRAGMA {pragma}').fetchone()[0]}" for pragma in ("journal_mode", "synchronous")]
    return PlainTextResponse(", ".join(["Python", *told]))


app = Starlette(routes=[Route("/api/public/claim", claim, methods=["POST"]), Route("/about", about)])

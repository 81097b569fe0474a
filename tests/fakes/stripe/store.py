"""What the fake remembers: objects, idempotency keys and webhook deliveries, in one SQLite file.

SQLite rather than a JSON file because a billing run creates thousands of objects: each change costs
one row, not a rewrite of everything.
"""

import json
import secrets
import sqlite3
import threading
import time

SCHEMA = """
CREATE TABLE IF NOT EXISTS objects (
    seq INTEGER PRIMARY KEY, kind TEXT NOT NULL, id TEXT NOT NULL UNIQUE, body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS idempotency (
    key TEXT PRIMARY KEY, path TEXT NOT NULL, params TEXT NOT NULL, answer TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS deliveries (
    event TEXT PRIMARY KEY, attempts INTEGER NOT NULL DEFAULT 0, due REAL NOT NULL, last_status TEXT);
"""


class Store:
    """A locked, transactional store. Without a path it lives in memory and dies with the process."""

    def __init__(self, path=None):
        self.lock = threading.RLock()
        self._db = sqlite3.connect(path or ":memory:", check_same_thread=False, isolation_level=None)
        # The file survives a killed process, not a power cut: enough here, and ten times faster.
        self._db.execute("PRAGMA synchronous = OFF")
        self._db.executescript(SCHEMA)

    def close(self):
        with self.lock:
            self._db.close()

    def __enter__(self):
        """Open one transaction: several changes are kept together or not at all."""
        self.lock.acquire()
        self._db.execute("BEGIN")
        return self

    def __exit__(self, error, *_):
        self._db.execute("ROLLBACK" if error else "COMMIT")
        self.lock.release()

    def save(self, kind, obj):
        """Insert or replace `obj` under its own id, keeping its place in the order of creation."""
        with self.lock:
            self._db.execute(
                "INSERT INTO objects (kind, id, body) VALUES (?, ?, ?)"
                " ON CONFLICT (id) DO UPDATE SET body = excluded.body",
                (kind, obj["id"], json.dumps(obj)),
            )
        return obj

    def delete(self, object_id):
        with self.lock:
            self._db.execute("DELETE FROM objects WHERE id = ?", (object_id,))

    def get(self, kind, object_id):
        """The object, or None."""
        with self.lock:
            row = self._db.execute(
                "SELECT body FROM objects WHERE kind = ? AND id = ?", (kind, object_id)
            ).fetchone()
        return json.loads(row[0]) if row else None

    def all(self, kind):
        """Every object of one kind, newest first, as Stripe lists them."""
        with self.lock:
            rows = self._db.execute("SELECT body FROM objects WHERE kind = ? ORDER BY seq DESC", (kind,))
            return [json.loads(body) for (body,) in rows.fetchall()]

    def recall(self, key):
        """(path, params, answer) first given under this idempotency key, or None."""
        with self.lock:
            row = self._db.execute(
                "SELECT path, params, answer FROM idempotency WHERE key = ?", (key,)
            ).fetchone()
        return (row[0], json.loads(row[1]), json.loads(row[2])) if row else None

    def remember(self, key, path, params, answer):
        with self.lock:
            self._db.execute(
                "INSERT INTO idempotency VALUES (?, ?, ?, ?)",
                (key, path, json.dumps(params), json.dumps(answer)),
            )

    def forget_idempotency_keys(self):
        """Do what Stripe does after at least 24 hours: a key used again is a new request."""
        with self.lock:
            self._db.execute("DELETE FROM idempotency")

    def owe(self, event_id):
        """Record that an event must be delivered; it stays owed until the receiver accepts it."""
        with self.lock:
            self._db.execute("INSERT INTO deliveries (event, due) VALUES (?, ?)", (event_id, time.time()))

    def owed(self):
        """[(event id, attempts so far, due time)] in order of creation."""
        with self.lock:
            return self._db.execute("SELECT event, attempts, due FROM deliveries ORDER BY rowid").fetchall()

    def delivered(self, event_id):
        with self.lock:
            self._db.execute("DELETE FROM deliveries WHERE event = ?", (event_id,))

    def postpone(self, event_id, due, status):
        with self.lock:
            self._db.execute(
                "UPDATE deliveries SET attempts = attempts + 1, due = ?, last_status = ? WHERE event = ?",
                (due, status, event_id),
            )


def new_id(prefix):
    """An id in Stripe's shape: prefix, underscore, 24 characters."""
    return f"{prefix}_{secrets.token_hex(12)}"

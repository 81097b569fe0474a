"""What the demo vendor remembers of the services it opened, and of who reaches them, in one SQLite file."""

import json
import secrets
import sqlite3
import threading


class Instances:
    """Instances (dicts) by id. A write is committed before the answer leaves: a kill loses nothing."""

    def __init__(self, path=None):
        self.lock = threading.RLock()
        self._db = sqlite3.connect(path or ":memory:", check_same_thread=False, isolation_level=None)
        self._db.execute("CREATE TABLE IF NOT EXISTS instances (id TEXT PRIMARY KEY, body TEXT NOT NULL)")
        self._db.execute("CREATE TABLE IF NOT EXISTS bindings (id TEXT PRIMARY KEY, word TEXT NOT NULL)")

    def get(self, instance_id):
        with self.lock:
            row = self._db.execute("SELECT body FROM instances WHERE id = ?", (instance_id,)).fetchone()
        return row and json.loads(row[0])

    def save(self, instance):
        with self.lock:
            self._db.execute("REPLACE INTO instances VALUES (?, ?)", (instance["id"], json.dumps(instance)))

    def bind(self, binding_id):
        """The password of those credentials, and whether they were there before."""
        with self.lock:
            found = self._db.execute("SELECT word FROM bindings WHERE id = ?", (binding_id,)).fetchone()
            word = found[0] if found else secrets.token_urlsafe(18)
            self._db.execute("REPLACE INTO bindings VALUES (?, ?)", (binding_id, word))
        return word, found is not None

    def unbind(self, binding_id):
        """Whether there was something to take back."""
        with self.lock:
            return self._db.execute("DELETE FROM bindings WHERE id = ?", (binding_id,)).rowcount > 0

    def all(self):
        """Every instance ever opened, closed ones included."""
        with self.lock:
            rows = self._db.execute("SELECT body FROM instances ORDER BY rowid").fetchall()
        return [json.loads(body) for (body,) in rows]

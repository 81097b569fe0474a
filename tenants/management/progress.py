"""How far a command has come: a bar redrawn on its one line on a terminal, a few plain lines elsewhere."""

from tenants.numbers import thousands

WIDTH = 30
PLAIN_STEP = 10  # per cent, between two plain lines


class ProgressBar:
    """Call it with what is done and the whole, in rows; it writes to `out`, which knows if it is a terminal.

    It never rounds up: 100 % is said when the last row is done, and not before.
    """

    def __init__(self, out, title: str):
        self.out, self.title = out, title
        self.live = out.isatty()
        self.told = -1

    def __call__(self, done: int, total: int) -> None:
        percent = 100 * done // total if total else 100
        step = 1 if self.live else PLAIN_STEP
        if percent // step == self.told // step:
            return
        self.told = percent
        text = f"{percent:3d} %  {thousands(done)} lignes sur {thousands(total)}"
        if self.live:
            full = WIDTH * percent // 100
            # "\x1b[K" clears what a longer line left behind.
            self.out.write(f"\r{self.title} [{'█' * full}{'·' * (WIDTH - full)}] {text}\x1b[K", ending="")
            if percent == 100:
                self.out.write("")
            self.out.flush()
        else:
            self.out.write(f"{self.title} : {text.strip()}")

"""Runs a command on a pseudo-terminal."""

import os
import pty
import re
import select
import subprocess
import termios
import time

ENTER, DOWN, CTRL_C = "\r", "\x1b[B", "\x03"
PATIENCE = 60.0


class Session:
    """A command on a terminal."""

    def __init__(self, command, folder):
        self.controller, terminal = pty.openpty()
        self.before = termios.tcgetattr(terminal)
        self.process = subprocess.Popen(
            command,
            cwd=folder,
            stdin=terminal,
            stdout=terminal,
            stderr=terminal,
            env=os.environ | {"TERM": "xterm", "PROMPT_TOOLKIT_NO_CPR": "1", "COLUMNS": "200"},
            start_new_session=True,
        )
        self.terminal = terminal
        self.seen = ""

    def expect(self, text):
        """Waits for a text in the output, after the text that was found last."""
        deadline = time.monotonic() + PATIENCE
        while text not in self._plain():
            assert time.monotonic() < deadline, self._plain()
            self._read()
        plain = self._plain()
        self.seen = plain[plain.index(text) + len(text) :]

    def type(self, keys):
        os.write(self.controller, keys.encode())

    def answer(self, question, keys=ENTER):
        self.expect(question)
        self.type(keys)

    def end(self):
        """The exit code, and the rest of the output."""
        while self.process.poll() is None:
            self._read()
        while self._read():
            pass
        return self.process.returncode, self._plain()

    def is_usable(self):
        return termios.tcgetattr(self.terminal)[3] == self.before[3]

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self.controller)
        os.close(self.terminal)

    def _read(self):
        ready, _, _ = select.select([self.controller], [], [], 0.1)
        if not ready:
            return False
        self.seen += os.read(self.controller, 65536).decode(errors="replace")
        return True

    def _plain(self):
        return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b[=>78]", "", self.seen)

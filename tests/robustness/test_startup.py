"""A start that cannot succeed: one line that says what is wrong and what to do, and nothing left behind."""

from __future__ import annotations

import os
import socket
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import pytest

from softswitch.app_switch import node_settings
from softswitch.asterisk import process
from softswitch.asterisk.secrets import node_secrets
from softswitch.errors import Refusal
from softswitch.run import run
from softswitch.settings import load
from softswitch.setup.progress import SetupError
from softswitch.store.folder import DataFolder
from softswitch.testing.patience import PATIENCE
from softswitch.testing.system import LOCAL, own_settings, running_system

pytestmark = pytest.mark.asterisk

NOBODY = 65_534


class Attempt:
    """A start on free ports, with what a test makes wrong of it."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.folder = folder
        self.stack = stack
        self.settings = own_settings(folder / "data")
        self.config: Path | None = None
        self.environment: dict[str, str] = {}
        names = ("data", "http", "sip", "sips", "switch_http", "switch_https", "ami", "rtp")
        self.options = {name: str(getattr(self.settings, name)) for name in names}

    def start(self) -> int:
        """Do what `softswitch up` does."""
        found = load(config=self.config, environment=self.environment, command_line=self.options)
        return run(found)


Case = Callable[[Attempt], None]


def config(text: str) -> Case:
    def prepare(attempt: Attempt) -> None:
        attempt.config = attempt.folder / "softswitch.toml"
        attempt.config.write_text(text)

    return prepare


def no_config(attempt: Attempt) -> None:
    attempt.config = Path("/no/such.toml")


def option(name: str, value: str) -> Case:
    def prepare(attempt: Attempt) -> None:
        attempt.options[name] = value

    return prepare


def environment(name: str, value: str) -> Case:
    def prepare(attempt: Attempt) -> None:
        attempt.environment[name] = value

    return prepare


def taken(name: str, kind: socket.SocketKind = socket.SOCK_STREAM) -> Case:
    def prepare(attempt: Attempt) -> None:
        other = attempt.stack.enter_context(socket.socket(socket.AF_INET, kind))
        other.bind((LOCAL, getattr(attempt.settings, name).port))
        if kind == socket.SOCK_STREAM:
            other.listen()

    return prepare


def no_database(attempt: Attempt) -> None:
    attempt.settings.data.mkdir()
    (attempt.settings.data / "softswitch.db").write_bytes(b"This is a text. " * 500)


def damaged_database(attempt: Attempt) -> None:
    """The head of the file is right; the pages are not."""
    attempt.settings.data.mkdir()
    path = attempt.settings.data / "softswitch.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE event_log (seq INTEGER PRIMARY KEY, body TEXT)")
        connection.executemany("INSERT INTO event_log (body) VALUES (?)", [("x" * 500,)] * 200)
    connection.close()
    content = path.read_bytes()
    path.write_bytes(content[:100] + b"\xff" * (len(content) - 100))


def data_is_a_file(attempt: Attempt) -> None:
    attempt.settings.data.write_text("")


def data_is_held(attempt: Attempt) -> None:
    attempt.stack.enter_context(DataFolder(attempt.settings.data))


CASES: dict[str, tuple[Case, str, str]] = {
    "unknown key": (config('\nhtpp = "1"\n'), "line 2: there is no setting 'htpp'", "Did you mean http?"),
    "unknown variable": (environment("SOFTSWITCH_HTPP", "1"), "environment SOFTSWITCH_HTPP", "http?"),
    "wrong value": (config("recording_days = 0\n"), "recording_days = '0' is wrong", "Give 1 to"),
    "two lines": (config('log_level = "a\\nb"\n'), "log_level = 'a\\nb' is wrong", "Give one of"),
    "no TOML": (config("= =\n"), "cannot be read", "it is TOML"),
    "no such file": (no_config, "/no/such.toml does not exist", "Give the path"),
    "wrong address": (option("http", "nonsense"), "--http: http = 'nonsense' is wrong", "Give HOST:PORT"),
    "http is taken": (taken("http"), "listens on", "--http HOST:PORT"),
    "foreign address": (option("http", "192.0.2.1:8080"), "cannot listen on 192.0.2.1", "Give an address"),
    "sip is taken": (taken("sip", socket.SOCK_DGRAM), "(sip_port)", "set another sip_port"),
    "sips is taken": (taken("sips"), "(sips_port)", "set another sips_port"),
    "websocket is taken": (taken("switch_http"), "(http_port)", "set another http_port"),
    "ami is taken": (taken("ami"), "(ami_port)", "set another ami_port"),
    "no database": (no_database, "is not a database", "Restore the last backup"),
    "damaged database": (damaged_database, "is damaged", "Restore the last backup"),
    "database elsewhere": (option("database", "sqlite:////no/such/x.db"), "cannot be opened", "Check"),
    "database of no kind": (option("database", "oracle://x"), "kind 'oracle'", "Give sqlite:"),
    "unreadable database": (option("database", "x://[::1"), "URL cannot be read", "Give sqlite:"),
    "data is a file": (data_is_a_file, "The data folder", "--data"),
    "data below a file": (option("data", "/etc/passwd/data"), "/etc/passwd/data", "--data"),
    "data is held": (data_is_held, "A server (process ", "End it first"),
}  # fmt: skip


@pytest.fixture
def quiet_log(monkeypatch: pytest.MonkeyPatch) -> None:
    """The log of a start would be one more file of this process that stays open."""
    monkeypatch.setattr("logging.basicConfig", lambda **more: [h.close() for h in more["handlers"]])


@pytest.mark.parametrize("name", CASES)
@pytest.mark.usefixtures("quiet_log")
def test_a_start_that_cannot_succeed_says_what_to_do(name: str, tmp_path: Path) -> None:
    prepare, what, next_step = CASES[name]
    with ExitStack() as stack:
        attempt = Attempt(tmp_path, stack)
        prepare(attempt)
        with pytest.raises(Refusal) as refused:
            attempt.start()
    assert what in refused.value.message
    assert next_step in refused.value.next_step
    assert refused.value.next_step
    assert "\n" not in str(refused.value)
    assert process.running_pid(node_settings(attempt.settings)) is None


@pytest.mark.usefixtures("quiet_log")
def test_without_asterisk_what_is_missing_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOFTSWITCH_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", str(tmp_path))
    with ExitStack() as stack, pytest.raises(SetupError) as told:
        Attempt(tmp_path, stack).start()
    assert "Asterisk" in str(told.value)


@contextmanager
def as_nobody() -> Iterator[Callable[[Callable[[], None]], str]]:
    """Run work in a child that is not root, for whom permissions hold; give what it raised as text."""

    def in_child(work: Callable[[], None]) -> str:
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            try:
                if os.geteuid() == 0:
                    os.setgroups([])
                    os.setgid(NOBODY)
                    os.setuid(NOBODY)
                work()
                os.write(writing, b"done")
            except BaseException as error:
                os.write(writing, f"{type(error).__name__}: {error}".encode())
            os._exit(0)
        os.close(writing)
        with os.fdopen(reading) as answer:
            told = answer.read()
        os.waitpid(child, 0)
        return told

    yield in_child


@pytest.mark.parametrize("mode", [0o500, 0o000])
def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path, mode: int) -> None:
    folder = tmp_path / "data"
    for parent in (tmp_path, *tmp_path.parents[:2]):
        parent.chmod(0o755)
    folder.mkdir(mode=mode)
    with as_nobody() as in_child:
        for path in (folder, folder / "inside"):
            told = in_child(lambda path=path: DataFolder(path).open())  # type: ignore[misc]
            assert told.startswith("Refusal: The data folder "), told
            assert str(path) in told
            assert "--data" in told
    folder.chmod(0o700)


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b'"x"', b"{}", b'{"ari": 1, "ami": null}', b"\xff\xfe",
                b'{"ari": "x\\nsecret=y", "ami": "short"}'],
)  # fmt: skip
def test_damaged_secrets_of_the_switch_are_made_anew(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "secrets.json").write_bytes(content)
    made = node_secrets(tmp_path)
    assert made.ari.isalnum()
    assert made.ami.isalnum()
    assert node_secrets(tmp_path) == made
    assert (tmp_path / "secrets.json").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("content", [b"{", b"[]", b"\xff", b'"x"', b"1"])
def test_damaged_secrets_of_the_folder_are_refused(tmp_path: Path, content: bytes) -> None:
    with DataFolder(tmp_path / "data") as folder:
        (folder.path / "secrets.json").write_bytes(content)
        with pytest.raises(Refusal) as refused:
            folder.secret("any")
        assert refused.value.code == "bad_secrets"
        assert refused.value.next_step


async def test_what_can_be_made_anew_hinders_no_start(tmp_path: Path) -> None:
    """Damaged or strange small files, a dead lock, and no console: the server starts, and says what is missing."""
    data = tmp_path / "data"
    for name, content in {
        "cli.json": b"{", "lock": b"999999\n", "asterisk/run/asterisk.pid": b"x",
        "journal/journal.csv": b"\xff\0,\n",
        "asterisk/secrets.json": b"[]", "spool/strange.wav": b"RIFF", "recordings/x/../y.wav": b"",
    }.items():  # fmt: skip
        path = data / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    async with (
        running_system(data, console=tmp_path / "no console") as system,
        httpx.AsyncClient(base_url=system.url, timeout=PATIENCE) as web,
    ):
        assert (await web.get("/api/health")).json()["status"] == "ok"
        page = await web.get("/")
        assert page.status_code == 200
        assert "scripts/run" in page.text

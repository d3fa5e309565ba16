"""Settings: which source wins, and what people read when something is wrong."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from softswitch.errors import Refusal
from softswitch.setting_values import Address, PortRange
from softswitch.settings import KEYS, Settings, load

EXAMPLE = Path(__file__).parent.parent / "config" / "softswitch.toml"


def refused(**sources: Any) -> Refusal:
    with pytest.raises(Refusal) as caught:
        load(**sources)
    assert caught.value.code == "bad_configuration"
    return caught.value


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "softswitch.toml"


def test_the_command_line_wins_over_environment_over_file_over_defaults(file: Path) -> None:
    file.write_text('http = "127.0.0.1:1001"\nsip = 2001\nrecording_days = 3\n')
    environment = {"SOFTSWITCH_HTTP": "127.0.0.1:1002", "SOFTSWITCH_SIP": "2002", "HOME": "/x"}
    found = load(config=file, environment=environment, command_line={"http": ":0".strip(":")})
    assert found.http == Address("127.0.0.1", 0)
    assert found.sip == Address("0.0.0.0", 2002)
    assert found.recording_days == 3
    assert found.log_level == "info"


def test_what_is_not_given_on_the_command_line_changes_nothing() -> None:
    assert load(command_line={"http": None, "demo": None}) == load()


def test_what_scripts_run_gives_is_enough(tmp_path: Path) -> None:
    given_ = {"data": str(tmp_path / "d"), "http": "0.0.0.0:9090", "sip": "6060", "demo": True}
    found = load(command_line=given_)
    assert (found.data, str(found.http), found.demo) == (tmp_path / "d", "0.0.0.0:9090", True)
    assert found.database_url() == f"sqlite:///{tmp_path}/d/softswitch.db"


def addresses(one: Settings) -> list[int]:
    others = (
        one.sips_address, one.switch_http_address, one.switch_https_address, one.ami_address,
        one.iax_address, one.sip_copies_address,
    )  # fmt: skip
    return [address().port for address in others]


def test_the_other_ports_follow_sip_so_that_instances_keep_apart() -> None:
    usual = load()
    moved = load(command_line={"sip": "5070"})
    assert addresses(usual) == [5061, 8088, 8089, 5038, 4569, 9060]
    assert addresses(moved) == [5071, 8098, 8099, 5048, 4579, 9070]
    assert load(command_line={"sip": "5070", "ami": "6000"}).ami_address() == Address(
        "127.0.0.1", 6000
    )
    assert addresses(load(command_line={"sip": "65000"}))[1] == 8088  # no port beyond the highest


def test_copies_of_sip_stay_on_this_machine() -> None:
    assert load(command_line={"sip_copies": "9061"}).sip_copies_address() == Address(
        "127.0.0.1", 9061
    )
    for wrong in ("192.0.2.1:9060", "0.0.0.0:9060", "0"):
        with pytest.raises(Refusal, match="this machine alone"):
            load(command_line={"sip_copies": wrong})


@pytest.mark.parametrize(
    ("text", "line", "hint"),
    [
        ('\n\nhtpp = "x"', 3, "Did you mean http?"),
        ("recording_day = 5", 1, "Did you mean recording_days?"),
        ("[sipp]\nport = 1", 1, "Did you mean sip?"),
        ("qqqqqq = 1", 1, "Known keys: data, database, http"),
    ],
)
def test_an_unknown_key_is_refused_with_line_and_neighbour(
    file: Path, text: str, line: int, hint: str
) -> None:
    file.write_text(text)
    error = refused(config=file)
    assert f"line {line}: there is no setting" in error.message
    assert hint in error.next_step


def test_an_unknown_variable_is_refused_by_its_name() -> None:
    error = refused(environment={"SOFTSWITCH_RECORDING_DAYZ": "5"})
    assert "SOFTSWITCH_RECORDING_DAYZ" in error.message
    assert error.next_step == "Did you mean recording_days?"


def test_variables_of_other_programs_of_ours_are_left_alone() -> None:
    assert load(environment={"SOFTSWITCH_CACHE": "/c", "SOFTSWITCH_TOKEN": "t"}) == load()


@pytest.mark.parametrize(
    ("key", "value", "hint"),
    [
        ("http", "nonsense", "HOST:PORT"),
        ("http", "h:99999", "highest is 65535"),
        ("http", True, "HOST:PORT"),
        ("http", "a b:80", "HOST:PORT"),
        ("http", "x\n:80", "HOST:PORT"),
        ("rtp", "20000-10000", "lower one first"),
        ("rtp", "80-90", "1024"),
        ("rtp", "10000", "FIRST-LAST"),
        ("recording_days", 0, "1 to 36500"),
        ("recording_days", "many", "whole number"),
        ("recording_days", True, "whole number"),
        ("recording_days", -1, "whole number"),
        ("log_level", "loud", "debug, info"),
        ("demo", "perhaps", "true or false"),
        ("data", "", "a path"),
        ("data", 5, "a path"),
        ("http_names", 5, "list of names"),
        ("http_names", [5], "list of names"),
        ("media_address", "${X}", "an address"),
        ("database", "softswitch.db", "URL"),
        ("certificate", 5, "a path"),
    ],
)
def test_a_wrong_value_is_refused_with_what_to_give(key: str, value: Any, hint: str) -> None:
    error = refused(command_line={key: value})
    assert error.field == key
    assert f"--{key.replace('_', '-')}: {key} = " in error.message
    assert hint in error.next_step


def test_two_things_on_one_port_are_refused() -> None:
    error = refused(command_line={"http": "5061"})
    assert "sips and http both have the port 5061" in error.message


def test_incidents_on_another_database_are_refused_before_anything_starts() -> None:
    given = {"database": "postgresql+pg8000://a:b@host/name"}
    error = refused(command_line=given)
    assert (error.field, "the database is postgresql+pg8000" in error.message) == ("database", True)
    assert "layers" in error.next_step
    assert load(command_line={**given, "layers": "gis,duty"}).layers == ("gis", "duty")


def test_tls_needs_a_certificate() -> None:
    assert "certificate" in refused(command_line={"https": "8443"}).message


def test_files_that_cannot_be_read_are_refused(file: Path) -> None:
    assert "does not exist" in refused(config=file).message
    file.write_text("http = ")
    assert "Invalid value (at end of document)" in refused(config=file).message
    file.write_bytes(b"\xff\xfe\x00")
    assert "cannot be read" in refused(config=file).message
    assert "cannot be read" in refused(config=file.parent).message


def test_the_example_shows_every_key_with_its_default() -> None:
    shown = "\n".join(
        line.removeprefix("# ")
        for line in EXAMPLE.read_text().splitlines()
        if line.startswith("# ") and " = " in line and line[2:].split(" = ")[0] in KEYS
    )
    values = tomllib.loads(shown)
    assert set(values) == set(KEYS)
    free = {"https", "certificate", "private_key", "http_names"}  # examples: empty by default
    derived = load()
    for name, value in values.items():
        if name not in free:
            known = getattr(derived, f"{name}_address", lambda n=name: getattr(derived, n))()
            text = ",".join(known) if isinstance(known, tuple) else str(known)
            expected = "" if text == "None" else text
            assert expected in {
                str(value),
                str(Path(value).absolute()) if name == "data" else str(value),
            }


def test_the_example_as_it_stands_changes_nothing() -> None:
    assert load(config=EXAMPLE) == load()


def test_values_print_as_they_are_given() -> None:
    assert str(Address("::1", 80)) == "[::1]:80"
    assert load(command_line={"http": "[::1]:80"}).http == Address("::1", 80)
    assert str(PortRange(10_000, 20_000)) == "10000-20000"


def http(text: str) -> Address | str:
    """Return the address, or the code of the refusal."""
    try:
        return load(command_line={"http": text}).http
    except Refusal as error:
        return error.code


@given(st.text(max_size=30) | st.from_regex(r"\A[a-z.]{1,10}:\d{1,6}\Z"))
def test_any_text_is_an_address_or_refused(text: str) -> None:
    found = http(text)
    if isinstance(found, Address):
        assert 0 <= found.port <= 65_535
        assert found.host.isascii()
        assert not set(found.host) & set(" \r\n\0;,&$")
    else:
        assert found == "bad_configuration"


def test_the_reference_page_tells_every_setting_and_its_default() -> None:
    page = (EXAMPLE.parent.parent / "docs" / "reference" / "settings.md").read_text()
    rows = re.findall(r"^\| `(\w+)` \| (?:`([^`]*)`)? ?\|", page, re.MULTILINE)
    assert [name for name, _ in rows] == list(KEYS)
    for name, default in rows:
        value = getattr(Settings(), f"{name}_address", lambda n=name: getattr(Settings(), n))()
        shown = ",".join(value) if isinstance(value, tuple) else str(value)
        plain = {None: "", (): "", True: "true", False: "false"}.get(value, shown)
        assert (name, default) == (name, plain)

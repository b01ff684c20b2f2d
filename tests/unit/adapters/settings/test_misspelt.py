"""Names that nobody reads: a slip stops the start, anything else is told and ignored."""

from pathlib import Path

import pytest

from adapters.environment import load_settings
from tests.unit.adapters.settings.spellings import IN_BRACKETS, names_of_all_settings, refusal_of

SLIPS = [
    ("SWITCHBOARD_PROT", "SWITCHBOARD_PORT"),
    ("SWITCHBOARD_HOTS", "SWITCHBOARD_HOST"),
    ("switchboard_max_conections", "SWITCHBOARD_MAX_CONNECTIONS"),
    ("SWITCHBOARD_ALLOW_ORIGINS", "SWITCHBOARD_ALLOWED_ORIGINS"),
    ("SWITCHBOARD_SEND_KEYZ", "SWITCHBOARD_SEND_KEYS"),
    ("SWITCHBOARD_LANE_ROOMS_CAPACITY", "SWITCHBOARD_LANE_ROOMS__CAPACITY"),
    ("SWITCHBOARD_LANE_ROOMZ__CAPACITY", "SWITCHBOARD_LANE_ROOMS__CAPACITY"),
    ("SWITCHBOARD_LANE_ROOMS__CAPACTIY", "SWITCHBOARD_LANE_ROOMS__CAPACITY"),
]


@pytest.mark.parametrize(("slip", "meant"), SLIPS)
def test_a_misspelt_name_stops_the_start_with_the_one_that_is_meant(
    monkeypatch: pytest.MonkeyPatch, slip: str, meant: str
) -> None:
    monkeypatch.setenv(slip, "1")
    assert refusal_of() == f"{slip} is no setting; is {meant} meant?"


@pytest.mark.parametrize(("slip", "meant"), SLIPS)
def test_a_misspelt_name_in_a_dotenv_file_does_so_too(
    empty_environment: Path, slip: str, meant: str
) -> None:
    (empty_environment / ".env").write_text(f"{slip}=1\n")
    assert refusal_of() == f"{slip} is no setting; is {meant} meant?"


def test_a_name_like_none_of_ours_is_told_and_ignored(
    empty_environment: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("SWITCHBOARD_OF_LATER", "1")
    (empty_environment / ".env").write_text("SWITCHBOARD_TELEPHONE=1\nCOMPOSE_PROJECT=x\nPROT=1\n")
    load_settings()
    assert sorted(caplog.messages) == [
        "SWITCHBOARD_OF_LATER is no setting, and is ignored",
        "SWITCHBOARD_TELEPHONE is no setting, and is ignored",
    ]


def test_a_setting_that_lacks_the_prefix_in_a_dotenv_file_is_told_and_ignored(
    empty_environment: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    # In the environment the same names are other programs'.
    monkeypatch.setenv("TEXT_LIMIT", "5")
    (empty_environment / ".env").write_text("MAX_CONNECTIONS=5\nlog_level=debug\nPORT=7\n")
    settings = load_settings()
    assert (settings.sessions.max_connections, settings.server.port) == (10_000, 7)
    assert caplog.messages == [
        "MAX_CONNECTIONS is not read; is SWITCHBOARD_MAX_CONNECTIONS meant?",
        "log_level is not read; is SWITCHBOARD_LOG_LEVEL meant?",
    ]


LINKS = {
    "SWITCHBOARD_SERVICE_HOST": "10.0.0.1",
    "SWITCHBOARD_SERVICE_PORT": "80",
    "SWITCHBOARD_SERVICE_PORT_HTTP": "80",
    "SWITCHBOARD_PORT_80_TCP": "tcp://10.0.0.1:80",
    "SWITCHBOARD_PORT_80_TCP_PROTO": "tcp",
    "SWITCHBOARD_PORT_80_TCP_PORT": "80",
    "SWITCHBOARD_PORT_80_TCP_ADDR": "10.0.0.1",
    "SWITCHBOARD_REDIS_SERVICE_HOST": "10.0.0.2",
    "SWITCHBOARD_REDIS_PORT": "tcp://10.0.0.2:6379",
}
"""For services called switchboard and switchboard-redis."""


def test_what_kubernetes_sets_for_services_is_none_of_ours(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    for name, value in LINKS.items():
        monkeypatch.setenv(name, value)
    load_settings()
    assert caplog.messages == []


def test_a_port_that_kubernetes_has_set_is_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SWITCHBOARD_PORT", "tcp://10.0.0.1:80")
    line = refusal_of()
    assert line.startswith("SWITCHBOARD_PORT='tcp://10.0.0.1:80' can't be used: Kubernetes sets")
    assert "enableServiceLinks: false" in line
    assert "\n" not in line


def test_no_setting_is_taken_for_a_slip_of_another(
    empty_environment: Path, caplog: pytest.LogCaptureFixture
) -> None:
    settable = [
        name for name in names_of_all_settings() if name != "SWITCHBOARD_EMBEDDED_REDIS_DIR"
    ]
    prefixed = [f"SWITCHBOARD_{name}" for name in IN_BRACKETS]
    (empty_environment / ".env").write_text("\n".join(f"{n}=" for n in [*settable, *prefixed]))
    # All of them are empty, which most may not be; none is unknown.
    assert "is no setting" not in refusal_of()
    assert caplog.messages == []

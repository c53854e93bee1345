"""What a file may ask for only with the user's consent, whose files need it, and where it is kept."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path

import pytest

from mlxk.config import Diagnostic, InvalidProfile, requests, resolve, shape, trust, validate_files
from mlxk.config.diagnostics import human
from mlxk.config.files import ProfileFile, RepositoryFile
from mlxk.config.models import resolve_models
from mlxk.config.risks import RISKS
from mlxk.errors import ProfileError
from tests.config.conftest import Folder

OPEN = "server: {listen: '0.0.0.0:80', api_keys: ['${env:KEY:-k}']}\n"


@pytest.fixture
def outside(folder: Folder) -> Path:
    """A file of the user's, beside the repository."""
    secret = folder.path.parent / "secret"
    secret.write_text("hush")
    return secret


def give_trust(folder: Folder, *names: str) -> list[str]:
    found = requests(names or ["p.yaml"], cwd=folder.path, environ=folder.environ)
    file = trust.state_file(folder.environ)
    trust.write(file, trust.read(file) | {trust.name(item.path): item.digest for item in found})
    return [item.label for item in found]


def told(found: Iterable[Diagnostic]) -> list[tuple[str, str, str]]:
    return [(item.code, str(item.origin), ".".join(map(str, item.path))) for item in found]


@pytest.mark.parametrize(
    ("text", "path"),
    [
        (OPEN, "server.listen"),
        ("server: {listen: '${env:WHERE:-[::]:80}', api_keys: [k]}\n", "server.listen"),
        ("server: {listen: 'example.org:80', api_keys: [k]}\n", "server.listen"),
        ("server: {api_keys: []}\n", "server.api_keys"),
        ("server: {api_keys: null}\n", "server.api_keys"),
        ("system: ${file:../secret}\n", "system"),
        ("system: 'a ${file:../secret} ${file:p.yaml}'\n", "system"),
        ("server: {api_keys: ['${file:../secret}']}\n", "server.api_keys.0"),
        ("variants: {v: {system: '${file:../secret}'}}\n", "variants.v.system"),
        ("model: {repo: o/m, trust_remote_code: true}\n", "model.trust_remote_code"),
        ("server: {pull: ['org/*']}\n", "server.pull"),
        ("server: {pull+: ['org/*']}\n", "server.pull"),
        (
            "engine: {distributed: {hosts: [127.0.0.1, 10.0.0.2]}}\n",
            "engine.distributed.hosts",
        ),
        (
            "engine: {distributed: {hosts: [127.0.0.1, {ssh: a, ips: [127.0.0.1]}]}}\n",
            "engine.distributed.hosts",
        ),
        (
            "engine: {distributed: {hosts: [127.0.0.1, 127.0.0.1], python: /bin/x}}\n",
            "engine.distributed.python",
        ),
        ("engine: {prompt_cache: {path: ../cache}}\n", "engine.prompt_cache.path"),
        ("engine: {prompt_cache: {path: ~/cache}}\n", "engine.prompt_cache.path"),
        ("engine: {prompt_cache: {path: ./away/cache}}\n", "engine.prompt_cache.path"),
        ("variants: {v: {engine: {prompt_cache: {path: /c}}}}\n", "variants.v.engine.prompt_cache.path"),
    ],
)
def test_what_needs_consent(folder: Folder, outside: Path, text: str, path: str) -> None:
    (folder.path / "away").symlink_to(outside.parent)
    folder.profile(text)
    place = "p.yaml:2" if text.startswith("model") else "p.yaml:3"
    assert told(folder.errors()) == [("E601", place, path)]
    # `validate` only looks: the file is sound.
    assert told(folder.validate()) == [("W004", place, path)]
    assert folder.resolve(looks=True).warnings
    assert give_trust(folder) == ["p.yaml"]
    folder.resolve()
    assert folder.validate() == []


@pytest.mark.parametrize(
    "text",
    [
        "server: {listen: '127.0.0.1:80'}\n",
        "engine: {distributed: {hosts: [127.0.0.1, {ssh: 127.0.0.1, ips: [10.0.0.1]}]}}\n",
        "server: {listen: 'localhost:80', api_keys: [k]}\n",
        "server: {api_keys+: []}\n",
        "server: {pull: []}\n",
        "system: ${file:inside}\n",
        "system: $${file:../secret}\n",
        "model: {repo: o/m, trust_remote_code: false}\n",
        "engine: {prompt_cache: {path: ./cache}}\n",
        "x-own: {server: {listen: '0.0.0.0:80'}, a: '${file:../secret}'}\n",
    ],
)
def test_what_needs_none(folder: Folder, outside: Path, text: str) -> None:
    folder.write("inside", "in")
    folder.profile(text)
    folder.resolve()
    assert folder.validate() == []


def test_what_is_not_trusted_is_not_read(folder: Folder, outside: Path) -> None:
    folder.profile("system: ${file:../secret}\n")
    assert folder.resolve(looks=True).profile.system is None
    give_trust(folder)
    assert folder.resolve().profile.system == "hush"


def test_the_error_says_what_to_type(folder: Folder) -> None:
    folder.profile(OPEN, "my profile.yaml")
    report = human(folder.errors("my profile.yaml"))
    assert (
        "`server.listen` opens the server to the network, and nobody said that this file is trusted" in report
    )
    assert "--> my profile.yaml:3:18" in report
    assert "help: read the file, then: mlxk trust 'my profile.yaml'" in report


def test_a_file_that_changed_is_trusted_no_more(folder: Folder) -> None:
    folder.profile(OPEN)
    give_trust(folder)
    folder.resolve()
    folder.profile(f"{OPEN}# a comment is enough\n")
    (found,) = folder.errors()
    assert found.notes == ("the file has changed since it was trusted",)
    give_trust(folder)
    folder.resolve()
    folder.profile(OPEN)
    assert [item.code for item in folder.errors()] == ["E601"]


def test_every_file_that_a_profile_is_made_of(folder: Folder, outside: Path) -> None:
    folder.write("base.yaml", f"mlxk: 1\n{OPEN}")
    folder.write("part.yaml", "mlxk: 1\nsystem: ${file:../secret}\n")
    folder.write("mlxk.yaml", "mlxk: 1\noverrides: {'org/*': {model: {trust_remote_code: true}}}\n")
    folder.profile("model: org/m\nextends: ./base.yaml\ninclude: ./part.yaml\n")
    assert told(folder.errors()) == [("E601", "part.yaml:2", "system")]  # What cannot be read comes first.
    assert give_trust(folder, "part.yaml") == ["part.yaml"]
    files = {item.origin.name for item in folder.errors() if item.origin}
    assert files == {"base.yaml", "mlxk.yaml"}
    assert sorted(give_trust(folder, "p.yaml", "mlxk.yaml")) == ["base.yaml", "mlxk.yaml", "part.yaml"]
    folder.resolve()


def test_what_an_entry_of_several_models_extends(folder: Folder, outside: Path) -> None:
    folder.write("profiles/base.yaml", "mlxk: 1\nmodel: org/m\nsystem: ${file:../../secret}\n")
    folder.write("profiles/all.yaml", "mlxk: 1\nmodels: {a: {extends: base}}\n")
    resolved = folder.resolve("all")
    with pytest.raises(InvalidProfile) as caught:
        resolve_models(resolved, cwd=folder.path, environ=folder.environ)
    assert told(caught.value.diagnostics) == [("E601", "profiles/base.yaml:3", "system")]
    assert give_trust(folder, "all") == ["profiles/base.yaml"]
    (served,) = resolve_models(resolved, cwd=folder.path, environ=folder.environ).values()
    assert served.profile.system == "hush"


def test_other_errors_come_first(folder: Folder) -> None:
    """Whoever mends the file has to look at it again anyway."""
    folder.profile(f"{OPEN}sampling: {{sead: 1}}\n")
    assert folder.codes() == ["E102"]
    assert [item.code for item in folder.validate()] == ["E102"]


def test_the_users_own_files_need_no_trust(folder: Folder, outside: Path) -> None:
    user = Path(folder.environ["XDG_CONFIG_HOME"]) / "mlxk"
    (user / "profiles").mkdir(parents=True)
    (user / "mlxk.yaml").write_text("mlxk: 1\n")  # Even as a repository of its own.
    (user / "config.yaml").write_text(f"mlxk: 1\nsystem: ${{file:{outside}}}\n")
    (user / "profiles" / "mine.yaml").write_text(f"mlxk: 1\nmodel: org/m\n{OPEN}")
    assert folder.resolve("mine").profile.server.listen == "0.0.0.0:80"
    # What the user says on the command line or in the environment is the user's word.
    folder.environ["MLXK_SERVER__API_KEYS"] = "[k]"
    folder.profile("")
    assert folder.resolve(sets=["server.listen=0.0.0.0:1"]).profile.system == "hush"


def test_a_file_outside_of_repositories_is_the_users_choice(tmp_path: Path) -> None:
    """It opens the server without more ado, and still reads no other files and runs no code."""
    (tmp_path / "secret").write_text("hush")
    work = tmp_path / "downloads"
    work.mkdir()
    environ = {"HOME": str(tmp_path)}
    for text, codes in (
        (OPEN, []),
        ("system: ${file:../secret}\n", ["W004"]),
        ("model: {trust_remote_code: true}\n", ["W004"]),
    ):
        (work / "p.yaml").write_text(f"mlxk: 1\n{text}" + "model: org/m\n" * ("model" not in text))
        assert [item.code for item in validate_files(["p.yaml"], cwd=work, environ=environ)] == codes


@pytest.mark.parametrize("mark", ["mlxk.yaml", "mlxk.local.yaml", ".git"])
def test_what_makes_a_repository(tmp_path: Path, mark: str) -> None:
    (tmp_path / mark).write_text("mlxk: 1\n")
    (tmp_path / "deep" / "er").mkdir(parents=True)
    (tmp_path / "deep" / "er" / "p.yaml").write_text(f"mlxk: 1\nmodel: org/m\n{OPEN}")
    with pytest.raises(InvalidProfile) as caught:
        resolve("./p.yaml", cwd=tmp_path / "deep" / "er", environ={"HOME": str(tmp_path.parent)})
    assert [item.code for item in caught.value.diagnostics] == ["E601"]


def test_trust_follows_the_file_not_the_way_to_it(folder: Folder) -> None:
    folder.profile(OPEN, "real.yaml")
    (folder.path / "link.yaml").symlink_to("real.yaml")
    give_trust(folder, "./link.yaml")
    folder.resolve("./real.yaml")
    folder.resolve("./link.yaml")
    (folder.path / "link.yaml").unlink()
    folder.profile(f"{OPEN}# other\n", "link.yaml")
    assert folder.codes("./link.yaml") == ["E601"]


def test_every_risk_is_a_key() -> None:
    for risk in RISKS:
        paths = [(file, shape.at(file, risk.keys)) for file in (ProfileFile, RepositoryFile)]
        assert any(found is not None for _, found in paths), risk


# Where it is kept.


def test_the_state_is_private(folder: Folder) -> None:
    folder.profile(OPEN)
    give_trust(folder)
    file = Path(folder.environ["HOME"]) / ".local" / "state" / "mlxk" / "trust.json"
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.parent.stat().st_mode & 0o777 == 0o700
    assert [path.name for path in file.parent.iterdir()] == ["trust.json"]
    assert list(json.loads(file.read_text())["files"]) == [str(folder.path / "p.yaml")]
    folder.environ["XDG_STATE_HOME"] = str(folder.path.parent / "state")
    assert folder.codes() == ["E601"]
    give_trust(folder)
    assert (folder.path.parent / "state" / "mlxk" / "trust.json").is_file()


@pytest.mark.parametrize(
    "text",
    [
        *("", "{", "[]", "{}", "\0", "[" * 100_000),
        *('{"mlxk.trust": 1}', '{"mlxk.trust": 1, "files": []}', '{"mlxk.trust": 1, "files": {"a": 1}}'),
        '{"mlxk.trust": 2, "files": {}}',
    ],
)
def test_a_damaged_state_trusts_nothing(folder: Folder, text: str) -> None:
    folder.profile(OPEN)
    give_trust(folder)
    file = Path(folder.environ["HOME"]) / ".local" / "state" / "mlxk" / "trust.json"
    file.write_text(text)
    with pytest.raises(ProfileError, match=r"trust\.json is (damaged|of another version)") as caught:
        folder.resolve()
    assert caught.value.hint is not None
    assert "remove it" in caught.value.hint
    # A profile that asks for nothing does not look there.
    folder.profile("")
    folder.resolve()


def test_a_state_that_others_can_write_is_not_believed(folder: Folder) -> None:
    folder.profile(OPEN)
    give_trust(folder)
    file = trust.state_file(folder.environ)
    assert file is not None
    file.chmod(0o666)
    with pytest.raises(ProfileError, match="can be written by others"):
        folder.resolve()


def test_a_state_that_cannot_be_written(folder: Folder) -> None:
    folder.profile(OPEN)
    folder.environ["XDG_STATE_HOME"] = str(folder.path / "p.yaml")
    with pytest.raises(ProfileError, match=r"cannot (read|write)"):
        give_trust(folder)


def test_without_a_home(folder: Folder) -> None:
    folder.profile(OPEN)
    folder.environ.clear()
    assert folder.codes() == ["E601"]
    with pytest.raises(ProfileError, match="no home folder"):
        give_trust(folder)


def test_a_reading_of_the_state_cannot_be_half_done(folder: Folder) -> None:
    """The file is replaced, never written over: an open one stays whole."""
    file = trust.state_file(folder.environ)
    trust.write(file, {"a": "1"})
    assert file is not None
    with file.open() as before:
        trust.write(file, {"b": "2"})
        assert json.load(before)["files"] == {"a": "1"}
    assert trust.read(file) == {"b": "2"}
    assert os.listdir(file.parent) == ["trust.json"]

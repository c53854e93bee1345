"""Layers in their order, names and files, extends, variants, overrides: what `resolve` promises."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from mlxk.config import Flag
from mlxk.config.origins import parse_dotted
from mlxk.config.values import Items, leaves, lookup
from mlxk.errors import ProfileNotFound, UsageError


def test_the_whole_order_of_layers(folder: Any) -> None:
    """Each layer sets one key more than the next higher one, so each key shows its highest layer."""
    keys = [
        "presence_context",
        "repetition_context",
        "frequency_context",
        "top_k",
        "seed",
    ]
    home = Path(folder.environ["XDG_CONFIG_HOME"])

    def sampling(*names: str, value: int) -> str:
        return "sampling: {" + ", ".join(f"{name}: {value}" for name in names) + "}\n"

    user = folder.write("config.yaml", "mlxk: 1\n" + sampling(*keys, value=2))
    (home / "mlxk").mkdir(parents=True)
    user.rename(home / "mlxk" / "config.yaml")
    folder.profile(sampling(*keys[1:], value=3), "base.yaml")
    variant = "variants: {v: {sampling: {min_p: 0.7, top_p: 0.7}}}\n"
    folder.profile("extends: ./base.yaml\nsystem: profile\n" + sampling(*keys[2:], value=4) + variant)
    folder.write(
        "mlxk.yaml",
        "mlxk: 1\noverrides:\n"
        "  org/model: {sampling: {top_k: 6}}\n"
        '  "org/*": {sampling: {top_k: 5, seed: 5}}\n',
    )
    folder.write("mlxk.local.yaml", "mlxk: 1\noverrides: {org/model: {sampling: {seed: 7, min_p: 0.1}}}\n")
    folder.environ |= {"MLXK_SAMPLING__TOP_P": "0.8", "MLXK_SAMPLING__XTC_THRESHOLD": "0.2"}
    resolved = folder.resolve(
        variant="v",
        sets=["sampling.xtc_threshold=0.3", "sampling.temperature=0.3"],
        flags={"sampling.temperature": Flag(0.4, "--temperature")},
        generation_config=lambda model: {"temperature": 0.1, "top_k": 99, "repetition_penalty": 1.3},
    )
    expected = {
        "tokens.overflow": ("error", "default"),
        "sampling.repetition_penalty": (1.3, "generation_config.json"),
        "sampling.presence_context": (2, f"{home}/mlxk/config.yaml:2"),
        "sampling.repetition_context": (3, "base.yaml:3"),
        "sampling.frequency_context": (4, "p.yaml:4"),
        "sampling.top_k": (6, "mlxk.yaml:3"),
        "sampling.seed": (7, "mlxk.local.yaml:2"),
        "sampling.min_p": (0.7, "p.yaml:5"),
        "sampling.top_p": (0.8, "MLXK_SAMPLING__TOP_P"),
        "sampling.xtc_threshold": (0.3, "--set sampling.xtc_threshold"),
        "sampling.temperature": (0.4, "--temperature"),
    }
    dumped = resolved.profile.model_dump()
    for key, (value, origin) in expected.items():
        section, name = key.split(".")
        assert (dumped[section][name], str(resolved.origin(key))) == (value, origin)
    said = [(link.layer, str(link.origin)) for link in resolved.chain("sampling.top_k")]
    assert said == [
        ("defaults", "default"),
        ("generation_config.json", "generation_config.json"),
        (f"{home}/mlxk/config.yaml", f"{home}/mlxk/config.yaml:2"),
        ("base.yaml", "base.yaml:3"),
        ("p.yaml", "p.yaml:4"),
        ("mlxk.yaml overrides org/*", "mlxk.yaml:4"),
        ("mlxk.yaml overrides org/model", "mlxk.yaml:3"),
    ]
    assert resolved.files == (
        "mlxk.yaml",
        "mlxk.local.yaml",
        f"{home}/mlxk/config.yaml",
        "base.yaml",
        "p.yaml",
    )


def test_every_leaf_has_an_origin_whose_value_gives_the_result(folder: Any) -> None:
    folder.profile("sampling: {top_k: 5}\nstop: {tokens: [a]}\n", "base.yaml")
    folder.profile("extends: ./base.yaml\nstop: {tokens+: [b], sequences: []}\nsystem: ${env:S}\n")
    folder.environ["S"] = "secret"
    resolved = folder.resolve(sets=["tokens.context=100"])
    layers = dict(resolved.layers)
    for path, leaf in leaves(resolved.tree):
        said = [link.value for link in resolved.chain(path)]
        if any(isinstance(part, int) for part in path):
            lists = [lookup(table, path[:-1]) for table in layers.values()]
            assert any(leaf in node.items for node in lists if isinstance(node, Items))
        else:
            assert said[-1] == leaf
    assert str(resolved.origin("stop.tokens[0]")) == "base.yaml:4"
    assert str(resolved.origin("stop.tokens[1]")) == "p.yaml:3"
    assert set(resolved.origins) == {
        key for key in resolved.origins if parse_dotted(key) and resolved.origins[key] is not None
    }


def test_falsehoods_win_over_lower_layers(folder: Any) -> None:
    folder.profile(
        "sampling: {top_k: 5, temperature: 1}\nstop: {tokens: [a]}\nreasoning: {enabled: true}\n", "b.yaml"
    )
    folder.profile(
        "extends: ./b.yaml\nsampling: {top_k: 0, temperature: 0}\nstop: {tokens: []}\nsystem: ''\n"
        "reasoning: {enabled: false}\n"
    )
    profile = folder.resolve().profile
    assert (profile.sampling.top_k, profile.sampling.temperature) == (0, 0)
    assert profile.stop.tokens == []
    assert profile.reasoning.enabled is False
    assert profile.system == ""


def test_null_takes_the_lower_layers_away_and_leaves_the_default(folder: Any) -> None:
    folder.profile("sampling: {temperature: 1.5}\nsystem: base\n", "b.yaml")
    folder.profile("extends: ./b.yaml\nsampling: {temperature: null}\nsystem: null\n")
    resolved = folder.resolve()
    assert resolved.profile.sampling.temperature == 0.7
    assert resolved.profile.system is None
    assert str(resolved.origin("sampling.temperature")) == "default"
    assert [link.unset for link in resolved.chain("sampling.temperature")] == [False, False, True]


def test_extends_one_or_many_left_to_right_each_file_once(folder: Any) -> None:
    folder.profile("stop: {tokens+: [root]}\nsystem: root\n", "root.yaml")
    folder.profile("extends: root\nstop: {tokens+: [left]}\nsystem: left\n", "left.yaml")
    folder.profile("extends: ./root.yaml\nstop: {tokens+: [right]}\n", "right.yaml")
    folder.profile("extends: [left, right]\nstop: {tokens+: [own]}\n")
    resolved = folder.resolve()
    assert resolved.profile.stop.tokens == ["root", "left", "right", "own"]
    assert resolved.profile.system == "left"
    assert resolved.files == ("root.yaml", "left.yaml", "right.yaml", "p.yaml")


def test_include_stands_over_extends_and_under_the_file(folder: Any) -> None:
    folder.profile("system: base\nsampling: {top_k: 1, seed: 1}\n", "base.yaml")
    folder.write("parts/part.yaml", "mlxk: 1\nsystem: part\nsampling: {top_k: 2}\n")
    folder.profile("extends: base\ninclude: parts/part.yaml\nsystem: own\n")
    profile = folder.resolve().profile
    assert (profile.system, profile.sampling.top_k, profile.sampling.seed) == ("own", 2, 1)


def test_a_cycle_prints_its_chain(folder: Any) -> None:
    folder.profile("extends: b\n", "a.yaml")
    folder.profile("extends: c\n", "b.yaml")
    folder.profile("extends: ./b.yaml\n", "c.yaml")
    (item,) = folder.errors("a.yaml")
    assert item.code == "E302"
    assert item.message == "`extends` goes round in a circle: b.yaml → c.yaml → b.yaml"
    assert item.origin is not None
    assert str(item.origin) == "c.yaml:2"


def test_a_profile_that_extends_itself(folder: Any) -> None:
    folder.profile("extends: ./p.yaml\n")
    assert folder.codes() == ["E302"]


def test_missing_extends_suggests_the_nearest(folder: Any) -> None:
    folder.profile("extends: chat-defalt\n")
    (item,) = folder.errors()
    assert (item.code, item.help) == ("E301", "did you mean `chat-default`?")
    folder.profile("include: nowhere.yaml\nextends: ./gone.yaml\n", "q.yaml")
    assert folder.codes("q.yaml") == ["E301", "E301"]


def test_names_and_files(folder: Any) -> None:
    folder.profile("system: mine\n", "profiles/mine.yaml")
    folder.profile("system: shadow\n", "profiles/demo.yaml")
    assert folder.resolve("mine").profile.system == "mine"
    assert folder.resolve("demo").profile.system == "shadow"
    assert folder.resolve("demo", isolated=True).profile.model.repo == "builtin:demo"
    assert folder.resolve("profiles/mine.yaml").name == "mine"
    assert folder.resolve(folder.path / "profiles" / "mine.yaml").files == ("profiles/mine.yaml",)
    with pytest.raises(ProfileNotFound) as caught:
        folder.resolve("mime")
    assert caught.value.hint == "did you mean `mine`?"
    with pytest.raises(ProfileNotFound):
        folder.resolve("./none.yaml")
    folder.profile("", "here.yaml")
    with pytest.raises(ProfileNotFound) as caught:
        folder.resolve("here")
    assert caught.value.hint == "for the file in this folder: -p ./here.yaml"


def test_exactly_one_of_profile_and_model(folder: Any) -> None:
    for source, model in ((None, None), ("demo", "org/x")):
        with pytest.raises(UsageError):
            folder.resolve(source, model=model)


def test_a_bare_model_takes_the_user_file_and_overrides(folder: Any) -> None:
    home = Path(folder.environ["XDG_CONFIG_HOME"]) / "mlxk"
    home.mkdir(parents=True)
    (home / "config.yaml").write_text("mlxk: 1\nsystem: user\n")
    folder.write("mlxk.yaml", 'mlxk: 1\noverrides: {"org/*": {sampling: {top_k: 3}}}\n')
    resolved = folder.resolve(None, model="org/model")
    assert resolved.name == "org/model"
    assert (resolved.profile.model.repo, resolved.profile.system) == ("org/model", "user")
    assert resolved.profile.sampling.top_k == 3
    alone = folder.resolve(None, model="org/model", isolated=True)
    assert (alone.profile.system, alone.profile.sampling.top_k, alone.files) == (None, 0, ())
    assert folder.resolve(None, model="./m").profile.model.path == str(folder.path / "m")
    assert folder.resolve(None, model="~/m").profile.model.path == folder.environ["HOME"] + "/m"


def test_a_reference_may_name_a_revision(folder: Any) -> None:
    folder.write("mlxk.yaml", "mlxk: 1\noverrides: {org/model: {sampling: {top_k: 5}}}\n")
    resolved = folder.resolve(None, model="org/model@v1.0")
    assert (resolved.profile.model.repo, resolved.profile.model.revision) == ("org/model", "v1.0")
    assert resolved.profile.sampling.top_k == 5
    folder.profile("model: org/model@refs/pr/1\n")
    assert folder.resolve().profile.model.revision == "refs/pr/1"


def test_an_override_of_another_model_does_nothing(folder: Any) -> None:
    folder.write("mlxk.yaml", "mlxk: 1\noverrides: {org/other: {sampling: {top_k: 3}}}\n")
    folder.profile("")
    assert folder.resolve().profile.sampling.top_k == 0


def test_discovery_walks_up_to_the_root_and_no_further(folder: Any) -> None:
    folder.write("mlxk.yaml", "mlxk: 1\nprofiles: [models/]\n")
    folder.profile("system: found\n", "models/a.yaml")
    inner = folder.path / "one" / "two"
    inner.mkdir(parents=True)
    inside = type(folder)(inner, folder.environ)
    assert inside.resolve("a").profile.system == "found"
    (inner.parent / ".git").mkdir()
    with pytest.raises(ProfileNotFound):
        inside.resolve("a")


def test_paths_are_taken_from_the_file_that_declares_them(folder: Any) -> None:
    folder.write("shared/chat.jinja", "{{ messages }}")
    folder.profile("model: {path: ./weights, chat_template: ../shared/chat.jinja}\n", "deep/base.yaml")
    folder.profile("extends: deep/base.yaml\n")
    model = folder.resolve().profile.model
    assert model.path == str(folder.path / "deep" / "weights")
    assert model.chat_template == str(folder.path / "shared" / "chat.jinja")
    model = folder.resolve(sets=["model=../other"]).profile.model
    assert (model.path, model.chat_template) == (str(folder.path.parent / "other"), None)


def test_a_plain_model_replaces_all_of_an_inherited_one(folder: Any) -> None:
    folder.profile("model: {repo: org/a, revision: main, chat_template: tool_use}\n", "base.yaml")
    folder.profile("extends: base\nmodel: ./b\n")
    model = folder.resolve().profile.model
    assert (model.repo, model.path, model.revision) == (None, str(folder.path / "b"), None)
    folder.profile("extends: base\nmodel: {revision: v2}\n", "q.yaml")
    model = folder.resolve("q.yaml").profile.model
    assert (model.repo, model.revision, model.chat_template) == ("org/a", "v2", "tool_use")


def test_variants(folder: Any) -> None:
    folder.profile("variants:\n  deep: {description: d, reasoning: {effort: high}}\n  flat: {}\n")
    resolved = folder.resolve(variant="deep")
    assert (resolved.name, resolved.variants) == ("p:deep", ("deep", "flat"))
    assert resolved.profile.reasoning.effort == "high"
    assert str(resolved.origin("reasoning.effort")) == "p.yaml:4"
    assert folder.resolve().profile.reasoning.effort is None
    with pytest.raises(ProfileNotFound) as caught:
        folder.resolve(variant="deeep")
    assert caught.value.hint == "did you mean `deep`?"


def test_a_variant_may_not_change_the_model(folder: Any) -> None:
    folder.profile("model: org/model\nvariants: {v: {model: org/other}, w: {model: {repo: org/other}}}\n")
    found = [(item.code, item.path) for item in folder.errors()]
    assert found == [("E103", ("variants", "v", "model")), ("E102", ("variants", "w", "model", "repo"))]


def test_set_takes_yaml(folder: Any) -> None:
    folder.profile("stop: {tokens: [a]}\n")
    profile = folder.resolve(
        sets=[
            "sampling.top_k=3",
            "stop.tokens+=b",
            'stop.tokens+=["c", d]',
            "stop.sequences=['x: y']",
            "system=no: quotes needed",
            "model.revision=0123456",
            'server.routes."/v1/x.y"=health',
            "chat_template_kwargs={enable_thinking: false, n: 1}",
            "tokens.max_output=null",
        ]
    ).profile
    assert profile.sampling.top_k == 3
    assert profile.stop.tokens == ["a", "b", "c", "d"]
    assert profile.stop.sequences == ["x: y"]
    assert profile.system == "no: quotes needed"
    assert profile.model.revision == "0123456"
    assert profile.server.routes == {"/v1/x.y": "health"}
    assert profile.chat_template_kwargs == {"enable_thinking": False, "n": 1}


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("sampling.top_k", "E402"),
        ("=1", "E402"),
        ("sampling..top_k=1", "E402"),
        ("stop.tokens[0]=x", "E402"),
        ("stop.tokens=x", "E402"),
        ("sampling.top_k=many", "E103"),
        ("sampling.topk=1", "E102"),
        ("sampling=1", "E103"),
        ("stop.tokens=[a", "E005"),
        ("extends=demo", "E102"),
        ("variants.v.system=x", "E102"),
    ],
)
def test_bad_sets(folder: Any, text: str, code: str) -> None:
    folder.profile("")
    (item,) = folder.errors(sets=[text])
    assert item.code == code
    assert item.origin is not None
    assert item.origin.name.startswith("--set")


def test_flags_are_typed_values_with_their_name(folder: Any) -> None:
    folder.profile("stop: {sequences: [a]}\n")
    resolved = folder.resolve(flags={"stop.sequences": Flag(["b"], "--stop"), "sampling.seed": 7})
    assert resolved.profile.stop.sequences == ["b"]
    assert str(resolved.origin("stop.sequences[0]")) == "--stop"
    (item,) = folder.errors(flags={"sampling.top_p": Flag(3.0, "--top-p")})
    assert (item.code, str(item.origin)) == ("E105", "--top-p")


def test_the_models_own_sampling(folder: Any) -> None:
    folder.profile("sampling: {top_k: 7}\n")
    seen = []

    def own(model: Any) -> Mapping[str, object]:
        seen.append(model.repo)
        return {
            "temperature": 0.6,
            "top_k": 20,
            "top_p": 0,
            "min_p": "x",
            "do_sample": True,
            "eos_token_id": 1,
        }

    resolved = folder.resolve(generation_config=own)
    assert seen == ["org/model"]
    assert (resolved.profile.sampling.temperature, resolved.profile.sampling.top_k) == (0.6, 7)
    assert resolved.profile.sampling.top_p == 1.0
    assert len(resolved.warnings) == 2
    greedy = folder.resolve(generation_config=lambda model: {"temperature": 0.6, "do_sample": False})
    assert greedy.profile.sampling.temperature == 0


def test_the_hash_is_of_the_effective_values(folder: Any) -> None:
    folder.profile("sampling: {temperature: 1}\nsystem: ${env:WHO:-x}\n")
    folder.write("same.yaml", "mlxk: 1\nextends: ./p.yaml\nsampling: {temperature: 1.0}\n")
    first = folder.resolve().config_hash
    assert folder.resolve("same.yaml").config_hash == first
    assert folder.resolve(sets=["sampling.temperature=0.9"]).config_hash != first
    folder.environ["WHO"] = "a secret"
    assert folder.resolve().config_hash == first


def test_no_model_at_all(folder: Any) -> None:
    folder.write("p.yaml", "mlxk: 1\nsystem: x\n")
    (item,) = folder.errors()
    assert (item.code, item.path) == ("E106", ("model",))
    assert folder.resolve(sets=["model=org/x"]).profile.model.repo == "org/x"


@pytest.mark.parametrize(
    ("first", "code"),
    [
        ("", "E101"),
        ("mlxk: 2\nunknown: key\n", "E101"),
        ("mlxk: '1'\n", "E101"),
        ("mlxk: true\n", "E101"),
        ('mlxk: 1\nrequires: ">=99"\nunknown: key\n', "E101"),
        ("mlxk: 1\nrequires: soon\n", "E101"),
        ("mlxk: 1\nrequires: [1]\n", "E103"),
    ],
)
def test_versions_are_read_before_anything_else(folder: Any, first: str, code: str) -> None:
    folder.write("p.yaml", first + "model: org/x\n")
    assert folder.codes() == [code]


def test_requirements_that_are_met(folder: Any) -> None:
    folder.profile('requires: ">=0.0.1, <99, !=98.5"\n')
    assert folder.resolve().profile.model.repo == "org/model"


def test_the_user_file_has_settings_but_no_model(folder: Any) -> None:
    home = Path(folder.environ["XDG_CONFIG_HOME"]) / "mlxk"
    home.mkdir(parents=True)
    (home / "config.yaml").write_text("mlxk: 1\nmodel: org/x\n")
    folder.profile("")
    (item,) = folder.errors()
    assert (item.code, item.path) == ("E102", ("model",))
    assert folder.resolve(isolated=True)

"""Rules between keys, told at the key that is wrong."""

from __future__ import annotations

from typing import Any

import pytest

from mlxk.config.origins import dotted


def test_the_other_side_of_a_conflict_is_named(folder: Any) -> None:
    folder.profile("tokens: {max_output: 100}\n", "base.yaml")
    folder.profile("extends: base\ntokens: {max_reasoning: 200}\n")
    (item,) = folder.errors()
    assert item.notes == ("`tokens.max_output` comes from base.yaml:3",)


def test_rules_between_keys_are_in_the_same_report_as_wrong_types(folder: Any) -> None:
    folder.profile(
        "server: {listen: 0.0.0.0:1}\nsampling: {top_p: 7}\ntokens: {max_output: 1, max_reasoning: 2}\n"
    )
    assert sorted(folder.codes()) == ["E105", "E107", "E111"]


def test_a_variant_is_held_to_the_rules_too(folder: Any) -> None:
    folder.profile(
        "tokens: {max_output: 10}\n"
        "variants:\n"
        "  v: {tokens: {max_reasoning: 20}}\n"
        "  w: {tokens: {max_output: null, max_reasoning: 20}}\n"
    )
    (item,) = folder.validate()
    assert (item.code, item.path) == ("E107", ("tokens", "max_reasoning"))
    assert item.origin is not None
    assert item.origin.line == 5


@pytest.mark.parametrize(
    ("text", "code", "place", "message"),
    [
        ("locked: [temperatur]", "E104", "request_policy.locked[0]", "must be one of"),
        ("clamp: {temprature: {max: 1}}", "E102", "request_policy.clamp.temprature", "unknown key"),
        ("clamp: {seed: {max: 1}}", "E102", "request_policy.clamp.seed", "unknown key"),
        ("clamp: {temperature: 1}", "E103", "request_policy.clamp.temperature", "must be a mapping"),
        ("clamp: {max_tokens: {max: 1.5}}", "E103", "request_policy.clamp.max_tokens.max", "a whole number"),
        (
            "clamp: {temperature: {max: 9}}",
            "E105",
            "request_policy.clamp.temperature.max",
            "out of its range",
        ),
        ("clamp: {max_tokens: {max: 0}}", "E105", "request_policy.clamp.max_tokens.max", "out of its range"),
        ("clamp: {top_p: {min: 0.9, max: 0.1}}", "E107", "request_policy.clamp.top_p.min", "not be greater"),
        (
            "locked: [top_p]\n  clamp: {top_p: {max: 0.1}}",
            "E107",
            "request_policy.clamp.top_p",
            "is locked",
        ),
    ],
)
def test_a_request_policy_that_cannot_be_meant(
    folder: Any, text: str, code: str, place: str, message: str
) -> None:
    folder.profile(f"request_policy:\n  {text}\n")
    (found,) = folder.validate()
    assert (found.code, dotted(found.path)) == (code, place)
    assert message in found.message


HOSTS = "hosts: [127.0.0.1, 127.0.0.1]"


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        ("hosts: [127.0.0.1, studio]", "hosts[1]", "not an IP address"),
        ("hosts: [127.0.0.1, {ssh: a, ips: [b]}]", "hosts[1].ips[0]", "not an IP address"),
        ("hosts: [127.0.0.1, {ssh: a}]", "hosts[1]", "needs an address"),
        ("hosts: [127.0.0.1, {ssh: -oX, ips: [10.0.0.2]}]", "hosts[1].ssh", "what ssh calls"),
        (
            "{backend: jaccl, hosts: [127.0.0.1, {ssh: a, ips: [10.0.0.2]}]}",
            "hosts[1]",
            "an entry for each of the hosts",
        ),
        ("hosts: [127.0.0.1]", "hosts", "at least 2 entries"),
        (f"{{{HOSTS}, python: python3}}", "python", "not a whole path"),
    ],
)
def test_hosts_that_cannot_be_meant(folder: Any, text: str, place: str, message: str) -> None:
    folder.profile(f"engine:\n  distributed:\n    {text}\n")
    (found,) = folder.validate()
    assert dotted(found.path) == f"engine.distributed.{place}"
    assert message in found.message


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("isolation: thread", "engine.isolation"),
        ("prompt_cache: {path: ./cache}", "engine.prompt_cache.path"),
    ],
)
def test_what_a_group_of_ranks_does_not_have(folder: Any, text: str, place: str) -> None:
    folder.profile(f"engine: {{distributed: {{{HOSTS}}}, {text}}}\n")
    (found,) = folder.validate()
    assert (found.code, dotted(found.path)) == ("E107", place)
    assert found.notes == ("`engine.distributed` comes from p.yaml:3",)


def test_an_alias_twice(folder: Any) -> None:
    folder.profile("aliases: [a, b, a]\n")
    (found,) = folder.validate()
    assert (found.code, dotted(found.path), found.origin.column) == ("E107", "aliases[2]", 17)


def test_request_policies_merge_like_everything(folder: Any) -> None:
    folder.profile(
        "aliases: [x]\nrequest_policy: {locked: [seed], clamp: {temperature: {max: 1}}}\n", "base.yaml"
    )
    folder.profile(
        "extends: base\naliases+: [y]\nrequest_policy: {locked+: [top_p], clamp: {top_k: {max: 9}}}\n"
    )
    profile = folder.resolve(sets=["request_policy.clamp.temperature.max=0.5"]).profile
    assert profile.request_policy.locked == ["seed", "top_p"]
    assert profile.request_policy.clamp.temperature.max == 0.5
    assert profile.request_policy.clamp.top_k.max == 9
    assert profile.aliases == ["x", "y"]

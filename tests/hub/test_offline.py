"""Nobody asks the hub, in this process or a child of it."""

from __future__ import annotations

import pytest
from huggingface_hub import HfApi

from mlxk.errors import HubUnreachable
from mlxk.hub.failures import told
from mlxk.hub.offline import environment, is_offline, offline
from tests.hub.loopback import Hub


def test_within_it_the_hub_is_not_asked(hub: Hub) -> None:
    hub.add("org/tiny", {})
    with offline(), pytest.raises(HubUnreachable), told("org/tiny"):
        HfApi().model_info("org/tiny")
    assert hub.requests == []
    HfApi().model_info("org/tiny")
    assert hub.asked("GET", "org/tiny") == 1


def test_it_reaches_children_and_ends(hub: Hub) -> None:
    assert environment().get("HF_HUB_OFFLINE") is None
    with offline():
        assert is_offline()
        assert environment()["HF_HUB_OFFLINE"] == "1"
        with offline(False):
            assert is_offline()
    assert not is_offline()

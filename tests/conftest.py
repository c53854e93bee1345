"""Fixtures shared by every test: tiny models, made once a session."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.models import make_gpt_oss, make_lfm2, make_llama, make_qwen3


@pytest.fixture(scope="session")
def qwen3_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random Qwen3 folder: ChatML, `<think>` tokens."""
    return make_qwen3(tmp_path_factory.mktemp("qwen3") / "model")


@pytest.fixture(scope="session")
def llama_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random Llama folder: ChatML."""
    return make_llama(tmp_path_factory.mktemp("llama") / "model")


@pytest.fixture(scope="session")
def gpt_oss_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A gpt-oss folder with MXFP4 experts that recites `tests.models.GPT_OSS_SCRIPT`."""
    return make_gpt_oss(tmp_path_factory.mktemp("gpt_oss") / "model")


@pytest.fixture(scope="session")
def lfm2_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random LFM2 folder: convolution and attention layers, ChatML."""
    return make_lfm2(tmp_path_factory.mktemp("lfm2") / "model")

"""Which language model: in process by llama.cpp or transformers, or an endpoint on the premises."""

import psutil

from appliance import weights
from appliance.answering.engines.engine import Engine, EngineInfo
from appliance.errors import Unavailable, UsageError
from appliance.settings import Settings

OVERHEAD = 1.15
"""Memory that a model takes beside its weights: its context and its working space, roughly."""


def open_engine(settings: Settings, pack_name: str = "", free_bytes: int | None = None) -> Engine:
    """Open the engine of the settings, or the pack `pack_name` by the setting's engine. Weights are checked by digest
    before they are parsed (I6).

    Raises IntegrityFailure, Unavailable (also when the weights exceed `free_bytes`, by default what the machine can
    give now) or UsageError, each saying what to do.
    """
    if settings.engine == "openai_compatible":
        return _endpoint(settings, pack_name)
    pack = weights.open_pack(settings.packs, pack_name or settings.generation_pack)
    if pack.pack.use != "generation":
        raise UsageError(f"the pack {pack.name} is no language model but for {pack.pack.use}", "See `appliance models`")
    _check_memory(pack.name, pack.pack.bytes, psutil.virtual_memory().available if free_bytes is None else free_bytes)
    info = EngineInfo(pack.name, pack.sha256, settings.context_tokens)
    if settings.engine == "huggingface":
        from appliance.answering.engines.huggingface import HuggingFaceEngine

        return HuggingFaceEngine.open(pack.folder, info, settings.threads_in_use, settings.context_tokens)
    from appliance.answering.engines.llama_cpp import LlamaCppEngine

    file, threads = pack.only(".gguf"), settings.threads_in_use
    return LlamaCppEngine.open(file, info, threads, settings.context_tokens, parallel=settings.compose_at_once)


def brought(settings: Settings, use: str, name: str) -> weights.VerifiedPack | None:
    """The pack of a use that has no default: the one named, else the first that is here; None where none is.

    Raises what opening a pack raises, and UsageError when it is of another use.
    """
    if name == "none":
        return None
    here = [
        p.name for p in weights.manifest(settings.packs) if p.use == use and weights.is_present(settings.packs, p.name)
    ]
    if not name and not here:
        return None
    pack = weights.open_pack(settings.packs, name or here[0])
    if pack.pack.use != use:
        raise UsageError(
            f"the pack {pack.name} is not for {use} but for {pack.pack.use}", "See `appliance models list`"
        )
    return pack


def _check_memory(name: str, needed: int, free: int) -> None:
    if needed * OVERHEAD > free:
        told = (
            f"the model {name} needs about {needed * OVERHEAD / 2**30:.1f} GiB of memory, {free / 2**30:.1f} are free"
        )
        raise Unavailable(told, "Choose a smaller one with the setting generation_pack, or give the machine more")


def _endpoint(settings: Settings, model: str = "") -> Engine:
    from appliance.answering.engines.openai_compatible import OpenAICompatibleEngine

    if not settings.endpoint_url or not settings.endpoint_model:
        raise UsageError("the engine is an endpoint, but endpoint_url or endpoint_model is empty", "Set both")
    key = settings.endpoint_key_file.read_text("utf-8").strip() if settings.endpoint_key_file else ""
    return OpenAICompatibleEngine(
        settings.endpoint_url,
        model or settings.endpoint_model,
        key,
        networks=settings.allowed_networks,
        context_tokens=settings.context_tokens,
    )

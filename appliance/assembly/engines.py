"""Which language model: in process by llama.cpp or transformers, or an endpoint on the premises."""

from appliance import weights
from appliance.answering.engines.engine import Engine, EngineInfo
from appliance.errors import UsageError
from appliance.settings import Settings


def open_engine(settings: Settings) -> Engine:
    """Open the engine of the settings. Weights are checked by digest before they are parsed (I6).

    Raises IntegrityFailure, Unavailable or UsageError, each saying what to do.
    """
    if settings.engine == "openai_compatible":
        return _endpoint(settings)
    pack = weights.open_pack(settings.packs, settings.generation_pack)
    info = EngineInfo(pack.name, pack.sha256, settings.context_tokens)
    if settings.engine == "huggingface":
        from appliance.answering.engines.huggingface import HuggingFaceEngine

        return HuggingFaceEngine.open(pack.folder, info, settings.threads_in_use, settings.context_tokens)
    from appliance.answering.engines.llama_cpp import LlamaCppEngine

    return LlamaCppEngine.open(pack.only(".gguf"), info, settings.threads_in_use, settings.context_tokens)


def _endpoint(settings: Settings) -> Engine:
    from appliance.answering.engines.openai_compatible import OpenAICompatibleEngine

    if not settings.endpoint_url or not settings.endpoint_model:
        raise UsageError("the engine is an endpoint, but endpoint_url or endpoint_model is empty", "Set both")
    key = settings.endpoint_key_file.read_text("utf-8").strip() if settings.endpoint_key_file else ""
    return OpenAICompatibleEngine(
        settings.endpoint_url,
        settings.endpoint_model,
        key,
        networks=settings.allowed_networks,
        context_tokens=settings.context_tokens,
    )

"""`transformers` in this process: safetensors weights from a local folder, never code or pickles from it."""

import threading
from collections.abc import Iterator
from pathlib import Path
from threading import Event
from typing import Any

from appliance.answering.engines.engine import EngineInfo, Piece
from appliance.answering.engines.reasoning import OPENING, without_reasoning
from appliance.errors import IntegrityFailure, Unavailable

_POLL_SECONDS = 0.05
_ADVICE = "Check the pack with `appliance models verify`, or choose another with the setting generation_pack"


class HuggingFaceEngine:
    """A causal language model of `transformers`. One answer at a time; further requests wait their turn."""

    def __init__(self, model: Any, tokenizer: Any, info: EngineInfo) -> None:
        self.info = info
        self._model = model
        self._tokenizer = tokenizer
        self._turn = threading.Lock()

    @classmethod
    def open(cls, folder: Path, info: EngineInfo, threads: int, context_tokens: int) -> "HuggingFaceEngine":
        """Load the folder's safetensors (digests were checked by `weights`); nothing is fetched.

        Raises IntegrityFailure when the folder holds no safetensors or any pickle, Unavailable when
        `transformers` cannot load it. A longer prompt than `context_tokens` is refused by `stream`.
        """
        folder = Path(folder)
        if not any(folder.glob("*.safetensors")):
            raise IntegrityFailure(f"no safetensors file in pack {folder.name}", "Only safetensors and GGUF are loaded")
        if any(folder.glob("*.bin")) or any(folder.glob("*.pt")) or any(folder.glob("*.pkl")):
            raise IntegrityFailure(f"pack {folder.name} holds pickled weights", "Remove them; safetensors are enough")
        import torch
        from safetensors import SafetensorError
        from transformers import AutoModelForCausalLM, AutoTokenizer

        torch.set_num_threads(threads)
        options: dict[str, Any] = {"local_files_only": True, "trust_remote_code": False}
        try:
            tokenizer = AutoTokenizer.from_pretrained(str(folder), **options)
            model: Any = AutoModelForCausalLM.from_pretrained(str(folder), use_safetensors=True, **options)
        except (OSError, ValueError, KeyError, RuntimeError, ImportError, SafetensorError) as error:
            raise Unavailable(f"transformers cannot load pack {folder.name}", _ADVICE) from error
        model.eval()
        if torch.cuda.is_available():
            model.to("cuda")
        return cls(model, tokenizer, EngineInfo(info.name, info.digest, context_tokens))

    def stream(
        self, messages: list[dict[str, str]], *, max_tokens: int, temperature: float = 0.0, cancel: Event | None = None
    ) -> Iterator[Piece]:
        """See the port. Setting `cancel` stops the generation at its next token."""
        if self._model is None:
            raise Unavailable("the language model is closed", "Start the appliance again")
        prompt, text = self._encode(messages)
        length = int(prompt["input_ids"].shape[1])
        if length + max_tokens > self.info.context_tokens:
            raise Unavailable(
                "the language model refused the request (prompt too long)", "Raise the setting context_tokens"
            )
        pieces = self._generate(prompt, length, max_tokens, temperature, cancel or Event())
        return without_reasoning(pieces, inside=text.rstrip().endswith(OPENING))

    def close(self) -> None:
        """Drop the model; an answer under way keeps it until it ends."""
        self._model = None

    def _encode(self, messages: list[dict[str, str]]) -> tuple[dict[str, Any], str]:
        if self._tokenizer.chat_template:
            text = str(self._tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True))
            encoded = self._tokenizer(text, return_tensors="pt", add_special_tokens=False)
        else:
            text = "\n\n".join(message["content"] for message in messages) + "\n\n"
            encoded = self._tokenizer(text, return_tensors="pt")
        device = self._model.device
        return {key: encoded[key].to(device) for key in ("input_ids", "attention_mask")}, text

    def _generate(
        self, prompt: dict[str, Any], length: int, max_tokens: int, temperature: float, cancel: Event
    ) -> Iterator[Piece]:
        import torch
        from transformers import StoppingCriteria, StoppingCriteriaList, TextIteratorStreamer

        class Stop(StoppingCriteria):
            def __call__(self, input_ids: Any, scores: Any, **_: Any) -> Any:
                return torch.full((input_ids.shape[0],), cancel.is_set() or abandoned.is_set(), device=input_ids.device)

        abandoned = Event()
        streamer: Any = TextIteratorStreamer(
            self._tokenizer, skip_prompt=True, timeout=_POLL_SECONDS, skip_special_tokens=True
        )
        sampling: dict[str, Any] = (
            {"do_sample": True, "temperature": temperature}
            if temperature > 0
            else {"do_sample": False, "temperature": None, "top_p": None, "top_k": None}
        )
        streamer.stop_signal = ""
        model = self._model
        failures: list[Exception] = []
        counts: list[int] = []

        def work() -> None:
            try:
                with self._turn, torch.inference_mode():
                    output = model.generate(
                        **prompt,
                        **sampling,
                        max_new_tokens=max_tokens,
                        streamer=streamer,
                        stopping_criteria=StoppingCriteriaList([Stop()]),
                        pad_token_id=self._tokenizer.eos_token_id,
                    )
                counts.append(int(output.shape[1]) - length)
            except (RuntimeError, ValueError, IndexError) as error:
                failures.append(error)
            finally:
                streamer.text_queue.put(None)

        threading.Thread(target=work, name="transformers", daemon=True).start()
        try:
            yield from _texts(streamer.text_queue, cancel)
        finally:
            abandoned.set()
        if failures:
            raise Unavailable("the language model failed", _ADVICE) from failures[0]
        if counts:
            yield Piece("", length, counts[0])


def _texts(arrived: Any, cancel: Event) -> Iterator[Piece]:
    """Texts until the worker's `None`; the streamer's own end mark is skipped so that failures are seen."""
    import queue

    while not cancel.is_set():
        try:
            text = arrived.get(timeout=_POLL_SECONDS)
        except queue.Empty:
            continue
        if text is None:
            return
        yield Piece(text)

"""Tiny models with random weights, of the real kinds, made here: they load and run like the big ones."""

from pathlib import Path

WORDS = (
    "the a of is in on to and not given dose five four ten milligrams ward second floor red cells hours how much "
    "patient must be finished within"
)


def classifier(folder: Path, labels: int, names: tuple[str, ...] = ()) -> Path:
    """A sequence classifier of one layer, saved as safetensors with its tokenizer."""
    import torch
    from transformers import BertConfig, BertForSequenceClassification, BertTokenizerFast

    folder.mkdir(parents=True)
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WORDS.split()]
    (folder / "vocab.txt").write_text("\n".join(vocabulary))
    BertTokenizerFast(vocab_file=str(folder / "vocab.txt")).save_pretrained(folder)
    torch.manual_seed(7)
    config = BertConfig(
        vocab_size=len(vocabulary), hidden_size=32, num_hidden_layers=1, num_attention_heads=2, intermediate_size=64,
        num_labels=labels, initializer_range=0.5,
        **({"id2label": dict(enumerate(names)), "label2id": {n: i for i, n in enumerate(names)}} if names else {}),
    )  # fmt: skip
    BertForSequenceClassification(config).save_pretrained(folder, safe_serialization=True)
    return folder

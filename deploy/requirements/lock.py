"""Write the hash-locked requirement files that `make setup` installs.

Run with uv on the PATH (`make lock`). Three files come out:

- `runtime.txt`: everything the program needs, every file of every release by SHA-256;
- `dev.txt`: what tests and linters need on top;
- `cuda.txt`: what the package index's own build of torch needs on x86-64 and the CPU build does not.

torch is listed with the hashes of the index's builds and of the CPU builds given in CPU_BUILDS, so that
either file is accepted.
"""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
PYPROJECT = HERE.parents[1] / "pyproject.toml"
CPU_BUILDS = ("6746dbcbeb526eb61330b76b41ff1b4eb848951103a892eeb080dfa2b264667b",)
OVERRIDES = "opencv-python; sys_platform == 'never'\n"  # its headless twin needs no X11 libraries
EXTRA = "opencv-python-headless\n"


def compile_requirements(*arguments: str) -> str:
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as overrides, tempfile.NamedTemporaryFile(
        "w", suffix=".in"
    ) as extra:
        overrides.write(OVERRIDES)
        overrides.flush()
        extra.write(EXTRA)
        extra.flush()
        command = ["uv", "pip", "compile", "-q", "--python-version", "3.11", "--generate-hashes", "--no-header",
                   "--no-annotate", "--no-emit-index-url", "--no-emit-find-links",
                   "--python-platform", "x86_64-manylinux_2_28",
                   "--override", overrides.name, *arguments, str(PYPROJECT), extra.name]  # fmt: skip
        return subprocess.run(command, check=True, text=True, stdout=subprocess.PIPE).stdout


def entries(text: str) -> dict[str, str]:
    """Map each distribution's name to its requirement lines, hashes included."""
    found: dict[str, str] = {}
    for block in re.split(r"\n(?=[A-Za-z0-9])", text.strip()):
        found[re.split(r"[=<>\[ ;]", block, maxsplit=1)[0].lower()] = block
    return found


def is_cuda(name: str) -> bool:
    return name.startswith(("nvidia-", "cuda-")) or name == "triton"


def main() -> int:
    everything = entries(compile_requirements("--extra", "dev"))
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as pins:
        pins.write("\n".join(block.split(" \\")[0] for block in everything.values()))
        pins.flush()
        needed = entries(compile_requirements("--constraint", pins.name))
    torch = everything["torch"].rstrip()
    torch += "".join(f" \\\n    --hash=sha256:{digest}" for digest in CPU_BUILDS if digest not in torch)
    everything["torch"] = torch
    runtime = [everything[name] for name in sorted(needed) if not is_cuda(name) and name != "torch"]
    dev = [everything[name] for name in sorted(everything) if name not in needed and not is_cuda(name)]
    cuda = [everything[name] for name in sorted(everything) if is_cuda(name)]
    for name, blocks in (("torch", [torch]), ("runtime", runtime), ("dev", dev), ("cuda", cuda)):
        (HERE / f"{name}.txt").write_text("\n".join(blocks) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""The house keeps its shape: what lies at the top, what is tracked, how big functions and modules are."""

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import pytest

REPOSITORY = Path(__file__).parents[1]
TOP = {
    "pyproject.toml", "README.md", "Makefile", ".ci", ".gitignore",
    "appliance", "tests", "deploy", "policies", "sample_docs", "docs",
}  # fmt: skip
LARGEST_BYTES = 1_000_000
LONG_FUNCTION_LINES = 50
FOREIGN = re.compile(
    r"/(?:work|root|Users)/[\w.]"  # a machine's own paths
    r"|/home/(?!USER|appliance)\w"
    r"|/tmp/b[o]ot"
    r"|//[\w.-]*(?:py[p]i|python[h]osted|artifactory|nexus)\.[\w.]+"  # a registry
    r"|BEGIN (?:RSA |EC |OPENSSH )?PRIVATE K[E]Y"
)
VAGUE_NAMES = {"utils", "util", "helper", "helpers", "manager", "managers", "common", "misc"}


@pytest.fixture(scope="module")
def tracked() -> list[Path]:
    """Every tracked file that is there, relative to the repository."""
    ran = subprocess.run(["git", "ls-files", "-z"], cwd=REPOSITORY, text=True, capture_output=True, check=False)
    if ran.returncode:
        pytest.skip("this is no git clone, so nothing is tracked")
    return [Path(name) for name in ran.stdout.split("\0") if name and (REPOSITORY / name).is_file()]


def modules() -> Iterator[tuple[Path, str, ast.Module]]:
    """The program's own modules: path, text, syntax tree."""
    for path in sorted((REPOSITORY / "appliance").rglob("*.py")):
        text = path.read_text("utf-8")
        yield path.relative_to(REPOSITORY), text, ast.parse(text)


def test_the_top_level_holds_what_the_design_lists_and_nothing_else(tracked: list[Path]) -> None:
    assert {path.parts[0] for path in tracked} == TOP


def test_no_tracked_file_is_over_a_megabyte(tracked: list[Path]) -> None:
    sizes = {str(path): (REPOSITORY / path).stat().st_size for path in tracked}
    largest = max(sizes, key=sizes.__getitem__)
    print(f"{len(sizes)} files, the largest {largest} with {sizes[largest]:,} bytes")
    assert sizes[largest] <= LARGEST_BYTES, largest


def test_no_tracked_file_names_a_machine_a_registry_or_holds_a_key(tracked: list[Path]) -> None:
    found = []
    for path in tracked:
        text = (REPOSITORY / path).read_bytes().decode("utf-8", "ignore")
        found += [f"{path}: {match.group()}" for match in FOREIGN.finditer(text)]
    assert not found


@pytest.mark.parametrize(
    "text", ["in #work#x", "#root#.cache", "cd #home#somebody", "https:##pypi.org#simple", "https:##nexus.example#x"]
)
def test_the_search_for_foreign_names_would_find_one(text: str) -> None:
    assert FOREIGN.search(text.replace("#", "/"))


def test_public_functions_and_classes_say_what_they_are() -> None:
    named, told = 0, 0
    missing = []
    for path, _, tree in modules():
        for node in public(tree):
            named += 1
            told += bool(ast.get_docstring(node))
            if not ast.get_docstring(node):
                missing.append(f"{path}:{node.lineno} {node.name}")
    print(f"public docstrings: {told} of {named} ({told / named:.1%})")
    assert told / named >= 0.85, missing


def public(tree: ast.Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef]:
    """Public functions and classes of a module, and the public methods of those classes."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            yield node
            inner = node.body if isinstance(node, ast.ClassDef) else ()
            for each in inner:
                if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef) and not each.name.startswith("_"):
                    yield each


def test_few_functions_are_over_fifty_lines() -> None:
    lengths = {
        f"{path}:{node.name}": (node.end_lineno or node.lineno) - node.lineno + 1
        for path, _, tree in modules()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    long = {name: lines for name, lines in lengths.items() if lines > LONG_FUNCTION_LINES}
    longest = max(lengths, key=lengths.__getitem__)
    print(f"functions over 50 lines: {len(long)} of {len(lengths)} ({len(long) / len(lengths):.1%}); {longest} "
          f"has {lengths[longest]}")  # fmt: skip
    assert len(long) / len(lengths) < 0.06, long


def test_few_handlers_catch_everything() -> None:
    handlers, broad = 0, []
    for path, _, tree in modules():
        for node in ast.walk(tree):
            if isinstance(node, ast.ExceptHandler):
                handlers += 1
                kinds = node.type.elts if isinstance(node.type, ast.Tuple) else [node.type]
                if any(kind is None or getattr(kind, "id", "") in ("Exception", "BaseException") for kind in kinds):
                    broad.append(f"{path}:{node.lineno}")
    print(f"broad handlers: {len(broad)} of {handlers} ({len(broad) / handlers:.1%})")
    assert len(broad) / handlers < 0.15, broad


def test_modules_are_small_and_named_for_what_they_do() -> None:
    sizes = {str(path): text.count("\n") for path, text, _ in modules() if text.strip()}
    longest = max(sizes, key=sizes.__getitem__)
    code = sum(sizes.values())
    tests = sum(path.read_text("utf-8").count("\n") for path in (REPOSITORY / "tests").rglob("*.py"))
    print(f"{len(sizes)} modules, {code:,} lines, median {median(sizes.values()):.0f}, longest {longest} with "
          f"{sizes[longest]}; tests {tests:,} lines, {tests / code:.2f} of the code")  # fmt: skip
    assert 60 <= median(sizes.values()) <= 180
    assert not {Path(name).stem for name in sizes} & VAGUE_NAMES


def test_every_module_says_what_it_is_for() -> None:
    silent = [str(path) for path, text, tree in modules() if text.strip() and not ast.get_docstring(tree)]
    assert not silent

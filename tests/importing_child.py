"""Run by `test_imports.py` in a process of its own: import everything, and print what an import did beside reading.

An audit hook (PEP 578) sees every file that is opened, every socket, process and change of the file system. What
the interpreter needs to load code passes: source and bytecode below the installation or the repository, shared
libraries, package data of installed libraries. Everything else is told.
"""

import importlib
import json
import os
import sys
import sysconfig
from pathlib import Path

PREFIXES = tuple({
    str(Path(path).resolve()) + os.sep
    for path in (*sysconfig.get_paths().values(), sys.prefix, sys.base_prefix, sys.argv[1])
})  # fmt: skip
OWN = (".py", ".pyc", ".so")
SYSTEM_LIBRARIES = ("/lib/", "/lib64/", "/usr/lib/", "/usr/lib64/")
HARMLESS = ("/proc/", "/sys/", "/etc/ld.so", "/etc/localtime", "/usr/share/zoneinfo/", "/dev/null", "/dev/urandom")
LIBRARIES = ("/etc/mime.types", "/etc/ssl/openssl.cnf", "/etc/os-release", "/usr/lib/os-release")
"""What libraries (not the appliance) look at while they are imported: facts of the machine, nothing of a person."""
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
REFUSED = (
    "socket.connect", "socket.bind", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto", "socket.sendmsg",
    "os.system", "os.exec", "os.posix_spawn", "os.spawn", "os.fork", "os.forkpty", "subprocess.Popen", "os.remove",
    "os.rename", "os.rmdir", "os.mkdir", "os.link", "os.symlink", "os.truncate", "os.chmod", "os.chown", "os.utime",
    "shutil.copyfile", "shutil.move", "shutil.rmtree", "shutil.make_archive", "tempfile.mkstemp", "tempfile.mkdtemp",
    "sqlite3.connect", "urllib.Request", "ftplib.connect", "smtplib.connect", "http.client.connect",
)  # fmt: skip

LIBRARIES_MAY = {
    ("urllib3", "socket.__new__"): "it looks whether this machine has IPv6",
    ("urllib3", "socket.bind"): "by binding a socket to ::1, which sends nothing",
    ("torch", "os.mkdir"): "it makes the empty folder of its compiler's cache",
    ("torch", "open"): "and tries with an empty temporary file whether it may write there",
    ("torch", "os.remove"): "which it removes",
}
"""What libraries do when imported, which nobody can switch off: without content, and nothing leaves the machine."""

did: list[str] = []
importing = ""
package = os.path.join(sys.argv[1], "appliance") + os.sep


def watch(event: str, arguments: tuple[object, ...]) -> None:
    """Note what is not the reading of code."""
    if event not in REFUSED and event != "socket.__new__" and (event != "open" or _may_open(arguments)):
        return
    library = _library()
    if (library, event) not in LIBRARIES_MAY:
        did.append(f"{importing}: {event} {str(arguments)[:120]} by {library}")


def _library() -> str:
    """The installed library whose code does it, or `appliance` where that is nearer."""
    frame = sys._getframe(2)
    while frame is not None:
        name = frame.f_code.co_filename
        if name.startswith(package):
            return "appliance"
        if "site-packages" in name:
            return name.partition("site-packages" + os.sep)[2].split(os.sep)[0]
        frame = frame.f_back  # type: ignore[assignment]
    return "nobody known"


def _may_open(arguments: tuple[object, ...]) -> bool:
    path, mode, flags = arguments
    if not isinstance(path, str | bytes | os.PathLike):
        return isinstance(path, int)
    given = os.fsdecode(path)
    name = os.path.realpath(given)
    writes = bool(flags & WRITING) if isinstance(flags, int) else False
    if isinstance(mode, str) and set(mode) & set("wax+"):
        writes = True
    if name == "/dev/null":
        return True
    if writes:
        return False
    if given.startswith(("<", "__editable__")):  # names that compiled code has in place of a file
        return True
    if name.startswith(package):
        return name.endswith(OWN)
    return name.startswith((*PREFIXES, *SYSTEM_LIBRARIES, *HARMLESS)) or name in LIBRARIES


sys.dont_write_bytecode = True
root = Path(sys.argv[1])
files = [path.relative_to(root).with_suffix("") for path in root.glob("appliance/**/*.py")]
modules = sorted(".".join(path.parts).removesuffix(".__init__") for path in files)
wanted = [
    name
    for name in modules
    if name.startswith(sys.argv[2]) and not name.endswith("__main__") and ".migrations" not in name
]
sys.addaudithook(watch)
for importing in wanted:
    importlib.import_module(importing)
print(json.dumps({"modules": len(wanted), "did": did, "loaded": sorted({n.partition(".")[0] for n in sys.modules})}))

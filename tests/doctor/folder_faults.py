"""Faults of an app's folder: each changes a copy of the app, and returns what the doctor says of it."""

import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

from doctor.findings import Finding
from doctor.folder.files import read_json
from doctor.folder.functions import check_import, index_folder
from doctor.folder.package import check_bundle, check_package, unreadable_host
from doctor.folder.versions import check_libraries, check_packages, check_python, installed_libraries, running_python
from doctor.hub import check_handler, unreadable_hubs

ROOT = Path(__file__).resolve().parents[2]
APP = "http://localhost:7071"
HUB = "Sample_ChatApp"
FILES = (
    "function_app.py",
    "host.json",
    "requirements.txt",
    ".funcignore",
    "webpubsub.json",
    "local.settings.json.example",
)
OTHER_MINOR = sys.version_info.minor + 1


def copy_folder(folder: Path) -> Path:
    """Make a folder with the app in it, and the files around it that the doctor reads; return the folder.

    There is no infrastructure, which would ask for a version of Python. The packages are this repository's own.
    """
    for name in FILES:
        shutil.copy(ROOT / name, folder / name)
    for name in ("chat", "static"):
        (folder / name).symlink_to(ROOT / name)
    return folder


def import_of(text: str) -> Callable[[Path], Finding]:
    """Return a fault: function_app.py has this text."""

    def find(folder: Path) -> Finding:
        (folder / "function_app.py").write_text(text)
        return check_import(index_folder(folder, {}))

    return find


def bundle_of(bundle: object) -> Callable[[Path], Finding]:
    """Return a fault: host.json has this extension bundle."""

    def find(folder: Path) -> Finding:
        (folder / "host.json").write_text(json.dumps({"version": "2.0", "extensionBundle": bundle}))
        return check_bundle(read_json(folder / "host.json"))

    return find


def ignoring(*lines: str, instead: bool = False) -> Callable[[Path], Finding]:
    """Return a fault: .funcignore has these lines beside its own, or instead of them."""

    def find(folder: Path) -> Finding:
        file = copy_folder(folder) / ".funcignore"
        own = [] if instead else file.read_text().splitlines()
        file.write_text("\n".join([*own, *lines]))
        return check_package(folder)

    return find


def app_without(name: str) -> Callable[[Path], Finding]:
    """Return a fault: the folder lacks a file."""

    def find(folder: Path) -> Finding:
        (copy_folder(folder) / name).unlink()
        return check_package(folder)

    return find


def handlers_of(*handlers: object, hub: str = HUB) -> Callable[[Path], Finding]:
    """Return a fault: webpubsub.json has these event handlers."""

    def find(folder: Path) -> Finding:
        document = {"WebPubSub": {"Hubs": {hub: {"EventHandlers": handlers}}}}
        (folder / "webpubsub.json").write_text(json.dumps(document))
        return check_handler(read_json(folder / "webpubsub.json"), HUB, APP)

    return find


def handler(**changed: object) -> dict[str, object]:
    """Return the event handler of the chat with some parts changed."""
    right = {
        "UrlTemplate": f"{APP}/eventhandler/{{event}}",
        "SystemEvents": ["connect", "connected", "disconnected"],
        "EventPattern": "*",
    }
    return right | changed


def compiled_for_another_python(folder: Path) -> Finding:
    packages = folder / ".python_packages" / "lib" / "site-packages" / "yarl"
    packages.mkdir(parents=True)
    (packages / f"_quoting_c.cpython-3{OTHER_MINOR}-x86_64-linux-gnu.so").write_bytes(b"")
    finding = check_packages(folder, "")
    assert finding is not None
    return finding


def libraries_that_are_too_old(folder: Path) -> Finding:
    text = (ROOT / "requirements.txt").read_text() + "\nyarl>=99\nno-such-package>=1\n"
    python = running_python()
    return check_libraries(text, python, installed_libraries(text, python), "here")


# In the order: the check, what it must say, and the fault.
FOLDER_FAULTS: dict[str, tuple[str, str, Callable[[Path], Finding]]] = {
    "an import that fails": (
        "functions.imported",
        "ModuleNotFoundError: No module named 'absent' (function_app.py, line 2)",
        import_of("import json\nimport absent\n"),
    ),
    "a syntax error": ("functions.imported", "SyntaxError", import_of("def (:\n")),
    "an app without functions": (
        "functions.imported",
        "no function",
        import_of("import azure.functions as func\napp = func.FunctionApp()\n"),
    ),
    "two apps": (
        "functions.imported",
        "2 top-level function apps",
        import_of("import azure.functions as func\na, b = func.FunctionApp(), func.FunctionApp()\n"),
    ),
    "an app that ends the process": ("functions.imported", "exit code 3", import_of("raise SystemExit(3)\n")),
    "no bundle": ("bundle.range", "no extension bundle", bundle_of(None)),
    "a bundle of another id": ("bundle.range", "another id", bundle_of({"id": "Other", "version": "[4.*, 5.0.0)"})),
    **{
        f"the bundle {version}": (
            "bundle.range",
            version,
            bundle_of({"id": "Microsoft.Azure.Functions.ExtensionBundle", "version": version}),
        )
        for version in ("[3.*, 4.0.0)", "[4.*, 6.0.0)", "[4.*, 5.0.0]", "4.*", "[5.*, 6.0.0)")
    },
    "a host.json that is none": (
        "bundle.range",
        "host.json is no JSON",
        lambda folder: unreadable_host(unreadable(folder / "host.json")),
    ),
    "an ignored part of the app": ("package.files", "chat/user_names/", ignoring("user_names/")),
    "an ignored page": ("package.files", "static/index.html", ignoring("*.html")),
    "no .funcignore": ("package.files", "local.settings.json", ignoring(instead=True)),
    "settings that would be published": ("package.files", "local.settings.json", ignoring("!/local.settings.json")),
    "no requirements": ("package.files", "lacks requirements.txt", app_without("requirements.txt")),
    "packages of another Python": ("libraries.abi", f"3.{OTHER_MINOR}", compiled_for_another_python),
    "old and missing libraries": ("libraries.versions", "no-such-package is missing", libraries_that_are_too_old),
    "an old Python": ("python.version", "3.11 or newer", lambda _: check_python("3.9.2", "", "runs the app")),
    "another Python than asked for": (
        "python.version",
        "3.12",
        lambda _: check_python("3.11.9", "3.12", "runs the app"),
    ),
    "no handler": ("hub.handler", "no event handler", handlers_of()),
    "a handler of another hub": ("hub.handler", "no event handler", handlers_of(handler(), hub="Other")),
    "a handler without a system event": (
        "hub.handler",
        "gets connect, disconnected",
        handlers_of(handler(SystemEvents=["connected"])),
    ),
    "a handler of some events": ("hub.handler", "user events", handlers_of(handler(EventPattern="message,join"))),
    "a handler elsewhere": (
        "hub.handler",
        "localhost:7999",
        handlers_of(handler(UrlTemplate="http://localhost:7999/eventhandler/{event}?code=s3cret")),
    ),
    "a webpubsub.json that is none": (
        "hub.handler",
        "webpubsub.json is no JSON",
        lambda folder: unreadable_hubs(unreadable(folder / "webpubsub.json")),
    ),
}


def unreadable(file: Path) -> str:
    """Write a file that is no JSON, and return what reading it says."""
    from doctor.folder.files import UnreadableFile

    file.write_text("{")
    try:
        read_json(file)
    except UnreadableFile as problem:
        return str(problem)
    raise AssertionError("it was read")

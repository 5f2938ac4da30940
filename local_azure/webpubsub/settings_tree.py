"""Reads settings as .NET applications do: one tree, keys in any letter case, environment variables override values."""

from collections.abc import Mapping

ROOT_SECTIONS = ("webpubsub", "urls")


class SettingsError(ValueError):
    """Invalid settings; the text holds the path of the value and never an access key."""


def overlay_environment(document: Mapping[str, object], environment: Mapping[str, str]) -> dict[str, object]:
    """Return the document with values like `WebPubSub__Hubs__chat__EventHandlers__0__UrlTemplate` in their places.

    Only names that begin with a section of the service are used. Raises `SettingsError` when a part of a name, except
    the last, is a single value.
    """
    tree = _copied(document)
    for name in sorted(environment):
        path = name.split("__")
        if path[0].lower() in ROOT_SECTIONS and (len(path) > 1 or path[0].lower() == "urls"):
            _put(tree, path, environment[name], name)
    return tree


def _copied(value: Mapping[str, object]) -> dict[str, object]:
    return {str(key): _as_tree(item) for key, item in value.items()}


def _as_tree(value: object) -> object:
    """Return lists as sections with the keys 0, 1, 2 …, as in the names of environment variables."""
    if isinstance(value, Mapping):
        return _copied(value)
    if isinstance(value, list | tuple):
        return {str(index): _as_tree(item) for index, item in enumerate(value)}
    return value


def _put(tree: dict[str, object], path: list[str], value: str, name: str) -> None:
    node = tree
    for key in path[:-1]:
        key = _known_key(node, key)
        child = node.setdefault(key, {})
        if not isinstance(child, dict):
            raise SettingsError(f"environment variable {name} goes through {key}, which is a single value")
        node = child
    node[_known_key(node, path[-1])] = value


def _known_key(node: Mapping[str, object], key: str) -> str:
    return next((known for known in node if known.lower() == key.lower()), key)


class Section:
    """A part of the tree. It records which of its keys were read, so that unknown keys can be reported."""

    def __init__(self, path: str, values: Mapping[str, object]) -> None:
        self.path = path
        self._values = {key.lower(): value for key, value in values.items()}
        self._names = {key.lower(): key for key in values}
        self._read_keys: set[str] = set()
        if len(self._values) != len(values):
            raise SettingsError(f"{path or 'settings'} has a key twice; keys are case-insensitive")

    @classmethod
    def root(cls, tree: Mapping[str, object]) -> "Section":
        """Return the section for the whole tree."""
        return cls("", tree)

    def names(self) -> list[str]:
        """Return the keys in their original letter case."""
        return list(self._names.values())

    def ignore(self, *keys: str) -> None:
        """Treat these keys as known."""
        self._read_keys.update(key.lower() for key in keys)

    def refuse_unknown_keys(self) -> None:
        """Raise `SettingsError` when a key was never read."""
        unknown = [self._at(self._names[key]) for key in self._values if key not in self._read_keys]
        if unknown:
            raise SettingsError(f"unknown setting {', '.join(unknown)}")

    def section(self, key: str) -> "Section":
        """Return the section below the key; an absent one is empty."""
        value = self._take(key)
        if value is None or value == "":
            value = {}
        if not isinstance(value, Mapping):
            raise SettingsError(f"{self._at(key)} must be an object, not a single value")
        return Section(self._at(key), value)

    def sections(self, key: str) -> list["Section"]:
        """Return the sections of a list in order."""
        items = self.section(key)
        return [items.section(index) for index in items.indexes()]

    def texts(self, key: str) -> list[str]:
        """Return a list of texts; a single text is a list with one item."""
        value = self._take(key)
        if isinstance(value, str):
            return [value] if value else []
        items = self.section(key)
        return [items.text(index) or "" for index in items.indexes()]

    def indexes(self) -> list[str]:
        """Return the keys of a list in numerical order."""
        wrong = [name for name in self.names() if not (name.isascii() and name.isdigit())]
        if wrong:
            raise SettingsError(f"{self.path} must be a list, and has the key {wrong[0][:64]!r}")
        return sorted(self.names(), key=int)

    def text(self, key: str) -> str | None:
        """Return a string, or None when it is absent."""
        value = self._take(key)
        if value is not None and not isinstance(value, str):
            raise SettingsError(f"{self._at(key)} must be a string")
        return value

    def boolean(self, key: str, *, default: bool = False) -> bool:
        """Return true or false; absent is the default."""
        value = self._take(key)
        if value is None:
            return default
        if isinstance(value, str) and value.lower() in ("true", "false"):
            return value.lower() == "true"
        if not isinstance(value, bool):
            raise SettingsError(f"{self._at(key)} must be true or false")
        return value

    def integer(self, key: str, *, default: int, minimum: int, maximum: int) -> int:
        """Return a whole number within the bounds."""
        value = self._take(key)
        if value is None:
            return default
        if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 10:
            value = int(value)
        if not isinstance(value, int) or isinstance(value, bool) or not minimum <= value <= maximum:
            raise SettingsError(f"{self._at(key)} must be a whole number from {minimum} to {maximum}")
        return value

    def _take(self, key: str) -> object:
        self._read_keys.add(key.lower())
        return self._values.get(key.lower())

    def _at(self, key: str) -> str:
        return f"{self.path}:{key}" if self.path else key

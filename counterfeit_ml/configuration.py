"""Reads a YAML file into a typed model, or says which key on which line of which file is wrong."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from inspect import isclass
from pathlib import Path
from typing import Any, TypeVar, get_args

import yaml
from pydantic import BaseModel, ValidationError

from counterfeit_ml.errors import ConfigError

Model = TypeVar("Model", bound=BaseModel)
Place = Sequence[str | int]
"""Keys and indexes that lead from a file's top to one of its entries."""

LARGEST_BYTES = 2 * 1024 * 1024
"""Of a file: read in a second, and some 50,000 lines."""
DEEPEST = 30
FAULTS_SHOWN = 10


@dataclass(frozen=True)
class Document:
    """A YAML file: what it says, and on which line."""

    path: Path
    content: Any
    root: yaml.Node | None

    @classmethod
    def read(cls, path: Path) -> "Document":
        """Raises ``ConfigError`` for what is no YAML, is too large, or holds an alias (against
        YAML bombs) or a key twice.
        """
        text = _text(path)
        try:
            _check_events(path, text)
            root = yaml.compose(text, yaml.CSafeLoader)
            return cls(path, _content(path, root), root)
        except yaml.MarkedYAMLError as error:
            line = _line(error.problem_mark)
            raise ConfigError(f"{path}:{line}: this is not valid YAML: {error.problem}.") from error
        # Of a number of thousands of digits, or a day such as 2026-13-01.
        except (yaml.YAMLError, ValueError) as error:
            raise ConfigError(f"{path} is not valid YAML: {error}") from error

    def as_model(self, model: type[Model]) -> Model:
        """What it says as ``model``; ``ConfigError`` names the line and key of what is wrong."""
        try:
            return model.model_validate(self.content)
        except ValidationError as error:
            faults = error.errors(include_url=False)
            told = [self._told(model, fault) for fault in faults[:FAULTS_SHOWN]]
            more = ""
            if len(faults) > FAULTS_SHOWN:
                more = f"; and {len(faults) - FAULTS_SHOWN:,} faults more"
            raise ConfigError(f"{self.path}:{'; line '.join(told)}{more}.") from None

    def error(self, place: Place, message: str) -> ConfigError:
        """What is wrong with the entry at ``place``, to be raised."""
        return ConfigError(f"{self.path}:{self.line(place)}: {_dotted(place)}: {message}")

    def line(self, place: Place) -> int:
        """On which the entry at ``place`` begins, or the last one on the way to it; from 1."""
        node, line = self.root, 1
        for part in place:
            found = _entry(node, part)
            if found is None:
                break
            mark, node = found
            line = _line(mark)
        return line

    def _told(self, model: type[BaseModel], fault: Any) -> str:
        place, message = fault["loc"], fault["msg"].removeprefix("Value error, ")
        if fault["type"] == "extra_forbidden":
            known = ", ".join(_fields_at(model, place[:-1]))
            message = f"there is no such key here, but {known}"
        return f"{self.line(place)}: {_dotted(place)}: {message}"


def load_yaml(path: Path, model: type[Model]) -> Model:
    """Read ``path`` as ``model``; ``ConfigError`` names the file, the line and every wrong key."""
    return Document.read(path).as_model(model)


def _text(path: Path) -> str:
    try:
        if (size := path.stat().st_size) > LARGEST_BYTES:
            raise ConfigError(
                f"{path} has {size:,} bytes, and {LARGEST_BYTES:,} are the most that is read: is "
                "it the right file?"
            )
        return path.read_text("utf-8")
    except OSError as error:
        raise ConfigError(
            f"{path} cannot be read: {error.strerror}. Put it back, or let COUNTERFEIT_CONFIG_DIR "
            "name the folder that holds it."
        ) from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path} is not valid YAML: {error}") from error


def _check_events(path: Path, text: str) -> None:
    """Refuse what would make much of little, before anything is made of it."""
    depth = 0
    for event in yaml.parse(text, yaml.CSafeLoader):
        line = _line(event.start_mark)
        if isinstance(event, yaml.AliasEvent):
            raise ConfigError(f"{path}:{line}: aliases are not allowed: write it out.")
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > DEEPEST:
            raise ConfigError(f"{path}:{line}: more than {DEEPEST} levels deep.")


def _content(path: Path, root: yaml.Node | None) -> Any:
    if root is None:
        return None
    for mapping in _mappings(root):
        seen = set()
        for key, _ in mapping.value:
            if isinstance(key, yaml.ScalarNode) and key.value in seen:
                line = _line(key.start_mark)
                raise ConfigError(f"{path}:{line}: the key {key.value!r} is given twice.")
            seen.add(key.value if isinstance(key, yaml.ScalarNode) else None)
    return yaml.CSafeLoader("").construct_document(root)


def _mappings(node: yaml.Node) -> Iterator[yaml.MappingNode]:
    if isinstance(node, yaml.MappingNode):
        yield node
        for _, value in node.value:
            yield from _mappings(value)
    elif isinstance(node, yaml.SequenceNode):
        for value in node.value:
            yield from _mappings(value)


def _entry(node: yaml.Node | None, part: str | int) -> tuple[Any, yaml.Node] | None:
    """Where the entry ``part`` of ``node`` begins, and its node."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == str(part):
                return key.start_mark, value
    elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
        return node.value[part].start_mark, node.value[part]
    return None


def _line(mark: Any) -> int:
    return 1 if mark is None else int(mark.line) + 1


def _dotted(place: Place) -> str:
    return ".".join(map(str, place)) or "the file"


def _fields_at(model: type[BaseModel] | None, place: Place) -> list[str]:
    for part in place:
        if model is not None and part in model.model_fields:
            model = _model_in(model.model_fields[str(part)].annotation)
    if model is None:
        return []
    return [field.alias or name for name, field in model.model_fields.items()]


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """The first model in a type such as ``tuple[Rule, ...]``."""
    if isclass(annotation) and issubclass(annotation, BaseModel):
        return annotation
    return next(filter(None, map(_model_in, get_args(annotation))), None)

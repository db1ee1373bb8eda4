"""The files that consumers and clients build on, as the bridge serves them under `/schemas/`. Pure."""

from bridge.events.asyncapi import FILE_NAME, asyncapi
from bridge.events.schemas import schema_files
from bridge.events.yaml_text import yaml_text


def contract_files() -> dict[str, bytes]:
    """Return the bytes of each schema and of the AsyncAPI document, by the file's name."""
    return {**schema_files(), FILE_NAME: yaml_text(asyncapi()).encode()}

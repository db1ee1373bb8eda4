"""What all sections of the configuration have in common."""

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, PlainSerializer, model_validator

from bridge.ops.secret_files import Secret
from bridge.ops.settings.values import boolean, or_null, path, secret


class Section(BaseModel):
    """A map of known keys. Frozen; unknown keys are errors; errors never quote their input."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        hide_input_in_errors=True,
        arbitrary_types_allowed=True,  # Secret
    )

    @model_validator(mode="before")
    @classmethod
    def _null_is_empty(cls, given: object) -> object:
        """Read `ingress:` with all its keys commented out, which is null in YAML, as an empty section."""
        return {} if given is None else given


Switch = Annotated[bool, BeforeValidator(boolean)]
OptionalFile = Annotated[Path | None, BeforeValidator(or_null(path))]
OptionalSecret = Annotated[
    Secret | None, BeforeValidator(or_null(secret)), PlainSerializer(repr, when_used="json-unless-none")
]

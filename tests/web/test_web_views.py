from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from scripted import ScriptedService

from bot.adapters.web.options import Option, options_for
from bot.adapters.web.tabs import Tab, follows
from bot.adapters.web.views import item
from bot.options import Defaults, parse
from bot.styles import read_styles
from generator.models import EMBEDDED_MODEL, Z_IMAGE, Z_IMAGE_TURBO, Model
from generator.recipe import Start

SHELF = Defaults(loras=("snow",))


@pytest.mark.parametrize(
    ("prompt", "file"),
    [
        ("a red circle", "a-red-circle-job001-1.png"),
        ("../../etc/passwd", "etc-passwd-job001-1.png"),
        ("a\"b'c<d>e:f|g?h*i\\j", "a-b-c-d-e-f-g-h-i-j-job001-1.png"),
        ("🦊🌟", "pinxit-job001-1.png"),
        ("红色圆形", "红色圆形-job001-1.png"),
        ("CON.png", "CON-png-job001-1.png"),
    ],
)
async def test_a_picture_is_saved_under_its_prompt_and_job(tmp_path: Path, prompt: str, file: str) -> None:
    service = ScriptedService(tmp_path)

    await service.finish(await service.accepted(prompt))

    assert item(service.shown["job001"], "en")["pictures"][0]["file"] == file


async def test_a_long_prompt_does_not_make_a_long_file_name(tmp_path: Path) -> None:
    service = ScriptedService(tmp_path)

    await service.finish(await service.accepted("星" * 20_000))

    assert len(item(service.shown["job001"], "en")["pictures"][0]["file"].encode()) < 255


@pytest.mark.parametrize(
    "text",
    [
        "a star",
        "a star --ar 16:9",
        "a star --size 512x768 --n 3",
        "a star --n 2 --steps 4 --shift 2 --lora snow:0.5",
        "a star --seed 5",
    ],
)
async def test_editing_a_prompt_keeps_its_options_but_for_the_seed(tmp_path: Path, text: str) -> None:
    service = ScriptedService(tmp_path)

    update = service.shown[await service.accepted(text)]
    again = parse(item(update, "en")["text"], EMBEDDED_MODEL, SHELF)

    assert again == replace(parse(text, EMBEDDED_MODEL, SHELF), seed=None)


def test_nothing_follows_an_end_or_a_later_attempt() -> None:
    def state(name: str, attempt: int) -> dict[str, object]:
        return {"job": "j", "state": name, "attempt": attempt}

    assert follows(state("queued", 0), state("running", 1))
    assert follows(state("running", 1), state("queued", 1))
    assert not follows(state("running", 1), state("queued", 0))
    assert not follows(state("done", 1), state("running", 2))


async def test_a_stale_state_does_not_overtake_one_not_yet_sent() -> None:
    tab = Tab("en")

    tab.tell_item({"job": "j", "state": "running", "attempt": 1})
    tab.tell_item({"job": "j", "state": "queued", "attempt": 0})

    assert (await tab.outbox.take())["item"]["state"] == "running"


def flags(options: Sequence[Option]) -> dict[str, Option]:
    return {option.flag: option for option in options}


def test_only_what_the_model_heeds_is_suggested() -> None:
    plain, guided = flags(options_for(Z_IMAGE_TURBO, 4)), flags(options_for(Z_IMAGE, 4))

    assert not {"--guidance", "--no"} & plain.keys()
    assert guided.keys() - plain.keys() == {"--guidance", "--no"}
    assert guided["--guidance"].values == ("2", "4", "6")


@pytest.mark.parametrize("model", [EMBEDDED_MODEL, Z_IMAGE, Z_IMAGE_TURBO])
def test_every_value_that_is_suggested_can_be_ordered(model: Model) -> None:
    styles = read_styles()
    given = Defaults(loras=("snow",), styles=styles, starts_from=(64, 64), blends=True)
    for option in options_for(model, 4, ("snow",), styles.all()):
        for value in option.values:
            assert parse(f"a star {option.flag} {value}", model, given)


async def test_what_was_only_enlarged_is_told(tmp_path: Path) -> None:
    service = ScriptedService(tmp_path)
    await service.finish(await service.accepted("a star"))
    update = service.shown["job001"]
    start = Start(picture="ab" * 32, strength=0.0)
    enlarged = replace(update, job=replace(update.job, recipe=replace(update.job.recipe, start=start)))

    assert not item(update, "en")["resized"]
    assert item(enlarged, "en")["resized"]
    assert "Nothing new was painted" in item(enlarged, "en")["sentence"]

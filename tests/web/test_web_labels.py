import re
from pathlib import Path

from bot.adapters.web.labels import LABELS

WEB = Path(__file__).parents[2] / "bot/adapters/web"
MADE_UP = ("web_entry_", "web_painter_", "web_command_", "web_option_")  # completed by a value


def used() -> set[str]:
    files = [path for path in WEB.rglob("*") if path.suffix in {".js", ".py"} and path.name != "labels.py"]
    return {key for path in files for key in re.findall(r"\bweb_[a-z_]*[a-z]\b", path.read_text())}


def test_every_word_the_page_asks_for_is_listed() -> None:
    assert {key for key in used() if key not in LABELS} <= {"web_app"}


def test_no_word_is_translated_in_vain() -> None:
    assert {key for key in LABELS.keys() - used() if not key.startswith(MADE_UP)} == set()

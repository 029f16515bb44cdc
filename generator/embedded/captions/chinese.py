"""Scenes in Chinese."""

from random import Random
from typing import Final

from generator.embedded.captions.telling import goes_without_saying, listed, seen
from generator.embedded.scenes import (
    USUAL_COLOUR,
    Figure,
    Landscape,
    Poster,
)

COLOURS: Final = {
    "red": ("红色", "红色", "红"),
    "orange": ("橙色", "橙色", "橘色", "橙"),
    "yellow": ("黄色", "黄色", "金色", "黄"),
    "green": ("绿色", "绿色", "绿"),
    "cyan": ("青色", "浅蓝色", "天蓝色", "青"),
    "blue": ("蓝色", "蓝色", "深蓝色", "蓝"),
    "purple": ("紫色", "紫色", "紫"),
    "pink": ("粉色", "粉红色", "粉"),
    "brown": ("棕色", "褐色", "咖啡色", "棕"),
    "black": ("黑色", "黑色", "黑"),
    "white": ("白色", "白色", "白"),
    "gray": ("灰色", "灰色", "灰"),
}
SHAPES: Final = {
    "circle": ("圆形", "圆形", "圆", "圆圈", "圆球"),
    "square": ("正方形", "正方形", "方块", "方形"),
    "triangle": ("三角形", "三角形", "三角"),
    "star": ("星星", "星星", "五角星", "星形", "星"),
    "heart": ("心形", "爱心", "心"),
    "diamond": ("菱形",),
    "ring": ("圆环", "圆环", "环形", "环"),
    "cross": ("十字", "十字", "十字形", "十字架"),
    "hexagon": ("六边形", "六边形", "六角形"),
    "crescent": ("月牙", "月牙", "弯月", "新月"),
    "flower": ("花", "花朵", "小花", "鲜花"),
    "fish": ("鱼", "鱼", "小鱼"),
    "cat": ("猫", "猫", "小猫", "猫脸", "猫咪"),
    "smiley": ("笑脸", "笑脸", "微笑", "表情"),
}
SIZES: Final = {"small": ("小", "小", "小小的"), "normal": ("",), "big": ("大", "大", "巨大的")}
PLACES: Final = {
    "centre": ("中间", "中央", "中心"),
    "left": ("左边", "左侧"),
    "right": ("右边", "右侧"),
    "top": ("上面", "上方", "顶部"),
    "bottom": ("下面", "下方", "底部"),
}
PRAISE: Final = ("漂亮的", "可爱的", "简单的", "美丽的", "好看的")
ORDERS: Final = ("画", "请画", "画出", "生成", "给我画", "我想要", "帮我画", "创建")
ENDINGS: Final = ("，谢谢", "。", "！", "，简单", "，简约风格", "，高质量", "，卡通风格", "，平面设计")
NUMBERS: Final = {
    2: ("两个", "两颗", "2个"),
    3: ("三个", "三颗", "3个"),
    4: ("四个", "四颗", "4个"),
    5: ("五个", "五颗", "5个"),
}
TIMES: Final = {
    "day": ("白天", "晴天", "阳光下", "中午"),
    "night": ("夜晚", "夜晚", "晚上", "夜里", "月光下", "月亮"),
    "sunset": ("日落", "日落时", "傍晚", "黄昏", "夕阳下"),
    "snow": ("雪中", "下雪", "雪天", "冬天", "雪地"),
}
THINGS: Final = {
    "mountains": ("山", "山", "大山", "高山"),
    "house": ("房子", "房子", "小屋", "房屋"),
    "tree": ("树", "树", "大树", "一棵树"),
    "boat": ("船", "小船", "帆船", "一艘船"),
    "flowers": ("花", "花朵", "鲜花", "野花"),
    "cloud": ("云", "云", "白云", "云朵"),
    "rainbow": ("彩虹", "彩虹", "一道彩虹"),
    "stars": ("星空", "星星", "繁星", "满天星星"),
}
FIELDS: Final = ("田野", "草地", "草原", "风景")
SEAS: Final = ("大海", "海", "海洋", "海面")


def finish(text: str, rng: Random) -> str:
    """Now and then with an order before it or a flourish behind."""
    if rng.random() < 0.2:
        text = rng.choice(ORDERS) + text
    if rng.random() < 0.2:
        text += rng.choice(ENDINGS)
    return text


def plain(background: str, rng: Random) -> str:
    """A ground without figures."""
    colour = rng.choice(COLOURS[background])
    return rng.choice(
        (f"{colour}背景", f"纯{colour}背景", f"{colour}的背景", f"只有{colour}", f"{colour}画面")
    )


def _name(figure: Figure, rng: Random, *, alone: bool = True) -> str:
    colour, shape = rng.choice(COLOURS[figure.colour]), rng.choice(SHAPES[figure.shape])
    size = rng.choice(SIZES[figure.size]) if alone else ""
    count = rng.choice(("一个", "一颗", "", "", "")) if shape != "圆" else ""
    praise = rng.choice(PRAISE) if alone and rng.random() < 0.1 else ""
    if alone and figure.colour == USUAL_COLOUR[figure.shape] and rng.random() < 0.35:
        return f"{count}{praise}{size}{shape}"
    glue = rng.choice(("的", "", ""))
    if size.endswith("的"):
        return f"{count}{praise}{size}{colour}{glue}{shape}"
    return rng.choice(
        (f"{count}{praise}{colour}{glue}{size}{shape}", f"{count}{praise}{size}{colour}{shape}")
    )


def one(figure: Figure, rng: Random) -> tuple[str, str]:
    """What comes before the ground is said, and what after it."""
    name = _name(figure, rng)
    if figure.place == "centre" and rng.random() > 0.06:
        return name, ""
    where = rng.choice(PLACES[figure.place])
    placed = rng.choice((f"{name}在{where}", f"{where}有{name}", f"{where}的{name}"))
    if rng.random() < 0.5:
        return placed, ""
    return name, f"，在{where}"


def two(left: Figure, right: Figure, rng: Random) -> str:
    """Two figures beside or above each other."""
    first, second = _name(left, rng, alone=False), _name(right, rng, alone=False)
    if left.place == "top":
        return _above(first, second, rng)
    return rng.choice(
        (
            f"{first}和{second}",
            f"{first}和{second}",
            f"左边是{first}，右边是{second}",
            f"{first}在左边，{second}在右边",
        )
    )


def _above(upper: str, lower: str, rng: Random) -> str:
    return rng.choice(
        (
            f"{upper}在{lower}上面",
            f"{upper}在{lower}上方",
            f"{lower}在{upper}下面",
            f"上面是{upper}，下面是{lower}",
            f"{upper}在上面，{lower}在下面",
        )
    )


def alike(figure: Figure, count: int, rng: Random) -> str:
    """So many of the same."""
    glue = rng.choice(("的", ""))
    colour, shape = rng.choice(COLOURS[figure.colour]), rng.choice(SHAPES[figure.shape])
    return f"{rng.choice(NUMBERS[count])}{colour}{glue}{shape}"


def two_toned(text: str, scene: Poster, rng: Random) -> str:
    """The text on a ground of two colours; the ground alone where the text is empty."""
    first, second = (rng.choice(COLOURS[colour]) for colour in scene.ground_colours)
    if scene.blend == "gradient":
        grounds = (
            f"{first}到{second}的渐变背景",
            f"从{first}到{second}渐变的背景",
            f"{first}渐变到{second}的背景",
            f"{first}{second}渐变背景",
        )
    else:
        grounds = (
            f"左{first}右{second}的背景",
            f"一半{first}一半{second}的背景",
            f"{first}和{second}的背景",
            f"{first}{second}双色背景",
        )
    ground = rng.choice(grounds)
    if not text:
        return ground
    return rng.choice(
        (f"{ground}上的{text}", f"{ground}上有{text}", f"{text}，{ground}", f"{ground}，{text}")
    )


def on(text: str, background: str, rng: Random) -> str:
    """The text on a ground of one colour."""
    colour = rng.choice(COLOURS[background])
    return rng.choice(
        (
            f"{colour}背景上的{text}",
            f"{colour}背景上的{text}",
            f"{colour}背景上有{text}",
            f"{text}，{colour}背景",
            f"{text}，{colour}背景",
            f"{text},{colour}背景",
            f"{text}在{colour}背景上",
            f"{text}，背景是{colour}",
            f"{colour}背景，{text}",
            f"{text} {colour}背景",
            f"{colour}的背景，{text}",
        )
    )


def landscape(scene: Landscape, rng: Random) -> str:
    """What is there, and when."""
    text = seen(scene, THINGS, FIELDS, _listed, _by_the_sea, rng)
    if goes_without_saying(scene.time, rng):
        return text
    time = rng.choice(TIMES[scene.time])
    return rng.choice(
        (f"{time}的{text}", f"{time}的{text}", f"{time}，{text}", f"{text}，{time}", f"{time}{text}")
    )


def _by_the_sea(things: list[str], rng: Random) -> str:
    sea = rng.choice(SEAS)
    if not things:
        return sea
    told = _listed(things, rng)
    return rng.choice((f"{sea}和{told}", f"{sea}上的{told}", f"{told}，{sea}", f"{sea}，{told}"))


def _listed(things: list[str], rng: Random) -> str:
    return listed(things, ("和", "和", "、", "，"), rng, comma="、")


def words() -> list[str]:
    """All words; the many that share a character teach the tokenizer that character."""
    found: set[str] = set()
    tables = (COLOURS, SHAPES, SIZES, PLACES, NUMBERS, TIMES, THINGS)
    for table in tables:
        for variants in table.values():
            found.update(variants)
    found.update((*PRAISE, *ORDERS, *FIELDS, *SEAS))
    found.update(ending.lstrip("，") for ending in ENDINGS)
    found.update("背景 上 的 在 和 有 是 一个 一颗 只有 画面 纯 ， 、 。 ！ 棵 艘 色".split())
    found.update("渐变 双色 一半 左 右 从 到".split())
    return sorted(word for word in found if word)

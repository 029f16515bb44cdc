"""Prompts that no grammar of the training makes: other wordings, and things that the model does not know."""

from typing import Final

from generator.embedded.scenes import Figure, Poster


def _one(colour: str, shape: str, background: str = "white") -> Poster:
    return Poster(background=background, figures=(Figure(shape=shape, colour=colour),))


PARAPHRASES: Final = (
    ("please draw a red circle, thanks", _one("red", "circle")),
    ("could you make me a nice blue square please?", _one("blue", "square")),
    ("I would love to see a green triangle", _one("green", "triangle")),
    ("hey bot, one yellow star on black, thank you!", _one("yellow", "star", "black")),
    ("A RED HEART", _one("red", "heart")),
    ("purple diamond!!!", _one("purple", "diamond")),
    ("my daughter wants a pink heart on a purple background", _one("pink", "heart", "purple")),
    ("a circle. it is orange. the background is black", _one("orange", "circle", "black")),
    ("blue circle; yellow background", _one("blue", "circle", "yellow")),
    ("background black, in front of it a white circle", _one("white", "circle", "black")),
    ("a realistic red square, 8k, masterpiece, trending", _one("red", "square")),
    ("logo: green circle on white", _one("green", "circle")),
    ("an icon of a blue heart", _one("blue", "heart")),
    ("a rde circle", _one("red", "circle")),
    ("a yelow triangle on a blue backgruond", _one("yellow", "triangle", "blue")),
    ("grene squre", _one("green", "square")),
    ("we need a cyan diamond with a black background today", _one("cyan", "diamond", "black")),
    ("brown square, that's all", _one("brown", "square")),
    ("нарисуй пожалуйста красный круг, спасибо", _one("red", "circle")),
    ("привет! хочу синий квадрат", _one("blue", "square")),
    ("мне нужен зелёный треугольник на белом фоне", _one("green", "triangle")),
    ("жёлтая звезда на чёрном фоне, очень красиво", _one("yellow", "star", "black")),
    ("КРАСНОЕ СЕРДЦЕ", _one("red", "heart")),
    ("розовое сердце на фиолетовом фоне для дочки", _one("pink", "heart", "purple")),
    ("можно оранжевый ромб?", _one("orange", "diamond")),
    ("красный круг на синим фоне", _one("red", "circle", "blue")),
    ("синий кргу", _one("blue", "circle")),
    ("чёрный квадрат", _one("black", "square")),
    ("белый круг на красном фоне, логотип", _one("white", "circle", "red")),
    ("请帮我画一个红色的圆，谢谢", _one("red", "circle")),
    ("我要一个蓝色的正方形", _one("blue", "square")),
    ("能不能画绿色三角形", _one("green", "triangle")),
    ("黑色背景，黄色五角星，要好看", _one("yellow", "star", "black")),
    ("红色爱心图标", _one("red", "heart")),
    ("紫色背景上的一颗粉色爱心", _one("pink", "heart", "purple")),
    ("橙色的菱形", _one("orange", "diamond")),
    ("高清，红色正方形，白色背景", _one("red", "square")),
    ("一个黑色的圆", _one("black", "circle")),
    ("标志：蓝色圆形，黄色背景", _one("blue", "circle", "yellow")),
    ("白色的圆，背景是红色的", _one("white", "circle", "red")),
)
"""What is typed, and what should be seen."""

ODDITIES: Final = (
    "",
    " ",
    "a portrait of my grandmother in oil",
    "cyberpunk city at night, neon, rain, 8k, unreal engine",
    "портрет девушки с жемчужной серёжкой",
    "一位老人在茶馆里喝茶",
    "🦊❄️",
    "🎂🎈🎉🎁🥳",
    "asdkjh qwlekj zxmnc poiqwe",
    "1234567890",
    "!!!???",
    "<b>bold</b> & \"quoted\" 'text'",
    "a " * 600,
    "красный " * 300,
    "the quick brown fox jumps over the lazy dog " * 12,
    "ÄÖÜ ßéè ñ ø å",
    "日本語の文章です、富士山と桜",
    "العربية من اليمين إلى اليسار",
    "a\nprompt\nin\nlines\twith\ttabs",
    "zalgo t̴̛e̵x̷t̸ \u200b\u202e reversed",
)
"""Whatever people type."""

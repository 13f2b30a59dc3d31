"""Name material. Every institution, person, street and number made of it is invented."""

from __future__ import annotations

from typing import Final


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


# (code, weight in institutions, longitude, latitude): rough centres, for points near them
TOWNSHIPS: Final = (
    ("330683001000", "剡湖街道", 6, "120.826", "29.606"),
    ("330683002000", "三江街道", 12, "120.846", "29.574"),
    ("330683003000", "鹿山街道", 6, "120.800", "29.580"),
    ("330683004000", "浦口街道", 8, "120.880", "29.592"),
    ("330683100000", "甘霖镇", 4, "120.735", "29.545"),
    ("330683101000", "长乐镇", 3, "120.605", "29.500"),
    ("330683102000", "崇仁镇", 2, "120.735", "29.640"),
    ("330683103000", "黄泽镇", 3, "120.905", "29.560"),
    ("330683104000", "三界镇", 1, "120.850", "29.720"),
    ("330683105000", "石璜镇", 1, "120.640", "29.570"),
    ("330683106000", "谷来镇", 1, "120.640", "29.700"),
    ("330683107000", "仙岩镇", 1, "120.875", "29.660"),
    ("330683108000", "金庭镇", 2, "120.990", "29.570"),
    ("330683110000", "下王镇", 1, "120.990", "29.660"),
    ("330683200000", "贵门乡", 1, "120.575", "29.440"),
)
PLANTS: Final = _words(
    "茉莉 青竹 蒲公英 向日葵 小荷 紫藤 银杏 铃兰 石榴 雏菊 白桦 桂雨 木槿 海棠 云杉 青禾 麦田 橄榄 三叶草 樱桃 小松果 柠檬 "
    "芦苇 萱草 杏林 桑芽 石竹 水杉 荸荠"
)
ANIMALS: Final = _words(
    "小蜗牛 小海豚 知更鸟 小鹿 萤火虫 小蜜蜂 袋鼠 小熊 白鸽 小松鼠 云雀 小刺猬 小企鹅 蓝鲸 小羊 布谷鸟 小象 金丝猴 喜鹊 小骆驼 "
    "翠鸟 小浣熊 燕子 小野兔 小水獭"
)
BRANDS: Final = ("红纸鸢", "小书虫", "满天星", "摇橹船")  # kindergartens with several campuses
STREETS: Final = _words("育苗路 新芽路 晨露街 摇篮巷 彩虹路 启蒙路 纸鸢路 积木街 童谣路 稚趣弄")
SURNAMES: Final = _words(
    "王 李 张 刘 陈 杨 赵 黄 周 吴 徐 孙 胡 朱 高 林 何 郭 马 罗 梁 宋 郑 谢 韩 唐 冯 于 董 萧 程 曹 袁 邓 许 "
    "傅 沈 曾 彭 吕 裘 竺 俞 魏 商 邢 欧阳 上官"
)
CHILD_NAMES: Final = _words(
    "子涵 雨桐 梓轩 浩然 欣怡 诗涵 宇轩 可馨 一诺 沐宸 若溪 奕辰 书瑶 景行 语晨 知夏 星辰 安然 思齐 嘉禾 明哲 乐遥 锦程 "
    "清越 念一 昕玥 承泽 初晴 米朵 晏 果 宁 屿 朗 禾 苒 舟 朵 澄 悦"
)
ADULT_NAMES: Final = _words(
    "芳 敏 静 丽 强 磊 军 洋 勇 艳 杰 娟 涛 明 超 秀兰 霞 平 刚 桂英 晓燕 建国 海燕 志强 丽娟 文斌 春梅 国良 雪琴 "
    "伟民 亚萍 红梅"
)
POSITIONS: Final = _words("负责人 保育人员 保育人员 保育人员 保健人员 保安人员 炊事人员")
REGION_OF_NUMBERS: Final = "330699"  # assigned to no county: an invented identity number can be nobody's
PHONE_PREFIX: Final = "1390000"  # customary in examples

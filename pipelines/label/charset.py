"""The characters that a label can be written in: what the bundled font was cut down to.

Knows no font, so that a text can be checked where neither Pillow nor numpy is loaded.
"""

from pipelines.errors import UnsupportedValue

_ASCII = "".join(map(chr, range(0x20, 0x7F)))
_LATIN = "".join(map(chr, [*range(0xA1, 0xAD), *range(0xAE, 0x100)])) + "Œœ"
"""Latin-1: the languages of Western Europe. The font has no letters for those of Eastern Europe."""
_CYRILLIC = "Ёё" + "".join(map(chr, range(0x410, 0x450)))
_MARKS = "–—‘’“”†•…‹›€№™↗→★、。·《》「」【】（），：；！？｜～＠©®|"
_CHINESE = (
    "人工智能生成合成内容由图片视频音频文字模型大数据算法自动制作作品创作绘制画图像"
    "仅供参考请勿用于商业用途本服务提供技术支持标识版权所有公司网站平台测试示例"
    "以下非真实虚构辅助编辑修改处理增强中国年月日第号是的与和及或为使我们"
    "圖內視頻編輯標識圖僅參畫創產"
)
"""The words of the label in Chinese, and those that labels of one's own are made of."""
_PICTURES = "一只橙色猫在阳光星空小镇梵高风格雪地里红房子两朵黄花白背景玉兰化水墨山三蓝鸟海边灯塔"
"""What the Chinese prompts of the embedded model's contact sheet need besides."""
_JAPANESE = "によるってられたしまをのはが作成画像生成加工編集写真イラストです"
_KOREAN = "생성이미지인공능으로만든편집된콘텐츠입니다"

CHARACTERS = frozenset(
    _ASCII + _LATIN + _CYRILLIC + _MARKS + _CHINESE + _PICTURES + _JAPANESE + _KOREAN
)


def check_text(text: str) -> None:
    """Refuse what cannot be a label.

    Raises: UnsupportedValue: the text is empty, or has characters that the bundled font lacks.
    """
    if not text.strip():
        raise UnsupportedValue("the label's text is empty")
    missing = sorted(set(text) - CHARACTERS)
    if missing:
        listed = ", ".join(repr(character) for character in missing)
        raise UnsupportedValue(f"the label's font cannot draw {listed} of {text!r}")

"""The words a caption may use for each subject, colour, ground and style. Tables, no logic.

Only `captions` reads them. English and Chinese; the first word of a row is the plain one.
"""

SUBJECT_EN: dict[str, tuple[str, ...]] = {
    "circle": ("circle", "ball", "disc", "round shape"),
    "square": ("square", "box", "cube"),
    "triangle": ("triangle",),
    "heart": ("heart", "heart shape", "love heart"),
    "star": ("star", "five-pointed star"),
    "cat": ("cat", "cat", "kitten", "kitty"),
    "cat_head": ("cat's head", "cat head", "cat face", "cat's face", "close-up of a cat"),
    "dog": ("dog", "puppy"),
    "bird": ("bird", "songbird", "little bird"),
    "fish": ("fish", "goldfish"),
    "flower": ("flower", "blooming flower", "rose", "daisy", "blossom"),
    "magnolia": ("magnolia flower", "magnolia", "blooming magnolia flower", "magnolia blossom"),
    "tree": ("tree", "big tree", "oak tree"),
    "house": ("house", "cottage", "small house", "cabin", "home"),
    "car": ("car", "automobile", "vehicle"),
    "boat": ("boat", "sailboat", "ship", "sailing boat"),
    "apple": ("apple",),
    "balloon": ("hot air balloon", "balloon", "hot-air balloon"),
    "city": (
        "futuristic cityscape", "city skyline", "city with skyscrapers", "city", "cityscape",
        "futuristic city", "skyscrapers", "modern city", "city street",
    ),
    "town": ("small town", "village", "town", "little village", "little town"),
    "landscape": (
        "landscape", "mountain landscape", "mountains", "landscape painting", "mountains and hills",
        "mountain scenery", "misty mountains", "hills", "valley",
    ),
}  # fmt: skip

SUBJECT_ZH: dict[str, tuple[str, tuple[str, ...]]] = {
    "circle": ("个", ("圆形", "圆", "球", "圆圈")),
    "square": ("个", ("正方形", "方块", "方形")),
    "triangle": ("个", ("三角形",)),
    "heart": ("颗", ("爱心", "心", "心形")),
    "star": ("颗", ("星星", "五角星")),
    "cat": ("只", ("猫", "小猫", "猫咪")),
    "cat_head": ("个", ("猫头", "猫脸", "猫咪的头部", "猫的脸")),
    "dog": ("只", ("狗", "小狗")),
    "bird": ("只", ("鸟", "小鸟")),
    "fish": ("条", ("鱼", "金鱼")),
    "flower": ("朵", ("花", "鲜花", "花朵", "玫瑰")),
    "magnolia": ("朵", ("玉兰花", "木兰花", "玉兰", "盛开的玉兰花")),
    "tree": ("棵", ("树", "大树")),
    "house": ("座", ("房子", "小屋", "木屋")),
    "car": ("辆", ("汽车", "车", "小汽车", "轿车")),
    "boat": ("艘", ("船", "帆船", "小船")),
    "apple": ("个", ("苹果",)),
    "balloon": ("个", ("热气球", "气球")),
    "city": ("座", ("城市", "未来城市", "城市天际线", "摩天大楼", "都市")),
    "town": ("座", ("小镇", "村庄", "村子")),
    "landscape": ("幅", ("风景", "山水", "山", "山水画", "风景画", "山脉")),
}
"""The measure word and the names."""

COLOUR_EN: dict[str, tuple[str, ...]] = {
    "red": ("red", "red", "red", "crimson", "scarlet"),
    "orange": ("orange", "orange", "orange", "ginger"),
    "yellow": ("yellow", "yellow", "yellow", "golden"),
    "green": ("green", "green", "green", "emerald"),
    "blue": ("blue", "blue", "blue", "azure"),
    "purple": ("purple", "purple", "purple", "violet"),
    "pink": ("pink", "pink", "pink", "rosy"),
    "brown": ("brown", "brown", "brown", "chestnut"),
    "black": ("black",),
    "white": ("white", "white", "snow-white"),
    "grey": ("grey", "gray", "grey", "silver"),
}
COLOUR_ZH: dict[str, tuple[str, ...]] = {
    "red": ("红色", "红色", "红"),
    "orange": ("橙色", "橙色", "橘色", "橘黄色", "橘"),
    "yellow": ("黄色", "黄色", "金色", "黄"),
    "green": ("绿色", "绿色", "绿"),
    "blue": ("蓝色", "蓝色", "蓝"),
    "purple": ("紫色", "紫色", "紫"),
    "pink": ("粉色", "粉红色", "粉红"),
    "brown": ("棕色", "棕色", "褐色"),
    "black": ("黑色", "黑色", "黑"),
    "white": ("白色", "白色", "白"),
    "grey": ("灰色", "灰色", "灰"),
}

GROUND_EN: dict[str, tuple[str, ...]] = {
    "meadow": (
        "in sunlight", "on a sunny day", "in a sunny meadow", "in the sunshine", "in the sun",
        "on green grass", "in a meadow", "in a field", "under a blue sky", "in the garden",
    ),
    "forest": ("in a forest", "in the woods", "among trees", "in a green forest", "in the jungle"),
    "night": (
        "at night", "under a starry night sky", "by moonlight", "at night under the stars",
        "under the stars", "in the moonlight", "under the moon", "in a starry night",
    ),
    "sunset": ("at sunset", "in the evening glow", "at dusk", "in the sunset", "at sunrise"),
    "sea": ("by the sea", "on the beach", "by a lake", "at the seaside", "by the ocean"),
    "snow": ("in the snow", "in winter", "in a snowy field", "on a snowy day", "covered in snow"),
    "blur": (
        "with blurred background", "with a blurred background", "with soft bokeh background",
        "with a blurry background", "with shallow depth of field", "with bokeh",
    ),
}  # fmt: skip
GROUND_ZH: dict[str, tuple[str, ...]] = {
    "meadow": ("阳光下", "晴天", "草地上", "在阳光下", "在草地上", "花园里", "蓝天下"),
    "forest": ("森林里", "树林中", "在森林里", "林间"),
    "night": ("夜晚", "星空下", "夜空下", "在夜晚", "月光下", "星夜"),
    "sunset": ("日落时", "黄昏", "夕阳下", "傍晚", "日出时"),
    "sea": ("海边", "湖边", "在海边", "沙滩上", "在沙滩上"),
    "snow": ("雪地里", "冬天", "在雪地里", "雪中", "雪天"),
    "blur": ("背景虚化", "模糊背景", "浅景深", "背景模糊"),
}

STYLE_EN: dict[str, tuple[str, ...]] = {
    "flat": ("", "", "", "", "", "", "flat illustration", "vector art", "flat style"),
    "watercolour": (
        "watercolor style", "watercolor painting", "soft watercolour", "watercolor",
        "in watercolor style", "watercolour style", "ink and watercolor painting",
    ),
    "neon": (
        "with neon lights, cyberpunk style", "cyberpunk style", "glowing neon", "cyberpunk",
        "with neon lights", "neon style", "neon glow",
    ),
    "van_gogh": (
        "Van Gogh style", "in the style of Van Gogh", "oil painting", "Van Gogh painting",
        "by Van Gogh", "with swirling brush strokes",
    ),
}  # fmt: skip
STYLE_ZH: dict[str, tuple[str, ...]] = {
    "flat": ("", "", "", "", "扁平风格", "插画"),
    "watercolour": ("水彩画", "水彩风格", "水墨画", "水彩"),
    "neon": ("赛博朋克风格", "霓虹灯", "赛博朋克", "霓虹风格"),
    "van_gogh": ("梵高风格", "油画", "梵高", "油画风格"),
}

ADJECTIVES_EN = (
    "cute", "beautiful", "big", "small", "lovely", "pretty", "little", "happy", "simple",
    "large", "nice", "bright", "tiny", "single",
)  # fmt: skip
ADJECTIVES_ZH = ("可爱的", "美丽的", "漂亮的", "小小的", "大大的")
ANIMAL_DOES_EN = (
    "sitting", "standing", "sitting", "resting", "playing", "looking at the camera", "alone",
)  # fmt: skip
THING_DOES_EN = ("standing", "alone", "placed")
ANIMAL_DOES_ZH = ("坐在", "站在", "待在", "在")

OPENINGS_EN = (
    "a photo of ", "a picture of ", "an image of ", "draw ", "generate ", "wide angle view of ",
    "a beautiful illustration of ", "close shot of ", "paint ", "a drawing of ",
    "create an image of ", "a painting of ", "please draw ", "a portrait of ", 
    "an illustration of ", "show me ",
)  # fmt: skip
ENDINGS_EN = (
    ", high quality", ", highly detailed", ", 4k", ", masterpiece", ", beautiful", ", digital art",
    ", best quality", " with profound artistic conception", ", soft light", ", cinematic lighting",
    ", minimalist", ", colorful", ", 8k, ultra realistic", ", centered", ", peaceful mood",
    ", in the middle of the picture", ", children's book illustration",
)  # fmt: skip
PHOTO_ENDINGS_EN = (", photography style", ", photography", ", photo", ", macro photography")
OPENINGS_ZH = ("画", "请画", "一张图片：", "生成", "画一张", "请生成一张图片，")
ENDINGS_ZH = ("，高清", "，精美", "，高质量", "，意境深远", "，极简", "，色彩鲜艳", "，细节丰富")
PHOTO_ENDINGS_ZH = ("，摄影风格", "，照片", "，摄影")

FISHEYE_EN = (
    "fisheye lens", "fisheye lens photo", "fisheye view", "through a fisheye lens", "fisheye",
    "shot with a fisheye lens", "wide-angle distortion",
)  # fmt: skip
FISHEYE_TAILS_EN = (
    "", "", ", the picture shows the {}'s facial features are distorted due to the shooting method",
    ", distorted by the lens", ", the {} is distorted", ", its features are distorted",
)  # fmt: skip
FISHEYE_ZH = ("鱼眼镜头", "鱼眼镜头拍摄", "鱼眼", "鱼眼效果")
FISHEYE_TAILS_ZH = ("", "", "，画面呈现出五官因为拍摄方式扭曲的效果", "，画面扭曲", "，镜头变形")

NUMBERS_EN = {2: "two", 3: "three"}
NUMBERS_ZH = {1: "一", 2: "两", 3: "三"}
ANIMALS = frozenset({"cat", "cat_head", "dog", "bird", "fish"})

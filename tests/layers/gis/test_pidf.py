"""PIDF-LO of RFC 5491, civic addresses, Asterisk's words for them, and XML that is not taken."""

from __future__ import annotations

import pytest

from softswitch.errors import Refusal
from softswitch.layers.gis.carried import reference
from softswitch.layers.gis.model import Source
from softswitch.layers.gis.pidf import Carried, read

HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<presence xmlns="urn:ietf:params:xml:ns:pidf" xmlns:gp="urn:ietf:params:xml:ns:pidf:geopriv10"
 xmlns:gml="http://www.opengis.net/gml" xmlns:gs="http://www.opengis.net/pidflo/1.0"
 xmlns:ca="urn:ietf:params:xml:ns:pidf:geopriv10:civicAddr" entity="pres:a@example.com">
<tuple id="a"><status><gp:geopriv><gp:location-info>"""
TAIL = "</gp:location-info></gp:geopriv></status></tuple></presence>"
METRES = 'uom="urn:ogc:def:uom:EPSG::9001"'


def told(shape: str) -> Carried:
    return read((HEAD + shape + TAIL).encode(), Source.REFERENCE)


def test_a_point_has_latitude_first() -> None:
    found = told(
        '<gml:Point srsName="urn:ogc:def:crs:EPSG::4326"><gml:pos>29.35 104.77</gml:pos></gml:Point>'
    )
    assert found.location is not None
    assert found.location.point == (104.77, 29.35)
    assert found.location.uncertainty == 0


def test_a_circle_and_an_address() -> None:
    found = told(
        f"<gs:Circle><gml:pos>29.35 104.77</gml:pos><gs:radius {METRES}>850.24</gs:radius></gs:Circle>"
        "<ca:civicAddress><ca:country>CN</ca:country><ca:A1>四川省</ca:A1><ca:A2>自贡市</ca:A2>"
        "<ca:RD>光大街</ca:RD><ca:HNO>12号</ca:HNO></ca:civicAddress>"
    )
    assert found.location is not None
    assert found.location.uncertainty == 850.24
    assert found.location.address == found.address == "四川省自贡市光大街12号"


def test_an_ellipse_and_a_polygon_have_a_shape() -> None:
    ellipse = told(
        f"<gs:Ellipse><gml:pos>29.35 104.77</gml:pos><gs:semiMajorAxis {METRES}>700</gs:semiMajorAxis>"
        f"<gs:semiMinorAxis {METRES}>300</gs:semiMinorAxis>"
        '<gs:orientation uom="urn:ogc:def:uom:EPSG::9102">90</gs:orientation></gs:Ellipse>'
    ).location
    assert ellipse is not None
    assert ellipse.uncertainty == 700
    assert ellipse.shape is not None
    lons = [corner[0] for corner in ellipse.shape["coordinates"][0]]
    lats = [corner[1] for corner in ellipse.shape["coordinates"][0]]
    assert (max(lons) - min(lons)) * 97_000 == pytest.approx(1_400, rel=0.01)
    assert (max(lats) - min(lats)) * 110_850 == pytest.approx(600, rel=0.01)
    square = told(
        "<gml:Polygon><gml:exterior><gml:LinearRing><gml:posList>29 104 29 105 30 105 30 104 29 104"
        "</gml:posList></gml:LinearRing></gml:exterior></gml:Polygon>"
    ).location
    assert square is not None
    assert square.point == (104.5, 29.5)
    assert square.uncertainty == pytest.approx(73_700, rel=0.01)


@pytest.mark.parametrize(
    ("document", "code"),
    [
        (b"", "bad_xml"),
        (b"<presence>", "bad_xml"),
        (b"\xff\xfe\x00", "bad_xml"),
        (b'<?xml version="1.0" encoding="nonsense"?><presence/>', "bad_xml"),
        (b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><presence>&x;</presence>', "bad_xml"),
        (b"<presence>" + b"<a>" * 100 + b"</a>" * 100 + b"</presence>", "bad_xml"),
        (b"<presence>" + b"<a/>" * 3_000 + b"</presence>", "bad_xml"),
        (b"<presence>" + b" " * 70_000 + b"</presence>", "bad_xml"),
        (b"<html/>", "no_location"),
        (b"<presence/>", "no_location"),
        (b"<presence><Point><pos>north</pos></Point></presence>", "no_location"),
        (b"<presence><Point><pos>1</pos></Point></presence>", "no_location"),
        (b"<presence><Point><pos>129.3 104.7</pos></Point></presence>", "bad_coordinates"),
        (b"<presence><Point><pos>nan 1</pos></Point></presence>", "bad_coordinates"),
        (b'<presence><Point srsName="EPSG:3857"><pos>1 1</pos></Point></presence>', "no_location"),
        (b'<presence><Circle><pos>1 1</pos><radius uom="feet">3</radius></Circle></presence>', "no_location"),
        (b"<presence><Circle><pos>1 1</pos><radius>1e99</radius></Circle></presence>", "bad_uncertainty"),
        (b"<presence><Polygon><pos>1 1</pos><pos>2 2</pos></Polygon></presence>", "no_location"),
    ],
)  # fmt: skip
def test_what_is_refused(document: bytes, code: str) -> None:
    with pytest.raises(Refusal) as refused:
        read(document, Source.REFERENCE)
    assert refused.value.code == code


def test_the_header() -> None:
    two = "<cid:a@example.net>, <https://lis.example.net/a?b=c>;x=1, <http://other.example/>"
    assert reference(two) == "https://lis.example.net/a?b=c"
    for header in (
        "",
        "<cid:a@example.net>",
        "https://no.brackets",
        "<sip:a@example.net>",
        "<" * 9_000,
    ):
        assert reference(header) == ""

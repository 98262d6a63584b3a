"""Geometry files as offices deliver them, good and bad."""

from __future__ import annotations

import json
import struct
import zipfile

import numpy as np
import pyogrio.raw
import pyproj
import pytest
import shapely

from kuai.address.ground.plane import square_metres
from kuai.address.ground.reading import read_ground_file, read_streets, survey_ground_file
from kuai.kit.coordinates import points_from_cgcs2000
from kuai.kit.errors import DataFault, Refusal
from tests.modules.address.ground.builders import COMMUNITY, spot, square

GRIDS = {COMMUNITY + "01": square(0, 0), COMMUNITY + "02": square(1, 0)}
# GDAL tells in a warning that a shapefile keeps ten bytes of a heading; that is what is tested.
pytestmark = pytest.mark.filterwarnings("ignore:Could not decode error message:RuntimeWarning")
NAMES = ["第一网格", "第二网格䶮"]


def feature(code, shape, **more):
    properties = {"地址编码": code, "级别": "网格", "上级编码": COMMUNITY, "名称": "某网格", **more}
    geometry = None if shape is None else json.loads(shapely.to_geojson(shape))
    return {"type": "Feature", "properties": properties, "geometry": geometry}


def geojson(path, features, **more):
    document = {"type": "FeatureCollection", "features": features, **more}
    path.write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")
    return path


def written(path, shapes=None, *, system="EPSG:4490", encoding="UTF-8", headings=None):
    shapes = list(GRIDS.values()) if shapes is None else shapes
    headings = headings or ["编码", "级别", "名称", "上级编码"]
    columns = [list(GRIDS), ["网格"] * 2, NAMES, [COMMUNITY] * 2]
    driver = {".shp": "ESRI Shapefile", ".gpkg": "GPKG"}[path.suffix]
    options = {"encoding": encoding} if path.suffix == ".shp" else {"layer": "grids"}
    pyogrio.raw.write(
        path,
        np.array([shapely.to_wkb(shape) for shape in shapes], dtype=object),
        [np.array(column, dtype=object) for column in columns],
        headings,
        geometry_type=shapes[0].geom_type,
        crs=system,
        driver=driver,
        **options,
    )
    return path


def shapes_of(rows):
    return shapely.from_wkb(np.array(rows["geometry"].to_pylist(), dtype=object))


def refused(path, **options):
    with pytest.raises(DataFault) as fault:
        read_ground_file(path, **{"datum": "CGCS2000", **options})
    assert fault.value.where.file
    assert fault.value.remedy
    return fault.value


@pytest.mark.parametrize("suffix", [".shp", ".gpkg"])
def test_a_layer_comes_back_as_it_was_written(tmp_path, suffix):
    rows = read_ground_file(written(tmp_path / f"网格{suffix}"), datum="CGCS2000")
    assert rows["地址编码"].to_pylist() == list(GRIDS)
    assert rows["名称"].to_pylist() == NAMES
    assert rows["上级编码"].to_pylist() == [COMMUNITY] * 2
    assert rows["delivered_datum"].to_pylist() == ["CGCS2000"] * 2
    assert all(a.equals(b) for a, b in zip(shapes_of(rows), GRIDS.values(), strict=True))


@pytest.mark.parametrize("encoding", ["UTF-8", "GB18030"])
@pytest.mark.parametrize("declared", [True, False])
def test_attribute_tables_are_read_with_and_without_a_cpg(tmp_path, encoding, declared):
    path = written(tmp_path / "grids.shp", encoding=encoding)
    if not declared:
        (tmp_path / "grids.cpg").unlink()
    assert read_ground_file(path, datum="CGCS2000")["名称"].to_pylist() == NAMES


def test_a_wrongly_declared_encoding_names_row_and_column(tmp_path):
    headings = ["code", "level", "name", "parent"]
    path = written(tmp_path / "grids.shp", encoding="GB18030", headings=headings)
    (tmp_path / "grids.cpg").write_text("UTF-8")
    fault = refused(path, level="grid")
    assert fault.code == "address.ground_text_unreadable"
    assert (fault.where.row, fault.where.column) == (1, "level")


@pytest.mark.parametrize("datum", ["CGCS2000", "WGS84", "GCJ-02", "BD-09"])
def test_every_declared_datum_comes_home_to_a_thousandth_of_a_millimetre(tmp_path, datum):
    shown = [
        shapely.transform(s, lambda p: points_from_cgcs2000(p, system=datum))
        for s in GRIDS.values()
    ]
    path = geojson(
        tmp_path / "a.geojson", [feature(c, s) for c, s in zip(GRIDS, shown, strict=True)]
    )
    rows = read_ground_file(path, datum=datum)
    off = [
        np.abs(shapely.get_coordinates(a) - shapely.get_coordinates(b)).max()
        for a, b in zip(shapes_of(rows), GRIDS.values(), strict=True)
    ]
    assert max(off) * 111_000 < 1e-5
    assert rows["delivered_datum"].to_pylist() == [datum] * 2


def test_gauss_kruger_metres_become_degrees(tmp_path):
    to_metres = pyproj.Transformer.from_crs("EPSG:4490", "EPSG:4547", always_xy=True)
    metres = [
        shapely.transform(s, lambda p: np.column_stack(to_metres.transform(p[:, 0], p[:, 1])))
        for s in GRIDS.values()
    ]
    rows = read_ground_file(
        written(tmp_path / "gk.shp", metres, system="EPSG:4547"), datum="CGCS2000"
    )
    off = shapely.hausdorff_distance(shapes_of(rows), list(GRIDS.values())).max()
    assert off * 111_000 < 1e-5


def test_a_point_layer_fills_the_coordinates_and_has_no_outline(tmp_path):
    x, y = spot(3, 4)
    path = geojson(tmp_path / "a.geojson", [feature("1", shapely.Point(x, y, 17.5))])
    row = read_ground_file(path, datum="CGCS2000", level="楼栋").to_pylist()[0]
    assert (float(row["经度"]), float(row["纬度"])) == (x, y)
    assert (row["geometry"], row["级别"]) == (None, "楼栋")


def test_a_footprint_loses_its_height_and_gets_a_point_inside(tmp_path):
    raised = shapely.force_3d(square(0, 0), 12.0)
    path = geojson(tmp_path / "a.geojson", [feature("1", raised, 级别="楼栋")])
    rows = read_ground_file(path, datum="CGCS2000")
    shape = shapes_of(rows)[0]
    assert not shape.has_z
    assert shape.contains(
        shapely.Point(float(rows["经度"][0].as_py()), float(rows["纬度"][0].as_py()))
    )


def test_headings_of_other_offices_are_understood_and_can_be_named(tmp_path):
    path = geojson(
        tmp_path / "a.json",
        [
            {
                "type": "Feature",
                "properties": {"Code": 440399, "NAME": "某区", "zz": "甲"},
                "geometry": json.loads(shapely.to_geojson(square(0, 0))),
            }
        ],
    )
    plain = read_ground_file(path, datum="CGCS2000", level="district").to_pylist()[0]
    named = read_ground_file(
        path, datum="CGCS2000", level="区", columns={"名称": "zz"}
    ).to_pylist()[0]
    assert (plain["地址编码"], plain["名称"], named["名称"]) == ("440399", "某区", "甲")
    assert "级别" in refused(path).sentence
    assert "Code" in refused(path, columns={"名称": "没有"}).remedy


def test_a_zip_of_a_shapefile_is_read_wherever_it_lies_inside(tmp_path):
    written(tmp_path / "grids.shp", encoding="GB18030")
    with zipfile.ZipFile(tmp_path / "交付.zip", "w") as package:
        for part in tmp_path.glob("grids.*"):
            package.write(part, f"../../度/{part.name}")
    assert read_ground_file(tmp_path / "交付.zip", datum="CGCS2000").num_rows == 2
    assert not list(tmp_path.parent.glob("grids.*"))


def test_a_ring_that_touches_itself_is_mended_and_told(tmp_path):
    a = square(0, 0).exterior.coords[:]
    doubled = shapely.Polygon([*a[:2], a[1], (a[1][0], a[1][1] + 1e-3), a[1], *a[2:]])
    path = geojson(tmp_path / "a.geojson", [feature("1", doubled)])
    reading = survey_ground_file(path, datum="CGCS2000")
    assert reading.mended_rows == (1,)
    assert square_metres(shapes_of(reading.rows))[0] == pytest.approx(
        square_metres([square(0, 0)])[0]
    )


def test_a_bow_tie_is_refused_and_the_other_rows_are_kept(tmp_path):
    (x, y), (x2, y2) = spot(0, 0), spot(1, 1)
    tie = shapely.Polygon([(x, y), (x2, y2), (x2, y), (x, y2)])
    path = geojson(tmp_path / "a.geojson", [feature("1", square(0, 0)), feature("2", tie)])
    reading = survey_ground_file(path, datum="CGCS2000")
    assert reading.rows["地址编码"].to_pylist() == ["1"]
    assert [(fault.where.row, fault.code) for fault in reading.faults] == [
        (2, "address.ground_shape_invalid")
    ]
    assert "自相交" in refused(path).sentence


@pytest.mark.parametrize(
    ("shape", "words"),
    [
        (shapely.Point(22.6, 114.3), "写反"),
        (shapely.transform(square(0, 0), lambda p: p[:, ::-1]), "写反"),
        (shapely.Point(0, 0), "不在中国境内"),
        (shapely.Point(535000, 2505000), "投影坐标"),
        (None, "没有图形"),
        (shapely.GeometryCollection([shapely.Point(114.3, 22.6), square(0, 0)]), "混在"),
        (shapely.MultiPoint([(114.3, 22.6), (114.31, 22.6)]), "几个点"),
    ],
)
def test_shapes_in_the_wrong_place_or_of_the_wrong_kind_are_refused_with_row_and_reason(
    tmp_path, shape, words
):
    path = geojson(tmp_path / "a.geojson", [feature("1", square(0, 0)), feature("2", shape)])
    fault = refused(path)
    assert words in fault.sentence
    assert fault.where.row == 2


def test_a_point_in_the_open_sea_far_from_all_others_is_refused(tmp_path):
    features = [feature(str(n), square(n, 0)) for n in range(4)]
    path = geojson(tmp_path / "a.geojson", [*features, feature("9", shapely.Point(115.0, 12.0))])
    assert "300 公里" in refused(path).sentence


def test_written_coordinates_are_held_to_the_same_rules(tmp_path):
    path = geojson(tmp_path / "a.geojson", [feature("1", square(0, 0), 经度="22.6", 纬度="114.3")])
    assert "写反" in refused(path).sentence
    path = geojson(tmp_path / "b.geojson", [feature("1", square(0, 0), 经度="东", 纬度="114.3")])
    assert "不是数字" in refused(path).sentence


@pytest.mark.parametrize("datum", ["GCJ-02", "BD-09"])
def test_a_file_of_a_surveyors_system_is_not_believed_to_be_a_map_datum(tmp_path, datum):
    fault = refused(written(tmp_path / "grids.gpkg"), datum=datum)
    assert fault.code == "address.ground_system_contradicts"
    crs = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::4490"}}
    path = geojson(tmp_path / "a.geojson", [feature("1", square(0, 0))], crs=crs)
    assert refused(path, datum=datum).code == "address.ground_system_contradicts"
    assert read_ground_file(path, datum="WGS84").num_rows == 1


def test_old_systems_are_sent_to_the_surveyors(tmp_path):
    fault = refused(written(tmp_path / "grids.shp", system="EPSG:4610"))
    assert fault.code == "address.ground_system_foreign"


def test_a_datum_must_be_declared(tmp_path):
    with pytest.raises(Refusal):
        read_ground_file(written(tmp_path / "grids.gpkg"), datum="")


def cut_shapefile(folder):
    path = written(folder / "bad.shp")
    path.write_bytes(path.read_bytes()[:-40])
    return path


def shapefile_without_attributes(folder):
    path = written(folder / "bad.shp")
    path.with_suffix(".dbf").unlink()
    return path


def shapefile_of_a_header(folder):
    path = written(folder / "bad.shp")
    head = bytearray(path.read_bytes()[:100])
    head[24:28] = struct.pack(">i", 50)
    for suffix in (".shp", ".shx"):
        path.with_suffix(suffix).write_bytes(bytes(head))
    return path


def cut_geopackage(folder):
    path = written(folder / "bad.gpkg")
    path.write_bytes(path.read_bytes()[:30000])
    return path


def cut_geojson(folder):
    path = geojson(folder / "bad.geojson", [feature("1", square(0, 0))])
    path.write_text(path.read_text()[:-9])
    return path


def bytes_called(name, content):
    def write(folder):
        path = folder / name
        path.write_bytes(content)
        return path

    return write


BROKEN = {
    "shp cut": cut_shapefile,
    "shp without dbf": shapefile_without_attributes,
    "shp of a header": shapefile_of_a_header,
    # GDAL would follow these to other files and to the network.
    "shp that is a virtual format": bytes_called(
        "a.shp", b"<OGRVRTDataSource></OGRVRTDataSource>" * 9
    ),
    "json that is a pipeline": bytes_called(
        "a.json", b'{"type": "gdal_streamed_alg", "command_line": "read x"}'
    ),
    "gpkg cut": cut_geopackage,
    "gpkg of other bytes": bytes_called("a.gpkg", b"{}"),
    "geojson cut": cut_geojson,
    "geojson without features": bytes_called(
        "a.json", b'{"type":"FeatureCollection","features":[]}'
    ),
    "geojson nested to death": bytes_called("a.json", b"[" * 100_000),
    "empty": bytes_called("a.geojson", b""),
    "wrong bytes": bytes_called("a.geojson", b"\xff\xfe\x00{"),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_a_broken_file_is_a_fault_that_says_what_to_do(tmp_path, kind):
    refused(BROKEN[kind](tmp_path))


def test_other_formats_absent_files_and_bad_packages_are_faults(tmp_path):
    for name, content in (("a.kml", b"<kml/>"), ("a.zip", b"PK"), ("b.zip", b"")):
        (tmp_path / name).write_bytes(content)
        refused(tmp_path / name)
    refused(tmp_path / "none.shp")
    with zipfile.ZipFile(tmp_path / "two.zip", "w") as package:
        package.writestr("a.geojson", "{}")
        package.writestr("b.geojson", "{}")
    assert "2 个" in refused(tmp_path / "two.zip").sentence


def test_a_geopackage_of_several_layers_asks_which(tmp_path):
    path = written(tmp_path / "grids.gpkg")
    pyogrio.raw.write(
        path,
        np.array([shapely.to_wkb(square(0, 0))], dtype=object),
        [np.array(["9"], dtype=object)],
        ["code"],
        geometry_type="Polygon",
        crs="EPSG:4490",
        layer="other",
        append=True,
    )
    assert "grids" in refused(path).sentence
    assert read_ground_file(path, datum="CGCS2000", layer="grids").num_rows == 2


def test_streets_are_read_without_codes_and_nothing_else_is_a_street(tmp_path):
    line = shapely.LineString([spot(0, 0), spot(5, 5)])
    plain = {
        "type": "Feature",
        "properties": None,
        "geometry": json.loads(shapely.to_geojson(line)),
    }
    path = geojson(tmp_path / "a.geojson", [plain, feature("1", square(0, 0))])
    (street,) = read_streets(path, datum="CGCS2000")
    assert street.equals(line)
    with pytest.raises(DataFault, match="没有线"):
        read_streets(geojson(tmp_path / "b.geojson", [feature("1", square(0, 0))]), datum="WGS84")
    swapped = shapely.transform(line, lambda points: points[:, ::-1])
    with pytest.raises(DataFault, match="写反"):
        read_streets(geojson(tmp_path / "c.geojson", [feature("1", swapped)]), datum="WGS84")


@pytest.mark.shared
def test_the_districts_of_shenzhen_lose_their_shift(shared_folder):
    path = shared_folder / "data" / "boundaries" / "shenzhen_districts_gcj02.geojson"
    rows = read_ground_file(path, datum="GCJ-02")
    as_delivered = [
        shapely.from_geojson(json.dumps(one["geometry"]))
        for one in json.loads(path.read_text(encoding="utf-8"))["features"]
    ]
    home = shapes_of(rows)
    moved = shapely.get_coordinates(as_delivered) - shapely.get_coordinates(home)
    moved_m = np.hypot(*(moved * (102_700, 110_750)).T)
    assert len(home) >= 9
    # 4-standards 1.13: 0.55 to 0.6 km.
    assert (moved_m.min(), moved_m.max()) == (
        pytest.approx(560, abs=60),
        pytest.approx(600, abs=60),
    )
    assert shapely.is_valid(home).all()
    assert square_metres(home).sum() == pytest.approx(square_metres(as_delivered).sum(), rel=1e-3)

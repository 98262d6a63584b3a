"""Opening a geometry file as one layer: headings, texts, shapes and what the file says of its coordinate system.

GeoJSON is read as JSON; shapefiles and GeoPackages by GDAL, and only after their first bytes say that they are such:
GDAL would otherwise follow whatever the bytes ask for, other files and addresses on the network among it (0018).
"""

from __future__ import annotations

import json
import struct
import tempfile
import warnings
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from glob import escape
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from pyogrio import list_layers, raw
from pyogrio.errors import DataLayerError, DataSourceError

from kuai.kit.errors import DataFault, Where

SUFFIXES = (".geojson", ".json", ".shp", ".zip", ".gpkg")
LARGEST_FILE_BYTES = 1 << 30
_HEADING_BYTES = 10
_SIDECARS = (".shp", ".shx", ".dbf", ".cpg", ".prj")
_SHAPEFILE_MAGIC = b"\x00\x00\x27\x0a"
_GEOPACKAGE_MAGIC = b"SQLite format 3\x00"
_GDAL_FAILURES = (DataSourceError, DataLayerError, ValueError, RuntimeError, OSError)
# What a .cpg of the country's offices means; another word is not believed, the bytes are.
_ENCODINGS = {"utf": "utf-8", "65001": "utf-8", "gb": "gb18030", "936": "gb18030"}


@dataclass(frozen=True)
class Layer:
    """What a file holds: one text per heading and feature, one shape per feature (None where it has none)."""

    file: str
    headings: tuple[str, ...]
    columns: tuple[list[str], ...]
    shapes: np.ndarray
    system: str | None
    encoding: str = "utf-8"
    heading_bytes: int | None = None

    def heading_as_kept(self, heading: str) -> str:
        """`heading` as this file can keep it: a shapefile cuts it at ten bytes, half a character left out."""
        if self.heading_bytes is None:
            return heading
        return heading.encode(self.encoding)[: self.heading_bytes].decode(self.encoding, "ignore")


def open_layer(path: Path, *, layer: str | None = None) -> Layer:
    """The file's only layer, or the one called `layer`; what cannot be read is a DataFault with a next step."""
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise _fault(path.name, "format_unknown", "不是认得的图形文件", _FORMATS)
    if not path.is_file():
        raise _fault(path.name, "file_absent", "找不到文件", "请核对路径")
    if path.stat().st_size > LARGEST_FILE_BYTES:
        raise _fault(path.name, "file_too_large", "文件超过 1 GB", "请按街道分成几个文件")
    if path.stat().st_size == 0:
        raise _fault(path.name, "file_empty", "文件是空的", "请重新导出")
    if suffix == ".zip":
        return _open_zipped(path, layer=layer)
    if suffix == ".gpkg":
        return _open_geopackage(path, layer=layer)
    return _open_shapefile(path) if suffix == ".shp" else _open_geojson(path)


_FORMATS = "请交 GeoJSON（.geojson）、Shapefile（.shp 连同 .dbf .shx .prj，或打成 .zip）或 GeoPackage（.gpkg）"


def _open_geojson(path: Path) -> Layer:
    try:
        text = _decode(path.read_bytes())
        document = json.loads(text)
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as cause:
        place = f"（第 {cause.lineno} 行）" if isinstance(cause, json.JSONDecodeError) else ""
        raise _fault(
            path.name, "json_unreadable", f"不是可读的 GeoJSON{place}", "文件可能不完整，请重新导出"
        ) from cause
    features = document.get("features") if isinstance(document, dict) else None
    if not isinstance(features, list) or document.get("type") != "FeatureCollection":
        raise _fault(
            path.name,
            "json_other",
            "不是 GeoJSON 的 FeatureCollection",
            "请导出为 FeatureCollection",
        )
    if not all(isinstance(feature, dict) for feature in features):
        raise _fault(path.name, "json_other", "features 中有不是图形的内容", "请重新导出")
    properties = [_mapping(feature.get("properties")) for feature in features]
    headings = tuple(dict.fromkeys(str(key) for row in properties for key in row))
    return Layer(
        file=path.name,
        headings=headings,
        columns=tuple([_text(row.get(heading)) for row in properties] for heading in headings),
        shapes=np.array([_shape(feature.get("geometry")) for feature in features], dtype=object),
        system=_geojson_system(document),
    )


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _shape(geometry: Any) -> shapely.Geometry | None:
    if not isinstance(geometry, dict):
        return None
    try:
        return shapely.from_geojson(json.dumps(geometry))
    except shapely.errors.GEOSException:
        return None


def _geojson_system(document: dict[str, Any]) -> str | None:
    """The name in the old `crs` member; without one RFC 7946 means WGS 84, but few who write it know."""
    name = _mapping(_mapping(document.get("crs")).get("properties")).get("name")
    return name if isinstance(name, str) else None


def _open_shapefile(path: Path) -> Layer:
    _refuse_broken_shapefile(path)
    attributes = _beside(path, ".dbf")
    if attributes is None or _beside(path, ".shx") is None:
        lacking = ".dbf" if attributes is None else ".shx"
        raise _fault(
            path.name,
            "sidecar_absent",
            f"缺少同名的 {lacking}",
            "请把 .shp .shx .dbf .prj 一起交来",
        )
    # Latin-1 hands over every byte as it is; what the bytes mean is decided below, for all values together.
    meta, shapes, fields = _read_by_gdal(path, path.name, encoding="ISO-8859-1")
    names = [_bytes_of(name) for name in meta["fields"]]
    values = [[_bytes_of(_text(value)) for value in field.tolist()] for field in fields]
    encoding = _encoding_of(path, [names, *values])
    headings = tuple(name.decode(encoding, errors="ignore") for name in names)
    return Layer(
        file=path.name,
        headings=headings,
        columns=tuple(
            _decode_values(path.name, heading, column, encoding)
            for heading, column in zip(headings, values, strict=True)
        ),
        shapes=shapes,
        system=meta["crs"] if _beside(path, ".prj") else None,
        encoding=encoding,
        heading_bytes=_HEADING_BYTES,
    )


def _refuse_broken_shapefile(path: Path) -> None:
    with path.open("rb") as stream:
        head = stream.read(100)
    if len(head) < 100 or not head.startswith(_SHAPEFILE_MAGIC):
        raise _fault(path.name, "shapefile_unreadable", "不是 Shapefile", _FORMATS)
    announced = struct.unpack(">i", head[24:28])[0] * 2
    if announced > path.stat().st_size:
        raise _fault(
            path.name, "shapefile_cut", "文件被截断，比文件头写明的短", "请重新导出或重新拷贝"
        )


def _encoding_of(path: Path, columns: list[list[bytes]]) -> str:
    """As the .cpg says; without one UTF-8 if all bytes are, else GB18030, as the country's tools write it."""
    declared = _beside(path, ".cpg")
    words = declared.read_text("ascii", errors="ignore").strip().lower() if declared else ""
    for word, encoding in _ENCODINGS.items():
        if word in words:
            return encoding
    try:
        for column in columns[1:]:
            b"\n".join(column).decode("utf-8")
    except UnicodeDecodeError:
        return "gb18030"
    return "utf-8"


def _decode_values(file: str, heading: str, column: list[bytes], encoding: str) -> list[str]:
    try:
        return b"\x00".join(column).decode(encoding).split("\x00")
    except UnicodeDecodeError:
        row = next(row for row, value in enumerate(column) if not _reads_as(value, encoding))
    raise DataFault(
        "address.ground_text_unreadable",
        f"文字不是 {encoding.upper()}，或在字段末尾被截断",
        where=Where(file=file, row=row + 1, column=heading),
        remedy="请附上写明编码的 .cpg 文件（UTF-8 或 GBK），或加长字段后重新导出",
    )


def _reads_as(value: bytes, encoding: str) -> bool:
    try:
        value.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _bytes_of(latin: str) -> bytes:
    return latin.encode("latin-1", errors="replace").replace(b"\x00", b"")


def _open_geopackage(path: Path, *, layer: str | None) -> Layer:
    with path.open("rb") as stream:
        if stream.read(16) != _GEOPACKAGE_MAGIC:
            raise _fault(path.name, "geopackage_unreadable", "不是 GeoPackage", _FORMATS)
    with _faults_of_gdal(path.name):
        names = [str(name) for name, kind in list_layers(path) if kind is not None]
    if layer is None and len(names) != 1:
        raise _fault(
            path.name,
            "layer_unclear",
            f"有 {len(names)} 个图层" + (f"：{'、'.join(names[:8])}" if names else ""),
            "请写明要哪个图层" if names else "请导出带图形的图层",
        )
    if layer is not None and layer not in names:
        raise _fault(
            path.name, "layer_unknown", f"没有图层“{layer}”", f"图层有：{'、'.join(names[:8])}"
        )
    meta, shapes, fields = _read_by_gdal(path, path.name, layer=layer or names[0])
    return Layer(
        file=path.name,
        headings=tuple(str(name) for name in meta["fields"]),
        columns=tuple([_text(value) for value in field.tolist()] for field in fields),
        shapes=shapes,
        system=meta["crs"],
    )


def _open_zipped(path: Path, *, layer: str | None) -> Layer:
    """The one shapefile, GeoPackage or GeoJSON of a ZIP file, unpacked beside nothing else and read."""
    with tempfile.TemporaryDirectory() as folder:
        found = _unpack(path, Path(folder))
        if len(found) != 1:
            raise _fault(
                path.name, "zip_unclear", f"压缩包内有 {len(found)} 个图形文件", "每个压缩包放一个"
            )
        return open_layer(found[0], layer=layer)


def _unpack(path: Path, folder: Path) -> list[Path]:
    try:
        with zipfile.ZipFile(path) as package:
            members = [member for member in package.infolist() if _is_wanted(member.filename)]
            if sum(member.file_size for member in members) > LARGEST_FILE_BYTES:
                raise _fault(path.name, "file_too_large", "解压后超过 1 GB", "请分成几个文件")
            found = []
            for member in members:
                # The bare name: whatever folders the package names, nothing leaves ours.
                target = folder / Path(_member_name(member)).name
                target.write_bytes(package.read(member))
                if target.suffix.lower() in SUFFIXES:
                    found.append(target)
            return found
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError) as cause:
        raise _fault(
            path.name, "zip_unreadable", "压缩包打不开", "请重新打包为普通 ZIP，不加密码"
        ) from cause


def _is_wanted(name: str) -> bool:
    suffix = Path(name).suffix.lower()
    return (
        (suffix in SUFFIXES or suffix in _SIDECARS) and suffix != ".zip" and "__MACOSX" not in name
    )


def _member_name(member: zipfile.ZipInfo) -> str:
    """Chinese tools pack names in GBK without saying so; ZIP then reads them as code page 437."""
    if member.flag_bits & 0x800:
        return member.filename
    try:
        return member.filename.encode("cp437").decode("gb18030")
    except UnicodeError:
        return member.filename


def _read_by_gdal(
    path: Path, file: str, *, layer: str | None = None, encoding: str | None = None
) -> tuple[dict[str, Any], np.ndarray, list[np.ndarray]]:
    with _faults_of_gdal(file), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        meta, _, wkb, fields = raw.read(
            path, layer=layer, encoding=encoding, datetime_as_string=True
        )
        if wkb is None:
            raise DataLayerError("no geometry")
        shapes = shapely.from_wkb(np.asarray(wkb, dtype=object), on_invalid="ignore")
    return meta, shapes, list(fields)


@contextmanager
def _faults_of_gdal(file: str) -> Iterator[None]:
    """Turns what GDAL raises into the file's fault."""
    try:
        yield
    except _GDAL_FAILURES as cause:
        raise _fault(
            file, "layer_unreadable", "图形文件损坏或没有图形", "请在原系统中打开核对后重新导出"
        ) from cause


def _beside(path: Path, suffix: str) -> Path | None:
    """The sidecar of a shapefile, whatever the case of its suffix."""
    wanted = path.stem.lower() + suffix
    return next((one for one in _neighbours(path) if one.name.lower() == wanted), None)


def _neighbours(path: Path) -> Iterable[Path]:
    return path.parent.glob(f"{escape(path.stem)}.*")


def _decode(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("gb18030")


def _text(value: Any) -> str:
    """A value of an attribute table as the office reads it: whole numbers without a point, nothing for nothing."""
    if value is None or (isinstance(value, float) and np.isnan(value)):
        return ""
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    if isinstance(value, (dict, list)):
        return json.dumps(value, ensure_ascii=False)
    return str(value).strip()


def _fault(file: str, code: str, sentence: str, remedy: str) -> DataFault:
    return DataFault(f"address.ground_{code}", sentence, where=Where(file=file), remedy=remedy)

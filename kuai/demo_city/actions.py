"""The door of `demo_city`: write a synthetic source package with its truth."""

from __future__ import annotations

import shutil
import time
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from kuai.demo_city.engine import vocabulary as words
from kuai.demo_city.engine.ceiling import linkage_ceiling
from kuai.demo_city.engine.departments import MAKERS
from kuai.demo_city.engine.extracts import DELIVERIES, City, Delivery, Evidence, Extract
from kuai.demo_city.engine.firms import found_firms, found_late_firms
from kuai.demo_city.engine.library import library_columns
from kuai.demo_city.engine.people import PLANT_KINDS, People, birth_dates, populate
from kuai.demo_city.engine.pieces import choose, digits, repeat
from kuai.demo_city.engine.places import lay_out
from kuai.demo_city.engine.profiles import Profile, profile_named
from kuai.demo_city.package_files import (
    SheetHead,
    quoted,
    write_csv,
    write_csv_parts,
    write_sheet,
)
from kuai.demo_city.types import CityReport, LinkageCeiling
from kuai.kit.errors import Breakdown, Refusal
from kuai.kit.progress import SILENT, Progress, progress_line
from kuai.kit.store import write_json

# Above, the owners' workbook has more rows than a sheet.
FEWEST_ROOMS, MOST_ROOMS = 200, 1_110_000
TRUTH_HEADINGS = ("resource", "row", "room_code", "person_id", "org_id")


def generate_city(  # noqa: PLR0913 - the command's own parameters
    out: Path,
    *,
    rooms: int,
    seed: int,
    profile: str,
    as_of: date,
    progress: Progress = SILENT,
) -> CityReport:
    """Write a source package with truth to `out`; the same parameters give the same bytes.

    Refuses a folder that holds anything, fewer than 200 or more than 1,110,000 rooms, and unknown profiles.
    The folder appears whole or not at all; may be repeated into another folder.
    """
    _refuse_bad_request(out, rooms=rooms, seed=seed)
    chosen = profile_named(profile, seed=seed)
    started = time.perf_counter()
    scratch = _open_scratch(out)
    try:
        with progress_line(progress, "建造演示城市", total=rooms, measure="套") as task:
            city = _build_city(rooms, seed=seed, as_of=as_of, profile=chosen)
            task.advance(rooms)
        rows, evidences = _write_package(scratch, city, as_of=as_of, progress=progress)
        mentions = sum(len(evidence.person) for evidence in evidences)
        with progress_line(progress, "计算关联上限", total=mentions) as task:
            ceiling = linkage_ceiling(evidences, city.people)
            task.advance(mentions)
        if out.exists():
            out.rmdir()
        scratch.rename(out)
    except OSError as fault:
        raise Breakdown(f"写不完 {out}：{fault.strerror}。没有留下半个数据包。") from fault
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return CityReport(
        package=out,
        rooms=city.places.rooms,
        buildings=city.places.buildings,
        persons=city.people.count,
        organisations=city.firms.count + rows["new_firms"],
        rows=rows,
        seconds=time.perf_counter() - started,
        ceiling=LinkageCeiling(**ceiling.__dict__),
        lacking={name: tuple(sorted(gap)) for name, gap in chosen.gaps.items() if gap},
    )


def _refuse_bad_request(out: Path, *, rooms: int, seed: int) -> None:
    if not FEWEST_ROOMS <= rooms <= MOST_ROOMS:
        raise Refusal(
            "demo_city.rooms_out_of_range",
            f"演示城市要有 {FEWEST_ROOMS:,} 到 {MOST_ROOMS:,} 套房屋，不能是 {rooms:,}。",
            next_step="请换一个 --rooms。",
        )
    if seed < 0:
        raise Refusal(
            "demo_city.negative_seed", "种子不能是负数。", next_step="请用 0 或正整数作 --seed。"
        )
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise Refusal(
            "demo_city.out_not_empty",
            f"{out} 已经有内容，不会覆盖。",
            next_step="请换一个空文件夹，或先删掉它。",
        )


def _open_scratch(out: Path) -> Path:
    """An empty folder beside `out`, which becomes it at the end."""
    scratch = out.with_name(f".{out.name}.part")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(scratch, ignore_errors=True)
        scratch.mkdir()
    except OSError as fault:
        raise Refusal(
            "demo_city.out_not_writable",
            f"不能在 {out.parent} 里新建文件夹：{fault.strerror}。",
            next_step="请换一个能写的位置。",
        ) from fault
    return scratch


def _build_city(rooms: int, *, seed: int, as_of: date, profile: Profile) -> City:
    places = lay_out(rooms, seed=seed)
    people = populate(places, seed=seed, as_of=as_of, plants=profile.plants)
    firms = found_firms(places, people, seed=seed)
    return City(places, people, firms, profile, seed, people.as_of_day)


def _write_package(
    folder: Path, city: City, *, as_of: date, progress: Progress
) -> tuple[dict[str, int], list[Evidence]]:
    extracts = folder / "extracts"
    truth = folder / "truth"
    extracts.mkdir(parents=True)
    truth.mkdir()
    resources, rows, evidences = [], {}, []
    truth_rows: list[dict[str, pa.Array]] = []
    with progress_line(progress, "写出 统一地址库", total=city.places.rooms) as task:
        columns = library_columns(city.places)
        names = write_csv_parts(extracts, "address_library.csv", columns)
        rows["address_library"] = len(columns["地址编码"])
        resources.append(_library_resource(names, rows["address_library"]))
        task.advance(city.places.rooms)
    for delivery in DELIVERIES:
        with progress_line(progress, f"写出 {delivery.title}") as task:
            extract = MAKERS[delivery.name](city)
            task.set_total(extract.rows)
            if not extract.rows:
                # In a small city there is nothing to hand over; a table without rows would be sent back.
                continue
            names = _write_extract(extracts, delivery, extract)
            resources.append(_resource(city, delivery, names, extract.rows))
            rows[delivery.name] = extract.rows
            truth_rows.append(_truth_columns(extract))
            if extract.evidence is not None:
                evidences.append(extract.evidence)
            task.advance(extract.rows)
    _write_truth(truth, city, truth_rows)
    write_json(folder / "datapackage.json", _descriptor(city, resources, as_of))
    return rows, evidences


def _write_extract(folder: Path, delivery: Delivery, extract: Extract) -> list[str]:
    columns = {
        heading: quoted(column) if heading in extract.quoted else column
        for heading, column in extract.columns.items()
    }
    if delivery.format == "csv":
        return write_csv_parts(folder, delivery.file_name, columns, encoding=delivery.encoding)
    groups = _group_widths(delivery, list(columns))
    head = SheetHead(f"{delivery.title}(内部资料)", tuple(columns), groups)
    write_sheet(folder / delivery.file_name, head, list(columns.values()))
    return [delivery.file_name]


def _group_widths(delivery: Delivery, headings: list[str]) -> tuple[tuple[str, int], ...]:
    """The merged headings over those columns that are left in a hard city."""
    if not delivery.group_headings:
        return ()
    full = ("序号", "姓名", "证件号", "年龄", "手机", "住址", "卡号", "发卡日期")
    widths, start = [], 0
    for group, width in delivery.group_headings:
        left = sum(heading in headings for heading in full[start : start + width])
        start += width
        if left:
            widths.append((group, left))
    return tuple(widths)


def _library_resource(names: list[str], rows: int) -> dict[str, Any]:
    return {
        "name": "address_library",
        "title": "统一地址库",
        "path": _paths(names),
        "encoding": "utf-8",
        "format": "csv",
        "department": "规划和自然资源局",
        "rows": rows,
        "crs": "CGCS2000",
        "delivery": "full",
    }


def _paths(names: list[str]) -> str | list[str]:
    paths = [f"extracts/{name}" for name in names]
    return paths[0] if len(paths) == 1 else paths


def _resource(city: City, delivery: Delivery, names: list[str], rows: int) -> dict[str, Any]:
    resource: dict[str, Any] = {
        "name": delivery.name,
        "title": delivery.title,
        "path": _paths(names),
        "encoding": delivery.encoding,
        "format": delivery.format,
        "department": delivery.department,
        "rows": rows,
        "delivery": "full",
    }
    # Offices forget: in a hard city two descriptions are incomplete (see 7-source-package).
    if city.profile.key == "hard" and delivery.name == "hotline_requests":
        del resource["encoding"]
    if city.profile.key == "hard" and delivery.name == "disability_cards":
        del resource["department"]
    return resource


def _descriptor(city: City, resources: list[dict[str, Any]], as_of: date) -> dict[str, Any]:
    return {
        "name": f"demo-{words.DISTRICT_CODE}-{city.places.rooms}-{city.seed}-{city.profile.key}",
        "synthetic": True,
        "title": f"{words.DISTRICT_NAME}部门数据包（演示，人物与企业均为虚构）",
        "as_of": as_of.isoformat(),
        "generator": {
            "tool": "kuai demo-city",
            "rooms": city.places.rooms,
            "seed": city.seed,
            "profile": city.profile.key,
        },
        "resources": resources,
    }


def _identifiers(index: np.ndarray) -> pa.Array:
    return choose(index >= 0, digits(index), repeat("", len(index)))


def _truth_columns(extract: Extract) -> dict[str, pa.Array]:
    columns = (
        repeat(extract.name, extract.rows),
        digits(np.arange(extract.rows)),
        extract.room_codes,
        _identifiers(extract.person),
        _identifiers(extract.firm),
    )
    return dict(zip(TRUTH_HEADINGS, columns, strict=True))


def _write_truth(folder: Path, city: City, parts: list[dict[str, pa.Array]]) -> None:
    people, firms, places = city.people, city.firms, city.places
    joined = {
        heading: pa.concat_arrays([_flat(p[heading]) for p in parts]) for heading in TRUTH_HEADINGS
    }
    write_csv(folder / "rows.csv", joined)
    home = np.maximum(people.room, 0)
    room_codes = choose(people.room >= 0, places.room_codes(home), repeat("", people.count))
    persons = {
        "person_id": digits(np.arange(people.count)),
        "name": people.names,
        "id_number": people.numbers,
        "birth_date": birth_dates(people),
        "room_code": room_codes,
    }
    write_csv(folder / "persons.csv", persons)
    late = found_late_firms(places, people, seed=city.seed)
    seats = np.r_[firms.registered_room, late.room]
    organisations = {
        "org_id": digits(np.arange(firms.count + len(late.room))),
        "uscc": pa.concat_arrays([firms.codes, late.codes]),
        "name": pa.concat_arrays([firms.names, late.names]),
        "registered_room": places.room_codes(seats),
        "operating_room": places.room_codes(np.r_[firms.operating_room, late.room]),
    }
    write_csv(folder / "orgs.csv", organisations)
    if city.profile.names_plants:
        write_csv(folder / "plants.csv", _plant_columns(people))


def _flat(column: pa.Array | pa.ChunkedArray) -> pa.Array:
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column


def _plant_columns(people: People) -> Mapping[str, pa.Array]:
    """Who carries which trap; `group` joins the persons of one trap (the two twins, father and son)."""
    persons = np.concatenate([people.plants[kind][0] for kind in PLANT_KINDS])
    groups = np.concatenate([people.plants[kind][1] for kind in PLANT_KINDS])
    kinds = [kind for kind in PLANT_KINDS for _ in people.plants[kind][0]]
    return {
        "person_id": digits(persons),
        "plant": pa.array(kinds, pa.string()),
        "group": digits(groups),
    }

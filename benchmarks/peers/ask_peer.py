"""Runs inside the peers' own environment: ask one peer about texts, print seconds, leave its answers as CSV.

usage: ask_peer.py PEER TEXTS.json ANSWERS.json [LIBRARY.json]
"""

from __future__ import annotations

import contextlib
import io
import json
import re
import sys
import time
from pathlib import Path

# uk_address_matcher wants words with spaces between and a postcode to block on: Chinese has neither, so the text is cut
# behind the characters that end a place's name, and every row gets one and the same postcode.
WORDS = re.compile(
    r"[0-9A-Za-z]+|[^0-9A-Za-z\s]+?(?:省|市|区|街道|社区|路|街|巷|村|花园|苑|号|栋|座|幢|单元|室|房|楼|层)"
    r"|[^0-9A-Za-z\s]"
)
ONE_POSTCODE = "AB1 2CD"


def ask_cpca(texts: list[str]) -> list[str]:
    import cpca

    return [str(code or "")[:6] for code in cpca.transform(texts)["adcode"]]


def ask_addressparser(texts: list[str]) -> list[str]:
    import addressparser

    return [str(name or "") for name in addressparser.transform(texts)["区"]]


def ask_jionlp(texts: list[str]) -> list[str]:
    import jionlp

    return [
        f"{found.get('county') or ''}|{found.get('town') or ''}"
        for found in (jionlp.parse_location(text, town_village=True) for text in texts if text)
    ]


def ask_uk_address_matcher(texts: list[str], library: list[tuple[str, str]]) -> list[str]:
    import duckdb
    import pandas
    from uk_address_matcher import AddressMatcher

    def as_table(rows: list[tuple[str, str]]) -> duckdb.DuckDBPyRelation:
        frame = pandas.DataFrame(
            {
                "unique_id": [key for key, _ in rows],
                "address_concat": [" ".join(WORDS.findall(text)) for _, text in rows],
                "postcode": ONE_POSTCODE,
            }
        )
        return connection.from_df(frame)

    connection = duckdb.connect()
    matcher = AddressMatcher(
        canonical_addresses=as_table(library),
        addresses_to_match=as_table([(str(n), text) for n, text in enumerate(texts)]),
        con=connection,
    )
    found = matcher.match().matches().df()
    codes = dict(zip(found["unique_id"], found["resolved_canonical_id"], strict=True))
    return [str(codes.get(str(number)) or "") for number in range(len(texts))]


def main() -> int:
    peer, texts_file, answers_file, *library_file = sys.argv[1:]
    texts = json.loads(Path(texts_file).read_text(encoding="utf-8"))
    asks = {"cpca": ask_cpca, "addressparser": ask_addressparser, "jionlp": ask_jionlp}
    with contextlib.redirect_stdout(io.StringIO()):
        if peer in asks:
            asks[peer](texts[:2])  # its tables are loaded outside the clock
        began = time.perf_counter()
        if peer in asks:
            answers = asks[peer](texts)
        else:
            library = json.loads(Path(library_file[0]).read_text(encoding="utf-8"))
            answers = ask_uk_address_matcher(texts, [(code, text) for code, text in library])
        seconds = time.perf_counter() - began
    Path(answers_file).write_text(json.dumps(answers, ensure_ascii=False), encoding="utf-8")
    print(seconds)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

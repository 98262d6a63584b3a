"""A checkout names no registry, no mirror and no folder of one machine: it must work where those are not."""

from __future__ import annotations

import re

import pytest

from tests.house.tracked_files import tracked_texts

# Put together from parts, so that this file does not hold what it looks for.
REGISTRIES = tuple(
    ".".join(parts)
    for parts in (
        ("pypi", "org"), ("pythonhosted", "org"), ("pypi", "python", "org"), ("registry", "npmjs", "org"),
        ("npmmirror", "com"), ("registry", "yarnpkg", "com"), ("npm", "taobao", "org"), ("tsinghua", "edu", "cn"),
        ("mirrors", "aliyun", "com"), ("mirrors", "ustc", "edu", "cn"), ("mirrors", "cloud", "tencent", "com"),
        ("repo", "huaweicloud", "com"), ("deb", "debian", "org"), ("security", "debian", "org"),
        ("ftp", "debian", "org"), ("archive", "ubuntu", "com"), ("conda", "anaconda", "org"),
        ("unpkg", "com"), ("jsdelivr", "net"), ("googleapis", "com"),
    )
)  # fmt: skip
MACHINE_FOLDER = re.compile(
    r"(?<![\w./~})-])/(?:" + "|".join(("work", "root")) + r")(?=[/\s\"'`),;:]|$)", re.MULTILINE
)
INDEX_OPTION = re.compile(r"^\s*--(?:extra-)?index-url\b|^\s*--find-links\b", re.MULTILINE)


def hosts_in(text: str) -> list[str]:
    return [host for host in REGISTRIES if host in text]


def folders_in(text: str) -> list[str]:
    return [match.group() for match in MACHINE_FOLDER.finditer(text)]


def test_no_committed_file_names_a_registry() -> None:
    found = {name: hosts_in(text) for name, text in tracked_texts()}
    assert {name: hosts for name, hosts in found.items() if hosts} == {}


def test_no_committed_file_names_a_folder_of_one_machine() -> None:
    found = {name: folders_in(text) for name, text in tracked_texts()}
    assert {name: folders for name, folders in found.items() if folders} == {}


def test_the_lock_files_say_what_but_not_from_where() -> None:
    locks = {
        name: text
        for name, text in tracked_texts()
        if name.rsplit("/", maxsplit=1)[-1] in ("package-lock.json", "constraints.txt", ".npmrc")
    }
    assert {"constraints.txt", "frontend/package-lock.json"} <= set(locks)
    for name, text in locks.items():
        assert '"resolved"' not in text, name
        assert not INDEX_OPTION.search(text), name
        assert "://" not in re.sub(r'"(?:url|funding)": "[^"]*"', "", text), name


@pytest.mark.parametrize("text", ["see /{}/main/kuai", 'open("/{}/x")', "cd /{}\n", "PATH=/{}/bin"])
def test_a_machine_folder_is_seen(text: str) -> None:
    for folder in ("wo" + "rk", "ro" + "ot"):
        assert folders_in(text.format(folder))


@pytest.mark.parametrize("text", ["net/work/x", "./work/x", "store.root/x", "homework", "/workers"])
def test_other_paths_are_left_alone(text: str) -> None:
    assert not folders_in(text)


def test_a_registry_is_seen() -> None:
    assert hosts_in("https://files." + "pythonhosted" + ".org/packages/x.whl")
    assert not hosts_in("https://example.cn/tiles")

"""What holds for every command: help in Chinese, a rule, JSON that parses, progress apart from answers, exit codes."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator

import click
import pytest
import typer
from typer.testing import CliRunner

from kuai.cli.main import app
from kuai.cli.output import (
    EXIT_BROKEN,
    EXIT_FAULTY_INPUT,
    EXIT_REFUSED,
    show_failure,
    show_unexpected,
)
from kuai.cli.progress_bar import TerminalProgress
from kuai.guard.access import list_command_rules
from kuai.kit.errors import Breakdown, DataFault, Refusal, Where
from kuai.kit.store import Store
from tests.stories.towns import run_kuai

HAN = re.compile(r"[\u4e00-\u9fff]")
SECONDS_FOR_HELP = 1.5


def commands() -> Iterator[tuple[str, click.Command]]:
    def walk(group: click.Group, path: tuple[str, ...]) -> Iterator[tuple[str, click.Command]]:
        for name, command in group.commands.items():
            if hasattr(command, "commands"):
                yield from walk(command, (*path, name))
            else:
                yield " ".join((*path, name)), command

    yield from walk(typer.main.get_command(app), ())


COMMANDS = dict(commands())


def test_there_are_the_commands_that_the_package_form_promises() -> None:
    promised = {"build", "block", "wash", "link", "export mentions", "doctor", "demo-city"}
    assert promised | {"explain address", "explain mention", "explain relation"} <= set(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_explained_in_chinese(name: str) -> None:
    command = COMMANDS[name]
    assert HAN.search(command.help or ""), name
    unsaid = [
        option.name
        for option in command.params
        if hasattr(option, "opts")
        and any(opt.startswith("--") for opt in option.opts)
        and option.name != "help"
        and not HAN.search(getattr(option, "help", "") or "")
        and option.name not in ("zone",)
    ]
    assert unsaid == []
    shown = CliRunner().invoke(app, [*name.split(), "--help"], terminal_width=200)
    assert shown.exit_code == 0
    assert HAN.search(shown.output)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_its_rule(name: str) -> None:
    assert name in list_command_rules()


def test_help_comes_at_once() -> None:
    took = []
    for _ in range(3):
        began = time.perf_counter()
        assert run_kuai("--help", cold=True).exit_code == 0
        took.append(time.perf_counter() - began)
    assert min(took) < SECONDS_FOR_HELP, took


def test_the_version_is_said() -> None:
    assert re.search(r"kuai [0-9]+\.[0-9]+", run_kuai("--version", cold=True).stdout)


def test_a_word_too_many_is_a_usage_error_not_a_traceback() -> None:
    answer = run_kuai("block", "1", "2", "3")
    assert answer.exit_code == 2
    assert "写法不对" in answer.stderr
    assert "Traceback" not in answer.stderr


@pytest.mark.parametrize(
    ("failure", "exit_code"),
    [
        (Refusal("a.b", "不行。", next_step="换一个。"), EXIT_REFUSED),
        (
            DataFault(
                "a.b", "坏了", where=Where(file="甲.csv", row=3, column="级别"), remedy="改。"
            ),
            EXIT_FAULTY_INPUT,
        ),
        (Breakdown("磁盘满了"), EXIT_BROKEN),
    ],
)
def test_each_kind_of_failure_has_its_exit_code_and_words(
    failure: Exception, exit_code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert show_failure(failure) == exit_code
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "下一步" in shown.err or "怎么改" in shown.err


def test_a_data_fault_says_file_row_and_column(capsys: pytest.CaptureFixture[str]) -> None:
    show_failure(DataFault("a.b", "没有这个级别", where=Where(file="甲.csv", row=3, column="级别")))
    shown = capsys.readouterr().err
    assert "文件 甲.csv 第 3 行 “级别”列" in shown


def int_of(text: str) -> int:
    raise ValueError(f"cannot convert {text}")


def test_an_unexpected_fault_tells_its_place_and_never_its_text(
    capsys: pytest.CaptureFixture[str],
) -> None:
    secret = "440381199001011237"
    with pytest.raises(ValueError, match="cannot") as caught:
        int_of(secret)
    assert show_unexpected(caught.value) == EXIT_BROKEN
    shown = capsys.readouterr()
    assert secret not in shown.out + shown.err
    assert "ValueError" in shown.err


def test_progress_never_goes_to_stdout(capsys: pytest.CaptureFixture[str]) -> None:
    with TerminalProgress() as progress:
        task = progress.begin("接收", total=10)
        task.advance(10)
        progress.end(task)
    assert capsys.readouterr().out == ""


def test_a_short_piece_of_work_leaves_no_line_and_a_long_one_does() -> None:
    progress = TerminalProgress()
    short = progress.begin("一眨眼", total=1)
    progress.end(short)
    assert progress.display.tasks == []
    long = progress.begin("很久", total=1)
    (entry,) = progress.display.tasks
    entry.start_time = progress.display.get_time() - 60
    progress.end(long)
    assert [task.description for task in progress.display.tasks] == ["很久"]
    assert progress.display.finished


def test_answers_in_json_are_one_value_on_stdout(store: Store, tmp_path) -> None:
    answers = [
        run_kuai("demo-city", tmp_path / "city", "--rooms", "200", "--json"),
        run_kuai("build", tmp_path / "city", "--store", store.root, "--json"),
        run_kuai("block", "440310", "--store", store.root, "--json"),
        run_kuai("sources", "list", "--store", store.root, "--json"),
        run_kuai("export", "mentions", "--store", store.root, "-o", tmp_path / "m.csv", "--json"),
        run_kuai("explain", "address", "枫湾围3号101", "--store", store.root, "--json"),
        run_kuai("explain", "mention", "police_residents", "0", "--store", store.root, "--json"),
        run_kuai("explain", "relation", "1", "--store", store.root, "--json"),
        run_kuai("doctor", "--store", store.root, "--json"),
    ]
    for answer in answers:
        assert answer.exit_code == 0, answer.stderr
        assert json.loads(answer.stdout)
        assert answer.stderr.strip() == ""


def test_without_a_terminal_the_answer_is_plain_text(store: Store, tmp_path) -> None:
    answer = run_kuai("demo-city", tmp_path / "city", "--rooms", "200")
    assert answer.exit_code == 0
    assert "\x1b[" not in answer.stdout
    assert "房屋 200" in answer.stdout


@pytest.mark.parametrize(("rooms", "said"), [("199", "199"), ("1110001", "1,110,001")])
def test_a_city_of_an_impossible_size_is_refused_in_words(rooms: str, said: str, tmp_path) -> None:
    answer = run_kuai("demo-city", tmp_path / "city", "--rooms", rooms)
    assert answer.exit_code == EXIT_REFUSED
    assert said in answer.stderr
    assert not (tmp_path / "city").exists()


def test_a_wrongly_written_command_says_where_to_read_how(tmp_path) -> None:
    answer = run_kuai("demo-city", tmp_path / "city", "--rooms", "many")
    assert answer.exit_code == 2
    assert "kuai demo-city --help" in answer.stderr
    assert not (tmp_path / "city").exists()


def test_without_a_command_the_help_is_shown_and_nothing_is_called_wrong() -> None:
    answer = run_kuai()
    assert "demo-city" in answer.stdout
    assert "写法不对" not in answer.stderr
    assert answer.exit_code == 2

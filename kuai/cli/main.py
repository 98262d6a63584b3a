"""`kuai`: the commands, gathered from the modules of their subjects, and the entrance that ends in an exit code."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from kuai import __version__
from kuai.cli import (
    accounts,
    address_learning,
    as_of,
    auditing,
    backup,
    block,
    build,
    cases,
    city,
    decisions,
    declarations,
    explain,
    explain_code,
    explain_organisation,
    explain_pair,
    exports,
    forms,
    keys,
    library,
    offers,
    parser,
    portal,
    questions,
    reconcile,
    retention,
    review,
    rule_runs,
    source_asking,
    source_missing,
    source_pulling,
    sources,
    tables,
    upgrade,
    upkeep,
    welfare,
)
from kuai.cli.output import console, errors, show_failure, show_unexpected
from kuai.kit.errors import Breakdown, DataFault, Refusal

app = typer.Typer(
    help="块 Kuai：把部门的条数据建成块。  From departments' extracts to blocks.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback(invoke_without_command=True)
def version_line(show: Annotated[bool, typer.Option("--version", help="版本")] = False) -> None:
    """块 Kuai。先运行 kuai doctor 看看缺什么；make run 会建一个演示城市。"""
    if show:
        console.print(f"kuai {__version__}")


# In the order in which `kuai --help` lists them.
app.command("demo-city")(city.demo_city)
app.command("build")(build.build)
app.command("block")(block.block)
app.command("as-of")(as_of.as_of)
app.command("history")(as_of.history)
app.command("replay")(as_of.replay)
app.command("wash")(tables.wash)
app.command("link")(tables.link)
app.command("parse-address")(parser.parse_address)
app.command("train-parser")(parser.train_parser)
app.command("doctor")(upkeep.doctor)
app.command("nightly")(upkeep.nightly)
app.command("backup")(backup.backup)
app.command("restore")(backup.restore)
app.command("retention")(retention.retention)
app.command("upgrade")(upgrade.upgrade)
app.command("serve")(portal.serve)
app.command("run-demo")(portal.run_demo)
app.command("reconcile")(reconcile.reconcile)
app.add_typer(exports.app, name="export")
explain.app.command("code")(explain_code.explain_code)
explain.app.command("organisation")(explain_organisation.explain_organisation)
explain.app.command("pair")(explain_pair.explain_pair)
app.add_typer(explain.app, name="explain")
sources.app.command("ask")(source_asking.ask_source)
sources.app.command("answers")(source_asking.take_answers_in)
sources.app.command("missing")(source_missing.list_missing_sources)
sources.app.command("pull")(source_pulling.pull_source)
app.add_typer(sources.app, name="sources")
app.add_typer(library.app, name="library")
app.add_typer(review.app, name="review")
app.add_typer(decisions.app, name="decide")
app.add_typer(cases.app, name="cases")
app.add_typer(address_learning.aliases, name="aliases")
app.add_typer(address_learning.proposals, name="proposals")
app.add_typer(address_learning.applications, name="applications")
app.add_typer(accounts.app, name="accounts")
app.add_typer(auditing.app, name="ledger")
app.add_typer(keys.app, name="keys")
app.add_typer(retention.holds, name="hold")
app.add_typer(welfare.app, name="welfare")
app.add_typer(rule_runs.app, name="rules")
app.add_typer(declarations.app, name="declarations")
app.add_typer(forms.app, name="forms")
app.add_typer(offers.app, name="offers")
app.add_typer(questions.app, name="questions")


def main() -> None:
    """The entrance: failures of the three kinds become a sentence and an exit code."""
    try:
        # Without standalone mode the parser does not raise Exit(code=1) but returns its code.
        ended = app(standalone_mode=False)
        if isinstance(ended, int) and ended:
            sys.exit(ended)
    except (Refusal, DataFault, Breakdown) as failure:
        sys.exit(show_failure(failure))
    except typer.Exit as done:
        sys.exit(done.exit_code)
    except typer.Abort:
        errors.print("已取消。")
        sys.exit(130)
    except KeyboardInterrupt:
        errors.print("已中断；做完的环节不会丢。")
        sys.exit(130)
    except Exception as wrong_words:  # noqa: BLE001 - the outer edge: usage errors of the parser, else re-raised
        if not hasattr(wrong_words, "format_message"):
            if os.environ.get("KUAI_DEBUG"):
                raise
            sys.exit(show_unexpected(wrong_words))
        message = wrong_words.format_message()
        if not message:
            # No command was named: the help has been shown.
            sys.exit(2)
        errors.print(f"[bold red]写法不对：[/]{message}", highlight=False)
        path = getattr(getattr(wrong_words, "ctx", None), "command_path", "kuai")
        errors.print(f"  下一步：运行 {path} --help 看写法。", highlight=False)
        sys.exit(2)

"""`kuai welfare minors`: codes of minors nobody is named for, to child-welfare staff alone."""

from __future__ import annotations

import typer

from kuai.cli.allowing import account_of_operator, require_allowed
from kuai.cli.options import DEFAULT_STORE, JsonOption, StoreOption
from kuai.cli.output import console, write_json_answer
from kuai.cli.work_database import open_existing_work_database
from kuai.kit.clock import utc_now

app = typer.Typer(help="儿童福利值守  Child welfare", no_args_is_help=True)


@app.command("minors")
def list_minors(store: StoreOption = DEFAULT_STORE, as_json: JsonOption = False) -> None:
    """没有登记监护人、户主也不是成年人的未成年人，只有编码；只给儿童福利工作人员本人的账号，合成数据也一样。"""
    require_allowed("welfare minors")
    opened = open_existing_work_database(store)
    from kuai.flows import welfare

    listed = welfare.list_unguarded_minors(opened, to=account_of_operator(), at=utc_now())
    if as_json:
        write_json_answer(
            {
                "as_of": listed.as_of.isoformat(), "person_codes": list(listed.person_codes),
                "contested": sorted(listed.contested), "reason": "no_guardian_on_record",
                "responsible": listed.responsible, "channel": listed.channel,
                "due_on": listed.due_on.isoformat(),
            }
        )  # fmt: skip
        return
    console.print(
        f"登记里没有监护人，请在 {listed.due_on} 前走访；负责人：{listed.responsible}；有异议：{listed.channel}",
        highlight=False,
    )
    for code in listed.person_codes:
        mark = "  登记有异议，期限停着" if code in listed.contested else ""
        console.print(f"{code}{mark}", highlight=False)
    if not listed.person_codes:
        console.print("没有：现有登记里每个未成年人都有监护人或成年户主。")

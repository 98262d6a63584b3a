"""The notice a declaration is made under (个人信息保护法第14-17条) and on what legal basis; each version for ever."""

from __future__ import annotations

from collections.abc import Mapping

NOTICE_VERSION = "2026-11"
# Read out at a service window, where a number is written down too.
COUNTER_NOTICE_VERSION = "2026-11-counter"
LEGAL_BASIS = "居住证暂行条例；住房租赁条例；个人信息保护法第13条第1款第1项（同意）"
GUARDIAN_BASIS = "个人信息保护法第31条（监护人同意）；未成年人网络保护条例"
EMPLOYER_BASIS = "居住证暂行条例（用人单位申报）；个人信息保护法第13条第1款第3项"
NOTICES: Mapping[str, tuple[str, ...]] = {
    "2026-11": (
        "谁在处理：本街道社区服务窗口，电话见门牌二维码纸。",
        "做什么用：居住登记、房屋租赁管理；只用来提供服务、提问和核对，不据此处罚。",
        "收什么：您填的姓名和手机号，您点选的内容，申报的时间。",
        "放多久：申报满三年删除；您随时可以在窗口撤回同意。",
        "不会怎样：不公开，不给别的住户看，不告诉任何人谁住在哪里。",
    ),
    "2026-11-counter": (
        "谁在处理：本街道社区服务窗口，就是您现在办事的地方。",
        "做什么用：居住登记、房屋租赁管理；只用来提供服务、提问和核对，不据此处罚。",
        "收什么：您说的姓名、证件号码、手机号（没有可以不留），申报的时间，看过哪种证件；证件不复印、不拍照。",
        "放多久：申报满三年删除；您随时可以在窗口撤回同意。",
        "不会怎样：不公开，不给别的住户看，不告诉任何人谁住在哪里。",
    ),
}

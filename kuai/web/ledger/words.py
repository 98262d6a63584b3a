"""The ledger's actions in office words; an action without words shows its own name."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

ACTION_NAMES = {
    "viewed_block": _("查看块"),
    "viewed_sources": _("查看来源"),
    "viewed_ledger": _("查阅台账"),
    "verified_ledger": _("验证台账"),
    "searched_places": _("查找地址或单位"),
    "washed_addresses": _("清洗一批地址"),
    "asked_for_place": _("由坐标查地址"),
    "reconciled_addresses": _("对照地址库"),
    "exported_refused_rows": _("下载退回的行"),
    "welfare.listed": _("查看未成年人线索"),
    "exported_refused_reasons": _("下载退回的行（不含内容）"),
    "uploaded_file": _("上传文件"),
    "received_delivery": _("接收交付"),
    "explained_address": _("解释一条地址"),
    "viewed_aliases": _("查看地址别名"),
    "viewed_address_proposals": _("查看地址建议"),
    "viewed_address_applications": _("查看地址申请"),
    "exported_address_applications": _("导出地址申请单"),
    "address.alias_confirmed": _("确认地址别名"),
    "address.alias_revoked": _("撤回地址别名"),
    "address.alias_restored": _("恢复地址别名"),
    "address.proposals_refreshed": _("更新地址建议"),
    "address.proposal_set_aside": _("搁置地址建议"),
    "address.proposal_open": _("取回地址建议"),
    "address.proposal_applied": _("地址建议转为申请"),
    "address.application_draft": _("起草地址申请"),
    "address.application_filed": _("报送地址申请"),
    "address.application_returned": _("退回地址申请"),
    "address.application_accepted": _("采纳地址申请"),
    "address.application_withdrawn": _("撤回地址申请"),
    "viewed_library": _("查看地址库"),
    "viewed_library_plan": _("查看地址库导入计划"),
    "uploaded_library_file": _("上传地址库文件"),
    "planned_library_import": _("做地址库导入计划"),
    "asked_to_apply_library_plan": _("要求写入导入计划"),
    "applied_library_plan": _("写入导入计划"),
    "dropped_library_plan": _("放弃导入计划"),
    "recorded_library_event": _("登记地址变更"),
    "undid_library_event": _("撤销地址变更"),
    "proposed_grids": _("划分网格建议"),
    "accepted_grids": _("采用网格划分"),
    "route.refused": _("被拒绝进入"),
    "source.registered": _("登记来源"),
    "source.changed": _("修改来源登记"),
    "account.opened": _("开立账号"),
    "account.demo_opened": _("开立演示账号"),
    "account.closed": _("停用账号"),
    "account.role_changed": _("改变角色"),
    "account.password_changed": _("更换口令"),
    "session.opened": _("登录"),
    "session.closed": _("退出"),
    "session.refused": _("登录失败"),
    "session.locked_out": _("登录被锁定"),
    "person.read": _("查看个人"),
    "break_glass.opened": _("紧急查看"),
    "break_glass.counted": _("紧急查看：人数"),
    "break_glass.persons_told": _("紧急查看：已告知本人"),
    "ledger.exported": _("导出台账"),
    "ticket.issued": _("发出凭据"),
    "ticket.ended": _("凭据终止"),
    "ledger.deferred": _("延后告知"),
    "ledger.plain_erased": _("清除查询内容"),
}


def action_name(action: str) -> str:
    """viewed_block -> 查看块."""
    return str(ACTION_NAMES.get(action, action))


OUTCOME_NAMES = {
    "allowed": _("准许"),
    "kept": _("已收下"),
    "refused": _("没有收下"),
    "broken": _("故障"),
    "whole": _("完好"),
    "damaged": _("有改动"),
    "locked_out": _("已锁定"),
    "route.role": _("角色不符"),
    "route.change_password": _("先要更换口令"),
}


def outcome_name(outcome: str) -> str:
    """allowed -> 准许."""
    return str(OUTCOME_NAMES.get(outcome, outcome))

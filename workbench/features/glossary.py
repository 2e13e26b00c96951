"""Column and table names in words of both languages: a first wording that a person may better."""

from __future__ import annotations

import re

from workbench.text import Text

_CHINESE = {
    "account": "账户", "accounts": "账户", "amount": "金额", "age": "年龄", "app": "应用", "balance": "余额", "basket": "购物篮",
    "brand": "品牌", "campaign": "活动", "campaigns": "活动", "card": "卡", "category": "品类", "channel": "渠道", "city": "城市",
    "class": "类别", "code": "代码", "contact": "触达", "contacts": "触达", "count": "数量", "country": "国家", "coupon": "优惠券",
    "coupons": "优惠券", "credit": "信用", "customer": "客户", "customers": "客户", "date": "日期", "days": "天数", "department": "部门",
    "description": "描述", "device": "设备", "disc": "折扣", "discount": "折扣", "duration": "时长", "end": "结束", "event": "事件",
    "events": "事件", "fee": "费用", "gender": "性别", "home": "住房", "hour": "小时", "household": "家庭", "households": "家庭",
    "id": "编号", "income": "收入", "invoice": "发票", "item": "商品", "items": "商品", "kids": "子女", "kind": "种类", "length": "时长",
    "level": "等级", "limit": "额度", "loan": "贷款", "loans": "贷款", "mailings": "邮件", "manufacturer": "厂商", "marital": "婚姻",
    "match": "匹配", "member": "会员", "merchant": "商户", "month": "月", "name": "名称", "no": "编号", "number": "数量", "order": "订单",
    "orders": "订单", "ownership": "产权", "package": "包装", "paid": "已付", "payment": "还款", "payments": "还款", "people": "人员",
    "points": "积分", "price": "价格", "product": "商品", "products": "商品", "profile": "画像", "quantity": "数量", "rate": "比率",
    "redemption": "核销", "redemptions": "核销", "region": "地区", "repayments": "还款", "retail": "零售", "sales": "销售",
    "score": "分数", "segment": "分群", "session": "会话", "sessions": "会话", "sex": "性别", "size": "规模", "source": "来源",
    "spend": "消费", "start": "开始", "state": "状态", "status": "状态", "stock": "库存", "store": "门店", "stores": "门店", "tenure": "年限",
    "time": "时间", "total": "总", "town": "城镇", "transaction": "交易", "transactions": "交易", "type": "类型", "unit": "单位",
    "upc": "条码", "value": "额", "visit": "到访", "visits": "到访", "week": "周", "year": "年", "zip": "邮编",
}  # fmt: skip


def words_of(name: str) -> list[str]:
    """The words of a name, lower case: from snake_case, CamelCase or with spaces.

    >>> words_of("InvoiceNo"), words_of("sales_value"), words_of("Unit Price")
    (['invoice', 'no'], ['sales', 'value'], ['unit', 'price'])
    """
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", name)
    return [w.casefold() for w in re.split(r"[\W_]+", parted) if w]


def noun_of(name: str) -> Text:
    """`sales_value` -> sales value, 销售额. A word that the glossary lacks stays as it is."""
    words = words_of(name) or [name]
    chinese = ""
    for word in words:
        said = _CHINESE.get(word, word)
        latin = said.isascii() and chinese[-1:].isascii() and chinese
        chinese += f" {said}" if latin else said
    return Text(" ".join(words), chinese)


_NAMING = {"id", "ids", "no", "nr", "key", "编号"}


def things_of(name: str) -> Text:
    """What an identifier names, several of them: `store_id` -> stores, 门店; `StockCode` -> stock codes."""
    words = words_of(name)
    kept = [w for w in words if w not in _NAMING] or words or [name]
    noun = noun_of("_".join(kept))
    last = kept[-1]
    plural = (
        last
        if last.endswith("s") or not last.isascii()
        else last[:-1] + "ies"
        if re.search("[^aeiou]y$", last)
        else f"{last}s"
    )
    return Text(" ".join([*kept[:-1], plural]), noun.zh)


def snake(name: str) -> str:
    """A name that may stand in a feature's: `Unit Price` -> unit_price."""
    return "_".join(words_of(name)) or "column"

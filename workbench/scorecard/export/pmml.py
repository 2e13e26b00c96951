"""The card as PMML 4.4 `Scorecard` with reason codes (https://dmg.org/pmml/v4-4-1/Scorecard.html)."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import numpy as np

from workbench.scorecard.bins import Bins
from workbench.scorecard.card import Scorecard, Variable
from workbench.scorecard.points import higher_is_likelier

NAMESPACE = "http://www.dmg.org/PMML-4_4"
REASONS = 4
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def card_pmml(card: Scorecard) -> str:
    """An XML document; the predicted value is the whole score, the reason codes are the variables' names."""
    root = ElementTree.Element("PMML", {"xmlns": NAMESPACE, "version": "4.4"})
    header = _child(root, "Header", description=card.direction.en)
    _child(header, "Application", name="workbench")
    dictionary = _child(root, "DataDictionary", numberOfFields=str(len(card.parts)))
    for part in card.parts:
        optype, data = {
            "number": ("continuous", "double"),
            "date": ("continuous", "date"),
            "category": ("categorical", "string"),
        }[part.bins.type]
        _child(
            dictionary,
            "DataField",
            name=part.name,
            displayName=part.sentence.en,
            optype=optype,
            dataType=data,
        )
    model = _child(
        root,
        "Scorecard",
        modelName="scorecard",
        functionName="regression",
        algorithmName="WOE logistic regression",
        initialScore=str(card.constant),
        useReasonCodes="true",
        reasonCodeAlgorithm="pointsAbove" if higher_is_likelier(card.kind) else "pointsBelow",
        baselineMethod="mean",
    )
    schema = _child(model, "MiningSchema")
    for part in card.parts:
        _child(schema, "MiningField", name=part.name, usageType="active", invalidValueTreatment="asIs")
    output = _child(model, "Output")
    _child(
        output,
        "OutputField",
        name="card_points",
        feature="predictedValue",
        dataType="double",
        optype="continuous",
    )
    for rank in range(1, min(REASONS, len(card.parts)) + 1):
        _child(
            output,
            "OutputField",
            name=f"reason_code_{rank}",
            feature="reasonCode",
            rank=str(rank),
            dataType="string",
            optype="categorical",
        )
    characteristics = _child(model, "Characteristics")
    for part in card.parts:
        _characteristic(characteristics, part)
    if not card.parts:
        # the schema wants one characteristic at least
        only = _child(
            characteristics, "Characteristic", name="everyone", baselineScore="0", reasonCode="none"
        )
        _child(_child(only, "Attribute", partialScore="0"), "True")
    ElementTree.indent(root, " ")
    text = ElementTree.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'


def _characteristic(parent: ElementTree.Element, part: Variable) -> None:
    bins = part.bins
    element = _child(
        parent,
        "Characteristic",
        name=f"{part.name} points",
        baselineScore=repr(part.reference),
        reasonCode=part.name,
    )

    def attribute(number: int) -> ElementTree.Element:
        return _child(element, "Attribute", partialScore=str(part.points[number]))

    _child(attribute(bins.size - 1), "SimplePredicate", field=part.name, operator="isMissing")
    for number, special in enumerate(bins.specials, start=bins.ordinary):
        _simple(attribute(number), part.name, "equal", bins, special)
    if bins.type == "category":
        for number, group in enumerate(bins.groups):
            if group:
                _levels(attribute(number), part.name, group)
        _child(attribute(bins.size - 2), "True")
        return
    for number, edge in enumerate(bins.edges):
        _simple(attribute(number), part.name, "lessOrEqual", bins, edge)
    _child(attribute(bins.ordinary - 1), "True")


def _simple(parent: ElementTree.Element, field: str, operator: str, bins: Bins, value: float) -> None:
    shown = str(np.datetime64(int(value), "D")) if bins.type == "date" else repr(value)
    _child(parent, "SimplePredicate", field=field, operator=operator, value=shown)


def _levels(parent: ElementTree.Element, field: str, levels: tuple[str, ...]) -> None:
    chosen = _child(parent, "SimpleSetPredicate", field=field, booleanOperator="isIn")
    array = _child(chosen, "Array", type="string", n=str(len(levels)))
    # strings stand in double quotes, a quote inside behind a backslash
    array.text = " ".join('"' + _clean(level).replace('"', '\\"') + '"' for level in levels)


def _child(parent: ElementTree.Element, tag: str, **attributes: str) -> ElementTree.Element:
    return ElementTree.SubElement(parent, tag, {key: _clean(value) for key, value in attributes.items()})


def _clean(text: str) -> str:
    """Without the control characters that XML 1.0 cannot hold."""
    return _NOT_XML.sub("", text)

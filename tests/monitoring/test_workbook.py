"""The workbook has the form that Azure Monitor's workbooks have, and the rules and charts name metrics that exist."""

import json
import re
from typing import Any
from uuid import UUID

import pytest

from tests.monitoring.tables import AGGREGATIONS, METRICS
from tests.monitoring.workbook import METRIC, PARAMETERS, QUERY, ROOT, TEXT, WORKBOOK, items

PAGE = (ROOT / "docs" / "monitoring.md").read_text(encoding="utf-8")
ALERTS = (ROOT / "infra" / "alerts.bicep").read_text(encoding="utf-8")
PARAMETERS_BY_NAME: dict[str, dict[str, Any]] = {
    parameter["name"]: parameter for item in items(PARAMETERS) for parameter in item["content"]["parameters"]
}
# Of each kind of item: its version, and what its content must have.
CONTENT = {
    TEXT: (None, {"json"}),
    QUERY: ("KqlItem/1.0", {"query", "size", "queryType", "resourceType", "crossComponentResources", "visualization"}),
    PARAMETERS: ("KqlParameterItem/1.0", {"parameters", "style", "queryType", "resourceType"}),
    METRIC: ("MetricsItem/2.0", {"chartId", "size", "chartType", "resourceType", "resourceIds", "metrics", "title"}),
}
VISUALIZATIONS = {"table", "timechart", "barchart"}
# Of a parameter: a text, a time range, a resource.
PARAMETER_TYPES = {1, 4, 5}


def test_the_workbook_is_one_and_its_items_have_names_of_their_own() -> None:
    names = [item["name"] for item in WORKBOOK["items"]]

    assert WORKBOOK["version"] == "Notebook/1.0"
    assert len(names) == len(set(names))
    assert set(WORKBOOK) == {"version", "items", "fallbackResourceIds", "$schema"}


@pytest.mark.parametrize("item", WORKBOOK["items"], ids=[item["name"] for item in WORKBOOK["items"]])
def test_an_item_has_what_its_kind_needs(item: dict[str, Any]) -> None:
    version, needed = CONTENT[item["type"]]

    assert set(item) <= {"type", "content", "name", "customWidth", "conditionalVisibility"}
    assert item["content"].get("version") == version
    assert needed <= set(item["content"])
    assert item["content"].get("visualization", "table") in VISUALIZATIONS


def test_parameters_have_ids_and_every_parameter_that_is_used_exists() -> None:
    used = set(re.findall(r"\{(\w+)\}", json.dumps(WORKBOOK["items"])))
    times = {item["content"].get("timeContextFromParameter") for item in items(QUERY) + items(METRIC)}
    shown = {
        item["conditionalVisibility"]["parameterName"] for item in WORKBOOK["items"] if "conditionalVisibility" in item
    }

    assert used | times | shown == set(PARAMETERS_BY_NAME)
    for parameter in PARAMETERS_BY_NAME.values():
        assert UUID(parameter["id"])
        assert parameter["type"] in PARAMETER_TYPES


@pytest.mark.parametrize("item", items(METRIC), ids=[item["name"] for item in items(METRIC)])
def test_a_chart_shows_metrics_that_its_resource_has(item: dict[str, Any]) -> None:
    content = item["content"]
    resource = PARAMETERS_BY_NAME[content["resourceParameter"]]

    assert content["resourceIds"] == [f"{{{content['resourceParameter']}}}"]
    assert f"type =~ '{content['resourceType']}'" in resource["query"]
    for metric in content["metrics"]:
        assert metric["namespace"] == content["resourceType"]
        name = metric["metric"].rpartition("-")[2]
        category, aggregations = METRICS[metric["namespace"]][name]
        assert metric["metric"] == f"{metric['namespace']}-{category}-{name}"
        assert AGGREGATIONS[metric["aggregation"]] in aggregations


def test_the_bicep_file_replaces_every_placeholder() -> None:
    bicep = (ROOT / "infra" / "workbook.bicep").read_text(encoding="utf-8")
    replaced = dict(re.findall(r"replace\(.*?, '(\w+_ID)', (\w+)\)", bicep))

    assert replaced == {"INSIGHTS_ID": "insightsId", "PUBSUB_ID": "pubsubId", "APP_ID": "appId"}
    values = [parameter.get("value") for parameter in PARAMETERS_BY_NAME.values() if parameter["type"] == 5]
    assert {value for value in values if value} == set(replaced)
    assert set(re.findall(r"\b[A-Z]+_ID\b", json.dumps(WORKBOOK))) == set(replaced)


def test_a_rule_looks_at_a_metric_that_its_resource_has() -> None:
    scopes = {"pubsubId": "microsoft.signalrservice/webpubsub", "appId": "microsoft.web/sites"}
    fields = (r"scopes: \[(\w+)\]", "metricNamespace: '(.*?)'", r"metricName: '(\w+)'", r"timeAggregation: '(\w+)'")
    rules = [
        [re.findall(field, part)[0] for field in fields]
        for part in ALERTS.split("\nresource ")
        if "/metricAlerts@" in part
    ]

    assert len(rules) == ALERTS.count("metricAlerts@")
    for scope, namespace, name, aggregation in rules:
        assert namespace.lower() == scopes[scope]
        assert aggregation in METRICS[scopes[scope]][name][1]


def test_the_page_lists_the_rules_and_the_metrics() -> None:
    table = PAGE.partition("## Alerts")[2].partition("## ")[0]
    named = re.findall(r"name: 'chat-\$\{environmentName\}-([\w-]+)'", ALERTS)
    charted = {metric["metric"].rpartition("-")[2] for item in items(METRIC) for metric in item["content"]["metrics"]}
    costs = PAGE.partition("## What does it cost")[2].partition("### ")[0]

    assert re.findall(r"^\| `([\w-]+)` \|", table, re.MULTILINE) == named
    rows = re.findall(r"^\| (`.*?) \|", costs, re.MULTILINE)
    assert set(re.findall(r"`(\w+)`", " ".join(rows))) <= charted

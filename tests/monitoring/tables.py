"""What is outside of the repository and queries and rules rely on: the tables and the metrics of Azure Monitor.

Sources: "Application Insights telemetry data model", and "Supported metrics with Azure Monitor" of each resource type.
"""

_EVERY_TABLE = (
    "timestamp: datetime, itemType: string, customDimensions: dynamic, customMeasurements: dynamic, "
    "operation_Name: string, operation_Id: string, operation_ParentId: string, cloud_RoleName: string, "
    "cloud_RoleInstance: string, appId: string, itemId: string, itemCount: int"
)
_CALLS = "id: string, name: string, success: string, resultCode: string, duration: real, performanceBucket: string"
TABLES = {
    "traces": f"(message: string, severityLevel: int, {_EVERY_TABLE})",
    "requests": f"({_CALLS}, source: string, url: string, {_EVERY_TABLE})",
    "dependencies": f"({_CALLS}, target: string, type: string, data: string, {_EVERY_TABLE})",
    "exceptions": f"(problemId: string, type: string, outerMessage: string, severityLevel: int, {_EVERY_TABLE})",
}

# Of each metric that is used: its category, and how it may be aggregated.
METRICS = {
    "microsoft.signalrservice/webpubsub": {
        "ConnectionCloseCount": ("Traffic", {"Total"}),
        "ConnectionOpenCount": ("Traffic", {"Total"}),
        "ConnectionQuotaUtilization": ("Traffic", {"Minimum", "Maximum", "Average"}),
        "InboundTraffic": ("Traffic", {"Total"}),
        "OutboundTraffic": ("Traffic", {"Total"}),
        "ServerLoad": ("Saturation", {"Minimum", "Maximum", "Average"}),
        "TotalConnectionCount": ("Traffic", {"Maximum", "Average"}),
    },
    "microsoft.web/sites": {
        "AlwaysReadyFunctionExecutionCount": ("", {"Total"}),
        "AlwaysReadyFunctionExecutionUnits": ("", {"Total"}),
        "AlwaysReadyUnits": ("", {"Total"}),
        "Http5xx": ("", {"Total"}),
        "OnDemandFunctionExecutionCount": ("", {"Total"}),
        "OnDemandFunctionExecutionUnits": ("", {"Total"}),
    },
    "microsoft.storage/storageaccounts": {"Transactions": ("Transaction", {"Total"})},
}
# The numbers that a workbook has for aggregations.
AGGREGATIONS = {1: "Total", 2: "Minimum", 3: "Maximum", 4: "Average"}

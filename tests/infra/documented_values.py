"""Values that are documented where Microsoft's types say `string` only: by type and property.

Without them nothing finds a misspelt `durable` or `deny`. The source of each is named; where it is "types", the
description of the property in the same file of Microsoft's types lists the values.
"""

DOCUMENTED_VALUES: dict[str, dict[str, tuple[str, ...]]] = {
    # learn.microsoft.com/azure/azure-functions/flex-consumption-how-to: the groups; one function is `function:<name>`.
    "FunctionsAlwaysReadyConfig": {"name": ("http", "durable", "blob")},
    # learn.microsoft.com/azure/azure-functions/flex-consumption-plan: the runtime versions of Python.
    "FunctionsRuntime": {"version": ("3.10", "3.11", "3.12", "3.13")},
    # learn.microsoft.com/azure/azure-functions/functions-infrastructure-as-code: the plan and the kind of a Linux app.
    "SkuDescription": {"name": ("FC1",), "tier": ("FlexConsumption",)},
    "Microsoft.Web/serverfarms": {"kind": ("functionapp",)},
    "Microsoft.Web/sites": {"kind": ("functionapp,linux",)},
    # learn.microsoft.com/azure/app-service/configure-authentication-file-based; the setting is in settings.bicep.
    "AuthPlatform": {"runtimeVersion": ("~1", "~2")},
    "AzureActiveDirectoryRegistration": {"clientSecretSettingName": ("OVERRIDE_USE_MI_FIC_ASSERTION_CLIENTID",)},
    # types
    "ResourceSku": {"name": ("Free_F1", "Standard_S1", "Premium_P1", "Premium_P2")},
    "ResourceLogCategory": {"name": ("ConnectivityLogs", "MessagingLogs"), "enabled": ("true", "false")},
    "LiveTraceCategory": {"name": ("ConnectivityLogs", "MessagingLogs"), "enabled": ("true", "false")},
    "LiveTraceConfiguration": {"enabled": ("true", "false")},
    "WebPubSubHubProperties": {"anonymousConnectPolicy": ("allow", "deny")},
    "WebPubSubProperties": {"publicNetworkAccess": ("Enabled", "Disabled")},
    # learn.microsoft.com/azure/azure-web-pubsub/howto-develop-eventhandler: the events, and the pattern for all.
    "EventHandler": {"systemEvents": ("connect", "connected", "disconnected"), "userEventPattern": ("*",)},
    # learn.microsoft.com/azure/azure-web-pubsub/howto-troubleshoot-resource-logs: the service's categories.
    "LogSettings": {"category": ("ConnectivityLogs", "MessagingLogs", "HttpRequestLogs")},
    # learn.microsoft.com/azure/azure-monitor/reference/supported-metrics: the metrics that the alert rules look at.
    "MultiMetricCriteria": {
        "metricNamespace": ("Microsoft.SignalRService/WebPubSub", "Microsoft.Web/sites"),
        "metricName": ("ConnectionQuotaUtilization", "ServerLoad", "Http5xx"),
    },
    # learn.microsoft.com/azure/azure-monitor/visualize/workbooks-automate
    "WorkbookProperties": {"category": ("workbook",), "version": ("Notebook/1.0",)},
    # types (the description of `kind`)
    "Microsoft.Insights/components": {"kind": ("web", "ios", "other", "store", "java", "phone")},
    # learn.microsoft.com/rest/api/monitor: metric alerts, scheduled query rules. Both kinds of resource are global.
    "MetricAlertProperties": {
        "evaluationFrequency": ("PT1M", "PT5M", "PT15M", "PT30M", "PT1H"),
        "windowSize": ("PT1M", "PT5M", "PT15M", "PT30M", "PT1H", "PT6H", "PT12H", "P1D"),
    },
    "ScheduledQueryRuleProperties": {
        "evaluationFrequency": ("PT1M", "PT5M", "PT10M", "PT15M", "PT30M", "PT1H", "P1D"),
        "windowSize": ("PT5M", "PT10M", "PT15M", "PT30M", "PT1H", "P1D"),
    },
    "Microsoft.Insights/metricAlerts": {"location": ("global",)},
    "Microsoft.Insights/actionGroups": {"location": ("global",)},
    # learn.microsoft.com/graph/api/resources/application; the audience is the only one that Entra ID takes.
    "Microsoft.Graph/applications": {"signInAudience": ("AzureADMyOrg", "AzureADMultipleOrgs")},
    "Microsoft.Graph/applications/federatedIdentityCredentials": {"audiences": ("api://AzureADTokenExchange",)},
}

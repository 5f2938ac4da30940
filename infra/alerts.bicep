// Alert rules of docs/monitoring.md: metrics of the service and of the app, and queries over the log.

@description('Region of the rules that look at the log.')
param location string

@description('Tags of all rules.')
param tags object

@description('Resource id of the Application Insights resource that has the log.')
param insightsId string

@description('Resource id of the Web PubSub service.')
param pubsubId string

@description('Resource id of the Function App.')
param appId string

@description('Address that alerts are sent to. Empty: there are no rules.')
param alertEmail string

@description('Name of the environment; it is in the names of the rules.')
param environmentName string

var isWanted = !empty(alertEmail)

resource mail 'Microsoft.Insights/actionGroups@2023-01-01' = if (isWanted) {
  name: 'chat-${environmentName}'
  location: 'global'
  tags: tags
  properties: {
    enabled: true
    groupShortName: 'chat'
    emailReceivers: [
      {
        name: 'operator'
        emailAddress: alertEmail
        useCommonAlertSchema: true
      }
    ]
  }
}

resource connectionQuota 'Microsoft.Insights/metricAlerts@2018-03-01' = if (isWanted) {
  name: 'chat-${environmentName}-connection-quota'
  location: 'global'
  tags: tags
  properties: {
    description: 'Over 80 % of the connections that the units allow are open. Above 100 % clients are refused: add units.'
    severity: 2
    enabled: true
    scopes: [pubsubId]
    evaluationFrequency: 'PT1M'
    windowSize: 'PT5M'
    criteria: {
      'odata.type': 'Microsoft.Azure.Monitor.MultipleResourceMultipleMetricCriteria'
      allOf: [
        {
          criterionType: 'StaticThresholdCriterion'
          name: 'quota'
          metricNamespace: 'Microsoft.SignalRService/WebPubSub'
          metricName: 'ConnectionQuotaUtilization'
          timeAggregation: 'Maximum'
          operator: 'GreaterThan'
          threshold: 80
        }
      ]
    }
    actions: [{ actionGroupId: mail.id }]
  }
}

resource serverLoad 'Microsoft.Insights/metricAlerts@2018-03-01' = if (isWanted) {
  name: 'chat-${environmentName}-server-load'
  location: 'global'
  tags: tags
  properties: {
    description: 'The load of the Web PubSub service is over 70 % on average. Messages arrive late: add units.'
    severity: 2
    enabled: true
    scopes: [pubsubId]
    evaluationFrequency: 'PT5M'
    windowSize: 'PT15M'
    criteria: {
      'odata.type': 'Microsoft.Azure.Monitor.MultipleResourceMultipleMetricCriteria'
      allOf: [
        {
          criterionType: 'StaticThresholdCriterion'
          name: 'load'
          metricNamespace: 'Microsoft.SignalRService/WebPubSub'
          metricName: 'ServerLoad'
          timeAggregation: 'Average'
          operator: 'GreaterThan'
          threshold: 70
        }
      ]
    }
    actions: [{ actionGroupId: mail.id }]
  }
}

resource serverErrors 'Microsoft.Insights/metricAlerts@2018-03-01' = if (isWanted) {
  name: 'chat-${environmentName}-http-5xx'
  location: 'global'
  tags: tags
  properties: {
    description: 'The app answered more than 10 requests with 5xx.'
    severity: 1
    enabled: true
    scopes: [appId]
    evaluationFrequency: 'PT1M'
    windowSize: 'PT5M'
    criteria: {
      'odata.type': 'Microsoft.Azure.Monitor.MultipleResourceMultipleMetricCriteria'
      allOf: [
        {
          criterionType: 'StaticThresholdCriterion'
          name: 'errors'
          metricNamespace: 'Microsoft.Web/sites'
          metricName: 'Http5xx'
          timeAggregation: 'Total'
          operator: 'GreaterThan'
          threshold: 10
          // Not every hosting plan emits this metric.
          skipMetricValidation: true
        }
      ]
    }
    actions: [{ actionGroupId: mail.id }]
  }
}

resource eventErrors 'Microsoft.Insights/scheduledQueryRules@2023-12-01' = if (isWanted) {
  name: 'chat-${environmentName}-event-errors'
  location: location
  tags: tags
  kind: 'LogAlert'
  properties: {
    displayName: 'Chat ${environmentName}: events fail'
    description: 'Over 5 % of at least 20 events failed.'
    severity: 1
    enabled: true
    scopes: [insightsId]
    evaluationFrequency: 'PT5M'
    windowSize: 'PT15M'
    criteria: {
      allOf: [
        {
          query: '''
            traces
            | where message startswith "event handled {"
            | extend d = parse_json(substring(message, indexof(message, "{")))
            | summarize events = sum(itemCount), failed = sumif(itemCount, toint(d.status) >= 500)
            | where events >= 20 and 100.0 * failed / events > 5
          '''
          timeAggregation: 'Count'
          operator: 'GreaterThan'
          threshold: 0
          failingPeriods: { numberOfEvaluationPeriods: 1, minFailingPeriodsToAlert: 1 }
        }
      ]
    }
    autoMitigate: true
    actions: { actionGroups: [mail.id] }
  }
}

resource slowEvents 'Microsoft.Insights/scheduledQueryRules@2023-12-01' = if (isWanted) {
  name: 'chat-${environmentName}-slow-events'
  location: location
  tags: tags
  kind: 'LogAlert'
  properties: {
    displayName: 'Chat ${environmentName}: messages are slow'
    description: 'Over 5 % of at least 20 messages took more than 1 s in the handler.'
    severity: 3
    enabled: true
    scopes: [insightsId]
    evaluationFrequency: 'PT5M'
    windowSize: 'PT15M'
    criteria: {
      allOf: [
        {
          query: '''
            traces
            | where message startswith "event handled {"
            | extend d = parse_json(substring(message, indexof(message, "{")))
            | where d.event == "message"
            | summarize messages = sum(itemCount), slow = sumif(itemCount, todouble(d.ms) > 1000)
            | where messages >= 20 and 100.0 * slow / messages > 5
          '''
          timeAggregation: 'Count'
          operator: 'GreaterThan'
          threshold: 0
          failingPeriods: { numberOfEvaluationPeriods: 1, minFailingPeriodsToAlert: 1 }
        }
      ]
    }
    autoMitigate: true
    actions: { actionGroups: [mail.id] }
  }
}

resource refusedWebhooks 'Microsoft.Insights/scheduledQueryRules@2023-12-01' = if (isWanted) {
  name: 'chat-${environmentName}-refused-webhooks'
  location: location
  tags: tags
  kind: 'LogAlert'
  properties: {
    displayName: 'Chat ${environmentName}: webhooks are refused'
    description: 'More than 10 events of the service were not believed or not known: a key, an identity, a hub, a clock.'
    severity: 1
    enabled: true
    scopes: [insightsId]
    evaluationFrequency: 'PT5M'
    windowSize: 'PT15M'
    criteria: {
      allOf: [
        {
          query: '''
            traces
            | where message startswith "event handled {" or message startswith "request handled {"
            | extend d = parse_json(substring(message, indexof(message, "{")))
            | where d.code in ("untrusted_event", "unknown_hub", "invalid_event", "origin_refused")
            | summarize refusals = sum(itemCount)
            | where refusals > 10
          '''
          timeAggregation: 'Count'
          operator: 'GreaterThan'
          threshold: 0
          failingPeriods: { numberOfEvaluationPeriods: 1, minFailingPeriodsToAlert: 1 }
        }
      ]
    }
    autoMitigate: true
    actions: { actionGroups: [mail.id] }
  }
}

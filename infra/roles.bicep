// What the app's identity may do: nothing outside of these three resources, and on each the least built-in role that suffices.

@description('Object id of the identity.')
param principalId string

@description('Name of the storage account.')
param storageName string

@description('Name of the Web PubSub resource.')
param serviceName string

@description('Name of the Application Insights resource.')
param insightsName string

var definitions = 'Microsoft.Authorization/roleDefinitions'
var storageRoles = [
  'b7e6dc6d-f1e8-4753-8033-0f276bb0955b' // Storage Blob Data Owner: the package, the host's locks, large payloads
  '974c5e8b-45b9-4653-ba55-5f855dd0fb88' // Storage Queue Data Contributor: Durable Functions
  '0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3' // Storage Table Data Contributor: messages and Durable Functions
]
// Web PubSub Service Owner: make clients' tokens, publish, manage groups.
var serviceRole = '12cf5a90-567b-43ae-8102-96cf46c7d9b4'
// Monitoring Metrics Publisher: send telemetry.
var insightsRole = '3913510d-42f4-4e42-8a64-420c390055eb'

resource storage 'Microsoft.Storage/storageAccounts@2025-01-01' existing = {
  name: storageName
}

resource service 'Microsoft.SignalRService/webPubSub@2024-03-01' existing = {
  name: serviceName
}

resource insights 'Microsoft.Insights/components@2020-02-02' existing = {
  name: insightsName
}

// `principalType`: without it a new identity may not be found yet.
resource onStorage 'Microsoft.Authorization/roleAssignments@2022-04-01' = [for role in storageRoles: {
  scope: storage
  name: guid(storage.id, principalId, role)
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId(definitions, role)
  }
}]

resource onService 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: service
  name: guid(service.id, principalId, serviceRole)
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId(definitions, serviceRole)
  }
}

resource onInsights 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: insights
  name: guid(insights.id, principalId, insightsRole)
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId(definitions, insightsRole)
  }
}

// The Durable Task Scheduler, instead of the storage account, as the place of Durable Functions' state.

@description('Region of the scheduler.')
param location string

@description('Tags of the scheduler.')
param tags object

@description('Name of the scheduler.')
param schedulerName string

@description('Object id of the identity that works on the task hub.')
param workerPrincipalId string

// Durable Task Data Contributor.
var workerRole = '0ad04412-c4d5-4796-b79c-f76d14c8d402'

resource scheduler 'Microsoft.DurableTask/schedulers@2025-11-01' = {
  name: schedulerName
  location: location
  tags: tags
  properties: {
    // Any address may connect, with a token. An empty list would let nobody in.
    ipAllowlist: ['0.0.0.0/0']
    sku: { name: 'Consumption' }
  }
}

resource taskHub 'Microsoft.DurableTask/schedulers/taskHubs@2025-11-01' = {
  parent: scheduler
  name: 'chat'
}

resource worker 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: taskHub
  name: guid(taskHub.id, workerPrincipalId, workerRole)
  properties: {
    principalId: workerPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', workerRole)
  }
}

output endpoint string = scheduler.properties.endpoint
output taskHubName string = taskHub.name

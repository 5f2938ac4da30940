// Everything in the resource group. Nothing here has a key or a secret: each call carries a token of a managed identity.

@description('Name of the azd environment.')
param environmentName string

@description('Region of everything.')
param location string

@description('Tags of everything.')
param tags object

@description('End of all names: it makes them unique in the world.')
param nameSuffix string

@description('open or easyauth.')
@allowed(['open', 'easyauth'])
param auth string

@description('Client id of an Entra application that exists already. Empty: with easyauth one is made.')
param entraClientId string

@description('Ids of the users who may change any message, separated by commas.')
param admins string

@description('Hub of Web PubSub that the chat uses.')
param hub string

@description('Tier of Web PubSub.')
@allowed(['Free_F1', 'Standard_S1', 'Premium_P1'])
param serviceTier string

@description('Units of Web PubSub.')
param serviceUnits int

@description('Python of the app.')
@allowed(['3.11', '3.12', '3.13'])
param pythonVersion string

@description('Memory of an instance in MB.')
@allowed([512, 2048, 4096])
param instanceMemory int

@description('The most instances of HTTP functions and of Durable Functions.')
param maximumInstances int

@description('Requests that one instance handles at the same time.')
param httpConcurrency int

@description('Instances that always run for HTTP functions.')
param alwaysReadyHttp int

@description('Instances that always run for Durable Functions.')
param alwaysReadyDurable int

@description('azureStorage or azureManaged.')
@allowed(['azureStorage', 'azureManaged'])
param durable string

@description('Days that logs are kept.')
param logRetentionDays int

@description('Address that alerts are sent to. Empty: no alert rules.')
param alertEmail string

@description('Further settings of the app by name.')
param appSettings object

var usesEasyAuth = auth == 'easyauth'
var usesScheduler = durable == 'azureManaged'
var makesEntraApp = usesEasyAuth && empty(entraClientId)
// azd finds the app of azure.yaml's service `api` by this tag.
var appTags = union(tags, { 'azd-service-name': 'api' })

// The app acts as this identity. It has roles on data (roles.bicep), so nothing else may use it.
resource appIdentity 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' = {
  name: 'id-chat-${nameSuffix}'
  location: location
  tags: tags
}

// Web PubSub sends events as this identity. It never gets a role: then its token opens nothing but our webhook.
// Only with easyauth, which must know the sender's client id; ARM tells it of user-assigned identities only.
resource serviceIdentity 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' = if (usesEasyAuth) {
  name: 'id-webpubsub-${nameSuffix}'
  location: location
  tags: tags
}

// Messages (tables), the package of the app (blobs), the state of Durable Functions (all three).
resource storage 'Microsoft.Storage/storageAccounts@2025-01-01' = {
  name: 'st${nameSuffix}'
  location: location
  tags: tags
  kind: 'StorageV2'
  sku: { name: 'Standard_LRS' }
  properties: {
    allowBlobPublicAccess: false
    allowCrossTenantReplication: false
    allowSharedKeyAccess: false
    defaultToOAuthAuthentication: true
    minimumTlsVersion: 'TLS1_2'
    networkAcls: { bypass: 'AzureServices', defaultAction: 'Allow' }
    publicNetworkAccess: 'Enabled'
    supportsHttpsTrafficOnly: true
  }
}

resource blobs 'Microsoft.Storage/storageAccounts/blobServices@2025-01-01' = {
  parent: storage
  name: 'default'
}

resource packages 'Microsoft.Storage/storageAccounts/blobServices/containers@2025-01-01' = {
  parent: blobs
  name: 'app-package'
}

resource logs 'Microsoft.OperationalInsights/workspaces@2025-02-01' = {
  name: 'log-chat-${nameSuffix}'
  location: location
  tags: tags
  properties: {
    retentionInDays: logRetentionDays
    sku: { name: 'PerGB2018' }
  }
}

resource insights 'Microsoft.Insights/components@2020-02-02' = {
  name: 'appi-chat-${nameSuffix}'
  location: location
  tags: tags
  kind: 'web'
  properties: {
    Application_Type: 'web'
    DisableLocalAuth: true
    WorkspaceResourceId: logs.id
  }
}

// The service has one identity at most.
var systemIdentity = { type: 'SystemAssigned' }
var ownIdentity = { type: 'UserAssigned', userAssignedIdentities: { '${serviceIdentity.id}': {} } }

resource service 'Microsoft.SignalRService/webPubSub@2024-03-01' = {
  name: 'wps-chat-${nameSuffix}'
  location: location
  tags: tags
  sku: {
    name: serviceTier
    capacity: serviceTier == 'Free_F1' ? 1 : serviceUnits
  }
  identity: usesEasyAuth ? ownIdentity : systemIdentity
  properties: {
    disableLocalAuth: true
    publicNetworkAccess: 'Enabled'
    // Of messages nothing is logged: each costs a line.
    resourceLogConfiguration: {
      categories: [
        { name: 'ConnectivityLogs', enabled: 'true' }
        { name: 'MessagingLogs', enabled: 'false' }
      ]
    }
  }
}

// Why a connection was refused or closed, and why an event was not delivered.
resource serviceLogs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: service
  name: 'connectivity'
  properties: {
    workspaceId: logs.id
    logs: [{ category: 'ConnectivityLogs', enabled: true }]
  }
}

resource plan 'Microsoft.Web/serverfarms@2025-03-01' = {
  name: 'plan-chat-${nameSuffix}'
  location: location
  tags: tags
  kind: 'functionapp'
  sku: { name: 'FC1', tier: 'FlexConsumption' }
  properties: { reserved: true }
}

resource app 'Microsoft.Web/sites@2025-03-01' = {
  name: 'func-chat-${nameSuffix}'
  location: location
  tags: appTags
  kind: 'functionapp,linux'
  identity: { type: 'UserAssigned', userAssignedIdentities: { '${appIdentity.id}': {} } }
  properties: {
    serverFarmId: plan.id
    httpsOnly: true
    // No `cors`: the host would answer the service's validation request (OPTIONS) before the function does.
    siteConfig: {
      http20Enabled: true
      minTlsVersion: '1.2'
    }
    functionAppConfig: {
      deployment: {
        storage: {
          type: 'blobContainer'
          value: '${storage.properties.primaryEndpoints.blob}${packages.name}'
          authentication: { type: 'UserAssignedIdentity', userAssignedIdentityResourceId: appIdentity.id }
        }
      }
      runtime: { name: 'python', version: pythonVersion }
      scaleAndConcurrency: {
        instanceMemoryMB: instanceMemory
        maximumInstanceCount: maximumInstances
        alwaysReady: concat(
          alwaysReadyHttp > 0 ? [{ name: 'http', instanceCount: alwaysReadyHttp }] : [],
          alwaysReadyDurable > 0 ? [{ name: 'durable', instanceCount: alwaysReadyDurable }] : []
        )
        triggers: { http: { perInstanceConcurrency: httpConcurrency } }
      }
    }
  }
  // A new role is effective after minutes: the earlier it is there, the earlier the app starts.
  dependsOn: [roles]
}

// No password can deploy code; azd, Core Tools and GitHub Actions sign in with Entra ID.
resource publishing 'Microsoft.Web/sites/basicPublishingCredentialsPolicies@2025-03-01' = {
  parent: app
  name: 'scm'
  properties: { allow: false }
}

module scheduler 'scheduler.bicep' = if (usesScheduler) {
  name: 'scheduler'
  params: {
    location: location
    tags: tags
    schedulerName: 'dts-chat-${nameSuffix}'
    workerPrincipalId: appIdentity.properties.principalId
  }
}

module roles 'roles.bicep' = {
  name: 'roles'
  params: {
    principalId: appIdentity.properties.principalId
    storageName: storage.name
    serviceName: service.name
    insightsName: insights.name
  }
}

module entra 'entra.bicep' = if (makesEntraApp) {
  name: 'entra'
  params: {
    applicationName: 'chat-${environmentName}-${nameSuffix}'
    displayName: 'Chat (${environmentName})'
    appUrl: appUrl
    identityPrincipalId: appIdentity.properties.principalId
  }
}

var appUrl = 'https://${app.properties.defaultHostName}'
var serviceEndpoint = 'https://${service.properties.hostName}'
var createdClientId = makesEntraApp ? entra!.outputs.clientId : entraClientId
// What the service asks Entra ID a token for: our Entra application, or without one the service's own resource.
var webhookAudience = usesEasyAuth ? createdClientId : 'https://webpubsub.azure.com'
var servicePrincipalId = service.identity.principalId
var serviceClientId = usesEasyAuth ? serviceIdentity!.properties.clientId : ''
var schedulerEndpoint = usesScheduler ? scheduler!.outputs.endpoint : ''
var taskHubName = usesScheduler ? scheduler!.outputs.taskHubName : ''

module settings 'settings.bicep' = {
  name: 'settings'
  params: {
    appName: app.name
    auth: auth
    entraClientId: createdClientId
    admins: admins
    appClientId: appIdentity.properties.clientId
    blobEndpoint: storage.properties.primaryEndpoints.blob
    queueEndpoint: storage.properties.primaryEndpoints.queue
    tableEndpoint: storage.properties.primaryEndpoints.table
    insightsConnection: insights.properties.ConnectionString
    serviceEndpoint: serviceEndpoint
    hub: hub
    webhookAudience: webhookAudience
    webhookIdentity: usesEasyAuth ? serviceClientId : servicePrincipalId
    serviceClientId: serviceClientId
    schedulerEndpoint: schedulerEndpoint
    taskHubName: taskHubName
    additional: appSettings
  }
}

// Last: its address is right from the start, and the app can answer as soon as its code is there.
module hubSettings 'hub.bicep' = {
  name: 'hub'
  params: {
    serviceName: service.name
    hub: hub
    appUrl: appUrl
    audience: webhookAudience
  }
  dependsOn: [settings]
}

module workbook 'workbook.bicep' = {
  name: 'workbook'
  params: {
    location: location
    tags: tags
    insightsId: insights.id
    pubsubId: service.id
    appId: app.id
    environmentName: environmentName
  }
}

module alerts 'alerts.bicep' = if (!empty(alertEmail)) {
  name: 'alerts'
  params: {
    location: location
    tags: tags
    insightsId: insights.id
    pubsubId: service.id
    appId: app.id
    alertEmail: alertEmail
    environmentName: environmentName
  }
}

output appName string = app.name
output appUrl string = appUrl
output serviceName string = service.name
output serviceEndpoint string = serviceEndpoint
output webhookAudience string = webhookAudience

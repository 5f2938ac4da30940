// The chat in one resource group. `azd up` deploys this file; docs/infrastructure.md explains it.
targetScope = 'subscription'

@description('Name of the azd environment. It is in the names and tags of everything.')
@minLength(1)
@maxLength(48)
param environmentName string

@description('Region of everything. It must offer the Flex Consumption plan and Web PubSub.')
@minLength(1)
@metadata({ azd: { type: 'location' } })
param location string

@description('Name of the resource group. Empty: rg- and the name of the environment.')
param resourceGroupName string = ''

@description('Who says who a user is. open: everybody names themselves, for demos only. easyauth: App Service Authentication with Microsoft Entra ID.')
@allowed(['open', 'easyauth'])
param auth string = 'open'

@description('Only with easyauth: the client id of an Entra application that exists already. Empty: one is made, which needs the right to register applications.')
param entraClientId string = ''

@description('Only with easyauth: ids of the users who may change any message, separated by commas (setting ChatAdmins).')
param admins string = ''

@description('Hub of Web PubSub that the chat uses.')
param hub string = 'Sample_ChatApp'

@description('Tier of Web PubSub. Free_F1 has one unit and 20 connections.')
@allowed(['Free_F1', 'Standard_S1', 'Premium_P1'])
param serviceTier string = 'Free_F1'

@description('Units of Web PubSub, 1,000 connections each. Free_F1 always has one.')
@minValue(1)
param serviceUnits int = 1

@description('Python of the app. The packages are built for the same version.')
@allowed(['3.11', '3.12', '3.13'])
param pythonVersion string = '3.12'

@description('Memory of an instance in MB. 512, 2048 and 4096 come with 0.25, 1 and 2 cores.')
@allowed([512, 2048, 4096])
param instanceMemory int = 2048

@description('The most instances that run at the same time, for HTTP and Durable Functions each.')
@minValue(1)
@maxValue(1000)
param maximumInstances int = 40

@description('Requests that one instance handles at the same time. The platform would take 1 for Python; the chat never blocks.')
@minValue(1)
@maxValue(1000)
param httpConcurrency int = 16

@description('Instances that always run for HTTP functions. Each costs money all the time; 0: the first message after a pause waits for a start.')
@minValue(0)
param alwaysReadyHttp int = 0

@description('Instances that always run for Durable Functions. 0: a reminder after a pause may be late by some ten seconds and a start.')
@minValue(0)
param alwaysReadyDurable int = 0

@description('Where Durable Functions keep their state: azureStorage (the storage account) or azureManaged (a Durable Task Scheduler). host.json must say the same; the packaging hook writes it.')
@allowed(['azureStorage', 'azureManaged'])
param durable string = 'azureStorage'

@description('Days that logs are kept.')
@minValue(30)
@maxValue(730)
param logRetentionDays int = 30

@description('Address that alerts are sent to. Empty: there are no alert rules.')
param alertEmail string = ''

@description('Further settings of the app by name, such as { ChatRetentionDays: \'90\' }. The settings of this template win.')
param appSettings object = {}

var tags = { 'azd-env-name': environmentName }

resource group 'Microsoft.Resources/resourceGroups@2024-03-01' = {
  name: empty(resourceGroupName) ? 'rg-${environmentName}' : resourceGroupName
  location: location
  tags: tags
}

module chat 'resources.bicep' = {
  name: 'chat'
  scope: group
  params: {
    environmentName: environmentName
    location: location
    tags: tags
    nameSuffix: uniqueString(subscription().id, environmentName, location)
    auth: auth
    entraClientId: entraClientId
    admins: admins
    hub: hub
    serviceTier: serviceTier
    serviceUnits: serviceUnits
    pythonVersion: pythonVersion
    instanceMemory: instanceMemory
    maximumInstances: maximumInstances
    httpConcurrency: httpConcurrency
    alwaysReadyHttp: alwaysReadyHttp
    alwaysReadyDurable: alwaysReadyDurable
    durable: durable
    logRetentionDays: logRetentionDays
    alertEmail: alertEmail
    appSettings: appSettings
  }
}

// azd keeps these as values of the environment; the hooks read them.
output AZURE_RESOURCE_GROUP string = group.name
output AZURE_SUBSCRIPTION_ID string = subscription().subscriptionId
output AZURE_TENANT_ID string = tenant().tenantId
output CHAT_APP_NAME string = chat.outputs.appName
output CHAT_APP_URL string = chat.outputs.appUrl
output CHAT_AUTH string = auth
output CHAT_DURABLE string = durable
output CHAT_HUB string = hub
output CHAT_WEBHOOK_AUDIENCE string = chat.outputs.webhookAudience
output CHAT_WEBPUBSUB_ENDPOINT string = chat.outputs.serviceEndpoint
output CHAT_WEBPUBSUB_NAME string = chat.outputs.serviceName

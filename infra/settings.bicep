// The app settings, and App Service Authentication with easyauth. README.md lists the settings that begin with Chat and WebPubSub.

@description('Name of the Function App.')
param appName string

@description('open or easyauth.')
@allowed(['open', 'easyauth'])
param auth string

@description('Only with easyauth: client id of the Entra application that people sign in to.')
param entraClientId string

@description('Ids of the users who may change any message, separated by commas.')
param admins string

@description('Client id of the identity that the app acts as.')
param appClientId string

@description('Address of the blobs.')
param blobEndpoint string

@description('Address of the queues.')
param queueEndpoint string

@description('Address of the tables. The messages are there.')
param tableEndpoint string

@description('Connection string of Application Insights. It has no secret: local authentication is off.')
param insightsConnection string

@description('Address of Web PubSub: https://, the host, no slash at the end.')
param serviceEndpoint string

@description('Hub of Web PubSub.')
param hub string

@description('Whom the token of an event is for: the hub says the same.')
param webhookAudience string

@description('Client id or object id of the identity that Web PubSub sends events as.')
param webhookIdentity string

@description('Only with easyauth: client id of that identity.')
param serviceClientId string

@description('Address of the Durable Task Scheduler. Empty: Durable Functions use the storage account.')
param schedulerEndpoint string

@description('Name of the task hub in the scheduler.')
param taskHubName string

@description('Further settings by name. Those of this file win.')
param additional object

var usesEasyAuth = auth == 'easyauth'
var loginEndpoint = environment().authentication.loginEndpoint
var schedulerConnection = 'Endpoint=${schedulerEndpoint};TaskHub=${taskHubName};Authentication=ManagedIdentity;ClientID=${appClientId}'

var always = {
  APPLICATIONINSIGHTS_AUTHENTICATION_STRING: 'ClientId=${appClientId};Authorization=AAD'
  APPLICATIONINSIGHTS_CONNECTION_STRING: insightsConnection
  AzureWebJobsStorage__blobServiceUri: blobEndpoint
  AzureWebJobsStorage__clientId: appClientId
  AzureWebJobsStorage__credential: 'managedidentity'
  AzureWebJobsStorage__queueServiceUri: queueEndpoint
  AzureWebJobsStorage__tableServiceUri: tableEndpoint
  ChatAuth: auth
  ChatWebhookAudience: webhookAudience
  ChatWebhookAuthority: loginEndpoint
  ChatWebhookIdentity: webhookIdentity
  ChatWebhookTenant: tenant().tenantId
  ChatWebhookTrust: 'identity'
  WebPubSubConnectionString__clientId: appClientId
  WebPubSubConnectionString__serviceUri: serviceEndpoint
  WebPubSubHub: hub
}
// The name is fixed: App Service Authentication then uses the identity with this client id in place of a secret.
var withEasyAuth = usesEasyAuth ? { OVERRIDE_USE_MI_FIC_ASSERTION_CLIENTID: appClientId } : {}
var withAdmins = empty(admins) ? {} : { ChatAdmins: admins }
var forScheduler = { DURABLE_TASK_SCHEDULER_CONNECTION_STRING: schedulerConnection, TASKHUB_NAME: taskHubName }
var withScheduler = empty(schedulerEndpoint) ? {} : forScheduler

resource app 'Microsoft.Web/sites@2025-03-01' existing = {
  name: appName
}

resource settings 'Microsoft.Web/sites/config@2025-03-01' = {
  parent: app
  name: 'appsettings'
  properties: union(additional, withAdmins, withScheduler, withEasyAuth, always)
}

// Requests without a session pass: the webhook has a proof of its own, and the chat itself refuses who is not signed in.
resource authentication 'Microsoft.Web/sites/config@2025-03-01' = if (usesEasyAuth) {
  parent: app
  name: 'authsettingsV2'
  properties: {
    platform: { enabled: true, runtimeVersion: '~1' }
    globalValidation: { requireAuthentication: false, unauthenticatedClientAction: 'AllowAnonymous' }
    httpSettings: { requireHttps: true }
    identityProviders: {
      azureActiveDirectory: {
        enabled: true
        registration: {
          clientId: entraClientId
          clientSecretSettingName: 'OVERRIDE_USE_MI_FIC_ASSERTION_CLIENTID'
          openIdIssuer: '${loginEndpoint}${tenant().tenantId}/v2.0'
        }
        validation: {
          allowedAudiences: [entraClientId]
          defaultAuthorizationPolicy: { allowedApplications: [entraClientId, serviceClientId] }
        }
      }
    }
    login: { tokenStore: { enabled: false } }
  }
  dependsOn: [settings]
}

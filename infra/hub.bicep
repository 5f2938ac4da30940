// The hub of the chat, and where the service sends its events. A module of its own: ARM may ask the address before it
// takes the hub; when it refuses, deploy this module again after the app's code is there.

@description('Name of the Web PubSub resource.')
param serviceName string

@description('Name of the hub.')
param hub string

@description('Address of the app: https://, the host, no slash at the end.')
param appUrl string

@description('Whom the token of an event is for: ChatWebhookAudience of the app says the same.')
param audience string

resource service 'Microsoft.SignalRService/webPubSub@2024-03-01' existing = {
  name: serviceName
}

resource hubSettings 'Microsoft.SignalRService/webPubSub/hubs@2024-03-01' = {
  parent: service
  name: hub
  properties: {
    anonymousConnectPolicy: 'deny'
    eventHandlers: [
      {
        urlTemplate: '${appUrl}/eventhandler/{event}'
        userEventPattern: '*'
        systemEvents: ['connect', 'connected', 'disconnected']
        auth: {
          type: 'ManagedIdentity'
          managedIdentity: { resource: audience }
        }
      }
    ]
  }
}

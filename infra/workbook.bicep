// The workbook of docs/monitoring.md: queries over the log, and charts of the metrics.

@description('Region of the workbook.')
param location string

@description('Tags of the workbook.')
param tags object

@description('Resource id of the Application Insights resource that has the log.')
param insightsId string

@description('Resource id of the Web PubSub service.')
param pubsubId string

@description('Resource id of the Function App.')
param appId string

@description('Name of the environment; it is in the title.')
param environmentName string

// The file names the resources by placeholders, so that it can also be pasted into the portal as it is.
var withInsights = replace(loadTextContent('workbook.json'), 'INSIGHTS_ID', insightsId)
var withPubsub = replace(withInsights, 'PUBSUB_ID', pubsubId)
var content = replace(withPubsub, 'APP_ID', appId)

resource workbook 'Microsoft.Insights/workbooks@2023-06-01' = {
  // The name of a workbook is a GUID.
  name: guid(insightsId, 'chat')
  location: location
  tags: tags
  kind: 'shared'
  properties: {
    displayName: 'Chat ${environmentName}'
    description: 'Is the chat up, how slow is it, what is refused, what does it cost.'
    category: 'workbook'
    sourceId: insightsId
    version: 'Notebook/1.0'
    serializedData: content
  }
}

output workbookId string = workbook.id

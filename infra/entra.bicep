// The Entra application that people sign in to. It has no secret: the app's managed identity stands in for one.
// Whoever deploys this needs the right to register applications. It is in the tenant, so `azd down` leaves it.
extension microsoftGraphV1

@description('Name by which a later deployment finds the application again.')
param applicationName string

@description('Name that people read when they sign in.')
param displayName string

@description('Address of the app: https://, the host, no slash at the end.')
param appUrl string

@description('Object id of the managed identity that stands in for a secret.')
param identityPrincipalId string

resource application 'Microsoft.Graph/applications@v1.0' = {
  uniqueName: applicationName
  displayName: displayName
  signInAudience: 'AzureADMyOrg'
  api: {
    // The service's tokens are of the version that App Service Authentication checks (openIdIssuer in settings.bicep).
    requestedAccessTokenVersion: 2
  }
  web: {
    homePageUrl: appUrl
    redirectUris: ['${appUrl}/.auth/login/aad/callback']
    implicitGrantSettings: { enableIdTokenIssuance: true }
  }
}

resource identityAsSecret 'Microsoft.Graph/applications/federatedIdentityCredentials@v1.0' = {
  name: '${application.uniqueName}/app-identity'
  description: 'The managed identity of the chat'
  audiences: ['api://AzureADTokenExchange']
  issuer: '${environment().authentication.loginEndpoint}${tenant().tenantId}/v2.0'
  subject: identityPrincipalId
}

resource principal 'Microsoft.Graph/servicePrincipals@v1.0' = {
  appId: application.appId
}

output clientId string = application.appId

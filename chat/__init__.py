"""The chat's backend: an Azure Functions app behind Azure Web PubSub."""

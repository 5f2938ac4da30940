"""The HTTP server of the host: requests, responses, CORS, access keys and the admin API."""

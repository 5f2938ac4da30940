"""The Function App: it registers the functions of `chat`, and nothing else."""

import azure.functions as func

from chat.functions import durable, earlier_versions, eventhandler, negotiate, page, rooms, session, sweep

app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)

for module in (negotiate, eventhandler, session, rooms, durable, sweep, earlier_versions, page):
    app.register_functions(module.bp)

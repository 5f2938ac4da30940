"""The Function App: it registers the functions of `chat`, and nothing else."""

import azure.functions as func

from chat.functions import (
    administration,
    durable,
    earlier_versions,
    eventhandler,
    health,
    jobs,
    negotiate,
    page,
    rooms,
    session,
    sweep,
)

app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)

MODULES = (
    *(negotiate, eventhandler, session, rooms, health, page),
    *(durable, sweep, administration, jobs, earlier_versions),
)

for module in MODULES:
    app.register_functions(module.bp)

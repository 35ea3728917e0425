"""Uses the operations of postman-api 3.0.0 that the emulator supports; needs that package."""

import asyncio
import json
import sys

from postman_api import AsyncPostmanClient, PostmanClient  # type: ignore[import-not-found]
from postman_api.authenticator import (  # type: ignore[import-not-found]
    PostmanAuthentication,
)


class Body(dict):  # type: ignore[type-arg]
    """A document in the form that this client accepts, which has no model for it."""

    def dict(self):  # type: ignore[no-untyped-def]  # noqa: ANN201
        return self


COLLECTION = {
    "info": {"name": "Shop"},
    "item": [{"name": "Get", "request": {"url": "https://x.invalid", "method": "GET"}}],
}
SCHEDULE = {"cron": "0 4 * * *", "timezone": "UTC"}

url, key, quick = sys.argv[1:]
pm = PostmanClient(url, PostmanAuthentication(key))
seen = {"user": pm.api_key_owner()["user"]["username"]}
home = pm.all_workspaces()["workspaces"][0]["id"]

collection = pm.create_collection(collection=Body(COLLECTION))["collection"]["uid"]
document = pm.single_collection(collection)["collection"]
document["info"]["name"] = "Shop 2"
pm.update_collection(collection, collection=Body(document))
seen["collections"] = [each["name"] for each in pm.all_collections()["collections"]]
fork = pm.create_a_fork(home, collection, label="trial")["collection"]["uid"]
merged = pm.merge_a_fork(strategy="deleteSource", source=fork, destination=collection)
seen["merged"] = merged["collection"]["uid"] == collection

values = [{"key": "region", "value": "eu"}]
environment = pm.create_environment(environment=Body(name="Staging", values=values))
environment = environment["environment"]["uid"]
pm.update_environment(environment, environment=Body(name="Staging 2", values=values))
seen["environment"] = pm.single_environment(environment)["environment"]["name"]
seen["environments"] = len(pm.all_environments()["environments"])

plan = Body(name="Nightly", collection=collection, environment=environment, schedule=SCHEDULE)
monitor = pm.create_monitor(monitor=plan)["monitor"]["uid"]
pm.update_monitor(monitor, monitor=Body(name="Hourly"))
seen["monitor"] = pm.single_monitor(monitor)["monitor"]["name"]
seen["monitors"] = len(pm.all_monitors()["monitors"])
seen["run"] = pm.run_a_monitor(quick)["run"]["info"]["status"]

workspace = pm.create_workspace(workspace=Body(name="Team", type="team"))["workspace"]["id"]
pm.update_workspace(workspace, workspace=Body(name="Team 2"))
seen["workspace"] = pm.single_workspace(workspace)["workspace"]["name"]

pm.delete_workspace(workspace)
pm.delete_monitor(monitor)
pm.delete_environment(environment)
pm.delete_collection(collection)
try:
    pm.single_monitor(monitor)
except OSError as error:
    seen["gone"] = error.args[0]["error"]["name"]


async def run_once() -> str:
    """Run the monitor with the asynchronous client."""
    client = AsyncPostmanClient(url, PostmanAuthentication(key))
    async with client.session:
        answer = await client.run_a_monitor(quick)
        return str(answer["run"]["info"]["status"])


seen["async"] = asyncio.run(run_once())
sys.stdout.write(json.dumps(seen))

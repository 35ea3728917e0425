"""Uses the operations of sideko-postman-api 1.0.0 that the emulator supports."""

import json
import sys

from postman_api import RequestError, SidekoClient  # type: ignore[import-not-found]

COLLECTION = {
    "info": {
        "name": "Shop",
        "schema": "https://schema.getpostman.com/json/collection/v2.1.0/collection.json",
    },
    "item": [{"name": "Get", "request": {"url": "https://x.invalid", "method": "GET"}}],
}
SCHEDULE = {"cron": "0 4 * * *", "timezone": "UTC"}

url, key, quick = sys.argv[1:]
pm = SidekoClient(key, url)
seen = {"user": pm.api_key_owner().user.username}
home = pm.all_workspaces().workspaces[0].id

body = {"collection": COLLECTION}
collection = pm.create_collection(data=body).collection.uid
seen["collection"] = pm.single_collection(collection_id=collection).collection.info.name
pm.put_collection(data=body, collection_id=collection)
seen["collections"] = len(pm.all_collections().collections)
fork = pm.create_a_fork(data={"label": "trial"}, collection_id=collection, workspace=home)
merge = {"source": fork.collection.uid, "destination": collection, "strategy": "deleteSource"}
seen["merged"] = pm.merge_a_fork(data=merge).collection.uid == collection

body = {"environment": {"name": "Staging", "values": []}}
environment = pm.create_environment(data=body).environment.uid
seen["environment"] = pm.single_environment(environment_id=environment).environment.name
pm.update_environment(data=body, environment_id=environment)
seen["environments"] = len(pm.all_environments().environments)

plan = {"name": "Nightly", "collection": collection, "schedule": SCHEDULE}
monitor = pm.create_monitor(data={"monitor": plan}).monitor.uid
seen["monitor"] = pm.single_monitor(monitor_id=monitor).monitor.name
pm.update_monitor(data={"monitor": {"name": "Hourly"}}, monitor_id=monitor)
seen["run"] = pm.run_a_monitor(monitor_id=quick).run.info.status
try:
    pm.all_monitors()
except AssertionError:
    seen["monitors"] = "AssertionError"

body = {"workspace": {"name": "Team", "type": "team"}}
workspace = pm.create_workspace(data=body).workspace.id
pm.update_workspace(data={"workspace": {"name": "Team 2"}}, workspace_id=workspace)
seen["workspace"] = pm.single_workspace(workspace_id=workspace).workspace.name

pm.delete_workspace(workspace_id=workspace)
pm.delete_monitor(monitor_id=monitor)
pm.delete_environment(environment_id=environment)
pm.delete_collection(collection_id=collection)
try:
    pm.single_monitor(monitor_id=monitor)
except RequestError as error:
    seen["gone"] = error.data["error"]["name"]
sys.stdout.write(json.dumps(seen))

# A client library of RabbitMQ's management API, pyrabbit2. Usage: rabbitmq.py HOST:PORT TOKEN, names of queues on standard input.
import json, sys

from pyrabbit2.api import Client


def bearer(token):
    def authorize(request):
        request.headers["Authorization"] = f"Bearer {token}"
        return request

    return authorize


address, token = sys.argv[1:]
client = Client(address, "", "", timeout=30)
client.http.auth = bearer(token)

results = []
for name in json.load(sys.stdin):
    client.create_queue("/", name, durable=True)
    client.create_binding("/", "amq.topic", name, "events.#")
    routed = client.publish("/", "amq.topic", "events.one", f"to {name}")
    bindings = client.get_queue_bindings("/", name)
    messages = client.get_messages("/", name)
    found = client.get_queue("/", name)["name"]
    client.delete_queue("/", name)
    sources = sorted(binding["source"] for binding in bindings)
    results.append([found, routed, sources, [message["payload"] for message in messages]])
vhosts = client.get_vhost_names()
print(json.dumps({"vhosts": vhosts, "queues": results}))

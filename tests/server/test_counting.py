"""The server counts its answers by the route that gave them, pages and refusals too."""

import re


def counted(metrics, route, code):
    found = re.search(
        rf'whimbrel_request_seconds_count{{[^}}]*(?:code="{code}"[^}}]*route="{re.escape(route)}"'
        rf'|route="{re.escape(route)}"[^}}]*code="{code}")[^}}]*}} (\d+)',
        metrics,
    )
    return int(found[1]) if found else 0


def test_each_answer_is_counted_under_its_route_and_code(server):
    client = server.client()
    try:
        before = client.get("/metrics").json
        assert client.get("/api/v1/instance").status == 200
        assert client.get("/api/v1/statuses/1").status == 404
        assert client.get("/about").status == 200
        after = client.get("/metrics").json
    finally:
        client.close()
    for route, code in (("/api/v1/instance", 200), ("/api/v1/statuses/{id}", 404), ("page", 200)):
        assert counted(after, route, code) == counted(before, route, code) + 1, route

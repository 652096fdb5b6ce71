"""What Prometheus reads of a server: how much was asked, how long it took, how well requests went together."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)


class Metrics:
    """The counters of one server."""

    def __init__(self) -> None:
        self._registry = own = CollectorRegistry()
        self.requests = Counter("detector_requests", "Requests to /predict, by status code.", ["code"], registry=own)
        self.seconds = Histogram("detector_request_seconds", "Wall time of a request.", buckets=SECONDS, registry=own)
        self.batch = Histogram("detector_batch_pictures", "Pictures in a batch.", buckets=(1, 2, 4, 8), registry=own)
        self.objects = Counter("detector_objects", "Objects that were seen, by class.", ["class"], registry=own)
        self.waiting = Gauge("detector_waiting", "Requests that wait for the model.", registry=own)
        self.model = Gauge("detector_model", "1 for the model that is in use.", ["name"], registry=own)

    def text(self, waiting: int, model: str) -> bytes:
        """All of them in Prometheus' format."""
        self.waiting.set(waiting)
        self.model.clear()
        self.model.labels(model).set(1)
        return generate_latest(self._registry)

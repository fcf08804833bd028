"""CloudWatch: alarms that follow their metrics, and the lag of Aurora's secondaries.

moto stores data and alarms and never brings them together. Here PutMetricData leads, a
(scaled) moment later, to the evaluation of the alarms that watch the metric; windows are
scaled like everything else that takes time. Metric math, anomaly detection and composite
alarms are stored and not evaluated.
"""

from __future__ import annotations

from datetime import UTC
from typing import Any

from moto.cloudwatch.models import Alarm, CloudWatchBackend
from moto.cloudwatch.responses import CloudWatchResponse

from . import alarms, cache_metrics, rds_metrics, runtime, s3_metrics
from .extend import extend
from .modelled import checked

_put_metric_alarm = CloudWatchBackend.put_metric_alarm
_put_metric_data = CloudWatchBackend.put_metric_data
_aws_metric_data = CloudWatchBackend.aws_metric_data.fget

EVALUATION_SECONDS = 5.0
# What an update of an alarm leaves alone.
_STATE = ("state_value", "state_reason", "state_reason_data", "state_updated_timestamp",
          "history", "arrivals", "stream_state")  # fmt: skip


class _Backend:
    @property
    def aws_metric_data(self: Any) -> list[Any]:
        """What services report by themselves: moto's own, and Aurora's lag."""
        return [
            *_aws_metric_data(self),
            *cache_metrics.data(self.account_id, self.region_name),
            *rds_metrics.data(self.account_id, self.region_name),
            *s3_metrics.data(self.account_id, self.region_name),
        ]

    def put_metric_alarm(self: Any, name: str, **settings: Any) -> Alarm:
        """Create without data to go by, or update and keep the state."""
        before = self.alarms.get(name)
        made: Any = _put_metric_alarm(self, name, **settings)
        if before is None:
            made.state_value = alarms.INSUFFICIENT
            made.arrivals = []
            made.stream_state = alarms.INSUFFICIENT
        else:
            for field in _STATE:
                if hasattr(before, field):
                    setattr(made, field, getattr(before, field))
        result: Alarm = made
        return result

    def put_metric_data(self: Any, namespace: str, metric_data: list[dict[str, Any]]) -> None:
        """Store, and evaluate the alarms that watch it in a moment."""
        for datum in metric_data:
            given = datum.get("Timestamp")
            if given is not None and given.tzinfo is not None:
                # moto compares with naive times, in UTC.
                datum["Timestamp"] = given.astimezone(UTC).replace(tzinfo=None)
        _put_metric_data(self, namespace, metric_data)
        now = runtime.clock().seconds()
        for datum in metric_data:
            for alarm in self.alarms.values():
                if alarms.watches(alarm, namespace, datum):
                    alarms.arrive(alarm, now, datum)
                    self._evaluate_later(alarm)

    def _evaluate_later(self: Any, alarm: Alarm) -> None:
        def evaluate() -> None:
            alarms.evaluate(alarm, clock.moment(), clock.scale)

        clock = runtime.clock()
        clock.after(EVALUATION_SECONDS, evaluate)
        # And again once this value has left the window.
        clock.after(alarms.window_seconds(alarm) + EVALUATION_SECONDS, evaluate)


def install() -> None:
    """Correct moto's CloudWatch."""
    checked(CloudWatchResponse)
    extend(
        CloudWatchBackend,
        _Backend,
        replaces=frozenset({"put_metric_alarm", "put_metric_data", "aws_metric_data"}),
    )

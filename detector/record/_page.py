"""MLflow's own page: where it is, and a view of the runs that has the columns which tell them apart.

MLflow keeps views that people save as tags of the experiment; an address can name one. Without `workflowType` it opens
an experiment as one of GenAI, which has no runs.
"""

import base64
import json
import zlib
from typing import TYPE_CHECKING

from detector.record import Shown
from detector.record._address import is_server
from detector.secrets import without_secrets

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Experiment

LOCAL = "http://127.0.0.1:5000"  # where `mlflow ui` serves, unless it is told otherwise
NOTE = "mlflow.note.content"  # a tag: the description that the page shows, as Markdown
_TRAINING = "workflowType=machine_learning"
_VIEW = "detector"
_TAG = f"mlflow.sharedViewState.{_VIEW}"
_COLUMNS = {  # and their widths in pixels
    "tags.`verdict`": 170,
    "metrics.`evaluate/mAP50-95`": 150,
    "metrics.`evaluate/mAP50`": 140,
    "params.`network/model`": 140,
    "params.`network/parameters`": 150,
    "attributes.`Dataset`": 300,
}
_NAME = "attributes.`Run Name`"


def shown(uri: str, experiment: str, run_id: str) -> Shown:
    """Where a person sees the run, and the table of all runs."""
    if is_server(uri):
        page = without_secrets(uri).partition("?")[0].rstrip("/")
        return Shown(f"{page}/#/experiments/{experiment}/runs/{run_id}?{_TRAINING}", _runs(page, experiment))
    return Shown(f"mlflow ui --backend-store-uri {without_secrets(uri)}", _runs(LOCAL, experiment))


def report_of(experiment: str, run_id: str) -> str:
    """The run's report.html, from within the page."""
    return f"#/experiments/{experiment}/runs/{run_id}/artifacts/report/report.html?{_TRAINING}"


def _runs(page: str, experiment: str) -> str:
    return f"{page}/#/experiments/{experiment}/runs?{_TRAINING}&viewStateShareKey={_VIEW}"


def describe(client: "MlflowClient", experiment: "Experiment") -> None:
    """Give the experiment its view and a description; what is there already, a person may have changed."""
    about = f"Every run of the pipeline **{experiment.name}**; the view `{_VIEW}` has the columns that tell them apart."
    for name, value in ((_TAG, _view()), (NOTE, about)):
        if name not in experiment.tags:
            client.set_experiment_tag(experiment.experiment_id, name, value)


def _view() -> str:
    """The view, in the form that MLflow's page reads: JSON, with the state of its table deflated."""
    state = {
        "orderByKey": "attributes.start_time",
        "orderByAsc": False,
        "startTime": "ALL",
        "lifecycleFilter": "Active",
        "modelVersionFilter": "All Runs",
        "datasetsFilter": [],
        "searchFilter": "",
        "selectedColumns": [*_COLUMNS],
        "columnOrder": [_NAME, *_COLUMNS],
        "columnWidths": {_NAME: 330, **_COLUMNS},
        "runsHiddenMode": "FIRST_10_RUNS",
        "viewMaximized": False,
        "runListHidden": False,
        "groupBy": None,
        "groupsExpanded": {},
        "useGroupedValuesInCharts": True,
        "hideEmptyCharts": True,
        "isAccordionReordered": False,
        "globalLineChartConfig": {"xAxisKey": "step", "lineSmoothness": 0, "selectedXAxisMetricKey": ""},
    }
    deflated = base64.b64encode(zlib.compress(json.dumps(state).encode())).decode()
    return json.dumps({"name": _VIEW, "createdAt": 0, "updatedAt": 0, "state": f"deflate;{deflated}"})

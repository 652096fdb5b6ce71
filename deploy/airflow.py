"""A DAG for Airflow 3: a run each night, on a worker that has the project's folder."""

import subprocess
from datetime import UTC, datetime, timedelta

from airflow.sdk import dag, task
from airflow.sdk.exceptions import AirflowException, AirflowFailException, AirflowSkipException

PROJECT = "/srv/detector"
UNCHANGED = 99
NOT_AGAIN = {1, 2, 3}  # the pipeline is wrong, or a gate refused: the same again gives the same


@dag(
    schedule="0 2 * * *",
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    default_args={"retries": 3, "retry_delay": timedelta(minutes=10)},
)
def detector() -> None:
    """Train on what annotators have changed."""

    @task
    def run() -> None:
        command = ["detector", "run", "--wait-lock", "600", "--exit-code-if-unchanged", str(UNCHANGED)]
        code = subprocess.run(command, cwd=PROJECT, check=False).returncode
        if code == UNCHANGED:
            raise AirflowSkipException("nothing is new")
        if code in NOT_AGAIN:
            raise AirflowFailException(f"exit code {code}: see the log above")
        if code:
            raise AirflowException(f"exit code {code}: tried again later")

    run()


detector()

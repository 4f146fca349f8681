"""Monthly risk report in Airflow 3: report, verify, deliver; months that were missed are caught up.

Put it into the DAGs folder of a worker that holds the evidence; the worker's environment names
RISKKIT_SITE_KEY. The run of an interval that began in October reports on October.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG, CronDataIntervalTimetable

ZONE = "America/Chicago"
PACK, REPORTS = "/srv/riskkit/pack", "/srv/riskkit/reports"
MONTH = "{{ data_interval_start.in_timezone('" + ZONE + "').strftime('%Y-%m') }}"

with DAG(
    dag_id="risk_report",
    description="HIPAA Security Rule risk report of the month",
    schedule=CronDataIntervalTimetable("0 6 2 * *", timezone=ZONE),
    start_date=datetime(2026, 1, 2, 6, tzinfo=ZoneInfo(ZONE)),
    catchup=True,
    max_active_runs=1,  # a report compares itself with the one before
    default_args={"depends_on_past": True, "retries": 2, "retry_delay": timedelta(minutes=10)},
    tags=["hipaa"],
) as dag:
    report = BashOperator(
        task_id="report",
        bash_command=f"riskkit report {PACK} --period {MONTH} --out {REPORTS}/{MONTH} --fail-on never",
        execution_timeout=timedelta(hours=4),
    )
    verify = BashOperator(
        task_id="verify",
        bash_command=f"riskkit verify {REPORTS}/{MONTH} --pack {PACK}",
    )
    deliver = BashOperator(
        task_id="deliver",
        bash_command=f"riskkit deliver {REPORTS}/{MONTH} --folder /srv/leadership",
    )
    report >> verify >> deliver
